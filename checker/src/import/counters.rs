//! What `add` and `read` say in Jepsen's histories of counters.

use super::edn::{Form, Kind};
use super::error::What;
use super::format::NilMeaning;
use super::guess::foreign;
use super::keys::{Keyed, Keys, bare};
use super::object::Object;
use super::operation::{Operation, Type};
use super::pairs::{Alphabet, Unfit};
use crate::counter::{Counter, CounterAction, CounterCall, CounterRet};
use crate::history::Outcome;

/// The alphabet of counters in Jepsen's words.
#[derive(Debug)]
pub(super) struct Counters {
    keyed: Keyed,
    nil: NilMeaning,
}

impl Counters {
    pub(super) fn new(keys: Keys, nil: NilMeaning) -> Self {
        Counters {
            keyed: Keyed::new(keys),
            nil,
        }
    }
}

fn number(op: &Operation, form: &Form) -> Result<i64, What> {
    match form.kind {
        Kind::Int(number) => Ok(number),
        _ => Err(op.unfit("a whole number of 64 bits", form)),
    }
}

impl Alphabet for Counters {
    type Domain = Counter;
    const OBJECT: Object = Object::Counter;

    fn call(&mut self, op: &Operation) -> Result<CounterCall, What> {
        let f = op.f_name();
        if !matches!(f, Some("add" | "read")) {
            return Err(foreign(op, Object::Counter));
        }
        let (key, value) = self.keyed.split(op)?;
        let action = if f == Some("add") {
            CounterAction::Add(number(op, value)?)
        } else {
            bare(op, value).map(|()| CounterAction::Read)?
        };
        Ok(CounterCall { key, action })
    }

    fn outcome(
        &mut self,
        op: &Operation,
        call: &CounterCall,
    ) -> Result<Outcome<CounterRet>, Unfit> {
        if op.kind == Type::Fail {
            return Ok(Outcome::Fail);
        }
        if let CounterAction::Add(asked) = call.action {
            if let Some(value) = self.keyed.repeated(op, call.key.as_deref())?
                && value.kind != Kind::Int(asked)
            {
                return Err(Unfit::returned(op));
            }
            return Ok(Outcome::Ok(CounterRet::Done));
        }
        let value = self.keyed.answer(op, call.key.as_deref())?;
        Ok(Outcome::Ok(match (&value.kind, self.nil) {
            (Kind::Nil, NilMeaning::Unknown) => CounterRet::Unseen,
            // Nobody has added to it yet.
            (Kind::Nil, NilMeaning::Value) => CounterRet::Value(0),
            _ => CounterRet::Value(number(op, value).map_err(Unfit::Wrong)?),
        }))
    }
}
