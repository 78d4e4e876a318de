//! Who learns from whom: reads from the writes of what they returned, writes from the contexts they passed.

use crate::order::Order;

/// For each operation the places of those it learns from, beside what its own session did before.
#[derive(Debug)]
pub(super) struct Edges {
    ends: Vec<u32>,
    from: Vec<u32>,
}

impl Edges {
    /// All of a history, O(operations + values + contexts).
    pub(super) fn new(order: &Order<'_>) -> Self {
        let mut ends = vec![0; order.places()];
        for key in &order.keys {
            for read in &key.reads {
                ends[read.place] = key.written(read).len() as u32;
            }
        }
        let others = |place| {
            let contexts = order.contexts(place);
            contexts.filter(move |&from| order.session(from) != order.session(place))
        };
        // A read passes no context.
        for (place, end) in ends.iter_mut().enumerate() {
            if order.op(place).call.writes() {
                *end = others(place).count() as u32;
            }
        }
        let mut end = 0;
        for of in &mut ends {
            end += *of;
            *of = end;
        }
        let mut edges = Edges {
            from: vec![0; end as usize],
            ends,
        };
        for key in &order.keys {
            for read in &key.reads {
                let room = edges.room(read.place);
                for (from, &write) in edges.from[room].iter_mut().zip(key.written(read)) {
                    *from = key.writes[write].place as u32;
                }
            }
        }
        for place in (0..order.places()).filter(|&place| order.op(place).call.writes()) {
            let room = edges.room(place);
            for (from, other) in edges.from[room].iter_mut().zip(others(place)) {
                *from = other as u32;
            }
        }
        edges
    }

    /// How many will learn from each operation.
    pub(super) fn learners(&self) -> Vec<u32> {
        let mut learners = vec![0; self.ends.len()];
        for &from in &self.from {
            learners[from as usize] += 1;
        }
        learners
    }

    /// The places that the operation at this place learns from.
    pub(super) fn of(&self, place: usize) -> &[u32] {
        &self.from[self.room(place)]
    }

    fn room(&self, place: usize) -> std::ops::Range<usize> {
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        from as usize..self.ends[place] as usize
    }
}
