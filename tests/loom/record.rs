//! The shipped recorder and planted variants of it, behind one trait.

use checker::register::{Register, RegisterCall, RegisterRet};
use checker::{Entry, OpId, Outcome, Process, Time};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, Ordering};

use crate::Entries;
use crate::recorder::Recorder;

/// What stamps entries.
pub(crate) trait Clock: Default + Send + Sync + 'static {
    /// The time as this process reads it.
    fn tick(&self, process: Process) -> Time;
}

/// A clock that all agree on, no two of whose instants are equal.
///
/// Relaxed, because a clock on the wall orders no memory.
#[derive(Default)]
pub(crate) struct Seen(AtomicU64);

impl Clock for Seen {
    fn tick(&self, _process: Process) -> Time {
        Time(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// The same, but loom does not try other orders of reading it.
#[derive(Default)]
pub(crate) struct Unseen(std::sync::atomic::AtomicU64);

impl Clock for Unseen {
    fn tick(&self, _process: Process) -> Time {
        Time(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Clocks of which that of the first process is ahead of the others.
#[derive(Default)]
pub(crate) struct Apart(Seen);

impl Clock for Apart {
    fn tick(&self, process: Process) -> Time {
        let Time(now) = self.0.tick(process);
        Time(if process == Process(0) { now + 3 } else { now })
    }
}

/// Something that records calls.
pub(crate) trait Record: Default + Send + Sync + 'static {
    /// Makes a call and records it.
    fn around(
        &self,
        process: Process,
        call: RegisterCall,
        stamp: impl Fn() -> Time,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    );

    /// Everything recorded so far.
    fn take(&self) -> Entries;
}

/// As it should be: the invocation before the call, the return after it.
impl Record for Recorder<Register> {
    fn around(
        &self,
        process: Process,
        call: RegisterCall,
        stamp: impl Fn() -> Time,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    ) {
        let op = self.invoke(process, call.clone(), &stamp);
        let ret = make(&call);
        self.finish(op, Outcome::Ok(ret), &stamp);
    }

    fn take(&self) -> Entries {
        Recorder::take(self)
    }
}

/// Planted: the shipped recorder in the hands of a client that records an invocation too late.
#[derive(Default)]
pub(crate) struct Late(Recorder<Register>);

impl Record for Late {
    fn around(
        &self,
        process: Process,
        call: RegisterCall,
        stamp: impl Fn() -> Time,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    ) {
        let ret = make(&call);
        let op = self.0.invoke(process, call, &stamp);
        self.0.finish(op, Outcome::Ok(ret), &stamp);
    }

    fn take(&self) -> Entries {
        self.0.take()
    }
}

/// Planted: a recorder that reads the clock before it has the lock.
#[derive(Default)]
pub(crate) struct StampsFirst {
    state: Mutex<(Entries, u64)>,
}

impl Record for StampsFirst {
    fn around(
        &self,
        process: Process,
        call: RegisterCall,
        stamp: impl Fn() -> Time,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    ) {
        let at = stamp();
        let op = {
            let mut state = self.state.lock().expect("clients do not panic");
            let op = OpId(state.1);
            state.1 += 1;
            state.0.push(Entry::Invoke {
                op,
                at,
                process,
                call: call.clone(),
            });
            op
        };
        let outcome = Outcome::Ok(make(&call));
        let at = stamp();
        let mut state = self.state.lock().expect("clients do not panic");
        state.0.push(Entry::Return { op, at, outcome });
    }

    fn take(&self) -> Entries {
        std::mem::take(&mut self.state.lock().expect("clients do not panic").0)
    }
}
