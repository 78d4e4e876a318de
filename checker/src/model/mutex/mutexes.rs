//! What a lock does, one call at a time.

use std::borrow::Cow;

use crate::history::Op;
use crate::model::keyed;
use crate::model::sequential::{Model, Shortcut};
use crate::mutex::{Mutex, MutexAction, MutexCall, MutexRet};

/// Independent locks that begin free.
///
/// A lock is acquired only if it is free and released only if it is held, by whomever: who holds it is
/// not asked, as in Knossos' model. A call that cannot do this has no effect at that moment; one that
/// waits takes effect when it no longer has to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mutexes;

/// What a lock remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Nobody holds it.
    Free,
    /// Somebody holds it.
    Held,
}

impl Model for Mutexes {
    type Domain = Mutex;
    type State = Lock;

    fn initial(&self) -> Lock {
        Lock::Free
    }

    fn step(&self, state: &Lock, call: &MutexCall, ret: Option<&MutexRet>) -> Option<Lock> {
        let (before, after) = match call.action {
            MutexAction::Acquire => (Lock::Free, Lock::Held),
            MutexAction::Release => (Lock::Held, Lock::Free),
        };
        (ret.is_none() || *state == before).then_some(after)
    }

    fn part<'a>(&self, call: &'a MutexCall) -> Cow<'a, str> {
        keyed::part(call.key.as_deref())
    }

    fn refutable(&self, _call: &MutexCall, _ret: &MutexRet) -> bool {
        true
    }

    /// Every answer tells the lock's state.
    fn unobserved(&self, calls: &[&MutexCall], answered: &[(&MutexCall, &MutexRet)]) -> Vec<bool> {
        vec![answered.is_empty(); calls.len()]
    }

    fn shortcut(&self, ops: &[&Op<Mutex>]) -> Option<Shortcut> {
        super::turns::decide(ops)
    }

    fn state_label(&self, state: &Lock) -> String {
        match state {
            Lock::Free => "free".into(),
            Lock::Held => "held".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_answers_as_a_lock_does() {
        use Lock::{Free, Held};
        use MutexAction::{Acquire, Release};
        let done = Some(MutexRet::Done);
        for (state, action, ret, expected) in [
            (Free, Acquire, done, Some(Held)),
            (Held, Acquire, done, None),
            (Held, Release, done, Some(Free)),
            (Free, Release, done, None),
            // Without an answer, what could not be done was not done.
            (Free, Acquire, None, Some(Held)),
            (Held, Acquire, None, Some(Held)),
            (Held, Release, None, Some(Free)),
            (Free, Release, None, Some(Free)),
        ] {
            let call = MutexCall { key: None, action };
            let found = Mutexes.step(&state, &call, ret.as_ref());
            assert_eq!(found, expected, "{state:?} {action:?} {ret:?}");
        }
        assert_eq!(Mutexes.initial(), Free);
        assert_eq!(Mutexes.state_label(&Held), "held");
    }

    #[test]
    fn unknown_calls_are_left_out_only_where_nothing_was_answered() {
        let acquire = MutexCall {
            key: None,
            action: MutexAction::Acquire,
        };
        let answered = [(&acquire, &MutexRet::Done)];
        assert_eq!(Mutexes.unobserved(&[&acquire], &answered), [false]);
        assert_eq!(Mutexes.unobserved(&[&acquire], &[]), [true]);
    }
}
