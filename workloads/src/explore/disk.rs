//! One node's disk: what is durable, and the stores that are not yet.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use checker::note::{Node, Note};

use super::digest::{Digest, Scribe};
use super::past::Lane;
use crate::replica::{Disk, Holding, Reader};

/// Records and their new values, as a node issued them together.
pub(super) type Writes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Durable records and a tail of stores that are not. Clones share the records.
#[derive(Clone, Debug, Default)]
pub(super) struct Platter {
    records: Arc<Disk>,
    tail: VecDeque<(u64, Arc<Writes>)>,
}

impl Hash for Platter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&*self.records, &self.tail).hash(state);
    }
}

/// What an observer of the disk writes down, in which lane, and what tells it from others.
pub(super) type Noted = (Lane, Note, Digest);

impl Platter {
    pub(super) fn records(&self) -> &Disk {
        &self.records
    }

    /// How many stores are not durable yet.
    pub(super) fn pending(&self) -> usize {
        self.tail.len()
    }

    pub(super) fn store(&mut self, ticket: u64, writes: Writes) {
        self.tail.push_back((ticket, Arc::new(writes)));
    }

    /// The oldest store becomes durable; returns its ticket.
    pub(super) fn sync(
        &mut self,
        (node, reader): (u32, Reader),
        scribe: &mut Scribe,
        out: &mut Vec<Noted>,
    ) -> Option<u64> {
        let (ticket, writes) = self.tail.pop_front()?;
        for (record, value) in &*writes {
            self.write((node, reader), record, value.as_ref(), scribe, out);
        }
        Some(ticket)
    }

    /// All that is not durable is lost.
    pub(super) fn lose(&mut self) {
        self.tail.clear();
    }

    fn write(
        &mut self,
        (node, reader): (u32, Reader),
        record: &[u8],
        value: Option<&Vec<u8>>,
        scribe: &mut Scribe,
        out: &mut Vec<Noted>,
    ) {
        let before = self.records.get(record);
        if before == value {
            return;
        }
        let was = before.and_then(|before| reader(record, before));
        let is = value.and_then(|value| reader(record, value));
        let identity = scribe.digest(&(node, record, value));
        if let Some(was) = was.filter(|was| !is.as_ref().is_some_and(|is| same_slot(was, is))) {
            out.extend(left(node, was).map(|(lane, note)| (lane, note, identity)));
        }
        if let Some(is) = is {
            out.extend(held(node, is).map(|(lane, note)| (lane, note, identity)));
        }
        let records = Arc::make_mut(&mut self.records);
        match value {
            Some(value) => records.insert(record.to_vec(), value.clone()),
            None => records.remove(record),
        };
    }
}

/// Whether two records are about the same, whatever versions they hold.
fn same_slot(one: &Holding, two: &Holding) -> bool {
    match (one, two) {
        (Holding::Data { key: one, .. }, Holding::Data { key: two, .. }) => one == two,
        (
            Holding::Hint {
                owner, key: one, ..
            },
            Holding::Hint {
                owner: other,
                key: two,
                ..
            },
        ) => owner == other && one == two,
        _ => false,
    }
}

/// What is noted when a record no longer is what it was.
fn left(node: u32, was: Holding) -> Option<(Lane, Note)> {
    let holder = Node(node);
    match was {
        Holding::Data { key, .. } => {
            let versions = Vec::new();
            let note = Note::Durable {
                node: holder,
                key,
                versions,
            };
            Some((Lane::Gone(node), note))
        }
        Holding::Hint { owner, key, .. } => {
            let owner = Node(owner);
            Some((Lane::Hints, Note::HintDropped { holder, owner, key }))
        }
        Holding::Change(_) => None,
    }
}

/// What is noted when a record has a new value.
fn held(node: u32, is: Holding) -> Option<(Lane, Note)> {
    match is {
        Holding::Data { key, versions } => {
            let node_ = Node(node);
            let note = Note::Durable {
                node: node_,
                key,
                versions,
            };
            Some((Lane::Disk(node), note))
        }
        Holding::Hint {
            owner,
            key,
            versions,
        } => {
            let note = Note::Hint {
                holder: Node(node),
                owner: Node(owner),
                key,
                versions,
            };
            Some((Lane::Hints, note))
        }
        Holding::Change(_) => None,
    }
}
