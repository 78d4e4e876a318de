//! What `add`, `remove`, `contains` and `read` say in Jepsen's histories of sets.

use super::edn::Kind;
use super::error::What;
use super::format::NilMeaning;
use super::guess::foreign;
use super::keys::{Keyed, Keys, bare};
use super::object::Object;
use super::operation::{Operation, Type};
use super::pairs::{Alphabet, Unfit};
use super::texts::Texts;
use crate::history::Outcome;
use crate::set::{Set, SetAction, SetCall, SetRet};

/// The alphabet of sets in Jepsen's words.
#[derive(Debug)]
pub(super) struct Sets {
    keyed: Keyed,
    nil: NilMeaning,
    texts: Texts,
}

impl Sets {
    pub(super) fn new(keys: Keys, nil: NilMeaning) -> Self {
        Sets {
            keyed: Keyed::new(keys),
            nil,
            texts: Texts::default(),
        }
    }
}

impl Alphabet for Sets {
    type Domain = Set;
    const OBJECT: Object = Object::Set;

    fn call(&mut self, op: &Operation) -> Result<SetCall, What> {
        let f = op.f_name();
        if !matches!(f, Some("add" | "remove" | "contains" | "read")) {
            return Err(foreign(op, Object::Set));
        }
        let (key, value) = self.keyed.split(op)?;
        let action = match f {
            Some("read") => bare(op, value).map(|()| SetAction::Read)?,
            Some("add") => SetAction::Add(self.texts.value(value)?),
            Some("remove") => SetAction::Remove(self.texts.value(value)?),
            _ => SetAction::Contains(self.texts.value(value)?),
        };
        Ok(SetCall { key, action })
    }

    fn outcome(&mut self, op: &Operation, call: &SetCall) -> Result<Outcome<SetRet>, Unfit> {
        if op.kind == Type::Fail {
            return Ok(Outcome::Fail);
        }
        if let SetAction::Add(asked) | SetAction::Remove(asked) = &call.action {
            if let Some(value) = self.keyed.repeated(op, call.key.as_deref())?
                && self.texts.value(value).map_err(Unfit::Wrong)? != *asked
            {
                return Err(Unfit::returned(op));
            }
            return Ok(Outcome::Ok(SetRet::Done));
        }
        let value = self.keyed.answer(op, call.key.as_deref())?;
        let wrong = |takes| Err(Unfit::Wrong(op.unfit(takes, value)));
        Ok(Outcome::Ok(match (&call.action, &value.kind, self.nil) {
            (SetAction::Read, Kind::Nil, NilMeaning::Value) => SetRet::Values(Vec::new()),
            (_, Kind::Nil, _) => SetRet::Unseen,
            (SetAction::Read, ..) => match value.members() {
                Some(members) => {
                    let values = members.iter().map(|form| self.texts.value(form));
                    SetRet::Values(values.collect::<Result<_, _>>().map_err(Unfit::Wrong)?)
                }
                None => return wrong("a collection in an answer"),
            },
            (_, Kind::Bool(has), _) => SetRet::Has(*has),
            _ => return wrong("true or false in an answer"),
        }))
    }
}
