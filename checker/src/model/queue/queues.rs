//! What a queue does, one call at a time.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use crate::history::Op;
use crate::model::keyed;
use crate::model::sequential::{Model, Shortcut};
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};
use crate::register::Value;

/// Independent first-in-first-out queues that begin empty.
///
/// A state is the whole queue, so a search costs memory in proportion to states times length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queues;

impl Model for Queues {
    type Domain = Queue;
    type State = VecDeque<Value>;

    fn initial(&self) -> VecDeque<Value> {
        VecDeque::new()
    }

    fn step(
        &self,
        state: &VecDeque<Value>,
        call: &QueueCall,
        ret: Option<&QueueRet>,
    ) -> Option<VecDeque<Value>> {
        match &call.action {
            QueueAction::Enqueue(value) => {
                if ret.is_some_and(|ret| *ret != QueueRet::Done) {
                    return None;
                }
                let mut after = state.clone();
                after.push_back(value.clone());
                Some(after)
            }
            QueueAction::Dequeue => {
                let possible = match (ret, state.front()) {
                    (None, _) => true,
                    (Some(QueueRet::Value(value)), Some(front)) => value == front,
                    (Some(QueueRet::Empty), None) => true,
                    (Some(_), _) => false,
                };
                possible.then(|| state.iter().skip(1).cloned().collect())
            }
        }
    }

    fn part<'a>(&self, call: &'a QueueCall) -> Cow<'a, str> {
        keyed::part(call.key.as_deref())
    }

    fn reads_only(&self, call: &QueueCall, ret: Option<&QueueRet>) -> bool {
        call.action == QueueAction::Dequeue && ret == Some(&QueueRet::Empty)
    }

    fn refutable(&self, call: &QueueCall, ret: &QueueRet) -> bool {
        call.action == QueueAction::Dequeue || *ret != QueueRet::Done
    }

    /// A value that no answer gives away stands in the way of others, unless a dequeue of unknown outcome
    /// takes it: without the value that dequeue would take another one.
    fn unobserved(&self, calls: &[&QueueCall], answered: &[(&QueueCall, &QueueRet)]) -> Vec<bool> {
        let given = answered.iter().filter_map(|(_, ret)| match ret {
            QueueRet::Value(value) => Some(value),
            QueueRet::Done | QueueRet::Empty => None,
        });
        let given: BTreeSet<&Value> = given.collect();
        let takes = calls.iter().any(|call| call.action == QueueAction::Dequeue);
        let useless = |call: &&QueueCall| match &call.action {
            QueueAction::Enqueue(value) => !takes && !given.contains(value),
            QueueAction::Dequeue => answered.is_empty(),
        };
        calls.iter().map(useless).collect()
    }

    /// To find nothing, a dequeue is needed if there is a value; to find a value, it must be there or put
    /// in, and what is in front of it taken out. Each call is taken to be there as often as it is needed.
    fn within_reach(
        &self,
        state: &VecDeque<Value>,
        _call: &QueueCall,
        ret: &QueueRet,
        means: &mut dyn Iterator<Item = &QueueCall>,
    ) -> bool {
        let (mut in_time, mut at_front) = match ret {
            QueueRet::Done => return true,
            QueueRet::Empty => (true, state.is_empty()),
            QueueRet::Value(value) => {
                let at_front = state.front().is_none_or(|front| front == value);
                (state.contains(value), at_front)
            }
        };
        while !(in_time && at_front) {
            match (means.next().map(|means| &means.action), ret) {
                (Some(QueueAction::Dequeue), _) => at_front = true,
                (Some(QueueAction::Enqueue(put)), QueueRet::Value(value)) => {
                    in_time |= put == value;
                }
                (Some(QueueAction::Enqueue(_)), _) => {}
                (None, _) => return false,
            }
        }
        true
    }

    /// A value takes about a quarter of what a configuration takes.
    fn weight(&self, state: &VecDeque<Value>) -> u64 {
        state.len() as u64 / 4
    }

    fn shortcut(&self, ops: &[&Op<Queue>]) -> Option<Shortcut> {
        super::order::decide(ops)
    }

    fn state_label(&self, state: &VecDeque<Value>) -> String {
        if state.is_empty() {
            return "empty".into();
        }
        let values: Vec<String> = state.iter().map(Value::to_string).collect();
        values.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: QueueAction) -> QueueCall {
        QueueCall { key: None, action }
    }

    fn enqueue(number: i64) -> QueueCall {
        call(QueueAction::Enqueue(Value::Int(number)))
    }

    fn dequeue() -> QueueCall {
        call(QueueAction::Dequeue)
    }

    fn value(number: i64) -> QueueRet {
        QueueRet::Value(Value::Int(number))
    }

    #[test]
    fn each_call_answers_as_a_queue_does() {
        use QueueRet::{Done, Empty};
        for (held, call, ret, expected) in [
            (vec![1], enqueue(2), Some(Done), Some(vec![1, 2])),
            (vec![1], enqueue(2), None, Some(vec![1, 2])),
            (vec![1], enqueue(2), Some(Empty), None),
            (vec![1, 2], dequeue(), Some(value(1)), Some(vec![2])),
            (vec![1, 2], dequeue(), Some(value(2)), None),
            (vec![1, 2], dequeue(), Some(Empty), None),
            (vec![1, 2], dequeue(), Some(Done), None),
            (vec![1, 2], dequeue(), None, Some(vec![2])),
            (vec![], dequeue(), Some(Empty), Some(vec![])),
            (vec![], dequeue(), Some(value(1)), None),
            (vec![], dequeue(), None, Some(vec![])),
        ] {
            let of = |numbers: Vec<i64>| numbers.into_iter().map(Value::Int).collect();
            let found = Queues.step(&of(held.clone()), &call, ret.as_ref());
            assert_eq!(found, expected.map(of), "{held:?} {call:?} {ret:?}");
        }
    }

    #[test]
    fn an_enqueue_is_left_out_if_no_one_can_have_taken_its_value() {
        let (one, two, take) = (enqueue(1), enqueue(2), dequeue());
        let (got, seen) = (dequeue(), value(1));
        let answered = [(&got, &seen)];
        assert_eq!(
            Queues.unobserved(&[&one, &two], &answered),
            [false, true],
            "nothing takes 2"
        );
        assert_eq!(
            Queues.unobserved(&[&one, &two, &take], &answered),
            [false; 3],
            "the dequeue may take 2"
        );
        assert_eq!(Queues.unobserved(&[&take], &[]), [true]);
    }

    #[test]
    fn nothing_is_found_only_after_a_dequeue() {
        let held: VecDeque<Value> = [1, 2].map(Value::Int).into();
        let (take, put) = (dequeue(), enqueue(3));
        let reached = |held: &VecDeque<Value>, ret: &QueueRet, means: &[&QueueCall]| {
            Queues.within_reach(held, &take, ret, &mut means.iter().copied())
        };
        assert!(reached(&held, &QueueRet::Empty, &[&put, &take]));
        assert!(!reached(&held, &QueueRet::Empty, &[&put]));
        assert!(reached(&VecDeque::new(), &QueueRet::Empty, &[]));
    }

    #[test]
    fn a_value_is_found_only_if_it_is_there_or_put_in_and_nothing_stays_in_front() {
        let held: VecDeque<Value> = [1, 2].map(Value::Int).into();
        let (take, put) = (dequeue(), enqueue(3));
        let reached = |held: &VecDeque<Value>, number, means: &[&QueueCall]| {
            Queues.within_reach(held, &take, &value(number), &mut means.iter().copied())
        };
        assert!(reached(&held, 1, &[]));
        assert!(!reached(&held, 2, &[&put]), "1 is in front");
        assert!(reached(&held, 2, &[&take]));
        assert!(!reached(&held, 3, &[&take]) && !reached(&held, 3, &[&put]));
        assert!(reached(&held, 3, &[&put, &take]));
        assert!(reached(&VecDeque::new(), 3, &[&put]));
        assert!(!reached(&VecDeque::new(), 7, &[&put, &take]));
    }

    #[test]
    fn a_state_is_said_from_its_front() {
        let label = |numbers: &[i64]| {
            Queues.state_label(&numbers.iter().map(|&number| Value::Int(number)).collect())
        };
        assert_eq!((label(&[]), label(&[2, 1])), ("empty".into(), "2 1".into()));
    }
}
