//! What has happened on the way to a state: the history for the judges, and as much of it as they can
//! tell apart.

use std::sync::Arc;

use checker::kv::{Kv, KvCall, KvRet};
use checker::note::Note;
use checker::{Entry, OpId, Outcome, Process, Time};

use super::digest::{Digest, Scribe};

/// How much of the past keeps two states apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Apart {
    /// What judges can tell apart: calls, answers and evidence in the orders that matter to them.
    #[default]
    Judged,
    /// The order of everything that was recorded.
    Order,
    /// Nothing is ever merged.
    Everything,
}

/// The history up to a state.
///
/// Clones share what they have in common. What keeps two pasts apart are digests of lanes, each the
/// order of what was recorded in it:
///
/// - calls and answers, in one order for all clients;
/// - what happened to each node's disk: its own copies, deliveries to the node, crashes;
/// - hints on all disks.
///
/// Things in different lanes are ordered only where a judge looks at that order. A record of a hint
/// notes where all disks stand: whether an owner had a version before its hint went is judged. An
/// acknowledged write notes where all disks and hints stand: its copies are counted then. So does the
/// call of a delete, because any tombstone seen later may be its own; the call of a put notes hints,
/// because what is kept of a write counts from its call on. A disk that ceases to hold a key notes
/// everything. No judge asks which of two disks was written first; calls of gets and their answers are
/// held against calls only.
#[derive(Clone, Debug)]
pub(super) struct Past {
    last: Option<Arc<Link>>,
    count: u64,
    calls: Digest,
    disks: Vec<Digest>,
    hints: Digest,
    order: Digest,
}

#[derive(Debug)]
struct Link {
    entry: Entry<Kv>,
    before: Option<Arc<Link>>,
}

/// Where something that was noted belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// The disk of a node.
    Disk(u32),
    /// The disk of a node, which lets go of a key.
    Gone(u32),
    /// Hints.
    Hints,
    /// Everything: what is noted when nothing more will be explored.
    All,
}

impl Past {
    pub(super) fn new(nodes: u32) -> Self {
        Past {
            last: None,
            count: 0,
            calls: 0,
            disks: vec![0; nodes as usize],
            hints: 0,
            order: 0,
        }
    }

    /// The time of the next entry, no earlier than now: no two entries share one, so that none count as
    /// concurrent that came one after the other.
    fn next(&self, now: Time) -> Time {
        let last = self.last.as_ref().map_or(0, |link| link.entry.at().0 + 1);
        Time(now.0.max(last))
    }

    fn push(&mut self, entry: Entry<Kv>) {
        self.count += 1;
        let before = self.last.take();
        self.last = Some(Arc::new(Link { entry, before }));
    }

    /// A client calls.
    pub(super) fn call(
        &mut self,
        now: Time,
        (op, process): (OpId, Process),
        call: KvCall,
        scribe: &mut Scribe,
    ) {
        let identity = (0_u8, op.0, process.0);
        self.order = scribe.digest(&(self.order, identity));
        self.calls = match call {
            KvCall::Get { .. } => scribe.digest(&(self.calls, identity)),
            KvCall::Put { .. } => scribe.digest(&(self.calls, identity, self.hints)),
            KvCall::Delete { .. } => {
                scribe.digest(&(self.calls, identity, self.hints, &self.disks))
            }
        };
        let at = self.next(now);
        self.push(Entry::Invoke {
            op,
            at,
            process,
            call,
        });
    }

    /// A call ends. `identity` tells answers apart.
    pub(super) fn end(
        &mut self,
        now: Time,
        op: OpId,
        outcome: Outcome<KvRet>,
        identity: Digest,
        scribe: &mut Scribe,
    ) {
        let identity = (1_u8, op.0, identity);
        self.order = scribe.digest(&(self.order, identity));
        self.calls = if outcome == Outcome::Ok(KvRet::Stored) {
            scribe.digest(&(self.calls, identity, self.hints, &self.disks))
        } else {
            scribe.digest(&(self.calls, identity))
        };
        let at = self.next(now);
        self.push(Entry::Return { op, at, outcome });
    }

    /// Something else is noted. `identity` tells equal notes of one lane from others.
    pub(super) fn note(
        &mut self,
        now: Time,
        lane: Lane,
        note: Note,
        identity: Digest,
        scribe: &mut Scribe,
    ) {
        let said = (2_u8, lane, identity);
        self.order = scribe.digest(&(self.order, said));
        match lane {
            Lane::Disk(node) => {
                let disk = &mut self.disks[node as usize];
                *disk = scribe.digest(&(*disk, said));
            }
            Lane::Gone(node) => {
                let all = scribe.digest(&(said, &self.disks, self.hints, self.calls));
                self.disks[node as usize] = all;
            }
            Lane::Hints => self.hints = scribe.digest(&(self.hints, said, &self.disks)),
            Lane::All => {}
        }
        let at = self.next(now);
        self.push(Entry::Note { at, note });
    }

    /// What keeps this past apart from others.
    pub(super) fn digest(&self, apart: Apart, scribe: &mut Scribe) -> Digest {
        match apart {
            Apart::Judged => scribe.digest(&(self.calls, &self.disks, self.hints)),
            Apart::Order | Apart::Everything => self.order,
        }
    }

    /// Everything that was recorded, in order.
    pub(super) fn entries(&self) -> Vec<Entry<Kv>> {
        let mut entries = Vec::with_capacity(self.count as usize);
        let mut link = self.last.as_ref();
        while let Some(at) = link {
            entries.push(at.entry.clone());
            link = at.before.as_ref();
        }
        entries.reverse();
        entries
    }
}
