//! Where in a text something stands.

use super::error::{ImportError, What};

/// A line and a character in it, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    pub(super) const START: Place = Place { line: 1, column: 1 };

    /// The place behind a text that begins here.
    #[expect(
        clippy::naive_bytecount,
        reason = "it is vectorized, and no crate is worth the rest"
    )]
    pub(super) fn behind(self, text: &str) -> Place {
        let bytes = text.as_bytes();
        if !bytes.contains(&b'\n') {
            let column = self.column + characters(bytes);
            return Place { column, ..self };
        }
        let ends = bytes.iter().filter(|&&byte| byte == b'\n').count();
        let last = bytes.iter().rposition(|&byte| byte == b'\n');
        let begins = last.map_or(0, |end| end + 1);
        Place {
            line: self.line + ends,
            column: 1 + characters(&bytes[begins..]),
        }
    }

    pub(super) fn error(self, what: What) -> ImportError {
        ImportError {
            line: self.line,
            column: Some(self.column),
            what,
        }
    }
}

/// How many characters this part of a text has: every byte but those that continue one.
fn characters(bytes: &[u8]) -> usize {
    if bytes.is_ascii() {
        return bytes.len();
    }
    bytes
        .iter()
        .filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let place = |text: &str| {
            let Place { line, column } = Place::START.behind(text);
            (line, column)
        };
        assert_eq!(place(""), (1, 1));
        assert_eq!(place("ab\nä?"), (2, 3));
        assert_eq!(place("äöü"), (1, 4));
        assert_eq!(place("a\r\n\n"), (3, 1));
    }
}
