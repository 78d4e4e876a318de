//! Operations by the state that they write or see.

use crate::domain::Domain;
use crate::history::Op;

/// The place of an operation in its part, or the number of a cluster, where there is none.
pub(super) const NONE: u32 = u32::MAX;

/// The writer of the state in which the object begins.
pub(super) const INITIAL: u32 = u32::MAX - 1;

/// The time of what never ends. Nothing is called later, so it precedes nothing.
const NEVER: u64 = u64::MAX;

/// One state of the object: the operation that leads to it and those that saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cluster {
    /// The place of the writer; [`NONE`] if nobody writes the state, [`INITIAL`] if it was there.
    pub(super) writer: u32,
    pub(super) called: u64,
    pub(super) returned: u64,
    /// The state that the writer replaced and needed to find; [`NONE`] for a writer that needs none.
    pub(super) from: u32,
    /// The state that replaced this one, of those that needed to find it.
    pub(super) to: u32,
    /// The number under which the state was first met.
    pub(super) same: u32,
    /// The first and the last reader, in the order of calls.
    pub(super) first: u32,
    last: u32,
    /// The earliest return and the latest call of a reader.
    pub(super) low: u64,
    pub(super) high: u64,
    /// Whether an operation that took effect shows that the state was there.
    observed: bool,
    /// Whether the outcome of the writer does not show that it led to this state.
    unknown: bool,
    /// Whether the state is written by more than one operation. The others have clusters of their own.
    again: bool,
}

const EMPTY: Cluster = Cluster {
    writer: NONE,
    called: 0,
    returned: NEVER,
    from: NONE,
    to: NONE,
    same: 0,
    first: NONE,
    last: NONE,
    low: NEVER,
    high: 0,
    observed: false,
    unknown: false,
    again: false,
};

impl Cluster {
    /// Whether the writer takes effect in every order, as far as is known before any order is tried.
    ///
    /// A write of unknown outcome that nobody observed may as well not have happened.
    pub(super) fn kept(&self) -> bool {
        self.writer != NONE && (self.observed || !self.unknown)
    }
}

/// For how many states there is room from the start.
const ROOM_MAX: usize = 1 << 8;

/// All states of one part. Number 0 is the one in which the object begins.
#[derive(Debug)]
pub(super) struct Clusters {
    pub(super) all: Vec<Cluster>,
    /// For each reader the next one of the same state.
    next: Vec<u32>,
    /// Whether some state that was observed is written more than once.
    pub(super) ambiguous: bool,
}

impl Clusters {
    /// The initial state alone, in a part of that many operations.
    pub(super) fn new(ops: usize) -> Self {
        let initial = Cluster {
            writer: INITIAL,
            ..EMPTY
        };
        let mut all = Vec::with_capacity(1 + ops.min(ROOM_MAX));
        all.push(initial);
        Clusters {
            all,
            next: vec![NONE; ops],
            ambiguous: false,
        }
    }

    /// A state that nobody writes yet.
    pub(super) fn add(&mut self) -> u32 {
        let number = self.all.len() as u32;
        self.all.push(Cluster {
            same: number,
            ..EMPTY
        });
        number
    }

    /// An operation that leads to a state, from the state `from` only if there is one. If it took effect
    /// it also shows that that state was there.
    pub(super) fn write<D: Domain>(
        &mut self,
        state: u32,
        place: u32,
        op: &Op<D>,
        from: Option<u32>,
    ) {
        let unknown = op.outcome.ok().is_none();
        if let (Some(from), false) = (from, unknown) {
            self.all[from as usize].observed = true;
            self.ambiguous |= self.all[from as usize].again;
        }
        let mut number = state;
        if self.all[state as usize].writer != NONE {
            self.all[state as usize].again = true;
            self.ambiguous |= self.all[state as usize].observed;
            number = self.add();
            self.all[number as usize].same = state;
        }
        let cluster = &mut self.all[number as usize];
        cluster.writer = place;
        cluster.called = op.invoked.0;
        cluster.returned = op.returned.map_or(NEVER, |at| at.0);
        cluster.from = from.unwrap_or(NONE);
        cluster.unknown = unknown;
    }

    /// Notes that a string shows this state, which follows on `from` if it does not begin anew. `false`
    /// if another string showed it behind another state.
    pub(super) fn follow(&mut self, state: u32, from: Option<u32>) -> bool {
        let cluster = &mut self.all[state as usize];
        let Some(from) = from else {
            cluster.observed = true;
            return true;
        };
        if cluster.observed {
            return cluster.from == from;
        }
        cluster.observed = true;
        // Whatever its outcome, it alone does not show where it took effect.
        cluster.unknown = true;
        cluster.from = from;
        true
    }

    /// An operation that took effect, saw this state and left it. Readers come in the order of calls.
    pub(super) fn read<D: Domain>(&mut self, state: u32, place: u32, op: &Op<D>) {
        let cluster = &mut self.all[state as usize];
        match cluster.last {
            NONE => cluster.first = place,
            last => self.next[last as usize] = place,
        }
        self.ambiguous |= cluster.again;
        cluster.last = place;
        cluster.observed = true;
        cluster.low = cluster.low.min(op.returned.map_or(NEVER, |at| at.0));
        cluster.high = cluster.high.max(op.invoked.0);
    }

    /// The readers of a state, in the order of calls.
    pub(super) fn readers(&self, state: u32) -> impl Iterator<Item = u32> {
        let some = |place: u32| (place != NONE).then_some(place);
        let first = some(self.all[state as usize].first);
        std::iter::successors(first, move |&place| some(self.next[place as usize]))
    }

    /// The first state that an operation shows by itself and nobody writes; that operation is then what
    /// shows it.
    pub(super) fn unwritten(&mut self) -> Option<u32> {
        let unwritten = |state: &Cluster| state.writer == NONE && state.observed;
        let found = self.all.iter().position(unwritten)? as u32;
        if self.all[found as usize].first == NONE {
            let replaced = |state: &Cluster| state.from == found && !state.unknown;
            let by = self.all.iter().position(replaced)?;
            self.all[found as usize].to = by as u32;
        }
        Some(found)
    }

    /// Finds out which writers of unknown outcome took effect. `false` if some state that was observed
    /// is written more than once, so that nobody can say which writer an observer saw.
    pub(super) fn settle(&mut self) -> bool {
        for state in 0..self.all.len() as u32 {
            let mut here = self.all[state as usize];
            // Who saw a state that an unknown operation left shows that it had found what it needed.
            while here.observed && here.unknown && here.from != NONE {
                let below = &mut self.all[here.from as usize];
                if below.observed {
                    break;
                }
                below.observed = true;
                here = *below;
            }
        }
        !self.all.iter().any(|state| state.observed && state.again)
    }

    /// The states that follow on one another from this one, each found by the writer of the next.
    pub(super) fn chain(&self, root: u32) -> impl Iterator<Item = u32> {
        let some = |state: u32| (state != NONE).then_some(state);
        std::iter::successors(some(root), move |&state| some(self.all[state as usize].to))
    }

    /// An operation that took effect and shows that this state was there, with the writers of unknown
    /// outcome in between.
    pub(super) fn shown_by(&self, state: u32) -> Vec<u32> {
        let mut shown = Vec::new();
        for state in self.chain(state) {
            if let Some(reader) = self.readers(state).next() {
                shown.push(reader);
                break;
            }
            let Some(next) = self.all.get(self.all[state as usize].to as usize) else {
                break;
            };
            shown.push(next.writer);
            if !next.unknown || shown.len() > self.all.len() {
                break;
            }
        }
        shown
    }

    /// Whether the outcome of the writer does not show that it led to this state.
    pub(super) fn unknown(&self, state: u32) -> bool {
        self.all[state as usize].unknown
    }

    /// Whether an operation that took effect shows that the state was there.
    pub(super) fn observed(&self, state: u32) -> bool {
        self.all[state as usize].observed
    }
}
