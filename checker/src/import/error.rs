//! Why a file is not a history, and where.

use std::fmt;

use super::edn;
use super::format::Format;
use super::lines::Lines;
use super::object::{Object, listed};
use crate::history::{Malformed, OpId, Why};

/// Why a file is not a history, and where. Reads on after "cannot read FILE: ".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The line of the file, counted from 1.
    pub line: usize,
    /// The character in that line, counted from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong there.
    pub what: What,
}

/// What is wrong at a place of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum What {
    /// No operation, no event, no header: an empty file, or one with comments only.
    #[error("there is nothing in it")]
    Empty,
    /// The file gives no bytes: what the system says.
    #[error("{0}")]
    Unreadable(String),
    /// No format begins like this.
    #[error("this is the beginning of none of {names}", names = Format::listed())]
    Unrecognised,
    /// A byte sequence that is no text.
    #[error("this is not UTF-8")]
    NotUtf8,
    /// The text is not EDN.
    #[error(transparent)]
    Edn(edn::Flaw),
    /// A form that is not a map where an operation should stand.
    #[error("expected an operation as a map, found {0}")]
    NotAMap(String),
    /// A field that every operation has.
    #[error("this operation has no `:{0}`")]
    Missing(&'static str),
    /// The same field twice.
    #[error("this operation has `:{0}` twice")]
    Twice(&'static str),
    /// A `:type` that no operation has.
    #[error("`:type {0}` is none of :invoke, :ok, :fail, :info")]
    Type(String),
    /// A `:process` that is neither a client nor a nemesis.
    #[error("`:process {0}` is not the number of a client")]
    Process(String),
    /// An operation of another kind of object.
    #[error("{}", kind(f, *object, others))]
    Kind {
        /// The `:f` as written.
        f: String,
        /// What the recording is about.
        object: Object,
        /// Which objects have such an operation.
        others: Vec<Object>,
    },
    /// Operations that several objects have alike.
    #[error("{} all have these operations, and nothing tells which it is: say so", listed(.0.iter().copied()))]
    Ambiguous(Vec<Object>),
    /// An object that was printed by its address, as `#object[…]`.
    #[error("{0} was not printed readably: nothing tells what it holds")]
    Opaque(String),
    /// A format that has no words for an object.
    #[error("a recording as {format} is about {has}, not about {object}")]
    Unspoken {
        /// The format.
        format: Format,
        /// What it can be about.
        has: String,
        /// What was asked for.
        object: Object,
    },
    /// Something that needs the file a second time, which a long stream does not give.
    #[error(
        "from here on all before it has to be read in another way, and a stream of this length \
         cannot be read twice: give a file, or say whether it is keyed and what it is about"
    )]
    Gone,
    /// More behind the one collection of operations.
    #[error("the list of operations was closed before this")]
    Behind,
    /// A value that this operation cannot have.
    #[error("`:f {f}` takes {takes}, found {found}")]
    Value {
        /// The `:f` as written.
        f: String,
        /// What belongs there.
        takes: &'static str,
        /// What stands there.
        found: String,
    },
    /// Two different things that would be the same text.
    #[error("a string and another form are both written {0} and cannot be told apart")]
    Alike(String),
    /// Two operations at the same place of the history.
    #[error("`:index {0}` is given to a second operation")]
    Index(i64),
    /// A return of a process that has no open call.
    #[error("process {0} returns but has no open call")]
    Orphan(u64),
    /// A call of a process that has an open one.
    #[error("process {process} calls while its call of line {line} is still open")]
    Overlap {
        /// Who calls.
        process: u64,
        /// Where the open call stands.
        line: usize,
    },
    /// An operation with a process in a file whose others have none.
    #[error("this operation has a `:process`, but that of line {0} has none")]
    Numbered(usize),
    /// A call in a file that began with a return.
    #[error("this calls, but line {0} returned what no line called")]
    Uncalled(usize),
    /// A return where nothing is open.
    #[error("this returns, but no call is open")]
    Unasked,
    /// A second open call where processes are not told apart.
    #[error("this calls while the call of line {0} is open, and no `:process` tells them apart")]
    Overtaken(usize),
    /// A return that speaks of another operation than the call.
    #[error("this returns {returned}, but line {line} called {called}")]
    Differs {
        /// What was called.
        called: String,
        /// Where it was called.
        line: usize,
        /// What returned.
        returned: String,
    },
    /// An answer that the call cannot have.
    #[error("{call} cannot be answered by {ret}")]
    Answer {
        /// The call.
        call: String,
        /// The answer.
        ret: String,
    },
    /// A line or operation that ends in its middle.
    #[error("this line is cut short")]
    CutShort,
    /// Not a line of a Jepsen log.
    #[error("this is neither an operation nor a line of a log")]
    NotALog,
    /// The first line is not a header of ours.
    #[error(r#"the first line is not {{"format":"dyno-history/1","domain":…}}: {0}"#)]
    Header(String),
    /// A version of our format that this build cannot read.
    #[error("format {0:?} is not dyno-history/1")]
    Version(String),
    /// A domain that this build does not know.
    #[error("domain {0:?} is none of {names}", names = listed(Object::ALL))]
    Domain(String),
    /// A line that is no JSON, or no entry.
    #[error("{0}")]
    Json(String),
    /// Entries that do not make a history.
    #[error("{}", malformed(*.op, *.why))]
    Malformed {
        /// The operation it names, if it names one.
        op: Option<OpId>,
        /// What is wrong with it.
        why: Why,
    },
}

/// Which object does not have it, and which do.
fn kind(f: &str, object: Object, others: &[Object]) -> String {
    let not = format!("`:f {f}` is not a {object} operation");
    match others {
        [] => not,
        others => format!("{not}, but one of {}", listed(others.iter().copied())),
    }
}

fn malformed(op: Option<OpId>, why: Why) -> String {
    let whole = Malformed { line: 0, op, why }.to_string();
    whole.trim_start_matches("line 0: ").into()
}

impl ImportError {
    /// What is malformed is named by its line of the file.
    pub(super) fn of(malformed: &Malformed, lines: &Lines) -> Self {
        ImportError {
            line: lines.get(malformed.line - 1).unwrap_or(1),
            column: None,
            what: What::Malformed {
                op: malformed.op,
                why: malformed.why,
            },
        }
    }
}

/// As much of a text from outside as fits into a message.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ImportError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Process;

    #[test]
    fn messages_name_line_and_column_and_fit_behind_a_colon() {
        let error = |what| ImportError {
            line: 12,
            column: Some(5),
            what,
        };
        assert_eq!(
            error(What::Kind {
                f: ":add".into(),
                object: Object::Register,
                others: vec![Object::Set, Object::Counter],
            })
            .to_string(),
            "line 12, column 5: `:f :add` is not a register operation, but one of set, counter"
        );
        assert_eq!(
            error(What::Malformed {
                op: Some(OpId(4)),
                why: Why::Overlap(Process(1), OpId(2))
            })
            .to_string(),
            "line 12, column 5: op 4: c1 calls while its op 2 is still open"
        );
    }

    #[test]
    fn a_long_text_from_outside_is_cut() {
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt(&"ü".repeat(5000)).chars().count(), 81);
    }
}
