//! The outbox of one peer: a queue, and nobody sleeps while something waits.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use checker::model::Queues;
use checker::queue::{Queue, QueueAction, QueueCall, QueueRet};
use checker::register::Value;
use checker::{History, Outcome};
use loom::sync::{Mutex, Notify};
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};

use crate::log::{Log, touched};
use crate::program::{Broken, Kind, Program, value};
use crate::search::{caught, holds, linearizable};
use crate::shared::{Outbox, Pushed};

/// An outbox, or a planted variant of one.
pub(crate) trait Post: 'static {
    fn new(capacity: usize) -> Self;
    fn push(&self, message: i64) -> Pushed;
    fn pop(&self) -> Option<i64>;
    fn drain(&self) -> Vec<i64>;
}

impl Post for Outbox<i64> {
    fn new(capacity: usize) -> Self {
        Outbox::new(capacity)
    }

    fn push(&self, message: i64) -> Pushed {
        Outbox::push(self, message)
    }

    fn pop(&self) -> Option<i64> {
        Outbox::pop(self)
    }

    fn drain(&self) -> Vec<i64> {
        Outbox::drain(self)
    }
}

/// Planted: looks whether there is room, and whether the reader is to be woken, before it has the lock
/// for good.
struct LooksFirst {
    queue: Mutex<VecDeque<i64>>,
    capacity: usize,
}

impl LooksFirst {
    fn with<R>(&self, act: impl FnOnce(&mut VecDeque<i64>) -> R) -> R {
        let mut queue = self.queue.lock().expect("nobody panics");
        touched();
        act(&mut queue)
    }
}

impl Post for LooksFirst {
    fn new(capacity: usize) -> Self {
        LooksFirst {
            queue: Mutex::new(VecDeque::new()),
            capacity,
        }
    }

    fn push(&self, message: i64) -> Pushed {
        let waiting = self.with(|queue| queue.len());
        if waiting >= self.capacity {
            return Pushed::Dropped;
        }
        self.with(|queue| queue.push_back(message));
        if waiting == 0 {
            Pushed::First
        } else {
            Pushed::Queued
        }
    }

    fn pop(&self) -> Option<i64> {
        self.with(VecDeque::pop_front)
    }

    fn drain(&self) -> Vec<i64> {
        self.with(std::mem::take).into()
    }
}

/// Planted: reads what is in front under one lock and removes it under another.
struct TakesTwice(LooksFirst);

impl Post for TakesTwice {
    fn new(capacity: usize) -> Self {
        TakesTwice(LooksFirst::new(capacity))
    }

    fn push(&self, message: i64) -> Pushed {
        let capacity = self.0.capacity;
        self.0.with(|queue| {
            if queue.len() == capacity {
                return Pushed::Dropped;
            }
            queue.push_back(message);
            Pushed::Queued
        })
    }

    fn pop(&self) -> Option<i64> {
        let front = self.0.with(|queue| queue.front().copied());
        front.inspect(|_| {
            self.0.pop();
        })
    }

    fn drain(&self) -> Vec<i64> {
        self.0.drain()
    }
}

fn call(action: QueueAction) -> QueueCall {
    QueueCall { key: None, action }
}

fn answer(message: Option<i64>) -> QueueRet {
    message.map_or(QueueRet::Empty, |message| {
        QueueRet::Value(Value::Int(message))
    })
}

fn push<B: Post>(outbox: &B, log: &Log<Queue>, process: usize, message: i64) -> Pushed {
    let enqueue = QueueAction::Enqueue(Value::Int(message));
    let op = log.begin(process, call(enqueue));
    let pushed = outbox.push(message);
    let outcome = match pushed {
        Pushed::Dropped => Outcome::Fail,
        Pushed::First | Pushed::Queued => Outcome::Ok(QueueRet::Done),
    };
    log.end(op, outcome);
    pushed
}

fn pop<B: Post>(outbox: &B, log: &Log<Queue>, process: usize) -> Option<i64> {
    let op = log.begin(process, call(QueueAction::Dequeue));
    let message = outbox.pop();
    log.end(op, Outcome::Ok(answer(message)));
    message
}

/// In one step the queue gives all it has, until it has nothing. Says how much that was.
fn drain<B: Post>(outbox: &B, log: &Log<Queue>, process: usize) -> usize {
    let op = log.begin(process, call(QueueAction::Dequeue));
    let messages = outbox.drain();
    let mut messages_then_none = messages.iter().copied().map(Some).chain([None]);
    let first = messages_then_none.next().flatten();
    log.end(op, Outcome::Ok(answer(first)));
    // Nobody had a lock since, so these stand beside the first.
    for message in messages_then_none {
        log.at_once(process, call(QueueAction::Dequeue), answer(message));
    }
    messages.len()
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Push,
    Pop,
    Drain,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Op::Push => "push",
            Op::Pop => "pop",
            Op::Drain => "drain",
        })
    }
}

/// Clients push; a reader sleeps until it is woken, and stops when it has everything.
struct Woken<B>(PhantomData<B>);

impl<B: Post + Send + Sync> Kind for Woken<B> {
    type Op = Op;
    type Domain = Queue;
    const NAME: &'static str = "outbox, reader woken";
    const CLIENTS_MAX: usize = 2;
    const SMALL: bool = false;
    const SETTINGS: &'static [&'static str] = &["a reader that pops", "a reader that drains"];

    fn op() -> BoxedStrategy<Op> {
        Just(Op::Push).boxed()
    }

    fn run(program: &Arc<Program<Op>>, log: &Log<Queue>) {
        let total = program.len();
        let shared = Arc::new((B::new(total), Notify::new()));
        let reader = {
            let (shared, log) = (Arc::clone(&shared), log.clone());
            let (process, drains) = (program.clients.len(), program.setting == 1);
            loom::thread::spawn(move || {
                let (outbox, wakeup) = &*shared;
                let mut got = 0;
                loop {
                    if drains {
                        got += drain(outbox, &log, process);
                    } else {
                        while pop(outbox, &log, process).is_some() {
                            got += 1;
                        }
                    }
                    if got == total {
                        break;
                    }
                    wakeup.wait();
                }
            })
        };
        let log = log.clone();
        program.at_once(move |process, ops| {
            let (outbox, wakeup) = &*shared;
            for place in 0..ops.len() {
                if push(outbox, &log, process, value(process, place)) == Pushed::First {
                    wakeup.notify();
                }
            }
        });
        reader.join().expect("a panic ends the search");
    }

    fn judge(_program: &Program<Op>, history: &History<Queue>) -> Result<(), Broken> {
        linearizable(Queues, history)
    }
}

/// All push and take, and there is little room.
struct Narrow<B>(PhantomData<B>);

impl<B: Post + Send + Sync> Kind for Narrow<B> {
    type Op = Op;
    type Domain = Queue;
    const NAME: &'static str = "outbox, little room";
    const CLIENTS_MAX: usize = 3;
    const SMALL: bool = true;
    const SETTINGS: &'static [&'static str] = &["room for one message", "room for two messages"];

    fn op() -> BoxedStrategy<Op> {
        prop_oneof![4 => Just(Op::Push), 2 => Just(Op::Pop), 1 => Just(Op::Drain)].boxed()
    }

    fn run(program: &Arc<Program<Op>>, log: &Log<Queue>) {
        let capacity = program.setting + 1;
        let outbox = Arc::new(B::new(capacity));
        let (shared, book) = (Arc::clone(&outbox), log.clone());
        let drained = move |process| {
            let held = drain(&*shared, &book, process);
            if held > capacity {
                book.complain(format!(
                    "{held} messages were held where {capacity} have room"
                ));
            }
        };
        let (book, last) = (log.clone(), drained.clone());
        program.at_once(move |process, ops| {
            for (place, op) in ops.iter().enumerate() {
                match op {
                    Op::Push => {
                        let _ = push(&*outbox, &book, process, value(process, place));
                    }
                    Op::Pop => {
                        pop(&*outbox, &book, process);
                    }
                    Op::Drain => drained(process),
                }
            }
        });
        last(program.clients.len());
    }

    fn judge(program: &Program<Op>, history: &History<Queue>) -> Result<(), Broken> {
        refusals(program.setting + 1, history)?;
        linearizable(Queues, history)
    }
}

/// A message is dropped only where others may fill the room: as many as were put in, or may have been,
/// less what was certainly taken out.
fn refusals(capacity: usize, history: &History<Queue>) -> Result<(), Broken> {
    let refused = history.ops().iter();
    for refused in refused.filter(|op| op.outcome == Outcome::Fail) {
        let put = history
            .ops()
            .iter()
            .filter(|op| op.outcome == Outcome::Ok(QueueRet::Done) && !refused.precedes(op));
        let taken = history.ops().iter().filter(|op| {
            matches!(op.outcome, Outcome::Ok(QueueRet::Value(_))) && op.precedes(refused)
        });
        if put.count() < capacity + taken.count() {
            let sentence = "a message was dropped though there was room";
            return Err(Broken::by(refused.id, sentence));
        }
    }
    Ok(())
}

#[test]
fn an_outbox_is_a_queue_whose_reader_sleeps_only_while_it_is_empty() {
    holds::<Woken<Outbox<i64>>>(24);
}

#[test]
fn an_outbox_drops_what_has_no_room_and_nothing_else() {
    holds::<Narrow<Outbox<i64>>>(64);
}

#[test]
fn a_wake_up_that_is_lost_is_found() {
    let found = caught::<Woken<LooksFirst>>();
    assert!(found.contains("never woken"), "{found}");
    // The message that nobody fetches was put in, and the reader has seen nothing of it.
    assert!(found.contains("enqueue"), "{found}");
}

#[test]
fn room_that_is_looked_for_under_another_lock_is_found() {
    let found = caught::<Narrow<LooksFirst>>();
    assert!(
        found.contains("where 1 have room") || found.contains("where 2 have room"),
        "{found}"
    );
}

#[test]
fn a_message_that_is_taken_under_two_locks_is_found() {
    let found = caught::<Narrow<TakesTwice>>();
    assert!(found.contains("linearizable"), "{found}");
}
