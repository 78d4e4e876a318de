//! Elements that are added once and perhaps removed: there for one stretch of time each.

use super::elements::{BY, Says, short};
use crate::history::{Op, OpId, Time};
use crate::model::moments::{FOREVER, Moment, contradicted, end, fact};
use crate::model::sequential::Shortcut;
use crate::register::Value;
use crate::set::Set;
use crate::verdict::Reason;

/// When everything takes effect that was said of these elements, which are read one by one; or why it
/// cannot.
pub(super) fn moments(
    names: &[&Value],
    said: &[(u32, Says, &Op<Set>)],
) -> Result<Vec<Moment>, Shortcut> {
    let mut moments: Vec<Moment> = Vec::with_capacity(said.len());
    for said in said.chunk_by(|one, two| one.0 == two.0) {
        let Some(stay) = Stay::of(said) else { continue };
        if let Err((kind, ops, mut facts)) = stay.place(&mut moments) {
            let (element, add) = (names[said[0].0 as usize], stay.add);
            let text = format!("only {} adds {element}", short(add));
            facts.insert(0, fact(text, [add.id]));
            return Err(contradicted(BY, kind, ops, facts));
        }
    }
    Ok(moments)
}

/// What is said of one element.
struct Stay<'h> {
    add: &'h Op<Set>,
    has: Vec<&'h Op<Set>>,
    lacks: Vec<&'h Op<Set>>,
    removes: Vec<&'h Op<Set>>,
    takes: Vec<&'h Op<Set>>,
}

type Wrong = (&'static str, Vec<OpId>, Vec<Reason>);

const BEFORE: u64 = 0;
const ADD: u64 = 1;
const THERE: u64 = 2;
const REMOVE: u64 = 3;
const BEHIND: u64 = 4;

fn returned(op: &Op<Set>) -> Reason {
    let text = format!("{} had returned by {}", short(op), end(op).0);
    fact(text, [op.id])
}

fn called(op: &Op<Set>) -> Reason {
    let text = format!("{} was called at {}", short(op), op.invoked.0);
    fact(text, [op.id])
}

fn wrong(kind: &'static str, earlier: &[&Op<Set>], later: &[&Op<Set>]) -> Wrong {
    let ops = earlier.iter().chain(later).map(|op| op.id).collect();
    let mut facts: Vec<Reason> = earlier.iter().map(|op| returned(op)).collect();
    facts.extend(later.iter().map(|op| called(op)));
    (kind, ops, facts)
}

impl<'h> Stay<'h> {
    /// `None` for an element that no call adds.
    fn of(said: &[(u32, Says, &'h Op<Set>)]) -> Option<Self> {
        let all = |chosen: fn(Says) -> bool| {
            let chosen = said.iter().filter(move |(_, says, _)| chosen(*says));
            chosen.map(|&(.., op)| op)
        };
        Some(Stay {
            add: all(Says::adds).next()?,
            has: all(|says| says == Says::Has).collect(),
            lacks: all(|says| says == Says::Lacks).collect(),
            removes: all(|says| says == Says::Removes).collect(),
            takes: all(|says| says == Says::Takes).collect(),
        })
    }

    /// Those that show the element to be there.
    fn shows(&self) -> impl Iterator<Item = &'h Op<Set>> {
        self.has.iter().chain(&self.takes).copied()
    }

    /// Places all operations of this element.
    ///
    /// It must be there from some moment on that is no later than the first return of the add and of
    /// all that show it: `first`. It must be there until the last call of those that show it: `last`.
    /// The best moment to remove it is the first behind that at which some remove can take effect. If
    /// that is not behind `first`, the element need not stay at all.
    fn place(&self, moments: &mut Vec<Moment>) -> Result<(), Wrong> {
        if let [one, two, ..] = self.takes.as_slice() {
            return Err(wrong("element removed twice", &[one, two], &[]));
        }
        let mut push = |at, rank, op: &Op<Set>| {
            let op = op.id;
            moments.push(Moment { at, rank, op });
        };
        let last = self.shows().max_by_key(|op| op.invoked);
        let add = self.add;
        let completed = add.returned.map(|_| add);
        let Some(first) = self.shows().chain(completed).min_by_key(|op| end(op)) else {
            self.idle().for_each(|op| push(op.invoked, BEFORE, op));
            return Ok(());
        };
        if end(first) < add.invoked {
            return Err(wrong("element before its add", &[first], &[add]));
        }
        let (remove, from, to) = self.stretch(first, last)?;
        push(from, ADD, add);
        if let Some(remove) = remove {
            push(to, REMOVE, remove);
        }
        for op in &self.has {
            push(op.invoked.max(from), THERE, op);
        }
        for op in self
            .idle()
            .filter(|op| remove.is_none_or(|remove| remove.id != op.id))
        {
            if op.invoked <= from {
                push(op.invoked, BEFORE, op);
            } else {
                push(op.invoked.max(to), BEHIND, op);
            }
        }
        Ok(())
    }

    /// What took effect and needs the element to be absent, or may do nothing.
    fn idle(&self) -> impl Iterator<Item = &'h Op<Set>> {
        let removes = self.removes.iter().filter(|op| op.returned.is_some());
        self.lacks.iter().chain(removes).copied()
    }

    /// The remove that takes the element out, if any does, and from when to when the element is there.
    fn stretch(
        &self,
        first: &'h Op<Set>,
        last: Option<&'h Op<Set>>,
    ) -> Result<(Option<&'h Op<Set>>, Time, Time), Wrong> {
        let add = self.add;
        let needed = last.map_or(add.invoked, |last| last.invoked.max(add.invoked));
        let taker = self.takes.first().copied();
        let candidates = taker.as_slice().iter().chain(match taker {
            Some(_) => [].iter(),
            None => self.removes.iter(),
        });
        let possible = candidates.copied().filter(|remove| needed <= end(remove));
        let remove = possible.min_by_key(|remove| remove.invoked.max(needed));
        if let (Some(taker), None, Some(last)) = (taker, remove, last) {
            return Err(wrong("element back after its remove", &[taker], &[last]));
        }
        let to = remove.map_or(FOREVER, |remove| remove.invoked.max(needed));
        let from = end(first).min(to);
        let inside = |op: &&Op<Set>| from < op.invoked && end(op) < to;
        if let Some(absent) = self.lacks.iter().copied().find(inside) {
            let mut later: Vec<&Op<Set>> = last.into_iter().collect();
            later.extend(taker);
            later.retain(|op| end(absent) < op.invoked);
            let mut found = if later.is_empty() {
                wrong("element lost", &[first], &[absent])
            } else {
                wrong("element absent for a while", &[first], &[absent, later[0]])
            };
            if later.is_empty() {
                let text = format!("no remove can have taken it out before {}", end(absent).0);
                found.2.push(returned(absent));
                found.2.push(fact(text, []));
                found.1.extend(last.map(|last| last.id));
                found.1.extend(taker.map(|taker| taker.id));
            }
            return Err(found);
        }
        let stays = self.removes.iter().filter(|op| op.returned.is_some());
        if let (Some(kept), Some(last)) = (stays.copied().find(inside), last) {
            let mut found = wrong("element back after its remove", &[first], &[kept, last]);
            found.2.insert(2, returned(kept));
            return Err(found);
        }
        Ok((remove, from, to))
    }
}
