//! Where in a text something stands.

use super::error::{ImportError, What};

/// A text and where its lines begin.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Page<'a> {
    /// Bytes as a page; a byte order mark in front is no part of it.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Page::of(text)),
            Err(wrong) => {
                let (good, _) = bytes.split_at(wrong.valid_up_to());
                let good = std::str::from_utf8(good).expect("valid up to here");
                Err(Page::of(good).error(good.len(), What::NotUtf8))
            }
        }
    }

    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(end, _)| end + 1))
            .collect();
        Page { text, starts }
    }

    /// The line that holds this byte, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at)
    }

    /// An error at this byte. Columns count characters, from 1.
    pub(super) fn error(&self, at: usize, what: What) -> ImportError {
        let line = self.line(at);
        let before = self.text.get(self.starts[line - 1]..at).unwrap_or_default();
        ImportError {
            line,
            column: Some(before.chars().count() + 1),
            what,
        }
    }

    /// Every line without its end, with its number and the byte it begins at.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, usize, &'a str)> {
        self.starts.iter().enumerate().map(|(index, &start)| {
            let end = self
                .starts
                .get(index + 1)
                .map_or(self.text.len(), |next| next - 1);
            let line = &self.text[start..end];
            (index + 1, start, line.strip_suffix('\r').unwrap_or(line))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let page = Page::new("ab\nä?c".as_bytes()).expect("UTF-8");
        let wrong = page.error(5, What::Empty);
        assert_eq!((wrong.line, wrong.column), (2, Some(2)));
        let end = page.error(page.text.len(), What::Empty);
        assert_eq!((end.line, end.column), (2, Some(4)));
    }

    #[test]
    fn a_byte_that_is_not_text_is_found() {
        let wrong = Page::new(b"\xef\xbb\xbfone\ntw\xff").expect_err("not UTF-8");
        assert_eq!(
            (wrong.line, wrong.column, wrong.what),
            (2, Some(3), What::NotUtf8)
        );
    }

    #[test]
    fn lines_lose_their_ends_and_keep_their_numbers() {
        let page = Page::new(b"a\r\n\nb").expect("UTF-8");
        let lines: Vec<_> = page.lines().collect();
        assert_eq!(lines, [(1, 0, "a"), (2, 3, ""), (3, 4, "b")]);
    }
}
