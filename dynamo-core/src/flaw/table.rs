//! The sins themselves, by family.
//!
//! A number is that of the defect in the list of known bugs of Dynamo-like stores; the rest of a source
//! says where the defect was. A source that only names a section of the paper is a plausible slip of
//! whoever builds that section.

use super::{Family, flaws};

flaws! {
    Clocks {
        /// A restarted node begins its event sequence again at 1, so dots name two versions.
        ForgetSequence "forget-sequence" "3: Riak KV 679";
        /// Read repair makes new events for what it repairs instead of a pure join.
        MintOnRepair "mint-on-repair" "21: Riak KV pull requests 93 and 95";
        /// A put with an old context also replaces the coordinator's own newer versions, as plain
        /// per-server clocks do.
        DominateSameContext "dominate-same-context" "2: dotted version vectors, README \"Server IDs\"";
        /// A put whose context covers one sibling replaces all siblings that the coordinator holds, the
        /// unseen ones too.
        CoverWholeContext "cover-whole-context" "16: Riak KV pull request 746";
        /// A stand-in makes events under the actor of an owner, so that contexts cover events of it that
        /// no reader has met.
        StandInAsOwner "stand-in-as-owner" "6: Riak KV 679, fallback flavour";
        /// A put counts on from the events that its context names, not from those that the node made.
        CountFromContext "count-from-context" "11: dotted version vectors, README \"Client IDs\"";
        /// A put that comes while the disk is busy is not counted, so the next one is the same event.
        CountIdleOnly "count-idle-only" "3: Riak KV 679, the count lags behind";
        /// A node whose disk was lost goes on under its old name and counts anew.
        KeepNameAfterWipe "keep-name-after-wipe" "3: Riak KV 679, the copy of a coordinator is lost";
        /// A get returns all values and the context of the first of them.
        ContextOfFirst "context-of-first" "1: sibling explosion, Riak KV pull request 746";
        /// A get returns a context that also covers what only its coordinator holds.
        ContextAheadOfValues "context-ahead-of-values" "16: Riak KV pull request 746, at the get";
        /// A context is believed without its seal, so one that was garbled or made up may cover events that
        /// are still to come.
        BelieveForgedContext "believe-forged-context" "§4.1 of the paper, the validity of a context";
        /// Of versions that do not replace one another, a replica keeps one.
        KeepOneSibling "keep-one-sibling" "44: Riak KV 1707";
        /// A merge keeps a version and forgets what it has replaced.
        ForgetPastOnMerge "forget-past-on-merge" "19: Voldemort ff128a8ad";
        /// Clocks are compared entry by entry, as if both named the same actors.
        CompareByPosition "compare-by-position" "17: Voldemort 8fd7ea6a1";
    }
    Pruning {
        /// A put forgets all but two entries of what it has replaced.
        PruneAtPut "prune-at-put" "28: §4.4 of the paper, with too low a limit";
        /// A get hands out a context of two entries at most.
        PruneContext "prune-context" "12: dotted version vectors, README";
        /// A replica prunes what it is sent, the sender does not.
        PruneAtReplica "prune-at-replica" "26: Riak KV 1864";
        /// Read repair sends pruned copies.
        PruneOnRepair "prune-on-repair" "24: Riak KV pull request 26";
        /// Anti-entropy sends pruned copies.
        PruneOnSync "prune-on-sync" "26: Riak KV pull request 1866";
        /// A hint is delivered as a pruned copy.
        PruneOnHandoff "prune-on-handoff" "26: Riak KV 1864, on the way of hints";
        /// A delete forgets all but the newest entry of what it deletes.
        PruneTombstone "prune-tombstone" "28: §4.4 of the paper, at a delete";
    }
    Quorums {
        /// An acknowledgement that comes twice counts as two nodes.
        CountTwice "count-twice" "37: Riak KV pull request 1663 (`node_confirms`)";
        /// A put that was handed to an owner who is silent is coordinated here as well.
        CoordinateTwice "coordinate-twice" "30: Riak KV pull request 627";
        /// A coordinator obeys a forward again when it comes again.
        ObeyAgain "obey-again" "29: Riak KV 1046";
        /// A put is acknowledged with one copy less than W.
        QuorumOffByOne "quorum-off-by-one" "36: CASSANDRA-1487";
        /// A copy that the coordinator keeps as a hint counts as a copy on another node.
        CountOwnHint "count-own-hint" "34: Riak KV 388";
        /// Read repair overwrites what the replica holds by now.
        RepairOverwrites "repair-overwrites" "43: Riak KV 0deda897, repairs that are no merge";
        /// A replica overwrites what it holds with what a put brings.
        ReplicateOverwrites "replicate-overwrites" "13: Riak KV pull request 814";
        /// A put that is handed to an owner loses its context on the way.
        ForwardWithoutContext "forward-without-context" "29: Riak KV 1046, options of a forwarded put";
        /// A client is told that its put is stored as soon as that is handed to an owner.
        AnswerOnForward "answer-on-forward" "33: Riak KV 300 and 912";
        /// A put that found too few replicas in time is acknowledged.
        AnswerOnTimeout "answer-on-timeout" "34: Riak KV pull request 485";
        /// An acknowledgement that was meant for an earlier life of the coordinator counts.
        AcceptOldLife "accept-old-life" "33: Riak KV 912, an answer in another state";
        /// A get answers with one replica less than R.
        ReadOffByOne "read-off-by-one" "36: CASSANDRA-1487, at the get";
        /// A replica that is silent counts as one that holds nothing.
        SilenceIsNotFound "silence-is-not-found" "42: Riak KV pull request 485";
        /// A get answers with what the first replica holds, though it waits for R.
        FirstAnswerOnly "first-answer-only" "38: CASSANDRA-2494";
    }
    Handoff {
        /// Hints on disk are not read back after a restart.
        ForgetHints "forget-hints" "53: Riak Core 154";
        /// The hint table is keyed without the owner, so hints of one key for two owners overwrite each
        /// other.
        HintKeyWithoutOwner "hint-key-without-owner" "56: Voldemort 5d0e8fbcb";
        /// A hint is deleted when it is sent, not when its owner acknowledges it.
        DropHintOnSend "drop-hint-on-send" "55 in reverse: Riak KV 847";
        /// A copy that an owner did not acknowledge in time is kept for nobody.
        NoHintForSilent "no-hint-for-silent" "60: CASSANDRA-2034";
        /// A hint stays after it was delivered, and is delivered for ever.
        KeepDeliveredHint "keep-delivered-hint" "62: CASSANDRA-3466";
        /// With one hint that its owner acknowledges, all hints for that owner go.
        DropAllOnAck "drop-all-on-ack" "63: CASSANDRA-1432 and 2928";
        /// A hint that has grown since it was sent goes with the acknowledgement of what was sent.
        DropGrownHint "drop-grown-hint" "68: ScyllaDB 4122";
        /// Hints go to the first other owner of the key, whomever they are for.
        HintToFirstOwner "hint-to-first-owner" "56: Voldemort 5d0e8fbcb, on delivery";
        /// An owner acknowledges a hint before its disk has it.
        AckHintEarly "ack-hint-early" "50: Riak KV 1356, at handoff";
        /// Hints for an owner that seems down are thrown away.
        DropHintsForDown "drop-hints-for-down" "69: ScyllaDB 19703";
        /// When an owner leaves, hints for it are not kept for who takes its place.
        HintsNotMoved "hints-not-moved" "66: ScyllaDB 20558";
        /// A delivered hint overwrites what its owner holds by now.
        HintOverwrites "hint-overwrites" "55: Riak KV 847";
        /// A hint whose delivery failed is not sent again before a restart.
        HintOnlyOnce "hint-only-once" "55: Riak KV 847";
        /// Hints are kept in memory only.
        HintsInMemory "hints-in-memory" "64: CASSANDRA-12728";
    }
    Deletes {
        /// Tombstones are forgotten after a fifth of a second, though they are to stay.
        ReapTooSoon "reap-too-soon" "75: Riak KV pull request 226 (`delete_mode`)";
        /// A delete does not say what it deletes.
        DeleteWithoutPast "delete-without-past" "4: Riak KV 679, tombstones";
        /// A delete also removes siblings that its client has not seen.
        DeleteUnseen "delete-unseen" "16: Riak KV pull request 746, at a delete";
        /// A tombstone replaces every concurrent value.
        TombstoneWins "tombstone-wins" "75: Riak KV pull request 226";
        /// A restarted node does not read tombstones back.
        ForgetTombstones "forget-tombstones" "82: Riak 2.0 release notes (Bitcask)";
        /// A put over a tombstone does not say that it replaces it.
        RecreateWithoutPast "recreate-without-past" "4: Riak KV 679, a key that is created again";
        /// Deletes are not kept for owners that are away.
        NoHintForDelete "no-hint-for-delete" "58: Voldemort d7d7349de";
    }
    AntiEntropy {
        /// Anti-entropy finds one differing key in a range not worth repairing.
        SkipSmallDifferences "skip-small-differences" "90: CASSANDRA-924";
        /// A Merkle leaf depends on the order in which siblings arrived at this node.
        HashArrivalOrder "hash-arrival-order" "84: Riak KV 1189";
        /// A Merkle leaf shows what the key held before its last change.
        HashOldState "hash-old-state" "83: Riak KV pull request 473";
        /// Tombstones are left out of Merkle trees.
        HashNoTombstones "hash-no-tombstones" "58: Voldemort d7d7349de, in the tree";
        /// A Merkle leaf counts versions and does not tell them apart.
        HashCountOnly "hash-count-only" "84: Riak KV 1189, hashed too little";
        /// What anti-entropy brings overwrites what the replica holds by now.
        SyncOverwrites "sync-overwrites" "43: Riak KV 0deda897, in anti-entropy";
        /// Only the first two owners of a range are ever compared.
        CompareFirstTwo "compare-first-two" "90: CASSANDRA-924, wrong neighbours";
        /// Merkle trees are empty after a restart.
        TreeNotReadBack "tree-not-read-back" "87: Yokozuna 248";
    }
    Placement {
        /// The preference list of the last range of the ring begins one node late.
        TailViolation "tail-violation" "93: Riak Core pull request 913";
        /// A node takes over a whole history that it hears instead of merging it.
        TakeRemoteHistory "take-remote-history" "94: Riak Core 855";
        /// A change of membership is not written to disk.
        ForgetChanges "forget-changes" "96: CASSANDRA-833";
        /// One key of each message that hands over a range is left out.
        SkipHandedKey "skip-handed-key" "74: Riak Core 1010";
        /// A new owner is sent nothing of what was there before it.
        NoHandover "no-handover" "96: CASSANDRA-902";
        /// What a node has ceased to own goes before anybody has it.
        DropBeforeHandover "drop-before-handover" "74: Riak Core 1010, source deleted";
        /// A put under way counts copies on nodes that have ceased to own the key.
        CountFormerOwners "count-former-owners" "97: Garage under layout changes";
    }
    Durability {
        /// A node acknowledges before its disk has synced.
        AckBeforeSync "ack-before-sync" "50: Riak KV 1356, and the write buffer of the paper's §6.1";
        /// Replicas acknowledge before their disks have synced; coordinators do not.
        ReplicaAckEarly "replica-ack-early" "50: Riak KV 1356";
        /// A put that is known already is acknowledged, though the disk has not synced it yet.
        AckKnownEarly "ack-known-early" "50: §6.1 of the paper";
        /// A sync counts for what was written after it began.
        SyncCoversLater "sync-covers-later" "50: group commit, §6.1 of the paper";
        /// Gets return what the disk has not synced yet.
        ReadUnsynced "read-unsynced" "50: §6.1 of the paper";
        /// A coordinator sends a put on, and counts its own copy, before its disk has it.
        CoordinateEarly "coordinate-early" "50: Riak KV 1356, at the coordinator";
        /// A node whose disk has damaged records goes on under its old name, with what events it can find.
        TrustDamagedDisk "trust-damaged-disk" "13: Riak KV pull request 814, after a restore";
    }
}
