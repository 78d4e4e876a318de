//! One line of an oracle, understood.

use std::collections::BTreeMap;

/// What kind of store the history is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Mode {
    Siblings,
    LastWriter,
}

/// What an operation asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Get,
    Put(String),
    /// With the name of its tombstone, where it has one.
    Delete(Option<String>),
}

/// What an operation was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Ok,
    Fail,
    Info,
    Values(Vec<String>),
}

/// A call of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) from: u64,
    /// `None` if it never returned.
    pub(super) to: Option<u64>,
    pub(super) session: String,
    pub(super) key: String,
    pub(super) asks: Asks,
    pub(super) context: Vec<String>,
    pub(super) answer: Answer,
    pub(super) name: Option<String>,
}

/// The decoded clock of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clocked {
    pub(super) value: String,
    pub(super) dot: (String, u64),
    pub(super) past: Vec<(String, u64)>,
}

/// What a replica holds in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dump {
    pub(super) node: String,
    pub(super) key: String,
    pub(super) values: Vec<String>,
    pub(super) context: String,
}

/// An event of handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: u64,
    pub(super) node: String,
    pub(super) what: String,
    pub(super) with: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Mode(Mode),
    Operation(Operation),
    Final(String, Vec<String>),
    State(Dump),
    Root(String, String),
    Clock(Clocked),
    Pref(String, Vec<String>),
    Event(Event),
    Expect(Vec<(String, bool)>),
}

const EVENTS: [&str; 16] = [
    "hint-store",
    "hint-durable",
    "put-ack",
    "hint-send",
    "owner-apply",
    "owner-durable",
    "hint-ack",
    "hint-delete",
    "hint-expire",
    "crash",
    "restart",
    "ring-change",
    "serve",
    "dup-effect",
    "quiesced",
    "heal",
];

impl Line {
    /// Reads a line; spaces around signs mean nothing.
    pub(super) fn read(text: &str) -> Result<Line, String> {
        let text = tight(text);
        if text.starts_with('[') {
            return operation(&text).map(Line::Operation);
        }
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let words: Vec<&str> = rest.split(' ').filter(|word| !word.is_empty()).collect();
        match (word, words.as_slice()) {
            ("mode", ["sib"]) => Ok(Line::Mode(Mode::Siblings)),
            ("mode", ["lww"]) => Ok(Line::Mode(Mode::LastWriter)),
            ("final", [key, held]) => Ok(Line::Final((*key).into(), braced(held)?)),
            ("state", [node, key, held, rest @ ..]) => {
                let context = match rest {
                    [] => "",
                    [context] => named(context, "ctx")?,
                    _ => return Err("more than a context behind a state".into()),
                };
                Ok(Line::State(Dump {
                    node: (*node).into(),
                    key: (*key).into(),
                    values: braced(held)?,
                    context: context.into(),
                }))
            }
            ("root", [node, hash]) => Ok(Line::Root((*node).into(), (*hash).into())),
            ("clock", [value, parts @ ..]) => clock(value, parts).map(Line::Clock),
            ("pref", [key, nodes]) => Ok(Line::Pref((*key).into(), list(nodes))),
            ("ev", [at, node, what, with @ ..]) => event(at, node, what, with).map(Line::Event),
            ("expect", verdicts) if !verdicts.is_empty() => {
                let verdicts = verdicts.iter().map(|verdict| expected(verdict));
                verdicts.collect::<Result<_, _>>().map(Line::Expect)
            }
            _ => Err("this is no line of an oracle".into()),
        }
    }
}

/// The line with one space between words, none around signs within a word, and one before braces.
fn tight(text: &str) -> String {
    let mut out = String::new();
    for word in text.replace("->", " -> ").split_whitespace() {
        let glues = |char: char| "=+,:{[".contains(char);
        let sticks = |char: char| "=+,:}]".contains(char);
        let apart = out.is_empty()
            || out.ends_with(glues)
            || (word.starts_with(sticks) && !out.ends_with("->"));
        if !apart {
            out.push(' ');
        }
        out.push_str(word);
    }
    // A brace that no sign precedes begins a word, and a bracket that closes ends one.
    let mut spaced = String::new();
    for char in out.chars() {
        let begins = char == '{' && !spaced.ends_with([' ', '=']);
        let ended = spaced.ends_with(']') && char != ' ';
        if begins || ended {
            spaced.push(' ');
        }
        spaced.push(char);
    }
    spaced.trim().into()
}

fn operation(text: &str) -> Result<Operation, String> {
    let (times, rest) = text[1..].split_once(']').ok_or("no ] behind the times")?;
    let (from, to) = times.split_once(',').ok_or("no two times")?;
    let (call, answer) = rest.split_once("->").ok_or("no answer")?;
    let mut name = None;
    let call = take_name(call, &mut name)?;
    let answer = take_name(answer, &mut name)?;
    let mut context = Vec::new();
    let mut words = Vec::new();
    for word in call.split_whitespace() {
        match word.strip_prefix("ctx=") {
            Some(names) => context.extend(names.split('+').flat_map(list)),
            None => words.push(word),
        }
    }
    let (session, key, asks) = match words[..] {
        [session, "get", key] => (session, key, Asks::Get),
        [session, "put", key, value] => (session, key, Asks::Put(value.into())),
        [session, "del" | "delete", key] => (session, key, Asks::Delete(None)),
        [session, "del" | "delete", key, tomb] => (session, key, Asks::Delete(Some(tomb.into()))),
        _ => return Err(format!("no call is written {call:?}")),
    };
    let answer = match answer.trim() {
        "ok" if asks != Asks::Get => Answer::Ok,
        "info" => Answer::Info,
        "fail" => Answer::Fail,
        values if asks == Asks::Get => Answer::Values(braced(values)?),
        other => return Err(format!("no answer is written {other:?}")),
    };
    let from = from.trim().parse().map_err(|_| "no time of the call")?;
    let to = match to.trim() {
        "-" => None,
        time => Some(time.parse().map_err(|_| "no time of the return")?),
    };
    if to.is_some_and(|to| to < from) || (to.is_none() && answer != Answer::Info) {
        return Err("these times do not go with that answer".into());
    }
    let (session, key) = (session.into(), key.into());
    Ok(Operation {
        from,
        to,
        session,
        key,
        asks,
        context,
        answer,
        name,
    })
}

/// Takes ` as NAME` from the end.
fn take_name<'t>(text: &'t str, name: &mut Option<String>) -> Result<&'t str, String> {
    let text = text.trim();
    let Some((rest, found)) = text.rsplit_once(" as ") else {
        return Ok(text);
    };
    let found = found.trim();
    if found.contains(' ') || name.replace(found.into()).is_some() {
        return Err("one name is enough".into());
    }
    Ok(rest.trim())
}

fn clock(value: &str, parts: &[&str]) -> Result<Clocked, String> {
    let (mut dot, mut past) = (None, Vec::new());
    for part in parts {
        if let Ok(text) = named(part, "dot") {
            dot = Some(counter(text)?);
        } else {
            let text = named(part, "past")?;
            past = braced(text)?
                .iter()
                .map(|one| counter(one))
                .collect::<Result<_, _>>()?;
        }
    }
    Ok(Clocked {
        value: value.into(),
        dot: dot.ok_or("a clock without its dot")?,
        past,
    })
}

fn event(at: &str, node: &str, what: &str, with: &[&str]) -> Result<Event, String> {
    if !EVENTS.contains(&what) {
        return Err(format!("no event is named {what:?}"));
    }
    let pairs = with.iter().map(|pair| {
        let (name, value) = pair
            .split_once('=')
            .ok_or("an event has pairs NAME=VALUE")?;
        Ok((name.to_string(), value.to_string()))
    });
    Ok(Event {
        at: at.parse().map_err(|_| "an event without its time")?,
        node: node.into(),
        what: what.into(),
        with: pairs.collect::<Result<_, String>>()?,
    })
}

fn expected(text: &str) -> Result<(String, bool), String> {
    match text.split_once('=') {
        Some((code, "PASS")) => Ok((code.into(), true)),
        Some((code, "FAIL")) => Ok((code.into(), false)),
        _ => Err(format!("neither PASS nor FAIL in {text:?}")),
    }
}

fn named<'t>(pair: &'t str, name: &str) -> Result<&'t str, String> {
    let value = pair
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('='));
    value.ok_or_else(|| format!("no {name}= in {pair:?}"))
}

fn braced(text: &str) -> Result<Vec<String>, String> {
    let inner = text
        .trim()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inner
        .map(list)
        .ok_or_else(|| format!("no braces around {text:?}"))
}

/// The items of a list with commas, with or without braces.
pub(super) fn list(text: &str) -> Vec<String> {
    let items = text.trim_matches(['{', '}']).split([',', '+']);
    let items = items.map(str::trim).filter(|item| !item.is_empty());
    items.map(Into::into).collect()
}

fn counter(text: &str) -> Result<(String, u64), String> {
    let (node, counter) = text.split_once(':').ok_or("no NODE:COUNTER")?;
    let counter = counter.parse().map_err(|_| "a counter is a number")?;
    Ok((node.into(), counter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_order_mean_nothing() {
        for (one, two) in [
            (
                "[0,1] s1 put x a ctx=g+h -> ok as p",
                "[ 0 , 1 ]s1  put x a  ctx = g + h->ok   as p",
            ),
            (
                "[2,3] s1 get x -> {a,b} as g",
                "[2,3] s1 get x as g ->{ a , b }",
            ),
            (
                "[2,-] s1 put x a ctx=g -> info",
                "[2, -] s1 put ctx=g x a -> info",
            ),
            ("final x {b}", "final  x{ b }"),
            ("state A x {a,b} ctx=c1", "state A x { a,b } ctx = c1"),
            (
                "clock b dot=A:2 past={A:1,B:3}",
                "clock b past = { A:1, B : 3 } dot = A:2",
            ),
            ("pref x A,B,C", "pref x A, B, C"),
            (
                "ev 3 A put-ack val=a w=3 nodes=A,B,D",
                "ev 3 A put-ack nodes = A,B, D w=3 val=a",
            ),
            ("expect LIN=FAIL REG=PASS", "expect  LIN = FAIL  REG=PASS"),
        ] {
            let read = Line::read(one).unwrap_or_else(|why| panic!("{one}: {why}"));
            assert_eq!(Line::read(two), Ok(read), "{two}");
        }
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for text in [
            "mode both",
            "[0,1] s1 put x -> ok",
            "[0,1] s1 get x -> ok",
            "[0,1] s1 put x a -> maybe",
            "[1,0] s1 put x a -> ok",
            "[0,-] s1 put x a -> ok",
            "[0] s1 put x a -> ok",
            "[0,1] s1 put x a",
            "final x b",
            "state A x {a} c1",
            "clock a past={}",
            "ev 1 D hint-forget h=h1",
            "ev 1 D hint-store h",
            "expect LIN=MAYBE",
            "expect",
            "what else",
        ] {
            assert!(Line::read(text).is_err(), "{text}");
        }
    }
}
