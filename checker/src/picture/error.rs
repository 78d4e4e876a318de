//! Why a text is no picture of a history, and where.

use std::fmt;

/// Why a text is no picture of a history, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureError {
    /// The line of the text, counted from 1.
    pub line: usize,
    /// The character in that line, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: Muddle,
}

/// What is wrong at a place of a picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Muddle {
    /// A tab has no width, and columns are times.
    #[error("a tab has no width")]
    Tab,
    /// A line must begin with its process.
    #[error("`{0}` names no process: use c0, c1, … or a, b, …")]
    Process(String),
    /// Something outside of all bars.
    #[error("`{0}` stands outside of a bar")]
    Outside(char),
    /// A bar without an end.
    #[error("this bar has no end: use `|`, or `?...` for an unknown outcome")]
    Endless,
    /// A character that begins no word.
    #[error("`{0}` begins no word; quote what is not letters and digits")]
    Stray(char),
    /// A string without its closing quote.
    #[error("this string is never closed")]
    Unclosed,
    /// A backslash that means nothing.
    #[error("`\\{0}` is no escape")]
    Escape(char),
    /// Words that are no call.
    #[error("this is no call; calls are {0}")]
    Call(&'static str),
    /// Words behind the arrow that are no answer to the call, or no words where some are needed.
    #[error("this is no answer; answers are {0}")]
    Answer(&'static str),
    /// Two of `->`, `!` and `?` on one bar, or one of them twice.
    #[error("a bar has one outcome: `-> ANSWER`, `!` for failed or `?` for unknown")]
    Outcomes,
    /// An unknown outcome that ends, or a known one that does not.
    #[error("an unknown outcome is `?` and runs on: end it with `...`")]
    RunsOn,
    /// An operation without duration whose outcome is unknown.
    #[error("what is between brackets returns at once, so its outcome is known")]
    Brackets,
    /// A context of an operation that is not in the picture.
    #[error("no operation is named `{0}`")]
    Nobody(String),
    /// A second operation of the same name.
    #[error("a second operation is named `{0}`")]
    Namesake(String),
    /// Two calls of one process at once.
    #[error("this process calls while its call before is still open")]
    Overlap,
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.what
        )
    }
}

impl std::error::Error for PictureError {}
