//! One operation of a Jepsen history: a map, or four words of a log.

use super::edn::{Form, Kind};
use super::error::{What, excerpt};
use super::place::Place;

/// The fields that matter; whatever else an operation carries is left out.
pub(super) const FIELDS: [&str; 7] = ["index", "type", "process", "f", "key", "value", "error"];

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Invoke,
    Ok,
    Fail,
    Info,
}

/// Whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Actor {
    Client(u64),
    /// A client, but which one is not said.
    Somebody,
    Nemesis,
}

/// A call, a return, or a step of a nemesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) place: Place,
    pub(super) index: Option<i64>,
    pub(super) kind: Type,
    pub(super) actor: Actor,
    pub(super) f: Option<Form>,
    pub(super) key: Option<Form>,
    /// Nil when there is none.
    pub(super) value: Form,
    pub(super) error: Option<Form>,
}

impl Operation {
    /// A map as an operation that stands at this place.
    pub(super) fn new(form: Form, place: Place) -> Result<Self, (usize, What)> {
        let at = form.at;
        let mut whole = form;
        while let Kind::Tagged(_, inner) = whole.kind {
            whole = *inner;
        }
        let Kind::Map(pairs) = whole.kind else {
            return Err((at, What::NotAMap(excerpt(&whole.text()))));
        };
        let mut fields: [Option<Form>; 7] = Default::default();
        for (key, value) in pairs {
            let Kind::Keyword(name) = &key.kind else {
                continue;
            };
            if let Some(place) = FIELDS.iter().position(|field| *field == &**name) {
                if fields[place].is_some() {
                    return Err((key.at, What::Twice(FIELDS[place])));
                }
                fields[place] = Some(value);
            }
        }
        let [index, kind, process, f, key, value, error] = fields;
        let kind = kind.ok_or((at, What::Missing("type")))?;
        let kind = type_of(&kind)?;
        let said = |form: &Form| form.kind != Kind::Nil;
        let nil = Form {
            at,
            kind: Kind::Nil,
        };
        Ok(Operation {
            place,
            // Jepsen numbers an operation -1 that has no index yet.
            index: index.and_then(|index| match index.kind {
                Kind::Int(index) if index >= 0 => Some(index),
                _ => None,
            }),
            kind,
            actor: match process.filter(said) {
                Some(process) => actor(&process, kind)?,
                None => Actor::Somebody,
            },
            f: f.filter(said),
            key: key.filter(said),
            value: value.unwrap_or(nil),
            error: error.filter(said),
        })
    }

    /// The words of a log line: process, type, what, value, and perhaps an error.
    pub(super) fn of_words(words: Vec<Form>, place: Place) -> Result<Self, (usize, What)> {
        let at = words.first().map_or(0, |first| first.at);
        let mut words = words.into_iter();
        let mut word = || words.next().ok_or((at, What::CutShort));
        let (process, kind, f, value) = (word()?, word()?, word()?, word()?);
        let kind = type_of(&kind)?;
        Ok(Operation {
            place,
            index: None,
            kind,
            actor: actor(&process, kind)?,
            f: Some(f),
            key: None,
            value,
            error: words.next(),
        })
    }

    /// Whether a client called or returned.
    pub(super) fn of_client(&self) -> bool {
        self.actor != Actor::Nemesis
    }

    /// The name of `:f`, without its colon.
    pub(super) fn f_name(&self) -> Option<&str> {
        self.f.as_ref().and_then(Form::name)
    }

    /// `:f` as it was written.
    pub(super) fn f_text(&self) -> String {
        self.f
            .as_ref()
            .map_or_else(|| "nil".into(), |f| excerpt(&f.text()))
    }

    /// That this operation cannot have such a value.
    pub(super) fn unfit(&self, takes: &'static str, found: &Form) -> What {
        if found.opaque() {
            return What::Opaque(excerpt(&found.text()));
        }
        What::Value {
            f: self.f_text(),
            takes,
            found: excerpt(&found.text()),
        }
    }
}

/// A nemesis only informs; whatever calls and returns must be a client with a number.
fn actor(process: &Form, kind: Type) -> Result<Actor, (usize, What)> {
    match &process.kind {
        Kind::Int(number) if *number >= 0 => Ok(Actor::Client(number.unsigned_abs())),
        Kind::Keyword(_) | Kind::Symbol(_) | Kind::Str(_)
            if kind == Type::Info || process.name() == Some("nemesis") =>
        {
            Ok(Actor::Nemesis)
        }
        _ => Err((process.at, What::Process(excerpt(&process.text())))),
    }
}

fn type_of(form: &Form) -> Result<Type, (usize, What)> {
    let named = form.name().and_then(Type::named);
    named.ok_or_else(|| (form.at, What::Type(excerpt(&form.text()))))
}

impl Type {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "invoke" => Some(Type::Invoke),
            "ok" => Some(Type::Ok),
            "fail" => Some(Type::Fail),
            "info" => Some(Type::Info),
            _ => None,
        }
    }
}
