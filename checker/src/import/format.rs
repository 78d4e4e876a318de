//! The formats of histories, and how to tell them apart.

use std::fmt;
use std::str::FromStr;

use super::edn::{Form, Kind, Reader};
use super::log;
use super::object::Object;

/// A format of histories. Names on flags are those of [`Format::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Our own: a header line, then one [`Entry`](crate::Entry) a line.
    JsonLines,
    /// `history.edn` of Jepsen and Knossos, for registers.
    JepsenEdn,
    /// A Jepsen log of etcd as Porcupine's tests keep it, for one cas-register.
    PorcupineEtcd,
    /// Porcupine's key-value tests: get, put and append of strings, one map a line.
    PorcupineKv,
}

impl Format {
    /// Every format that [`read`](super::read) takes.
    pub const ALL: [Format; 4] = [
        Format::JsonLines,
        Format::JepsenEdn,
        Format::PorcupineEtcd,
        Format::PorcupineKv,
    ];

    /// The word for flags.
    pub fn name(self) -> &'static str {
        match self {
            Format::JsonLines => "json-lines",
            Format::JepsenEdn => "jepsen-edn",
            Format::PorcupineEtcd => "porcupine-etcd",
            Format::PorcupineKv => "porcupine-kv",
        }
    }

    /// All names in one phrase.
    pub(super) fn listed() -> String {
        Format::ALL.map(Format::name).join(", ")
    }

    /// What an answer of nil means here, unless the user says otherwise.
    ///
    /// Knossos takes a read that returns nil as one whose answer was not recorded; Porcupine takes it
    /// as the value of a register that was never written.
    pub fn nil(self) -> NilMeaning {
        match self {
            Format::PorcupineEtcd | Format::JsonLines => NilMeaning::Value,
            Format::JepsenEdn | Format::PorcupineKv => NilMeaning::Unknown,
        }
    }

    /// The format that these bytes seem to be in, by their beginning; `None` when no format fits.
    ///
    /// Bytes that only begin well are recognised too, so that reading them names their flaw. O(n).
    pub fn recognise(bytes: &[u8]) -> Option<Format> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let second = text.get(1..).unwrap_or_default().trim_start();
        match text.chars().next()? {
            '{' if second.starts_with('"') => Some(Format::JsonLines),
            '[' if json(second) => None,
            '{' | '[' | '(' | '#' | ';' => Some(edn(text)),
            _ => text
                .lines()
                .any(log::is_operation)
                .then_some(Format::PorcupineEtcd),
        }
    }
}

/// Whether this is the first member of a JSON array of objects.
fn json(member: &str) -> bool {
    let inside = member.strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with('"'))
}

/// Which of the EDN formats: that of the first client's operation.
fn edn(text: &str) -> Format {
    let mut reader = Reader::new(text, 0);
    while let Ok(Some(form)) = reader.next() {
        let members = form.sequence().unwrap_or(std::slice::from_ref(&form));
        for member in members {
            let Kind::Map(fields) = &member.untagged().kind else {
                continue;
            };
            let field = |name: &str| {
                let keyed = |key: &Form| matches!(&key.kind, Kind::Keyword(key) if key == name);
                fields
                    .iter()
                    .find(|(key, _)| keyed(key))
                    .map(|(_, value)| value)
            };
            if matches!(field("process").map(|form| &form.kind), Some(Kind::Int(_))) {
                let strings = ["get", "put", "append"];
                let f = field("f").and_then(Form::name);
                let stringy = f.is_some_and(|f| strings.contains(&f)) && field("key").is_some();
                return if stringy {
                    Format::PorcupineKv
                } else {
                    Format::JepsenEdn
                };
            }
        }
    }
    Format::JepsenEdn
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let named = Format::ALL.into_iter().find(|format| format.name() == name);
        named.ok_or_else(|| UnknownFormat(name.into()))
    }
}

/// A name that no format has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("format {0:?} is none of {names}", names = Format::listed())]
pub struct UnknownFormat(pub String);

/// What it means that a read answered nil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NilMeaning {
    /// The register held nil; a string was empty.
    Value,
    /// What was read was not recorded.
    Unknown,
}

/// What a reader of a file may say about it that the file does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What an answer of nil means; by default what [`Format::nil`] says.
    pub nil: Option<NilMeaning>,
    /// Whether values are `[key value]`; by default whether all of them can be.
    pub keyed: Option<bool>,
    /// What the recording is about; by default what its operations look like.
    pub object: Option<Object>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised_by_their_beginning() {
        let op = "{:process 0, :type :invoke, :f";
        for (text, format) in [
            (
                "{\"format\":\"dyno-history/1\",\"domain\":\"kv\"}",
                Some(Format::JsonLines),
            ),
            ("\u{feff}\r\n { \"form", Some(Format::JsonLines)),
            (
                &format!("{op} :read, :value nil}}"),
                Some(Format::JepsenEdn),
            ),
            (&format!("; c\n[{op} :read}}]"), Some(Format::JepsenEdn)),
            (&format!("({op} :read}})"), Some(Format::JepsenEdn)),
            (
                &format!("#jepsen.history.Op{op} :read}}"),
                Some(Format::JepsenEdn),
            ),
            (
                &format!("{op} :get :key \"1\" :value nil}}"),
                Some(Format::PorcupineKv),
            ),
            (
                &format!("{{:process :nemesis}} {op} :put :key \"1\"}}"),
                Some(Format::PorcupineKv),
            ),
            ("{:process 0", Some(Format::JepsenEdn)),
            (
                "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n",
                Some(Format::PorcupineEtcd),
            ),
            (
                "INFO  jepsen.core - hello\r\n0\t:invoke\t:read\tnil",
                Some(Format::PorcupineEtcd),
            ),
            ("[\n { \"type\":\"ok\"}]", None),
            ("", None),
            ("hello", None),
        ] {
            assert_eq!(Format::recognise(text.as_bytes()), format, "{text}");
        }
        assert_eq!(Format::recognise(b"\xff\xff"), None);
    }

    #[test]
    fn names_are_read_back() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        assert!("edn".parse::<Format>().is_err());
    }
}
