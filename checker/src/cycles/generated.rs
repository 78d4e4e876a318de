//! Small histories of transactions for tests: run by stores of several kinds, then bent here and there.

use std::collections::BTreeMap;

use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::luck::Luck;
use crate::register::Value;
use crate::txn::{Ask, Told, Txn, TxnCall, TxnRet};

type State = BTreeMap<Value, Vec<Value>>;

/// How the store that is asked keeps transactions apart.
#[derive(Clone, Copy, PartialEq)]
enum Store {
    Serial,
    /// One snapshot for all reads.
    Snapshot,
    /// What is committed at each read.
    Committed,
    /// What anyone wrote.
    Anything,
}

/// A transaction under way.
struct Draft {
    asks: Vec<Ask>,
    told: Vec<Told>,
    called: u64,
    returns: u64,
    sees: State,
    own: State,
    fate: u64,
}

fn random_part(luck: &mut Luck, lists: bool, next: &mut i64) -> Ask {
    let key = Value::Text(["x", "y", "z"][luck.below(3) as usize].into());
    if luck.below(2) == 0 {
        return Ask::Read(key);
    }
    *next += 1;
    if lists {
        Ask::Append(key, Value::Int(*next))
    } else {
        Ask::Write(key, Value::Int(*next))
    }
}

/// What a key holds for someone who wrote this himself.
fn held(state: &State, own: &State, key: &Value, lists: bool) -> Vec<Value> {
    let mine = own.get(key).cloned().unwrap_or_default();
    let mut held = state.get(key).cloned().unwrap_or_default();
    if lists {
        held.extend(mine);
        held
    } else if mine.is_empty() {
        held
    } else {
        mine
    }
}

fn told(held: Vec<Value>, lists: bool) -> Told {
    if lists {
        Told::List(held)
    } else {
        Told::Value(held.last().cloned().unwrap_or(Value::Nil))
    }
}

fn put(state: &mut State, key: &Value, values: &[Value], lists: bool) {
    let held = state.entry(key.clone()).or_default();
    if !lists {
        held.clear();
    }
    held.extend_from_slice(values);
}

/// A history of `count` transactions over lists or over registers. With `last`, one transaction reads
/// all keys in the end.
pub(super) fn transactions(luck: &mut Luck, count: usize, lists: bool, last: bool) -> History<Txn> {
    let store = [
        Store::Serial,
        Store::Snapshot,
        Store::Committed,
        Store::Anything,
    ];
    let store = store[luck.below(4) as usize];
    let mut next = 0;
    let unknown = luck.below(4);
    let mut drafts: Vec<Draft> = Vec::new();
    for _ in 0..count {
        let parts = 1 + luck.below(3);
        let asks = (0..parts)
            .map(|_| random_part(luck, lists, &mut next))
            .collect();
        drafts.push(Draft {
            asks,
            told: Vec::new(),
            called: 0,
            returns: 0,
            sees: State::new(),
            own: State::new(),
            // Failed, unknown with an effect, unknown without one, or committed.
            fate: match luck.below(16) {
                0 => 0,
                roll if roll <= unknown => 1 + luck.below(2),
                _ => 3,
            },
        });
    }
    let mut end = run(luck, &mut drafts, store, lists);
    if luck.below(6) == 0 {
        exchange(luck, &mut drafts, &mut end.1, next);
    }
    if luck.below(2) == 0 {
        bend(luck, &mut drafts);
    }
    if last {
        let keys = ["x", "y", "z"].map(|key| Value::Text(key.into()));
        let told = keys
            .iter()
            .map(|key| told(held(&end.1, &State::new(), key, lists), lists));
        drafts.push(Draft {
            told: told.collect(),
            asks: keys.into_iter().map(Ask::Read).collect(),
            called: end.0,
            returns: end.0 + 1,
            sees: State::new(),
            own: State::new(),
            fate: 3,
        });
    }
    record(luck, drafts)
}

/// Runs all parts in some order; returns when that ended, and what was there then.
fn run(luck: &mut Luck, drafts: &mut [Draft], store: Store, lists: bool) -> (u64, State) {
    let mut state = State::new();
    let mut now = 0;
    let mut open: Vec<usize> = (0..drafts.len()).collect();
    let mut current: Option<usize> = None;
    while !open.is_empty() {
        now += luck.below(3);
        let chosen = match current.filter(|_| store == Store::Serial || luck.below(3) == 0) {
            Some(chosen) => chosen,
            None => open[luck.below(open.len() as u64) as usize],
        };
        current = Some(chosen);
        let draft = &mut drafts[chosen];
        if draft.told.is_empty() {
            draft.called = now - luck.below(now.min(3) + 1);
            draft.sees.clone_from(&state);
        }
        let effect = draft.fate % 2 == 1 || draft.fate == 0 && luck.below(20) == 0;
        if let Some(ask) = draft.asks.get(draft.told.len()) {
            let seen = match (ask, store) {
                (Ask::Read(key), Store::Snapshot) => {
                    told(held(&draft.sees, &draft.own, key, lists), lists)
                }
                (Ask::Read(key), _) => told(held(&state, &draft.own, key, lists), lists),
                (Ask::Write(key, value) | Ask::Append(key, value), Store::Anything) => {
                    if effect {
                        put(&mut state, key, std::slice::from_ref(value), lists);
                    }
                    Told::Done
                }
                (Ask::Write(key, value) | Ask::Append(key, value), _) => {
                    put(&mut draft.own, key, std::slice::from_ref(value), lists);
                    Told::Done
                }
            };
            draft.told.push(seen);
            continue;
        }
        let clash = draft
            .own
            .keys()
            .any(|key| draft.sees.get(key) != state.get(key));
        if store == Store::Snapshot && clash && luck.below(8) > 0 {
            draft.fate = 0;
        } else if effect {
            for (key, values) in std::mem::take(&mut draft.own) {
                put(&mut state, &key, &values, lists);
            }
        }
        draft.returns = now + luck.below(3);
        open.retain(|&txn| txn != chosen);
        current = None;
    }
    (now + 3, state)
}

/// Two values as if the store had taken one for the other from the first: it kept what it was given in
/// another order.
fn exchange(luck: &mut Luck, drafts: &mut [Draft], end: &mut State, count: i64) {
    let one = 1 + luck.below(count.max(1).cast_unsigned()).cast_signed();
    let (one, other) = (Value::Int(one), Value::Int(one + 1));
    let swap = |value: &mut Value| {
        if *value == one {
            value.clone_from(&other);
        } else if *value == other {
            value.clone_from(&one);
        }
    };
    for told in drafts.iter_mut().flat_map(|draft| &mut draft.told) {
        match told {
            Told::List(list) => list.iter_mut().for_each(swap),
            Told::Value(value) => swap(value),
            Told::Done | Told::Unseen => {}
        }
    }
    end.values_mut().flatten().for_each(swap);
}

fn bend(luck: &mut Luck, drafts: &mut [Draft]) {
    for _ in 0..=luck.below(2) {
        let chosen = luck.below(drafts.len() as u64) as usize;
        let told = &mut drafts[chosen].told;
        let part = luck.below(told.len() as u64) as usize;
        match &mut told[part] {
            Told::List(list) => match luck.below(4) {
                0 | 1 => drop(list.pop()),
                2 => list.push(Value::Int(1 + luck.below(6).cast_signed())),
                _ => list.reverse(),
            },
            Told::Value(value) => *value = Value::Int(1 + luck.below(6).cast_signed()),
            Told::Done => continue,
            Told::Unseen => continue,
        }
        if luck.below(6) == 0 {
            told[part] = Told::Unseen;
        }
    }
}

/// Writes down calls and answers; a session takes what is called once it is free.
fn record(luck: &mut Luck, mut drafts: Vec<Draft>) -> History<Txn> {
    drafts.sort_by_key(|draft| draft.called);
    let mut free: Vec<(u64, u64)> = Vec::new();
    let mut entries: Vec<(u64, bool, Entry<Txn>)> = Vec::new();
    for (number, draft) in drafts.into_iter().enumerate() {
        let (op, at) = (OpId(number as u64), draft.called);
        let waiting = free.iter().position(|&(until, _)| until <= at);
        let process = match waiting.filter(|_| luck.below(3) > 0) {
            Some(place) => free.swap_remove(place).1,
            None => 100 + number as u64,
        };
        entries.push((
            at,
            true,
            Entry::Invoke {
                op,
                at: Time(at),
                process: Process(process),
                call: TxnCall(draft.asks),
            },
        ));
        let outcome = match draft.fate {
            0 => Outcome::Fail,
            3 => Outcome::Ok(TxnRet(draft.told)),
            _ => continue,
        };
        // A call and its return at one time would leave the session no order.
        let at = draft.returns.max(at + 1);
        free.push((at, process));
        let at = Time(at);
        entries.push((at.0, false, Entry::Return { op, at, outcome }));
    }
    entries.sort_by_key(|&(at, invokes, _)| (at, invokes));
    History::new(entries.into_iter().map(|(.., entry)| entry)).expect("well formed")
}
