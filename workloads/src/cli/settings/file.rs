//! `dyno.toml`: profiles, each a name for settings. What is wrong in it is refused, with its place.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::known::{SETTINGS, Setting, Takes};
use super::near::hint;

/// The file's name.
pub(super) const NAME: &str = "dyno.toml";

/// The profile that all others inherit, unless they say otherwise.
pub(super) const DEFAULT: &str = "default";

/// A file that was read.
#[derive(Debug)]
pub(in crate::cli) struct File {
    pub(in crate::cli) path: PathBuf,
    profiles: BTreeMap<String, Profile>,
}

/// A name for settings.
#[derive(Debug, Default)]
struct Profile {
    inherits: Option<(String, Place)>,
    says: BTreeMap<&'static str, Said>,
}

/// What a profile says of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// As a flag would have it.
    pub(super) values: Vec<OsString>,
    pub(super) profile: String,
    pub(super) place: Place,
}

/// A line and a column of the file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    column: usize,
}

/// What is wrong in the file, and where.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Wrong {
    path: PathBuf,
    place: Option<Place>,
    why: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { path, place, why } = self;
        match place {
            Some(Place { line, column }) => write!(f, "{}:{line}:{column}: {why}", path.display()),
            None => write!(f, "cannot read {}: {why}", path.display()),
        }
    }
}

/// Says what is wrong with a value of a setting, if anything is.
pub(super) type Refuse<'r> = &'r dyn Fn(&Setting, &[OsString]) -> Option<String>;

/// The nearest file of that name, from this folder upward.
pub(super) fn above(folder: &Path) -> Option<PathBuf> {
    let paths = folder.ancestors().map(|folder| folder.join(NAME));
    paths.into_iter().find(|path| path.is_file())
}

impl File {
    pub(super) fn read(path: &Path, refuse: Refuse<'_>) -> Result<Self, Wrong> {
        let text = fs::read_to_string(path).map_err(|why| Wrong {
            path: path.into(),
            place: None,
            why: why.to_string(),
        })?;
        File::parse(path, &text, refuse)
    }

    fn parse(path: &Path, text: &str, refuse: Refuse<'_>) -> Result<Self, Wrong> {
        let parser = Parser { path, text, refuse };
        let read = DeTable::parse(text).map_err(|why| {
            let span = why.span().unwrap_or(0..0);
            parser.wrong(&span, why.message())
        })?;
        let mut profiles = BTreeMap::new();
        for (key, value) in read.get_ref() {
            let name = key.get_ref();
            if name != "profile" {
                let hint = hint(name, ["profile"]);
                let why = format!("unknown table {name}: there is only [profile.NAME]{hint}");
                return Err(parser.wrong(&key.span(), &why));
            }
            for (key, value) in parser.table(value, "profile")? {
                let name = key.get_ref().to_string();
                let profile = parser.profile(&name, value)?;
                profiles.insert(name, profile);
            }
        }
        let file = File {
            path: path.into(),
            profiles,
        };
        for name in file.profiles.keys() {
            file.line(name)?;
        }
        Ok(file)
    }

    /// Whether there is such a profile.
    pub(super) fn has(&self, name: &str) -> bool {
        self.profiles.contains_key(name)
    }

    /// The names of its profiles.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// What this profile says of a setting, or one that it inherits.
    pub(super) fn says(&self, profile: &str, setting: &Setting) -> Option<&Said> {
        let line = self.line(profile).unwrap_or_default();
        line.into_iter()
            .find_map(|name| self.profiles.get(name)?.says.get(setting.name))
    }

    /// This profile and those that it inherits, the nearest first.
    pub(super) fn line(&self, name: &str) -> Result<Vec<&str>, Wrong> {
        let mut line = Vec::new();
        let mut next = self.profiles.get_key_value(name);
        while let Some((name, profile)) = next {
            line.push(name.as_str());
            next = match &profile.inherits {
                None if name == DEFAULT => None,
                None => self.profiles.get_key_value(DEFAULT),
                Some((other, place)) => Some(self.inherited(&line, other, *place)?),
            };
        }
        Ok(line)
    }

    fn inherited(
        &self,
        line: &[&str],
        other: &str,
        place: Place,
    ) -> Result<(&String, &Profile), Wrong> {
        let wrong = |why| Wrong {
            path: self.path.clone(),
            place: Some(place),
            why,
        };
        if line.contains(&other) {
            let circle = [line, &[other]].concat().join(" inherits ");
            return Err(wrong(format!("profiles inherit one another: {circle}")));
        }
        let found = self.profiles.get_key_value(other);
        found.ok_or_else(|| {
            let hint = hint(other, self.names());
            wrong(format!("there is no profile {other}{hint}"))
        })
    }
}

struct Parser<'p> {
    path: &'p Path,
    text: &'p str,
    refuse: Refuse<'p>,
}

type Value<'v> = Spanned<DeValue<'v>>;

impl<'p> Parser<'p> {
    fn profile(&self, name: &str, value: &Value<'p>) -> Result<Profile, Wrong> {
        let mut profile = Profile::default();
        for (key, value) in self.table(value, &format!("profile.{name}"))? {
            if key.get_ref() == "inherits" {
                let other = value.get_ref().as_str();
                let other = other
                    .ok_or_else(|| self.mistyped("inherits", "the name of a profile", value))?;
                profile.inherits = Some((other.to_owned(), self.place(&value.span())));
                continue;
            }
            let setting = self.setting(key.get_ref(), &key.span())?;
            let values = self.values(setting, value)?;
            if let Some(why) = (self.refuse)(setting, &values) {
                return Err(self.wrong(&value.span(), &why));
            }
            let said = Said {
                values,
                profile: name.to_owned(),
                place: self.place(&key.span()),
            };
            profile.says.insert(setting.name, said);
        }
        Ok(profile)
    }

    fn setting(&self, key: &str, at: &Range<usize>) -> Result<&'static Setting, Wrong> {
        match SETTINGS.iter().find(|setting| setting.name == key) {
            Some(setting) if setting.in_profile => Ok(setting),
            Some(setting) => {
                let variable = setting.variable();
                let why =
                    format!("{key} is different in every run: say it with --{key} or {variable}");
                Err(self.wrong(at, &why))
            }
            None => {
                let known = SETTINGS.iter().filter(|setting| setting.in_profile);
                let known: Vec<&str> = known
                    .map(|setting| setting.name)
                    .chain(["inherits"])
                    .collect();
                let why = match hint(key, known.iter().copied()) {
                    hint if hint.is_empty() => {
                        format!("unknown key {key}: there are {}", known.join(", "))
                    }
                    hint => format!("unknown key {key}{hint}"),
                };
                Err(self.wrong(at, &why))
            }
        }
    }

    /// A value as a flag would have it.
    fn values(&self, setting: &Setting, value: &Value<'p>) -> Result<Vec<OsString>, Wrong> {
        let mistyped = |value| self.mistyped(setting.name, setting.takes.told(), value);
        let one = |text: &str| Ok(vec![text.into()]);
        match (setting.takes, value.get_ref()) {
            (Takes::Text | Takes::Seed | Takes::Texts, DeValue::String(text)) => one(text),
            (Takes::Number | Takes::Seed, DeValue::Integer(number)) => {
                let number = u64::from_str_radix(number.as_str(), number.radix());
                let number = number
                    .map_err(|_| self.wrong(&value.span(), "it is no number from 0 to 2^64 - 1"))?;
                one(&number.to_string())
            }
            (Takes::Switch, DeValue::Boolean(on)) => one(if *on { "true" } else { "false" }),
            (Takes::Texts, DeValue::Array(all)) => {
                let texts = all.iter().map(|one| {
                    let text = one.get_ref().as_str();
                    text.map(OsString::from).ok_or_else(|| mistyped(one))
                });
                texts.collect()
            }
            _ => Err(mistyped(value)),
        }
    }

    fn table<'v>(&self, value: &'v Value<'p>, name: &str) -> Result<&'v DeTable<'p>, Wrong> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.mistyped(name, "a table", value))
    }

    fn mistyped(&self, name: &str, takes: &str, value: &Value<'_>) -> Wrong {
        let is = value.get_ref().type_str();
        self.wrong(
            &value.span(),
            &format!("{name} is {takes}, and this is of type {is}"),
        )
    }

    fn wrong(&self, at: &Range<usize>, why: &str) -> Wrong {
        Wrong {
            path: self.path.into(),
            place: Some(self.place(at)),
            why: why.trim_end().replace('\n', ", "),
        }
    }

    fn place(&self, at: &Range<usize>) -> Place {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File, String> {
        let refuse = |setting: &Setting, values: &[OsString]| {
            let bad = setting.name == "preset" && values[0] == "nonsense";
            bad.then(|| "there is no such preset".to_owned())
        };
        File::parse(Path::new(NAME), text, &refuse).map_err(|wrong| wrong.to_string())
    }

    fn said(file: &File, profile: &str, name: &str) -> Option<(String, usize)> {
        let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
        let said = file.says(profile, setting)?;
        Some((
            said.values[0].to_string_lossy().into_owned(),
            said.place.line,
        ))
    }

    #[test]
    fn profiles_inherit() {
        let text = "[profile.default]\nbudget = \"2s\"\njobs = 1\n\
            [profile.ci]\nbudget = \"5m\"\nseed-base = 0xff\n\
            [profile.night]\ninherits = \"ci\"\njobs = 8\n[profile.alone]\ninherits = \"alone-too\"\n\
            [profile.alone-too]\ninherits = \"default\"\n";
        let file = parse(text).expect("nothing is wrong with it");
        assert_eq!(said(&file, "default", "budget"), Some(("2s".into(), 2)));
        assert_eq!(said(&file, "night", "budget"), Some(("5m".into(), 5)));
        assert_eq!(said(&file, "night", "jobs"), Some(("8".into(), 9)));
        assert_eq!(said(&file, "night", "seed-base"), Some(("255".into(), 6)));
        assert_eq!(said(&file, "default", "seed-base"), None);
        assert_eq!(said(&file, "alone", "jobs"), Some(("1".into(), 3)));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (text, says) in [
            (
                "[profile.ci]\n  bugdet = \"1s\"",
                "2:3: unknown key bugdet; did you mean budget?",
            ),
            (
                "[profile.ci]\nteapot = 1",
                "2:1: unknown key teapot: there are runs, budget, ",
            ),
            (
                "[profile.ci]\nruns = \"many\"",
                "2:8: runs is a whole number, and this is of type string",
            ),
            ("[profile.ci]\nruns = -1", "2:8: it is no number from 0"),
            (
                "[profile.ci]\nkeep-going = 1",
                "2:14: keep-going is true or false, and this is of type integer",
            ),
            (
                "[profile.ci]\nproperty = [1]",
                "2:13: property is a list of strings, and",
            ),
            (
                "[profile.ci]\npreset = \"nonsense\"",
                "2:10: there is no such preset",
            ),
            (
                "[profile.ci]\nshard = \"1/2\"",
                "2:1: shard is different in every run: say it with --shard or DYNO_SHARD",
            ),
            (
                "[profile.ci]\ninherits = \"cj\"",
                "2:12: there is no profile cj; did you mean ci?",
            ),
            (
                "[profile.ci]\ninherits = 7",
                "2:12: inherits is the name of a profile, and",
            ),
            (
                "[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"",
                "4:12: profiles inherit one another: a inherits b inherits a",
            ),
            (
                "[profile.a]\ninherits = \"a\"",
                "2:12: profiles inherit one another: a inherits a",
            ),
            (
                "[profiles.ci]\n",
                "1:2: unknown table profiles: there is only [profile.NAME]; did you mean profile?",
            ),
            ("profile = 3", "1:11: profile is a table, and"),
            ("[profile.ci]\nruns = ", "2:8: "),
            ("[profile.ci]\nruns = 1\nruns = 2", "3:1: duplicate key"),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(
                wrong.starts_with(&format!("{NAME}:{says}")),
                "{text}: {wrong}"
            );
        }
    }
}
