//! One node's disk: what is durable, and the stores that are not yet.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use checker::note::{Node, Note};

use super::digest::{Digest, Scribe};
use super::past::Lane;
use crate::replica::{Disk, Reader};
use crate::sim::evidence::{Slot, entered, left};

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
        let was = was.as_ref().and_then(Slot::of);
        let is = value.and_then(|value| reader(record, value));
        let same = |was: &Slot| is.as_ref().is_some_and(|is| was.is_of(is));
        let gone = was
            .filter(|was| !same(was))
            .map(|was| left(Node(node), was));
        let notes = gone
            .into_iter()
            .chain(is.and_then(|is| entered(Node(node), is)));
        let identity = scribe.digest(&(node, record, value));
        out.extend(notes.map(|note| noted(node, note, identity)));
        let records = Arc::make_mut(&mut self.records);
        match value {
            Some(value) => records.insert(record.to_vec(), value.clone()),
            None => records.remove(record),
        };
    }
}

/// In which lane a note about the disk of this node goes.
fn noted(node: u32, note: Note, identity: Digest) -> Noted {
    let lane = match &note {
        Note::Durable { versions, .. } if versions.is_empty() => Lane::Gone(node),
        Note::Durable { .. } => Lane::Disk(node),
        _ => Lane::Hints,
    };
    (lane, note, identity)
}
