//! Where each flaw is hunted, and by which words an explanation names it.

use dynamo_core::Flaw;

use crate::preset::Preset;

/// What is known of a flaw beforehand. The hunt does not look at it, but for the preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The campaign that exposes it: the one that healthy stores pass, with this flaw.
    pub preset: Preset,
    /// Words of decisions that name the sin: one of them is in the sentence of the decision that is blamed.
    pub words: &'static [&'static str],
}

/// What is known of a flaw beforehand.
pub fn expected(flaw: Flaw) -> Expected {
    let words: &[&str] = match flaw {
        Flaw::ForgetSequence => &["Two writes share one event"],
        Flaw::MintOnRepair => &["One write became two events"],
        Flaw::DominateSameContext | Flaw::CoverWholeContext => &["nothing of that had seen"],
        // What was never synced is forgotten in a crash, so a node that answered too early mints again.
        Flaw::AckBeforeSync => &["had too few copies", "share one event"],
        Flaw::SkipSmallDifferences => &["nothing brought it"],
        Flaw::HashArrivalOrder => &["in different orders"],
        Flaw::ForgetHints => &["came back with its hint"],
        Flaw::HintKeyWithoutOwner | Flaw::DropHintOnSend => &["let go of"],
        Flaw::CountTwice => &["too few copies"],
        _ => &[],
    };
    Expected {
        preset: Preset::Dynamo,
        words,
    }
}
