//! `dyno merge`: the results of all shards of a hunt as one, with one exit code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::args::{HuntFormat, Merge, Shard};
use super::exit::Exit;
use super::hunt::outcome::Outcome;
use super::hunt::record::{FILE, Record};
use super::hunt::{github, told};
use super::output::{fail, say, tell};

pub(super) fn merge(args: &Merge) -> Result<Exit, String> {
    let mut shards = BTreeMap::new();
    for folder in &args.folders {
        let record = Record::read(folder)?;
        let at = folder.join(FILE);
        let shard = record
            .shard
            .ok_or_else(|| format!("{} is of no shard", at.display()))?;
        if let Some((other, _)) = shards.insert(shard.index, (folder.clone(), record)) {
            let (one, other) = (folder.display(), other.display());
            return Err(format!("{one} and {other} are both of shard {shard}"));
        }
    }
    let of = agreed(&shards)?;
    let missing: Vec<String> = (1..=of)
        .filter(|index| !shards.contains_key(index))
        .map(|index| Shard { index, of }.to_string())
        .collect();
    if !missing.is_empty() {
        let many = if missing.len() == 1 {
            "shard"
        } else {
            "shards"
        };
        fail(&format!(
            "{many} {} missing; results incomplete",
            missing.join(", ")
        ));
        return Ok(Exit::Target);
    }
    let campaigns = join(&args.out, shards)?;
    let exit = campaigns.iter().map(Outcome::exit_code).min();
    let exit = exit.unwrap_or(Exit::Idle);
    Record::new(None, campaigns.clone(), exit).save(&args.out)?;
    if args.format == HuntFormat::Human {
        tell(&format!(
            "shards {of}/{of}, same base, version and source\n"
        ));
    }
    say(&told(args.format, &campaigns));
    if args.github.is_on() {
        say(&github::annotations(&campaigns));
        github::summarize(&campaigns)?;
    }
    Ok(exit)
}

type Shards = BTreeMap<u32, (PathBuf, Record)>;

/// How many shards there are, if all are parts of one hunt.
fn agreed(shards: &Shards) -> Result<u32, String> {
    let mut all = shards.values();
    let Some((first, one)) = all.next() else {
        return Err("no shard was named".into());
    };
    for (folder, other) in all {
        let differs = [
            ("number of shards", of(one) == of(other)),
            ("version", one.version == other.version),
            ("source", one.source == other.source),
            ("campaigns", asked(one) == asked(other)),
        ];
        if let Some((what, _)) = differs.iter().find(|(_, same)| !same) {
            let (first, folder) = (first.display(), folder.display());
            return Err(format!(
                "{first} and {folder} differ in their {what}, so they are no parts of one hunt"
            ));
        }
    }
    Ok(of(one).unwrap_or_default())
}

fn of(record: &Record) -> Option<u32> {
    record.shard.map(|shard| shard.of)
}

/// What each campaign was about: its seed base, preset, target, and the promises that were asked for.
fn asked(record: &Record) -> Vec<impl PartialEq + '_> {
    let asked = record.campaigns.iter().map(|outcome| {
        let promises = outcome.promises.iter().filter(|judged| judged.asked);
        let promises: Vec<_> = promises.map(|judged| judged.promise).collect();
        let Outcome {
            seed_base,
            preset,
            target,
            undecided,
            ..
        } = outcome;
        (seed_base, preset, target, undecided, promises)
    });
    asked.collect()
}

/// Adds up campaign by campaign, and brings the files of the counterexamples that were chosen.
fn join(out: &Path, shards: Shards) -> Result<Vec<Outcome>, String> {
    let mut joined: Vec<Outcome> = Vec::new();
    for (folder, record) in shards.into_values() {
        for (index, mut outcome) in record.campaigns.into_iter().enumerate() {
            for cause in &mut outcome.causes {
                let name = Path::new(&cause.bundle).file_name();
                let path = folder.join(name.unwrap_or_default());
                cause.bundle = path.to_string_lossy().into_owned();
            }
            match joined.get_mut(index) {
                Some(known) => known.join(outcome),
                None => joined.push(outcome),
            }
        }
    }
    fs::create_dir_all(out).map_err(|why| format!("cannot make {}: {why}", out.display()))?;
    for outcome in &mut joined {
        for cause in &mut outcome.causes {
            let from = PathBuf::from(&cause.bundle);
            let to = out.join(from.file_name().unwrap_or_default());
            for ending in ["json", "html"] {
                let (from, to) = (from.with_extension(ending), to.with_extension(ending));
                if ending == "json" || from.exists() {
                    fs::copy(&from, &to).map_err(|why| {
                        format!("cannot copy {} to {}: {why}", from.display(), to.display())
                    })?;
                }
            }
            cause.bundle = to.to_string_lossy().into_owned();
            cause.report = to.with_extension("html").to_string_lossy().into_owned();
        }
        outcome.settle();
    }
    Ok(joined)
}
