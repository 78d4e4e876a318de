//! What a recording can be about, and how a user says which.

use std::fmt;
use std::str::FromStr;

use crate::append::Append;
use crate::counter::Counter;
use crate::domain::Domain;
use crate::kv::Kv;
use crate::mutex::Mutex;
use crate::queue::Queue;
use crate::register::Register;
use crate::set::Set;
use crate::txn::Txn;

/// What a recording is about. Names on flags are those of [`Object::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Object {
    /// Registers: read, write, cas.
    Register,
    /// Sets: add, remove, contains, read.
    Set,
    /// Counters: add, read.
    Counter,
    /// Queues: enqueue, dequeue, drain.
    Queue,
    /// Locks: acquire, release.
    Mutex,
    /// Transactions over lists and registers.
    Txn,
    /// Strings by key: get, put, append.
    Append,
    /// A store that keeps siblings.
    Kv,
}

impl Object {
    /// Every object that a recording can be about.
    pub const ALL: [Object; 8] = [
        Object::Register,
        Object::Set,
        Object::Counter,
        Object::Queue,
        Object::Mutex,
        Object::Txn,
        Object::Append,
        Object::Kv,
    ];

    /// The word for flags: that of its [`Domain`].
    pub fn name(self) -> &'static str {
        match self {
            Object::Register => Register::NAME,
            Object::Set => Set::NAME,
            Object::Counter => Counter::NAME,
            Object::Queue => Queue::NAME,
            Object::Mutex => Mutex::NAME,
            Object::Txn => Txn::NAME,
            Object::Append => Append::NAME,
            Object::Kv => Kv::NAME,
        }
    }
}

impl Object {
    pub(super) fn named(name: &str) -> Option<Object> {
        Object::ALL.into_iter().find(|object| object.name() == name)
    }
}

/// Names in one phrase: `register, set, counter`.
pub(super) fn listed(objects: impl IntoIterator<Item = Object>) -> String {
    let names: Vec<&str> = objects.into_iter().map(Object::name).collect();
    names.join(", ")
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Object {
    type Err = UnknownObject;

    fn from_str(name: &str) -> Result<Self, UnknownObject> {
        Object::named(name).ok_or_else(|| UnknownObject(name.into()))
    }
}

/// A name that no object has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("object {0:?} is none of {names}", names = listed(Object::ALL))]
pub struct UnknownObject(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for object in Object::ALL {
            assert_eq!(object.name().parse(), Ok(object));
        }
        assert_eq!(
            "lock"
                .parse::<Object>()
                .expect_err("no such object")
                .to_string(),
            "object \"lock\" is none of register, set, counter, queue, mutex, txn, kv-append, kv"
        );
    }
}
