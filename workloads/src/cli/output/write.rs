//! Results go to stdout, and nothing but results; what else there is to say goes to stderr.

use std::borrow::Cow;
use std::io::Write;

use clap::builder::StyledStr;

use super::ascii::{json, plain, xml};
use super::manner::{Kind, Settled, manner};
use super::paint::paint;

/// Writes a result. What a file says commands no terminal: control characters are shown by their names.
pub(in crate::cli) fn say(text: &str) {
    let manner = manner();
    if manner.quiet > 1 {
        return;
    }
    raw_to_stdout(&dressed(&shown(text), manner));
}

/// Writes a result on a line of its own.
pub(in crate::cli) fn say_line(text: &impl ToString) {
    say(&(text.to_string() + "\n"));
}

/// Writes what is good to know and no failure: once quiet, it is left out.
pub(in crate::cli) fn tell(text: &str) {
    if manner().quiet == 0 {
        say(text);
    }
}

/// Whether only failures and results that matter are to be told.
pub(in crate::cli) fn is_quiet() -> bool {
    manner().quiet > 0
}

/// Says on stderr why a command failed.
pub(in crate::cli) fn fail(why: &str) {
    complain(&format!("error: {why}"));
}

/// Says on stderr what is wrong.
pub(in crate::cli) fn complain(text: &str) {
    if manner().quiet < 2 {
        to_stderr(&format!("{text}\n"));
    }
}

/// Writes help, or why arguments cannot be understood: what has its own colours.
pub(in crate::cli) fn print(styled: &StyledStr, to_stderr: bool) {
    let manner = manner();
    if manner.quiet > 1 {
        return;
    }
    let (coloured, write): (bool, fn(&str)) = if to_stderr {
        (manner.colours.on_stderr, raw_to_stderr)
    } else {
        (manner.colours.on_stdout, raw_to_stdout)
    };
    let text = if coloured {
        styled.ansi().to_string()
    } else {
        styled.to_string()
    };
    write(&spelled(&text, manner.ascii));
}

/// Says on stderr what is good to know.
pub(in crate::cli) fn note(text: &str) {
    if manner().quiet == 0 {
        to_stderr(&format!("{text}\n"));
    }
}

/// Says more on stderr to those who asked for it so many times.
pub(in crate::cli) fn told_more(times: u8, text: impl FnOnce() -> String) {
    if manner().verbose >= times {
        let over = if manner().people { "\r\x1b[2K" } else { "" };
        raw_to_stderr(&format!("{over}{}", for_stderr(&format!("{}\n", text()))));
    }
}

/// Shows how far a command is: on a terminal over the line before, which an empty text takes away.
pub(in crate::cli) fn status_line(text: &str) {
    if manner().people {
        raw_to_stderr(&format!("\r\x1b[2K{}", for_stderr(text)));
    } else {
        to_stderr(&format!("{text}\n"));
    }
}

fn to_stderr(text: &str) {
    raw_to_stderr(&for_stderr(text));
}

fn for_stderr(text: &str) -> String {
    let manner = manner();
    for_people(&shown(text), manner.ascii, manner.colours.on_stderr).into_owned()
}

/// With colours, then spelled: colours go by what is meant.
fn for_people(text: &str, ascii: bool, coloured: bool) -> Cow<'_, str> {
    if coloured {
        spelled(&paint(text), ascii).into_owned().into()
    } else {
        spelled(text, ascii)
    }
}

fn spelled(text: &str, ascii: bool) -> Cow<'_, str> {
    if ascii {
        plain(text).into()
    } else {
        text.into()
    }
}

/// Who has gone away, as `head` does, has seen what it wanted.
fn raw_to_stdout(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Who has gone away needs nothing.
fn raw_to_stderr(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

/// In the manner of its kind.
fn dressed(text: &str, manner: Settled) -> Cow<'_, str> {
    match manner.kind {
        Kind::Json if manner.ascii => json(text).into(),
        Kind::Xml if manner.ascii => xml(text).into(),
        Kind::Human | Kind::Markdown => for_people(text, manner.ascii, manner.colours.on_stdout),
        Kind::Json | Kind::Xml | Kind::Document => text.into(),
    }
}

fn shown(text: &str) -> Cow<'_, str> {
    let commands = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(commands) {
        return text.into();
    }
    let named = text.chars().map(|c| {
        if commands(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    });
    named.collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cannot_command_the_terminal() {
        assert_eq!(shown("plain ✗\n\tv5"), "plain ✗\n\tv5");
        assert_eq!(shown("\u{1b}[31mred\r"), "\\u{1b}[31mred\\u{d}");
    }

    #[test]
    fn a_document_is_printed_as_it_is() {
        let manner = |kind| Settled {
            ascii: true,
            kind,
            ..Settled::default()
        };
        assert_eq!(dressed("✓ ü", manner(Kind::Document)), "✓ ü");
        assert_eq!(dressed("✓ ü", manner(Kind::Markdown)), "ok \\u{fc}");
        assert_eq!(dressed("\"ü\"", manner(Kind::Json)), "\"\\u00fc\"");
    }
}
