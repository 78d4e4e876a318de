//! Sets by their elements: what each answer says of one element, and when that must have been so.

use rustc_hash::FxHashMap;

use super::{grow, phases};
use crate::history::Op;
use crate::model::moments::{at_forever, contradicted, explained, fact, name};
use crate::model::sequential::Shortcut;
use crate::register::Value;
use crate::set::{Set, SetAction, SetRet};

/// The special case, as reports name it.
pub(super) const BY: &str = "elements";

/// What an operation says of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    /// It may have put it in, or did: it may have been the first to do so.
    Adds,
    /// It put it in, and it was not there before.
    AddsFirst,
    /// It may have taken it out.
    Removes,
    /// It took it out, so it was there.
    Takes,
    /// It was there.
    Has,
    /// It was not there.
    Lacks,
}

/// The operations of a part, by element.
#[derive(Debug, Default)]
pub(super) struct Elements<'h> {
    pub(super) names: Vec<&'h Value>,
    /// What is said of one element, but for reads of all: element, what, and the operation.
    pub(super) said: Vec<(u32, Says, &'h Op<Set>)>,
    /// Reads of all elements, with what they saw.
    pub(super) reads: Vec<(&'h Op<Set>, Vec<u32>)>,
    /// Operations that may stand anywhere.
    pub(super) free: Vec<&'h Op<Set>>,
}

/// Decides a part in which each element is added by one call at most or never removed, and nothing that
/// was added is removed if all elements are read at once; `None` for others. O(n log n) for operations
/// and elements read.
///
/// Elements are objects apart where they are not read together, so orders of each make one of them all
/// (Herlihy and Wing, 1990, locality).
pub(super) fn decide(ops: &[&Op<Set>]) -> Option<Shortcut> {
    if at_forever(ops) {
        return None;
    }
    let mut elements = match Elements::of(ops)? {
        Ok(elements) => elements,
        Err(shortcut) => return Some(shortcut),
    };
    // Elements that are added once and perhaps removed, and those that stay.
    let (mut passing, mut staying) = (Vec::new(), Vec::new());
    for said in elements.said.chunk_by(|one, two| one.0 == two.0) {
        let adds = said.iter().filter(|(_, says, _)| says.adds()).count();
        let removes = said.iter().any(|(_, says, _)| says.removes());
        match (adds, removes) {
            (0, _) | (_, false) => staying.extend_from_slice(said),
            (1, true) if elements.reads.is_empty() => passing.extend_from_slice(said),
            (_, true) => return None,
        }
    }
    elements.said = staying;
    let moments = grow::moments(&elements).and_then(|mut moments| {
        moments.extend(phases::moments(&elements.names, &passing)?);
        Ok(moments)
    });
    Some(moments.map_or_else(|shortcut| shortcut, |moments| explained(BY, moments)))
}

impl Says {
    pub(super) fn adds(self) -> bool {
        matches!(self, Says::Adds | Says::AddsFirst)
    }

    pub(super) fn removes(self) -> bool {
        matches!(self, Says::Removes | Says::Takes)
    }
}

impl<'h> Elements<'h> {
    fn of(ops: &[&'h Op<Set>]) -> Option<Result<Self, Shortcut>> {
        let mut elements = Elements::default();
        let mut known: FxHashMap<&'h Value, u32> = FxHashMap::default();
        let mut seen: Vec<u32> = Vec::new();
        for &op in ops {
            let (element, says) = match (&op.call.action, op.outcome.ok()) {
                (SetAction::Read | SetAction::Contains(_), None) => continue,
                (SetAction::Read | SetAction::Contains(_), Some(SetRet::Unseen)) => {
                    elements.free.push(op);
                    continue;
                }
                (SetAction::Read, Some(SetRet::Values(values))) => {
                    let mut read = Vec::with_capacity(values.len());
                    for value in values {
                        let element = elements.number(&mut known, value);
                        seen.resize(elements.names.len(), 0);
                        // Reads are counted from 1, so that 0 is none.
                        let this = elements.reads.len() as u32 + 1;
                        if std::mem::replace(&mut seen[element as usize], this) == this {
                            let text = format!("{} lists {value} twice", short(op));
                            let facts = vec![fact(text, [op.id])];
                            let kind = "element listed twice";
                            return Some(Err(contradicted(BY, kind, vec![op.id], facts)));
                        }
                        read.push(element);
                    }
                    elements.reads.push((op, read));
                    continue;
                }
                (SetAction::Add(element), None | Some(SetRet::Done)) => (element, Says::Adds),
                (SetAction::Add(element), Some(SetRet::Changed(true))) => {
                    (element, Says::AddsFirst)
                }
                (SetAction::Add(element), Some(SetRet::Changed(false))) => (element, Says::Has),
                (SetAction::Remove(element), None | Some(SetRet::Done)) => (element, Says::Removes),
                (SetAction::Remove(element), Some(SetRet::Changed(true))) => (element, Says::Takes),
                (SetAction::Remove(element), Some(SetRet::Changed(false)))
                | (SetAction::Contains(element), Some(SetRet::Has(false))) => {
                    (element, Says::Lacks)
                }
                (SetAction::Contains(element), Some(SetRet::Has(true))) => (element, Says::Has),
                _ => return None,
            };
            let element = elements.number(&mut known, element);
            elements.said.push((element, says, op));
        }
        elements.said.sort_by_key(|&(element, ..)| element);
        Some(Ok(elements))
    }

    fn number(&mut self, known: &mut FxHashMap<&'h Value, u32>, value: &'h Value) -> u32 {
        *known.entry(value).or_insert_with(|| {
            self.names.push(value);
            self.names.len() as u32 - 1
        })
    }
}

/// The operation as a sentence begins with it, without the elements of a large read.
pub(super) fn short(op: &Op<Set>) -> String {
    const LISTED_MAX: usize = 8;
    match op.outcome.ok() {
        Some(SetRet::Values(values)) if values.len() > LISTED_MAX => {
            let key = op.call.key.as_deref();
            let key = key.map(|key| format!(" {key}")).unwrap_or_default();
            format!("{}: read{key} → {} elements", op.process, values.len())
        }
        _ => name(op),
    }
}
