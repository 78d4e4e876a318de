//! What the disks of a run hold, by its own evidence: for tests that ask for more, or for something else, than
//! the judge does.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::Kv;
use checker::note::{Node, Version};
use checker::{History, Note};

/// What the disks held at one moment.
#[derive(Clone, Debug, Default)]
pub struct Disks {
    /// Who should hold each key.
    pub owners: BTreeMap<String, Vec<Node>>,
    /// What each node holds of a key as its own.
    pub data: BTreeMap<(Node, String), BTreeSet<Version>>,
    /// What a holder keeps for an owner, in this order.
    pub hints: BTreeMap<(Node, Node, String), BTreeSet<Version>>,
}

impl Disks {
    /// The disks when the faults had ended, and when the store had had its time.
    pub fn moments(history: &History<Kv>) -> (Disks, Disks) {
        let (mut now, mut healed) = (Disks::default(), Disks::default());
        for (_, note) in history.notes() {
            match note.clone() {
                Note::Owners { key, nodes } => {
                    now.owners.insert(key, nodes);
                }
                Note::Durable {
                    node,
                    key,
                    versions,
                } => {
                    now.data.insert((node, key), versions.into_iter().collect());
                }
                Note::Hint {
                    holder,
                    owner,
                    key,
                    versions,
                } => {
                    let kept = versions.into_iter().collect();
                    now.hints.insert((holder, owner, key), kept);
                }
                Note::HintDropped { holder, owner, key } => {
                    now.hints.remove(&(holder, owner, key));
                }
                Note::Healed => healed = now.clone(),
                Note::Quiet => return (healed, now),
                _ => {}
            }
        }
        panic!("every run comes to its quiet end")
    }

    /// What a node holds of a key.
    pub fn of(&self, node: Node, key: &str) -> BTreeSet<Version> {
        let held = self.data.get(&(node, key.to_owned()));
        held.cloned().unwrap_or_default()
    }

    /// Keys whose owners hold different versions.
    pub fn apart(&self) -> BTreeSet<&str> {
        let differ = |(key, owners): &(&String, &Vec<Node>)| {
            let held: BTreeSet<_> = owners.iter().map(|owner| self.of(*owner, key)).collect();
            held.len() > 1
        };
        let apart = self.owners.iter().filter(differ);
        apart.map(|(key, _)| key.as_str()).collect()
    }

    /// Keys that somebody holds who is no owner.
    pub fn strays(&self) -> BTreeSet<&str> {
        let held = self.data.iter().filter(|(_, held)| !held.is_empty());
        let stray = held.filter(|((node, key), _)| {
            let owners = self.owners.get(key);
            !owners.is_some_and(|owners| owners.contains(node))
        });
        stray.map(|((_, key), _)| key.as_str()).collect()
    }

    /// What hints keep for an owner that neither has it nor has seen it replaced.
    pub fn missed(&self) -> BTreeSet<(Node, &str, &Version)> {
        let hints = self.hints.iter();
        let kept = hints.flat_map(|((_, owner, key), kept)| {
            let held = self.of(*owner, key);
            let lacks = kept.iter().filter(move |version| !knows(&held, version));
            lacks.map(move |version| (*owner, key.as_str(), version))
        });
        kept.collect()
    }
}

/// Whether a version is among those held, or one of them has seen it.
pub fn knows(held: &BTreeSet<Version>, version: &Version) -> bool {
    let dot = version.clock.as_ref().map(|clock| &clock.dot);
    held.iter().any(|other| {
        let clock = other.clock.as_ref();
        let seen = clock.zip(dot).is_some_and(|(clock, dot)| clock.saw(dot));
        other == version || seen
    })
}
