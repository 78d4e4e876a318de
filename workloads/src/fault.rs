//! What may go wrong during a run, as data.

use std::collections::BTreeSet;
use std::fmt;

use checker::Time;
use serde::{Deserialize, Serialize};

/// The faults of one run. Saved with the plan, so that the run can be repeated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultSchedule(pub Vec<Window>);

impl FaultSchedule {
    /// When the last window closes. From here on the store must mend itself.
    pub fn quiet_from(&self) -> Time {
        self.0
            .iter()
            .map(|window| window.until)
            .max()
            .unwrap_or(Time(0))
    }
}

/// A fault and how long it lasts. The end is part of it: nothing stays broken by accident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its name, stable while the plan around it shrinks.
    pub id: u32,
    /// When it begins.
    pub from: Time,
    /// When it ends; a window that ends before it begins is empty.
    pub until: Time,
    /// What goes wrong.
    pub fault: Fault,
}

/// Some of the nodes, by number; numbers beyond the cluster wrap around.
pub type NodeSet = BTreeSet<u32>;

/// Something that goes wrong while its window is open. Overlapping windows add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Fault {
    /// No message passes between these nodes and all others, in either direction.
    Cut {
        /// One side; the rest of the cluster is the other.
        side: NodeSet,
    },
    /// No message passes from these nodes to the others; the way back is open.
    CutOneWay {
        /// The side that is not heard.
        side: NodeSet,
    },
    /// The node loses its memory and what its disk had not synced, and returns at the end.
    Crash {
        /// Which node.
        node: u32,
    },
    /// The node does nothing; what reaches it waits.
    Pause {
        /// Which node.
        node: u32,
    },
    /// The node is no member of the cluster: an administrator says so when the window opens, and has
    /// it join again at the end. Nobody leaves where fewer than N members would be left.
    Depart {
        /// Which node.
        node: u32,
    },
    /// Each message between nodes is lost with this chance.
    Lose {
        /// Chance in percent.
        percent: u32,
    },
    /// Each message between nodes takes this much longer.
    Delay {
        /// Microseconds.
        by: u64,
    },
    /// Each message between nodes takes up to this much longer, so that later ones overtake it.
    Reorder {
        /// Microseconds.
        within: u64,
    },
    /// Each message between nodes arrives a second time with this chance.
    Repeat {
        /// Chance in percent.
        percent: u32,
    },
    /// This one message meets this fate, whenever it is sent.
    Deliver {
        /// The message, by the identity that the simulator gives it (see `luck`).
        message: u64,
        /// What becomes of it.
        fate: Fate,
        /// What the message was when it was last seen, for readers: `replicate n0 → n1`.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        what: String,
    },
}

/// What becomes of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It never arrives.
    Lost,
    /// It arrives a second time, this many microseconds after the first.
    Twice(u64),
    /// It arrives this many microseconds late.
    Late(u64),
}

impl Fault {
    /// Calls each node by its number within a cluster of this many.
    pub(crate) fn wrap(&mut self, nodes: u32) {
        match self {
            Fault::Cut { side } | Fault::CutOneWay { side } => {
                *side = side.iter().map(|node| node % nodes).collect();
            }
            Fault::Crash { node } | Fault::Pause { node } | Fault::Depart { node } => {
                *node %= nodes;
            }
            Fault::Lose { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. }
            | Fault::Repeat { .. }
            | Fault::Deliver { .. } => {}
        }
    }

    /// The kind in one word, for groups and counters.
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Cut { .. } => "cut",
            Fault::CutOneWay { .. } => "cut-one-way",
            Fault::Crash { .. } => "crash",
            Fault::Pause { .. } => "pause",
            Fault::Depart { .. } => "depart",
            Fault::Lose { .. } => "lose",
            Fault::Delay { .. } => "delay",
            Fault::Reorder { .. } => "reorder",
            Fault::Repeat { .. } => "repeat",
            Fault::Deliver { .. } => "deliver",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |side: &NodeSet| {
            side.iter()
                .map(|node| format!("n{node}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let ms = |micros: u64| micros.div_ceil(1000);
        match self {
            Fault::Cut { side } => write!(f, "cut {{{}}} | rest", names(side)),
            Fault::CutOneWay { side } => write!(f, "cut {{{}}} → rest, one way", names(side)),
            Fault::Crash { node } => write!(f, "crash n{node}"),
            Fault::Pause { node } => write!(f, "pause n{node}"),
            Fault::Depart { node } => write!(f, "depart n{node}"),
            Fault::Lose { percent } => write!(f, "lose {percent} % of messages"),
            Fault::Delay { by } => write!(f, "delay messages by {} ms", ms(*by)),
            Fault::Reorder { within } => write!(f, "reorder messages within {} ms", ms(*within)),
            Fault::Repeat { percent } => write!(f, "repeat {percent} % of messages"),
            Fault::Deliver {
                message,
                fate,
                what,
            } => {
                let said = if what.is_empty() {
                    format!("{message:016x}")
                } else {
                    what.clone()
                };
                match fate {
                    Fate::Lost => write!(f, "lose one message, {said}"),
                    Fate::Twice(_) => write!(f, "repeat one message, {said}"),
                    Fate::Late(by) => {
                        write!(f, "delay one message by {} ms, {said}", ms(*by))
                    }
                }
            }
        }
    }
}
