//! Strings that grow by pieces, where it is certain which operation each piece that was seen is from.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::ops::Bound;

use rustc_hash::FxHashMap;

use super::blocks::Clash;
use super::clusters::{Clusters, NONE};
use super::decide::{Found, decide};
use super::loose::Loose;
use crate::append::{Append, AppendAction, AppendRet};
use crate::history::Op;
use crate::model::Shortcut;

/// Decides a string that begins empty, O(n log n) and in proportion to what was read; `None` if a string
/// could be put together in several ways, or if an answer does not belong to its call.
///
/// A state is named by the operation that led to it. A string that was seen shows that each of its
/// pieces was appended to what the one before had left, so it shows a chain of states that ends with
/// its own; a put begins a new one. Operations that no string shows stand alone.
pub(crate) fn strings(ops: &[&Op<Append>]) -> Option<Shortcut> {
    let mut epochs = Epochs::of(ops)?;
    let mut loose = Loose::default();
    for (op, place) in ops.iter().zip(0..) {
        match (&op.call.action, op.outcome.ok()) {
            (AppendAction::Get, None) => {}
            (AppendAction::Get, Some(AppendRet::Unseen)) => loose.ops.push((place, None)),
            (AppendAction::Get, Some(AppendRet::Value(seen))) => {
                epochs.read(ops, place, seen)?;
            }
            (AppendAction::Put(_) | AppendAction::Append(_), None | Some(AppendRet::Done)) => {}
            _ => return None,
        }
    }
    let found = Found {
        clusters: epochs.clusters,
        loose,
        clash: epochs.clash,
    };
    let label = |op: &Op<Append>| match (&op.call.action, op.outcome.ok()) {
        (AppendAction::Put(value) | AppendAction::Append(value), _) => format!("{value:?}"),
        (AppendAction::Get, Some(AppendRet::Value(seen))) => format!("{seen:?}"),
        (AppendAction::Get, _) => String::new(),
    };
    // A get whose answer is not known fits in anywhere.
    decide(ops, found, label, |_| None)
}

struct Epochs<'h> {
    clusters: Clusters,
    /// The places of those that wrote a piece, in the order of their calls.
    pieces: BTreeMap<&'h str, Vec<u32>>,
    /// The state that each writer leads to, by its place.
    states: Vec<u32>,
    /// For each state the get that showed first what it follows on.
    shown: Vec<u32>,
    /// The last string that was read: where each of its pieces ends, and the state that it leads to.
    last: (&'h str, Vec<(usize, u32)>),
    /// The first two gets that cannot both be right about the same piece.
    clash: Option<Clash>,
}

impl<'h> Epochs<'h> {
    /// All writers; `None` if some piece is empty or begins like another one.
    fn of(ops: &[&'h Op<Append>]) -> Option<Self> {
        let mut clusters = Clusters::new(ops.len());
        let mut pieces: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut states = vec![0; ops.len()];
        for (op, place) in ops.iter().zip(0..) {
            if let AppendAction::Put(value) | AppendAction::Append(value) = &op.call.action {
                pieces.entry(value).or_default().push(place);
                states[place as usize] = clusters.add();
                clusters.write(states[place as usize], place, op, None);
            }
        }
        // In the order of strings, one that begins like others stands right in front of them.
        let longer = pieces.keys().skip(1);
        let mut pairs = pieces.keys().zip(longer);
        if pairs.any(|(piece, longer)| longer.starts_with(piece)) || pieces.contains_key("") {
            return None;
        }
        Some(Epochs {
            shown: vec![NONE; clusters.all.len()],
            clusters,
            pieces,
            states,
            last: ("", Vec::new()),
            clash: None,
        })
    }

    /// Takes a string apart and notes which states it shows. `None` if it is not certain from which
    /// operations the pieces are.
    fn read(&mut self, ops: &[&'h Op<Append>], place: u32, seen: &'h str) -> Option<()> {
        let (before, mut ends) = std::mem::take(&mut self.last);
        let same = before.bytes().zip(seen.bytes());
        let same = same.take_while(|(one, two)| one == two).count();
        ends.truncate(ends.partition_point(|&(end, _)| end <= same));
        let kept = ends.len();
        let mut writers: Vec<&[u32]> = Vec::new();
        let mut end = ends.last().map_or(0, |&(end, _)| end);
        while let Some((piece, of)) = self.piece(&seen[end..]) {
            end += piece.len();
            writers.push(of);
            ends.push((end, 0));
        }
        let mut clash = None;
        let base = if kept > 0 { self.begins(&ends) } else { None };
        let chosen = choose(ops, &writers, kept == 0, base, place)?;
        for (piece, writer) in (kept..).zip(chosen) {
            let from = piece.checked_sub(1).map_or(0, |before| ends[before].1);
            let state = self.states[writer as usize];
            let put = matches!(ops[writer as usize].call.action, AppendAction::Put(_));
            if !self.clusters.follow(state, (!put).then_some(from)) {
                let gets = [self.shown[state as usize], place];
                clash = Some(Clash::Disagreement { state, gets });
                ends.truncate(piece);
                break;
            }
            if self.shown[state as usize] == NONE {
                self.shown[state as usize] = place;
            }
            ends[piece].1 = state;
        }
        if clash.is_none() {
            let mut state = ends.last().map_or(0, |&(_, state)| state);
            if end < seen.len() {
                state = self.clusters.add();
                self.shown.push(NONE);
            }
            self.clusters.read(state, place, ops[place as usize]);
        }
        // Where a piece was written twice, the next string may have it from the other writer.
        let twice = |&(end, state): &(usize, u32)| {
            let writer = self.clusters.all[state as usize].writer;
            let value = match &ops[writer as usize].call.action {
                AppendAction::Put(value) | AppendAction::Append(value) => value.as_str(),
                AppendAction::Get => &seen[..end],
            };
            self.pieces
                .get(value)
                .is_none_or(|writers| writers.len() > 1)
        };
        let certain = ends.iter().position(twice).unwrap_or(ends.len());
        ends.truncate(certain);
        self.last = (seen, ends);
        self.clash = self.clash.or(clash);
        Some(())
    }

    /// The piece that a string begins with, and its writers.
    fn piece(&self, rest: &str) -> Option<(&'h str, &[u32])> {
        let up_to = (Bound::Unbounded, Bound::Included(rest));
        let (piece, writers) = self.pieces.range::<str, _>(up_to).next_back()?;
        rest.starts_with(piece)
            .then_some((*piece, writers.as_slice()))
    }

    /// The operation that wrote the first piece.
    fn begins(&self, ends: &[(usize, u32)]) -> Option<u32> {
        let (_, state) = ends.first()?;
        Some(self.clusters.all[*state as usize].writer)
    }
}

/// From which operations the pieces are that the get at `place` shows, with the writers of each;
/// `None` if that is not certain. O(pieces + writers).
///
/// A put can only stand first. Where several operations appended the same piece, the string must show
/// all of them that were called before the get returned and had not returned before the put with which
/// the string begins, and they must have come one after the other.
fn choose(
    ops: &[&Op<Append>],
    writers: &[&[u32]],
    from_the_start: bool,
    base: Option<u32>,
    place: u32,
) -> Option<Vec<u32>> {
    let put = |place: u32| matches!(ops[place as usize].call.action, AppendAction::Put(_));
    let base = match (base, writers) {
        (Some(base), _) => Some(base),
        (None, [[first], ..]) => Some(*first),
        // What the string begins with was written more than once, so it is no put.
        (None, _) => None,
    };
    let base = base.filter(|&base| put(base));
    // The first writer names a piece.
    let mut shown: FxHashMap<u32, usize> = FxHashMap::default();
    for of in writers {
        *shown.entry(of[0]).or_default() += 1;
    }
    let mut turns: FxHashMap<u32, std::vec::IntoIter<u32>> = FxHashMap::default();
    let mut chosen = Vec::with_capacity(writers.len());
    for (piece, of) in writers.iter().enumerate() {
        chosen.push(if let [only] = of {
            let first = from_the_start && piece == 0;
            (first || !put(*only)).then_some(*only)?
        } else {
            let next = match turns.entry(of[0]) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let all = in_turn(ops, of, base, place)?;
                    if all.len() != shown[&of[0]] {
                        return None;
                    }
                    new.insert(all.into_iter())
                }
            };
            next.next()?
        });
    }
    Some(chosen)
}

/// Those of the writers of one piece that can have come before the get at `place` returned and behind
/// the put `base`; `None` if one of them is a put, or if they did not come one after the other.
fn in_turn(
    ops: &[&Op<Append>],
    writers: &[u32],
    base: Option<u32>,
    place: u32,
) -> Option<Vec<u32>> {
    let put = |place: u32| matches!(ops[place as usize].call.action, AppendAction::Put(_));
    if writers.iter().any(|&writer| put(writer)) {
        return None;
    }
    let possible = writers.iter().copied().filter(|&writer| {
        let early = base.is_some_and(|base| ops[writer as usize].precedes(ops[base as usize]));
        !early && !ops[place as usize].precedes(ops[writer as usize])
    });
    let possible: Vec<u32> = possible.collect();
    let in_turn = possible
        .windows(2)
        .all(|two| ops[two[0] as usize].precedes(ops[two[1] as usize]));
    in_turn.then_some(possible)
}
