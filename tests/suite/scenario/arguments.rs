//! The words of one command; each must be understood.

use std::collections::{BTreeMap, VecDeque};

/// What follows the name of a command: plain words in order, and `name=value` in any order.
#[derive(Debug)]
pub(super) struct Arguments {
    plain: VecDeque<String>,
    named: BTreeMap<String, String>,
}

impl Arguments {
    /// The name of the command, and what follows it.
    pub(super) fn parse(line: &str) -> Result<(String, Arguments), String> {
        let mut words = line.split_whitespace();
        let command = words.next().ok_or("a command has a name")?.to_owned();
        let (mut plain, mut named) = (VecDeque::new(), BTreeMap::new());
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                plain.push_back(word.to_owned());
                continue;
            };
            if name.is_empty() || value.is_empty() {
                return Err(format!("{word:?} is neither a word nor name=value"));
            }
            if named.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(format!("{name}= is said twice"));
            }
        }
        Ok((command, Arguments { plain, named }))
    }

    /// The value of a name that must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, String> {
        self.optional(name)
            .ok_or_else(|| format!("{name}= is missing"))
    }

    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        self.named.remove(name)
    }

    /// All that is left of `name=value`.
    pub(super) fn named(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.named)
    }

    /// The next plain word, which must be there.
    pub(super) fn word(&mut self, what: &str) -> Result<String, String> {
        self.plain
            .pop_front()
            .ok_or_else(|| format!("{what} is missing"))
    }

    /// Whether a plain word is there that needs no value.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        let place = self.plain.iter().position(|word| word == name);
        place.is_some_and(|place| self.plain.remove(place).is_some())
    }

    /// A number, if it is said.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<u32>, String> {
        let number = self.optional(name).map(|text| {
            text.parse()
                .map_err(|_| format!("{name}={text} is no number"))
        });
        number.transpose()
    }

    /// All that is left of the plain words.
    pub(super) fn words(&mut self) -> Vec<String> {
        self.plain.drain(..).collect()
    }

    /// Nothing may be left over: a word that nobody reads is a mistake.
    pub(super) fn finish(self) -> Result<(), String> {
        if let Some(word) = self.plain.front() {
            return Err(format!("nobody understands {word:?}"));
        }
        match self.named.first_key_value() {
            Some((name, _)) => Err(format!("nobody understands {name}=")),
            None => Ok(()),
        }
    }
}

/// Reads `300us`, `50ms` or `2s` as microseconds.
pub(super) fn micros(text: &str) -> Result<u64, String> {
    let units = [("us", 1), ("ms", 1_000), ("s", 1_000_000)];
    let read = units.iter().find_map(|(unit, micros)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*micros)
    });
    read.ok_or_else(|| format!("{text:?} is not a time like 300us, 50ms or 2s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Arguments {
        Arguments::parse(line).expect("the line is well formed").1
    }

    #[test]
    fn what_nobody_reads_is_an_error() {
        let mut both = parsed("get A via=B");
        assert_eq!(both.word("the node"), Ok("A".to_owned()));
        assert_eq!(both.required("via"), Ok("B".to_owned()));
        assert_eq!(both.finish(), Ok(()));
        assert!(parsed("get A").finish().is_err());
        assert!(parsed("get via=A").finish().is_err());
    }

    #[test]
    fn what_is_missing_doubled_or_half_said_is_an_error() {
        assert!(parsed("get").word("the node").is_err());
        assert!(parsed("get").required("via").is_err());
        for line in ["", "get via=A via=B", "get via=", "get =A"] {
            assert!(Arguments::parse(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_flag_is_said_once_and_a_number_is_one() {
        let mut get = parsed("get pinned r=2 w=two");
        assert!(get.flag("pinned") && !get.flag("pinned"));
        assert_eq!(get.number("r"), Ok(Some(2)));
        assert_eq!(get.number("n"), Ok(None));
        assert!(get.number("w").is_err());
        assert_eq!(get.finish(), Ok(()));
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(micros("300us"), Ok(300));
        assert_eq!(micros("50ms"), Ok(50_000));
        assert_eq!(micros("2s"), Ok(2_000_000));
        for text in ["5", "ms", "5 ms", "-5ms", "5m", "18446744073709551615s"] {
            assert!(micros(text).is_err(), "{text:?}");
        }
    }
}
