//! Where each flaw is hunted, and by which words an explanation names it.

use dynamo_core::{Family, Flaw};

use crate::matrix::Row;
use crate::preset::Preset;

/// What is known of a flaw beforehand. The hunt does not look at it, but for the preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The campaign that exposes it: the one that healthy stores pass, with this flaw.
    pub preset: Preset,
    /// Words of decisions that name the sin: one of them is said of the decision that is blamed. None where no
    /// decision names it yet.
    pub words: &'static [&'static str],
}

/// What is known of a flaw beforehand.
pub fn expected(flaw: Flaw) -> Expected {
    let preset = match flaw {
        // Who reads from too few replicas loses nothing; only promises of reads notice.
        Flaw::ReadOffByOne | Flaw::SilenceIsNotFound | Flaw::FirstAnswerOnly => {
            Preset::Row(Row::S2)
        }
        // Who merges what a get returns loses what it did not.
        Flaw::ContextAheadOfValues | Flaw::KeepOneSibling => Preset::Objects,
        _ => Preset::Dynamo,
    };
    Expected {
        preset,
        words: match flaw.family() {
            Family::Handoff => words_of_hints(flaw),
            _ => words(flaw),
        },
    }
}

const ONE_EVENT: &str = "share one event";
const TWO_EVENTS: &str = "became two events";
const REPLACED: &str = "nothing of that had seen";
const FALSE_ORDER: &str = "order two writes that are concurrent";
const PAST_GONE: &str = "is gone";
const FALSE_CONFLICT: &str = "say two writes are concurrent";
const TOO_FEW: &str = "too few copies";
const HINT_GONE: &str = "hint was dropped before it arrived";
const NOT_BROUGHT: &str = "nothing brought it";
const TREE: &str = "its tree does not show that";
const HANDED_OVER: &str = "let go before it was handed over";

fn words(flaw: Flaw) -> &'static [&'static str] {
    match flaw {
        Flaw::ForgetSequence
        | Flaw::CountFromContext
        | Flaw::CountIdleOnly
        | Flaw::KeepNameAfterWipe
        | Flaw::ReadUnsynced
        | Flaw::TrustDamagedDisk => &[ONE_EVENT],
        Flaw::MintOnRepair | Flaw::CoordinateTwice | Flaw::ObeyAgain => &[TWO_EVENTS],
        Flaw::DominateSameContext
        | Flaw::CoverWholeContext
        | Flaw::BelieveForgedContext
        | Flaw::KeepOneSibling
        | Flaw::CompareByPosition
        | Flaw::RepairOverwrites
        | Flaw::ReplicateOverwrites
        | Flaw::DeleteUnseen
        | Flaw::TombstoneWins
        | Flaw::SyncOverwrites => &[REPLACED],
        Flaw::StandInAsOwner | Flaw::ContextAheadOfValues => &[FALSE_ORDER, REPLACED],
        Flaw::ContextOfFirst
        | Flaw::ForgetPastOnMerge
        | Flaw::ForwardWithoutContext
        | Flaw::PruneAtPut
        | Flaw::PruneContext
        | Flaw::PruneAtReplica
        | Flaw::PruneOnRepair
        | Flaw::PruneOnSync
        | Flaw::PruneOnHandoff
        | Flaw::PruneTombstone
        | Flaw::DeleteWithoutPast
        | Flaw::RecreateWithoutPast => &[FALSE_CONFLICT, PAST_GONE],
        Flaw::CountTwice
        | Flaw::QuorumOffByOne
        | Flaw::CountOwnHint
        | Flaw::AnswerOnForward
        | Flaw::AnswerOnTimeout
        | Flaw::AcceptOldLife
        | Flaw::NoHintForDelete
        | Flaw::CountFormerOwners
        | Flaw::ReplicaAckEarly
        | Flaw::AckKnownEarly
        | Flaw::CoordinateEarly => &[TOO_FEW],
        // What was never synced is forgotten in a crash, so a node that answered too early mints again.
        Flaw::AckBeforeSync => &[TOO_FEW, ONE_EVENT],
        Flaw::SyncCoversLater => &[TOO_FEW, HINT_GONE],
        Flaw::SkipSmallDifferences
        | Flaw::CompareFirstTwo
        | Flaw::HashCountOnly
        | Flaw::HashNoTombstones
        | Flaw::NoHandover
        | Flaw::TailViolation => &[NOT_BROUGHT],
        Flaw::ReadOffByOne | Flaw::SilenceIsNotFound => &["on the word of"],
        Flaw::FirstAnswerOnly => &["whose answer it had heard"],
        Flaw::HashArrivalOrder => &["in different orders"],
        Flaw::HashOldState | Flaw::TreeNotReadBack => &[TREE],
        Flaw::ForgetTombstones => &[TREE, NOT_BROUGHT],
        Flaw::SkipHandedKey | Flaw::DropBeforeHandover | Flaw::ReapTooSoon => &[HANDED_OVER],
        _ => &[],
    }
}

fn words_of_hints(flaw: Flaw) -> &'static [&'static str] {
    match flaw {
        Flaw::ForgetHints => &["came back with its hint"],
        Flaw::HintKeyWithoutOwner
        | Flaw::DropHintOnSend
        | Flaw::DropAllOnAck
        | Flaw::DropGrownHint
        | Flaw::AckHintEarly
        | Flaw::DropHintsForDown => &[HINT_GONE],
        Flaw::HintOnlyOnce => &["went on to keep it until the end"],
        Flaw::KeepDeliveredHint => &["went on to keep"],
        Flaw::HintToFirstOwner => &["what it kept for"],
        Flaw::HintsNotMoved => &["ceased to own"],
        Flaw::HintOverwrites => &[REPLACED],
        Flaw::HintsInMemory => &[TOO_FEW],
        Flaw::NoHintForSilent => &[NOT_BROUGHT],
        _ => &[],
    }
}
