//! The variables that tests of one's own store read, as one table; a wrong value is refused.

use std::ffi::OsString;
use std::fmt;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use crate::units::{duration, number};

/// A variable of the environment that [`Test::check`](crate::prelude::Test::check) reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub value: &'static str,
    /// What it does.
    pub does: &'static str,
}

const REPLAY: &str = "DYNO_REPLAY";
const SEED: &str = "DYNO_SEED";
const RUNS: &str = "DYNO_RUNS";
const BUDGET: &str = "DYNO_BUDGET";
const OUT: &str = "DYNO_OUT";

/// All of them. What they say goes before what the test says.
pub const VARIABLES: [Variable; 5] = [
    Variable {
        name: REPLAY,
        value: "FILE",
        does: "run only this bundle, and fail as it failed",
    },
    Variable {
        name: SEED,
        value: "7 or 0x7",
        does: "do only the run of this seed",
    },
    Variable {
        name: RUNS,
        value: "1 or more",
        does: "do so many runs; without a budget, exactly so many",
    },
    Variable {
        name: BUDGET,
        value: "500ms, 30s, 5m, 1h",
        does: "begin no run after this time; without a number of runs, as many as fit",
    },
    Variable {
        name: OUT,
        value: "DIR",
        does: "write bundles there instead of target/dyno",
    },
];

/// The table as Markdown, as the documentation has it.
pub fn markdown() -> String {
    let mut out = String::from("| variable | value | what it does |\n|---|---|---|\n");
    for Variable { name, value, does } in VARIABLES {
        let _ = writeln!(out, "| `{name}` | {value} | {does} |");
    }
    out
}

/// The table as text, as `dyno env` prints it.
pub fn table() -> String {
    let mut out = String::from("variable     value               what it does\n");
    for Variable { name, value, does } in VARIABLES {
        let _ = writeln!(out, "{name:<11}  {value:<18}  {does}");
    }
    out
}

/// What the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) replay: Option<PathBuf>,
    pub(super) seed: Option<u64>,
    pub(super) runs: Option<u64>,
    pub(super) budget: Option<Duration>,
    pub(super) out: Option<PathBuf>,
}

/// A variable that says what cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    name: &'static str,
    value: String,
    why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { name, value, why } = self;
        write!(f, "{name}={value} is refused: {why}")
    }
}

impl Settings {
    /// Reads the variables of this process.
    pub(super) fn of_process() -> Result<Self, Wrong> {
        Settings::read(|name| std::env::var_os(name))
    }

    fn read(look: impl Fn(&str) -> Option<OsString>) -> Result<Self, Wrong> {
        let path = |name| {
            let value = look(name).map(PathBuf::from);
            match value {
                Some(path) if path.as_os_str().is_empty() => Err(Wrong {
                    name,
                    value: String::new(),
                    why: "it is empty".into(),
                }),
                other => Ok(other),
            }
        };
        let settings = Settings {
            replay: path(REPLAY)?,
            seed: parsed(&look, SEED, number)?,
            runs: parsed(&look, RUNS, count)?,
            budget: parsed(&look, BUDGET, duration)?,
            out: path(OUT)?,
        };
        settings.agree(look)
    }

    /// One run has no number of runs.
    fn agree(self, look: impl Fn(&str) -> Option<OsString>) -> Result<Self, Wrong> {
        let single = [(REPLAY, self.replay.is_some()), (SEED, self.seed.is_some())];
        let single = single.into_iter().find(|(_, set)| *set);
        let beside = [
            (SEED, self.seed.is_some()),
            (RUNS, self.runs.is_some()),
            (BUDGET, self.budget.is_some()),
        ];
        let mut beside = beside.into_iter().filter(|(_, set)| *set);
        let clash = single.and_then(|(one, _)| {
            let (name, _) = beside.find(|(name, _)| *name != one)?;
            Some((one, name))
        });
        match clash {
            None => Ok(self),
            Some((one, name)) => Err(Wrong {
                name,
                value: said(look(name).unwrap_or_default()),
                why: format!("{one} asks for one run already"),
            }),
        }
    }
}

fn count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(count) => Ok(count),
        Err(wrong) => Err(format!("{wrong}; it is a whole number, as in 500")),
    }
}

fn said(value: OsString) -> String {
    value
        .into_string()
        .unwrap_or_else(|odd| odd.to_string_lossy().into_owned())
}

fn parsed<T>(
    look: &impl Fn(&str) -> Option<OsString>,
    name: &'static str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Wrong> {
    let Some(value) = look(name).map(said) else {
        return Ok(None);
    };
    match parse(&value) {
        Ok(parsed) => Ok(Some(parsed)),
        Err(why) => Err(Wrong { name, value, why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
        let look = |name: &str| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Settings::read(look).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn every_variable_is_read() {
        assert_eq!(read(&[]), Ok(Settings::default()));
        let three = read(&[(RUNS, "40"), (BUDGET, "3s"), (OUT, "there")]);
        let three = three.expect("these go together");
        assert_eq!(three.runs, Some(40));
        assert_eq!(three.budget, Some(Duration::from_secs(3)));
        assert_eq!(three.out, Some("there".into()));
        assert_eq!(read(&[(SEED, "0xff")]).map(|is| is.seed), Ok(Some(255)));
        let replay = read(&[(REPLAY, "a.json")]).map(|is| is.replay);
        assert_eq!(replay, Ok(Some("a.json".into())));
    }

    #[test]
    fn a_wrong_value_is_refused_by_the_name_of_its_variable() {
        for (name, value) in [
            (RUNS, "0"),
            (RUNS, "-1"),
            (RUNS, "many"),
            (SEED, "0xg"),
            (SEED, ""),
            (BUDGET, "30"),
            (BUDGET, "0s"),
            (OUT, ""),
            (REPLAY, ""),
        ] {
            let refused = read(&[(name, value)]).expect_err("it is wrong");
            let begins = format!("{name}={value} is refused: ");
            assert!(refused.starts_with(&begins), "{refused}");
        }
    }

    #[test]
    fn one_run_has_no_number_of_runs() {
        let refused = read(&[(SEED, "7"), (RUNS, "9")]);
        let why = "DYNO_RUNS=9 is refused: DYNO_SEED asks for one run already";
        assert_eq!(refused, Err(why.into()));
        assert!(read(&[(REPLAY, "a.json"), (SEED, "7")]).is_err());
        assert!(read(&[(REPLAY, "a.json"), (BUDGET, "7s")]).is_err());
    }

    #[test]
    fn the_documentation_has_this_table() {
        let docs = include_str!("../prelude.rs");
        for line in markdown().lines() {
            assert!(docs.contains(&format!("//! {line}\n")), "missing: {line}");
        }
        let text = table();
        assert!(VARIABLES.iter().all(|one| text.contains(one.does)));
    }
}
