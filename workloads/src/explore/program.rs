//! What the clients of an exploration do: each a short list of calls, one after the other.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use checker::Time;
use thiserror::Error;

use crate::fault::FaultSchedule;
use crate::plan::{self, Plan, Shape, Step};

/// What one call does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Reads it.
    Get,
    /// Writes it without a context.
    Put,
    /// Writes it with the context of the client's last get of the key.
    PutRead,
    /// Deletes what the client's last get of the key returned.
    DeleteRead,
}

/// One call of a client.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// What it does.
    pub verb: Verb,
    /// To which key.
    pub key: String,
    /// Which node it asks.
    pub via: u32,
}

/// The calls of each client, in order. Written as `put@0 get@1 / get@2 put+@2`: clients are parted by
/// a slash; `+` passes the context of the client's last get of the key, `del+` deletes with it, and
/// `get:y@1` is about another key than `x`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Program(pub Vec<Vec<Call>>);

/// Why a text is no program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoProgram {
    /// No client calls anything.
    #[error("there is no call in it")]
    Empty,
    /// A word is no call.
    #[error(
        "{0:?} is no call: it is get, put, put+ or del+, perhaps :KEY, then @NODE, as in put+:y@2"
    )]
    Word(String),
    /// A context is to be passed that no get has returned.
    #[error("{0:?} passes a context, but its client got nothing of that key before")]
    Unread(String),
    /// A client asks a node that is not there.
    #[error("{0:?} asks a node that is not there")]
    Node(String),
}

impl Program {
    /// How many calls there are.
    pub fn calls(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// The keys that it is about, in order.
    pub fn keys(&self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.0.iter().flatten().map(|call| &call.key).collect();
        keys.into_iter().cloned().collect()
    }

    /// Whether anything is written.
    fn writes(&self) -> bool {
        self.0.iter().flatten().any(|call| call.verb != Verb::Get)
    }

    /// Whether every client asks nodes that there are.
    ///
    /// # Errors
    /// With the first call that does not.
    pub fn fits(&self, nodes: u32) -> Result<(), NoProgram> {
        match self.0.iter().flatten().find(|call| call.via >= nodes) {
            Some(call) => Err(NoProgram::Node(call.to_string())),
            None => Ok(()),
        }
    }

    /// As a plan without faults: the calls of the first client are its steps from 1 on, then come those
    /// of the next.
    pub(super) fn plan(&self, shape: Shape) -> Plan {
        let mut steps: Vec<Step> = Vec::new();
        for (client, calls) in (0..).zip(&self.0) {
            let first = steps.len();
            for call in calls {
                let key = call.key.clone();
                let read = |step: &&Step| matches!(&step.call, plan::Call::Get { key } if *key == call.key);
                let context = steps[first..].iter().rfind(read).map(|step| step.id);
                let made = match call.verb {
                    Verb::Get => plan::Call::Get { key },
                    Verb::Put => plan::Call::Put { key, context: None },
                    Verb::PutRead => plan::Call::Put { key, context },
                    Verb::DeleteRead => plan::Call::Delete { key, context },
                };
                let id = steps.len() as u32 + 1;
                steps.push(Step {
                    id,
                    at: Time(u64::from(id)),
                    client,
                    via: call.via,
                    call: made,
                });
            }
        }
        Plan {
            seed: 0,
            shape,
            steps,
            faults: FaultSchedule::default(),
        }
    }

    /// The same with clients in the order, and nodes under the names, that make it smallest.
    fn canonical(&self) -> Program {
        let mut orders = vec![Vec::new()];
        for _ in 0..self.0.len() {
            let longer = orders.iter().flat_map(|order: &Vec<usize>| {
                let left = (0..self.0.len()).filter(|client| !order.contains(client));
                left.map(|client| [order.as_slice(), &[client]].concat())
            });
            orders = longer.collect();
        }
        let renamed = orders.iter().map(|order| {
            let mut names: Vec<u32> = Vec::new();
            let mut clients = Vec::new();
            for &client in order {
                let mut calls = self.0[client].clone();
                for call in &mut calls {
                    let known = names.iter().position(|name| *name == call.via);
                    let name = known.unwrap_or_else(|| {
                        names.push(call.via);
                        names.len() - 1
                    });
                    call.via = name as u32;
                }
                clients.push(calls);
            }
            Program(clients)
        });
        let longest_first = |program: &Program| {
            let lengths = program.0.iter().map(Vec::len);
            lengths.rev().is_sorted()
        };
        let least = renamed.filter(longest_first).min();
        least.unwrap_or_else(|| self.clone())
    }
}

/// All programs on one key of at most so many clients and calls, fewest calls first.
///
/// Left out are those that write nothing, and those that differ from another one only in the order of
/// the clients or in the names of the nodes: where all nodes own all keys and whoever is asked
/// coordinates, nodes differ in nothing else but in the moments of their timers.
pub fn programs(nodes: u32, clients: usize, calls: usize, deletes: bool) -> Vec<Program> {
    let mut all = BTreeSet::new();
    let mut partial = vec![Program(vec![Vec::new(); clients])];
    for _ in 0..calls {
        let mut longer = BTreeSet::new();
        for program in &partial {
            for client in 0..clients {
                for call in next_calls(&program.0[client], nodes, deletes) {
                    let mut more = program.clone();
                    more.0[client].push(call);
                    longer.insert(more.canonical());
                }
            }
        }
        all.extend(longer.iter().filter(|program| program.writes()).cloned());
        partial = longer.into_iter().collect();
    }
    let mut all: Vec<Program> = all.into_iter().collect();
    all.sort_by_cached_key(|program| (program.calls(), program.clone()));
    all
}

fn next_calls(before: &[Call], nodes: u32, deletes: bool) -> Vec<Call> {
    let read = before.iter().any(|call| call.verb == Verb::Get);
    let mut verbs = vec![Verb::Get, Verb::Put];
    if read {
        verbs.push(Verb::PutRead);
    }
    if read && deletes {
        verbs.push(Verb::DeleteRead);
    }
    let calls = verbs.into_iter().flat_map(|verb| {
        (0..nodes).map(move |via| Call {
            verb,
            key: KEY.into(),
            via,
        })
    });
    calls.collect()
}

/// The key of calls that name none.
const KEY: &str = "x";

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.verb {
            Verb::Get => "get",
            Verb::Put => "put",
            Verb::PutRead => "put+",
            Verb::DeleteRead => "del+",
        })?;
        if self.key != KEY {
            write!(f, ":{}", self.key)?;
        }
        write!(f, "@{}", self.via)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let called = self.0.iter().filter(|calls| !calls.is_empty());
        for (client, calls) in called.enumerate() {
            if client > 0 {
                f.write_str(" / ")?;
            }
            let words: Vec<String> = calls.iter().map(ToString::to_string).collect();
            f.write_str(&words.join(" "))?;
        }
        Ok(())
    }
}

impl FromStr for Program {
    type Err = NoProgram;

    fn from_str(text: &str) -> Result<Self, NoProgram> {
        let mut clients = Vec::new();
        for part in text.split('/') {
            let mut calls: Vec<Call> = Vec::new();
            for word in part.split_whitespace() {
                let call = call(word).ok_or_else(|| NoProgram::Word(word.into()))?;
                let read = |before: &Call| before.verb == Verb::Get && before.key == call.key;
                let passes = matches!(call.verb, Verb::PutRead | Verb::DeleteRead);
                if passes && !calls.iter().any(read) {
                    return Err(NoProgram::Unread(word.into()));
                }
                calls.push(call);
            }
            if !calls.is_empty() {
                clients.push(calls);
            }
        }
        if clients.is_empty() {
            return Err(NoProgram::Empty);
        }
        Ok(Program(clients))
    }
}

fn call(word: &str) -> Option<Call> {
    let (what, via) = word.split_once('@')?;
    let (verb, key) = what.split_once(':').unwrap_or((what, KEY));
    let verb = match verb {
        "get" => Verb::Get,
        "put" => Verb::Put,
        "put+" => Verb::PutRead,
        "del+" => Verb::DeleteRead,
        _ => return None,
    };
    let via = via.parse().ok()?;
    let key = (!key.is_empty()).then(|| key.to_owned())?;
    Some(Call { verb, key, via })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_read_as_it_is_written() {
        for text in ["put@0", "put@0 get@1 / get@2 put+@2", "get:y@1 del+:y@0"] {
            let program: Program = text.parse().expect("it is a program");
            assert_eq!(program.to_string(), text);
        }
        for (text, wrong) in [
            ("", NoProgram::Empty),
            (" / ", NoProgram::Empty),
            ("put", NoProgram::Word("put".into())),
            ("put@", NoProgram::Word("put@".into())),
            ("put:@1", NoProgram::Word("put:@1".into())),
            ("cas@1", NoProgram::Word("cas@1".into())),
            ("get@1 / put+@1", NoProgram::Unread("put+@1".into())),
            ("get:y@1 put+@1", NoProgram::Unread("put+@1".into())),
        ] {
            assert_eq!(text.parse::<Program>(), Err(wrong));
        }
        let program: Program = "put@0 get@3".parse().expect("it is a program");
        assert_eq!(program.fits(3), Err(NoProgram::Node("get@3".into())));
        assert_eq!(program.fits(4), Ok(()));
    }

    #[test]
    fn programs_are_told_apart_by_more_than_names() {
        let all = programs(3, 2, 2, false);
        let said: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "put@0",
                "get@0 / put@0",
                "get@0 / put@1",
                "get@0 put@0",
                "get@0 put@1",
                "get@0 put+@0",
                "get@0 put+@1",
                "put@0 / put@0",
                "put@0 / put@1",
                "put@0 get@0",
                "put@0 get@1",
                "put@0 put@0",
                "put@0 put@1",
            ]
        );
        let distinct: BTreeSet<Program> = all.iter().map(Program::canonical).collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn contexts_are_those_of_the_last_get_of_the_key() {
        let program: Program = "get@0 get:y@0 get@1 put+@0 / put@2 get@2 del+@0"
            .parse()
            .expect("it is a program");
        let plan = program.plan(crate::load::shape(1));
        let contexts = plan.steps.iter().map(|step| match step.call {
            plan::Call::Put { context, .. } | plan::Call::Delete { context, .. } => context,
            _ => None,
        });
        let contexts: Vec<Option<u32>> = contexts.collect();
        assert_eq!(contexts, [None, None, None, Some(3), None, None, Some(6)]);
    }
}
