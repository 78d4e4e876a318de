//! What may go wrong during a run, as data.

mod told;

use std::collections::BTreeSet;

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

/// Nothing waits longer than this at a slow node, in microseconds.
pub(crate) const BACKLOG_US_MAX: u64 = 500_000;

/// A repeated message arrives again within this many microseconds.
pub(crate) const REPEAT_US_MAX: u64 = 20_000;

/// Some of the nodes, by number; numbers beyond the cluster wrap around.
pub type NodeSet = BTreeSet<u32>;

/// Which messages between nodes a fault is about: those for which all of this is so. What is left empty
/// says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// One of these sends it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub from: NodeSet,
    /// One of these is to receive it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub to: NodeSet,
    /// It is of one of these kinds, in the words of the store: see
    /// [`Replica::kind`](crate::replica::Replica::kind).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<String>,
}

impl Scope {
    /// Whether a message of this kind on this link is meant.
    pub fn holds(&self, from: u32, to: u32, kind: &str) -> bool {
        (self.from.is_empty() || self.from.contains(&from))
            && (self.to.is_empty() || self.to.contains(&to))
            && (self.kinds.is_empty() || self.kinds.contains(kind))
    }
}

/// A link in one direction: from whom, to whom.
pub type Link = (u32, u32);

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
    /// No message passes on these links: rings in which each node hears some others only, bridges between
    /// halves, two nodes that do not hear each other and a third that hears both.
    CutLinks {
        /// In one direction each.
        links: BTreeSet<Link>,
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
    /// What reaches the node takes it this much longer, one after the other: it waits for what came before,
    /// half a second at most.
    Slow {
        /// Which node.
        node: u32,
        /// Microseconds for each message, request or store that became durable.
        by: u64,
    },
    /// The node's clock is wrong: ahead by this much, or behind if it is negative, and faster by this rate.
    /// It is set right at the end. It never goes back: a clock that is to do so stands still until then.
    Clock {
        /// Which node.
        node: u32,
        /// Microseconds.
        ahead: i64,
        /// Microseconds gained in a second.
        drift: i64,
    },
    /// Nothing that the node stores becomes durable, as on a disk that hangs, or is full.
    Stall {
        /// Which node.
        node: u32,
    },
    /// If the node crashes, its disk keeps any of the stores that were not synced, not just the first ones,
    /// and of others only a part, the last record of it torn. More than a disk promises may do: see
    /// [`Replica`](crate::replica::Replica).
    Scramble {
        /// Which node.
        node: u32,
    },
    /// The node loses its memory and its disk, and returns at the end with an empty one.
    Wipe {
        /// Which node.
        node: u32,
    },
    /// When the window ends, the node loses its memory and returns at once, on a disk on which each record is
    /// garbled with this chance.
    Rot {
        /// Which node.
        node: u32,
        /// Chance in percent.
        percent: u32,
    },
    /// When the window ends, the node loses its memory and returns at once, on a disk on which each record that
    /// was written within the window has landed, with this chance, at the place of another one. Its own place is
    /// as it was when the window opened.
    Misdirect {
        /// Which node.
        node: u32,
        /// Chance in percent.
        percent: u32,
    },
    /// When the window ends, the node loses its memory and returns at once, on the disk that it had when the
    /// window opened: an old backup, or a disk that lied about what it had synced.
    Restore {
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
    /// No message sets out on these links before the end.
    Clog,
    /// Each link carries one message in this time. As many as there is room for wait; others are lost.
    Narrow {
        /// Microseconds.
        gap: u64,
        /// How many messages may wait on one link.
        room: u64,
    },
    /// Each link has a rank for each kind of message, by chance, and messages are late by as much as their
    /// rank demands: what is of high rank overtakes all that is of low rank (compare probabilistic
    /// concurrency testing, Burckhardt et al., ASPLOS 2010).
    Rank {
        /// How many ranks there are.
        ranks: u32,
        /// By how many microseconds a rank is later than the one before.
        step: u64,
    },
    /// A fault of messages that strikes only some of them.
    Aimed {
        /// Which ones.
        at: Scope,
        /// What strikes them; a fault that is not about single messages is what it would be without aim.
        fault: Box<Fault>,
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
        let all = |side: &NodeSet| side.iter().map(|node| node % nodes).collect();
        match self {
            Fault::Cut { side } | Fault::CutOneWay { side } => *side = all(side),
            Fault::CutLinks { links } => {
                let wrapped = links.iter().map(|(from, to)| (from % nodes, to % nodes));
                *links = wrapped.filter(|(from, to)| from != to).collect();
            }
            Fault::Aimed { at, fault } => {
                (at.from, at.to) = (all(&at.from), all(&at.to));
                fault.wrap(nodes);
            }
            _ => {
                if let Some(node) = self.node_mut() {
                    *node %= nodes;
                }
            }
        }
    }

    /// The fault without aim.
    pub fn unaimed(&self) -> &Fault {
        match self {
            Fault::Aimed { fault, .. } => fault.unaimed(),
            other => other,
        }
    }

    /// The node that it strikes, if it strikes exactly one.
    pub fn node_mut(&mut self) -> Option<&mut u32> {
        match self {
            Fault::Crash { node }
            | Fault::Pause { node }
            | Fault::Slow { node, .. }
            | Fault::Clock { node, .. }
            | Fault::Stall { node }
            | Fault::Scramble { node }
            | Fault::Wipe { node }
            | Fault::Rot { node, .. }
            | Fault::Misdirect { node, .. }
            | Fault::Restore { node }
            | Fault::Depart { node } => Some(node),
            Fault::Aimed { fault, .. } => fault.node_mut(),
            _ => None,
        }
    }

    /// Whether it does to single messages what could be said of each of them by a [`Fault::Deliver`].
    pub fn strikes_messages(&self) -> bool {
        match self {
            Fault::Lose { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. }
            | Fault::Repeat { .. }
            | Fault::Clog
            | Fault::Narrow { .. }
            | Fault::Rank { .. } => true,
            Fault::Aimed { fault, .. } => fault.strikes_messages(),
            _ => false,
        }
    }

    /// How long after its window it may still be felt, in microseconds, if that was so long.
    pub(crate) fn lingers(&self, span: u64) -> u64 {
        match self {
            Fault::Delay { by } => *by,
            Fault::Reorder { within } => *within,
            Fault::Repeat { .. } => REPEAT_US_MAX,
            Fault::Deliver { fate, .. } => match fate {
                Fate::Late(by) | Fate::Twice(by) => *by,
                Fate::Lost => 0,
            },
            Fault::Slow { .. } => BACKLOG_US_MAX,
            // A clock that is set right stands still for as long as it was ahead.
            Fault::Clock { ahead, drift, .. } => {
                let gained = u128::from(span) * u128::from(drift.unsigned_abs()) / 1_000_000;
                let gained = u64::try_from(gained).unwrap_or(u64::MAX);
                ahead.unsigned_abs().saturating_add(gained)
            }
            Fault::Narrow { gap, room } => gap.saturating_mul(*room),
            Fault::Rank { ranks, step } => step.saturating_mul(u64::from(*ranks)),
            Fault::Aimed { fault, .. } => fault.lingers(span),
            _ => 0,
        }
    }

    /// The longest time of which it speaks, in microseconds.
    pub(crate) fn longest(&self) -> u64 {
        match self {
            Fault::Slow { by, .. } => *by,
            Fault::Aimed { fault, .. } => fault.longest(),
            other => other.lingers(1_000_000),
        }
    }

    /// Whether a disk may lose what it had synced. A torn record is lost with all that it held before.
    pub fn loses_disk(&self) -> bool {
        match self {
            Fault::Scramble { .. }
            | Fault::Wipe { .. }
            | Fault::Rot { .. }
            | Fault::Misdirect { .. }
            | Fault::Restore { .. } => true,
            Fault::Aimed { fault, .. } => fault.loses_disk(),
            _ => false,
        }
    }

    /// The kind in one word, for groups and counters.
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Cut { .. } => "cut",
            Fault::CutOneWay { .. } => "cut-one-way",
            Fault::CutLinks { .. } => "cut-links",
            Fault::Crash { .. } => "crash",
            Fault::Pause { .. } => "pause",
            Fault::Slow { .. } => "slow",
            Fault::Clock { .. } => "clock",
            Fault::Stall { .. } => "stall",
            Fault::Scramble { .. } => "scramble",
            Fault::Wipe { .. } => "wipe",
            Fault::Rot { .. } => "rot",
            Fault::Misdirect { .. } => "misdirect",
            Fault::Restore { .. } => "restore",
            Fault::Depart { .. } => "depart",
            Fault::Lose { .. } => "lose",
            Fault::Delay { .. } => "delay",
            Fault::Reorder { .. } => "reorder",
            Fault::Repeat { .. } => "repeat",
            Fault::Clog => "clog",
            Fault::Narrow { .. } => "narrow",
            Fault::Rank { .. } => "rank",
            Fault::Aimed { fault, .. } => fault.kind(),
            Fault::Deliver { .. } => "deliver",
        }
    }
}
