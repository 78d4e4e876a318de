//! `dyno config`: every setting in force, and where it comes from.

use std::env;
use std::fmt::Write;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::args::{Chosen, Config, Format, Hunt, Undecided};
use super::exit::Exit;
use super::output::{Kind, Manner, say, say_line};
use super::settings::{Origin, SETTINGS, Settings, nearest, variables};

pub(super) fn config(args: &Config, settings: &Settings) -> Result<Exit, String> {
    let hunt = settings.hunt()?;
    let manner = settings.manner(Kind::Human);
    match args.format {
        Format::Human => say(&human(settings, &hunt, manner)),
        Format::Json => say_line(&summary(settings, &hunt, manner)),
    }
    Ok(Exit::Fine)
}

fn human(settings: &Settings, hunt: &Hunt, manner: Manner) -> String {
    let (file, profile, chosen) = settings.read();
    let mut out = format!("profile       {profile} ({chosen})\n");
    let path = file.map_or("none: there is no dyno.toml here or above".into(), |path| {
        path.display().to_string()
    });
    let _ = writeln!(out, "file          {path}\n");
    for setting in &SETTINGS {
        let value = value(setting.name, hunt, manner);
        let from = match settings.origin(setting.name) {
            Origin::Flag => "flag".to_owned(),
            Origin::Variable(name) => name,
            Origin::Profile(profile, line) => format!("{path}:{line} (profile {profile})"),
            Origin::Default => "default".to_owned(),
        };
        let _ = writeln!(out, "{:<13} {value:<24} {from}", setting.name);
    }
    for (name, meant) in misspelled() {
        let _ = writeln!(out, "\n{name} is read by nothing; did you mean {meant}?");
    }
    out
}

fn summary(settings: &Settings, hunt: &Hunt, manner: Manner) -> Value {
    let (file, profile, chosen) = settings.read();
    let all: Vec<Value> = SETTINGS
        .iter()
        .map(|setting| {
            let from = match settings.origin(setting.name) {
                Origin::Flag => json!({"kind": "flag", "name": format!("--{}", setting.name)}),
                Origin::Variable(name) => json!({"kind": "environment", "name": name}),
                Origin::Profile(profile, line) => {
                    json!({"kind": "profile", "name": profile, "line": line})
                }
                Origin::Default => json!({"kind": "default"}),
            };
            let value = value(setting.name, hunt, manner);
            json!({"name": setting.name, "value": value, "variable": setting.variable(), "from": from})
        })
        .collect();
    json!({
        "format": "dyno-config/1", "file": file.map(|path| path.display().to_string()), "profile": profile,
        "profile_chosen_by": chosen, "settings": all, "exit": Exit::Fine.number(),
    })
}

/// What is in force.
fn value(name: &str, hunt: &Hunt, manner: Manner) -> String {
    let or = |value: Option<String>, none: &str| value.unwrap_or_else(|| none.to_owned());
    match name {
        "runs" => or(hunt.runs_max().map(|runs| runs.to_string()), "no limit"),
        "budget" => or(hunt.budget.map(|time| format!("{time:?}")), "no limit"),
        "seed" => or(hunt.seed.map(seed), "none"),
        "seed-base" => or(hunt.seed_base.map(seed), "random"),
        "target" => hunt.world.name().into(),
        "preset" => match hunt.preset {
            Chosen::All => "all".into(),
            Chosen::One(preset) => preset.name().into(),
        },
        "flaw" => or(hunt.flaw.map(|flaw| flaw.name().into()), "none"),
        "property" => {
            let names: Vec<&str> = hunt.promises.iter().map(|promise| promise.name()).collect();
            if names.is_empty() {
                "all of the preset".into()
            } else {
                names.join(",")
            }
        }
        "jobs" => hunt.at_once().to_string(),
        "shard" => or(hunt.shard.map(|shard| shard.to_string()), "none"),
        "keep-going" => hunt.goes_on().to_string(),
        "undecided" => named::<Undecided>(&hunt.undecided),
        "check-budget" => hunt.states.to_string(),
        "out" => hunt.out.display().to_string(),
        "format" => named(&hunt.format),
        "github" => named(&hunt.github),
        "color" => named(&manner.color),
        "ascii" => or(manner.ascii.map(|on| on.to_string()), "auto"),
        "quiet" => manner.quiet.to_string(),
        "verbose" => manner.verbose.to_string(),
        _ => unreachable!("each setting has a value"),
    }
}

fn seed(seed: u64) -> String {
    format!("{seed:#x}")
}

fn named<V: ValueEnum>(value: &V) -> String {
    value
        .to_possible_value()
        .map_or(String::new(), |value| value.get_name().to_owned())
}

/// What our variables begin with.
const OURS: &str = "DYNO_";

/// Variables that nobody reads, and which of ours was probably meant.
fn misspelled() -> Vec<(String, String)> {
    let known = variables();
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let ours = names.filter(|name| name.starts_with(OURS) && !known.contains(name));
    let mut all: Vec<(String, String)> = ours
        .filter_map(|name| {
            // What all have in common makes none of them near.
            let rests = known.iter().filter_map(|known| known.strip_prefix(OURS));
            let near = format!("{OURS}{}", nearest(name.strip_prefix(OURS)?, rests)?);
            Some((name, near))
        })
        .collect();
    all.sort();
    all
}
