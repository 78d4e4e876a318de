//! Where the operations of a Jepsen history say which object they are about.

use super::edn::{Form, Kind};
use super::error::{What, excerpt};
use super::operation::Operation;
use super::pairs::Unfit;
use super::texts::Texts;

/// Where an operation says which object it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// There is one object only.
    None,
    /// In `:key`.
    Field,
    /// In the value, which is `[key value]`.
    Value,
}

/// Takes operations apart into keys and what is left.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) keys: Keys,
    texts: Texts,
}

impl Keyed {
    pub(super) fn new(keys: Keys) -> Self {
        Keyed {
            keys,
            texts: Texts::default(),
        }
    }

    /// The key of a call, and its value without it.
    pub(super) fn split<'a>(
        &mut self,
        op: &'a Operation,
    ) -> Result<(Option<String>, &'a Form), What> {
        let (key, value) = match self.keys {
            Keys::None => return Ok((None, &op.value)),
            Keys::Field => (op.key.as_ref(), Some(&op.value)),
            Keys::Value => op.value.pair().unzip(),
        };
        match (key, value) {
            (Some(key), Some(value)) => Ok((Some(self.texts.text(key)?), value)),
            _ if self.keys == Keys::Field => Err(What::Missing("key")),
            _ => Err(op.unfit("[key value]", &op.value)),
        }
    }

    /// The answer to a call on this key, without it.
    pub(super) fn answer<'a>(
        &mut self,
        op: &'a Operation,
        called: Option<&str>,
    ) -> Result<&'a Form, Unfit> {
        let key = match self.keys {
            Keys::None => return Ok(&op.value),
            Keys::Field => op.key.as_ref(),
            Keys::Value => None,
        };
        if let Some(key) = key
            && Some(self.texts.text(key).map_err(Unfit::Wrong)?.as_str()) != called
        {
            let (key, value) = (excerpt(&key.text()), excerpt(&op.value.text()));
            return Err(Unfit::Returned(format!("{key} {value}")));
        }
        if self.keys == Keys::Field {
            return Ok(&op.value);
        }
        let (key, value) = self.split(op).map_err(Unfit::Wrong)?;
        if key.as_deref() != called {
            return Err(Unfit::Returned(excerpt(&op.value.text())));
        }
        Ok(value)
    }

    /// What the completion of a call with a value says of that value again; `None` if it says nothing.
    pub(super) fn repeated<'a>(
        &mut self,
        op: &'a Operation,
        called: Option<&str>,
    ) -> Result<Option<&'a Form>, Unfit> {
        if self.keys == Keys::Value && op.value.kind == Kind::Nil {
            return Ok(None);
        }
        let value = self.answer(op, called)?;
        Ok(Some(value).filter(|value| value.kind != Kind::Nil))
    }
}

/// That a call which says nothing but its name says nothing more.
///
/// Some clients repeat in a read what they will have read. A collection there is the sign of another
/// kind of object: of keys that were not recognised, or of versions.
pub(super) fn bare(op: &Operation, value: &Form) -> Result<(), What> {
    if value.untagged().sequence().is_some() {
        return Err(op.unfit("no collection in a call", value));
    }
    Ok(())
}
