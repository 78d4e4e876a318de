//! Jepsen's logs of etcd, as Porcupine's tests keep them.

use super::edn::{Form, Notation, Reader};
use super::error::{ImportError, What};
use super::members::Operations;
use super::operation::Operation;
use super::place::Place;
use super::window::Window;

const MARK: &str = "jepsen.util - ";

/// What a line of a log is.
enum Line {
    /// An operation begins at this byte of the line.
    Operation(usize),
    /// Anything else that a log says.
    Other,
    /// The line breaks off before it says what it is.
    Cut,
    /// No log has such a line.
    Foreign,
}

/// The operations of a log; other lines are passed over.
pub(super) struct Log<'s> {
    window: Window<'s>,
}

impl<'s> Log<'s> {
    pub(super) fn new(window: Window<'s>) -> Self {
        Log { window }
    }
}

impl Operations for Log<'_> {
    fn next(&mut self) -> Result<Option<Operation>, ImportError> {
        loop {
            let begins = self.window.place();
            let Some(line) = self.window.line()? else {
                return Ok(None);
            };
            let found = match classify(line) {
                Line::Other => None,
                Line::Operation(at) => Some(operation(line, at, begins)),
                Line::Cut => Some(Err((line.len(), What::CutShort))),
                Line::Foreign => Some(Err((0, What::NotALog))),
            };
            if let Some(found) = found {
                let operation = found.map_err(|(at, what)| self.window.error(at, what))?;
                self.window.count();
                self.window.pass_line();
                return Ok(Some(operation));
            }
            self.window.pass_line();
        }
    }
}

/// Whether a line says what a client called or got.
pub(super) fn is_operation(line: &str) -> bool {
    matches!(classify(line), Line::Operation(_))
}

/// The words of a line from this byte on.
fn operation(line: &str, start: usize, begins: Place) -> Result<Operation, (usize, What)> {
    let words = Reader::new(line, start, Notation::Edn).all();
    let words: Vec<Form> = words.map_err(|wrong| (wrong.at, What::Edn(wrong.flaw)))?;
    if words.len() < 4 {
        return Err((line.len(), What::CutShort));
    }
    if let Some(more) = words.get(5) {
        return Err((more.at, What::NotALog));
    }
    Operation::of_words(words, begins.behind(&line[..start]))
}

fn classify(line: &str) -> Line {
    if line.trim().is_empty() {
        return Line::Other;
    }
    if let Some(mark) = line.find(MARK) {
        let start = mark + MARK.len();
        return match said(&line[start..]) {
            Line::Foreign => Line::Other,
            Line::Operation(at) => Line::Operation(start + at),
            line => line,
        };
    }
    // A whole history without the logger's words in front is the `history.txt` of a Jepsen run.
    if let found @ Line::Operation(_) = said(line) {
        return found;
    }
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let leveled = line
        .split_whitespace()
        .take(4)
        .find(|word| levels.contains(word));
    let trace = ["at", "Caused", "..."].contains(&first);
    match leveled {
        Some(level) if breaks_off(line, level) => Line::Cut,
        Some(_) => Line::Other,
        None if levels.iter().any(|level| level.starts_with(line)) => Line::Cut,
        None if trace => Line::Other,
        None if first.contains("Exception") || first.contains("Error") => Line::Other,
        None => Line::Foreign,
    }
}

/// Whether the line ends inside the words that a logger puts before an operation.
fn breaks_off(line: &str, level: &str) -> bool {
    let behind = line
        .split_once(level)
        .map_or("", |(_, behind)| behind)
        .trim_start();
    MARK.starts_with(behind)
}

/// What stands where an operation would: `3 :ok :read nil`.
fn said(text: &str) -> Line {
    let trimmed = text.trim_start();
    let at = text.len() - trimmed.len();
    let (process, behind) = trimmed
        .split_once(char::is_whitespace)
        .unwrap_or((trimmed, ""));
    let behind = behind.trim_start();
    let digits = process.strip_prefix('-').unwrap_or(process);
    let numbered = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if trimmed.is_empty() || (numbered && behind.is_empty()) {
        return Line::Cut;
    }
    if (numbered || process == ":nemesis") && behind.starts_with(':') {
        return Line::Operation(at);
    }
    Line::Foreign
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::History;
    use crate::import::{Format, Imported, Options, read};
    use crate::register::Register;

    fn import(text: &str) -> Result<History<Register>, ImportError> {
        match read(text.as_bytes(), Format::PorcupineEtcd, Options::default())?.history {
            Imported::Register(history) => Ok(history),
            other => panic!("{other:?} is no register history"),
        }
    }

    fn labels(lines: &[&str]) -> Vec<String> {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| format!("INFO  jepsen.util - {line}\n"))
            .collect();
        let history = import(&lines.concat()).expect("a log");
        history.ops().iter().map(crate::Op::label).collect()
    }

    fn error(text: &str) -> String {
        import(text).expect_err(text).to_string()
    }

    #[test]
    fn every_kind_of_line_is_read() {
        assert_eq!(
            labels(&[
                "0\t:invoke\t:read\tnil",
                "0\t:ok\t:read\tnil",
                "0\t:invoke\t:write\t4",
                "0\t:ok\t:write\t4",
                "0\t:invoke\t:read\tnil",
                "0\t:ok\t:read\t4",
                "0\t:invoke\t:cas\t[4 2]",
                "0\t:ok\t:cas\t[4 2]",
                "0\t:invoke\t:cas\t[0 1]",
                "0\t:fail\t:cas\t[0 1]",
                "0\t:invoke\t:read\tnil",
                "0\t:fail\t:read\t:timed-out",
                ":nemesis\t:info\t:start\tnil",
                "0\t:invoke\t:write\t1",
                "0\t:fail\t:write\t1",
                "0\t:invoke\t:write\t1",
                "0\t:info\t:write\t:timed-out",
                "5\t:invoke\t:cas\t[1 2]",
                "5\t:info\t:cas\t:timed-out",
                "6\t:invoke\t:cas\t[1 2]",
            ]),
            [
                "read → nil",
                "write 4 → ok",
                "read → 4",
                "cas 4 2 → ok",
                "cas 0 1 → mismatch",
                "read ?",
                "write 1 failed",
                "write 1 ?",
                "cas 1 2 ?",
                "cas 1 2 ?",
            ]
        );
    }

    #[test]
    fn a_failure_for_another_reason_is_no_mismatch() {
        let cas = |end: &str| labels(&["0 :invoke :cas [1 2]", end]);
        assert_eq!(cas("0 :fail :cas [1 2] :unavailable"), ["cas 1 2 failed"]);
        assert_eq!(cas("0 :fail :cas :unavailable"), ["cas 1 2 failed"]);
        assert_eq!(cas("0 :fail :cas [1 2] :timed-out"), ["cas 1 2 ?"]);
        assert_eq!(cas("0 :fail :cas :timed-out"), ["cas 1 2 ?"]);
    }

    #[test]
    fn what_a_log_says_beside_is_passed_over() {
        let text = "\u{feff}INFO  jepsen.core - Worker 1 starting\r\n\r\n\
                    2014-07-14 15:12:33 WARN  jepsen.util - 5 nodes are up\r\n\
                    java.net.SocketTimeoutException: Read timed out\r\n\
                    \tat java.net.Foo(Foo.java:1)\r\n\
                    2014-07-14 15:12:33 INFO  jepsen.util - 0\t:invoke\t:write\t-4\r\n\
                    INFO  jepsen.util - Everything looks good!\r\n\
                    0\t:ok\t:write\t-4";
        let history = import(text).expect("a log");
        assert_eq!(history.ops().len(), 1);
        assert_eq!(
            (history.ops()[0].invoked.0, history.ops()[0].returned),
            (6, Some(crate::Time(8)))
        );
    }

    #[test]
    fn a_log_cut_anywhere_in_a_line_is_an_error_or_a_shorter_history() {
        let whole = "INFO  jepsen.util - 10\t:invoke\t:cas\t[1 2]";
        for end in 1..whole.len() {
            let text = format!("{whole}\n{}", &whole[..end].replace("10", "11"));
            let said = error(&text);
            assert!(said.starts_with("line 2, column "), "{end}: {said}");
        }
    }

    #[test]
    fn every_wrong_line_is_named() {
        let first = "INFO  jepsen.util - 0\t:invoke\t:write\t1\n";
        for (line, message) in [
            (
                "INFO  jepsen.util - 1\t:invoke\t:read",
                "line 2, column 36: this line is cut short",
            ),
            (
                "INFO  jepsen.util - 1",
                "line 2, column 22: this line is cut short",
            ),
            (
                "hello",
                "line 2, column 1: this is neither an operation nor a line of a log",
            ),
            (
                ":invoke :read nil",
                "line 2, column 1: this is neither an operation nor a line of a log",
            ),
            (
                "0 :ok :write 1 :a :b",
                "line 2, column 19: this is neither an operation nor a line of a log",
            ),
            (
                "0 :ok :write 2",
                "line 2, column 1: this returns :write 2, but line 1 called write 1",
            ),
            (
                "0 :ok :read 1",
                "line 2, column 1: this returns :read, but line 1 called write 1",
            ),
            (
                "0 :invoke :read nil",
                "line 2, column 1: process 0 calls while its call of line 1 is still open",
            ),
            (
                "1 :ok :read nil",
                "line 2, column 1: process 1 returns but has no open call",
            ),
            (
                "1 :invoke :add 3",
                "line 2, column 1: `:f :add` is not a register operation, but one of set, counter",
            ),
            (
                "1 :began :read nil",
                "line 2, column 3: `:type :began` is none of :invoke, :ok, :fail, :info",
            ),
            (
                "1 :invoke :cas [1 2",
                "line 2, column 16: this vector is never closed",
            ),
            (
                "-1 :invoke :read nil",
                "line 2, column 1: `:process -1` is not the number of a client",
            ),
        ] {
            assert_eq!(error(&format!("{first}{line}\n")), message);
        }
        assert_eq!(
            error("INFO  jepsen.core - x\n"),
            "line 1, column 1: there is nothing in it"
        );
    }
}
