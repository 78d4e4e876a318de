//! One form of EDN, and its one canonical text.

use std::borrow::Cow;

/// A form and the byte it begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) struct Form {
    pub(in crate::import) at: usize,
    pub(in crate::import) kind: Kind,
}

/// What a form is. Nesting is at most [`super::reader::DEEPEST`], so recursion over it is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum Kind {
    Nil,
    Bool(bool),
    Int(i64),
    /// Any other number: too big, a fraction, a ratio, not a number. Equal ones are the same text.
    Number(String),
    Str(String),
    Char(char),
    /// Without its colon.
    Keyword(Name),
    Symbol(String),
    List(Vec<Form>),
    Vector(Vec<Form>),
    Map(Vec<(Form, Form)>),
    Set(Vec<Form>),
    Tagged(String, Box<Form>),
}

/// A name, which for those in every line is not copied.
pub(in crate::import) type Name = Cow<'static, str>;

/// A name that was read.
pub(in crate::import) fn name(read: &str) -> Name {
    const COMMON: [&str; 12] = [
        "read", "write", "cas", "txn", "r", "w", "append", "add", "enqueue", "dequeue", "acquire",
        "release",
    ];
    let common = COMMON.into_iter().find(|common| *common == read);
    common.map_or_else(|| Cow::Owned(read.to_owned()), Cow::Borrowed)
}

/// The tag of what Clojure cannot print: a class, an address and some words follow.
const OPAQUE: &str = "object";

impl Form {
    /// The form below all tags, but for those that stand before an address instead of a value.
    pub(in crate::import) fn untagged(&self) -> &Form {
        let mut form = self;
        while let Kind::Tagged(tag, inner) = &form.kind
            && tag != OPAQUE
        {
            form = inner;
        }
        form
    }

    /// Whether it is or holds something that was printed by its address.
    pub(in crate::import) fn opaque(&self) -> bool {
        match &self.kind {
            Kind::Tagged(tag, inner) => tag == OPAQUE || inner.opaque(),
            Kind::List(forms) | Kind::Vector(forms) | Kind::Set(forms) => {
                forms.iter().any(Form::opaque)
            }
            Kind::Map(pairs) => pairs
                .iter()
                .any(|(key, value)| key.opaque() || value.opaque()),
            _ => false,
        }
    }

    /// The members of a list or vector.
    pub(in crate::import) fn sequence(&self) -> Option<&[Form]> {
        match &self.untagged().kind {
            Kind::List(forms) | Kind::Vector(forms) => Some(forms),
            _ => None,
        }
    }

    /// The members of any collection that holds values by themselves.
    pub(in crate::import) fn members(&self) -> Option<&[Form]> {
        match &self.untagged().kind {
            Kind::Set(forms) => Some(forms),
            _ => self.sequence(),
        }
    }

    /// Both members of a list or vector of two.
    pub(in crate::import) fn pair(&self) -> Option<(&Form, &Form)> {
        match self.sequence() {
            Some([first, second]) => Some((first, second)),
            _ => None,
        }
    }

    /// The name that a keyword, a string or a symbol gives.
    pub(in crate::import) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Keyword(name) => Some(name),
            Kind::Str(name) | Kind::Symbol(name) => Some(name),
            _ => None,
        }
    }

    /// As EDN; what Clojure takes for equal gives equal texts: a list and a vector, maps and sets in
    /// whatever order they were written.
    pub(in crate::import) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        let joined = |forms: &[Form]| forms.iter().map(Form::text).collect::<Vec<_>>();
        let mut wrapped = |open: &str, mut members: Vec<String>, close: char, sorted: bool| {
            if sorted {
                members.sort();
            }
            text.push_str(open);
            text.push_str(&members.join(" "));
            text.push(close);
        };
        match &self.kind {
            Kind::Nil => text.push_str("nil"),
            Kind::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
            Kind::Int(number) => text.push_str(&number.to_string()),
            Kind::Number(written) | Kind::Symbol(written) => text.push_str(written),
            Kind::Str(string) => write_string(string, text),
            Kind::Char(char) => text.extend(['\\', *char]),
            Kind::Keyword(name) => {
                text.push(':');
                text.push_str(name);
            }
            // In Clojure a list and a vector of the same members are equal.
            Kind::List(forms) | Kind::Vector(forms) => wrapped("[", joined(forms), ']', false),
            Kind::Set(forms) => wrapped("#{", joined(forms), '}', true),
            Kind::Map(pairs) => {
                let pairs = pairs.iter();
                let pairs = pairs.map(|(key, value)| format!("{} {}", key.text(), value.text()));
                wrapped("{", pairs.collect(), '}', true);
            }
            Kind::Tagged(tag, form) => {
                text.push('#');
                text.push_str(tag);
                text.push(' ');
                form.write(text);
            }
        }
    }
}

fn write_string(string: &str, text: &mut String) {
    text.push('"');
    for char in string.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            other => text.push(other),
        }
    }
    text.push('"');
}
