//! Histories of tests, written one operation or note a line.

use std::collections::BTreeMap;

use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::{Clock, Node, Note, Setup, Version};

/// Reads a sketch. Its lines are of these kinds; equal times keep the order of the lines.
///
/// ```text
/// [0,1] s1 put x a -> ok as p            [2,3] s1 get x -> {a} as g
/// [4,-] s2 put x b ctx=g+p -> info       [4,5] s1 del x ctx=g -> ok
/// final x {b}                            after everything else, behind a quiet note
/// 5 durable A x {a@A:1/B:2+C:1,!@B:3}    5 hint D C x {a}         5 dropped D C x
/// 5 context A x c1        5 expired D C x        5 served D x {a}        5 counted x a w=3 A,B,D
/// 5 crash A   5 restart A   5 informed A   5 healed     5 quiet                  5 fault cut
/// 0 owners x A,B,C                       0 setup n=3 r=2 w=2 converges hands_off may_lose may_revive sampled
/// 5 root A range x,y hash                5 transfer A B sync x
/// ```
pub(crate) fn sketch(text: &str) -> History<Kv> {
    let mut drawn = Drawn::default();
    let (finals, lines): (Vec<&str>, Vec<&str>) = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .partition(|line| line.starts_with("final"));
    for line in lines {
        drawn.line(line);
    }
    if !finals.is_empty() {
        let end = drawn.entries.iter().map(|&(at, _)| at).max().unwrap_or(0);
        if !drawn.entries.iter().any(|(_, entry)| is_quiet(entry)) {
            drawn.note(end + 1, Note::Quiet);
        }
        for (index, line) in finals.iter().enumerate() {
            let from = end + 2 + 2 * index as u64;
            let line = line.trim_start_matches("final");
            let (key, values) = line.trim().split_once(' ').expect("final KEY {..}");
            drawn.line(&format!(
                "[{from},{}] f get {key} -> {values} as final{index}",
                from + 1
            ));
        }
    }
    drawn.entries.sort_by_key(|&(at, _)| at);
    let entries = drawn.entries.into_iter().map(|(_, entry)| entry);
    History::new(entries).expect("a sketch is well formed")
}

/// The versions of `{a@A:1/B:2+C:1,!}`: a tombstone is `!`, a clock its dot and its past.
pub(crate) fn versions(text: &str) -> Vec<Version> {
    items(text).map(version).collect()
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.trim_matches(['{', '}'])
        .split(',')
        .filter(|item| !item.is_empty())
}

fn version(text: &str) -> Version {
    let (value, clock) = match text.split_once('@') {
        Some((value, clock)) => (value, Some(clock)),
        None => (text, None),
    };
    Version {
        value: (value != "!").then(|| value.to_string()),
        clock: clock.map(|clock| {
            let (dot, past) = clock.split_once('/').unwrap_or((clock, ""));
            Clock {
                dot: event(dot),
                past: past
                    .split('+')
                    .filter(|one| !one.is_empty())
                    .map(event)
                    .collect(),
            }
        }),
    }
}

fn event(text: &str) -> (String, u64) {
    let (actor, counter) = text.split_once(':').expect("ACTOR:COUNTER");
    (actor.into(), counter.parse().expect("a counter"))
}

pub(crate) fn node(name: &str) -> Node {
    Node(u32::from(name.as_bytes()[0] - b'A'))
}

fn is_quiet(entry: &Entry<Kv>) -> bool {
    matches!(
        entry,
        Entry::Note {
            note: Note::Quiet,
            ..
        }
    )
}

#[derive(Default)]
struct Drawn {
    entries: Vec<(u64, Entry<Kv>)>,
    names: BTreeMap<String, OpId>,
    processes: BTreeMap<String, u64>,
    ops: u64,
}

impl Drawn {
    fn line(&mut self, line: &str) {
        if line.starts_with('[') {
            return self.operation(line);
        }
        let mut words = line.split_whitespace();
        let at = words
            .next()
            .and_then(|at| at.parse().ok())
            .expect("a time first");
        let rest: Vec<&str> = words.collect();
        self.note(at, note(&rest));
    }

    fn note(&mut self, at: u64, note: Note) {
        let entry = Entry::Note { at: Time(at), note };
        self.entries.push((at, entry));
    }

    fn operation(&mut self, line: &str) {
        let (times, rest) = line[1..].split_once(']').expect("[call,return]");
        let (call_at, return_at) = times.split_once(',').expect("[call,return]");
        let (call, answer) = rest.split_once("->").expect("an answer");
        let op = OpId(self.ops);
        self.ops += 1;
        let call: Vec<&str> = call.split_whitespace().collect();
        let next = self.processes.len() as u64;
        let process = *self.processes.entry(call[0].into()).or_insert(next);
        let at: u64 = call_at.parse().expect("a time");
        let (answer, name) = answer.trim().split_once(" as ").unwrap_or((answer, ""));
        if !name.is_empty() {
            self.names.insert(name.into(), op);
        }
        let invoke = Entry::Invoke {
            op,
            at: Time(at),
            process: Process(process),
            call: self.call(&call[1..]),
        };
        self.entries.push((at, invoke));
        let outcome = match answer.trim() {
            "ok" => Outcome::Ok(KvRet::Stored),
            "fail" => Outcome::Fail,
            "info" => Outcome::Unknown,
            values => Outcome::Ok(KvRet::Values(items(values).map(Into::into).collect())),
        };
        if let Ok(at) = return_at.parse() {
            let at_return = Entry::Return {
                op,
                at: Time(at),
                outcome,
            };
            self.entries.push((at, at_return));
        }
    }

    fn call(&mut self, words: &[&str]) -> KvCall {
        let context = words.last().and_then(|last| last.strip_prefix("ctx="));
        let context = context
            .into_iter()
            .flat_map(|names| names.split('+'))
            .map(|name| {
                // A context from an operation further down: `#4` is the fifth one.
                match name.strip_prefix('#') {
                    Some(number) => OpId(number.parse().expect("an operation")),
                    None => self.names[name],
                }
            })
            .collect();
        let key = words[1].to_string();
        match words[0] {
            "get" => KvCall::Get { key },
            "del" => KvCall::Delete { key, context },
            "put" => KvCall::Put {
                key,
                value: words[2].into(),
                context,
            },
            other => panic!("no call is named {other}"),
        }
    }
}

fn note(words: &[&str]) -> Note {
    match *words {
        ["durable", at, key, held] => Note::Durable {
            node: node(at),
            key: key.into(),
            versions: versions(held),
        },
        ["hint", holder, owner, key, held] => Note::Hint {
            holder: node(holder),
            owner: node(owner),
            key: key.into(),
            versions: versions(held),
        },
        ["dropped", holder, owner, key] => Note::HintDropped {
            holder: node(holder),
            owner: node(owner),
            key: key.into(),
        },
        ["expired", holder, owner, key] => Note::HintExpired {
            holder: node(holder),
            owner: node(owner),
            key: key.into(),
        },
        ["context", at, key, context] => Note::Context {
            node: node(at),
            key: key.into(),
            context: context.into(),
        },
        ["served", at, key, held] => Note::Served {
            node: node(at),
            key: key.into(),
            versions: versions(held),
        },
        ["counted", key, value, needed, nodes] => Note::Counted {
            key: key.into(),
            value: (value != "!").then(|| value.into()),
            needed: needed[2..].parse().expect("w=NUMBER"),
            nodes: nodes.split(',').map(node).collect(),
        },
        ["crash", at] => Note::Crash(node(at)),
        ["informed", at] => Note::Informed(node(at)),
        ["restart", at] => Note::Restart(node(at)),
        ["healed"] => Note::Healed,
        ["quiet"] => Note::Quiet,
        ["fault", ref what @ ..] => Note::Fault {
            what: what.join(" "),
            begins: true,
        },
        ["owners", key, nodes] => Note::Owners {
            key: key.into(),
            nodes: nodes.split(',').map(node).collect(),
        },
        ["root", at, range, keys, hash] => Note::Root {
            node: node(at),
            range: range.into(),
            keys: keys.split(',').map(Into::into).collect(),
            hash: hash.into(),
        },
        ["transfer", from, to, kind, key] => Note::Transfer {
            from: node(from),
            to: node(to),
            kind: kind.into(),
            key: key.into(),
        },
        ["setup", ref knobs @ ..] => Note::Setup(setup(knobs)),
        _ => panic!("no note is written {words:?}"),
    }
}

fn setup(knobs: &[&str]) -> Setup {
    let number = |name: &str, default| {
        let knob = knobs.iter().find_map(|knob| knob.strip_prefix(name));
        knob.map_or(default, |value| value.parse().expect("a number"))
    };
    Setup {
        nodes: number("nodes=", 5),
        n: number("n=", 3),
        r: number("r=", 2),
        w: number("w=", 2),
        converges: knobs.contains(&"converges"),
        hands_off: knobs.contains(&"hands_off"),
        may_lose: knobs.contains(&"may_lose"),
        may_revive: knobs.contains(&"may_revive"),
        sampled: knobs.contains(&"sampled"),
    }
}
