//! Our own format: a header line, then one entry a line.

use serde::{Deserialize, Serialize};

use super::error::{ImportError, What, excerpt};
use super::lines::Lines;
use super::object::Object;
use super::place::Place;
use super::read::Imported;
use super::window::Window;
use crate::domain::Domain;
use crate::history::{Entry, History, Line, Outcome};

/// The first line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    format: String,
    domain: String,
}

impl Header {
    const VERSION: &'static str = "dyno-history/1";

    /// The header of a history over this domain.
    pub(crate) fn of<D: Domain>() -> Self {
        Header {
            format: Header::VERSION.into(),
            domain: D::NAME.into(),
        }
    }
}

/// Reads a whole file; blank lines are passed over.
pub(super) fn read(mut window: Window<'_>) -> Result<(Imported, Lines), ImportError> {
    let Some((line, header)) = next::<Header>(&mut window, What::Header)? else {
        return Err(Place::START.error(What::Empty));
    };
    let wrong = |what| Err(Place { line, column: 1 }.error(what));
    if header.format != Header::VERSION {
        return wrong(What::Version(excerpt(&header.format)));
    }
    let Some(object) = Object::named(&header.domain) else {
        return wrong(What::Domain(excerpt(&header.domain)));
    };
    match object {
        Object::Register => entries(&mut window, Imported::Register),
        Object::Set => entries(&mut window, Imported::Set),
        Object::Counter => entries(&mut window, Imported::Counter),
        Object::Queue => entries(&mut window, Imported::Queue),
        Object::Mutex => entries(&mut window, Imported::Mutex),
        Object::Txn => entries(&mut window, Imported::Txn),
        Object::Append => entries(&mut window, Imported::Append),
        Object::Kv => entries(&mut window, Imported::Kv),
    }
}

fn entries<D: Domain>(
    window: &mut Window<'_>,
    imported: fn(History<D>) -> Imported,
) -> Result<(Imported, Lines), ImportError> {
    let (mut lines, mut wrong) = (Lines::default(), None);
    let entries = std::iter::from_fn(|| match next::<Entry<D>>(window, What::Json) {
        Ok(next) => next.map(|(line, entry)| {
            window.count();
            lines.push(line);
            entry
        }),
        Err(why) => {
            wrong = Some(why);
            None
        }
    });
    let history = History::new(entries);
    match (wrong, history) {
        (_, Err(malformed)) => Err(ImportError::of(&malformed, &lines)),
        (Some(wrong), _) => Err(wrong),
        (None, Ok(history)) => {
            answered(&history, &lines)?;
            Ok((imported(history), lines))
        }
    }
}

/// Holds each answer against its call: a judge may rely on that, and no reader of a verdict could tell.
fn answered<D: Domain>(history: &History<D>, lines: &Lines) -> Result<(), ImportError> {
    for (entry, line) in history.lines().enumerate() {
        if let Line::Return(op, _) = line
            && let Outcome::Ok(ret) = &op.outcome
            && !D::fits(&op.call, ret)
        {
            let (call, ret) = (D::call_label(&op.call), json(ret));
            let (call, ret) = (excerpt(&call), excerpt(&ret));
            return Err(ImportError {
                line: lines.get(entry).unwrap_or(1),
                column: None,
                what: What::Answer { call, ret },
            });
        }
    }
    Ok(())
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("every map key of an answer is a string")
}

/// The next line that is not blank, with its number, as what it should hold.
///
/// `serde_json` refuses hostile nesting by itself.
fn next<T: for<'de> Deserialize<'de>>(
    window: &mut Window<'_>,
    what: fn(String) -> What,
) -> Result<Option<(usize, T)>, ImportError> {
    loop {
        let number = window.place().line;
        let Some(line) = window.line()? else {
            return Ok(None);
        };
        if line.trim().is_empty() {
            window.pass_line();
            continue;
        }
        match serde_json::from_str(line) {
            Ok(value) => {
                window.pass_line();
                return Ok(Some((number, value)));
            }
            Err(why) => {
                let (at, what) = misread(line, &why, what);
                return Err(window.error(at, what));
            }
        }
    }
}

/// What is wrong with a line, and at which byte.
fn misread(line: &str, why: &serde_json::Error, what: fn(String) -> What) -> (usize, What) {
    if why.is_eof() {
        return (line.len(), What::CutShort);
    }
    let mut at = why.column().saturating_sub(1).min(line.len());
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    let whole = why.to_string();
    let end = whole.rfind(" at line ").unwrap_or(whole.len());
    (at, what(excerpt_of_message(&whole[..end])))
}

/// Messages repeat what they found, which may be long, in their middle.
fn excerpt_of_message(message: &str) -> String {
    const LONGEST: usize = 240;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Format, Import, Options, read};

    const HEADER: &str = r#"{"format":"dyno-history/1","domain":"kv"}"#;
    const CALL: &str = r#"{"invoke":{"op":0,"at":5,"process":1,"call":{"get":{"key":"x"}}}}"#;
    const ANSWER: &str = r#"{"return":{"op":0,"at":9,"outcome":{"ok":{"values":["a"]}}}}"#;

    fn import(text: &str) -> Result<Import, ImportError> {
        read(text.as_bytes(), Format::JsonLines, Options::default())
    }

    fn error(text: &str) -> String {
        import(text).expect_err(text).to_string()
    }

    #[test]
    fn blank_lines_line_ends_and_a_byte_order_mark_do_not_matter() {
        let text = format!("\u{feff}\r\n{HEADER}\r\n\r\n{CALL}\r\n{ANSWER}");
        let read = import(&text).expect("a history");
        let Imported::Kv(history) = &read.history else {
            panic!("{read:?}");
        };
        assert_eq!(history.ops()[0].label(), "get x → a");
        assert!(read.lines.iter().eq([4, 5]));
    }

    #[test]
    fn the_header_says_what_the_file_is() {
        assert_eq!(error("\n"), "line 1, column 1: there is nothing in it");
        assert_eq!(
            error(&HEADER.replace("/1", "/2")),
            "line 1, column 1: format \"dyno-history/2\" is not dyno-history/1"
        );
        assert_eq!(
            error(&HEADER.replace("kv", "stack")),
            "line 1, column 1: domain \"stack\" is none of register, set, counter, queue, mutex, txn, \
             kv-append, kv"
        );
        assert_eq!(
            error(CALL),
            "line 1, column 9: the first line is not {\"format\":\"dyno-history/1\",\"domain\":…}: \
             unknown field `invoke`, expected `format` or `domain`"
        );
        assert_eq!(
            error(&HEADER[..20]),
            "line 1, column 21: this line is cut short"
        );
    }

    #[test]
    fn every_wrong_entry_is_named_with_its_line() {
        for (line, message) in [
            (
                CALL.replace("\"op\"", "\"id\""),
                "unknown field `id`, expected one of",
            ),
            (CALL.replace("\"at\":5,", ""), "missing field `at`"),
            (
                CALL.replace("\"at\":5", "\"at\":-5"),
                "invalid value: integer `-5`, expected u64",
            ),
            (
                CALL.replace("\"at\":5", "\"at\":5.5"),
                "invalid type: floating point",
            ),
            (
                CALL.replace("\"op\":0", "\"op\":0,\"op\":1"),
                "duplicate field `op`",
            ),
            (
                CALL.replace("\"x\"", "\"x\",\"y\":1"),
                "unknown field `y`, expected `key`",
            ),
            (
                CALL.replace("get", "read"),
                "unknown variant `read`, expected one of",
            ),
            (format!("{CALL}{CALL}"), "trailing characters"),
            (
                CALL.replace("invoke", "call"),
                "unknown variant `call`, expected one of",
            ),
            ("[".repeat(100_000), "expected value"),
            (format!("{{\"note\":{}", "[".repeat(100_000)), ""),
            (CALL[..30].into(), "this line is cut short"),
            (ANSWER.into(), "op 0: returns but was never called"),
        ] {
            let said = error(&format!("{HEADER}\n\n{line}\n"));
            let (place, said) = said.split_once(": ").expect("a place in front");
            assert!(
                place == "line 3" || place.starts_with("line 3, column "),
                "{place}: {said}"
            );
            assert!(said.starts_with(message), "{said}");
            assert!(said.len() < 400, "{said}");
        }
    }

    #[test]
    fn an_answer_that_its_call_cannot_have_is_named_with_its_line() {
        for (domain, call, ret, message) in [
            (
                "register",
                r#"{"action":"read"}"#,
                r#""done""#,
                "read cannot be answered by \"done\"",
            ),
            (
                "register",
                r#"{"action":{"write":{"int":1}}}"#,
                r#"{"value":{"int":1}}"#,
                "write 1 cannot be answered by {\"value\":{\"int\":1}}",
            ),
            (
                "txn",
                r#"[{"read":{"int":1}},{"read":{"int":2}}]"#,
                r#"["unseen"]"#,
                "read 1, read 2 cannot be answered by [\"unseen\"]",
            ),
            (
                "kv",
                r#"{"get":{"key":"x"}}"#,
                r#""stored""#,
                "get x cannot be answered by \"stored\"",
            ),
            (
                "kv",
                r#"{"put":{"key":"x","value":"a"}}"#,
                r#"{"values":["a"]}"#,
                "put x a cannot be answered by {\"values\":[\"a\"]}",
            ),
        ] {
            let header = HEADER.replace("kv", domain);
            let call = CALL.replace(r#"{"get":{"key":"x"}}"#, call);
            let answer = ANSWER.replace(r#"{"values":["a"]}"#, ret);
            let said = error(&format!("{header}\n\n{call}\n{answer}\n"));
            assert_eq!(said, format!("line 4: {message}"));
        }
    }

    #[test]
    fn entries_that_are_no_history_are_named_by_their_line_of_the_file() {
        for (line, message) in [
            (
                CALL.into(),
                "line 5: op 0: is called a second time under the same name",
            ),
            (
                CALL.replace("\"op\":0", "\"op\":1"),
                "line 5: op 1: c1 calls while its op 0 is still open",
            ),
            (
                ANSWER.replace("\"at\":9", "\"at\":4"),
                "line 5: op 0: its time lies before that of the line above",
            ),
            (
                format!("{ANSWER}\n{ANSWER}"),
                "line 6: op 0: returns a second time",
            ),
        ] {
            assert_eq!(error(&format!("\n{HEADER}\n\n{CALL}\n{line}")), message);
        }
    }
}
