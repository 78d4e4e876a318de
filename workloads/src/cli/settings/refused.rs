//! Why a value is refused, by the table of flags: what a flag does not take, no variable and no profile says.

use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::known::Setting;
use crate::cli::args::command;

/// More names than these are listed only by the help of their flag.
const LISTED: usize = 24;

/// Why a setting does not take these values; `None` if it does.
pub(super) fn refused(setting: &Setting, values: &[OsString]) -> Option<String> {
    if ["quiet", "verbose"].contains(&setting.name) {
        let times = values
            .iter()
            .all(|value| value == "0" || value == "1" || value == "2");
        return (!times).then(|| "it is 0, 1 or 2".into());
    }
    let args = ["dyno", "hunt"].map(OsString::from);
    let flags = values.iter().map(|value| flag(setting, value));
    let wrong = command()
        .try_get_matches_from(args.into_iter().chain(flags))
        .err()?;
    Some(why(&wrong))
}

/// The flag that sets a setting to this value.
pub(super) fn flag(setting: &Setting, value: &OsString) -> OsString {
    let mut flag = OsString::from(format!("--{}=", setting.name));
    flag.push(value);
    flag
}

fn why(wrong: &clap::Error) -> String {
    let one = |kind| match wrong.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    if wrong.kind() == ErrorKind::ValueValidation {
        return wrong
            .source()
            .map_or_else(|| wrong.kind().to_string(), ToString::to_string);
    }
    let value = match one(ContextKind::InvalidValue) {
        None | Some("") => return "it is empty".into(),
        Some(value) => value,
    };
    let near = one(ContextKind::SuggestedValue);
    match (near, wrong.get(ContextKind::ValidValue)) {
        (Some(near), _) => format!("there is no {value}; did you mean {near}?"),
        (None, Some(ContextValue::Strings(known))) if known.len() <= LISTED => {
            format!("there is no {value}, but {}", known.join(", "))
        }
        _ => format!("there is no {value}"),
    }
}
