//! Plain operations of EDN and JSON, read faster than by general rules and to the same effect.

use super::edn::{Form, Kind, Notation};
use super::operation::{Actor, Operation, Type};
use super::place::Place;

/// How deep vectors lie in each other here; general rules read what is deeper.
const DEEPEST: usize = 6;

/// The operation that a text begins with, and its length in bytes, if it is a plain one.
///
/// Plain are operations of clients whose fields are numbers, names, strings without escapes, and
/// vectors of these, in maps that have no field twice. Whatever else, `None`: general rules then
/// read it, or say what is wrong with it. The same operation is read either way.
pub(super) fn operation(
    text: &str,
    notation: Notation,
    place: Place,
) -> Option<(Operation, usize)> {
    let tag = "#jepsen.history.Op";
    let tagged = notation == Notation::Edn && text.starts_with(tag);
    let at = if tagged { tag.len() } else { 0 };
    let mut scan = Scan { text, at, notation };
    scan.take(b'{')?;
    let mut fields = Fields::default();
    loop {
        scan.blank();
        if scan.take(b'}').is_some() {
            let operation = fields.operation(place)?;
            return Some((operation, scan.at));
        }
        let name = scan.key()?;
        scan.blank();
        fields.read(name, &mut scan)?;
    }
}

#[derive(Debug, Default)]
struct Fields {
    index: Option<i64>,
    kind: Option<Type>,
    process: Option<u64>,
    f: Option<Form>,
    key: Option<Form>,
    value: Option<Form>,
    error: Option<Form>,
}

impl Fields {
    fn read(&mut self, name: &str, scan: &mut Scan<'_>) -> Option<()> {
        fn once<T>(field: &mut Option<T>, value: T) -> Option<()> {
            field.replace(value).is_none().then_some(())
        }
        match name {
            "index" => once(&mut self.index, scan.integer().filter(|index| *index >= 0)?),
            "time" => scan.integer().map(|_| ()),
            "type" => once(&mut self.kind, Type::named(scan.name()?)?),
            "process" => {
                let process = scan.integer().filter(|process| *process >= 0)?;
                once(&mut self.process, process.unsigned_abs())
            }
            "f" => once(&mut self.f, scan.form(0)?),
            "key" => once(&mut self.key, scan.form(0)?),
            "value" => once(&mut self.value, scan.form(0)?),
            "error" => once(&mut self.error, scan.form(0)?),
            _ => scan.form(0).map(|_| ()),
        }
    }

    fn operation(self, place: Place) -> Option<Operation> {
        let said = |form: &Form| form.kind != Kind::Nil;
        Some(Operation {
            place,
            index: self.index,
            kind: self.kind?,
            actor: Actor::Client(self.process?),
            f: self.f.filter(said),
            key: self.key.filter(said),
            value: self.value.unwrap_or(Form {
                at: 0,
                kind: Kind::Nil,
            }),
            error: self.error.filter(said),
        })
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    notation: Notation,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn blank(&mut self) {
        let json = self.notation == Notation::Json;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b',' | b'\n' | b'\r' | b'\t' => self.at += 1,
                b':' if json => self.at += 1,
                _ => return,
            }
        }
    }

    /// The name of a field.
    fn key(&mut self) -> Option<&'a str> {
        match self.notation {
            Notation::Edn => self.keyword(),
            Notation::Json => self.string(),
        }
    }

    /// A keyword; in JSON a string.
    fn name(&mut self) -> Option<&'a str> {
        self.key()
    }

    fn keyword(&mut self) -> Option<&'a str> {
        self.take(b':')?;
        let start = self.at;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./?!*+<>=".contains(&byte);
        while plain(self.peek()?) {
            self.at += 1;
        }
        // Whatever else may be part of a word is left to general rules.
        (self.at > start && self.delimited()).then(|| &self.text[start..self.at])
    }

    fn delimited(&self) -> bool {
        let byte = self.peek();
        byte.is_some_and(|byte| b" ,\n\r\t()[]{}\";\\".contains(&byte))
    }

    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => return None,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(&self.text[start..self.at - 1])
    }

    /// A decimal number of at most 18 digits, which is none of octal.
    fn integer(&mut self) -> Option<i64> {
        let negative = self.take(b'-').is_some();
        let (start, mut number) = (self.at, 0_i64);
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            number = number.wrapping_mul(10) + i64::from(digit - b'0');
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let plain = digits.len() == 1 || !digits.starts_with('0');
        ((1..=18).contains(&digits.len()) && plain && self.delimited()).then_some(if negative {
            -number
        } else {
            number
        })
    }

    fn form(&mut self, depth: usize) -> Option<Form> {
        let at = self.at;
        let kind = match self.peek()? {
            b'-' | b'0'..=b'9' => Kind::Int(self.integer()?),
            b':' => Kind::Keyword(self.keyword()?.into()),
            b'"' => Kind::Str(self.string()?.into()),
            b'n' => self.nil()?,
            b'[' if depth < DEEPEST => self.vector(depth)?,
            _ => return None,
        };
        Some(Form { at, kind })
    }

    fn nil(&mut self) -> Option<Kind> {
        let word = match self.notation {
            Notation::Edn => "nil",
            Notation::Json => "null",
        };
        let behind = self.at + word.len();
        if !self.text[self.at..].starts_with(word) {
            return None;
        }
        self.at = behind;
        self.delimited().then_some(Kind::Nil)
    }

    fn vector(&mut self, depth: usize) -> Option<Kind> {
        self.at += 1;
        let mut members = Vec::new();
        loop {
            self.blank();
            if self.take(b']').is_some() {
                return Some(Kind::Vector(members));
            }
            members.push(self.form(depth + 1)?);
        }
    }
}
