//! What goes to stdout: results, and nothing but results.

use std::io::Write;

/// Writes a result. A reader that has gone away, as `head` does, has seen what it wanted.
pub(super) fn say(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes a result on a line of its own.
pub(super) fn say_line(text: &impl ToString) {
    say(&(text.to_string() + "\n"));
}
