//! What `acquire` and `release` say in Jepsen's histories of locks.

use super::error::What;
use super::guess::foreign;
use super::keys::{Keyed, Keys, bare};
use super::object::Object;
use super::operation::{Operation, Type};
use super::pairs::{Alphabet, Unfit};
use crate::history::Outcome;
use crate::mutex::{Mutex, MutexAction, MutexCall, MutexRet};

/// The alphabet of locks in Jepsen's words. What an answer carries, as a fencing token, is left out.
#[derive(Debug)]
pub(super) struct Mutexes {
    keyed: Keyed,
}

impl Mutexes {
    pub(super) fn new(keys: Keys) -> Self {
        Mutexes {
            keyed: Keyed::new(keys),
        }
    }
}

impl Alphabet for Mutexes {
    type Domain = Mutex;
    const OBJECT: Object = Object::Mutex;

    fn call(&mut self, op: &Operation) -> Result<MutexCall, What> {
        let action = match op.f_name() {
            Some("acquire") => MutexAction::Acquire,
            Some("release") => MutexAction::Release,
            _ => return Err(foreign(op, Object::Mutex)),
        };
        let (key, value) = self.keyed.split(op)?;
        bare(op, value)?;
        Ok(MutexCall { key, action })
    }

    fn outcome(&mut self, op: &Operation, _: &MutexCall) -> Result<Outcome<MutexRet>, Unfit> {
        Ok(match op.kind {
            Type::Fail => Outcome::Fail,
            _ => Outcome::Ok(MutexRet::Done),
        })
    }
}
