//! The operations of an EDN or JSON file, one after another.

use super::edn::{Flaw, Item, Notation, Reader, Wrong, blank, ends};
use super::error::{ImportError, What};
use super::operation::Operation;
use super::place::Place;
use super::quick;
use super::window::Window;

/// How far behind its place the reason of a flaw may lie: the longest escape has 12 bytes.
const LOOKAHEAD: usize = 16;

/// Where operations come from, in the order of their file.
pub(super) trait Operations {
    /// The next operation; `None` at the end.
    fn next(&mut self) -> Result<Option<Operation>, ImportError>;
}

/// Operations in order that are there already.
impl Operations for std::vec::IntoIter<Operation> {
    fn next(&mut self) -> Result<Option<Operation>, ImportError> {
        Ok(Iterator::next(self))
    }
}

/// The maps of a file: bare, or the members of one vector or list.
pub(super) struct Members<'s> {
    window: Window<'s>,
    notation: Notation,
    nest: Nest,
}

#[derive(Clone, Copy, Debug)]
enum Nest {
    /// Nothing was read yet that counts.
    Unknown,
    Bare,
    Inside {
        open: &'static str,
        close: char,
        place: Place,
    },
    /// The one vector or list was closed.
    Behind,
}

impl<'s> Members<'s> {
    pub(super) fn new(window: Window<'s>, notation: Notation) -> Self {
        Members {
            window,
            notation,
            nest: Nest::Unknown,
        }
    }

    /// Goes on to what counts; gives its first character.
    fn solid(&mut self) -> Result<Option<char>, ImportError> {
        loop {
            let rest = self.window.rest();
            let length = blank(rest, self.notation);
            if length < rest.len() {
                let first = rest[length..].chars().next();
                self.window.pass(length);
                return Ok(first);
            }
            if self.window.ended() {
                self.window.pass(length);
                return Ok(None);
            }
            // A comment that goes on is read again from its beginning.
            if !rest.contains(';') {
                self.window.pass(length);
            }
            self.window.more()?;
        }
    }

    /// Whether the first form is a tagged vector or list, or has one more tag in front; passes the tag.
    fn tagged(&mut self) -> Result<bool, ImportError> {
        loop {
            let rest = self.window.rest();
            let behind = rest.strip_prefix('#').unwrap_or_default();
            if behind.starts_with(|first: char| !first.is_alphabetic() && first != ':') {
                return Ok(false);
            }
            let tag = 1 + ends(behind);
            let next = rest.get(tag..).unwrap_or_default();
            let solid = tag + blank(next, self.notation);
            match rest.get(solid..).and_then(|text| text.chars().next()) {
                Some('[' | '(' | '#') => {
                    self.window.pass(solid);
                    return Ok(true);
                }
                Some(_) => return Ok(false),
                None if self.window.ended() => return Ok(false),
                None => self.window.more()?,
            }
        }
    }

    /// The operation that begins here; `None` for something that does not count.
    fn operation(&mut self) -> Result<Option<Operation>, ImportError> {
        loop {
            let (rest, place) = (self.window.rest(), self.window.place());
            if let Some((operation, length)) = quick::operation(rest, self.notation, place) {
                self.window.pass(length);
                return Ok(Some(operation));
            }
            let mut reader = Reader::new(rest, 0, self.notation);
            let item = reader.item();
            let (at, length) = (reader.at(), rest.len());
            let settled = match &item {
                Ok(Item::Form(_) | Item::Discarded) => at < length,
                Ok(Item::End) => false,
                Err(Wrong { flaw, .. }) => {
                    at + LOOKAHEAD < length && !matches!(flaw, Flaw::Unclosed(_))
                }
            };
            if !settled && !self.window.ended() {
                self.window.more()?;
                continue;
            }
            let wrong = |(at, what)| self.window.error(at, what);
            let operation = match item {
                Err(Wrong { at, flaw }) => return Err(wrong((at, What::Edn(flaw)))),
                Ok(Item::Discarded | Item::End) => None,
                Ok(Item::Form(form)) => Some(Operation::new(form, place).map_err(wrong)?),
            };
            self.window.pass(at);
            return Ok(operation);
        }
    }
}

impl Operations for Members<'_> {
    fn next(&mut self) -> Result<Option<Operation>, ImportError> {
        while let Some(first) = self.solid()? {
            match (self.nest, first) {
                (Nest::Unknown, '[' | '(') if first == '[' || self.notation == Notation::Edn => {
                    let (open, close) = if first == '[' { ("[", ']') } else { ("(", ')') };
                    let place = self.window.place();
                    self.nest = Nest::Inside { open, close, place };
                    self.window.pass(1);
                }
                (Nest::Unknown, '#') if self.notation == Notation::Edn && self.tagged()? => {}
                (Nest::Inside { close, .. }, _) if close == first => {
                    self.nest = Nest::Behind;
                    self.window.pass(1);
                }
                (Nest::Inside { open, .. }, ')' | ']' | '}') => {
                    let flaw = Flaw::Crossed { open, found: first };
                    return Err(self.window.error(0, What::Edn(flaw)));
                }
                (nest, _) => {
                    let place = self.window.place();
                    let Some(operation) = self.operation()? else {
                        continue;
                    };
                    match nest {
                        Nest::Unknown => self.nest = Nest::Bare,
                        Nest::Bare | Nest::Inside { .. } => {}
                        Nest::Behind => return Err(place.error(What::Behind)),
                    }
                    self.window.count();
                    return Ok(Some(operation));
                }
            }
        }
        if let Nest::Inside { open, place, .. } = self.nest {
            let shape = if open == "[" { "vector" } else { "list" };
            return Err(place.error(What::Edn(Flaw::Unclosed(shape))));
        }
        Ok(None)
    }
}
