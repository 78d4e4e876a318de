//! What transactions say in Jepsen's and Elle's histories: lists of reads, writes and appends.

use rustc_hash::FxHashMap;

use super::edn::{Form, Kind};
use super::error::{What, excerpt};
use super::format::NilMeaning;
use super::guess::foreign;
use super::keys::Keys;
use super::object::Object;
use super::operation::{Operation, Type};
use super::pairs::{Alphabet, Unfit};
use super::texts::Texts;
use crate::history::Outcome;
use crate::register::Value;
use crate::txn::{Ask, Told, Txn, TxnCall, TxnRet};

/// Which parts the transactions of a file have, so which kinds of keys it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    appends: bool,
    writes: bool,
}

impl Parts {
    /// With the parts of one more transaction.
    pub(super) fn with(self, value: &Form) -> Self {
        let named = |name: &str| {
            let parts = value.sequence().unwrap_or_default().iter();
            let mut heads = parts.filter_map(|part| part.sequence()?.first()?.name());
            heads.any(|head| head == name)
        };
        Parts {
            appends: self.appends || named("append"),
            writes: self.writes || named("w"),
        }
    }
}

/// The parts of a transaction, if this can be one: `[[:append 253 1] [:r 254 nil]]`.
pub(super) fn parts(value: &Form) -> Option<&[Form]> {
    let part = |form: &Form| {
        let words = form.sequence().unwrap_or_default();
        let head = words.first().and_then(Form::name);
        matches!(head, Some("r" | "w" | "append")) && words.len() == 3
    };
    let parts = value.sequence()?;
    parts.iter().all(part).then_some(parts)
}

/// The alphabet of transactions in Jepsen's words.
#[derive(Debug)]
pub(super) struct Txns {
    keys: Keys,
    nil: NilMeaning,
    parts: Parts,
    key_texts: Texts,
    value_texts: Texts,
    /// In files with both, which keys are lists, as far as appends and writes have shown.
    lists: FxHashMap<Value, bool>,
}

impl Txns {
    pub(super) fn new(keys: Keys, nil: NilMeaning, parts: Parts) -> Self {
        Txns {
            keys,
            nil,
            parts,
            key_texts: Texts::default(),
            value_texts: Texts::default(),
            lists: FxHashMap::default(),
        }
    }

    /// The parts of an operation, and the key of all of them in an independent test.
    fn split<'a>(&self, op: &'a Operation) -> Result<(Option<&'a Form>, &'a [Form]), What> {
        let (key, value) = match self.keys {
            Keys::None => (None, &op.value),
            Keys::Field => (op.key.as_ref(), &op.value),
            Keys::Value => match op.value.pair() {
                Some((key, value)) => (Some(key), value),
                None => return Err(op.unfit("[key [part …]]", &op.value)),
            },
        };
        if key.is_none() && self.keys == Keys::Field {
            return Err(What::Missing("key"));
        }
        let takes = "a list of [:r key value], [:w key value], [:append key value]";
        let parts = parts(value).ok_or_else(|| op.unfit(takes, value))?;
        Ok((key, parts))
    }

    fn ask(&mut self, independent: Option<&Form>, part: &Form) -> Result<Ask, What> {
        let [head, key, value] = part.sequence().unwrap_or_default() else {
            unreachable!("a part has three words");
        };
        let key = match independent {
            None => self.key_texts.value(key)?,
            // Every independent key has objects of its own.
            Some(outer) => {
                let at = key.at;
                let kind = Kind::Vector(vec![outer.clone(), key.clone()]);
                self.key_texts.value(&Form { at, kind })?
            }
        };
        let ask = match head.name() {
            Some("r") => return Ok(Ask::Read(key)),
            Some("append") => Ask::Append(key, self.value_texts.value(value)?),
            _ => Ask::Write(key, self.value_texts.value(value)?),
        };
        if self.parts.appends && self.parts.writes {
            let list = matches!(ask, Ask::Append(..));
            self.lists.insert(ask.key().clone(), list);
        }
        Ok(ask)
    }

    /// Whether a key is a list, where that is known.
    fn list(&self, key: &Value) -> Option<bool> {
        match (self.parts.appends, self.parts.writes) {
            (true, true) => self.lists.get(key).copied(),
            (true, false) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    fn told(&mut self, op: &Operation, ask: &Ask, part: &Form) -> Result<Told, What> {
        let Ask::Read(key) = ask else {
            return Ok(Told::Done);
        };
        let value = &part.sequence().unwrap_or_default()[2];
        let list = self.list(key);
        if value.kind == Kind::Nil {
            return Ok(match (self.nil, list) {
                (NilMeaning::Unknown, _) => Told::Unseen,
                (NilMeaning::Value, Some(true)) => Told::List(Vec::new()),
                (NilMeaning::Value, Some(false)) => Told::Value(Value::Nil),
                // Nothing, but of which kind is not known: in a file of both kinds, no evidence.
                (NilMeaning::Value, None) if self.parts.appends => Told::Unseen,
                (NilMeaning::Value, None) => Told::Value(Value::Nil),
            });
        }
        match (value.sequence(), list) {
            (Some(members), Some(true) | None) => {
                let values = members.iter().map(|form| self.value_texts.value(form));
                Ok(Told::List(values.collect::<Result<_, _>>()?))
            }
            (None, Some(true)) => Err(op.unfit("a list where a list is read", value)),
            (_, Some(false)) | (None, None) => Ok(Told::Value(self.value_texts.value(value)?)),
        }
    }
}

impl Alphabet for Txns {
    type Domain = Txn;
    const OBJECT: Object = Object::Txn;

    fn call(&mut self, op: &Operation) -> Result<TxnCall, What> {
        let named = op.f.is_some() && op.f_name() != Some("txn");
        let (key, found) = match self.split(op) {
            Err(_) if named => return Err(foreign(op, Object::Txn)),
            split => split?,
        };
        let asks = found.iter().map(|part| self.ask(key, part));
        Ok(TxnCall(asks.collect::<Result<_, _>>()?))
    }

    fn outcome(&mut self, op: &Operation, call: &TxnCall) -> Result<Outcome<TxnRet>, Unfit> {
        if op.kind == Type::Fail {
            return Ok(Outcome::Fail);
        }
        if op.value.kind == Kind::Nil {
            let unseen = call.0.iter().map(|ask| match ask {
                Ask::Read(_) => Told::Unseen,
                Ask::Write(..) | Ask::Append(..) => Told::Done,
            });
            return Ok(Outcome::Ok(TxnRet(unseen.collect())));
        }
        let (key, found) = self.split(op).map_err(Unfit::Wrong)?;
        let differs = || Err(Unfit::Returned(excerpt(&op.value.text())));
        if found.len() != call.0.len() {
            return differs();
        }
        let mut told = Vec::with_capacity(found.len());
        for (part, called) in found.iter().zip(&call.0) {
            if self.ask(key, part).map_err(Unfit::Wrong)? != *called {
                return differs();
            }
            told.push(self.told(op, called, part).map_err(Unfit::Wrong)?);
        }
        Ok(Outcome::Ok(TxnRet(told)))
    }
}
