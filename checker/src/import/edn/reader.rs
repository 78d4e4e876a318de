//! The forms of an EDN or JSON text, one after another.

use super::atom::{self, Flaw};
use super::form::{Form, Kind};

/// The deepest nesting that is read. Stack traces, the deepest things in histories, have some 20.
pub(super) const DEEPEST: usize = 256;

/// Why there is no next form, and the byte where that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) struct Wrong {
    pub(in crate::import) at: usize,
    pub(in crate::import) flaw: Flaw,
}

/// How forms are written.
///
/// JSON is read as the forms that Clojure makes of it: arrays as vectors, objects as maps whose keys
/// are keywords. Its commas and colons count as white space, wherever they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Notation {
    Edn,
    Json,
}

/// What stands next in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum Item {
    Form(Form),
    /// Something that says of itself that it does not count.
    Discarded,
    End,
}

/// Reads forms from a part of a text, so that bytes are counted from the start of the whole.
#[derive(Debug)]
pub(in crate::import) struct Reader<'a> {
    text: &'a str,
    at: usize,
    stack: Vec<Frame>,
    notation: Notation,
}

#[derive(Debug)]
struct Frame {
    at: usize,
    shape: Shape,
    members: Vec<Form>,
}

#[derive(Debug)]
enum Shape {
    List,
    Vector,
    Map,
    Set,
    Tag(String),
    Discard,
}

impl Shape {
    /// How it opens, which bracket closes it, and what a reader calls it.
    fn brackets(&self) -> (&'static str, Option<char>, &'static str) {
        match self {
            Shape::List => ("(", Some(')'), "list"),
            Shape::Vector => ("[", Some(']'), "vector"),
            Shape::Map => ("{", Some('}'), "map"),
            Shape::Set => ("#{", Some('}'), "set"),
            Shape::Tag(_) | Shape::Discard => ("#", None, "tag"),
        }
    }
}

impl<'a> Reader<'a> {
    /// Forms from this byte to the end of the text.
    pub(in crate::import) fn new(text: &'a str, at: usize, notation: Notation) -> Self {
        Reader {
            text,
            at,
            stack: Vec::new(),
            notation,
        }
    }

    /// The byte behind what was read, or where reading stopped.
    pub(in crate::import) fn at(&self) -> usize {
        self.at
    }

    /// What stands next at the outermost level.
    pub(in crate::import) fn item(&mut self) -> Result<Item, Wrong> {
        loop {
            self.skip();
            let at = self.at;
            let Some(first) = self.rest().chars().next() else {
                return self.end().map(|()| Item::End);
            };
            let form = match first {
                '[' => self.open(1, Shape::Vector)?,
                '{' => self.open(1, Shape::Map)?,
                ')' | ']' | '}' => Some(self.close(first)?),
                '"' => Some(self.string()?),
                _ if self.notation == Notation::Json => Some(self.json_word()?),
                '(' => self.open(1, Shape::List)?,
                '#' => self.dispatch()?,
                '\\' => Some(self.character()?),
                _ => Some(self.word(atom::word)?),
            };
            debug_assert!(self.at > at, "every turn reads something");
            let Some(form) = form else { continue };
            if let Some(form) = self.deliver(form) {
                return Ok(Item::Form(form));
            }
            if self.stack.is_empty() {
                return Ok(Item::Discarded);
            }
        }
    }

    /// Every form up to the end of the text.
    pub(in crate::import) fn all(mut self) -> Result<Vec<Form>, Wrong> {
        let mut forms = Vec::new();
        loop {
            match self.item()? {
                Item::Form(form) => forms.push(form),
                Item::Discarded => {}
                Item::End => return Ok(forms),
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Steps over what stands between forms.
    fn skip(&mut self) {
        self.at += blank(self.rest(), self.notation);
    }

    fn end(&self) -> Result<(), Wrong> {
        let Some(frame) = self.stack.last() else {
            return Ok(());
        };
        let flaw = match &frame.shape {
            Shape::Tag(tag) => Flaw::Dangling(dangling(tag)),
            Shape::Discard => Flaw::Dangling("#_".into()),
            shape => Flaw::Unclosed(shape.brackets().2),
        };
        Err(Wrong { at: frame.at, flaw })
    }

    fn open(&mut self, length: usize, shape: Shape) -> Result<Option<Form>, Wrong> {
        let at = self.at;
        if self.stack.len() == DEEPEST {
            let flaw = Flaw::Deep(DEEPEST);
            return Err(Wrong { at, flaw });
        }
        self.stack.push(Frame {
            at,
            shape,
            members: Vec::new(),
        });
        self.at += length;
        Ok(None)
    }

    fn close(&mut self, found: char) -> Result<Form, Wrong> {
        let wrong = |at, flaw| Err(Wrong { at, flaw });
        let Some(frame) = self.stack.pop() else {
            return wrong(self.at, Flaw::Stray(found));
        };
        let Frame { at, shape, members } = frame;
        let (open, closing, _) = shape.brackets();
        let kind = match shape {
            Shape::Tag(tag) => return wrong(at, Flaw::Dangling(dangling(&tag))),
            Shape::Discard => return wrong(at, Flaw::Dangling("#_".into())),
            _ if closing != Some(found) => return wrong(self.at, Flaw::Crossed { open, found }),
            Shape::List => Kind::List(members),
            Shape::Vector => Kind::Vector(members),
            Shape::Set => Kind::Set(members),
            Shape::Map if members.len() % 2 == 1 => return wrong(at, Flaw::Odd),
            Shape::Map => {
                let mut members = members.into_iter();
                let mut pairs = Vec::with_capacity(members.len() / 2);
                while let (Some(mut key), Some(value)) = (members.next(), members.next()) {
                    if self.notation == Notation::Json {
                        let Kind::Str(name) = key.kind else {
                            return wrong(key.at, Flaw::Key);
                        };
                        key.kind = Kind::Keyword(name.into());
                    }
                    pairs.push((key, value));
                }
                Kind::Map(pairs)
            }
        };
        self.at += 1;
        Ok(Form { at, kind })
    }

    /// What begins with `#`: a set, something to leave out, a number that is none, a tag.
    fn dispatch(&mut self) -> Result<Option<Form>, Wrong> {
        let behind = &self.rest()[1..];
        match behind.chars().next() {
            Some('{') => self.open(2, Shape::Set),
            Some('_') => self.open(2, Shape::Discard),
            Some('#') => {
                let number = |word: &str| match word {
                    "##NaN" | "##Inf" | "##-Inf" => Ok(Kind::Number(word.into())),
                    _ => Err(Flaw::Word(crate::import::error::excerpt(word))),
                };
                self.word(number).map(Some)
            }
            Some(first) if first.is_alphabetic() || first == ':' => {
                let tag = &behind[..ends(behind)];
                self.open(1 + tag.len(), Shape::Tag(tag.into()))
            }
            _ => {
                let shown: String = self.rest().chars().take(2).collect();
                let flaw = Flaw::Word(shown);
                Err(Wrong { at: self.at, flaw })
            }
        }
    }

    /// Reads up to the next bracket, quote, comment or white space.
    fn word(&mut self, read: impl FnOnce(&str) -> Result<Kind, Flaw>) -> Result<Form, Wrong> {
        let (at, rest) = (self.at, self.rest());
        let word = &rest[..ends(rest)];
        self.at += word.len();
        let kind = read(word).map_err(|flaw| Wrong { at, flaw })?;
        Ok(Form { at, kind })
    }

    /// A number, `true`, `false` or `null`.
    fn json_word(&mut self) -> Result<Form, Wrong> {
        let rest = self.rest();
        if ends(rest) == 0 || rest.starts_with(['#', '+']) {
            let shown = rest.chars().take(1).collect();
            let flaw = Flaw::Json(shown);
            return Err(Wrong { at: self.at, flaw });
        }
        self.word(|word| match word {
            "null" => Ok(Kind::Nil),
            "true" | "false" => atom::word(word),
            _ => match atom::word(word).unwrap_or(Kind::Nil) {
                kind @ (Kind::Int(_) | Kind::Number(_)) => Ok(kind),
                _ => Err(Flaw::Json(crate::import::error::excerpt(word))),
            },
        })
    }

    fn character(&mut self) -> Result<Form, Wrong> {
        let at = self.at;
        let behind = &self.rest()[1..];
        // The first character may be a bracket, as in `\(`.
        let first = behind.chars().next().map_or(0, char::len_utf8);
        let name = &behind[..first + ends(&behind[first..])];
        self.at += 1 + name.len();
        let kind = atom::character(name).map_err(|flaw| Wrong { at, flaw })?;
        Ok(Form { at, kind })
    }

    fn string(&mut self) -> Result<Form, Wrong> {
        let start = self.at;
        let mut string = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(plain) = rest.find(['"', '\\']) else {
                let flaw = Flaw::Unclosed("string");
                return Err(Wrong { at: start, flaw });
            };
            string.push_str(&rest[..plain]);
            self.at += plain + 1;
            if rest[plain..].starts_with('"') {
                let kind = Kind::Str(string);
                return Ok(Form { at: start, kind });
            }
            if self.notation == Notation::Json && self.rest().starts_with('/') {
                string.push('/');
                self.at += 1;
                continue;
            }
            let (char, length) = atom::escape(self.rest()).map_err(|flaw| Wrong {
                at: if matches!(flaw, Flaw::Unclosed(_)) {
                    start
                } else {
                    self.at - 1
                },
                flaw,
            })?;
            string.push(char);
            self.at += length;
        }
    }

    /// Puts a form where it belongs; gives it back if it belongs to nothing.
    fn deliver(&mut self, mut form: Form) -> Option<Form> {
        loop {
            let Some(frame) = self.stack.last_mut() else {
                return Some(form);
            };
            if !matches!(frame.shape, Shape::Tag(_) | Shape::Discard) {
                frame.members.push(form);
                return None;
            }
            let frame = self.stack.pop()?;
            let Shape::Tag(tag) = frame.shape else {
                return None;
            };
            form = Form {
                at: frame.at,
                kind: Kind::Tagged(tag, Box::new(form)),
            };
        }
    }
}

/// How many bytes of white space, commas and comments a text begins with.
pub(in crate::import) fn blank(text: &str, notation: Notation) -> usize {
    let separator = match notation {
        Notation::Edn => ',',
        Notation::Json => ':',
    };
    let blank = |char: char| char.is_whitespace() || char == ',' || char == separator;
    let mut solid = text;
    loop {
        solid = solid.trim_start_matches(blank);
        if notation == Notation::Json || !solid.starts_with(';') {
            return text.len() - solid.len();
        }
        solid = &solid[solid.find(['\n', '\r']).unwrap_or(solid.len())..];
    }
}

/// How many bytes the word in front of a text has.
pub(in crate::import) fn ends(text: &str) -> usize {
    let delimits = |char: char| char.is_whitespace() || ",()[]{}\";\\".contains(char);
    text.find(delimits).unwrap_or(text.len())
}

/// A tag before nothing, as much of it as fits into a message.
fn dangling(tag: &str) -> String {
    format!("#{}", crate::import::error::excerpt(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let forms = Reader::new(text, 0, Notation::Edn).all().expect(text);
        forms.iter().map(Form::text).collect()
    }

    fn wrong(text: &str) -> (usize, Flaw) {
        let wrong = Reader::new(text, 0, Notation::Edn).all().expect_err(text);
        (wrong.at, wrong.flaw)
    }

    #[test]
    fn every_form_that_jepsen_writes_is_read() {
        let text = "{:a 1, :b [nil true \"x\\ny\"] ; comment }\n #_#_ 1 [2] :c #{2 1} :d (a.b/c \\( \\newline)}\
                    #inst \"2020\" #object[Foo 0x1f \"Foo@1f\"] 10/3 2.5M 3N ##NaN ##-Inf #:jepsen{:x 1} []";
        assert_eq!(
            texts(text),
            [
                "{:a 1 :b [nil true \"x\\ny\"] :c #{1 2} :d [a.b/c \\( \\\n]}",
                "#inst \"2020\"",
                "#object [Foo 31 \"Foo@1f\"]",
                "10/3",
                "2.5M",
                "3",
                "##NaN",
                "##-Inf",
                "#:jepsen {:x 1}",
                "[]",
            ]
        );
    }

    #[test]
    fn maps_and_sets_have_one_text_in_any_order() {
        assert_eq!(texts("{:b 1 :a #{3 2}}"), texts("{:a #{2 3}, :b 1}"));
    }

    #[test]
    fn comments_end_with_any_line_end_and_white_space_is_any() {
        assert_eq!(
            texts("\u{feff}".trim_matches('\u{feff}')),
            Vec::<String>::new()
        );
        assert_eq!(texts("; a\r1;b\r\n2\t,\u{a0}3;end"), ["1", "2", "3"]);
    }

    #[test]
    fn every_flaw_is_found_where_it_begins() {
        assert_eq!(wrong("1 [2 (3"), (5, Flaw::Unclosed("list")));
        assert_eq!(wrong("{:a \"x"), (4, Flaw::Unclosed("string")));
        assert_eq!(wrong("\"x\\"), (0, Flaw::Unclosed("string")));
        assert_eq!(wrong("1 ]"), (2, Flaw::Stray(']')));
        let crossed = Flaw::Crossed {
            open: "[",
            found: '}',
        };
        assert_eq!(wrong("{:a [1}"), (6, crossed));
        assert_eq!(wrong("1 {:a}"), (2, Flaw::Odd));
        assert_eq!(wrong("[1 #_]"), (3, Flaw::Dangling("#_".into())));
        assert_eq!(wrong("#inst"), (0, Flaw::Dangling("#inst".into())));
        assert_eq!(wrong("1 12ab"), (2, Flaw::Word("12ab".into())));
        assert_eq!(wrong("\"a\\q\""), (2, Flaw::Escape("q".into())));
        assert_eq!(wrong("#<Atom>"), (0, Flaw::Word("#<".into())));
        assert_eq!(wrong("##nan"), (0, Flaw::Word("##nan".into())));
        assert_eq!(wrong("\\"), (0, Flaw::Word("\\".into())));
    }

    #[test]
    fn hostile_nesting_is_refused_without_recursion() {
        for open in ["[", "(", "{", "#{", "#a ", "#_"] {
            let text = open.repeat(1_000_000);
            assert_eq!(wrong(&text).1, Flaw::Deep(DEEPEST), "{open}");
        }
        let deep = format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        assert_eq!(texts(&deep).concat(), deep);
    }

    #[test]
    fn json_is_read_as_the_forms_that_clojure_makes_of_it() {
        let json = |text: &str| Reader::new(text, 0, Notation::Json).all();
        let text = r#"{"type":"ok", "f":"txn","value":[["r","x",null],[ "w" , 8, -1.5e3]]}
                      {"a\/b":true}[]"#;
        let texts: Vec<_> = json(text).expect("JSON").iter().map(Form::text).collect();
        assert_eq!(
            texts,
            [
                r#"{:f "txn" :type "ok" :value [["r" "x" nil] ["w" 8 -1500.0]]}"#,
                "{:a/b true}",
                "[]"
            ]
        );
        for (text, flaw) in [
            ("{1 :2}", Flaw::Key),
            ("nil", Flaw::Json("nil".into())),
            ("(1)", Flaw::Json("(".into())),
            ("#{}", Flaw::Json("#".into())),
            ("; x", Flaw::Json(";".into())),
            ("[1", Flaw::Unclosed("vector")),
            ("01x", Flaw::Json("01x".into())),
        ] {
            assert_eq!(json(text).expect_err(text).flaw, flaw, "{text}");
        }
    }
}
