//! What a command reads.

use std::fs;
use std::path::Path;

use checker::History;
use checker::kv::Kv;
use checker::report::Bundle;

/// A bundle, as JSON or inside a page, and its history. The error names the file and what is wrong with it.
pub(super) fn bundle(file: &Path) -> Result<(Bundle, History<Kv>), String> {
    let wrong = |why: String| format!("cannot read {}: {why}", file.display());
    let bytes = fs::read(file).map_err(|why| wrong(why.to_string()))?;
    Bundle::read(&bytes).map_err(|why| wrong(why.to_string()))
}
