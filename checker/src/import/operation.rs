//! One operation of a Jepsen history: a map of EDN, or four words of a log.

use super::edn::{Form, Kind, Reader};
use super::error::{ImportError, What, excerpt};
use super::place::Page;

const FIELDS: [&str; 7] = ["index", "type", "process", "f", "key", "value", "error"];

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Invoke,
    Ok,
    Fail,
    Info,
}

/// Whose operation it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    Client(u64),
    Nemesis,
}

/// The fields that matter; whatever else an operation carries is left out.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// The byte it begins at.
    pub(super) at: usize,
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
    /// A map as an operation.
    pub(super) fn new(form: Form) -> Result<Self, (usize, What)> {
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
            if let Some(place) = FIELDS.iter().position(|field| field == name) {
                if fields[place].is_some() {
                    return Err((key.at, What::Twice(FIELDS[place])));
                }
                fields[place] = Some(value);
            }
        }
        let [index, kind, process, f, key, value, error] = fields;
        let named = f.as_ref().is_some_and(|f| f.kind != Kind::Nil);
        if !named && value.as_ref().is_some_and(is_transaction) {
            return Err((at, What::Transaction));
        }
        let kind = kind.ok_or((at, What::Missing("type")))?;
        let process = process.ok_or((at, What::Missing("process")))?;
        let nil = Form {
            at,
            kind: Kind::Nil,
        };
        Operation {
            at,
            // Jepsen numbers an operation -1 that has no index yet.
            index: index.and_then(|index| match index.kind {
                Kind::Int(index) if index >= 0 => Some(index),
                _ => None,
            }),
            kind: type_of(&kind)?,
            actor: Actor::Nemesis,
            f: f.filter(|f| f.kind != Kind::Nil),
            key: key.filter(|key| key.kind != Kind::Nil),
            value: value.unwrap_or(nil),
            error: error.filter(|error| error.kind != Kind::Nil),
        }
        .by(&process)
    }

    /// The words of a log line: process, type, what, value, and perhaps an error.
    pub(super) fn of_words(words: Vec<Form>) -> Result<Self, (usize, What)> {
        let at = words.first().map_or(0, |first| first.at);
        let mut words = words.into_iter();
        let mut word = || words.next().ok_or((at, What::CutShort));
        let (process, kind, f, value) = (word()?, word()?, word()?, word()?);
        Operation {
            at,
            index: None,
            kind: type_of(&kind)?,
            actor: Actor::Nemesis,
            f: Some(f),
            key: None,
            value,
            error: words.next(),
        }
        .by(&process)
    }

    /// A nemesis only informs; whatever calls and returns must be a client with a number.
    fn by(mut self, process: &Form) -> Result<Self, (usize, What)> {
        self.actor = match &process.kind {
            Kind::Int(number) if *number >= 0 => Actor::Client(number.unsigned_abs()),
            Kind::Keyword(_) | Kind::Symbol(_) | Kind::Str(_)
                if self.kind == Type::Info || process.name() == Some("nemesis") =>
            {
                Actor::Nemesis
            }
            _ => return Err((process.at, What::Process(excerpt(&process.text())))),
        };
        Ok(self)
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
}

/// Whether a value is a list of steps: `[[:append 253 1] [:r 254 nil]]`. Histories of those may have
/// neither process nor name.
fn is_transaction(value: &Form) -> bool {
    let step = |form: &Form| {
        let first = form.sequence().and_then(<[Form]>::first);
        first.is_some_and(|first| matches!(first.kind, Kind::Keyword(_)))
    };
    let steps = value.sequence().unwrap_or_default();
    !steps.is_empty() && steps.iter().all(step)
}

fn type_of(form: &Form) -> Result<Type, (usize, What)> {
    match form.name() {
        Some("invoke") => Ok(Type::Invoke),
        Some("ok") => Ok(Type::Ok),
        Some("fail") => Ok(Type::Fail),
        Some("info") => Ok(Type::Info),
        _ => Err((form.at, What::Type(excerpt(&form.text())))),
    }
}

/// The operations of an EDN text, in the order of the history.
///
/// That is the order of the file, unless every operation has an index that says otherwise.
pub(super) fn operations(page: &Page<'_>) -> Result<Vec<Operation>, ImportError> {
    let forms = Reader::new(page.text, 0).all();
    let mut forms = forms.map_err(|wrong| page.error(wrong.at, What::Edn(wrong.flaw)))?;
    if let [form] = forms.as_slice()
        && let Some(members) = form.sequence()
    {
        forms = members.to_vec();
    }
    if forms.is_empty() {
        return Err(page.error(0, What::Empty));
    }
    let operations: Result<Vec<_>, _> = forms.into_iter().map(Operation::new).collect();
    let mut operations = operations.map_err(|(at, what)| page.error(at, what))?;
    if operations.iter().all(|operation| operation.index.is_some()) {
        operations.sort_by_key(|operation| operation.index);
        for pair in operations.windows(2) {
            if pair[0].index == pair[1].index {
                let what = What::Index(pair[1].index.unwrap_or_default());
                return Err(page.error(pair[1].at, what));
            }
        }
    }
    Ok(operations)
}
