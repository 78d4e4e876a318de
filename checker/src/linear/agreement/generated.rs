//! Small histories for tests: simulated, so that about half have an order, then bent here and there.

use std::collections::BTreeSet;

use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::luck::Luck;
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// An operation before it has an answer: when it is called, takes effect, and returns.
struct Draft<C> {
    called: u64,
    effect: u64,
    returns: u64,
    call: C,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Done,
    Fails,
    /// Of unknown outcome, with an effect.
    Late,
    /// Of unknown outcome, without one.
    Never,
}

/// How wide the times are spread: the smaller, the more operations overlap or share a time.
fn drafts<C>(
    luck: &mut Luck,
    count: u64,
    unknown: u64,
    mut call: impl FnMut(&mut Luck) -> C,
) -> Vec<Draft<C>> {
    let spread = 1 + luck.below(count * 5);
    let mut drafts: Vec<Draft<C>> = (0..count)
        .map(|_| {
            let called = luck.below(spread);
            let fate = match luck.below(20) {
                0 => Fate::Fails,
                roll if roll <= unknown => Fate::Late,
                roll if roll <= 2 * unknown => Fate::Never,
                _ => Fate::Done,
            };
            let length = 1 + luck.below(6);
            let end = match fate {
                Fate::Late => spread + 6,
                Fate::Done | Fate::Fails | Fate::Never => called + length,
            };
            Draft {
                called,
                effect: called + luck.below(end - called + 1),
                returns: called + length,
                call: call(luck),
                fate,
            }
        })
        .collect();
    drafts.sort_by_key(|draft| draft.called);
    drafts
}

/// Runs the drafts in the order of their effects, and writes down what was called and answered.
fn record<D: Domain>(
    luck: &mut Luck,
    drafts: Vec<Draft<D::Call>>,
    mut act: impl FnMut(OpId, &D::Call) -> D::Ret,
    mut bend: impl FnMut(&mut Luck, &D::Ret) -> D::Ret,
) -> History<D> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|&op| (drafts[op].effect, luck.below(8)));
    let mut answers: Vec<Option<D::Ret>> = vec![None; drafts.len()];
    for op in order {
        if matches!(drafts[op].fate, Fate::Done | Fate::Late) {
            answers[op] = Some(act(OpId(op as u64), &drafts[op].call));
        }
    }
    // Some answers bend into themselves, so several are tried.
    for _ in 0..luck.below(6) {
        let bent = luck.below(drafts.len() as u64) as usize;
        answers[bent] = answers[bent].as_ref().map(|ret| bend(luck, ret));
    }
    let mut entries: Vec<(Time, u64, Entry<_>)> = Vec::new();
    for (number, draft) in drafts.into_iter().enumerate() {
        let op = OpId(number as u64);
        let outcome = match (draft.fate, answers[number].take()) {
            (Fate::Done, Some(ret)) => Some(Outcome::Ok(ret)),
            (Fate::Fails, _) => Some(Outcome::Fail),
            _ if luck.one_in(2) => Some(Outcome::Unknown),
            _ => None,
        };
        let (called, returned) = (Time(draft.called), Time(draft.returns));
        entries.push((
            called,
            luck.below(100),
            Entry::Invoke {
                op,
                at: called,
                process: Process(number as u64),
                call: draft.call,
            },
        ));
        if let Some(outcome) = outcome {
            let at = returned;
            entries.push((at, luck.below(100), Entry::Return { op, at, outcome }));
        }
    }
    entries.sort_by_key(|(at, shuffled, _)| (*at, *shuffled));
    let entries = entries.into_iter().map(|(.., entry)| entry);
    History::new(entries).expect("each process calls once, and returns later")
}

/// How often values repeat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Spread {
    /// There are few, so most do.
    Few,
    /// Each write has its own, but for one in six.
    Nearly,
    /// Each write has its own.
    Unique,
}

impl Spread {
    /// A number to write, out of few or one that was never written before.
    fn write(self, luck: &mut Luck, few: u64, next: &mut u64) -> u64 {
        if self == Spread::Few || (self == Spread::Nearly && luck.one_in(6)) {
            return luck.below(few);
        }
        *next += 1;
        *next - 1
    }

    /// A number that was perhaps written.
    fn seen(self, luck: &mut Luck, few: u64, next: u64) -> u64 {
        luck.below(if self == Spread::Few { few } else { next + 1 })
    }
}

/// A history of one or two registers, which begin as nil. `unknown` in twenty are unknown with an
/// effect, as many without one.
pub(crate) fn register(
    luck: &mut Luck,
    count: u64,
    unknown: u64,
    spread: Spread,
) -> History<Register> {
    let values = 1 + luck.below(3);
    let next = std::cell::Cell::new(0);
    let write = |luck: &mut Luck| {
        let mut number = next.get();
        let value = spread.write(luck, values, &mut number);
        next.set(number);
        Value::Int(value.cast_signed())
    };
    let value = |luck: &mut Luck| {
        if luck.one_in(8) {
            return Value::Nil;
        }
        Value::Int(spread.seen(luck, values, next.get()).cast_signed())
    };
    let two = luck.one_in(4);
    let drafts = drafts(luck, count, unknown, |luck| {
        let action = match luck.below(5) {
            0 | 1 => Action::Write(write(luck)),
            2 => Action::Cas(value(luck), write(luck)),
            _ => Action::Read,
        };
        let key = (two && luck.one_in(2)).then(|| "y".to_owned());
        RegisterCall { key, action }
    });
    let mut held = [Value::Nil, Value::Nil];
    let act = |_, call: &RegisterCall| {
        let held = &mut held[usize::from(call.key.is_some())];
        match &call.action {
            Action::Read => RegisterRet::Value(held.clone()),
            Action::Write(value) => {
                *held = value.clone();
                RegisterRet::Done
            }
            Action::Cas(from, to) if from == held => {
                *held = to.clone();
                RegisterRet::Done
            }
            Action::Cas(..) => RegisterRet::Mismatch,
        }
    };
    record(luck, drafts, act, |luck, ret| match ret {
        RegisterRet::Value(_) if luck.one_in(6) => RegisterRet::Unseen,
        RegisterRet::Value(_) if luck.one_in(6) => RegisterRet::Value(Value::Nil),
        RegisterRet::Value(_) => RegisterRet::Value(value(luck)),
        RegisterRet::Done => RegisterRet::Mismatch,
        RegisterRet::Mismatch | RegisterRet::Unseen => RegisterRet::Done,
    })
}

/// A history of one string. Where values repeat, strings can be put together in several ways.
pub(crate) fn append(luck: &mut Luck, count: u64, unknown: u64, spread: Spread) -> History<Append> {
    let mut next = 0;
    let mut value = |luck: &mut Luck| match spread {
        Spread::Few => ["a", "b", "aa", ""][luck.below(4) as usize].to_owned(),
        Spread::Nearly | Spread::Unique => {
            let number = spread.write(luck, 4, &mut next);
            char::from(b'c' + number as u8).to_string()
        }
    };
    let drafts = drafts(luck, count, unknown, |luck| {
        let action = match luck.below(5) {
            0 => AppendAction::Put(value(luck)),
            1 | 2 => AppendAction::Append(value(luck)),
            _ => AppendAction::Get,
        };
        let key = "x".to_owned();
        AppendCall { key, action }
    });
    let mut held = String::new();
    let act = |_, call: &AppendCall| {
        match &call.action {
            AppendAction::Get => return AppendRet::Value(held.clone()),
            AppendAction::Put(value) => held.clone_from(value),
            AppendAction::Append(value) => held.push_str(value),
        }
        AppendRet::Done
    };
    record(luck, drafts, act, |luck, ret| match ret {
        AppendRet::Value(_) if luck.one_in(6) => AppendRet::Unseen,
        AppendRet::Value(seen) if luck.one_in(2) => AppendRet::Value(format!("{seen}a")),
        AppendRet::Value(seen) => AppendRet::Value(seen.chars().skip(1).collect()),
        AppendRet::Done | AppendRet::Unseen => AppendRet::Done,
    })
}

/// A history of one key with siblings. Contexts are those of operations called earlier.
pub(crate) fn siblings(luck: &mut Luck, count: u64, unknown: u64) -> History<Kv> {
    let mut drafts = drafts(luck, count, unknown, |luck| luck.below(6));
    let mut puts = 0;
    let mut calls: Vec<KvCall> = Vec::new();
    for place in 0..drafts.len() {
        let key = "x".to_owned();
        let earlier: Vec<OpId> = (0..place)
            .filter(|&op| {
                let (seen, this) = (&drafts[op], &drafts[place]);
                let get = matches!(calls[op], KvCall::Get { .. });
                seen.called < this.called
                    && match seen.fate {
                        Fate::Done => !get || seen.effect < this.effect,
                        Fate::Late | Fate::Never => !get,
                        Fate::Fails => false,
                    }
            })
            .map(|op| OpId(op as u64))
            .collect();
        let mut context = Vec::new();
        while !earlier.is_empty() && luck.one_in(2) && context.len() < 2 {
            context.push(earlier[luck.below(earlier.len() as u64) as usize]);
        }
        calls.push(match drafts[place].call {
            0 | 1 => {
                puts += 1;
                let value = format!("v{puts}");
                KvCall::Put {
                    key,
                    value,
                    context,
                }
            }
            2 => KvCall::Delete { key, context },
            _ => KvCall::Get { key },
        });
    }
    let drafts = drafts
        .drain(..)
        .zip(calls)
        .map(|(draft, call)| Draft {
            called: draft.called,
            effect: draft.effect,
            returns: draft.returns,
            fate: draft.fate,
            call,
        })
        .collect();
    let mut store = Store::default();
    let act = |op, call: &KvCall| store.act(op, call);
    record(luck, drafts, act, |luck, ret| match ret {
        KvRet::Values(values) if !values.is_empty() && luck.one_in(2) => {
            KvRet::Values(values[1..].to_vec())
        }
        KvRet::Values(values) => {
            let mut more = values.clone();
            more.push(format!("v{}", 1 + luck.below(4)));
            KvRet::Values(more)
        }
        KvRet::Stored => KvRet::Stored,
    })
}

/// What a store with exact clocks would do: each version keeps the names of all it has seen.
#[derive(Default)]
struct Store {
    versions: Vec<(OpId, Option<String>)>,
    seen_by: Vec<(OpId, BTreeSet<OpId>)>,
}

impl Store {
    fn act(&mut self, op: OpId, call: &KvCall) -> KvRet {
        let mut seen = BTreeSet::new();
        for context in call.context() {
            for (known, past) in &self.seen_by {
                if known == context {
                    seen.extend(past.iter().copied());
                }
            }
        }
        let value = match call {
            KvCall::Get { .. } => {
                for (version, _) in self.live() {
                    let (_, past) = &self.seen_by[self.place(version)];
                    seen.extend(past.iter().copied());
                }
                let values = self.live().into_iter().filter_map(|(_, value)| value);
                let values = values.collect();
                self.seen_by.push((op, seen));
                return KvRet::Values(values);
            }
            KvCall::Put { value, .. } => Some(value.clone()),
            KvCall::Delete { .. } => None,
        };
        seen.insert(op);
        self.seen_by.push((op, seen));
        self.versions.push((op, value));
        KvRet::Stored
    }

    fn place(&self, op: OpId) -> usize {
        let found = self.seen_by.iter().position(|(known, _)| *known == op);
        found.expect("what is live was written")
    }

    fn live(&self) -> Vec<(OpId, Option<String>)> {
        let covered = |version: OpId| {
            let newer = |(other, past): &(OpId, BTreeSet<OpId>)| {
                *other != version
                    && past.contains(&version)
                    && self.versions.iter().any(|(write, _)| write == other)
            };
            self.seen_by.iter().any(newer)
        };
        let live = self.versions.iter().filter(|(op, _)| !covered(*op));
        live.cloned().collect()
    }
}
