//! The part of a text that is being read, moved along it in one direction.

use super::error::{ImportError, What};
use super::place::Place;
use super::source::Source;

/// How many bytes are asked for at once.
const CHUNK: usize = 128 << 10;

/// How far a file has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many bytes were read since the beginning. A file may be read more than once.
    pub bytes: u64,
    /// How many calls, returns and notes were read.
    pub entries: u64,
}

/// Text from where a reader stands up to where bytes were read; what is behind the reader is dropped.
pub(super) struct Window<'s> {
    source: &'s mut dyn Source,
    told: &'s mut dyn FnMut(Progress),
    progress: Progress,
    text: String,
    start: usize,
    place: Place,
    /// Bytes that begin a character and do not end it.
    partial: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begins,
    Goes,
    Ended,
    /// The next byte is no text.
    Foreign,
}

impl<'s> Window<'s> {
    /// A window at the beginning of a source; a byte order mark in front is no part of its text.
    pub(super) fn new(source: &'s mut dyn Source, told: &'s mut dyn FnMut(Progress)) -> Self {
        Window {
            source,
            told,
            progress: Progress::default(),
            text: String::new(),
            start: 0,
            place: Place::START,
            partial: Vec::new(),
            state: State::Begins,
        }
    }

    /// The text from here on, as far as it was read.
    pub(super) fn rest(&self) -> &str {
        &self.text[self.start..]
    }

    /// Whether [`Window::rest`] goes up to the end.
    pub(super) fn ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Where the rest begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The place of this byte of the rest.
    pub(super) fn place_at(&self, at: usize) -> Place {
        self.place
            .behind(self.rest().get(..at).unwrap_or(self.rest()))
    }

    /// An error at this byte of the rest.
    pub(super) fn error(&self, at: usize, what: What) -> ImportError {
        self.place_at(at).error(what)
    }

    /// Goes on by so many bytes of the rest.
    pub(super) fn pass(&mut self, length: usize) {
        self.place = self.place.behind(&self.rest()[..length]);
        self.start += length;
    }

    /// Says that an operation was read.
    pub(super) fn count(&mut self) {
        self.progress.entries += 1;
    }

    /// Reads at least as much again as there is, so that trying again and again stays linear.
    ///
    /// After it, either the rest is longer or it [ended](Window::ended).
    pub(super) fn more(&mut self) -> Result<(), ImportError> {
        self.text.drain(..self.start);
        self.start = 0;
        let wanted = self.text.len() + CHUNK.max(self.text.len());
        let before = self.text.len();
        let mut chunk = vec![0; CHUNK];
        while self.text.len() < wanted && !self.ended() {
            if self.state == State::Foreign {
                if self.text.len() > before {
                    return Ok(());
                }
                return Err(self.error(self.text.len(), What::NotUtf8));
            }
            let held = self.partial.len();
            chunk[..held].copy_from_slice(&self.partial);
            self.partial.clear();
            let length = self.fill(&mut chunk[held..])?;
            self.progress.bytes += length as u64;
            self.take(&chunk[..held + length], length == 0);
        }
        (self.told)(self.progress);
        Ok(())
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ImportError> {
        loop {
            match self.source.read(buffer) {
                Ok(length) => return Ok(length),
                Err(why) if why.kind() == std::io::ErrorKind::Interrupted => {}
                Err(why) => {
                    let what = What::Unreadable(why.to_string());
                    return Err(self.error(self.text.len(), what));
                }
            }
        }
    }

    /// Appends bytes to the text, except for what begins a character and does not end it.
    fn take(&mut self, mut bytes: &[u8], last: bool) {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.state == State::Begins {
            if bytes.len() < MARK.len() && MARK.starts_with(bytes) && !last {
                self.partial.extend_from_slice(bytes);
                return;
            }
            bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
        }
        self.state = if last { State::Ended } else { State::Goes };
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text.push_str(text),
            Err(wrong) => {
                let (good, rest) = bytes.split_at(wrong.valid_up_to());
                self.text
                    .push_str(std::str::from_utf8(good).expect("valid up to here"));
                if wrong.error_len().is_none() && !last {
                    self.partial.extend_from_slice(rest);
                } else {
                    self.state = State::Foreign;
                }
            }
        }
    }

    /// The next line without its end, which may be the last one; `None` behind it.
    pub(super) fn line(&mut self) -> Result<Option<&str>, ImportError> {
        let mut seen = 0;
        let (end, whole) = loop {
            let rest = self.rest();
            if let Some(end) = rest[seen..].find('\n') {
                break (seen + end, seen + end + 1);
            }
            seen = rest.len();
            if self.ended() {
                break (seen, seen);
            }
            self.more()?;
        };
        if whole == 0 {
            return Ok(None);
        }
        let line = &self.text[self.start..self.start + end];
        let length = line.strip_suffix('\r').unwrap_or(line).len();
        Ok(Some(&self.text[self.start..self.start + length]))
    }

    /// Goes on to the next line.
    pub(super) fn pass_line(&mut self) {
        if let Some(end) = self.rest().find('\n') {
            self.place = Place {
                line: self.place.line + 1,
                column: 1,
            };
            self.start += end + 1;
        } else {
            self.pass(self.rest().len());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::import::source::Seekable;

    /// Gives its bytes in pieces of this length.
    struct Pieces(Vec<u8>, usize);

    impl Source for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len()).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }

        fn rewind(&mut self) -> std::io::Result<bool> {
            Ok(false)
        }
    }

    fn lines(source: &mut dyn Source) -> Result<Vec<String>, ImportError> {
        let mut quiet = |_: Progress| ();
        let mut window = Window::new(source, &mut quiet);
        let mut lines = Vec::new();
        while let Some(line) = window.line()? {
            lines.push(line.to_owned());
            window.pass_line();
        }
        Ok(lines)
    }

    #[test]
    fn characters_and_marks_survive_any_cut() {
        let text = "\u{feff}ä\u{feff}€\r\n\n😀 and a long line of text\r\nb";
        for length in 1..40 {
            let mut pieces = Pieces(text.as_bytes().to_vec(), length);
            let found = lines(&mut pieces).expect("UTF-8");
            assert_eq!(found, ["ä\u{feff}€", "", "😀 and a long line of text", "b"]);
        }
        for short in ["", "\u{feff}"] {
            let mut pieces = Pieces(short.as_bytes().to_vec(), 1);
            assert_eq!(lines(&mut pieces), Ok(Vec::new()));
        }
    }

    #[test]
    fn a_byte_that_is_not_text_is_found() {
        for (bytes, place) in [
            (b"\xef\xbb\xbfone\ntw\xff".as_slice(), (2, 3)),
            (b"\xef\xbb".as_slice(), (1, 1)),
            (b"ab\xe2\x82".as_slice(), (1, 3)),
        ] {
            let mut source = Seekable::new(Cursor::new(bytes)).expect("bytes in memory");
            let wrong = lines(&mut source).expect_err("not UTF-8");
            assert_eq!((wrong.line, wrong.column), (place.0, Some(place.1)));
            assert_eq!(wrong.what, What::NotUtf8);
        }
    }

    #[test]
    fn places_are_counted_over_all_that_was_passed() {
        let text = "ü\n".repeat(200_000);
        let mut source = Seekable::new(Cursor::new(text.as_bytes())).expect("bytes in memory");
        let mut quiet = |_: Progress| ();
        let mut window = Window::new(&mut source, &mut quiet);
        while window.line().expect("UTF-8").is_some() {
            window.pass_line();
        }
        let last = window.place();
        assert_eq!((last.line, last.column), (200_001, 1));
    }
}
