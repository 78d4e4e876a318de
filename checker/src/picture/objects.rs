//! How sets, counters, queues and locks are put into words on a bar.

use super::domains::{Drawn, value_of, value_word};
use super::word::Word;
use crate::counter::{Counter, CounterAction, CounterCall, CounterRet};
use crate::history::OpId;
use crate::mutex::{Mutex, MutexAction, MutexCall, MutexRet};
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};
use crate::register::Value;
use crate::set::{Set, SetAction, SetCall, SetRet};

/// The words of answers, of which no value may be one without quotes.
const ANSWERS: [&str; 8] = [
    "ok",
    "unseen",
    "nothing",
    "yes",
    "no",
    "changed",
    "unchanged",
    "empty",
];

fn word(value: &Value) -> Word {
    let mut word = value_word(value);
    word.quoted |= ANSWERS.contains(&word.text.as_str());
    word
}

/// A verb, perhaps a key, perhaps one more word.
fn said(verb: &str, key: Option<&String>, last: Option<Word>) -> Vec<Word> {
    let key = key.map(|key| Word::text(key, &[]));
    let verb = std::iter::once(Word::plain(verb));
    verb.chain(key).chain(last).collect()
}

/// The verb, the key if there is one, and one more word if that many are wanted.
fn heard(words: &[Word], with_last: bool) -> Option<(&str, Option<String>, Option<&Word>)> {
    let (verb, rest) = words.split_first()?;
    let (key, last) = match (rest, with_last) {
        ([], false) => (None, None),
        ([key], false) => (Some(key), None),
        ([last], true) => (None, Some(last)),
        ([key, last], true) => (Some(key), Some(last)),
        _ => return None,
    };
    Some((verb.as_plain()?, key.map(|key| key.text.clone()), last))
}

fn plain(words: &[Word]) -> Option<&str> {
    match words {
        [word] => word.as_plain(),
        _ => None,
    }
}

impl Drawn for Set {
    const CALLS: &'static str =
        "add [KEY] VALUE, remove [KEY] VALUE, contains [KEY] VALUE, read [KEY]";
    const ANSWERS: &'static str = "-> VALUE,…, -> nothing, -> yes, -> no, -> changed, -> unchanged, \
                                   -> unseen, -> ok; read and contains need one";

    fn say(call: &SetCall) -> (Vec<Word>, &[OpId]) {
        let (verb, element) = match &call.action {
            SetAction::Add(element) => ("add", Some(element)),
            SetAction::Remove(element) => ("remove", Some(element)),
            SetAction::Contains(element) => ("contains", Some(element)),
            SetAction::Read => ("read", None),
        };
        (said(verb, call.key.as_ref(), element.map(word)), &[])
    }

    fn hear(words: &[Word], context: Vec<OpId>) -> Option<SetCall> {
        let reads = words.first()?.as_plain() == Some("read");
        let (verb, key, element) = heard(words, !reads)?;
        let action = match (verb, element.map(value_of)) {
            ("read", None) => SetAction::Read,
            ("add", Some(element)) => SetAction::Add(element),
            ("remove", Some(element)) => SetAction::Remove(element),
            ("contains", Some(element)) => SetAction::Contains(element),
            _ => return None,
        };
        context.is_empty().then_some(SetCall { key, action })
    }

    fn say_ret(call: &SetCall, ret: &SetRet) -> Vec<Word> {
        let changes = matches!(call.action, SetAction::Add(_) | SetAction::Remove(_));
        let plain = match ret {
            SetRet::Done if changes => return vec![],
            SetRet::Done => "ok",
            SetRet::Changed(true) => "changed",
            SetRet::Changed(false) => "unchanged",
            SetRet::Has(true) => "yes",
            SetRet::Has(false) => "no",
            SetRet::Unseen => "unseen",
            SetRet::Values(values) if values.is_empty() => "nothing",
            SetRet::Values(values) => return values.iter().map(word).collect(),
        };
        vec![Word::plain(plain)]
    }

    fn hear_ret(call: &SetCall, words: &[Word]) -> Option<SetRet> {
        let changes = matches!(call.action, SetAction::Add(_) | SetAction::Remove(_));
        Some(match plain(words) {
            Some("ok") => SetRet::Done,
            Some("changed") => SetRet::Changed(true),
            Some("unchanged") => SetRet::Changed(false),
            Some("yes") => SetRet::Has(true),
            Some("no") => SetRet::Has(false),
            Some("unseen") => SetRet::Unseen,
            Some("nothing") => SetRet::Values(vec![]),
            _ if words.is_empty() => return changes.then_some(SetRet::Done),
            _ => SetRet::Values(words.iter().map(value_of).collect()),
        })
    }
}

impl Drawn for Counter {
    const CALLS: &'static str = "add [KEY] NUMBER, read [KEY]";
    const ANSWERS: &'static str = "-> NUMBER, -> unseen, -> ok; a read needs one";

    fn say(call: &CounterCall) -> (Vec<Word>, &[OpId]) {
        let (verb, by) = match call.action {
            CounterAction::Add(by) => ("add", Some(Word::text(&by.to_string(), &[]))),
            CounterAction::Read => ("read", None),
        };
        (said(verb, call.key.as_ref(), by), &[])
    }

    fn hear(words: &[Word], context: Vec<OpId>) -> Option<CounterCall> {
        let reads = words.first()?.as_plain() == Some("read");
        let (verb, key, by) = heard(words, !reads)?;
        let action = match (verb, by) {
            ("read", None) => CounterAction::Read,
            ("add", Some(by)) => CounterAction::Add(by.text.parse().ok()?),
            _ => return None,
        };
        context.is_empty().then_some(CounterCall { key, action })
    }

    fn say_ret(call: &CounterCall, ret: &CounterRet) -> Vec<Word> {
        match ret {
            CounterRet::Done if call.action != CounterAction::Read => vec![],
            CounterRet::Done => vec![Word::plain("ok")],
            CounterRet::Unseen => vec![Word::plain("unseen")],
            CounterRet::Value(value) => vec![Word::text(&value.to_string(), &[])],
        }
    }

    fn hear_ret(call: &CounterCall, words: &[Word]) -> Option<CounterRet> {
        match (words, plain(words)) {
            ([], _) => (call.action != CounterAction::Read).then_some(CounterRet::Done),
            (_, Some("ok")) => Some(CounterRet::Done),
            (_, Some("unseen")) => Some(CounterRet::Unseen),
            ([value], _) => value.text.parse().ok().map(CounterRet::Value),
            _ => None,
        }
    }
}

impl Drawn for Queue {
    const CALLS: &'static str = "enqueue [KEY] VALUE, dequeue [KEY]";
    const ANSWERS: &'static str = "-> VALUE, -> empty, -> ok; a dequeue needs one";

    fn say(call: &QueueCall) -> (Vec<Word>, &[OpId]) {
        let (verb, value) = match &call.action {
            QueueAction::Enqueue(value) => ("enqueue", Some(word(value))),
            QueueAction::Dequeue => ("dequeue", None),
        };
        (said(verb, call.key.as_ref(), value), &[])
    }

    fn hear(words: &[Word], context: Vec<OpId>) -> Option<QueueCall> {
        let takes = words.first()?.as_plain() == Some("dequeue");
        let (verb, key, value) = heard(words, !takes)?;
        let action = match (verb, value) {
            ("dequeue", None) => QueueAction::Dequeue,
            ("enqueue", Some(value)) => QueueAction::Enqueue(value_of(value)),
            _ => return None,
        };
        context.is_empty().then_some(QueueCall { key, action })
    }

    fn say_ret(call: &QueueCall, ret: &QueueRet) -> Vec<Word> {
        match ret {
            QueueRet::Done if call.action != QueueAction::Dequeue => vec![],
            QueueRet::Done => vec![Word::plain("ok")],
            QueueRet::Empty => vec![Word::plain("empty")],
            QueueRet::Value(value) => vec![word(value)],
        }
    }

    fn hear_ret(call: &QueueCall, words: &[Word]) -> Option<QueueRet> {
        match (words, plain(words)) {
            ([], _) => (call.action != QueueAction::Dequeue).then_some(QueueRet::Done),
            (_, Some("ok")) => Some(QueueRet::Done),
            (_, Some("empty")) => Some(QueueRet::Empty),
            ([value], _) => Some(QueueRet::Value(value_of(value))),
            _ => None,
        }
    }
}

impl Drawn for Mutex {
    const CALLS: &'static str = "acquire [KEY], release [KEY]";
    const ANSWERS: &'static str = "-> ok, which goes without saying";

    fn say(call: &MutexCall) -> (Vec<Word>, &[OpId]) {
        let verb = match call.action {
            MutexAction::Acquire => "acquire",
            MutexAction::Release => "release",
        };
        (said(verb, call.key.as_ref(), None), &[])
    }

    fn hear(words: &[Word], context: Vec<OpId>) -> Option<MutexCall> {
        let (verb, key, _) = heard(words, false)?;
        let action = match verb {
            "acquire" => MutexAction::Acquire,
            "release" => MutexAction::Release,
            _ => return None,
        };
        context.is_empty().then_some(MutexCall { key, action })
    }

    fn say_ret(_call: &MutexCall, MutexRet::Done: &MutexRet) -> Vec<Word> {
        vec![]
    }

    fn hear_ret(_call: &MutexCall, words: &[Word]) -> Option<MutexRet> {
        (words.is_empty() || plain(words) == Some("ok")).then_some(MutexRet::Done)
    }
}

#[cfg(test)]
mod tests {
    use crate::history::{History, Op};
    use crate::picture::{Drawn, draw, parse};

    /// The picture is drawn again as it was read.
    fn kept<D: Drawn>(picture: &str) {
        let history = parse::<D>(picture).expect("the picture can be read");
        let again = draw(&history);
        let twice = parse::<D>(&again).expect("what was drawn can be read");
        assert_eq!(draw(&twice), again);
        let labels =
            |history: &History<D>| -> Vec<String> { history.ops().iter().map(Op::label).collect() };
        assert_eq!(labels(&twice), labels(&history));
        for word in picture
            .split(['|', '-', ' ', '\n'])
            .filter(|word| word.len() > 2)
        {
            assert!(again.contains(word), "{word} is missing in\n{again}");
        }
    }

    #[test]
    fn what_is_said_of_objects_is_heard_again() {
        kept::<crate::set::Set>(
            r#"
            a  |add 1-| |add k "yes" -> changed-| |read -> 1,"yes"-| |read k -> nothing-|
            b  |contains 1 -> no-| |contains k a -> yes-| |remove 1 -> unchanged-| |read -> unseen-|
            c  |remove k 1-| |add nil ?--...
            "#,
        );
        kept::<crate::counter::Counter>(
            r#"
            a  |add 1-| |add k "-3" -> "-2"-| |read -> 7-| |read k -> unseen-|
            b  |add 2 !-| |add 4 ?--...
            "#,
        );
        kept::<crate::queue::Queue>(
            r#"
            a  |enqueue 1-| |enqueue k "empty"-| |dequeue -> 1-| |dequeue k -> "empty"-|
            b  |dequeue -> empty-| |dequeue k ?--...
            "#,
        );
        kept::<crate::mutex::Mutex>(
            "
            a  |acquire-| |release k-| |acquire ?--...
            ",
        );
    }

    #[test]
    fn what_no_object_says_is_not_heard() {
        for wrong in [
            "a |add-|",
            "a |read-|",
            "a |contains 1-|",
            "a |take 1-|",
            "a |read k x -> 1-|",
        ] {
            assert!(parse::<crate::set::Set>(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "a |add x-|",
            "a |read-|",
            "a |read -> x-|",
            "a |add 1 -> 1,2-|",
        ] {
            assert!(parse::<crate::counter::Counter>(wrong).is_err(), "{wrong}");
        }
        for wrong in [
            "a |enqueue-|",
            "a |dequeue-|",
            "a |dequeue -> 1,2-|",
            "a |dequeue k 1 -> 1-|",
        ] {
            assert!(parse::<crate::queue::Queue>(wrong).is_err(), "{wrong}");
        }
        for wrong in ["a |acquire k x-|", "a |acquire -> no-|", "a |take-|"] {
            assert!(parse::<crate::mutex::Mutex>(wrong).is_err(), "{wrong}");
        }
    }
}
