//! What the disks of a cluster hold, as its administrator is told.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use checker::note::{Clock, Node, Note, Version};
use serde::Deserialize;

use crate::subject::text;

/// A piece of what one disk holds.
#[derive(Deserialize)]
pub(super) struct Piece {
    records: Vec<Record>,
    /// Where the next piece begins.
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    key: String,
    owner: Option<u32>,
    versions: Vec<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    value: Option<String>,
    dot: Event,
    past: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    actor: String,
    counter: u64,
}

/// What all disks hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Disks {
    /// By key and node.
    data: BTreeMap<(String, u32), Vec<Version>>,
    /// By key, holder and owner.
    hints: BTreeMap<(String, u32, u32), Vec<Version>>,
}

impl Disks {
    /// Adds a piece of what a node holds; `None` if it makes no sense.
    pub(super) fn add(&mut self, node: u32, piece: Piece, clocks: bool) -> Option<()> {
        for record in piece.records {
            let key = decoded(&record.key)?;
            let versions = record.versions.into_iter();
            let versions = versions.map(|shown| version(shown, clocks));
            let versions = versions.collect::<Option<_>>()?;
            match record.owner {
                None => self.data.insert((key, node), versions),
                Some(owner) => self.hints.insert((key, node, owner), versions),
            };
        }
        Some(())
    }

    /// What is new since an earlier look. Of a key that is on no disk, every node is told to hold nothing.
    pub(super) fn notes(&self, before: &Disks, keys: &[String], nodes: u32) -> Vec<Note> {
        let held = |node, key: &str, versions: &[Version]| Note::Durable {
            node: Node(node),
            key: key.to_owned(),
            versions: versions.to_vec(),
        };
        let mut notes = Vec::new();
        for ((key, node), versions) in &self.data {
            if before.data.get(&(key.clone(), *node)) != Some(versions) {
                notes.push(held(*node, key, versions));
            }
        }
        let on_none = |key: &&String| !self.data.keys().any(|(held, _)| held == *key);
        let of_none = keys.iter().filter(on_none);
        let mut gone: Vec<(&str, u32)> = of_none
            .flat_map(|key| (0..nodes).map(move |node| (key.as_str(), node)))
            .collect();
        let left = before.data.keys();
        let left = left.filter(|known| !self.data.contains_key(*known));
        gone.extend(left.map(|(key, node)| (key.as_str(), *node)));
        gone.sort_unstable();
        gone.dedup();
        notes.extend(gone.into_iter().map(|(key, node)| held(node, key, &[])));
        for ((key, holder, owner), versions) in &self.hints {
            if before.hints.get(&(key.clone(), *holder, *owner)) != Some(versions) {
                notes.push(Note::Hint {
                    holder: Node(*holder),
                    owner: Node(*owner),
                    key: key.clone(),
                    versions: versions.clone(),
                });
            }
        }
        let dropped = before.hints.keys();
        let dropped = dropped.filter(|known| !self.hints.contains_key(*known));
        notes.extend(dropped.map(|(key, holder, owner)| Note::HintDropped {
            holder: Node(*holder),
            owner: Node(*owner),
            key: key.clone(),
        }));
        notes
    }
}

fn version(shown: Shown, clocks: bool) -> Option<Version> {
    let value = shown.value.map(|value| decoded(&value).ok_or(()));
    let event = |event: Event| (event.actor, event.counter);
    Some(Version {
        value: value.transpose().ok()?,
        clock: clocks.then(|| Clock {
            dot: event(shown.dot),
            past: shown.past.into_iter().map(event).collect(),
        }),
    })
}

fn decoded(bytes: &str) -> Option<String> {
    Some(text(&STANDARD.decode(bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disks(clocks: bool, nodes: &[(u32, &str)]) -> Option<Disks> {
        let mut disks = Disks::default();
        for (node, records) in nodes {
            let piece = format!("{{\"records\":[{records}],\"garbled\":0,\"next\":null}}");
            let piece = serde_json::from_str(&piece).expect("it is what a node answers");
            disks.add(*node, piece, clocks)?;
        }
        Some(disks)
    }

    /// Of the key `a`, the value `1`.
    const DATA: &str = r#"{"key":"YQ==","versions":[{"value":"MQ==","time":0,
        "dot":{"actor":"n0","counter":3},"past":[{"actor":"n1","counter":2}]}]}"#;
    /// Of the key `a`, a tombstone for n2.
    const HINT: &str = r#"{"key":"YQ==","owner":2,"versions":[{"value":null,"time":0,
        "dot":{"actor":"n1","counter":3},"past":[]}]}"#;

    fn told(disks: &Disks, before: &Disks) -> Vec<String> {
        let contents = |versions: &[Version]| {
            let values = versions.iter().map(|version| version.value.as_deref());
            values.map(|value| value.unwrap_or("!")).collect::<String>()
        };
        let keys = ["a".to_owned()];
        let notes = disks.notes(before, &keys, 2).into_iter();
        let told = notes.map(|note| match note {
            Note::Durable { node, versions, .. } => format!("{node} {}", contents(&versions)),
            Note::Hint {
                holder,
                owner,
                versions,
                ..
            } => format!("{holder} for {owner} {}", contents(&versions)),
            Note::HintDropped { holder, owner, .. } => format!("{holder} not for {owner}"),
            other => panic!("nothing else is noted: {other:?}"),
        });
        told.collect()
    }

    #[test]
    fn the_first_look_tells_all_and_the_next_what_changed() {
        let nothing = Disks::default();
        let first = disks(true, &[(0, DATA), (1, HINT)]).expect("it makes sense");
        assert_eq!(told(&first, &nothing), ["n0 1", "n1 for n2 !"]);
        assert!(told(&first, &first).is_empty());
        let second = disks(true, &[(1, DATA)]).expect("it makes sense");
        assert_eq!(told(&second, &first), ["n1 1", "n0 ", "n1 not for n2"]);
        assert_eq!(told(&nothing, &nothing), ["n0 ", "n1 "]);
    }

    #[test]
    fn clocks_are_told_only_where_they_are_exact() {
        for clocks in [false, true] {
            let disks = disks(clocks, &[(0, DATA)]).expect("it makes sense");
            let clock = disks.data[&("a".to_owned(), 0)][0].clock.clone();
            let exact = Clock {
                dot: ("n0".into(), 3),
                past: vec![("n1".into(), 2)],
            };
            assert_eq!(clock, clocks.then_some(exact));
        }
    }

    #[test]
    fn what_is_no_base64_makes_no_sense() {
        for broken in [DATA.replace("YQ==", "?"), DATA.replace("MQ==", "?")] {
            assert_eq!(disks(true, &[(0, &broken)]), None, "{broken}");
        }
    }
}
