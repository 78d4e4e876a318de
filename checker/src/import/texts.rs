//! Keys and values of EDN as texts, of which no two stand for different things.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::edn::{Form, Kind};
use super::error::{What, excerpt};
use crate::register::Value;

/// The texts that stand for forms, by their hashes: those of strings and those of anything else.
#[derive(Debug, Default)]
pub(super) struct Texts {
    strings: FxHashSet<u64>,
    others: FxHashSet<u64>,
}

impl Texts {
    /// A form as text: a string as it is, anything else as EDN. Never the same for two forms.
    pub(super) fn text(&mut self, form: &Form) -> Result<String, What> {
        let (text, string) = match &form.kind {
            Kind::Str(string) => (string.clone(), true),
            _ if form.opaque() => return Err(What::Opaque(excerpt(&form.text()))),
            _ => (form.text(), false),
        };
        let hash = FxBuildHasher.hash_one(&text);
        let (own, other) = if string {
            (&mut self.strings, &self.others)
        } else {
            (&mut self.others, &self.strings)
        };
        // Two texts of one hash would be an error that is none: one in 2^64, and never a wrong history.
        if other.contains(&hash) {
            return Err(What::Alike(excerpt(&text)));
        }
        own.insert(hash);
        Ok(text)
    }

    /// A form as what a register holds.
    pub(super) fn value(&mut self, form: &Form) -> Result<Value, What> {
        Ok(match &form.kind {
            Kind::Nil => Value::Nil,
            Kind::Int(number) => Value::Int(*number),
            _ => Value::Text(self.text(form)?),
        })
    }
}
