//! Numbers by text. Most keys and values are short, and those are compared without a look at where they stand.

use rustc_hash::FxHashMap;

/// How many bytes have room beside their number.
const SHORT_MAX: usize = 15;

/// A text of at most 15 bytes, as a number that no other such text has; all longer ones are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Short(u128);

impl Short {
    /// What stands for every text that is too long.
    const LONG: Short = Short(u128::MAX);

    /// The text as a number.
    #[inline]
    pub(super) fn of(text: &str) -> Self {
        if text.len() > SHORT_MAX {
            return Short::LONG;
        }
        let mut bytes = [0; SHORT_MAX + 1];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        bytes[SHORT_MAX] = text.len() as u8;
        Short(u128::from_le_bytes(bytes))
    }
}

/// Which number each text has.
#[derive(Debug, Default)]
pub(super) struct Texts<'h> {
    short: FxHashMap<Short, u32>,
    long: FxHashMap<&'h str, u32>,
}

impl<'h> Texts<'h> {
    /// The number of a text.
    pub(super) fn get(&self, text: &str) -> Option<usize> {
        self.find(Short::of(text), || text)
    }

    /// The number of a text that was already looked at.
    #[inline]
    pub(super) fn find<'t>(&self, short: Short, text: impl FnOnce() -> &'t str) -> Option<usize> {
        let number = match short {
            Short::LONG => self.long.get(text()),
            _ => self.short.get(&short),
        };
        number.map(|&number| number as usize)
    }

    /// The number of a text, which gets the next one if it has none.
    pub(super) fn number(&mut self, text: &'h str, next: usize) -> usize {
        let number = match Short::of(text) {
            Short::LONG => self.long.entry(text).or_insert(next as u32),
            short => self.short.entry(short).or_insert(next as u32),
        };
        *number as usize
    }

    /// Gives a text a number, instead of the one that it had and that is returned.
    pub(super) fn insert(&mut self, short: Short, text: &'h str, number: usize) -> Option<u32> {
        match short {
            Short::LONG => self.long.insert(text, number as u32),
            _ => self.short.insert(short, number as u32),
        }
    }

    /// Makes room for so many short texts.
    pub(super) fn reserve(&mut self, texts: usize) {
        self.short.reserve(texts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_however_long_they_are() {
        let long = "a".repeat(40);
        let all = [
            "",
            "\0",
            "\0\0",
            "a",
            "a\0",
            "b",
            "ä",
            &long[..15],
            &long[..16],
            &long[..17],
            &long,
        ];
        let mut texts = Texts::default();
        for (number, text) in all.iter().enumerate() {
            assert_eq!(texts.get(text), None);
            assert_eq!(texts.number(text, number), number);
        }
        for (number, text) in all.iter().enumerate() {
            assert_eq!(texts.get(text), Some(number), "{text:?}");
            assert_eq!(texts.number(text, 99), number);
            let before = texts.insert(Short::of(text), text, number + 20);
            assert_eq!(before, Some(number as u32));
        }
    }
}
