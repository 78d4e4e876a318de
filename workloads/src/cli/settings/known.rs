//! The settings that there are.

use crate::harness::env;

/// Something that can be set by a flag, by a variable of the environment, and most of them by a profile.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Setting {
    /// Its key in a profile, and its flag without the dashes.
    pub(in crate::cli) name: &'static str,
    /// How the table of flags calls it.
    pub(super) id: &'static str,
    pub(super) takes: Takes,
    /// Whether every command obeys it, and not only `hunt`.
    pub(in crate::cli) everywhere: bool,
    /// Whether a profile may say it: what is different in every run may not.
    pub(in crate::cli) in_profile: bool,
}

/// What its value looks like in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    Number,
    /// A number, or one written as text, as seeds are.
    Seed,
    Switch,
    /// Several texts, or one.
    Texts,
}

impl Takes {
    pub(super) fn told(self) -> &'static str {
        match self {
            Takes::Text => "a string",
            Takes::Number => "a whole number",
            Takes::Seed => "a whole number, or a string such as \"0x7\"",
            Takes::Switch => "true or false",
            Takes::Texts => "a list of strings",
        }
    }
}

impl Setting {
    /// The variable that says it.
    pub(in crate::cli) fn variable(&self) -> String {
        format!("DYNO_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

const fn of_hunt(name: &'static str, id: &'static str, takes: Takes) -> Setting {
    Setting {
        name,
        id,
        takes,
        everywhere: false,
        in_profile: true,
    }
}

const fn of_one_hunt(name: &'static str, takes: Takes) -> Setting {
    Setting {
        in_profile: false,
        ..of_hunt(name, name, takes)
    }
}

const fn everywhere(name: &'static str, takes: Takes) -> Setting {
    Setting {
        everywhere: true,
        ..of_hunt(name, name, takes)
    }
}

/// All of them, in the order in which they are told.
pub(in crate::cli) static SETTINGS: [Setting; 20] = [
    of_hunt("runs", "runs", Takes::Number),
    of_hunt("budget", "budget", Takes::Text),
    of_one_hunt("seed", Takes::Seed),
    of_hunt("seed-base", "seed_base", Takes::Seed),
    of_hunt("target", "world", Takes::Text),
    of_hunt("preset", "preset", Takes::Text),
    of_hunt("flaw", "flaw", Takes::Text),
    of_hunt("property", "promises", Takes::Texts),
    of_hunt("jobs", "jobs", Takes::Number),
    of_one_hunt("shard", Takes::Text),
    of_hunt("keep-going", "keep_going", Takes::Switch),
    of_hunt("undecided", "undecided", Takes::Text),
    of_hunt("check-budget", "states", Takes::Number),
    of_hunt("out", "out", Takes::Text),
    of_hunt("format", "format", Takes::Text),
    of_hunt("github", "github", Takes::Text),
    everywhere("color", Takes::Text),
    everywhere("ascii", Takes::Switch),
    everywhere("quiet", Takes::Number),
    everywhere("verbose", Takes::Number),
];

/// Of each pair the one that more is said for goes; said equally, they exclude each other.
pub(super) const APART: [(&str, &str); 5] = [
    ("seed", "seed-base"),
    ("seed", "runs"),
    ("seed", "shard"),
    ("seed", "keep-going"),
    ("quiet", "verbose"),
];

/// Variables that choose the file and the profile.
pub(super) const CONFIG: &str = "DYNO_CONFIG";
pub(super) const PROFILE: &str = "DYNO_PROFILE";

/// Every variable of the environment that `dyno`, or a test of one's own store, reads.
pub(in crate::cli) fn variables() -> Vec<String> {
    let mut all: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
    let more = [CONFIG, PROFILE].into_iter();
    let of_tests = env::VARIABLES.iter().map(|variable| variable.name);
    all.extend(more.chain(of_tests).map(str::to_owned));
    all.sort();
    all.dedup();
    all
}
