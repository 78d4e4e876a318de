//! Our own format: a header line, then one entry a line.

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::Domain;
use crate::history::History;
use crate::import::Header;

/// A history as [`Format::JsonLines`](crate::import::Format::JsonLines), from which
/// [`import::read`](crate::import::read) gives back an equal one. Equal histories give equal bytes.
///
/// ```
/// use checker::{History, kv::Kv};
///
/// let nothing = History::<Kv>::new(Vec::new())?;
/// assert_eq!(
///     checker::export::json_lines(&nothing),
///     "{\"format\":\"dyno-history/1\",\"domain\":\"kv\"}\n"
/// );
/// # Ok::<(), checker::Malformed>(())
/// ```
pub fn json_lines<D: Domain>(history: &History<D>) -> String {
    let mut bytes = Vec::new();
    json_lines_to(history, &mut bytes).expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("JSON is text")
}

/// Writes a history as [`json_lines`] does.
///
/// # Errors
/// What the writer says.
pub fn json_lines_to<D: Domain>(history: &History<D>, mut out: impl Write) -> io::Result<()> {
    line(&mut out, &Header::of::<D>())?;
    for entry in history.entries() {
        line(&mut out, &entry)?;
    }
    out.flush()
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut json = serde_json::to_vec(value).expect("every map key of an entry is a string");
    json.push(b'\n');
    out.write_all(&json)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::export::generated::{
        counters, mutexes, queues, registers, sets, siblings, strings, txns,
    };
    use crate::history::{Entry, OpId, Outcome, Process, Time};
    use crate::import::{Format, Imported, Options, read};
    use crate::kv::{Kv, KvCall, KvRet};

    fn back(text: &str) -> Imported {
        assert_eq!(Format::recognise(text.as_bytes()), Some(Format::JsonLines));
        let import = read(text.as_bytes(), Format::JsonLines, Options::default());
        import.expect("what was written is read").history
    }

    proptest! {
        #[test]
        fn registers_are_read_back(history in registers()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Register(history));
        }

        #[test]
        fn strings_are_read_back(history in strings()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Append(history));
        }

        #[test]
        fn siblings_are_read_back(history in siblings()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Kv(history));
        }

        #[test]
        fn sets_are_read_back(history in sets()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Set(history));
        }

        #[test]
        fn counters_are_read_back(history in counters()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Counter(history));
        }

        #[test]
        fn queues_are_read_back(history in queues()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Queue(history));
        }

        #[test]
        fn locks_are_read_back(history in mutexes()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Mutex(history));
        }

        #[test]
        fn transactions_are_read_back(history in txns()) {
            prop_assert_eq!(back(&json_lines(&history)), Imported::Txn(history));
        }
    }

    #[test]
    fn the_bytes_of_version_one_do_not_change() {
        let (op, process, key) = (OpId(3), Process(1), "x".to_owned());
        let call = KvCall::Put {
            key,
            value: "a\n".into(),
            context: vec![OpId(2)],
        };
        let entries = vec![
            Entry::Note {
                at: Time(4),
                note: crate::Note::Healed,
            },
            Entry::Invoke {
                op,
                at: Time(5),
                process,
                call,
            },
            Entry::Return {
                op,
                at: Time(9),
                outcome: Outcome::Ok(KvRet::Stored),
            },
        ];
        assert_eq!(
            json_lines::<Kv>(&History::new(entries).expect("well formed")),
            concat!(
                r#"{"format":"dyno-history/1","domain":"kv"}"#,
                "\n",
                r#"{"note":{"at":4,"note":"healed"}}"#,
                "\n",
                r#"{"invoke":{"op":3,"at":5,"process":1,"call":{"put":{"key":"x","value":"a\n","context":[2]}}}}"#,
                "\n",
                r#"{"return":{"op":3,"at":9,"outcome":{"ok":"stored"}}}"#,
                "\n",
            )
        );
    }
}
