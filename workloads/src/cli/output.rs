//! What goes to stdout: results, and nothing but results.

use std::io::Write;

/// Writes a result. A reader that has gone away, as `head` does, has seen what it wanted. What a file says
/// commands no terminal: control characters are shown by their names.
pub(super) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let text = shown(text);
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

fn shown(text: &str) -> std::borrow::Cow<'_, str> {
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

/// Writes a result on a line of its own.
pub(super) fn say_line(text: &impl ToString) {
    say(&(text.to_string() + "\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cannot_command_the_terminal() {
        assert_eq!(shown("plain ✗\n\tv5"), "plain ✗\n\tv5");
        assert_eq!(shown("\u{1b}[31mred\r"), "\\u{1b}[31mred\\u{d}");
    }
}
