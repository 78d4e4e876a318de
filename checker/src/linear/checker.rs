//! The promise of linearizability, judged part by part.

use super::explain::explain;
use super::part::{Part, parts};
use super::replay::replay;
use super::search::Search;
use crate::history::{History, Op, OpId};
use crate::model::Model;
use crate::verdict::{Budget, Checker, Counters, Promise, Shortfall, Verdict, Witness};

/// Holds histories against a sequential object: is there one order of all operations, each within its
/// interval, in which every answer is what the object would have answered?
///
/// An operation of unknown outcome may stand anywhere behind its call, or nowhere. An operation that
/// failed stands nowhere. The question is NP-hard; the search visits as many configurations as the
/// budget allows, over all parts, and says [`Verdict::Unknown`] when that was not enough.
#[derive(Clone, Debug)]
pub struct Linearizable<M> {
    model: M,
}

/// How many configurations each part may visit in the first round; every round allows four times more,
/// so that one hard part does not hide a violation in another.
const FIRST_ROUND: u64 = 1024;

impl<M: Model> Linearizable<M> {
    /// Judges by this object.
    pub fn new(model: M) -> Self {
        Linearizable { model }
    }

    /// The object.
    pub fn model(&self) -> &M {
        &self.model
    }

    fn judge(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        let parts = parts(&self.model, history);
        let mut orders: Vec<Option<Vec<OpId>>> = vec![None; parts.len()];
        let mut open: Vec<(usize, Option<Search<'_, M>>)> =
            (0..parts.len()).map(|part| (part, None)).collect();
        let (mut spent, mut limit) = (0, FIRST_ROUND);
        while !open.is_empty() {
            let mut still = Vec::new();
            for (part, search) in open {
                let mut search =
                    search.unwrap_or_else(|| Search::new(&self.model, &parts[part].steps));
                let before = search.visited();
                let decided = search.advance(limit.min(before + (budget.states - spent)));
                spent += search.visited() - before;
                match decided {
                    Some(true) => orders[part] = Some(search.order()),
                    Some(false) => {
                        let barrier = search.barrier();
                        drop(search);
                        return Verdict::Invalid(Box::new(explain(
                            &self.model,
                            &parts[part],
                            barrier,
                            budget,
                        )));
                    }
                    None => still.push((part, Some(search))),
                }
            }
            open = still;
            if spent >= budget.states {
                break;
            }
            limit = limit.saturating_mul(4);
        }
        if let Some((part, search)) = open.first() {
            return Verdict::Unknown(Shortfall::OutOfBudget {
                part: parts[*part].label(),
                states: search.as_ref().map_or(0, Search::visited),
                unknown: parts[*part].unknown(),
            });
        }
        let order = orders.into_iter().flatten().flatten().collect();
        self.confirm(history, &parts, order, spent)
    }

    fn confirm(
        &self,
        history: &History<M::Domain>,
        parts: &[Part<'_, M::Domain>],
        order: Vec<OpId>,
        spent: u64,
    ) -> Verdict {
        if let Err(wrong) = replay(&self.model, history, &order) {
            panic!("the order that a search finds explains the history, but {wrong}");
        }
        let exercised = counters(&self.model, parts, spent);
        // Operations without a refutable answer are linearizable by definition, and other judges say
        // so; that none could have been wrong stands among the counters.
        if history.ops().is_empty() {
            return Verdict::Unknown(Shortfall::NothingExercised(
                "no operation was recorded".into(),
            ));
        }
        Verdict::Valid(Witness { order, exercised })
    }
}

impl<M: Model> Checker<M::Domain> for Linearizable<M> {
    fn promise(&self) -> Promise {
        Promise::Linearizable
    }

    fn check(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        self.judge(history, budget)
    }
}

fn counters<M: Model>(model: &M, parts: &[Part<'_, M::Domain>], spent: u64) -> Counters {
    let steps = || parts.iter().flat_map(|part| &part.steps);
    let answers = steps()
        .filter(|step| {
            step.ret
                .is_some_and(|ret| model.refutable(&step.op.call, ret))
        })
        .count() as u64;
    let completed = steps().filter(|step| step.strict).count() as u64;
    let overlapping = parts.iter().map(overlapping).sum();
    [
        ("operations", completed),
        ("answers that could be wrong", answers),
        ("overlapping pairs", overlapping),
        ("unknown outcomes", parts.iter().map(Part::unknown).sum()),
        ("parts", parts.len() as u64),
        ("states visited", spent),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect()
}

/// How many pairs of completed operations of one part overlap, O(n log n).
fn overlapping<D: crate::domain::Domain>(part: &Part<'_, D>) -> u64 {
    let complete = || part.steps.iter().filter(|step| step.strict);
    let ops: Vec<&Op<D>> = complete().map(|step| step.op).collect();
    let mut ends: Vec<_> = ops.iter().filter_map(|op| op.returned).collect();
    ends.sort_unstable();
    ops.iter()
        .enumerate()
        .map(|(called, op)| (called - ends.partition_point(|end| *end < op.invoked)) as u64)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Entry, Outcome, Process, Time};
    use crate::model::Registers;
    use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

    type Line = (u64, u64, Action, Option<Outcome<RegisterRet>>);

    fn history(lines: &[Line]) -> History<Register> {
        let mut entries = Vec::new();
        for (number, (called, returned, action, outcome)) in lines.iter().enumerate() {
            let (op, at) = (OpId(number as u64), Time(*called));
            entries.push(Entry::Invoke {
                op,
                at,
                process: Process(number as u64),
                call: RegisterCall {
                    key: None,
                    action: action.clone(),
                },
            });
            if let Some(outcome) = outcome.clone() {
                let at = Time(*returned);
                entries.push(Entry::Return { op, at, outcome });
            }
        }
        entries.sort_by_key(Entry::at);
        History::new(entries).expect("each process calls once")
    }

    fn check(lines: &[Line], states: u64) -> Verdict {
        let initial = Value::Nil;
        Linearizable::new(Registers { initial }).check(&history(lines), Budget { states })
    }

    fn write(called: u64, returned: u64, value: i64) -> Line {
        let done = Outcome::Ok(RegisterRet::Done);
        let action = Action::Write(Value::Int(value));
        (called, returned, action, Some(done))
    }

    fn read(called: u64, returned: u64, value: Value) -> Line {
        let seen = Outcome::Ok(RegisterRet::Value(value));
        (called, returned, Action::Read, Some(seen))
    }

    fn holds(lines: &[Line]) -> bool {
        match check(lines, 1_000) {
            Verdict::Valid(_) => true,
            Verdict::Invalid(_) => false,
            Verdict::Unknown(shortfall) => panic!("undecided: {shortfall}"),
        }
    }

    #[test]
    fn an_unknown_write_may_take_effect_late() {
        let lost = (0, 1, Action::Write(Value::Int(1)), Some(Outcome::Unknown));
        let rest = [write(2, 3, 2), read(4, 5, Value::Int(2))];
        let late = read(6, 7, Value::Int(1));
        let [two, seen] = rest;
        assert!(holds(&[
            lost.clone(),
            two.clone(),
            seen.clone(),
            late.clone()
        ]));
        // Only once, though.
        let again = [
            read(8, 9, Value::Int(1)),
            write(10, 11, 3),
            read(12, 13, Value::Int(1)),
        ];
        let [first, three, second] = again;
        assert!(!holds(&[lost, two, seen, late, first, three, second]));
    }

    #[test]
    fn a_failed_write_takes_no_effect() {
        let failed = (0, 9, Action::Write(Value::Int(1)), Some(Outcome::Fail));
        assert!(!holds(&[failed.clone(), read(1, 2, Value::Int(1))]));
        assert!(holds(&[failed, read(1, 2, Value::Nil)]));
    }

    #[test]
    fn equal_times_leave_the_order_open() {
        assert!(holds(&[write(0, 5, 1), read(5, 6, Value::Nil)]));
        assert!(!holds(&[write(0, 4, 1), read(5, 6, Value::Nil)]));
    }

    #[test]
    fn a_mismatch_says_what_was_not_there() {
        let cas = |ret| {
            let action = Action::Cas(Value::Int(1), Value::Int(2));
            (3, 4, action, Some(Outcome::Ok(ret)))
        };
        assert!(!holds(&[write(0, 1, 1), cas(RegisterRet::Mismatch)]));
        assert!(holds(&[write(0, 1, 1), cas(RegisterRet::Done)]));
        assert!(holds(&[write(0, 1, 3), cas(RegisterRet::Mismatch)]));
    }

    #[test]
    fn answers_that_could_not_be_wrong_are_counted_as_none() {
        let unseen = Some(Outcome::Ok(RegisterRet::Unseen));
        for lines in [
            vec![write(0, 1, 1), (2, 3, Action::Read, unseen)],
            vec![(0, 1, Action::Read, None)],
        ] {
            let Verdict::Valid(witness) = check(&lines, 1_000) else {
                panic!("nothing contradicts an order of {lines:?}");
            };
            assert_eq!(witness.exercised["answers that could be wrong"], 0);
        }
    }

    #[test]
    fn a_history_without_operations_is_no_pass() {
        let verdict = check(&[], 1_000);
        assert!(
            matches!(verdict, Verdict::Unknown(Shortfall::NothingExercised(_))),
            "{verdict:?}"
        );
    }

    #[test]
    fn a_search_out_of_budget_says_so() {
        let lines = [write(0, 1, 1), write(2, 3, 2), read(4, 5, Value::Int(1))];
        let verdict = check(&lines, 1);
        let expected = Shortfall::OutOfBudget {
            part: "the history".into(),
            states: 1,
            unknown: 0,
        };
        assert_eq!(verdict, Verdict::Unknown(expected));
    }

    #[test]
    fn a_pass_counts_what_it_rests_on() {
        let lost = (0, 1, Action::Write(Value::Int(9)), None);
        let lines = [
            write(0, 5, 1),
            read(2, 3, Value::Int(1)),
            write(6, 7, 2),
            lost,
        ];
        let Verdict::Valid(witness) = check(&lines, 1_000) else {
            panic!("there is an order");
        };
        assert_eq!(witness.order, [OpId(0), OpId(1), OpId(2)]);
        for (name, count) in [
            ("operations", 3),
            ("answers that could be wrong", 1),
            ("overlapping pairs", 1),
            ("unknown outcomes", 1),
        ] {
            assert_eq!(witness.exercised[name], count, "{name}");
        }
    }
}
