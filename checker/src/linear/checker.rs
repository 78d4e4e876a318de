//! The promise of linearizability, judged part by part.

use super::counts::counters;
use super::crew::{each, threads};
use super::explain::explain;
use super::part::{Part, Step, parts};
use super::replay::replay;
use super::search::Search;
use super::special::{counterexample, special};
use crate::history::{History, OpId};
use crate::model::{Contradiction, Model, Shortcut};
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

    /// Whether the promise holds, if the budget suffices to tell: [`Checker::check`] without what
    /// explains the verdict. For who asks about many histories, as when shrinking one.
    pub fn holds(&self, history: &History<M::Domain>, budget: Budget) -> Option<bool> {
        match self.decide(&parts(&self.model, history), history, budget, true) {
            Decision::Explained { .. } => Some(true),
            Decision::Contradicted { .. } | Decision::Impossible { .. } => Some(false),
            Decision::Open(_) => None,
        }
    }

    /// An order if there is one and the budget suffices to find it, and how many configurations were
    /// visited: [`Linearizable::holds`] for who needs the order.
    pub(crate) fn order(
        &self,
        history: &History<M::Domain>,
        budget: Budget,
    ) -> (Option<Vec<OpId>>, u64) {
        match self.decide(&parts(&self.model, history), history, budget, true) {
            Decision::Explained { order, ways } => {
                let visited = ways.get("states visited").copied().unwrap_or_default();
                (Some(order), visited.min(budget.states))
            }
            Decision::Contradicted { .. } | Decision::Impossible { .. } => (None, 0),
            Decision::Open(_) => (None, budget.states),
        }
    }

    fn judge(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        if history.ops().is_empty() {
            return Verdict::Unknown(Shortfall::NothingExercised(
                "no operation was recorded".into(),
            ));
        }
        let parts = parts(&self.model, history);
        match self.decide(&parts, history, budget, true) {
            // Operations without a refutable answer are linearizable by definition, and other judges
            // say so; that none could have been wrong stands among the counters.
            Decision::Explained { order, ways } => {
                let mut exercised = counters(&self.model, &parts);
                exercised.extend(ways);
                Verdict::Valid(Witness { order, exercised })
            }
            Decision::Contradicted { part, found } => {
                let found = counterexample(&self.model, &parts[part], found);
                Verdict::Invalid(Box::new(found))
            }
            Decision::Impossible { part, barrier } => {
                let steps = parts[part].steps();
                Verdict::Invalid(Box::new(explain(&self.model, &steps, barrier, budget)))
            }
            Decision::Open(shortfall) => Verdict::Unknown(shortfall),
        }
    }

    fn decide<'h>(
        &'h self,
        parts: &[Part<'h, M::Domain>],
        history: &'h History<M::Domain>,
        budget: Budget,
        specially: bool,
    ) -> Decision<'h, M> {
        let threads = threads(parts.len(), history.ops().len());
        let mut orders: Vec<Option<Vec<OpId>>> = vec![None; parts.len()];
        let mut ways: Counters = Counters::new();
        if specially {
            let special = |part: &Part<'h, M::Domain>| special(&self.model, part);
            let ends = |found: &Option<Shortcut>| matches!(found, Some(Shortcut::Contradicted(_)));
            let decided = each(threads, parts.iter().collect(), special, ends);
            for (part, decided) in decided.into_iter().enumerate() {
                match decided {
                    Some(Shortcut::Explained { order, by }) => {
                        *ways.entry(format!("parts by {by}")).or_default() += 1;
                        orders[part] = Some(order);
                    }
                    Some(Shortcut::Contradicted(found)) => {
                        return Decision::Contradicted { part, found };
                    }
                    None => {}
                }
            }
        }
        match self.search(threads, parts, &mut orders, budget) {
            Ok(searched) => ways.extend(searched),
            Err(decision) => return decision,
        }
        let order: Vec<OpId> = orders.into_iter().flatten().flatten().collect();
        if let Err(wrong) = replay(&self.model, history, &order) {
            // Only a mistake of ours leads here. Where it may be one of a special case, the search
            // decides in its place; a wrong order never becomes a verdict.
            assert!(
                specially && !cfg!(debug_assertions),
                "an order that was found explains the history, but {wrong}"
            );
            return self.decide(parts, history, budget, false);
        }
        Decision::Explained { order, ways }
    }

    /// Searches the parts that have no order yet, in rounds; how, or a decision that is no "yes".
    ///
    /// In each round all open parts get equal shares of what is left of the budget.
    fn search<'h>(
        &'h self,
        threads: usize,
        parts: &[Part<'h, M::Domain>],
        orders: &mut [Option<Vec<OpId>>],
        budget: Budget,
    ) -> Result<Counters, Decision<'h, M>> {
        let undecided = (0..parts.len()).filter(|&part| orders[part].is_none());
        let mut open: Vec<(usize, Option<Search<'h, M>>)> =
            undecided.map(|part| (part, None)).collect();
        let searched = open.len() as u64;
        let (mut spent, mut limit) = (0, FIRST_ROUND);
        while !open.is_empty() && spent < budget.states {
            let left = budget.states - spent;
            let (share, more) = (left / open.len() as u64, left % open.len() as u64);
            let turn = |(number, (part, search)): (usize, (usize, Option<Search<'h, M>>))| {
                let new = || Search::new(&self.model, &parts[part].steps()).weighed();
                let mut search = search.unwrap_or_else(new);
                let before = search.visited();
                let share = share + u64::from((number as u64) < more);
                let decided = search.advance(limit.min(before + share));
                (part, search.visited() - before, decided, search)
            };
            let numbered = open.into_iter().enumerate().collect();
            open = Vec::new();
            for (part, cost, decided, search) in
                each(threads, numbered, turn, |turn| turn.2 == Some(false))
            {
                spent += cost;
                match decided {
                    Some(true) => orders[part] = Some(search.order()),
                    Some(false) => {
                        let barrier = search.barrier();
                        return Err(Decision::Impossible { part, barrier });
                    }
                    None => open.push((part, Some(search))),
                }
            }
            limit = limit.saturating_mul(4);
        }
        if let Some((part, search)) = open.first() {
            let reached = search.as_ref().map(Search::reached);
            return Err(Decision::Open(Shortfall::OutOfBudget {
                part: parts[*part].label(),
                states: search.as_ref().map_or(0, Search::visited),
                unknown: parts[*part].unknown(),
                window: reached.as_ref().map(|reached| reached.window),
                pending: reached.map_or(0, |reached| reached.pending),
            }));
        }
        let counts = [("parts by search", searched), ("states visited", spent)];
        Ok(counts.map(|(name, count)| (name.to_owned(), count)).into())
    }
}

/// A verdict before it is explained.
enum Decision<'h, M: Model> {
    /// There is an order, found in these ways.
    Explained { order: Vec<OpId>, ways: Counters },
    /// A special case found that a part has none.
    Contradicted { part: usize, found: Contradiction },
    /// The search found that a part has none; no order passes this return.
    Impossible {
        part: usize,
        barrier: Option<Step<'h, M::Domain>>,
    },
    /// The budget was used up.
    Open(Shortfall),
}

impl<M: Model> Checker<M::Domain> for Linearizable<M> {
    fn promise(&self) -> Promise {
        Promise::Linearizable
    }

    fn check(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        self.judge(history, budget)
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
    fn pairs_that_overlap_are_counted_once_each_and_touching_ones_overlap() {
        let lines = [
            write(0, 5, 1),
            write(2, 3, 2),
            write(3, 8, 3),
            write(6, 7, 4),
            (6, 9, Action::Write(Value::Int(5)), Some(Outcome::Unknown)),
        ];
        let Verdict::Valid(witness) = check(&lines, 1_000) else {
            panic!("nothing contradicts writes");
        };
        // 1 with 2 and 3; 2 with 3, at one instant; 3 with 4. What is unknown is not counted.
        assert_eq!(witness.exercised["overlapping pairs"], 4);
        assert_eq!(witness.exercised["unknown outcomes"], 1);
        assert_eq!(witness.exercised["operations"], 4);
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
            window: Some((Time(0), Time(1))),
            pending: 2,
        };
        assert_eq!(
            expected.to_string(),
            "the history not decided after 1 states: no order was found past 1, with 2 operations \
             open since 0; a larger budget would settle it, or fewer clients at a time for each key"
        );
        assert_eq!(verdict, Verdict::Unknown(expected));
    }

    #[test]
    fn parts_share_the_budget() {
        let mut entries = Vec::new();
        for key in ["x", "y"] {
            let writes = [1, 1, 1, 1, 2].map(|value| write(0, 9, value));
            for (_, _, action, outcome) in writes.into_iter().chain([read(10, 11, Value::Int(1))]) {
                let op = OpId(entries.len() as u64 / 2);
                let late = if action == Action::Read { 10 } else { 0 };
                let (at, call) = (
                    Time(late),
                    RegisterCall {
                        key: Some(key.into()),
                        action,
                    },
                );
                let process = Process(op.0);
                entries.push(Entry::Invoke {
                    op,
                    at,
                    process,
                    call,
                });
                let (at, outcome) = (Time(late + 9), outcome.expect("each has an answer"));
                entries.push(Entry::Return { op, at, outcome });
            }
        }
        entries.sort_by_key(Entry::at);
        let history = History::new(entries).expect("each process calls once");
        let judge = Linearizable::new(Registers {
            initial: Value::Nil,
        });
        let Verdict::Unknown(Shortfall::OutOfBudget { states, .. }) =
            judge.check(&history, Budget { states: 4 })
        else {
            panic!("four configurations are not enough for two parts");
        };
        assert_eq!(states, 2);
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
