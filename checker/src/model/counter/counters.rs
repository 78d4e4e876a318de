//! What a counter does, one call at a time.

use std::borrow::Cow;

use crate::counter::{Counter, CounterAction, CounterCall, CounterRet};
use crate::history::Op;
use crate::model::keyed;
use crate::model::sequential::{Model, Shortcut};

/// Independent counters that all begin with the same number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// What a counter says before the first add.
    pub initial: i64,
}

impl Model for Counters {
    type Domain = Counter;
    /// Wider than what can be added, so that no sum of adds overflows.
    type State = i128;

    fn initial(&self) -> i128 {
        self.initial.into()
    }

    fn step(&self, state: &i128, call: &CounterCall, ret: Option<&CounterRet>) -> Option<i128> {
        let after = match call.action {
            CounterAction::Add(by) => state + i128::from(by),
            CounterAction::Read => *state,
        };
        let possible = match (call.action, ret) {
            (_, None) => true,
            (_, Some(CounterRet::Value(value))) => i128::from(*value) == after,
            (CounterAction::Add(_), Some(ret)) => *ret == CounterRet::Done,
            (CounterAction::Read, Some(ret)) => *ret == CounterRet::Unseen,
        };
        possible.then_some(after)
    }

    fn part<'a>(&self, call: &'a CounterCall) -> Cow<'a, str> {
        keyed::part(call.key.as_deref())
    }

    fn reads_only(&self, call: &CounterCall, _ret: Option<&CounterRet>) -> bool {
        matches!(call.action, CounterAction::Read | CounterAction::Add(0))
    }

    fn refutable(&self, call: &CounterCall, ret: &CounterRet) -> bool {
        !matches!(
            (call.action, ret),
            (CounterAction::Add(_), CounterRet::Done) | (CounterAction::Read, CounterRet::Unseen)
        )
    }

    /// Every value shows every add.
    fn unobserved(
        &self,
        calls: &[&CounterCall],
        answered: &[(&CounterCall, &CounterRet)],
    ) -> Vec<bool> {
        let valued = |ret: &CounterRet| matches!(ret, CounterRet::Value(_));
        let shown = answered.iter().any(|(_, ret)| valued(ret));
        let useless = |call: &&CounterCall| !shown || self.reads_only(call, None);
        calls.iter().map(useless).collect()
    }

    /// Lower only if something is taken away, higher only if something is added. Each call is taken to be
    /// there as often as it is needed.
    fn within_reach(
        &self,
        state: &i128,
        call: &CounterCall,
        ret: &CounterRet,
        mut means: &mut dyn Iterator<Item = &CounterCall>,
    ) -> bool {
        let CounterRet::Value(value) = ret else {
            return true;
        };
        let by = match call.action {
            CounterAction::Add(by) => i128::from(by),
            CounterAction::Read => 0,
        };
        let wanted = (i128::from(*value) - by).cmp(state);
        let leads = |call: &CounterCall| match call.action {
            CounterAction::Add(by) => by.cmp(&0) == wanted,
            CounterAction::Read => false,
        };
        wanted.is_eq() || Iterator::any(&mut means, leads)
    }

    fn shortcut(&self, ops: &[&Op<Counter>]) -> Option<Shortcut> {
        super::equal::decide(self.initial, ops)
    }

    fn state_label(&self, state: &i128) -> String {
        state.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: CounterAction) -> CounterCall {
        CounterCall { key: None, action }
    }

    #[test]
    fn each_call_answers_as_a_counter_does() {
        use CounterAction::{Add, Read};
        use CounterRet::{Done, Unseen, Value};
        for (action, ret, expected) in [
            (Add(2), Some(Done), Some(7)),
            (Add(2), None, Some(7)),
            (Add(-2), Some(Value(3)), Some(3)),
            (Add(2), Some(Value(5)), None),
            (Add(2), Some(Unseen), None),
            (Read, Some(Value(5)), Some(5)),
            (Read, Some(Value(4)), None),
            (Read, Some(Unseen), Some(5)),
            (Read, Some(Done), None),
            (Read, None, Some(5)),
        ] {
            let found = Counters { initial: 0 }.step(&5, &call(action), ret.as_ref());
            assert_eq!(found, expected, "{action:?} {ret:?}");
        }
    }

    #[test]
    fn a_counter_begins_where_it_is_said_to_and_does_not_overflow() {
        let model = Counters { initial: i64::MAX };
        let add = call(CounterAction::Add(i64::MAX));
        let after = model.step(&model.initial(), &add, None);
        assert_eq!(after, Some(2 * i128::from(i64::MAX)));
    }

    #[test]
    fn an_unknown_add_is_left_out_only_if_no_value_was_seen() {
        let calls = [
            call(CounterAction::Add(1)),
            call(CounterAction::Add(0)),
            call(CounterAction::Read),
        ];
        let calls: Vec<&CounterCall> = calls.iter().collect();
        let (add, read) = (call(CounterAction::Add(3)), call(CounterAction::Read));
        let (done, value) = (CounterRet::Done, CounterRet::Value(3));
        let model = Counters::default();
        assert_eq!(model.unobserved(&calls, &[(&add, &done)]), [true; 3]);
        for seen in [(&read, &value), (&add, &value)] {
            assert_eq!(model.unobserved(&calls, &[seen]), [false, true, true]);
        }
    }

    #[test]
    fn a_value_is_out_of_reach_if_nothing_leads_its_way() {
        let (more, less) = (call(CounterAction::Add(2)), call(CounterAction::Add(-3)));
        let read = call(CounterAction::Read);
        for (value, means, reached) in [
            (5, vec![&read], true),
            (4, vec![&more, &read], false),
            (4, vec![&more, &less], true),
            (6, vec![&less, &read], false),
            (9, vec![&more], true),
        ] {
            let ret = CounterRet::Value(value);
            let mut means = means.into_iter();
            let found = Counters::default().within_reach(&5, &read, &ret, &mut means);
            assert_eq!(found, reached, "{value}");
        }
        // An add tells what it has left.
        let tells = |value| {
            let ret = CounterRet::Value(value);
            Counters::default().within_reach(&5, &more, &ret, &mut std::iter::empty())
        };
        assert!(tells(7) && !tells(5) && !tells(9));
    }
}
