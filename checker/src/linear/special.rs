//! What a model's special case says about a part, and whether it can be believed.

use rustc_hash::FxHashSet;

use super::explain::sentence;
use super::part::Part;
use super::search::Search;
use crate::domain::Domain;
use crate::history::{Op, OpId};
use crate::model::{Contradiction, Model, Shortcut};
use crate::verdict::{Counterexample, Promise};

/// A contradiction in a part of more operations is not held against the search: looking at all of them
/// once more would cost more than finding it did.
const OPS_VERIFIED: usize = 10_000;

/// How many configurations may be visited to confirm a contradiction.
const STATES_VERIFIED: u64 = 10_000;

/// The special case of the model, if it decides the part.
///
/// A contradiction of a part that is not large is confirmed by the search: of this part, no more than
/// the operations that it names must take effect, and they have no order. One that is not confirmed is
/// a mistake in the special case, and decides nothing. Orders are left to be replayed by the caller.
pub(crate) fn special<M: Model>(model: &M, part: &Part<'_, M::Domain>) -> Option<Shortcut> {
    let decided = model.shortcut(&part.ops)?;
    if let Shortcut::Contradicted(found) = &decided
        && part.ops.len() <= OPS_VERIFIED
        && possible(model, part, &found.ops) == Some(true)
    {
        debug_assert!(
            false,
            "a contradiction leaves no order, but there is one: {found:?}"
        );
        return None;
    }
    Some(decided)
}

/// Whether the part has an order if only these of its operations must take effect; `None` if that is
/// not settled within the limit.
pub(crate) fn possible<M: Model>(
    model: &M,
    part: &Part<'_, M::Domain>,
    ops: &[OpId],
) -> Option<bool> {
    let ops: FxHashSet<OpId> = ops.iter().copied().collect();
    let steps = part.steps().into_iter();
    let weaker = steps.map(|step| {
        if ops.contains(&step.op.id) {
            step
        } else {
            step.relaxed()
        }
    });
    Search::new(model, &weaker.collect::<Vec<_>>()).advance(STATES_VERIFIED)
}

/// A contradiction as reports show it.
pub(crate) fn counterexample<M: Model>(
    model: &M,
    part: &Part<'_, M::Domain>,
    found: Contradiction,
) -> Counterexample {
    let ops: FxHashSet<OpId> = found.ops.iter().copied().collect();
    let named = part.ops.iter().filter(|op| ops.contains(&op.id));
    let named: Vec<&Op<M::Domain>> = named.copied().collect();
    let key = named.first().and_then(|op| M::Domain::key(&op.call));
    Counterexample {
        promise: Promise::Linearizable,
        part: String::new(),
        sentence: sentence(model, &named, key),
        key: key.map(Into::into),
        ops: named.iter().map(|op| op.id).collect(),
        reasons: found.facts,
        cause: format!("linearizable: {}", found.kind),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::super::checker::Linearizable;
    use crate::history::{Entry, History, Op, OpId, Outcome, Process, Time};
    use crate::model::{Contradiction, Model, Registers, Shortcut};
    use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
    use crate::verdict::{Budget, Checker, Verdict};

    /// A register with a special case that says what it was told to.
    struct Told(Shortcut);

    const REGISTER: Registers = Registers {
        initial: Value::Nil,
    };

    impl Model for Told {
        type Domain = Register;
        type State = Value;

        fn initial(&self) -> Value {
            REGISTER.initial()
        }

        fn step(
            &self,
            state: &Value,
            call: &RegisterCall,
            ret: Option<&RegisterRet>,
        ) -> Option<Value> {
            REGISTER.step(state, call, ret)
        }

        fn part<'a>(&self, call: &'a RegisterCall) -> Cow<'a, str> {
            REGISTER.part(call)
        }

        fn refutable(&self, call: &RegisterCall, ret: &RegisterRet) -> bool {
            REGISTER.refutable(call, ret)
        }

        fn shortcut(&self, _ops: &[&Op<Register>]) -> Option<Shortcut> {
            Some(self.0.clone())
        }
    }

    /// A write of 1, and behind it a read of this value.
    fn verdict(told: Shortcut, seen: i64) -> Verdict {
        let calls = [
            (Action::Write(Value::Int(1)), RegisterRet::Done),
            (Action::Read, RegisterRet::Value(Value::Int(seen))),
        ];
        let mut entries = Vec::new();
        for (number, (action, ret)) in calls.into_iter().enumerate() {
            let (op, at) = (OpId(number as u64), number as u64 * 10);
            entries.push(Entry::Invoke {
                op,
                at: Time(at),
                process: Process(0),
                call: RegisterCall { key: None, action },
            });
            let (at, outcome) = (Time(at + 5), Outcome::Ok(ret));
            entries.push(Entry::Return { op, at, outcome });
        }
        let history = History::new(entries).expect("one call after the other");
        Linearizable::new(Told(told)).check(&history, Budget::default())
    }

    fn explained(order: &[u64]) -> Shortcut {
        Shortcut::Explained {
            order: order.iter().copied().map(OpId).collect(),
            by: "hearsay",
        }
    }

    fn contradicted() -> Shortcut {
        Shortcut::Contradicted(Contradiction {
            by: "hearsay",
            ops: vec![OpId(1)],
            facts: Vec::new(),
            kind: "hearsay",
        })
    }

    #[test]
    fn what_a_special_case_decides_is_the_verdict_and_says_who_decided() {
        let Verdict::Valid(witness) = verdict(explained(&[0, 1]), 1) else {
            panic!("the order explains the history");
        };
        assert_eq!(witness.exercised["parts by hearsay"], 1);
        assert_eq!(witness.exercised["parts by search"], 0);
        assert_eq!(witness.exercised["states visited"], 0);
        let verdict = verdict(contradicted(), 2);
        let found = verdict.counterexample().expect("nobody wrote 2");
        assert_eq!(found.ops, [OpId(1)]);
        assert_eq!(found.cause, "linearizable: hearsay");
    }

    #[test]
    #[should_panic(expected = "an order that was found explains the history, but op 1")]
    fn a_wrong_order_is_not_believed() {
        let _ = verdict(explained(&[1, 0]), 1);
    }

    #[test]
    #[should_panic(expected = "a contradiction leaves no order, but there is one")]
    fn a_wrong_contradiction_is_not_believed() {
        let _ = verdict(contradicted(), 1);
    }
}
