//! Both judges on one history, and a judge of sets that knows no model.

use std::collections::BTreeSet;

use super::histories::{counter, mutex, queue, set};
use crate::domain::Domain;
use crate::history::{History, Op, Outcome, Time};
use crate::linear::{Linearizable, naive, possible, replay};
use crate::luck::{Luck, cases};
use crate::model::{Counters, Model, Mutexes, Queues, Sets, Shortcut};
use crate::register::Value;
use crate::set::{Set, SetAction, SetRet};
use crate::verdict::{Budget, Checker, Verdict};

/// How often both judges said yes and no, and how often the special case decided.
#[derive(Debug, Default)]
struct Tally {
    yes: u64,
    no: u64,
    special: u64,
}

impl Tally {
    /// Both judges on one history. `must` says of one part whether the special case has to decide it.
    fn judge<M: Model + Copy>(
        &mut self,
        model: M,
        history: &History<M::Domain>,
        must: impl Fn(&[&Op<M::Domain>]) -> bool,
    ) {
        let expected = naive(&model, history);
        let verdict = Linearizable::new(model).check(history, Budget::default());
        match verdict {
            Verdict::Valid(witness) => {
                assert!(expected.is_some(), "missed: {history:#?}");
                replay(&model, history, &witness.order).expect("the order explains the history");
            }
            Verdict::Invalid(found) => {
                assert!(expected.is_none(), "false alarm {found:#?}: {history:#?}");
                assert!(!found.ops.is_empty() && !found.reasons.is_empty());
                assert!(
                    !possible(&model, history, &found.ops),
                    "no certificate: {found:#?} of {history:#?}"
                );
            }
            Verdict::Unknown(shortfall) => panic!("undecided: {shortfall}"),
        }
        match expected {
            Some(_) => self.yes += 1,
            None => self.no += 1,
        }
        let names: BTreeSet<_> = history
            .ops()
            .iter()
            .map(|op| model.part(&op.call))
            .collect();
        let mut possible = true;
        for name in &names {
            let ops = history.ops().iter();
            let ops = ops.filter(|op| model.part(&op.call) == *name && op.outcome != Outcome::Fail);
            let ops: Vec<&Op<M::Domain>> = ops.collect();
            match model.shortcut(&ops) {
                None => assert!(!must(&ops), "no special case: {history:#?}"),
                Some(decided) => {
                    self.special += 1;
                    possible &= matches!(decided, Shortcut::Explained { .. });
                }
            }
        }
        assert!(possible || expected.is_none(), "false alarm: {history:#?}");
    }

    fn assert_all(&self) {
        let all = self.yes + self.no;
        println!("{self:?}");
        assert!(self.yes.min(self.no) * 8 > all, "{self:?}");
        assert!(self.special * 3 > all, "{self:?}");
    }
}

/// Whether some order of some of these operations explains a set's answers, told without a model: what
/// is held is a bit for each element, and a table says what each call does and may answer.
fn some_order(ops: &[&Op<Set>], held: u32) -> bool {
    if !ops.iter().any(|op| op.outcome.ok().is_some()) {
        return true;
    }
    (0..ops.len()).any(|next| {
        let op = ops[next];
        let late = |other: &&Op<Set>| other.outcome.ok().is_some() && other.precedes(op);
        if ops.iter().any(late) {
            return false;
        }
        let bit = |value: &Value| match value {
            Value::Int(number) => 1_u32 << number,
            Value::Nil | Value::Text(_) => panic!("elements are numbers"),
        };
        let (there, after) = match &op.call.action {
            SetAction::Add(element) => (held & bit(element) > 0, held | bit(element)),
            SetAction::Remove(element) => (held & bit(element) > 0, held & !bit(element)),
            SetAction::Contains(element) => (held & bit(element) > 0, held),
            SetAction::Read => (false, held),
        };
        let told = match (&op.call.action, op.outcome.ok()) {
            (_, None) => true,
            (SetAction::Add(_), Some(SetRet::Changed(changed))) => there != *changed,
            (SetAction::Remove(_), Some(SetRet::Changed(changed))) => there == *changed,
            (SetAction::Add(_) | SetAction::Remove(_), Some(ret)) => *ret == SetRet::Done,
            (SetAction::Contains(_), Some(SetRet::Has(has))) => there == *has,
            (SetAction::Contains(_) | SetAction::Read, Some(SetRet::Unseen)) => true,
            (SetAction::Read, Some(SetRet::Values(values))) => {
                let bits: u32 = values.iter().map(bit).fold(0, |all, bit| all | bit);
                bits == held && bits.count_ones() as usize == values.len()
            }
            (SetAction::Contains(_) | SetAction::Read, Some(_)) => false,
        };
        let rest: Vec<&Op<Set>> = ops
            .iter()
            .filter(|other| other.id != op.id)
            .copied()
            .collect();
        told && some_order(&rest, after)
    })
}

/// Whether the special case of sets has to decide: no answer is none of a set, no element is added twice
/// and removed, and nothing added is removed while all is read.
fn by_elements(ops: &[&Op<Set>]) -> bool {
    let adds = |element: &Value| {
        let adds = |op: &&&Op<Set>| {
            let tells = op.outcome.ok() == Some(&SetRet::Changed(false));
            op.call.action == SetAction::Add(element.clone()) && !tells
        };
        ops.iter().filter(adds).count()
    };
    let reads = ops
        .iter()
        .any(|op| matches!(op.outcome.ok(), Some(SetRet::Values(_))));
    ops.iter()
        .all(|op| match (&op.call.action, op.outcome.ok()) {
            (SetAction::Remove(element), ret) if ret != Some(&SetRet::Changed(false)) => {
                adds(element) <= usize::from(!reads)
            }
            _ => true,
        })
}

#[test]
fn sets_are_judged_as_by_trying_every_order() {
    let mut tally = Tally::default();
    for seed in 0..cases(20_000) {
        let luck = &mut Luck(seed);
        let count = 2 + luck.below(7);
        let history = set(luck, count);
        let apart = |key: bool| {
            let ops = history.ops().iter();
            let ops = ops.filter(|op| op.outcome != Outcome::Fail && op.call.key.is_some() == key);
            some_order(&ops.collect::<Vec<_>>(), 0)
        };
        let by_table = apart(false) && apart(true);
        assert_eq!(naive(&Sets, &history).is_some(), by_table, "{history:#?}");
        tally.judge(Sets, &history, by_elements);
    }
    tally.assert_all();
}

#[test]
fn counters_are_judged_as_by_trying_every_order() {
    use crate::counter::{CounterAction, CounterRet};
    let mut tally = Tally::default();
    for seed in 0..cases(20_000) {
        let luck = &mut Luck(seed);
        let count = 2 + luck.below(7);
        let history = counter(luck, count);
        tally.judge(Counters { initial: 5 }, &history, |ops| {
            let sizes = ops.iter().filter_map(|op| match op.call.action {
                CounterAction::Add(by) if by != 0 => Some(by),
                CounterAction::Add(_) | CounterAction::Read => None,
            });
            let tells = |op: &&Op<crate::counter::Counter>| {
                let done = op.outcome.ok().is_none_or(|ret| *ret == CounterRet::Done);
                op.call.action != CounterAction::Read && !done
            };
            sizes.collect::<BTreeSet<_>>().len() < 2 && !ops.iter().any(tells)
        });
    }
    tally.assert_all();
}

#[test]
fn queues_are_judged_as_by_trying_every_order() {
    use crate::queue::{QueueAction, QueueRet};
    let mut tally = Tally::default();
    for seed in 0..cases(20_000) {
        let luck = &mut Luck(seed);
        let count = 2 + luck.below(7);
        let history = queue(luck, count);
        tally.judge(Queues, &history, |ops| {
            let mut values = BTreeSet::new();
            ops.iter()
                .all(|op| match (&op.call.action, op.outcome.ok()) {
                    (QueueAction::Enqueue(value), None | Some(QueueRet::Done)) => {
                        values.insert(value)
                    }
                    (QueueAction::Enqueue(_), Some(_)) => false,
                    (QueueAction::Dequeue, _) => true,
                })
        });
    }
    tally.assert_all();
}

/// The history with all that happens from this time on at the last time there is.
fn at_the_end_of_time<D: Domain>(history: &History<D>, from: Time) -> History<D> {
    let late = |at: Time| if at < from { at } else { Time(u64::MAX) };
    let entries = history.entries().map(|entry| entry.stamped(late));
    History::new(entries).expect("no entry passes another one")
}

#[test]
fn the_last_time_there_is_is_a_time_like_others() {
    let mut tallies: [Tally; 4] = Default::default();
    for seed in 0..cases(1_000) {
        let luck = &mut Luck(seed);
        let (count, from) = (2 + luck.below(5), Time(2 + luck.below(8)));
        let [sets, counters, queues, locks] = &mut tallies;
        let history = at_the_end_of_time(&set(luck, count), from);
        sets.judge(Sets, &history, |_| false);
        let history = at_the_end_of_time(&counter(luck, count), from);
        counters.judge(Counters { initial: 5 }, &history, |_| false);
        let history = at_the_end_of_time(&queue(luck, count), from);
        queues.judge(Queues, &history, |_| false);
        let history = at_the_end_of_time(&mutex(luck, count), from);
        locks.judge(Mutexes, &history, |_| false);
    }
    assert!(
        tallies.iter().all(|tally| tally.yes.min(tally.no) > 50),
        "{tallies:?}"
    );
}

#[test]
fn locks_are_judged_as_by_trying_every_order() {
    let mut tally = Tally::default();
    for seed in 0..cases(20_000) {
        let luck = &mut Luck(seed);
        let count = 2 + luck.below(7);
        tally.judge(Mutexes, &mutex(luck, count), |_| true);
    }
    tally.assert_all();
}
