//! Plain operations of EDN and JSON, read faster than by general rules and to the same effect.

use super::edn::{Form, Kind, Notation, name};
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
            // What overflows is too long to be taken.
            number = number
                .wrapping_mul(10)
                .wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let plain = digits.len() == 1 || !digits.starts_with('0');
        ((1..=18).contains(&digits.len()) && plain && self.delimited())
            .then(|| if negative { -number } else { number })
    }

    fn form(&mut self, depth: usize) -> Option<Form> {
        let at = self.at;
        let kind = match self.peek()? {
            b'-' | b'0'..=b'9' => Kind::Int(self.integer()?),
            b':' => Kind::Keyword(name(self.keyword()?)),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::import::edn::{Item, Reader};

    const PLACE: Place = Place::START;

    /// What general rules make of the same text.
    fn general(text: &str, notation: Notation) -> Option<(Operation, usize)> {
        let mut reader = Reader::new(text, 0, notation);
        match reader.item() {
            Ok(Item::Form(form)) => {
                let operation = Operation::new(form, PLACE).ok()?;
                Some((operation, reader.at()))
            }
            _ => None,
        }
    }

    const EDN: &[&str] = &[
        ":process",
        ":type",
        ":f",
        ":value",
        ":index",
        ":time",
        ":key",
        ":error",
        ":x",
        ":invoke",
        ":ok",
        ":info",
        ":a/b",
        ":1",
        "nil",
        "nil:",
        "0",
        "7",
        "-3",
        "007",
        "12N",
        "1.5",
        "+4",
        "123456789012345678",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999",
        "\"s ü\"",
        "\"\\n\"",
        "[",
        "]",
        "[[:r 1 nil]]",
        "{",
        "}",
        "(",
        "#{1}",
        "#_",
        ";",
        "\n",
        ",",
        " ",
        "\u{a0}",
        "#a",
        "true",
    ];

    const JSON: &[&str] = &[
        "\"process\":",
        "\"type\":",
        "\"f\":",
        "\"value\":",
        "\"index\":",
        "\"time\":",
        "\"key\":",
        "\"error\":",
        "\"x\":",
        "\"invoke\"",
        "\"ok\"",
        "null",
        "0",
        "7",
        "-3",
        "007",
        "1.5e3",
        "[",
        "]",
        "[[\"r\",1,null]]",
        "{",
        "}",
        "true",
        "\"\\/\"",
        ",",
        ":",
        " ",
        "\n",
        "nil",
        "(",
        "#",
        "1:2",
    ];

    fn piece(notation: Notation) -> impl Strategy<Value = &'static str> {
        proptest::sample::select(match notation {
            Notation::Edn => EDN,
            Notation::Json => JSON,
        })
    }

    fn text(notation: Notation) -> impl Strategy<Value = String> {
        let (open, process) = match notation {
            Notation::Edn => ("{", ":process 0 :type :ok"),
            Notation::Json => ("{", "\"process\": 0, \"type\": \"ok\""),
        };
        let pieces = proptest::collection::vec(piece(notation), 0..9);
        (any::<bool>(), any::<bool>(), pieces, any::<bool>()).prop_map(
            move |(tagged, whole, pieces, closed)| {
                let tag = if tagged && notation == Notation::Edn {
                    "#jepsen.history.Op"
                } else {
                    ""
                };
                let whole = if whole { process } else { "" };
                let close = if closed { "}" } else { "" };
                format!("{tag}{open}{whole} {}{close} ", pieces.join(" "))
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8192))]

        #[test]
        fn what_is_read_quickly_is_read_the_same_by_general_rules(
            (notation, text) in prop_oneof![
                text(Notation::Edn).prop_map(|text| (Notation::Edn, text)),
                text(Notation::Json).prop_map(|text| (Notation::Json, text)),
            ],
        ) {
            if let Some(quick) = operation(&text, notation, PLACE) {
                prop_assert_eq!(general(&text, notation), Some(quick));
            }
        }
    }

    #[test]
    fn plain_operations_are_read_quickly() {
        for (text, notation) in [
            (
                "{:index 0, :time 32, :type :invoke, :process 0, :f :write, :value 3}",
                Notation::Edn,
            ),
            (
                "#jepsen.history.Op{:process 5 :type :ok :f :txn :value [[:append 1 2] [:r 3 [4 5]]]}",
                Notation::Edn,
            ),
            (
                "{:type :info, :f :cas, :value [\"k\" [nil 2]], :process 1, :error :timed-out}",
                Notation::Edn,
            ),
            (
                r#"{"type": "ok", "f": "txn", "process": 3, "value": [["r", "x", [1, 2]]], "index": 4}"#,
                Notation::Json,
            ),
        ] {
            let quick = operation(text, notation, PLACE);
            assert!(quick.is_some(), "{text}");
            assert_eq!(quick, general(text, notation));
        }
    }
}
