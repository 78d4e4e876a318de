//! The words on a bar: plain, or quoted where plain would be something else.

use std::fmt;

/// One word. A quoted word is never a number, never `nil`, never anything but its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Without quotes and escapes.
    pub text: String,
    /// Whether it is written between quotes.
    pub quoted: bool,
}

impl Word {
    /// A word as it is.
    pub fn plain(text: impl Into<String>) -> Self {
        Word {
            text: text.into(),
            quoted: false,
        }
    }

    /// A text from outside: plain where that is possible, unless it would be one of these words.
    pub fn text(text: &str, unlike: &[&str]) -> Self {
        Word {
            text: text.into(),
            quoted: plain_length(text.chars()) != text.len()
                || text.is_empty()
                || unlike.contains(&text),
        }
    }

    /// The text, if it is not quoted.
    pub fn as_plain(&self) -> Option<&str> {
        (!self.quoted).then_some(self.text.as_str())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.quoted {
            return f.write_str(&self.text);
        }
        f.write_str("\"")?;
        for char in self.text.chars() {
            match char {
                '"' | '\\' => write!(f, "\\{char}")?,
                ' '..='~' => write!(f, "{char}")?,
                other => write!(f, "{}", other.escape_unicode())?,
            }
        }
        f.write_str("\"")
    }
}

/// How many characters in front make up one plain word: letters, digits and `_`, and between those
/// also `-`, `.`, `:`, `/` and `+`. What follows may then be a line of `-` or an end of `...`.
pub(super) fn plain_length(chars: impl Iterator<Item = char> + Clone) -> usize {
    let solid = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let behind = chars.clone().skip(1).map(Some).chain([None]);
    let mut length = 0;
    for (char, next) in chars.zip(behind) {
        let joint = length > 0 && "-.:/+".contains(char) && next.is_some_and(solid);
        if !solid(char) && !joint {
            break;
        }
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_only_where_it_must_be() {
        let written = |text: &str| Word::text(text, &["nil"]).to_string();
        for plain in ["a", "v1", "cart-7", "1.5", "a/b:c", "_", "3"] {
            assert_eq!(written(plain), plain);
        }
        for (text, quoted) in [
            ("", r#""""#),
            ("nil", r#""nil""#),
            ("a b", r#""a b""#),
            ("a-", r#""a-""#),
            ("-1", r#""-1""#),
            ("a--b", r#""a--b""#),
            ("a|\"\\", r#""a|\"\\""#),
            ("ä\n", r#""\u{e4}\u{a}""#),
        ] {
            assert_eq!(written(text), quoted);
        }
    }
}
