//! What our signs are where only ASCII may be printed.

use std::fmt::Write;

/// A sign of ours, and what stands for it.
const SIGNS: [(char, &str); 24] = [
    ('✓', "ok"),
    ('✗', "x"),
    ('–', "-"),
    ('—', "-"),
    ('·', "."),
    ('…', "..."),
    ('⋯', "..."),
    ('→', "->"),
    ('←', "<-"),
    ('⟨', "<"),
    ('⟩', ">"),
    ('‹', "<"),
    ('›', ">"),
    ('“', "\""),
    ('”', "\""),
    ('’', "'"),
    ('≤', "<="),
    ('≥', ">="),
    ('≠', "!="),
    ('×', "x"),
    ('✂', "|"),
    ('†', "~"),
    ('█', "#"),
    ('µ', "u"),
];

/// Marks of verdicts. At the beginning of a line all are made two columns wide, so that what follows is aligned.
const MARKS: [char; 5] = ['✓', '✗', '?', '–', '·'];

/// The text in ASCII. What grows by that takes from the next gap of at least two blanks, so that columns stay
/// where they are. What is no sign of ours, as in values of users, is shown by its number.
pub(super) fn plain(text: &str) -> String {
    if text.is_ascii() && !text.lines().any(|line| marked(line).is_some()) {
        return text.to_owned();
    }
    let lines = text.split_inclusive('\n').map(line);
    lines.collect()
}

/// Where the mark at the beginning of a line is.
fn marked(line: &str) -> Option<usize> {
    let body = uncoloured(line.trim_start_matches(' '));
    let mut signs = body.chars();
    let mark = signs.next().is_some_and(|first| MARKS.contains(&first));
    let apart = uncoloured(signs.as_str()).starts_with(' ');
    (mark && apart).then(|| line.len() - body.len())
}

/// What follows after a code for a colour.
fn uncoloured(text: &str) -> &str {
    let code = text.strip_prefix("\x1b[");
    let after = code.and_then(|code| code.split_once('m'));
    after.map_or(text, |(_, after)| after)
}

fn line(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut owed = 0_usize;
    let mut signs = line.char_indices().peekable();
    let mark = marked(line);
    while let Some((at, sign)) = signs.next() {
        let known = SIGNS.iter().find(|(ours, _)| *ours == sign);
        match known {
            Some((_, stands)) => {
                out.push_str(stands);
                owed += stands.len() - 1;
            }
            None if sign.is_ascii() => out.push(sign),
            None => {
                let number = sign.escape_unicode().to_string();
                owed += number.len() - 1;
                out.push_str(&number);
            }
        }
        if mark == Some(at) && !out.ends_with("ok") {
            out.push(' ');
            owed += 1;
        }
        // Of a gap one blank is left.
        while owed > 0 && sign == ' ' && matches!(signs.peek(), Some((_, ' '))) {
            signs.next();
            owed -= 1;
        }
    }
    out
}

/// The text of a JSON document in ASCII: the same document.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if sign.is_ascii() {
            out.push(sign);
            continue;
        }
        let mut units = [0; 2];
        for unit in sign.encode_utf16(&mut units) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// The text of an XML document in ASCII: the same document.
pub(super) fn xml(text: &str) -> String {
    let signs = text.chars().map(|sign| {
        if sign.is_ascii() {
            sign.to_string()
        } else {
            format!("&#{};", u32::from(sign))
        }
    });
    signs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_signs_have_words_and_those_of_users_numbers() {
        assert_eq!(plain("⟨n1:1⟩ → x"), "<n1:1> -> x");
        assert_eq!(plain("put k Grün"), "put k Gr\\u{fc}n");
        assert_eq!(plain("plain\n"), "plain\n");
    }

    #[test]
    fn columns_stay_aligned() {
        let said = "✓ one      held\n✗ second   broken\n? third    open\n– fourth   idle\n";
        let plain = plain(said);
        let columns: Vec<_> = plain.lines().map(|line| line.rfind(' ')).collect();
        assert_eq!(columns, [Some(10); 4], "{plain}");
        assert_eq!(plain.lines().next(), Some("ok one     held"));
        let painted = "\x1b[32m✓\x1b[0m one\n\x1b[31m✗\x1b[0m two";
        assert_eq!(
            super::plain(painted),
            "\x1b[32mok\x1b[0m one\n\x1b[31mx \x1b[0m two"
        );
    }

    #[test]
    fn documents_stay_what_they_are() {
        let value = serde_json::json!({"ü": "✗ 𝄞"});
        let text = json(&value.to_string());
        assert!(text.is_ascii());
        let read: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        assert_eq!(read, value);
        assert_eq!(xml("<a b=\"✗\">"), "<a b=\"&#10007;\">");
    }
}
