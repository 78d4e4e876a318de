//! What a set does, one call at a time.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::history::Op;
use crate::model::keyed;
use crate::model::sequential::{Model, Shortcut};
use crate::register::Value;
use crate::set::{Set, SetAction, SetCall, SetRet};

/// Independent sets that begin empty.
///
/// A state is the whole set, so a search costs memory in proportion to states times elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets;

impl Model for Sets {
    type Domain = Set;
    type State = BTreeSet<Value>;

    fn initial(&self) -> BTreeSet<Value> {
        BTreeSet::new()
    }

    fn step(
        &self,
        state: &BTreeSet<Value>,
        call: &SetCall,
        ret: Option<&SetRet>,
    ) -> Option<BTreeSet<Value>> {
        let same = || Some(state.clone());
        match (&call.action, ret) {
            (SetAction::Add(element), None | Some(SetRet::Done | SetRet::Changed(_))) => {
                let changes = !state.contains(element);
                let mut after = state.clone();
                after.insert(element.clone());
                told(ret, changes).then_some(after)
            }
            (SetAction::Remove(element), None | Some(SetRet::Done | SetRet::Changed(_))) => {
                let changes = state.contains(element);
                let mut after = state.clone();
                after.remove(element);
                told(ret, changes).then_some(after)
            }
            (SetAction::Contains(_) | SetAction::Read, None | Some(SetRet::Unseen)) => same(),
            (SetAction::Contains(element), Some(SetRet::Has(has)))
                if state.contains(element) == *has =>
            {
                same()
            }
            (SetAction::Read, Some(SetRet::Values(values)))
                if values.len() == state.len()
                    && values.iter().collect::<BTreeSet<_>>().len() == values.len()
                    && values.iter().all(|value| state.contains(value)) =>
            {
                same()
            }
            _ => None,
        }
    }

    fn part<'a>(&self, call: &'a SetCall) -> Cow<'a, str> {
        keyed::part(call.key.as_deref())
    }

    fn reads_only(&self, call: &SetCall, ret: Option<&SetRet>) -> bool {
        match call.action {
            SetAction::Contains(_) | SetAction::Read => true,
            SetAction::Add(_) | SetAction::Remove(_) => ret == Some(&SetRet::Changed(false)),
        }
    }

    fn refutable(&self, call: &SetCall, ret: &SetRet) -> bool {
        !matches!(
            (&call.action, ret),
            (SetAction::Contains(_) | SetAction::Read, SetRet::Unseen)
                | (SetAction::Add(_) | SetAction::Remove(_), SetRet::Done)
        )
    }

    /// Without an add, its element is there less often, which only an answer that shows the element can
    /// miss; without a remove more often, which only an answer that shows its absence can miss.
    fn unobserved(&self, calls: &[&SetCall], answered: &[(&SetCall, &SetRet)]) -> Vec<bool> {
        let shown = Shown::by(answered);
        let useless = |call: &&SetCall| match &call.action {
            SetAction::Contains(_) | SetAction::Read => true,
            SetAction::Add(element) => !shown.there.contains(element),
            SetAction::Remove(element) => !shown.absent(element),
        };
        calls.iter().map(useless).collect()
    }

    /// What is missing has to be added, what is there beyond the answer removed.
    fn within_reach(
        &self,
        state: &BTreeSet<Value>,
        call: &SetCall,
        ret: &SetRet,
        means: &mut dyn Iterator<Item = &SetCall>,
    ) -> bool {
        let mut wanted: FxHashSet<&Value> = FxHashSet::default();
        let mut extra: FxHashSet<&Value> = FxHashSet::default();
        match (&call.action, ret) {
            (SetAction::Contains(element), SetRet::Has(there)) => {
                if state.contains(element) != *there {
                    let side = if *there { &mut wanted } else { &mut extra };
                    side.insert(element);
                }
            }
            (SetAction::Read, SetRet::Values(values)) => {
                let seen: FxHashSet<&Value> = values.iter().collect();
                if seen.len() < values.len() {
                    return false;
                }
                extra.extend(state.iter().filter(|value| !seen.contains(value)));
                wanted.extend(seen.into_iter().filter(|value| !state.contains(*value)));
            }
            _ => return true,
        }
        while !(wanted.is_empty() && extra.is_empty()) {
            match means.next().map(|means| &means.action) {
                Some(SetAction::Add(element)) => drop(wanted.remove(element)),
                Some(SetAction::Remove(element)) => drop(extra.remove(element)),
                Some(SetAction::Contains(_) | SetAction::Read) => {}
                None => return false,
            }
        }
        true
    }

    /// An element takes about a quarter of what a configuration takes.
    fn weight(&self, state: &BTreeSet<Value>) -> u64 {
        state.len() as u64 / 4
    }

    fn shortcut(&self, ops: &[&Op<Set>]) -> Option<Shortcut> {
        super::elements::decide(ops)
    }

    fn state_label(&self, state: &BTreeSet<Value>) -> String {
        let elements: Vec<String> = state.iter().map(Value::to_string).collect();
        format!("{{{}}}", elements.join(" "))
    }
}

/// Whether an add or remove may say this, if it changes the set or not.
fn told(ret: Option<&SetRet>, changes: bool) -> bool {
    match ret {
        Some(SetRet::Changed(said)) => *said == changes,
        _ => true,
    }
}

/// Which elements some answer shows to be there, and which to be absent.
struct Shown<'h> {
    there: FxHashSet<&'h Value>,
    absent: FxHashSet<&'h Value>,
    reads: usize,
    /// How many reads show an element.
    in_reads: FxHashMap<&'h Value, usize>,
}

impl<'h> Shown<'h> {
    fn by(answered: &[(&'h SetCall, &'h SetRet)]) -> Self {
        let mut shown = Shown {
            there: FxHashSet::default(),
            absent: FxHashSet::default(),
            reads: 0,
            in_reads: FxHashMap::default(),
        };
        for (call, ret) in answered {
            let (element, there) = match (&call.action, ret) {
                (SetAction::Contains(element), SetRet::Has(there)) => (element, *there),
                (SetAction::Add(element), SetRet::Changed(changed)) => (element, !changed),
                (SetAction::Remove(element), SetRet::Changed(changed)) => (element, *changed),
                (SetAction::Read, SetRet::Values(values)) => {
                    shown.reads += 1;
                    for value in values.iter().collect::<BTreeSet<_>>() {
                        shown.there.insert(value);
                        *shown.in_reads.entry(value).or_default() += 1;
                    }
                    continue;
                }
                _ => continue,
            };
            if there {
                shown.there.insert(element);
            } else {
                shown.absent.insert(element);
            }
        }
        shown
    }

    fn absent(&self, element: &Value) -> bool {
        let shown = self.in_reads.get(element).copied().unwrap_or_default();
        shown < self.reads || self.absent.contains(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: SetAction) -> SetCall {
        SetCall { key: None, action }
    }

    fn values(numbers: &[i64]) -> SetRet {
        SetRet::Values(numbers.iter().map(|&number| Value::Int(number)).collect())
    }

    fn of(numbers: &[i64]) -> BTreeSet<Value> {
        numbers.iter().map(|&number| Value::Int(number)).collect()
    }

    /// The state after this call on a set that holds 1 and 2.
    fn after(action: SetAction, ret: impl Into<Option<SetRet>>) -> Option<BTreeSet<Value>> {
        Sets.step(&of(&[1, 2]), &call(action), ret.into().as_ref())
    }

    #[test]
    fn each_call_answers_as_a_set_does() {
        use SetRet::{Changed, Done, Has, Unseen};
        let add = |number| SetAction::Add(Value::Int(number));
        let remove = |number| SetAction::Remove(Value::Int(number));
        let contains = |number| SetAction::Contains(Value::Int(number));
        for (action, ret, expected) in [
            (add(3), Some(Done), Some(vec![1, 2, 3])),
            (add(3), Some(Changed(true)), Some(vec![1, 2, 3])),
            (add(3), Some(Changed(false)), None),
            (add(2), Some(Changed(false)), Some(vec![1, 2])),
            (add(2), Some(Changed(true)), None),
            (add(2), None, Some(vec![1, 2])),
            (add(3), None, Some(vec![1, 2, 3])),
            (add(3), Some(Has(false)), None),
            (remove(2), Some(Done), Some(vec![1])),
            (remove(2), Some(Changed(true)), Some(vec![1])),
            (remove(2), Some(Changed(false)), None),
            (remove(3), Some(Changed(false)), Some(vec![1, 2])),
            (remove(3), Some(Changed(true)), None),
            (remove(3), None, Some(vec![1, 2])),
            (contains(2), Some(Has(true)), Some(vec![1, 2])),
            (contains(2), Some(Has(false)), None),
            (contains(3), Some(Has(false)), Some(vec![1, 2])),
            (contains(3), Some(Has(true)), None),
            (contains(3), None, Some(vec![1, 2])),
            (contains(3), Some(Unseen), Some(vec![1, 2])),
            (contains(3), Some(Done), None),
            (SetAction::Read, Some(values(&[2, 1])), Some(vec![1, 2])),
            (SetAction::Read, Some(values(&[1])), None),
            (SetAction::Read, Some(values(&[1, 1])), None),
            (SetAction::Read, Some(values(&[1, 3])), None),
            (SetAction::Read, Some(values(&[1, 2, 2])), None),
            (SetAction::Read, Some(Unseen), Some(vec![1, 2])),
            (SetAction::Read, None, Some(vec![1, 2])),
            (SetAction::Read, Some(Has(true)), None),
        ] {
            let expected = expected.map(|numbers| of(&numbers));
            let found = after(action.clone(), ret.clone());
            assert_eq!(found, expected, "{action:?} {ret:?}");
        }
    }

    #[test]
    fn an_unknown_call_is_left_out_if_no_answer_can_miss_it() {
        let add = |number| call(SetAction::Add(Value::Int(number)));
        let remove = |number| call(SetAction::Remove(Value::Int(number)));
        let unknown: Vec<SetCall> = (1..=3).flat_map(|n| [add(n), remove(n)]).collect();
        let unknown: Vec<&SetCall> = unknown.iter().collect();
        let has = |number| call(SetAction::Contains(Value::Int(number)));
        let read = call(SetAction::Read);
        for (call, ret, needed) in [
            // add 1, remove 1, add 2, remove 2, add 3, remove 3
            (read, values(&[1]), [true, false, false, true, false, true]),
            (
                has(2),
                SetRet::Has(true),
                [false, false, true, false, false, false],
            ),
            (
                has(2),
                SetRet::Has(false),
                [false, false, false, true, false, false],
            ),
            (
                add(3),
                SetRet::Changed(false),
                [false, false, false, false, true, false],
            ),
            (
                add(3),
                SetRet::Changed(true),
                [false, false, false, false, false, true],
            ),
            (
                remove(1),
                SetRet::Changed(true),
                [true, false, false, false, false, false],
            ),
            (
                remove(1),
                SetRet::Changed(false),
                [false, true, false, false, false, false],
            ),
        ] {
            let found = Sets.unobserved(&unknown, &[(&call, &ret)]);
            assert_eq!(found, needed.map(|needed| !needed), "{call:?} {ret:?}");
        }
    }

    #[test]
    fn an_answer_is_out_of_reach_without_an_add_or_a_remove() {
        let (add, remove) = (
            SetAction::Add(Value::Int(3)),
            SetAction::Remove(Value::Int(1)),
        );
        let means = [call(add), call(remove)];
        let contains = |number| call(SetAction::Contains(Value::Int(number)));
        let read = || call(SetAction::Read);
        for (call, ret, reached) in [
            (read(), values(&[1, 2]), true),
            (read(), values(&[2, 3]), true),
            (read(), values(&[1, 3]), false),
            (read(), values(&[1, 2, 4]), false),
            (read(), values(&[2, 2]), false),
            (contains(1), SetRet::Has(false), true),
            (contains(2), SetRet::Has(false), false),
            (contains(2), SetRet::Has(true), true),
            (contains(3), SetRet::Has(true), true),
            (contains(4), SetRet::Has(true), false),
            (contains(4), SetRet::Has(false), true),
        ] {
            let found = Sets.within_reach(&of(&[1, 2]), &call, &ret, &mut means.iter());
            assert_eq!(found, reached, "{call:?} {ret:?}");
        }
    }

    #[test]
    fn a_state_is_said_as_its_elements() {
        assert_eq!(Sets.state_label(&of(&[2, 1])), "{1 2}");
    }
}
