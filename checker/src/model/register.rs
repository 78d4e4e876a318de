//! Registers, one for each key: read, write, compare-and-set.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::keyed;
use super::sequential::{Model, Shortcut};
use crate::history::{History, Op, OpId};
use crate::linear::zones;
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// Independent registers that all begin with the same value.
///
/// One model serves plain registers and cas-registers: without a compare-and-set in the history they
/// are the same object. Who was promised a plain register builds it with [`Registers::plain`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    /// What a register holds before its first write.
    pub initial: Value,
}

/// A history of plain registers contains a compare-and-set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CasFound {
    /// The first one.
    pub op: OpId,
    /// Its entry in the history, counted from 1.
    pub line: usize,
}

impl fmt::Display for CasFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CasFound { op, line } = self;
        write!(
            f,
            "line {line}: {op} is a cas, and a plain register has none"
        )
    }
}

impl std::error::Error for CasFound {}

impl Registers {
    /// The model of a history that must not contain a compare-and-set, O(n).
    ///
    /// # Errors
    /// The first compare-and-set of the history, whatever its outcome.
    pub fn plain(initial: Value, history: &History<Register>) -> Result<Self, CasFound> {
        let cas = history
            .ops()
            .iter()
            .find(|op| matches!(op.call.action, Action::Cas(..)));
        match cas {
            Some(op) => Err(CasFound {
                op: op.id,
                line: op.line,
            }),
            None => Ok(Registers { initial }),
        }
    }
}

impl Model for Registers {
    type Domain = Register;
    type State = Value;

    fn initial(&self) -> Value {
        self.initial.clone()
    }

    #[inline]
    fn step(&self, state: &Value, call: &RegisterCall, ret: Option<&RegisterRet>) -> Option<Value> {
        use RegisterRet::{Done, Mismatch, Unseen};
        match (&call.action, ret) {
            (Action::Read, None | Some(Unseen)) => Some(state.clone()),
            (Action::Read, Some(RegisterRet::Value(seen))) if seen == state => Some(state.clone()),
            (Action::Write(value), None | Some(Done)) => Some(value.clone()),
            (Action::Cas(from, to), None | Some(Done)) if from == state => Some(to.clone()),
            (Action::Cas(from, _), None | Some(Mismatch)) if from != state => Some(state.clone()),
            _ => None,
        }
    }

    #[inline]
    fn advance(&self, state: &mut Value, call: &RegisterCall, ret: Option<&RegisterRet>) -> bool {
        use RegisterRet::{Done, Mismatch, Unseen};
        match (&call.action, ret) {
            (Action::Read, None | Some(Unseen)) => true,
            (Action::Read, Some(RegisterRet::Value(seen))) => seen == state,
            (Action::Write(value), None | Some(Done)) => {
                state.clone_from(value);
                true
            }
            (Action::Cas(from, to), None | Some(Done)) if from == state => {
                state.clone_from(to);
                true
            }
            (Action::Cas(from, _), None | Some(Mismatch)) => from != state,
            _ => false,
        }
    }

    #[inline]
    fn part<'a>(&self, call: &'a RegisterCall) -> Cow<'a, str> {
        keyed::part(call.key.as_deref())
    }

    #[inline]
    fn reads_only(&self, call: &RegisterCall, ret: Option<&RegisterRet>) -> bool {
        match &call.action {
            Action::Read => true,
            Action::Write(_) => false,
            Action::Cas(from, to) => from == to || ret == Some(&RegisterRet::Mismatch),
        }
    }

    #[inline]
    fn refutable(&self, call: &RegisterCall, ret: &RegisterRet) -> bool {
        !matches!(
            (&call.action, ret),
            (Action::Read, RegisterRet::Unseen) | (Action::Write(_), RegisterRet::Done)
        )
    }

    /// A write whose value no answer depends on can only be hidden by the next write. A mismatch
    /// depends on every value but one.
    fn unobserved(
        &self,
        calls: &[&RegisterCall],
        answered: &[(&RegisterCall, &RegisterRet)],
    ) -> Vec<bool> {
        let room = answered.len().min(ROOM_MAX);
        let mut seen: FxHashSet<&Value> = FxHashSet::with_capacity_and_hasher(room, FxBuildHasher);
        let mut mismatched: FxHashSet<&Value> = FxHashSet::default();
        for (call, ret) in answered {
            match (&call.action, ret) {
                (Action::Read, RegisterRet::Value(value)) => {
                    seen.insert(value);
                }
                (Action::Cas(from, _), RegisterRet::Mismatch) => {
                    mismatched.insert(from);
                }
                (Action::Cas(from, _), _) => {
                    seen.insert(from);
                }
                (Action::Read | Action::Write(_), _) => {}
            }
        }
        let mut observed = Observed { seen, mismatched };
        // An unknown cas whose new value matters makes its old value matter.
        while calls.iter().any(|call| match &call.action {
            Action::Cas(from, to) => observed.has(to) && observed.seen.insert(from),
            Action::Read | Action::Write(_) => false,
        }) {}
        let useless = |call: &&RegisterCall| match &call.action {
            Action::Read => true,
            Action::Write(value) => !observed.has(value),
            Action::Cas(from, to) => from == to || !observed.has(to),
        };
        calls.iter().map(useless).collect()
    }

    /// A value that is not there has to be written, or another one where it is in the way. What a
    /// compare-and-set needs to find is taken to be there.
    fn within_reach(
        &self,
        state: &Value,
        call: &RegisterCall,
        ret: &RegisterRet,
        mut means: &mut dyn Iterator<Item = &RegisterCall>,
    ) -> bool {
        let fits = |value: &Value| match (&call.action, ret) {
            (Action::Read, RegisterRet::Value(seen)) => value == seen,
            (Action::Cas(from, _), RegisterRet::Done) => value == from,
            (Action::Cas(from, _), RegisterRet::Mismatch) => value != from,
            _ => true,
        };
        let leads = |means: &RegisterCall| match &means.action {
            Action::Read => false,
            Action::Write(value) | Action::Cas(_, value) => fits(value),
        };
        fits(state) || Iterator::any(&mut means, leads)
    }

    /// By zones, where no value that was seen is written twice.
    fn shortcut(&self, ops: &[&Op<Register>]) -> Option<Shortcut> {
        zones::registers(&self.initial, ops)
    }

    fn state_label(&self, state: &Value) -> String {
        state.to_string()
    }
}

/// For how many values that were seen there is room from the start.
const ROOM_MAX: usize = 64;

struct Observed<'h> {
    seen: FxHashSet<&'h Value>,
    mismatched: FxHashSet<&'h Value>,
}

impl Observed<'_> {
    fn has(&self, value: &Value) -> bool {
        let others = self.mismatched.len() - usize::from(self.mismatched.contains(value));
        self.seen.contains(value) || others > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Entry, Process, Time};

    fn call(action: Action) -> RegisterCall {
        RegisterCall { key: None, action }
    }

    fn after(state: i64, action: Action, ret: impl Into<Option<RegisterRet>>) -> Option<Value> {
        let model = Registers {
            initial: Value::Nil,
        };
        model.step(&Value::Int(state), &call(action), ret.into().as_ref())
    }

    fn int(number: i64) -> Value {
        Value::Int(number)
    }

    #[test]
    fn each_call_answers_as_a_register_does() {
        let cas = || Action::Cas(int(1), int(2));
        let value = |n| Some(RegisterRet::Value(int(n)));
        assert_eq!(after(1, Action::Read, value(1)), Some(int(1)));
        assert_eq!(after(1, Action::Read, value(2)), None);
        assert_eq!(
            after(1, Action::Read, Some(RegisterRet::Unseen)),
            Some(int(1))
        );
        assert_eq!(after(1, Action::Read, Some(RegisterRet::Done)), None);
        assert_eq!(
            after(1, Action::Write(int(3)), Some(RegisterRet::Done)),
            Some(int(3))
        );
        assert_eq!(after(1, Action::Write(int(3)), value(3)), None);
        assert_eq!(after(1, cas(), Some(RegisterRet::Done)), Some(int(2)));
        assert_eq!(after(3, cas(), Some(RegisterRet::Done)), None);
        assert_eq!(after(1, cas(), Some(RegisterRet::Mismatch)), None);
        assert_eq!(after(3, cas(), Some(RegisterRet::Mismatch)), Some(int(3)));
        assert_eq!(after(1, cas(), Some(RegisterRet::Unseen)), None);
    }

    #[test]
    fn an_unknown_cas_replaces_where_it_can() {
        assert_eq!(after(1, Action::Cas(int(1), int(2)), None), Some(int(2)));
        assert_eq!(after(3, Action::Cas(int(1), int(2)), None), Some(int(3)));
    }

    #[test]
    fn a_plain_register_refuses_a_cas_even_if_it_failed() {
        let entries = vec![Entry::Invoke {
            op: OpId(7),
            at: Time(0),
            process: Process(0),
            call: call(Action::Cas(int(1), int(2))),
        }];
        let history = History::new(entries).expect("well formed");
        assert_eq!(
            Registers::plain(Value::Nil, &history),
            Err(CasFound {
                op: OpId(7),
                line: 1
            })
        );
    }

    #[test]
    fn an_unseen_write_is_left_out_unless_a_chain_of_cas_leads_to_an_answer() {
        let model = Registers {
            initial: Value::Nil,
        };
        let unknown = [
            call(Action::Write(int(1))),
            call(Action::Cas(int(1), int(2))),
            call(Action::Cas(int(2), int(3))),
            call(Action::Write(int(9))),
            call(Action::Read),
        ];
        let unknown: Vec<&RegisterCall> = unknown.iter().collect();
        let (read, three) = (call(Action::Read), RegisterRet::Value(int(3)));
        assert_eq!(
            model.unobserved(&unknown, &[(&read, &three)]),
            [false, false, false, true, true]
        );
        let (cas, missed) = (call(Action::Cas(int(9), int(5))), RegisterRet::Mismatch);
        assert_eq!(
            model.unobserved(&unknown, &[(&cas, &missed)]),
            [false, false, false, true, true]
        );
    }

    #[test]
    fn a_value_is_out_of_reach_if_nothing_writes_it() {
        let (write, swap) = (
            call(Action::Write(int(2))),
            call(Action::Cas(int(7), int(3))),
        );
        let model = Registers {
            initial: Value::Nil,
        };
        let reached = |action, ret: &RegisterRet, means: &[&RegisterCall]| {
            model.within_reach(&int(1), &call(action), ret, &mut means.iter().copied())
        };
        for (seen, reachable) in [(1, true), (2, true), (3, true), (4, false), (7, false)] {
            let read = RegisterRet::Value(int(seen));
            assert_eq!(reached(Action::Read, &read, &[&swap, &write]), reachable);
            let (cas, done) = (Action::Cas(int(seen), int(9)), RegisterRet::Done);
            assert_eq!(reached(cas, &done, &[&swap, &write]), reachable);
        }
        let missed = |means: &RegisterCall| {
            let cas = Action::Cas(int(1), int(9));
            reached(cas, &RegisterRet::Mismatch, &[means])
        };
        assert!(missed(&write) && !missed(&call(Action::Write(int(1)))));
    }
}
