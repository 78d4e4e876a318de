//! Values of objects that clients merge, as text.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an object is, and so how two versions of it become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Elements that are only added; merged, all of them.
    Set,
    /// For each actor how often it has counted; merged, for each the most. What it counts is their sum.
    Counter,
    /// Entries that are only appended. Each has a stamp that is higher than those of all entries that its
    /// writer saw; merged, all of them, by stamp and then by name.
    List,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Set, Kind::Counter, Kind::List];

    /// The word for values and reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Set => "set",
            Kind::Counter => "counter",
            Kind::List => "list",
        }
    }

    /// What stands between two parts of a value.
    fn joint(self) -> char {
        match self {
            Kind::List => '/',
            Kind::Set | Kind::Counter => '+',
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an object holds: for each element 0, for each actor its count, for each entry its stamp.
pub type Held = BTreeMap<String, u64>;

/// The value of one put of such an object: a name of its own, what its writer had read, merged, and at the
/// end what it changed.
///
/// Written as `v7:set:v1+v3+v7`, `v7:counter:c1.2+c0.3`, `v7:list:v1.1/v3.2/v7.3`: elements, actors with
/// their counts, entries with their stamps. A put that is tried again has another name and the same change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Tells this put from all others.
    pub name: String,
    /// What the object is.
    pub kind: Kind,
    /// What it holds, the change of this put last.
    pub parts: Vec<(String, u64)>,
}

impl Merged {
    /// What this put changed: the element or entry that it added, or the actor that counted and how far.
    pub fn change(&self) -> Option<(&str, u64)> {
        let (name, number) = self.parts.last()?;
        Some((name, *number))
    }

    /// What all of these together hold: for each name the highest number.
    pub fn merge<'a>(values: impl IntoIterator<Item = &'a Merged>) -> Held {
        let mut held = Held::new();
        for (name, number) in values.into_iter().flat_map(|value| &value.parts) {
            if let Some(known) = held.get_mut(name) {
                *known = (*known).max(*number);
            } else {
                held.insert(name.clone(), *number);
            }
        }
        held
    }
}

impl fmt::Display for Merged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.kind.name())?;
        let mut before = ':';
        for (name, number) in &self.parts {
            write!(f, "{before}{name}")?;
            if self.kind != Kind::Set {
                write!(f, ".{number}")?;
            }
            before = self.kind.joint();
        }
        Ok(())
    }
}

/// Why a text is no such value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotMerged;

impl fmt::Display for NotMerged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value of a set, counter or list that clients merge")
    }
}

impl std::error::Error for NotMerged {}

impl FromStr for Merged {
    type Err = NotMerged;

    fn from_str(text: &str) -> Result<Self, NotMerged> {
        let mut fields = text.splitn(3, ':');
        let mut field = || fields.next().filter(|field| !field.is_empty());
        let (name, kind, parts) = (field(), field(), field());
        let (name, kind) = (name.ok_or(NotMerged)?, kind.ok_or(NotMerged)?);
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
        let kind = kind.ok_or(NotMerged)?;
        let part = |text: &str| {
            if kind == Kind::Set {
                return is_name(text).then(|| (text.to_owned(), 0));
            }
            let (name, number) = text.split_once('.')?;
            // One number, one text: values are compared as texts elsewhere.
            let number = number
                .parse::<u64>()
                .ok()
                .filter(|n| n.to_string() == number)?;
            is_name(name).then(|| (name.to_owned(), number))
        };
        let parts = parts.ok_or(NotMerged)?.split(kind.joint()).map(part);
        let parts: Option<Vec<_>> = parts.collect();
        Ok(Merged {
            name: name.to_owned(),
            kind,
            parts: parts.ok_or(NotMerged)?,
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|char| char.is_alphanumeric() || char == '_')
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        for text in [
            "v7:set:v7",
            "v7:set:v1+v3+v7",
            "v9:set:v1+v3+v7",
            "v7:counter:c1.2+c0.3",
            "v7:list:v1.1/v3.2/v7.3",
        ] {
            let value: Merged = text.parse().expect("a value");
            assert_eq!(value.to_string(), text);
        }
        for text in [
            "",
            "v7",
            "v7:set",
            "v7:set:",
            ":set:v1",
            "v7:bag:v1",
            "v7:set:v1++v2",
            "v7:set:v1.1",
            "v7:counter:c0",
            "v7:counter:c0.x",
            "v7:counter:c0.01",
            "v7:counter:c0.1/c1.1",
            "v7:list:v1.1+v2.2",
            "v7:list:v1.-1",
        ] {
            assert_eq!(text.parse::<Merged>(), Err(NotMerged), "{text}");
        }
    }

    #[test]
    fn merging_keeps_the_most_of_each_whatever_the_order() {
        let of = |text: &str| text.parse::<Merged>().expect("a value");
        let (one, two) = (of("a:counter:c1.2+c0.3"), of("b:counter:c0.1+c2.1+c1.4"));
        let both = Merged::merge([&one, &two]);
        let expected = [("c0", 3), ("c1", 4), ("c2", 1)];
        assert_eq!(
            both,
            expected
                .map(|(name, count)| (name.to_owned(), count))
                .into()
        );
        assert_eq!(Merged::merge([&two, &one, &two]), both);
        assert_eq!(two.change(), Some(("c1", 4)));
    }
}
