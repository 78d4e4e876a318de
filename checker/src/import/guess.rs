//! What the operations of a Jepsen history are taken for, until one of them says otherwise.

use super::edn::{Form, Kind};
use super::error::What;
use super::format::{Format, NilMeaning, Options};
use super::keys::Keys;
use super::object::Object;
use super::operation::{Operation, Type};
use super::txns::{Parts, parts};

/// How a file is read, by what the user says and by what was seen of it.
///
/// A file is read as long as nothing contradicts the guess; then once more, with a better one. Every
/// better guess rules something out, so that ends soon; most guesses fall with the first operations.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    options: Options,
    objects: Objects,
    pub(super) object: Object,
    pub(super) keys: Keys,
    keys_known: Known,
    /// Where no keys are: not in a field `:key` that some calls have and others do not.
    ruled_out: Option<Keys>,
    /// Whether a read answered something.
    answered: bool,
    pub(super) parts: Parts,
    /// Whether operations were sorted by their index, so that they must all be held.
    pub(super) sorted: bool,
    /// Whether every operation so far had an index, and the last of them.
    indexed: bool,
    last: Option<i64>,
}

/// How well something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Not,
    /// All operations so far agree.
    SoFar,
    Surely,
}

/// That what was read so far was read in another way than it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Again;

impl Guess {
    pub(super) fn new(options: Options) -> Self {
        let objects = Guess::objects(options);
        Guess {
            options,
            objects,
            object: objects.first(),
            keys: Keys::None,
            keys_known: if options.keyed == Some(false) {
                Known::Surely
            } else {
                Known::Not
            },
            ruled_out: None,
            answered: false,
            parts: Parts::default(),
            sorted: false,
            indexed: true,
            last: None,
        }
    }

    fn objects(options: Options) -> Objects {
        options.object.map_or(Objects::ANY, Objects::only)
    }

    /// What an answer of nil means: for transactions always that nothing was there, as Elle reads it.
    pub(super) fn nil(&self, format: Format) -> NilMeaning {
        let told = match self.object {
            Object::Txn => NilMeaning::Value,
            _ => format.nil(),
        };
        self.options.nil.unwrap_or(told)
    }

    /// Begins to read once more.
    pub(super) fn begin(&mut self) {
        (self.indexed, self.last) = (true, None);
        self.answered = false;
        self.object = self.objects.first();
    }

    /// Whether no operation can change the guess any more, but for keys that a call lacks.
    pub(super) fn is_sure(&self) -> bool {
        let order = self.sorted || !self.indexed;
        order && self.objects.are_one() && self.keys_known == Known::Surely
    }

    /// Looks at the next operation.
    pub(super) fn see(&mut self, op: &Operation) -> Result<(), Again> {
        self.see_index(op)?;
        if !op.of_client() {
            return Ok(());
        }
        self.see_keys(op)?;
        self.see_object(op);
        if self.objects.first() != self.object {
            return Err(Again);
        }
        if self.object == Object::Txn && matches!(op.kind, Type::Invoke | Type::Ok) {
            return self.see_parts(op);
        }
        Ok(())
    }

    fn see_index(&mut self, op: &Operation) -> Result<(), Again> {
        if self.sorted || !self.indexed {
            return Ok(());
        }
        self.indexed = op.index.is_some();
        if self.indexed && self.last >= op.index {
            self.sorted = true;
            return Err(Again);
        }
        self.last = op.index;
        Ok(())
    }

    fn see_keys(&mut self, op: &Operation) -> Result<(), Again> {
        let told = matches!(op.kind, Type::Invoke | Type::Ok);
        if self.keys_known == Known::Surely || !told {
            return Ok(());
        }
        let pair = keyed(op);
        if self.keys_known == Known::SoFar {
            let field = self.keys == Keys::Field;
            let completes = op.kind == Type::Ok && self.object != Object::Txn;
            if field && (op.key.is_some() || completes) || !field && pair {
                return Ok(());
            }
            // What was seen of objects was seen of values with their keys taken off.
            self.objects = Guess::objects(self.options);
            self.parts = Parts::default();
            let before = std::mem::replace(&mut self.keys, Keys::None);
            // Without the field, values may still be pairs.
            self.keys_known = if field { Known::Not } else { Known::Surely };
            self.ruled_out = Some(before);
            return Err(Again);
        }
        let field = op.key.is_some() && self.ruled_out != Some(Keys::Field);
        (self.keys, self.keys_known) = match (self.options.keyed, pair, field) {
            (Some(true), true, _) => (Keys::Value, Known::Surely),
            (Some(true), false, true) => (Keys::Field, Known::Surely),
            (_, _, true) => (Keys::Field, Known::SoFar),
            (Some(true), false, false) => (Keys::Value, Known::Surely),
            (_, true, false) => (Keys::Value, Known::SoFar),
            (_, false, false) => (Keys::None, Known::Surely),
        };
        if self.keys == Keys::None {
            Ok(())
        } else {
            Err(Again)
        }
    }

    /// The value of an operation without its key.
    fn value<'a>(&self, op: &'a Operation) -> &'a Form {
        match op.value.pair() {
            Some((_, value)) if self.keys == Keys::Value => value,
            _ => &op.value,
        }
    }

    fn see_object(&mut self, op: &Operation) {
        if self.objects.are_one() {
            return;
        }
        let value = self.value(op);
        self.objects.narrow(Objects::that_have(op.f_name(), value));
        let answers = op.kind == Type::Ok && op.f_name() == Some("read");
        let adds = op.kind == Type::Invoke && op.f_name() == Some("add");
        let whole = matches!(value.kind, Kind::Int(_));
        let number = whole || matches!(value.kind, Kind::Number(_));
        let says = answers && value.kind != Kind::Nil;
        if (says && value.members().is_some()) || (adds && !whole) {
            self.objects.narrow(Objects::ANY.without(Object::Counter));
        } else if says && number {
            self.objects.narrow(Objects::ANY.without(Object::Set));
        } else if says {
            self.objects.narrow(Objects::only(Object::Register));
        }
        self.answered |= says;
    }

    fn see_parts(&mut self, op: &Operation) -> Result<(), Again> {
        let seen = self.parts.with(self.value(op));
        if seen != self.parts {
            self.parts = seen;
            return Err(Again);
        }
        Ok(())
    }

    /// What is still open at the end of the file.
    pub(super) fn end(&self) -> Result<(), What> {
        let adds = Objects::only(Object::Set).0 | Objects::only(Object::Counter).0;
        // What is right for one of them may be wrong for another: a set that holds nothing, a counter at 0.
        let open = self.answered && !self.objects.are_one();
        if open || self.objects.0 == adds {
            return Err(What::Ambiguous(self.objects.list().collect()));
        }
        Ok(())
    }
}

/// Whether an operation that says something can be `[key value]`.
///
/// For a compare-and-set that is `[key [old new]]`, for a transaction `[key [part …]]`; `[old new]`
/// and two parts are pairs too, and have no key.
fn keyed(op: &Operation) -> bool {
    let Some((_, value)) = op.value.pair() else {
        return false;
    };
    match op.f_name() {
        Some("cas") => value.pair().is_some(),
        Some("txn") | None => parts(&op.value).is_none() && parts(value).is_some(),
        _ => parts(&op.value).is_none_or(<[Form]>::is_empty),
    }
}

/// A set of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Objects(u16);

impl Objects {
    /// Whatever Jepsen's histories can be about.
    const ANY: Objects = Objects(0b0011_1111);

    fn only(object: Object) -> Self {
        Objects(1 << object as u16)
    }

    fn without(self, object: Object) -> Self {
        Objects(self.0 & !Objects::only(object).0)
    }

    fn are_one(self) -> bool {
        self.0.is_power_of_two()
    }

    /// Leaves out what is not among others, unless nothing were left.
    fn narrow(&mut self, others: Objects) {
        if self.0 & others.0 != 0 {
            self.0 &= others.0;
        }
    }

    /// The first of them in the order of [`Object::ALL`].
    fn first(self) -> Object {
        let first = Object::ALL.get(self.0.trailing_zeros() as usize);
        *first.expect("a guess leaves at least one object")
    }

    /// All of them.
    pub(super) fn list(self) -> impl Iterator<Item = Object> {
        let among = move |object: &Object| self.0 & Objects::only(*object).0 != 0;
        Object::ALL.into_iter().filter(among)
    }

    /// Which objects have an operation of this name with this value.
    pub(super) fn that_have(f: Option<&str>, value: &Form) -> Objects {
        let objects: &[Object] = match f {
            _ if parts(value).is_some_and(|parts| !parts.is_empty()) => &[Object::Txn],
            Some("read") => &[Object::Register, Object::Set, Object::Counter],
            Some("write" | "cas") => &[Object::Register],
            Some("add") => &[Object::Set, Object::Counter],
            Some("remove" | "contains") => &[Object::Set],
            Some("enqueue" | "dequeue" | "drain") => &[Object::Queue],
            Some("acquire" | "release") => &[Object::Mutex],
            Some("txn") => &[Object::Txn],
            _ => &[],
        };
        let all = objects.iter().map(|object| Objects::only(*object).0);
        Objects(all.fold(0, |all, one| all | one))
    }
}

/// That an object has no such operation, and which have it.
pub(super) fn foreign(op: &Operation, object: Object) -> What {
    let value = match op.value.pair() {
        Some((_, value)) if keyed(op) => value,
        _ => &op.value,
    };
    let others = Objects::that_have(op.f_name(), value).without(object);
    What::Kind {
        f: op.f_text(),
        object,
        others: others.list().collect(),
    }
}
