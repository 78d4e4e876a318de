//! How a value is written down: in EDN or in JSON.

use std::fmt::Write;

use super::words::Datum;

/// One of two notations for the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Edn,
    Json,
}

impl Notation {
    /// The format of whole histories that is written in it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Notation::Edn => "jepsen-edn",
            Notation::Json => "elle-json",
        }
    }

    /// Writes a value behind what is there.
    pub(crate) fn put(self, datum: &Datum, line: &mut String) {
        let json = self == Notation::Json;
        match datum {
            Datum::Nil => line.push_str(if json { "null" } else { "nil" }),
            Datum::Bool(truth) => line.push_str(if *truth { "true" } else { "false" }),
            Datum::Int(number) => line.push_str(&number.to_string()),
            Datum::Text(text) if json => {
                line.push_str(&serde_json::Value::from(text.as_str()).to_string());
            }
            Datum::Text(text) => quote(text, line),
            Datum::Word(word) if json => {
                line.push('"');
                line.push_str(word);
                line.push('"');
            }
            Datum::Word(word) => {
                line.push(':');
                line.push_str(word);
            }
            Datum::List(members) => {
                line.push('[');
                for (place, member) in members.iter().enumerate() {
                    if place > 0 {
                        line.push_str(if json { ", " } else { " " });
                    }
                    self.put(member, line);
                }
                line.push(']');
            }
        }
    }
}

/// A string of EDN.
pub(super) fn quote(text: &str, line: &mut String) {
    line.push('"');
    for char in text.chars() {
        match char {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // Terminals and editors take these for commands.
            other if other.is_control() => {
                let _ = write!(line, "\\u{:04x}", u32::from(other));
            }
            other => line.push(other),
        }
    }
    line.push('"');
}
