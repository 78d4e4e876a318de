//! The formats of histories, and how to tell them apart.

use std::fmt;
use std::io::Cursor;
use std::str::FromStr;

use super::edn::Notation;
use super::log;
use super::members::{Members, Operations};
use super::object::Object;
use super::source::Seekable;
use super::window::{Progress, Window};

/// A format of histories. Names on flags are those of [`Format::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Our own: a header line, then one [`Entry`](crate::Entry) a line.
    JsonLines,
    /// `history.edn` of Jepsen, Knossos and Elle: registers, sets, counters, queues, locks, and
    /// transactions.
    JepsenEdn,
    /// The same operations as JSON objects, in one array or one after another, as elle-cli takes them.
    ElleJson,
    /// A Jepsen log of etcd as Porcupine's tests keep it, for one cas-register.
    PorcupineEtcd,
    /// Porcupine's key-value tests: get, put and append of strings, one map a line.
    PorcupineKv,
}

impl Format {
    /// Every format that [`read`](super::read) takes.
    pub const ALL: [Format; 5] = [
        Format::JsonLines,
        Format::JepsenEdn,
        Format::ElleJson,
        Format::PorcupineEtcd,
        Format::PorcupineKv,
    ];

    /// The word for flags.
    pub fn name(self) -> &'static str {
        match self {
            Format::JsonLines => "json-lines",
            Format::JepsenEdn => "jepsen-edn",
            Format::ElleJson => "elle-json",
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
    /// as the value of a register that was never written. In transactions it is always that, as Elle
    /// reads it.
    pub fn nil(self) -> NilMeaning {
        match self {
            Format::PorcupineEtcd | Format::JsonLines => NilMeaning::Value,
            Format::JepsenEdn | Format::ElleJson | Format::PorcupineKv => NilMeaning::Unknown,
        }
    }

    /// The objects that recordings of this format can be about.
    pub(super) fn objects(self) -> &'static [Object] {
        match self {
            Format::JsonLines => &Object::ALL,
            Format::JepsenEdn | Format::ElleJson => &[
                Object::Register,
                Object::Set,
                Object::Counter,
                Object::Queue,
                Object::Mutex,
                Object::Txn,
            ],
            Format::PorcupineEtcd => &[Object::Register],
            Format::PorcupineKv => &[Object::Append],
        }
    }

    /// The format that these bytes seem to be in, by their beginning; `None` when no format fits.
    ///
    /// Bytes that only begin well are recognised too, so that reading them names their flaw. At most
    /// the first [`Format::SIGHT`] bytes are looked at.
    pub fn recognise(bytes: &[u8]) -> Option<Format> {
        let bytes = &bytes[..bytes.len().min(Format::SIGHT)];
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let second = text.get(1..).unwrap_or_default().trim_start();
        match text.chars().next()? {
            '{' if second.starts_with('"') => Some(json(text, second)),
            '[' if second.starts_with('{') && second[1..].trim_start().starts_with('"') => {
                Some(Format::ElleJson)
            }
            '{' | '[' | '(' | '#' | ';' => Some(edn(text)),
            _ => text
                .lines()
                .any(log::is_operation)
                .then_some(Format::PorcupineEtcd),
        }
    }

    /// How many bytes of a file are enough to recognise its format.
    pub const SIGHT: usize = 1 << 18;
}

/// Which of the formats that begin with a JSON object: ours has a header, theirs operations.
fn json(text: &str, key: &str) -> Format {
    let ours = [
        "\"format\"",
        "\"domain\"",
        "\"invoke\"",
        "\"return\"",
        "\"note\"",
    ];
    let begins = |name: &&str| key.starts_with(*name) || name.starts_with(key.trim_end());
    let theirs = ["\"type\"", "\"process\"", "\"value\""];
    if !ours.iter().any(begins) && theirs.iter().any(|name| text.contains(name)) {
        return Format::ElleJson;
    }
    Format::JsonLines
}

/// Which of the EDN formats: that of the first client's operation.
fn edn(text: &str) -> Format {
    let Ok(mut source) = Seekable::new(Cursor::new(text.as_bytes())) else {
        return Format::JepsenEdn;
    };
    let mut quiet = |_: Progress| ();
    let mut members = Members::new(Window::new(&mut source, &mut quiet), Notation::Edn);
    while let Ok(Some(operation)) = members.next() {
        if operation.of_client() {
            let stringy = matches!(operation.f_name(), Some("get" | "put" | "append"));
            return if stringy && operation.key.is_some() {
                Format::PorcupineKv
            } else {
                Format::JepsenEdn
            };
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
    /// What the recording is about; by default what its operations look like. JSON Lines say so
    /// themselves, whatever stands here.
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
                &format!("{{:process :nemesis :type :info}} {op} :put :key \"1\"}}"),
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
            ("[\n { \"type\":\"ok\"}]", Some(Format::ElleJson)),
            ("{ \"index\":0,\n\"type\":\"ok\"}]", Some(Format::ElleJson)),
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
