//! Who supersedes whom: the order of the writes of each key, as the clients' contexts tell it.

use rustc_hash::FxHashMap;

use crate::graph::{HappensBefore, Link};
use crate::history::{History, Line, Op, Outcome, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::Note;

/// A history of a sibling-keeping store, indexed by key, value and line.
///
/// A write supersedes another when it passed a context that had seen it. That is neither the order
/// of time nor that of the session: two blind puts of one client are concurrent.
#[derive(Debug)]
pub(crate) struct Order<'h> {
    history: &'h History<Kv>,
    ops: &'h [Op<Kv>],
    slots: Vec<Slot>,
    key_numbers: FxHashMap<&'h str, usize>,
    /// All keys that calls or notes name, in order of appearance.
    pub(crate) keys: Vec<Key<'h>>,
    /// All notes, in order.
    pub(crate) notes: Vec<Noted<'h>>,
}

/// A note with its line, and the number of the key it speaks of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted<'h> {
    pub(crate) line: usize,
    pub(crate) at: Time,
    pub(crate) key: Option<usize>,
    pub(crate) note: &'h Note,
}

/// Where an operation stands within its key.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Write(usize, usize),
    Read(usize, usize),
    Silent,
}

/// How sure it is that a write took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It did.
    Acknowledged,
    /// It did not.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// A put or a delete.
#[derive(Debug)]
pub(crate) struct Write<'h> {
    /// Which operation, by its place.
    pub(crate) place: usize,
    /// What was put; `None` for a delete.
    pub(crate) value: Option<&'h str>,
    pub(crate) status: Status,
    pub(crate) invoked: Time,
    pub(crate) returned: Option<Time>,
    /// The line of its return, `usize::MAX` without one.
    pub(crate) ended: usize,
    /// The writes that its contexts returned.
    pub(crate) seen: Vec<usize>,
    /// The reads whose contexts it passed: a tombstone may have hidden in their answers.
    glimpses: Vec<usize>,
    chain: u32,
    height: u32,
    /// For each chain that reaches below this write, how high: sorted, itself included.
    past: Vec<(u32, u32)>,
}

/// A get that was answered.
#[derive(Debug)]
pub(crate) struct Read<'h> {
    /// Which operation, by its place.
    pub(crate) place: usize,
    pub(crate) invoked: Time,
    pub(crate) returned: Time,
    /// The line of its invocation.
    pub(crate) line: usize,
    /// The line of its return.
    pub(crate) ended: usize,
    pub(crate) values: &'h [String],
    /// The writes of these values, as far as there are such writes.
    pub(crate) writes: Vec<usize>,
}

/// The writes and reads of one key.
#[derive(Debug)]
pub(crate) struct Key<'h> {
    pub(crate) name: &'h str,
    /// In the order of their invocations.
    pub(crate) writes: Vec<Write<'h>>,
    /// In the order of their invocations.
    pub(crate) reads: Vec<Read<'h>>,
    /// Two puts wrote the same value: what a sighting means is not known, so nothing is judged.
    pub(crate) repeats: bool,
    /// What was replaced may come back, so that a value proves nothing about what had replaced it.
    pub(crate) revives: bool,
    by_value: FxHashMap<&'h str, usize>,
}

impl<'h> Order<'h> {
    /// Indexes a history, O(length + contexts · chains).
    pub(crate) fn new(history: &'h History<Kv>) -> Self {
        let ops = history.ops();
        let mut order = Order {
            history,
            ops,
            slots: Vec::with_capacity(ops.len()),
            key_numbers: FxHashMap::default(),
            keys: Vec::new(),
            notes: Vec::new(),
        };
        for (index, entry) in history.lines().enumerate() {
            let line = index + 1;
            match entry {
                Line::Invoke(_) => {
                    let slot = order.enter(order.slots.len());
                    order.slots.push(slot);
                }
                Line::Return(op, _) => match history.place(op.id).map(|at| order.slots[at]) {
                    Some(Slot::Write(key, write)) => order.keys[key].writes[write].ended = line,
                    Some(Slot::Read(key, read)) => order.keys[key].reads[read].ended = line,
                    Some(Slot::Silent) | None => {}
                },
                Line::Note(at, note) => {
                    let key = named(note).map(|name| order.number(name));
                    order.notes.push(Noted {
                        line,
                        at,
                        key,
                        note,
                    });
                }
            }
        }
        order.relate();
        order
    }

    /// The operation at this place.
    pub(crate) fn op(&self, place: usize) -> &'h Op<Kv> {
        &self.ops[place]
    }

    /// The number of this key, if the history names it.
    pub(crate) fn key_number(&self, name: &str) -> Option<usize> {
        self.key_numbers.get(name).copied()
    }

    /// Session order, reads and contexts as one graph over the places of all operations.
    ///
    /// A write of unknown outcome precedes nothing in its session: it may take effect later.
    pub(crate) fn happens_before(&self) -> HappensBefore {
        let mut graph = HappensBefore::new(self.ops.len());
        let mut last = FxHashMap::default();
        for (place, op) in self.ops.iter().enumerate() {
            if let Some(&before) = last.get(&op.process) {
                graph.link(before, place, Link::Session);
            }
            if !(op.call.writes() && op.outcome == Outcome::Unknown) {
                last.insert(op.process, place);
            }
            for context in op.call.context() {
                if let Some(from) = self.history.place(*context) {
                    graph.link(from, place, Link::Context);
                }
            }
            if let Slot::Read(key, read) = self.slots[place] {
                let key = &self.keys[key];
                for &write in &key.reads[read].writes {
                    graph.link(key.writes[write].place, place, Link::Read);
                }
            }
        }
        graph
    }

    fn number(&mut self, name: &'h str) -> usize {
        // Notes about one key come in rows.
        if let Some(last) = self.notes.last().and_then(|noted| noted.key)
            && self.keys[last].name == name
        {
            return last;
        }
        let next = self.keys.len();
        let number = *self.key_numbers.entry(name).or_insert(next);
        if number == next {
            self.keys.push(Key {
                name,
                writes: Vec::new(),
                reads: Vec::new(),
                repeats: false,
                revives: false,
                by_value: FxHashMap::default(),
            });
        }
        number
    }

    fn enter(&mut self, place: usize) -> Slot {
        let op = &self.ops[place];
        let number = self.number(op.call.key());
        let key = &mut self.keys[number];
        let value = match &op.call {
            KvCall::Get { .. } => {
                let (Outcome::Ok(KvRet::Values(values)), Some(returned)) =
                    (&op.outcome, op.returned)
                else {
                    return Slot::Silent;
                };
                key.reads.push(Read {
                    place,
                    invoked: op.invoked,
                    returned,
                    line: op.line,
                    ended: usize::MAX,
                    values,
                    writes: Vec::new(),
                });
                return Slot::Read(number, key.reads.len() - 1);
            }
            KvCall::Put { value, .. } => Some(value.as_str()),
            KvCall::Delete { .. } => None,
        };
        let write = key.writes.len();
        if let Some(value) = value {
            key.repeats |= key.by_value.insert(value, write).is_some();
        }
        key.writes.push(Write {
            place,
            value,
            status: match op.outcome {
                Outcome::Ok(_) => Status::Acknowledged,
                Outcome::Fail => Status::Failed,
                Outcome::Unknown => Status::Unknown,
            },
            invoked: op.invoked,
            returned: op.returned,
            ended: usize::MAX,
            seen: Vec::new(),
            glimpses: Vec::new(),
            chain: 0,
            height: 0,
            past: Vec::new(),
        });
        Slot::Write(number, write)
    }

    fn relate(&mut self) {
        let revives =
            |noted: &Noted<'_>| matches!(noted.note, Note::Setup(setup) if setup.may_revive);
        let revives = self.notes.iter().any(revives);
        for key in &mut self.keys {
            key.revives = revives;
            for read in &mut key.reads {
                let found = read.values.iter();
                read.writes = found
                    .filter_map(|value| key.by_value.get(value.as_str()).copied())
                    .collect();
            }
        }
        for (place, op) in self.ops.iter().enumerate() {
            let Slot::Write(number, write) = self.slots[place] else {
                continue;
            };
            let (mut seen, mut glimpses) = (Vec::new(), Vec::new());
            let key = &mut self.keys[number];
            for context in op.call.context() {
                match self.history.place(*context).map(|from| self.slots[from]) {
                    Some(Slot::Read(of, read)) if of == number => {
                        seen.extend_from_slice(&key.reads[read].writes);
                        glimpses.push(read);
                    }
                    // Without an answer the client holds no context of it.
                    Some(Slot::Write(of, earlier))
                        if of == number && key.writes[earlier].status == Status::Acknowledged =>
                    {
                        seen.push(earlier);
                    }
                    _ => {}
                }
            }
            seen.sort_unstable();
            seen.dedup();
            seen.retain(|&earlier| earlier != write);
            key.writes[write].seen = seen;
            key.writes[write].glimpses = glimpses;
        }
        for key in &mut self.keys {
            key.chain();
        }
    }
}

fn named(note: &Note) -> Option<&str> {
    match note {
        Note::Owners { key, .. }
        | Note::Durable { key, .. }
        | Note::Hint { key, .. }
        | Note::HintDropped { key, .. }
        | Note::Transfer { key, .. } => Some(key),
        _ => None,
    }
}

impl<'h> Key<'h> {
    /// The write that put this value.
    pub(crate) fn write_of(&self, value: &str) -> Option<usize> {
        self.by_value.get(value).copied()
    }

    /// Whether the contexts prove that `above` is `below` or supersedes it, O(log chains).
    pub(crate) fn covers(&self, above: usize, below: usize) -> bool {
        let Write { chain, height, .. } = self.writes[below];
        let past = &self.writes[above].past;
        past.binary_search_by_key(&chain, |&(chain, _)| chain)
            .is_ok_and(|found| past[found].1 >= height)
    }

    /// Whether the contexts prove that `below` is superseded by `above`.
    pub(crate) fn before(&self, below: usize, above: usize) -> bool {
        below != above && self.covers(above, below)
    }

    /// Whether `above` may supersede `below`, O(writes · deletes).
    ///
    /// Answers hide tombstones, their contexts do not: who passed a context may have passed any
    /// delete that was called before, and with it whatever that delete had seen.
    pub(crate) fn possibly_before(&self, below: usize, above: usize) -> bool {
        if self.before(below, above) {
            return true;
        }
        if self.deletes().next().is_none() {
            return false;
        }
        let mut visited = vec![false; self.writes.len()];
        let mut open = vec![above];
        while let Some(write) = open.pop() {
            let Write { seen, glimpses, .. } = &self.writes[write];
            let hidden = glimpses.iter().flat_map(|&read| {
                let Read {
                    writes, returned, ..
                } = &self.reads[read];
                self.hidden(writes, *returned)
            });
            for earlier in seen.iter().copied().chain(hidden) {
                if earlier == below {
                    return true;
                }
                if !std::mem::replace(&mut visited[earlier], true) {
                    open.push(earlier);
                }
            }
        }
        false
    }

    /// The deletes that may have taken effect, whether or not they did.
    pub(crate) fn deletes(&self) -> impl Iterator<Item = usize> {
        (0..self.writes.len()).filter(|&write| {
            self.writes[write].value.is_none() && self.writes[write].status != Status::Failed
        })
    }

    /// The deletes that may hide behind an answer of these writes: those that supersede none.
    pub(crate) fn hidden<'a>(
        &'a self,
        answer: &'a [usize],
        until: Time,
    ) -> impl Iterator<Item = usize> + 'a {
        self.deletes().filter(move |&delete| {
            self.writes[delete].invoked <= until
                && (self.revives || !answer.iter().any(|&value| self.before(value, delete)))
        })
    }

    /// Whether one of these writes is this one or supersedes it.
    pub(crate) fn covered(&self, write: usize, by: &[usize]) -> bool {
        by.iter().any(|&above| self.covers(above, write))
    }

    /// The writes acknowledged before this line.
    pub(crate) fn acknowledged(&self, line: usize) -> impl Iterator<Item = usize> {
        (0..self.writes.len()).filter(move |&write| {
            self.writes[write].status == Status::Acknowledged && self.writes[write].ended < line
        })
    }

    /// How many pairs of these writes are ordered and how many concurrent, O(writes · chains).
    pub(crate) fn pairs(&self, counts: impl Fn(usize) -> bool) -> (u64, u64) {
        let mut chains: Vec<Vec<(u32, u64)>> = Vec::new();
        for (write, of) in self.writes.iter().enumerate() {
            let chain = of.chain as usize;
            if chains.len() <= chain {
                chains.resize(chain + 1, Vec::new());
            }
            chains[chain].push((of.height, u64::from(counts(write))));
        }
        for chain in &mut chains {
            chain.sort_unstable();
            let mut below = 0;
            for (_, count) in chain.iter_mut() {
                below += *count;
                *count = below;
            }
        }
        let (mut chosen, mut ordered) = (0, 0);
        for of in (0..self.writes.len()).filter(|&write| counts(write)) {
            let past = self.writes[of].past.iter();
            let below = past.map(|&(chain, height)| chains[chain as usize][height as usize - 1].1);
            ordered += below.sum::<u64>() - 1;
            chosen += 1;
        }
        (
            ordered,
            chosen * u64::saturating_sub(chosen, 1) / 2 - ordered,
        )
    }

    /// How a reader names this write: its value, or that it is a delete.
    pub(crate) fn label(&self, write: usize) -> &'h str {
        self.writes[write].value.unwrap_or("the delete")
    }

    /// Covers the writes by chains, each superseding the one below it.
    fn chain(&mut self) {
        let forward = |(write, of): (usize, &Write)| of.seen.iter().all(|&seen| seen < write);
        let order = if self.writes.iter().enumerate().all(forward) {
            (0..self.writes.len()).collect()
        } else {
            // Equal times may list a write above one that it saw.
            let mut graph = HappensBefore::new(self.writes.len());
            for (write, of) in self.writes.iter().enumerate() {
                for &seen in &of.seen {
                    graph.link(seen, write, Link::Context);
                }
            }
            graph.order()
        };
        let mut tails: Vec<usize> = Vec::new();
        for write in order {
            let mut past = Vec::new();
            for &seen in &self.writes[write].seen {
                past = join(past, &self.writes[seen].past);
            }
            let tail = self.writes[write].seen.iter().copied().find(|&seen| {
                let of = &self.writes[seen];
                of.height > 0 && tails[of.chain as usize] == seen
            });
            let (chain, height) = if let Some(seen) = tail {
                let of = &self.writes[seen];
                tails[of.chain as usize] = write;
                (of.chain, of.height + 1)
            } else {
                tails.push(write);
                (tails.len() as u32 - 1, 1)
            };
            let this = &mut self.writes[write];
            (this.chain, this.height) = (chain, height);
            this.past = join(past, &[(chain, height)]);
        }
    }
}

/// The higher entry of each chain.
fn join(one: Vec<(u32, u32)>, two: &[(u32, u32)]) -> Vec<(u32, u32)> {
    if one.is_empty() {
        return two.to_vec();
    }
    let mut both = Vec::with_capacity(one.len() + two.len());
    let (mut left, mut right) = (one.into_iter().peekable(), two.iter().copied().peekable());
    while let (Some(&a), Some(&b)) = (left.peek(), right.peek()) {
        both.push(match a.0.cmp(&b.0) {
            std::cmp::Ordering::Less => a,
            std::cmp::Ordering::Greater => b,
            std::cmp::Ordering::Equal => (a.0, a.1.max(b.1)),
        });
        if a.0 <= b.0 {
            left.next();
        }
        if b.0 <= a.0 {
            right.next();
        }
    }
    both.extend(left);
    both.extend(right);
    both
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::evidence::sketch::{Luck, sketch};

    #[test]
    fn the_chains_say_what_the_transitive_closure_says() {
        let mut luck = Luck(3);
        for _ in 0..500 {
            let count = 1 + luck.below(12);
            let mut text = String::new();
            let mut below: Vec<Vec<bool>> = Vec::new();
            for write in 0..count {
                let mut all = vec![false; count];
                let mut context = String::new();
                for earlier in (0..write)
                    .filter(|_| luck.below(4) == 0)
                    .collect::<Vec<_>>()
                {
                    let sign = if context.is_empty() { "ctx=" } else { "+" };
                    write!(context, "{sign}w{earlier}").expect("a string takes everything");
                    all[earlier] = true;
                    for deeper in 0..write {
                        all[deeper] |= below[earlier][deeper];
                    }
                }
                let (at, to) = (2 * write, 2 * write + 1);
                writeln!(
                    text,
                    "[{at},{to}] s put x v{write} {context} -> ok as w{write}"
                )
                .expect("a string takes everything");
                below.push(all);
            }
            let history = sketch(&text);
            let order = Order::new(&history);
            let key = &order.keys[0];
            let mut ordered = 0;
            for (above, all) in below.iter().enumerate() {
                for (write, &is_below) in all.iter().enumerate() {
                    assert_eq!(key.before(write, above), is_below, "{text}");
                    assert_eq!(key.possibly_before(write, above), is_below, "{text}");
                    ordered += u64::from(is_below);
                }
            }
            let pairs = (count * (count - 1) / 2) as u64;
            assert_eq!(key.pairs(|_| true), (ordered, pairs - ordered));
        }
    }

    #[test]
    fn two_blind_puts_of_one_session_are_concurrent() {
        let history = sketch("[0,1] s put x a -> ok\n [2,3] s put x b -> ok");
        let order = Order::new(&history);
        assert!(!order.keys[0].before(0, 1) && !order.keys[0].before(1, 0));
    }

    #[test]
    fn a_context_of_another_key_supersedes_nothing() {
        let history = sketch("[0,1] s put y a -> ok as p\n [2,3] s put x b ctx=p -> ok");
        let order = Order::new(&history);
        assert!(order.keys.iter().all(|key| key.writes[0].seen.is_empty()));
    }

    #[test]
    fn a_client_holds_no_context_of_a_call_that_was_not_answered() {
        let history = sketch("[0,-] s put x a -> info as p\n [2,3] t put x b ctx=p -> ok");
        let order = Order::new(&history);
        assert!(!order.keys[0].before(0, 1));
    }

    #[test]
    fn contexts_in_a_circle_neither_hang_nor_panic() {
        let history = sketch("[0,1] s put x a ctx=#1 -> ok\n [0,1] t put x b ctx=#0 -> ok");
        let order = Order::new(&history);
        assert!(order.keys[0].covers(0, 0) && order.keys[0].covers(1, 1));
    }

    #[test]
    fn a_delete_may_hide_only_where_it_had_been_called_and_supersedes_nothing_returned() {
        let history = sketch(
            "[0,1] s put x a -> ok as p
             [2,3] s del x ctx=p -> ok
             [4,5] t get x -> {} as g
             [6,7] t put x b ctx=g -> ok
             [4,5] u get x -> {a} as h
             [6,7] u put x c ctx=h -> ok",
        );
        let order = Order::new(&history);
        let key = &order.keys[0];
        assert!(key.possibly_before(0, 2) && key.possibly_before(1, 2));
        assert!(!key.before(0, 2));
        assert!(key.before(0, 3) && !key.possibly_before(1, 3));
    }
}
