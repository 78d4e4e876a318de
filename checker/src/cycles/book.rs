//! A history of transactions by the key: who did what to it, in the order of the calls.

use rustc_hash::FxHashMap;

use crate::history::{History, Op, Outcome};
use crate::register::Value;
use crate::txn::{Ask, Told, Txn};

/// Stands for "no transaction", "no place".
pub(super) const NONE: u32 = u32::MAX;

/// One part of a transaction: which transaction, by its place, and which of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) txn: u32,
    pub(super) index: u32,
}

/// What a part did to its key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Did<'h> {
    /// It wrote or appended this.
    Wrote(&'h Value),
    /// It read this.
    Read(&'h Told),
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nobody wrote to it or read anything from it.
    Nothing,
    List,
    Register,
    /// Sometimes a list and sometimes a register: nothing can be said of it.
    Both,
}

/// How sure it is that a transaction took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    Failed,
    Unknown,
}

/// All parts that say something, by key. Reads say something only in committed transactions.
#[derive(Debug)]
pub(super) struct Book<'h> {
    pub(super) ops: &'h [Op<Txn>],
    keys: Vec<&'h Value>,
    numbers: FxHashMap<&'h Value, u32>,
    holds: Vec<u8>,
    starts: Vec<u32>,
    parts: Vec<Part>,
}

const LIST: u8 = 1;
const REGISTER: u8 = 2;

impl<'h> Book<'h> {
    /// Indexes a history, O(parts).
    pub(super) fn new(history: &'h History<Txn>) -> Self {
        let mut book = Book {
            ops: history.ops(),
            keys: Vec::new(),
            numbers: FxHashMap::default(),
            holds: Vec::new(),
            starts: Vec::new(),
            parts: Vec::new(),
        };
        let mut keyed: Vec<u32> = Vec::new();
        let mut sizes: Vec<u32> = Vec::new();
        book.each_part(|book, part, key, holds| {
            let key = book.enter(key);
            book.holds[key as usize] |= holds;
            sizes.resize(book.keys.len(), 0);
            sizes[key as usize] += 1;
            keyed.push(key);
            part
        });
        book.starts.push(0);
        for size in sizes {
            let end = book.starts[book.starts.len() - 1] + size;
            book.starts.push(end);
        }
        let mut next = book.starts.clone();
        book.parts = vec![Part { txn: 0, index: 0 }; keyed.len()];
        let mut keyed = keyed.into_iter();
        book.each_part(|book, part, _, _| {
            let key = keyed.next().expect("both walks meet the same parts");
            let place = &mut next[key as usize];
            book.parts[*place as usize] = part;
            *place += 1;
            part
        });
        book
    }

    fn each_part(&mut self, mut visit: impl FnMut(&mut Self, Part, &'h Value, u8) -> Part) {
        for (txn, op) in self.ops.iter().enumerate() {
            let told = op.outcome.ok().map_or(&[][..], |ret| &ret.0);
            for (index, ask) in op.call.0.iter().enumerate() {
                let holds = match (ask, told.get(index)) {
                    (Ask::Append(..), _) => LIST,
                    (Ask::Write(..), _) => REGISTER,
                    (Ask::Read(_), Some(Told::List(_))) => LIST,
                    (Ask::Read(_), Some(Told::Value(Value::Nil))) => 0,
                    (Ask::Read(_), Some(Told::Value(_))) => REGISTER,
                    (Ask::Read(_), None | Some(Told::Done | Told::Unseen)) => continue,
                };
                let (txn, index) = (txn as u32, index as u32);
                visit(self, Part { txn, index }, ask.key(), holds);
            }
        }
    }

    fn enter(&mut self, key: &'h Value) -> u32 {
        let next = self.keys.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
            self.holds.push(0);
        }
        number
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> u32 {
        self.keys.len() as u32
    }

    /// The key of this number.
    pub(super) fn key(&self, number: u32) -> &'h Value {
        self.keys[number as usize]
    }

    /// The number of a key that some part named.
    pub(super) fn number(&self, key: &Value) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    pub(super) fn holds(&self, key: u32) -> Holds {
        match self.holds[key as usize] {
            0 => Holds::Nothing,
            LIST => Holds::List,
            REGISTER => Holds::Register,
            _ => Holds::Both,
        }
    }

    /// The parts about a key, in the order of their transactions' calls.
    pub(super) fn parts(&self, key: u32) -> &[Part] {
        let key = key as usize;
        &self.parts[self.starts[key] as usize..self.starts[key + 1] as usize]
    }

    pub(super) fn op(&self, txn: u32) -> &'h Op<Txn> {
        &self.ops[txn as usize]
    }

    pub(super) fn fate(&self, txn: u32) -> Fate {
        match self.op(txn).outcome {
            Outcome::Ok(_) => Fate::Committed,
            Outcome::Fail => Fate::Failed,
            Outcome::Unknown => Fate::Unknown,
        }
    }

    pub(super) fn did(&self, part: Part) -> Did<'h> {
        let op = self.op(part.txn);
        let index = part.index as usize;
        match &op.call.0[index] {
            Ask::Append(_, value) | Ask::Write(_, value) => Did::Wrote(value),
            Ask::Read(_) => {
                let told = op.outcome.ok().and_then(|ret| ret.0.get(index));
                Did::Read(told.unwrap_or(&Told::Unseen))
            }
        }
    }

    /// What a read of a list saw; nil is the empty list.
    pub(super) fn list(&self, part: Part) -> &'h [Value] {
        match self.did(part) {
            Did::Read(Told::List(values)) => values,
            Did::Read(_) | Did::Wrote(_) => &[],
        }
    }

    /// All that a transaction did to one key, in its order.
    pub(super) fn of(&self, txn: u32, key: &Value) -> impl Iterator<Item = (u32, Did<'h>)> {
        let asks = self.op(txn).call.0.iter().enumerate();
        asks.filter(move |(_, ask)| ask.key() == key)
            .map(move |(index, _)| {
                let index = index as u32;
                (index, self.did(Part { txn, index }))
            })
    }
}
