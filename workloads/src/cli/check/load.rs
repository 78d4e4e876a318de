//! A recording, from a file or from standard input.

use std::fs;
use std::io::Read;
use std::path::Path;

use checker::import::{self, Format as Recorded, Import, NilMeaning, Options, What};

use crate::cli::args::{Check, Nil};

/// How messages name a file.
pub(super) fn name(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".into()
    } else {
        file.display().to_string()
    }
}

/// Reads the recording.
pub(super) fn load(args: &Check) -> Result<Import, String> {
    let bytes = if args.file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|why| why.to_string())?;
        bytes
    } else {
        fs::read(&args.file).map_err(|why| why.to_string())?
    };
    let options = Options {
        nil: args.nil.map(|nil| match nil {
            Nil::Value => NilMeaning::Value,
            Nil::Unknown => NilMeaning::Unknown,
        }),
        keyed: args.keyed,
        object: None,
    };
    let format = args.from.or_else(|| Recorded::recognise(&bytes));
    // Where no format fits, what is wrong may be simpler: nothing in it, or not text at all.
    let tried = import::read(&bytes, format.unwrap_or(Recorded::JsonLines), options);
    match (format, tried) {
        (Some(_), tried) => tried.map_err(|why| why.to_string()),
        (None, Err(why)) if matches!(why.what, What::Empty | What::NotUtf8) => Err(why.to_string()),
        (None, _) => {
            let known: Vec<&str> = Recorded::ALL.iter().map(|format| format.name()).collect();
            Err(format!(
                "its format is not recognised; --from says which: {}",
                known.join(", ")
            ))
        }
    }
}
