//! Values, clocks and times as a page shows them.

use super::story::Story;
use super::write::visible;
use crate::history::Time;
use crate::note::Version;
use crate::report::steps::clocked;

/// At most so many characters of a text, with its invisible ones named; what is cut off is counted.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.is_empty() {
        return "\"\"".into();
    }
    let mut out = String::new();
    let mut wide = 0;
    for (index, c) in text.char_indices() {
        let one = visible(&c.to_string());
        wide += one.chars().count();
        if wide > most {
            let more = text[index..].chars().count();
            return format!("{out}…(+{more})");
        }
        out.push_str(&one);
    }
    out
}

/// A version by its value.
pub(super) fn value(version: &Version, most: usize) -> String {
    let value = version.value.as_deref();
    value.map_or_else(|| "deleted".into(), |value| short(value, most))
}

/// The clock of a version, where it was noted: `⟨n1:2 after n0:1⟩`, with a dagger where it was shortened.
pub(super) fn clock(story: &Story, version: &Version) -> Option<String> {
    let clock = version.clock.as_ref()?;
    let cut = if story.is_cut(version) { "†" } else { "" };
    Some(format!("{}{cut}", short(&clocked(clock), 120)))
}

/// Virtual milliseconds, as the terminal says them.
pub(super) fn ms(at: Time) -> String {
    if at.0 < 10_000 {
        format!("{}.{}", at.0 / 1000, at.0 % 1000 / 100)
    } else {
        (at.0 / 1000).to_string()
    }
}

/// About how wide a text is in a monospaced font of this size.
pub(super) fn wide(text: &str, size: f64) -> f64 {
    let cells: f64 = text
        .chars()
        .map(|c| {
            if c < '\u{1100}' || ('\u{2000}'..'\u{2e80}').contains(&c) {
                1.0
            } else {
                2.0
            }
        })
        .sum();
    cells * size * 0.605
}

/// `1 call`, `2 calls`.
pub(super) fn many(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A number with thousands apart: `1,184`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_it_is_too_long_to_be_seen() {
        assert_eq!(short("milk", 4), "milk");
        assert_eq!(short("butter", 4), "butt…(+2)");
        assert_eq!(short("a\u{202e}b", 10), "a\\u{202e}b");
        assert_eq!(short("a\u{202e}b", 8), "a…(+2)");
        assert_eq!(short("", 4), "\"\"");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(
            [grouped(7), grouped(1_184), grouped(1_000_000)],
            ["7", "1,184", "1,000,000"]
        );
    }
}
