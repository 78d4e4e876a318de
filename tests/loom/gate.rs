//! A gate: once someone has waited until it is empty, nobody is inside and nobody enters.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use checker::model::Model;
use checker::register::Value;
use checker::set::{Set, SetAction, SetCall, SetRet};
use checker::{History, Outcome};
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};

use crate::log::Log;
use crate::program::{Broken, Kind, Program, value};
use crate::search::{caught, holds, linearizable};
use crate::shared::{Gate, Pass};
use crate::sync::{Condvar, Mutex};

/// A gate, or a planted variant of one.
pub(crate) trait Door: Default + 'static {
    /// What someone inside holds.
    type Pass;
    fn enter(&self) -> Option<Self::Pass>;
    fn leave(&self, pass: Self::Pass);
    fn close(&self);
    fn wait_empty(&self);
    fn inside(&self) -> usize;
}

impl Door for Gate {
    type Pass = Pass;

    fn enter(&self) -> Option<Pass> {
        Gate::enter(self)
    }

    fn leave(&self, pass: Pass) {
        drop(pass);
    }

    fn close(&self) {
        Gate::close(self);
    }

    fn wait_empty(&self) {
        Gate::wait_empty(self);
        assert!(self.is_closed(), "a gate that was closed stays closed");
    }

    fn inside(&self) -> usize {
        Gate::inside(self)
    }
}

/// Planted: looks whether the gate is closed, and then counts; or who leaves wakes nobody.
#[derive(Default)]
struct Ajar<const SILENT: bool> {
    state: Mutex<(bool, usize)>,
    empty: Condvar,
}

impl<const SILENT: bool> Ajar<SILENT> {
    fn with<R>(&self, act: impl FnOnce(&mut (bool, usize)) -> R) -> R {
        act(&mut self.state.lock().expect("nobody panics"))
    }
}

impl<const SILENT: bool> Door for Ajar<SILENT> {
    type Pass = ();

    fn enter(&self) -> Option<()> {
        if SILENT {
            return self.with(|(closed, inside)| (!*closed).then(|| *inside += 1));
        }
        let closed = self.with(|(closed, _)| *closed);
        (!closed).then(|| self.with(|(_, inside)| *inside += 1))
    }

    fn leave(&self, (): ()) {
        self.with(|(_, inside)| *inside -= 1);
        if !SILENT {
            self.empty.notify_all();
        }
    }

    fn close(&self) {
        self.with(|(closed, _)| *closed = true);
        self.empty.notify_all();
    }

    fn wait_empty(&self) {
        let mut state = self.state.lock().expect("nobody panics");
        while !state.0 || state.1 > 0 {
            state = self.empty.wait(state).expect("nobody panics");
        }
    }

    fn inside(&self) -> usize {
        self.with(|(_, inside)| *inside)
    }
}

/// Who is inside, until someone saw that nobody is: then nobody enters any more.
struct Guarded;

/// Who is inside, and whether that is over.
type Yard = (BTreeSet<i64>, bool);

impl Model for Guarded {
    type Domain = Set;
    type State = Yard;

    fn initial(&self) -> Yard {
        Yard::default()
    }

    fn step(&self, state: &Yard, call: &SetCall, ret: Option<&SetRet>) -> Option<Yard> {
        let (mut inside, mut over) = state.clone();
        match &call.action {
            SetAction::Add(Value::Int(who)) => {
                if over {
                    // Without an answer it may have been refused.
                    return ret.is_none().then_some((inside, over));
                }
                inside.insert(*who);
            }
            SetAction::Remove(Value::Int(who)) => {
                inside.remove(who);
            }
            SetAction::Read => {
                if !inside.is_empty() {
                    return ret.is_none().then_some((inside, over));
                }
                over = true;
            }
            _ => return None,
        }
        Some((inside, over))
    }

    fn part<'a>(&self, _call: &'a SetCall) -> Cow<'a, str> {
        Cow::Borrowed("")
    }

    fn refutable(&self, call: &SetCall, _ret: &SetRet) -> bool {
        !matches!(call.action, SetAction::Remove(_))
    }
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// Enters and leaves.
    Pass,
    /// Closes the gate and waits until nobody is inside.
    Stop,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Op::Pass => "enter and leave",
            Op::Stop => "close and wait",
        })
    }
}

fn call(action: SetAction) -> SetCall {
    SetCall { key: None, action }
}

/// Clients enter and leave while others close the gate.
struct Passing<D>(PhantomData<D>);

impl<D: Door> Passing<D> {
    fn act(door: &D, log: &Log<Set>, process: usize, (place, op): (usize, Op)) {
        match op {
            Op::Pass => {
                let who = Value::Int(value(process, place));
                let op = log.begin(process, call(SetAction::Add(who.clone())));
                let Some(pass) = door.enter() else {
                    return log.end(op, Outcome::Fail);
                };
                log.end(op, Outcome::Ok(SetRet::Done));
                let op = log.begin(process, call(SetAction::Remove(who)));
                door.leave(pass);
                log.end(op, Outcome::Ok(SetRet::Done));
            }
            Op::Stop => {
                let op = log.begin(process, call(SetAction::Read));
                door.close();
                door.wait_empty();
                log.end(op, Outcome::Ok(SetRet::Values(Vec::new())));
                let inside = door.inside();
                if inside > 0 {
                    log.complain(format!("{inside} inside after the wait"));
                }
            }
        }
    }
}

impl<D: Door> Kind for Passing<D> {
    type Op = Op;
    type Domain = Set;
    const NAME: &'static str = "gate";
    const CLIENTS_MAX: usize = 3;
    const SMALL: bool = false;
    const SETTINGS: &'static [&'static str] =
        &["an open gate", "an open gate, and one more who only waits"];

    fn op() -> BoxedStrategy<Op> {
        prop_oneof![2 => Just(Op::Pass), 1 => Just(Op::Stop)].boxed()
    }

    fn run(program: &Arc<Program<Op>>, log: &Log<Set>) {
        let door = Arc::new(D::default());
        let last = program.clients.len();
        let waiter = (program.setting == 1).then(|| {
            let (door, log) = (Arc::clone(&door), log.clone());
            loom::thread::spawn(move || {
                let op = log.begin(last + 1, call(SetAction::Read));
                door.wait_empty();
                log.end(op, Outcome::Ok(SetRet::Values(Vec::new())));
            })
        });
        let (shared, book) = (Arc::clone(&door), log.clone());
        program.at_once(move |process, ops| {
            for (place, op) in ops.iter().enumerate() {
                Self::act(&shared, &book, process, (place, *op));
            }
        });
        Self::act(&door, log, last, (0, Op::Stop));
        if let Some(waiter) = waiter {
            waiter.join().expect("a panic ends the search");
        }
    }

    fn judge(_program: &Program<Op>, history: &History<Set>) -> Result<(), Broken> {
        let refused = history.ops().iter();
        for refused in refused.filter(|op| op.outcome == Outcome::Fail) {
            let mut stops = history.ops().iter();
            if !stops.any(|op| op.call.action == SetAction::Read && !refused.precedes(op)) {
                return Err(Broken::by(
                    refused.id,
                    "someone was refused at an open gate",
                ));
            }
        }
        linearizable(Guarded, history)
    }
}

#[test]
fn nobody_is_inside_a_gate_that_was_seen_empty_and_nobody_enters() {
    holds::<Passing<Gate>>(32);
}

#[test]
fn a_gate_that_looks_before_it_counts_is_found() {
    let found = caught::<Passing<Ajar<false>>>();
    assert!(
        found.contains("linearizable") || found.contains("inside after the wait"),
        "{found}"
    );
}

#[test]
fn a_gate_whose_last_guest_wakes_nobody_is_found() {
    let found = caught::<Passing<Ajar<true>>>();
    assert!(found.contains("never woken"), "{found}");
    assert!(found.contains("read ?") && found.contains("..."), "{found}");
}
