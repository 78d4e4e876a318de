//! Why a history is not written in a format.

use std::io;

use crate::history::OpId;

/// Why a history is not written. Reads on after "cannot write FILE: ".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The format has no words for an operation.
    #[error("{op}: {format} cannot say {what}")]
    Unsayable {
        /// The first operation that cannot be said.
        op: OpId,
        /// The format.
        format: &'static str,
        /// What it cannot say.
        what: &'static str,
    },
    /// Where it is written to does not take it.
    #[error(transparent)]
    Unwritable(#[from] io::Error),
}

/// What a writer wrote, as text.
pub(super) fn text(
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), ExportError>,
) -> Result<String, ExportError> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    Ok(String::from_utf8(bytes).expect("every format is written as text"))
}
