//! The promise of linearizability, judged part by part.

use super::counts::counters;
use super::explain::explain;
use super::part::{Part, parts};
use super::replay::replay;
use super::search::Search;
use super::special::{counterexample, special};
use crate::history::{History, OpId};
use crate::model::{Model, Shortcut};
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

    fn judge(&self, history: &History<M::Domain>, budget: Budget, specially: bool) -> Verdict {
        let parts = parts(&self.model, history);
        let mut orders: Vec<Option<Vec<OpId>>> = vec![None; parts.len()];
        let mut ways: Counters = Counters::new();
        if specially {
            for (part, order) in parts.iter().zip(&mut orders) {
                match special(&self.model, part) {
                    Some(Shortcut::Explained { order: found, by }) => {
                        *ways.entry(format!("parts by {by}")).or_default() += 1;
                        *order = Some(found);
                    }
                    Some(Shortcut::Contradicted(found)) => {
                        let found = counterexample(&self.model, part, found);
                        return Verdict::Invalid(Box::new(found));
                    }
                    None => {}
                }
            }
        }
        let searched = match self.search(&parts, &mut orders, budget) {
            Ok(searched) => searched,
            Err(verdict) => return verdict,
        };
        // Operations without a refutable answer are linearizable by definition, and other judges say
        // so; that none could have been wrong stands among the counters.
        if history.ops().is_empty() {
            return Verdict::Unknown(Shortfall::NothingExercised(
                "no operation was recorded".into(),
            ));
        }
        let order: Vec<OpId> = orders.into_iter().flatten().flatten().collect();
        if let Err(wrong) = replay(&self.model, history, &order) {
            // Only a mistake of ours leads here. Where it may be one of a special case, the search
            // decides in its place; a wrong order never becomes a verdict.
            assert!(
                specially && !cfg!(debug_assertions),
                "an order that was found explains the history, but {wrong}"
            );
            return self.judge(history, budget, false);
        }
        let mut exercised = counters(&self.model, &parts);
        exercised.extend(ways);
        exercised.extend(searched);
        Verdict::Valid(Witness { order, exercised })
    }

    /// Searches the parts that have no order yet, in rounds; how, or a verdict that is no "yes".
    fn search(
        &self,
        parts: &[Part<'_, M::Domain>],
        orders: &mut [Option<Vec<OpId>>],
        budget: Budget,
    ) -> Result<Counters, Verdict> {
        let undecided = (0..parts.len()).filter(|&part| orders[part].is_none());
        let mut open: Vec<(usize, Option<Search<'_, M>>)> =
            undecided.map(|part| (part, None)).collect();
        let searched = open.len() as u64;
        let (mut spent, mut limit) = (0, FIRST_ROUND);
        while !open.is_empty() {
            let mut still = Vec::new();
            for (part, search) in open {
                let mut search =
                    search.unwrap_or_else(|| Search::new(&self.model, &parts[part].steps()));
                let before = search.visited();
                let decided = search.advance(limit.min(before + (budget.states - spent)));
                spent += search.visited() - before;
                match decided {
                    Some(true) => orders[part] = Some(search.order()),
                    Some(false) => {
                        let (steps, barrier) = (parts[part].steps(), search.barrier());
                        drop(search);
                        let found = explain(&self.model, &steps, barrier, budget);
                        return Err(Verdict::Invalid(Box::new(found)));
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
            return Err(Verdict::Unknown(Shortfall::OutOfBudget {
                part: parts[*part].label(),
                states: search.as_ref().map_or(0, Search::visited),
                unknown: parts[*part].unknown(),
            }));
        }
        let counts = [("parts by search", searched), ("states visited", spent)];
        Ok(counts.map(|(name, count)| (name.to_owned(), count)).into())
    }
}

impl<M: Model> Checker<M::Domain> for Linearizable<M> {
    fn promise(&self) -> Promise {
        Promise::Linearizable
    }

    fn check(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        self.judge(history, budget, true)
    }
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
        let twice = [write(0, 1, 1), write(0, 1, 1), write(2, 3, 2)];
        let [one, again, two] = twice;
        let verdict = check(&[one, again, two, read(4, 5, Value::Int(1))], 1);
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
