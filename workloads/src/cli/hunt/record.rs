//! What a hunt leaves beside its bundles: `hunt.json`, `index.html`, `summary.md` and `junit.xml`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::args::Shard;
use super::super::exit::Exit;
use super::outcome::Outcome;
use super::{index, junit, markdown};
use crate::bundle;

/// The first field of `hunt.json`.
const FORMAT: &str = "dyno-campaigns/1";

/// Where it is kept.
pub(in crate::cli) const FILE: &str = "hunt.json";

/// What a hunt came to: a campaign for each preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cli) struct Record {
    pub(in crate::cli) format: String,
    /// Of `dyno`.
    pub(in crate::cli) version: String,
    /// Equal sources run equal plans the same way.
    pub(in crate::cli) source: String,
    /// Which part of all runs it was.
    pub(in crate::cli) shard: Option<Shard>,
    pub(in crate::cli) campaigns: Vec<Outcome>,
    /// The exit code.
    pub(in crate::cli) exit: u8,
}

impl Record {
    pub(in crate::cli) fn new(shard: Option<Shard>, campaigns: Vec<Outcome>, exit: Exit) -> Self {
        Record {
            format: FORMAT.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            source: bundle::SOURCE.into(),
            shard,
            campaigns,
            exit: exit.number(),
        }
    }

    /// Reads the one of a folder. The error says which file is wrong, and where.
    pub(in crate::cli) fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join(FILE);
        let wrong = |why: String| format!("cannot read {}: {why}", path.display());
        let text = fs::read(&path).map_err(|why| wrong(why.to_string()))?;
        let record: Record = serde_json::from_slice(&text).map_err(|why| wrong(why.to_string()))?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(wrong(format!("it is {} and not {FORMAT}", record.format)))
        }
    }

    /// Writes all of them.
    pub(in crate::cli) fn save(&self, folder: &Path) -> Result<(), String> {
        fs::create_dir_all(folder)
            .map_err(|why| format!("cannot make {}: {why}", folder.display()))?;
        let json = serde_json::to_string_pretty(self).map_err(|why| why.to_string())? + "\n";
        let with_flaws = folder.join("flaws.html").is_file();
        for (name, text) in [
            (FILE, json),
            ("summary.md", markdown::summary(&self.campaigns)),
            ("junit.xml", junit::suites(&self.campaigns)),
            ("index.html", index::index(&self.campaigns, with_flaws)),
        ] {
            let path = folder.join(name);
            fs::write(&path, text)
                .map_err(|why| format!("cannot write {}: {why}", path.display()))?;
        }
        Ok(())
    }
}
