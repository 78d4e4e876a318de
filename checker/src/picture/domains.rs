//! How each domain is put into words on a bar.

use super::word::Word;
use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::domain::Domain;
use crate::history::OpId;
use crate::kv::{Kv, KvCall, KvRet};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// A domain whose histories can be drawn and read back.
///
/// What is said is heard again: `hear(say(call)) == call`, and the same for answers.
pub trait Drawn: Domain {
    /// The forms of calls, for messages.
    const CALLS: &'static str;
    /// The forms of answers, for messages.
    const ANSWERS: &'static str;

    /// A call in words, the first of which is a verb; contexts apart.
    fn say(call: &Self::Call) -> (Vec<Word>, &[OpId]);

    /// The call that these words say.
    fn hear(words: &[Word], context: Vec<OpId>) -> Option<Self::Call>;

    /// An answer in words; none if the answer goes without saying.
    fn say_ret(call: &Self::Call, ret: &Self::Ret) -> Vec<Word>;

    /// The answer that these words say, of which there may be none.
    fn hear_ret(call: &Self::Call, words: &[Word]) -> Option<Self::Ret>;
}

const REGISTER_WORDS: [&str; 4] = ["nil", "ok", "mismatch", "unseen"];

pub(super) fn value_word(value: &Value) -> Word {
    match value {
        Value::Nil => Word::plain("nil"),
        Value::Int(number) => Word::plain(number.to_string()),
        Value::Text(text) => {
            let mut word = Word::text(text, &REGISTER_WORDS);
            word.quoted |= text.parse::<i64>().is_ok();
            word
        }
    }
}

pub(super) fn value_of(word: &Word) -> Value {
    match word.as_plain() {
        Some("nil") => Value::Nil,
        Some(plain) => plain
            .parse()
            .map_or_else(|_| Value::Text(plain.into()), Value::Int),
        None => Value::Text(word.text.clone()),
    }
}

impl Drawn for Register {
    const CALLS: &'static str = "read [KEY], write [KEY] VALUE, cas [KEY] OLD NEW";
    const ANSWERS: &'static str = "-> VALUE, -> unseen, -> ok, -> mismatch; a read needs one";

    fn say(call: &RegisterCall) -> (Vec<Word>, &[OpId]) {
        let (verb, values) = match &call.action {
            Action::Read => ("read", vec![]),
            Action::Write(value) => ("write", vec![value]),
            Action::Cas(from, to) => ("cas", vec![from, to]),
        };
        let key = call.key.iter().map(|key| Word::text(key, &[]));
        let values = values.into_iter().map(value_word);
        let words = std::iter::once(Word::plain(verb)).chain(key).chain(values);
        (words.collect(), &[])
    }

    fn hear(words: &[Word], context: Vec<OpId>) -> Option<RegisterCall> {
        let (verb, rest) = words.split_first()?;
        let verb = verb.as_plain()?;
        let values = match verb {
            "read" => 0,
            "write" => 1,
            "cas" => 2,
            _ => return None,
        };
        let (key, values) = rest.split_at_checked(rest.len().checked_sub(values)?)?;
        let action = match values {
            [] => Action::Read,
            [value] => Action::Write(value_of(value)),
            [from, to] => Action::Cas(value_of(from), value_of(to)),
            _ => return None,
        };
        if key.len() > 1 || !context.is_empty() {
            return None;
        }
        let key = key.first().map(|key| key.text.clone());
        Some(RegisterCall { key, action })
    }

    fn say_ret(call: &RegisterCall, ret: &RegisterRet) -> Vec<Word> {
        match ret {
            RegisterRet::Done if call.action != Action::Read => vec![],
            RegisterRet::Done => vec![Word::plain("ok")],
            RegisterRet::Mismatch => vec![Word::plain("mismatch")],
            RegisterRet::Unseen => vec![Word::plain("unseen")],
            RegisterRet::Value(value) => vec![value_word(value)],
        }
    }

    fn hear_ret(call: &RegisterCall, words: &[Word]) -> Option<RegisterRet> {
        match words {
            [] if call.action != Action::Read => Some(RegisterRet::Done),
            [word] => Some(match word.as_plain() {
                Some("ok") => RegisterRet::Done,
                Some("mismatch") => RegisterRet::Mismatch,
                Some("unseen") => RegisterRet::Unseen,
                _ => RegisterRet::Value(value_of(word)),
            }),
            _ => None,
        }
    }
}

impl Drawn for Append {
    const CALLS: &'static str = "get KEY, put KEY STRING, append KEY STRING";
    const ANSWERS: &'static str = "-> STRING, -> unseen, -> ok; a get needs one";

    fn say(call: &AppendCall) -> (Vec<Word>, &[OpId]) {
        let (verb, value) = match &call.action {
            AppendAction::Get => ("get", None),
            AppendAction::Put(value) => ("put", Some(value)),
            AppendAction::Append(value) => ("append", Some(value)),
        };
        let mut words = vec![Word::plain(verb), Word::text(&call.key, &[])];
        words.extend(value.map(|value| Word::text(value, &[])));
        (words, &[])
    }

    fn hear(words: &[Word], context: Vec<OpId>) -> Option<AppendCall> {
        let (verb, key, value) = match words {
            [verb, key] => (verb, key, None),
            [verb, key, value] => (verb, key, Some(value.text.clone())),
            _ => return None,
        };
        let action = match (verb.as_plain()?, value) {
            ("get", None) => AppendAction::Get,
            ("put", Some(value)) => AppendAction::Put(value),
            ("append", Some(value)) => AppendAction::Append(value),
            _ => return None,
        };
        let key = key.text.clone();
        context.is_empty().then_some(AppendCall { key, action })
    }

    fn say_ret(call: &AppendCall, ret: &AppendRet) -> Vec<Word> {
        match ret {
            AppendRet::Done if call.action != AppendAction::Get => vec![],
            AppendRet::Done => vec![Word::plain("ok")],
            AppendRet::Unseen => vec![Word::plain("unseen")],
            AppendRet::Value(value) => vec![Word::text(value, &["ok", "unseen"])],
        }
    }

    fn hear_ret(call: &AppendCall, words: &[Word]) -> Option<AppendRet> {
        match words {
            [] if call.action != AppendAction::Get => Some(AppendRet::Done),
            [word] => Some(match word.as_plain() {
                Some("ok") => AppendRet::Done,
                Some("unseen") => AppendRet::Unseen,
                _ => AppendRet::Value(word.text.clone()),
            }),
            _ => None,
        }
    }
}

impl Drawn for Kv {
    const CALLS: &'static str = "get KEY, put KEY VALUE [<NAME,…], delete KEY [<NAME,…]";
    const ANSWERS: &'static str = "-> VALUE,…, -> nothing, -> ok; a get needs one";

    fn say(call: &KvCall) -> (Vec<Word>, &[OpId]) {
        let (verb, value) = match call {
            KvCall::Get { .. } => ("get", None),
            KvCall::Put { value, .. } => ("put", Some(value)),
            KvCall::Delete { .. } => ("delete", None),
        };
        let mut words = vec![Word::plain(verb), Word::text(call.key(), &[])];
        words.extend(value.map(|value| Word::text(value, &[])));
        (words, call.context())
    }

    fn hear(words: &[Word], context: Vec<OpId>) -> Option<KvCall> {
        let (verb, key, value) = match words {
            [verb, key] => (verb, key, None),
            [verb, key, value] => (verb, key, Some(value.text.clone())),
            _ => return None,
        };
        let key = key.text.clone();
        match (verb.as_plain()?, value) {
            ("get", None) if context.is_empty() => Some(KvCall::Get { key }),
            ("put", Some(value)) => Some(KvCall::Put {
                key,
                value,
                context,
            }),
            ("delete", None) => Some(KvCall::Delete { key, context }),
            _ => None,
        }
    }

    fn say_ret(call: &KvCall, ret: &KvRet) -> Vec<Word> {
        match ret {
            KvRet::Stored if call.writes() => vec![],
            KvRet::Stored => vec![Word::plain("ok")],
            KvRet::Values(values) if values.is_empty() => vec![Word::plain("nothing")],
            KvRet::Values(values) => values
                .iter()
                .map(|value| Word::text(value, &["ok", "nothing"]))
                .collect(),
        }
    }

    fn hear_ret(call: &KvCall, words: &[Word]) -> Option<KvRet> {
        match words {
            [] if call.writes() => Some(KvRet::Stored),
            [] => None,
            [word] if word.as_plain() == Some("ok") => Some(KvRet::Stored),
            [word] if word.as_plain() == Some("nothing") => Some(KvRet::Values(vec![])),
            words => {
                let values = words.iter().map(|word| word.text.clone());
                Some(KvRet::Values(values.collect()))
            }
        }
    }
}
