//! A recording, from a file or from standard input.

use std::fs::File;
use std::io::stdin;
use std::path::Path;

use checker::import::{self, Format, Import, NilMeaning, Object, Options, Progress, What};

use crate::cli::args::{Nil, Recording};
use crate::cli::status::Status;

/// How messages name a file.
pub(in crate::cli) fn name(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".into()
    } else {
        file.display().to_string()
    }
}

/// Reads a recording, of this object if that is known, and says on stderr how far it has come.
pub(in crate::cli) fn load(args: &Recording, object: Option<Object>) -> Result<Import, String> {
    let options = Options {
        nil: args.nil.map(|nil| match nil {
            Nil::Value => NilMeaning::Value,
            Nil::Unknown => NilMeaning::Unknown,
        }),
        keyed: args.keyed,
        object,
    };
    let mut status = Status::new();
    let mut tell = |at: Progress| {
        status.show(|_| format!("read {} MB, {} entries", at.bytes / 1_000_000, at.entries));
    };
    let read = if args.file == Path::new("-") {
        import::read_from(stdin().lock(), args.from, options, &mut tell)
    } else {
        let file = File::open(&args.file).map_err(|why| why.to_string())?;
        // What is no file on a disk, as a pipe with a name, cannot be read twice.
        if file.metadata().is_ok_and(|about| about.is_file()) {
            import::read_file(file, args.from, options, &mut tell)
        } else {
            import::read_from(file, args.from, options, &mut tell)
        }
    };
    status.clear();
    let import = read.map_err(|why| match why.what {
        What::Unrecognised => format!("{why}; --from says which it is"),
        What::Ambiguous(_) => format!("{why}; --model says which it is"),
        What::Unreadable(why) => why,
        _ => why.to_string(),
    })?;
    takes(args, import.format)?;
    Ok(import)
}

/// Refuses what a flag says of other formats than this one: it would change nothing.
fn takes(args: &Recording, format: Format) -> Result<(), String> {
    let without_keys = [
        Format::JsonLines,
        Format::PorcupineEtcd,
        Format::PorcupineKv,
    ];
    if args.nil.is_some() && format == Format::JsonLines {
        return Err(format!(
            "--nil says nothing of {format}, which tells nil from an answer not recorded"
        ));
    }
    if args.keyed.is_some() && without_keys.contains(&format) {
        return Err(format!(
            "--keyed says nothing of {format}, which says itself where keys are"
        ));
    }
    Ok(())
}
