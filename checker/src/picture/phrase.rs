//! What is written on one bar.

use super::error::Muddle;
use super::word::{Word, plain_length};

/// What is written on one bar: `g1=get x -> a,b`, `put x c <g1`, `write 3 !`, `write 4 ?`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) name: Option<String>,
    pub(super) words: Vec<Word>,
    /// Names of operations, and where they stand.
    pub(super) context: Vec<(String, usize)>,
    pub(super) outcome: Said,
}

/// What a bar says of the outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing: the answer goes without saying.
    #[default]
    Nothing,
    Answer(Vec<Word>),
    Failed,
    Unknown,
}

/// How a bar ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With `|`.
    Bar,
    /// With `]`.
    Bracket,
    /// With `...`.
    Open,
}

/// A character position, and what is wrong there.
pub(super) type Wrong = (usize, Muddle);

impl Phrase {
    /// The phrase as it is drawn, without its bar.
    pub(super) fn text(&self) -> String {
        let joined = |words: &[Word], by: &str| {
            let words: Vec<_> = words.iter().map(Word::to_string).collect();
            words.join(by)
        };
        let mut text = match &self.name {
            Some(name) => format!("{name}="),
            None => String::new(),
        };
        text.push_str(&joined(&self.words, " "));
        if !self.context.is_empty() {
            let names: Vec<_> = self.context.iter().map(|(name, _)| name.as_str()).collect();
            text.push_str(" <");
            text.push_str(&names.join(","));
        }
        match &self.outcome {
            Said::Nothing => {}
            Said::Answer(words) => {
                text.push_str(" -> ");
                text.push_str(&joined(words, ","));
            }
            Said::Failed => text.push_str(" !"),
            Said::Unknown => text.push_str(" ?"),
        }
        text
    }
}

/// Reads one bar behind its opening character.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    chars: &'a [char],
    at: usize,
    phrase: Phrase,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(chars: &'a [char], at: usize) -> Self {
        Scanner {
            chars,
            at,
            phrase: Phrase::default(),
        }
    }

    /// The phrase, how its bar ends, and the position of the last character of the bar.
    pub(super) fn read(mut self) -> Result<(Phrase, End, usize), Wrong> {
        let start = self.at;
        let mut comma = false;
        loop {
            let Some(char) = self.peek(0) else {
                return Err((start - 1, Muddle::Endless));
            };
            let number = char == '-' && self.peek(1).is_some_and(|next| next.is_ascii_digit());
            if comma && char != ' ' && ("|].!?<,".contains(char) || (char == '-' && !number)) {
                return Err((self.at, Muddle::Stray(char)));
            }
            match char {
                ' ' => self.at += 1,
                '|' => return Ok((self.phrase, End::Bar, self.at)),
                ']' => return Ok((self.phrase, End::Bracket, self.at)),
                '.' => return self.open_end(),
                '-' if self.peek(1) == Some('>') => {
                    self.outcome(Said::Answer(Vec::new()))?;
                    self.at += 2;
                }
                '-' if !number => self.fill()?,
                '!' => {
                    self.outcome(Said::Failed)?;
                    self.at += 1;
                }
                '?' => {
                    self.outcome(Said::Unknown)?;
                    self.at += 1;
                }
                '<' => self.context()?,
                ',' => {
                    let listed =
                        matches!(&self.phrase.outcome, Said::Answer(words) if !words.is_empty());
                    if !listed {
                        return Err((self.at, Muddle::Stray(',')));
                    }
                    comma = true;
                    self.at += 1;
                }
                _ => {
                    self.word(comma)?;
                    comma = false;
                }
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn outcome(&mut self, said: Said) -> Result<(), Wrong> {
        if self.phrase.outcome != Said::Nothing {
            return Err((self.at, Muddle::Outcomes));
        }
        self.phrase.outcome = said;
        Ok(())
    }

    /// A line of `-`, which leads to the end of the bar.
    fn fill(&mut self) -> Result<(), Wrong> {
        while self.peek(0) == Some('-') {
            self.at += 1;
        }
        match self.peek(0) {
            Some('|' | ']' | '.') => Ok(()),
            Some(other) => Err((self.at, Muddle::Stray(other))),
            None => Err((self.at, Muddle::Endless)),
        }
    }

    fn open_end(mut self) -> Result<(Phrase, End, usize), Wrong> {
        let start = self.at;
        while self.peek(0) == Some('.') {
            self.at += 1;
        }
        if self.at - start < 3 {
            return Err((start, Muddle::Stray('.')));
        }
        Ok((self.phrase, End::Open, self.at - 1))
    }

    fn word(&mut self, after_comma: bool) -> Result<(), Wrong> {
        let start = self.at;
        let word = if self.peek(0) == Some('"') {
            Word {
                text: self.quoted()?,
                quoted: true,
            }
        } else {
            Word::plain(self.plain()?)
        };
        if self.peek(0) == Some('=') && !word.quoted {
            let first = self.phrase.words.is_empty() && self.phrase.outcome == Said::Nothing;
            if !first || self.phrase.name.is_some() {
                return Err((self.at, Muddle::Stray('=')));
            }
            self.phrase.name = Some(word.text);
            self.at += 1;
            return Ok(());
        }
        match &mut self.phrase.outcome {
            Said::Nothing if self.phrase.context.is_empty() => self.phrase.words.push(word),
            Said::Answer(words) if words.is_empty() || after_comma => words.push(word),
            _ => return Err((start, Muddle::Stray(self.chars[start]))),
        }
        Ok(())
    }

    /// A plain word, which may also be a negative number.
    fn plain(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        let sign = usize::from(self.peek(0) == Some('-'));
        let length = plain_length(self.chars[start + sign..].iter().copied());
        if length == 0 {
            return Err((start, Muddle::Stray(self.chars[start])));
        }
        self.at += sign + length;
        Ok(self.chars[start..self.at].iter().collect())
    }

    fn quoted(&mut self) -> Result<String, Wrong> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let Some(char) = self.peek(0) else {
                return Err((start, Muddle::Unclosed));
            };
            self.at += 1;
            match (char, self.peek(0)) {
                ('"', _) => return Ok(text),
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    text.push(escaped);
                    self.at += 1;
                }
                ('\\', Some('u')) => text.push(self.code()?),
                ('\\', Some(other)) => return Err((self.at - 1, Muddle::Escape(other))),
                (other, _) => text.push(other),
            }
        }
    }

    /// The character of `u{e4}`.
    fn code(&mut self) -> Result<char, Wrong> {
        let start = self.at;
        let digits: String = self.chars[start + 1..].iter().take(8).collect();
        let digits = digits
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'));
        let code = digits.and_then(|(hex, _)| u32::from_str_radix(hex, 16).ok());
        match (digits, code.and_then(char::from_u32)) {
            (Some((hex, _)), Some(char)) => {
                self.at += hex.len() + 3;
                Ok(char)
            }
            _ => Err((start - 1, Muddle::Escape('u'))),
        }
    }

    /// The names behind a `<`.
    fn context(&mut self) -> Result<(), Wrong> {
        if !self.phrase.context.is_empty() || self.phrase.outcome != Said::Nothing {
            return Err((self.at, Muddle::Stray('<')));
        }
        loop {
            self.at += 1;
            let start = self.at;
            let hash = if self.peek(0) == Some('#') { "#" } else { "" };
            self.at += hash.len();
            if self.peek(0).is_none() {
                return Err((start - 1, Muddle::Endless));
            }
            let name = self.plain()?;
            self.phrase.context.push((format!("{hash}{name}"), start));
            if self.peek(0) != Some(',') {
                return Ok(());
            }
        }
    }
}
