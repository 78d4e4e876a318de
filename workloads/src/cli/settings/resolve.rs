//! What is in force, and where it comes from.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches, ValueEnum};

use super::file::{self, File};
use super::known::{APART, CONFIG, PROFILE, SETTINGS, Setting, Takes};
use super::near::hint;
use super::refused::{flag, refused};
use crate::cli::args::{Hunt, command};
use crate::cli::output::{Kind, Manner, When};

/// Where a value comes from; what goes before comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Origin {
    Flag,
    /// The variable of this name.
    Variable(String),
    /// This profile, on this line of the file.
    Profile(String, usize),
    Default,
}

impl Origin {
    fn rank(&self) -> u8 {
        match self {
            Origin::Flag => 0,
            Origin::Variable(_) => 1,
            Origin::Profile(..) => 2,
            Origin::Default => 3,
        }
    }
}

/// What was said of one setting.
#[derive(Clone, Debug)]
struct Found {
    /// As a flag would have it.
    values: Vec<OsString>,
    origin: Origin,
}

/// All that was said.
#[derive(Debug, Default)]
pub(in crate::cli) struct Settings {
    file: Option<File>,
    profile: String,
    /// Who chose the profile.
    chosen: &'static str,
    found: BTreeMap<&'static str, Found>,
}

type Look<'l> = &'l dyn Fn(&str) -> Option<OsString>;

impl Settings {
    /// Those of this process. `flags` are those of the command; `hunts` are flags of `hunt`, if its settings
    /// are asked for. Of commands that need no file, none is read.
    pub(in crate::cli) fn of_process(
        flags: &ArgMatches,
        hunts: Option<&ArgMatches>,
        reads_file: bool,
    ) -> Result<Self, String> {
        let look = |name: &str| env::var_os(name);
        let mut settings = Settings::default();
        if reads_file {
            settings.choose(flags, &look)?;
        }
        for setting in SETTINGS
            .iter()
            .filter(|one| one.everywhere || hunts.is_some())
        {
            let flags = if setting.everywhere {
                Some(flags)
            } else {
                hunts
            };
            if let Some(found) = settings.find(setting, flags, &look)? {
                settings.found.insert(setting.name, found);
            }
        }
        settings.part()?;
        Ok(settings)
    }

    /// Finds the file, and the profile.
    fn choose(&mut self, flags: &ArgMatches, look: Look<'_>) -> Result<(), String> {
        let named = flags.get_one::<PathBuf>("config").cloned();
        let named = named.or_else(|| look(CONFIG).map(PathBuf::from));
        let path = named.or_else(|| file::above(&env::current_dir().ok()?));
        if let Some(path) = path {
            let read = File::read(&near(&path), &refused);
            self.file = Some(read.map_err(|wrong| wrong.to_string())?);
        }
        let asked = flags.get_one::<String>("profile").cloned();
        let variable = || look(PROFILE).map(|name| name.to_string_lossy().into_owned());
        let (asked, chosen) = match (asked, variable()) {
            (Some(name), _) => (Some(name), "--profile"),
            (None, Some(name)) => (Some(name), PROFILE),
            (None, None) => (None, "default"),
        };
        let has = |name: &str| self.file.as_ref().is_some_and(|file| file.has(name));
        (self.profile, self.chosen) = match asked {
            Some(name) if has(&name) || name == file::DEFAULT => (name, chosen),
            Some(name) => return Err(self.no_profile(&name, chosen)),
            None if is_ci(look) && has("ci") => ("ci".into(), "CI"),
            None => (file::DEFAULT.into(), "default"),
        };
        Ok(())
    }

    fn no_profile(&self, name: &str, chosen: &str) -> String {
        match &self.file {
            None => format!(
                "{chosen} asks for the profile {name}, but there is no {} here or above",
                file::NAME
            ),
            Some(file) => {
                let names: Vec<&str> = file.names().collect();
                let path = file.path.display();
                let hint = match hint(name, names.iter().copied()) {
                    hint if hint.is_empty() => format!(": it has {}", names.join(", ")),
                    hint => hint,
                };
                format!("{chosen} asks for the profile {name}, which is not in {path}{hint}")
            }
        }
    }

    fn find(
        &self,
        setting: &Setting,
        flags: Option<&ArgMatches>,
        look: Look<'_>,
    ) -> Result<Option<Found>, String> {
        if let Some(values) = flags.and_then(|flags| from_flags(setting, flags)) {
            let origin = Origin::Flag;
            return Ok(Some(Found { values, origin }));
        }
        let variable = setting.variable();
        if let Some(value) = look(&variable) {
            let values = from_variable(setting, &value);
            return match refused(setting, &values) {
                Some(why) => Err(format!(
                    "{variable}={} is refused: {why}",
                    value.to_string_lossy()
                )),
                None => Ok(Some(Found {
                    values,
                    origin: Origin::Variable(variable),
                })),
            };
        }
        let said = self
            .file
            .as_ref()
            .and_then(|file| file.says(&self.profile, setting));
        Ok(said.map(|said| Found {
            values: said.values.clone(),
            origin: Origin::Profile(said.profile.clone(), said.place.line),
        }))
    }

    /// Of settings that exclude each other the one that goes before stays.
    fn part(&mut self) -> Result<(), String> {
        for (one, other) in APART {
            let rank = |name| {
                self.found
                    .get(name)
                    .filter(|found| says_something(found))
                    .map(|found| found.origin.rank())
            };
            let (Some(left), Some(right)) = (rank(one), rank(other)) else {
                continue;
            };
            if left == right {
                let names = [one, other].map(|name| self.place(name));
                return Err(format!("{} and {} exclude each other", names[0], names[1]));
            }
            self.found.remove(if left < right { other } else { one });
        }
        Ok(())
    }

    /// How messages call what was said of a setting.
    fn place(&self, name: &str) -> String {
        match self.origin(name) {
            Origin::Variable(variable) => variable,
            Origin::Profile(profile, line) => format!("{name} of profile {profile} (line {line})"),
            Origin::Flag | Origin::Default => format!("--{name}"),
        }
    }

    /// Where the value of a setting comes from.
    pub(in crate::cli) fn origin(&self, name: &str) -> Origin {
        self.found
            .get(name)
            .map_or(Origin::Default, |found| found.origin.clone())
    }

    /// The file that was read, the profile, and what chose it.
    pub(in crate::cli) fn read(&self) -> (Option<&Path>, &str, &'static str) {
        let path = self.file.as_ref().map(|file| file.path.as_path());
        (path, &self.profile, self.chosen)
    }

    /// The hunt that they ask for.
    pub(in crate::cli) fn hunt(&self) -> Result<Hunt, String> {
        let mut args = ["dyno", "hunt"].map(OsString::from).to_vec();
        for setting in SETTINGS.iter().filter(|setting| !setting.everywhere) {
            let found = self.found.get(setting.name).into_iter();
            let values = found.flat_map(|found| &found.values);
            args.extend(values.map(|value| flag(setting, value)));
        }
        let matches = command().try_get_matches_from(args);
        let matches = matches.map_err(|wrong| wrong.to_string())?;
        let hunt = matches
            .subcommand_matches("hunt")
            .map(Hunt::from_arg_matches);
        hunt.ok_or("there is no hunt")?
            .map_err(|wrong| wrong.to_string())
    }

    /// How things are to be printed.
    pub(in crate::cli) fn manner(&self, kind: Kind) -> Manner {
        let text = |name| {
            let found = self.found.get(name)?;
            found.values.first()?.to_str()
        };
        let times = |name| {
            text(name)
                .and_then(|times| times.parse().ok())
                .unwrap_or(0)
                .min(2)
        };
        Manner {
            color: text("color")
                .and_then(|when| When::from_str(when, false).ok())
                .unwrap_or_default(),
            ascii: text("ascii").map(|on| on == "true"),
            quiet: times("quiet"),
            verbose: times("verbose"),
            kind,
        }
    }
}

/// As seen from the working folder, if it is below that.
fn near(path: &Path) -> PathBuf {
    let here = env::current_dir().ok();
    let near = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    near.unwrap_or_else(|| path.to_path_buf())
}

/// Whether this is continuous integration, by the convention of its services.
fn is_ci(look: Look<'_>) -> bool {
    look("CI").is_some_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// A switch that is off, and never quiet, exclude nothing.
fn says_something(found: &Found) -> bool {
    found
        .values
        .iter()
        .any(|value| value != "false" && value != "0")
        || found.values.is_empty()
}

fn from_flags(setting: &Setting, flags: &ArgMatches) -> Option<Vec<OsString>> {
    if flags.value_source(setting.id) != Some(ValueSource::CommandLine) {
        return None;
    }
    if ["quiet", "verbose"].contains(&setting.name) {
        return Some(vec![flags.get_count(setting.id).min(2).to_string().into()]);
    }
    let values = flags.get_raw(setting.id)?;
    Some(values.map(OsStr::to_owned).collect())
}

/// Lists have commas; switches are also 1 and 0.
fn from_variable(setting: &Setting, value: &OsStr) -> Vec<OsString> {
    let text = value.to_str();
    match (setting.takes, text) {
        (Takes::Texts, Some(text)) => text.split(',').map(|one| one.trim().into()).collect(),
        (Takes::Switch, Some("1")) => vec!["true".into()],
        (Takes::Switch, Some("0")) => vec!["false".into()],
        _ => vec![value.to_owned()],
    }
}
