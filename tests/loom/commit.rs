//! Group commit: who is told that a write is durable finds it on the disk, in the order of the pushes.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use checker::append::{Append, AppendAction, AppendCall, AppendRet};
use checker::model::Appends;
use checker::{History, OpId, Outcome};
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};

use crate::log::Log;
use crate::program::{Broken, Kind, Program};
use crate::search::{caught, holds, linearizable};
use crate::shared::GroupCommit;
use crate::sync::{Condvar, Mutex};

/// A group commit, or a planted variant of one.
pub(crate) trait Commit: Default + 'static {
    fn push(&self, item: char) -> u64;
    fn wait(&self, position: u64) -> bool;
    fn take(&self) -> Option<(Vec<char>, u64)>;
    fn done(&self, upto: u64);
    fn fail(&self);
    fn close(&self);
}

impl Commit for GroupCommit<char> {
    fn push(&self, item: char) -> u64 {
        GroupCommit::push(self, item)
    }

    fn wait(&self, position: u64) -> bool {
        GroupCommit::wait(self, position)
    }

    fn take(&self) -> Option<(Vec<char>, u64)> {
        GroupCommit::take(self)
    }

    fn done(&self, upto: u64) {
        GroupCommit::done(self, upto);
    }

    fn fail(&self) {
        GroupCommit::fail(self);
    }

    fn close(&self) {
        GroupCommit::close(self);
    }
}

/// Planted: says that a batch is durable when it is taken, before it is synced.
#[derive(Default)]
struct Hasty(GroupCommit<char>);

impl Commit for Hasty {
    fn push(&self, item: char) -> u64 {
        self.0.push(item)
    }

    fn wait(&self, position: u64) -> bool {
        self.0.wait(position)
    }

    fn take(&self) -> Option<(Vec<char>, u64)> {
        let taken = self.0.take();
        taken.inspect(|(_, upto)| self.0.done(*upto))
    }

    fn done(&self, _upto: u64) {}

    fn fail(&self) {
        self.0.fail();
    }

    fn close(&self) {
        self.0.close();
    }
}

/// Planted: who waits lets go of the lock between looking and sleeping.
#[derive(Default)]
struct Dozes {
    inner: GroupCommit<char>,
    durable: Mutex<(u64, bool)>,
    settled: Condvar,
}

impl Dozes {
    fn settle(&self, change: impl FnOnce(&mut (u64, bool))) {
        change(&mut self.durable.lock().expect("nobody panics"));
        self.settled.notify_all();
    }
}

impl Commit for Dozes {
    fn push(&self, item: char) -> u64 {
        self.inner.push(item)
    }

    fn wait(&self, position: u64) -> bool {
        loop {
            let (durable, over) = *self.durable.lock().expect("nobody panics");
            if durable >= position || over {
                return durable >= position;
            }
            let woken = self.durable.lock().expect("nobody panics");
            drop(self.settled.wait(woken).expect("nobody panics"));
        }
    }

    fn take(&self) -> Option<(Vec<char>, u64)> {
        let taken = self.inner.take();
        if taken.is_none() {
            self.settle(|durable| durable.1 = true);
        }
        taken
    }

    fn done(&self, upto: u64) {
        self.settle(|durable| durable.0 = upto);
    }

    fn fail(&self) {
        self.inner.fail();
    }

    fn close(&self) {
        self.inner.close();
    }
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// Pushes and waits.
    Write,
    /// Pushes twice, and waits for the second.
    Pair,
    /// Reads what is synced.
    Read,
    Close,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Op::Write => "write",
            Op::Pair => "write two",
            Op::Read => "read the disk",
            Op::Close => "close",
        })
    }
}

/// What the threads share: the queue before the disk, and the disk.
struct Bench<C> {
    queue: C,
    synced: Mutex<String>,
    /// Which write is to be at which position. For the end, so loom need not know of it.
    pushed: std::sync::Mutex<Vec<(u64, char)>>,
    log: Log<Append>,
}

/// The disk fails at the second batch.
const FAILING: usize = 1;

fn call(action: AppendAction) -> AppendCall {
    let key = "disk".into();
    AppendCall { key, action }
}

impl<C: Commit> Bench<C> {
    /// The syncer, until it is told to end.
    fn sync(&self, fails: bool) {
        let mut batches = 0;
        while let Some((batch, upto)) = self.queue.take() {
            batches += 1;
            if fails && batches == 2 {
                self.queue.fail();
                continue;
            }
            let mut synced = self.synced.lock().expect("nobody panics");
            synced.extend(batch);
            if synced.len() as u64 != upto {
                let complaint = format!("{synced:?} is synced where {upto} writes should be");
                self.log.complain(complaint);
            }
            drop(synced);
            self.queue.done(upto);
        }
    }

    fn push(&self, process: usize, item: char) -> (OpId, u64) {
        let append = call(AppendAction::Append(item.into()));
        let op = self.log.begin(process, append);
        let position = self.queue.push(item);
        let mut pushed = self.pushed.lock().expect("nobody panics");
        pushed.push((position, item));
        (op, position)
    }

    fn read(&self, process: usize) -> String {
        let op = self.log.begin(process, call(AppendAction::Get));
        let text = self.synced.lock().expect("nobody panics").clone();
        self.log
            .end(op, Outcome::Ok(AppendRet::Value(text.clone())));
        text
    }

    fn act(&self, process: usize, place: usize, op: Op) {
        let item =
            |nth: usize| char::from(b"abcdefghijklmnopqrstuvwxyz"[8 * process + 2 * place + nth]);
        match op {
            Op::Write => self.write(&[(process, item(0))]),
            // A process has one open call. So the second write is that of a process of its own.
            Op::Pair => self.write(&[(process, item(0)), (process + 10, item(1))]),
            Op::Read => drop(self.read(process)),
            Op::Close => self.queue.close(),
        }
    }

    /// Pushes these and waits for the last.
    fn write(&self, items: &[(usize, char)]) {
        let pushed = items.iter();
        let pushed: Vec<(OpId, u64)> = pushed
            .map(|(process, item)| self.push(*process, *item))
            .collect();
        if !pushed.is_sorted_by_key(|(_, position)| *position) {
            self.log
                .complain("a later push has an earlier position".into());
        }
        let all = pushed
            .last()
            .is_some_and(|(_, last)| self.queue.wait(*last));
        for (op, position) in pushed {
            // If the last came too late, the first may have come in time.
            let outcome = if all || self.queue.wait(position) {
                Outcome::Ok(AppendRet::Done)
            } else {
                Outcome::Unknown
            };
            self.log.end(op, outcome);
        }
    }
}

/// Clients write, read and close; one thread syncs.
struct Writes<C>(PhantomData<C>);

impl<C: Commit> Kind for Writes<C> {
    type Op = Op;
    type Domain = Append;
    const NAME: &'static str = "group commit";
    const CLIENTS_MAX: usize = 2;
    const SMALL: bool = false;
    const SETTINGS: &'static [&'static str] =
        &["a sound disk", "a disk that fails at the second batch"];

    fn op() -> BoxedStrategy<Op> {
        let ops = prop_oneof![
            4 => Just(Op::Write),
            1 => Just(Op::Pair),
            3 => Just(Op::Read),
            1 => Just(Op::Close),
        ];
        ops.boxed()
    }

    fn run(program: &Arc<Program<Op>>, log: &Log<Append>) {
        let bench = Arc::new(Bench {
            queue: C::default(),
            synced: Mutex::new(String::new()),
            pushed: std::sync::Mutex::new(Vec::new()),
            log: log.clone(),
        });
        let (syncs, fails) = (Arc::clone(&bench), program.setting == FAILING);
        let syncer = loom::thread::spawn(move || syncs.sync(fails));
        let shared = Arc::clone(&bench);
        program.at_once(move |process, ops| {
            for (place, op) in ops.iter().enumerate() {
                shared.act(process, place, *op);
            }
        });
        bench.queue.close();
        syncer.join().expect("a panic ends the search");
        let synced = bench.read(program.clients.len());
        let mut pushed = bench.pushed.lock().expect("nobody panics").clone();
        // Of pushes that came too late several have one position, which no durable one has.
        pushed.retain(|(position, _)| *position <= synced.len() as u64);
        pushed.sort_unstable();
        if !synced.chars().eq(pushed.iter().map(|(_, item)| *item)) {
            log.complain(format!("{synced:?} is not what was pushed: {pushed:?}"));
        }
    }

    fn judge(program: &Program<Op>, history: &History<Append>) -> Result<(), Broken> {
        linearizable(Appends, history)?;
        // Nobody knows of a write that was not told to be durable; unless the disk is sound. Then it was
        // pushed too late, and the disk never saw it.
        let last = history.ops().last().map(|op| &op.outcome);
        let Some(Outcome::Ok(AppendRet::Value(synced))) = last else {
            panic!("the last operation reads the disk");
        };
        for op in history.ops() {
            let AppendAction::Append(item) = &op.call.action else {
                continue;
            };
            let told = op.outcome != Outcome::Unknown;
            if program.setting != FAILING && told != synced.contains(item) {
                return Err(Broken::by(
                    op.id,
                    "a write of a sound disk is not what was said of it",
                ));
            }
        }
        Ok(())
    }
}

#[test]
fn what_a_group_commit_calls_durable_is_on_the_disk_in_the_order_of_pushes() {
    holds::<Writes<GroupCommit<char>>>(24);
}

#[test]
fn a_group_commit_that_is_done_before_the_sync_is_found() {
    let found = caught::<Writes<Hasty>>();
    assert!(found.contains("linearizable"), "{found}");
    assert!(
        found.contains("append disk") && found.contains("get disk -> \"\""),
        "{found}"
    );
}

#[test]
fn a_writer_that_misses_its_wake_up_is_found() {
    let found = caught::<Writes<Dozes>>();
    assert!(found.contains("never woken"), "{found}");
    assert!(found.contains('?') && found.contains("..."), "{found}");
}
