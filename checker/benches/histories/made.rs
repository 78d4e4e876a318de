//! Histories made by rule: clients call an object that answers at once, some time after the call.

use checker::append::{Append, AppendAction, AppendCall, AppendRet};
use checker::register::{Action, Register, RegisterCall, RegisterRet, Value};
use checker::{Domain, Entry, History, OpId, Outcome, Process, Time};

/// A small generator of random numbers, equal for equal seeds.
struct Luck(u64);

impl Luck {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// What a history looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) ops: u64,
    pub(crate) clients: u64,
    /// How many of all operations have an unknown outcome, spread evenly; half of them took effect.
    pub(crate) crashed: u64,
    /// Of a hundred operations, how many are compare-and-set. Half of the rest are reads.
    pub(crate) cas: u64,
    /// How many values there are; 0 for a new one with each write.
    pub(crate) values: u64,
    /// Whether the last read sees a value that was replaced long ago.
    pub(crate) stale: bool,
}

struct Slot {
    called: u64,
    effect: u64,
    returned: u64,
    process: u64,
    crashed: bool,
    happens: bool,
}

/// When each operation is called, takes effect and returns. A client whose call crashed goes on under
/// another name.
fn slots(luck: &mut Luck, shape: Shape) -> Vec<Slot> {
    let mut free: Vec<(u64, u64)> = (0..shape.clients).map(|client| (client, client)).collect();
    let mut names = shape.clients;
    let every = shape.ops.checked_div(shape.crashed).unwrap_or(u64::MAX);
    let mut slots: Vec<Slot> = Vec::with_capacity(shape.ops as usize);
    for number in 0..shape.ops {
        let next = (0..free.len())
            .min_by_key(|&client| free[client])
            .unwrap_or(0);
        let (now, process) = free[next];
        let called = now + luck.below(20);
        let effect = called + luck.below(100);
        let returned = effect + luck.below(100);
        let crashed = every != u64::MAX && number % every == every / 2;
        free[next] = (returned + 1, process);
        if crashed {
            free[next].1 = names;
            names += 1;
        }
        slots.push(Slot {
            called,
            effect,
            returned,
            process,
            crashed,
            happens: !crashed || luck.below(2) == 0,
        });
    }
    slots
}

fn history<D: Domain>(
    slots: &[Slot],
    mut call: impl FnMut(usize) -> D::Call,
    mut answer: impl FnMut(usize, &D::Call) -> D::Ret,
) -> History<D> {
    let mut order: Vec<usize> = (0..slots.len()).collect();
    order.sort_by_key(|&op| slots[op].effect);
    let calls: Vec<D::Call> = (0..slots.len()).map(&mut call).collect();
    let mut answers: Vec<Option<D::Ret>> = vec![None; slots.len()];
    for op in order {
        if slots[op].happens {
            answers[op] = Some(answer(op, &calls[op]));
        }
    }
    let mut marks: Vec<(u64, bool, usize)> = Vec::with_capacity(slots.len() * 2);
    for (op, slot) in slots.iter().enumerate() {
        marks.push((slot.called, false, op));
        if !slot.crashed {
            marks.push((slot.returned, true, op));
        }
    }
    marks.sort_unstable();
    let mut calls: Vec<Option<D::Call>> = calls.into_iter().map(Some).collect();
    let mut names = vec![OpId(0); slots.len()];
    let mut named = 0;
    let entries = marks.into_iter().map(|(at, returns, op)| {
        let at = Time(at);
        if returns {
            let ret = answers[op].take().expect("what returned took effect");
            let (op, outcome) = (names[op], Outcome::Ok(ret));
            return Entry::Return { op, at, outcome };
        }
        names[op] = OpId(named);
        named += 1;
        Entry::Invoke {
            op: names[op],
            at,
            process: Process(slots[op].process),
            call: calls[op].take().expect("each operation is called once"),
        }
    });
    History::new(entries).expect("each client calls when the last call has ended")
}

/// What each call asks of a register; what a compare-and-set expects is chosen when it takes effect.
fn asked(luck: &mut Luck, shape: Shape, slots: &[Slot]) -> Vec<Action> {
    let mut fresh = 0;
    let mut value = |luck: &mut Luck| {
        fresh += 1;
        let number = if shape.values == 0 {
            fresh
        } else {
            luck.below(shape.values)
        };
        Value::Int(number.cast_signed())
    };
    let mut actions: Vec<Action> = Vec::with_capacity(slots.len());
    for slot in slots {
        let kind = luck.below(100);
        actions.push(if slot.crashed && shape.cas == 0 {
            Action::Write(value(luck))
        } else if kind < shape.cas || slot.crashed {
            Action::Cas(Value::Nil, value(luck))
        } else if kind.is_multiple_of(2) {
            Action::Read
        } else {
            Action::Write(value(luck))
        });
    }
    actions
}

/// One register that begins as nil.
pub(crate) fn registers(shape: Shape, seed: u64) -> History<Register> {
    let mut luck = Luck(seed);
    let slots = slots(&mut luck, shape);
    let actions = asked(&mut luck, shape, &slots);
    let mut held = Value::Nil;
    let mut recent = Value::Nil;
    let mut expected: Vec<Value> = vec![Value::Nil; slots.len()];
    let mut order: Vec<usize> = (0..slots.len()).collect();
    order.sort_by_key(|&op| slots[op].effect);
    for op in order {
        if let Action::Cas(..) = actions[op] {
            expected[op] = if luck.below(2) == 0 {
                held.clone()
            } else {
                recent.clone()
            };
        }
        let next = match &actions[op] {
            Action::Write(value) if slots[op].happens => value,
            Action::Cas(_, value) if slots[op].happens && expected[op] == held => value,
            _ => continue,
        };
        recent = std::mem::replace(&mut held, next.clone());
    }
    let (mut held, last) = (Value::Nil, slots.len() - 1);
    let mut first = None;
    history::<Register>(
        &slots,
        |op| RegisterCall {
            key: None,
            action: match &actions[op] {
                _ if shape.stale && op == last => Action::Read,
                Action::Cas(_, to) => Action::Cas(expected[op].clone(), to.clone()),
                other => other.clone(),
            },
        },
        |op, call: &RegisterCall| match &call.action {
            Action::Read if shape.stale && op == last => {
                RegisterRet::Value(first.clone().unwrap_or(Value::Nil))
            }
            Action::Read => {
                if held != Value::Nil && first.is_none() {
                    first = Some(held.clone());
                }
                RegisterRet::Value(held.clone())
            }
            Action::Write(value) => {
                held = value.clone();
                RegisterRet::Done
            }
            Action::Cas(from, to) if *from == held => {
                held = to.clone();
                RegisterRet::Done
            }
            Action::Cas(..) => RegisterRet::Mismatch,
        },
    )
}

/// Ten strings that grow by pieces, one in a hundred of which comes twice; now and then a put.
pub(crate) fn strings(shape: Shape, seed: u64) -> History<Append> {
    let mut luck = Luck(seed);
    let slots = slots(&mut luck, shape);
    let mut held: Vec<String> = vec![String::new(); 10];
    let mut pieces: Vec<u64> = vec![0; shape.clients as usize + slots.len()];
    let calls: Vec<AppendCall> = slots
        .iter()
        .map(|slot| {
            let key = luck.below(10).to_string();
            let client = slot.process;
            let piece = pieces[client as usize]
                - u64::from(luck.below(100) == 0).min(pieces[client as usize]);
            let piece = format!("x {client} {piece} y");
            let action = match luck.below(100) {
                0..50 => AppendAction::Append(piece),
                50..53 => AppendAction::Put(piece),
                _ => AppendAction::Get,
            };
            pieces[client as usize] += 1;
            AppendCall { key, action }
        })
        .collect();
    let last = slots.len() - 1;
    history::<Append>(
        &slots,
        |op| calls[op].clone(),
        |op, call: &AppendCall| {
            let held = &mut held[call.key.parse::<usize>().expect("keys are numbers")];
            match &call.action {
                AppendAction::Get if shape.stale && op + 100 > last => {
                    let half = held.find("yx").map_or(0, |end| end + 1);
                    return AppendRet::Value(held[..half].to_owned());
                }
                AppendAction::Get => return AppendRet::Value(held.clone()),
                AppendAction::Put(value) => held.clone_from(value),
                AppendAction::Append(value) => held.push_str(value),
            }
            AppendRet::Done
        },
    )
}
