//! Keys and values of EDN as texts, of which no two stand for different things.

use std::collections::BTreeMap;

use super::edn::{Form, Kind};
use super::error::{What, excerpt};

/// The texts that stand for forms, and whether each was a string.
#[derive(Debug, Default)]
pub(super) struct Texts(BTreeMap<String, bool>);

impl Texts {
    /// A form as text: a string as it is, anything else as EDN. Never the same for two forms.
    pub(super) fn text(&mut self, form: &Form) -> Result<String, What> {
        let (text, string) = match &form.kind {
            Kind::Str(string) => (string.clone(), true),
            _ => (form.text(), false),
        };
        match self.0.insert(text.clone(), string) {
            Some(before) if before != string => Err(What::Alike(excerpt(&text))),
            _ => Ok(text),
        }
    }
}
