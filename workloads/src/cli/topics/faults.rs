//! The kinds of faults, one sentence each.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::fault::{Fate, Fault, Scope};

/// One of each kind. What the compiler does not see, that a kind is missing here, a test sees.
fn samples() -> Vec<Fault> {
    let (node, percent) = (0, 10);
    vec![
        Fault::Cut {
            side: BTreeSet::new(),
        },
        Fault::CutOneWay {
            side: BTreeSet::new(),
        },
        Fault::CutLinks {
            links: BTreeSet::new(),
        },
        Fault::Crash { node },
        Fault::Pause { node },
        Fault::Slow { node, by: 1_000 },
        Fault::Clock {
            node,
            ahead: 0,
            drift: 0,
        },
        Fault::Stall { node },
        Fault::Scramble { node },
        Fault::Wipe { node },
        Fault::Rot { node, percent },
        Fault::Misdirect { node, percent },
        Fault::Restore { node },
        Fault::Depart { node },
        Fault::Lose { percent },
        Fault::Delay { by: 1_000 },
        Fault::Reorder { within: 1_000 },
        Fault::Repeat { percent },
        Fault::Clog,
        Fault::Narrow {
            gap: 1_000,
            room: 1,
        },
        Fault::Rank {
            ranks: 2,
            step: 1_000,
        },
        Fault::Aimed {
            at: Scope::default(),
            fault: Box::new(Fault::Clog),
        },
        Fault::Deliver {
            message: 0,
            fate: Fate::Lost,
            what: String::new(),
        },
    ]
}

/// What such a fault does. A kind without a sentence does not compile.
fn meaning(fault: &Fault) -> &'static str {
    match fault {
        Fault::Cut { .. } => "no message passes between some nodes and all others",
        Fault::CutOneWay { .. } => "some nodes are not heard by the others, but hear them",
        Fault::CutLinks { .. } => {
            "no message passes on some links, in one direction each: rings, bridges"
        }
        Fault::Crash { .. } => "a node loses its memory and what was not synced, and returns",
        Fault::Pause { .. } => "a node does nothing; what reaches it waits",
        Fault::Slow { .. } => "what reaches a node takes longer, one after the other",
        Fault::Clock { .. } => "a node's clock is wrong, and runs too fast or too slowly",
        Fault::Stall { .. } => "nothing that a node stores becomes durable",
        Fault::Scramble { .. } => {
            "of what was not synced a crash keeps any part, the last record torn"
        }
        Fault::Wipe { .. } => "a node loses memory and disk, and returns with an empty one",
        Fault::Rot { .. } => "a node returns on a disk of which some records are garbled",
        Fault::Misdirect { .. } => "a node returns on a disk where some writes hit another record",
        Fault::Restore { .. } => "a node returns on an old copy of its disk",
        Fault::Depart { .. } => "a node is no member of the cluster, and joins again",
        Fault::Lose { .. } => "messages are lost",
        Fault::Delay { .. } => "messages take longer",
        Fault::Reorder { .. } => "messages take longer by chance, so that later ones overtake",
        Fault::Repeat { .. } => "messages arrive twice",
        Fault::Clog => "no message sets out before the end of the fault",
        Fault::Narrow { .. } => "a link carries few messages; some wait, the rest is lost",
        Fault::Rank { .. } => "messages of high rank overtake all those of low rank",
        Fault::Aimed { .. } => {
            "one of these, but of some senders, receivers or kinds of messages only"
        }
        Fault::Deliver { .. } => "one single message is lost, late, or arrives twice",
    }
}

/// The word of reports; an aimed fault is counted as what it aims.
fn word(fault: &Fault) -> &'static str {
    match fault {
        Fault::Aimed { .. } => "aimed",
        other => other.kind(),
    }
}

pub(super) fn text() -> String {
    let mut out = String::from(
        "Faults of a simulated cluster. Each is a window of time with an end: afterwards the store must mend \
         itself.\n\n",
    );
    for fault in samples() {
        let _ = writeln!(out, "  {:<12} {}", word(&fault), meaning(&fault));
    }
    out.push_str(
        "\nWhich of them strike, where and when, follows from the seed. A hunt counts them in its line `exercised`;\n\
         in a bundle they are made fewer until each that is left is needed. dyno explain BUNDLE says what for.\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_can_be_read_is_told() {
        // Who reads a fault of no kind is told all kinds.
        let wrong = serde_json::from_str::<Fault>("{\"no-such-kind\":{}}")
            .expect_err("there is no such kind");
        let wrong = wrong.to_string();
        let (_, known) = wrong.split_once("expected one of ").expect("it lists them");
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let told = samples();
        let told: Vec<&str> = told.iter().map(word).collect();
        assert_eq!(known, told);
    }
}
