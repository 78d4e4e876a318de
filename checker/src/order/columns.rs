//! Which sessions have to be told apart, and when: those of whom it will be asked what others know of them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::vectors::{Vector, Vectors};

/// What a session has that nobody is asked about: nothing is counted.
const NONE: Column = Column {
    at: u32::MAX,
    low: u32::MAX,
    high: 0,
};

/// A question that will be asked: whether somebody knows what a session did from a place on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question {
    pub(crate) session: usize,
    pub(crate) place: usize,
    /// Where in the course it is asked.
    pub(crate) at: usize,
}

/// For each session the column in which vectors count what is known of it.
///
/// Counts are places, from one, and matter only as far as a question can tell them apart. So a session has a
/// column from the first of the places that are asked about until the last question; then another session
/// may have it, one that is asked about from a later place on: whatever still stands in the column is too low
/// to answer any of its questions with yes.
#[derive(Debug)]
pub(crate) struct Columns {
    sessions: Vec<Column>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    at: u32,
    /// Counts up to the one are as good as none, those above the other as good as it.
    low: u32,
    high: u32,
}

/// What a session is asked, together.
#[derive(Clone, Copy, Debug)]
struct Asked {
    session: usize,
    first: usize,
    last: usize,
    until: usize,
}

impl Columns {
    /// One for each session.
    pub(crate) fn whole(sessions: usize) -> Self {
        let column = |session| Column {
            at: session,
            low: 0,
            high: u32::MAX,
        };
        Columns {
            sessions: (0..sessions as u32).map(column).collect(),
        }
    }

    /// As few as these questions need, O(questions + sessions · log sessions). A session acts at a place no
    /// earlier in the course than `begins` says.
    pub(crate) fn needed(
        sessions: usize,
        questions: impl Iterator<Item = Question>,
        begins: impl Fn(usize) -> usize,
    ) -> Self {
        let none = Asked {
            session: 0,
            first: usize::MAX,
            last: 0,
            until: 0,
        };
        let mut asked = vec![none; sessions];
        for Question { session, place, at } in questions {
            let of = &mut asked[session];
            *of = Asked {
                session,
                first: place.min(of.first),
                last: place.max(of.last),
                until: at.max(of.until),
            };
        }
        asked.retain(|of| of.first != usize::MAX);
        asked.sort_unstable_by_key(|of| of.first);
        let mut columns = vec![NONE; sessions];
        // All columns, with what the last who had them was asked; on top the one that is free soonest.
        let mut held: BinaryHeap<Reverse<(usize, usize, u32)>> = BinaryHeap::new();
        for of in asked {
            let begins = begins(of.first);
            let free = |&Reverse((until, last, _)): &Reverse<(usize, usize, u32)>| {
                until < begins && last + 2 <= of.first
            };
            let next = held.len() as u32;
            let left = if held.peek().is_some_and(free) {
                held.pop()
            } else {
                None
            };
            let at = left.map_or(next, |Reverse((.., at))| at);
            held.push(Reverse((of.until, of.last, at)));
            columns[of.session] = Column {
                at,
                low: of.first as u32,
                high: of.last as u32 + 2,
            };
        }
        Columns { sessions: columns }
    }

    /// How many columns there are.
    #[cfg(test)]
    pub(super) fn width(&self) -> usize {
        let columns = self.sessions.iter().map(|of| of.at);
        let columns = columns.filter(|&at| at != NONE.at);
        columns.max().map_or(0, |last| last as usize + 1)
    }

    /// What a vector counts for a session.
    pub(crate) fn get(&self, vectors: &Vectors, vector: Vector, session: usize) -> u32 {
        let Column { at, .. } = self.sessions[session];
        if at == NONE.at {
            return 0;
        }
        vectors.get(vector, at as usize)
    }

    /// The vector with at least this count for a session.
    pub(crate) fn set(
        &self,
        vectors: &mut Vectors,
        vector: Vector,
        session: usize,
        count: u32,
    ) -> Vector {
        let Column { at, low, high } = self.sessions[session];
        let count = count.min(high);
        if at == NONE.at || count <= low || vectors.get(vector, at as usize) >= count {
            return vector;
        }
        vectors.set(vector, at as usize, count)
    }
}
