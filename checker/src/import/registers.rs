//! What `read`, `write` and `cas` say in Jepsen's histories of registers.

use super::edn::{Form, Kind};
use super::error::What;
use super::format::NilMeaning;
use super::guess::foreign;
use super::keys::{Keyed, Keys, bare};
use super::object::Object;
use super::operation::{Operation, Type};
use super::pairs::{Alphabet, Unfit};
use super::texts::Texts;
use crate::history::Outcome;
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// Who wrote the operations down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A failed operation did not happen, for whatever reason.
    Jepsen,
    /// A failed compare-and-set that repeats its values compared and found another one.
    EtcdLog,
}

/// The alphabet of registers in Jepsen's words.
#[derive(Debug)]
pub(super) struct Registers {
    keyed: Keyed,
    nil: NilMeaning,
    source: Source,
    texts: Texts,
}

impl Registers {
    pub(super) fn new(keys: Keys, nil: NilMeaning, source: Source) -> Self {
        Registers {
            keyed: Keyed::new(keys),
            nil,
            source,
            texts: Texts::default(),
        }
    }

    /// What is asked of a register, by the value without its key.
    fn action(&mut self, op: &Operation, value: &Form) -> Result<Action, What> {
        match op.f_name() {
            Some("read") => bare(op, value).map(|()| Action::Read),
            Some("write") => Ok(Action::Write(self.texts.value(value)?)),
            Some("cas") => match value.pair() {
                Some((from, to)) => Ok(Action::Cas(self.texts.value(from)?, self.texts.value(to)?)),
                None if self.keyed.keys == Keys::Value => {
                    Err(op.unfit("[key [old new]]", &op.value))
                }
                None => Err(op.unfit("[old new]", value)),
            },
            _ => Err(foreign(op, Object::Register)),
        }
    }

    /// In a log, what a completion repeats must be what was called.
    fn repeats(&mut self, op: &Operation, call: &RegisterCall) -> Result<(), Unfit> {
        let action = self.action(op, &op.value).map_err(Unfit::Wrong)?;
        if action == call.action {
            return Ok(());
        }
        Err(Unfit::returned(op))
    }

    fn failure(
        &mut self,
        op: &Operation,
        call: &RegisterCall,
    ) -> Result<Outcome<RegisterRet>, Unfit> {
        let late = |form: &Form| form.name() == Some("timed-out");
        match (self.source, &call.action) {
            (Source::Jepsen, _) => Ok(Outcome::Fail),
            // A timeout never means that it did not happen, whatever the log calls it.
            _ if late(&op.value) || op.error.as_ref().is_some_and(late) => Ok(Outcome::Unknown),
            (Source::EtcdLog, Action::Cas(..))
                if op.error.is_none() && op.value.pair().is_some() =>
            {
                self.repeats(op, call)?;
                Ok(Outcome::Ok(RegisterRet::Mismatch))
            }
            (Source::EtcdLog, _) => Ok(Outcome::Fail),
        }
    }
}

impl Alphabet for Registers {
    type Domain = Register;
    const OBJECT: Object = Object::Register;

    fn call(&mut self, op: &Operation) -> Result<RegisterCall, What> {
        if !matches!(op.f_name(), Some("read" | "write" | "cas")) {
            return Err(foreign(op, Object::Register));
        }
        let (key, value) = self.keyed.split(op)?;
        let action = self.action(op, value)?;
        Ok(RegisterCall { key, action })
    }

    fn outcome(
        &mut self,
        op: &Operation,
        call: &RegisterCall,
    ) -> Result<Outcome<RegisterRet>, Unfit> {
        if op.kind == Type::Fail {
            return self.failure(op, call);
        }
        if call.action != Action::Read {
            if self.source == Source::EtcdLog {
                self.repeats(op, call)?;
            } else if let Some(value) = self.keyed.repeated(op, call.key.as_deref())?
                && self.action(op, value).ok().as_ref() != Some(&call.action)
            {
                return Err(Unfit::returned(op));
            }
            return Ok(Outcome::Ok(RegisterRet::Done));
        }
        let value = self.keyed.answer(op, call.key.as_deref())?;
        Ok(Outcome::Ok(match (&value.kind, self.nil) {
            (Kind::Nil, NilMeaning::Unknown) => RegisterRet::Unseen,
            (Kind::Nil, NilMeaning::Value) => RegisterRet::Value(Value::Nil),
            _ => RegisterRet::Value(self.texts.value(value).map_err(Unfit::Wrong)?),
        }))
    }
}

#[cfg(test)]
mod tests;
