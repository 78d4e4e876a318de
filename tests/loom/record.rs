//! The shipped recorder and planted variants of it, behind one trait.

use checker::register::{Register, RegisterCall, RegisterRet};
use checker::{Entry, OpId, Outcome, Process, Time};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicU64, Ordering};

use crate::recorder::Recorder;

/// Instants that all threads agree on.
///
/// Relaxed, because a clock on the wall orders no memory.
#[derive(Default)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    /// The next instant; no two are equal.
    pub(crate) fn tick(&self) -> Time {
        Time(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Something that records calls.
pub(crate) trait Record: Default + Send + Sync + 'static {
    /// Makes a call and records it.
    fn around(
        &self,
        process: Process,
        call: RegisterCall,
        clock: &Clock,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    );

    /// Everything recorded so far.
    fn take(&self) -> Vec<Entry<Register>>;
}

/// As it should be: the invocation before the call, the return after it.
impl Record for Recorder<Register> {
    fn around(
        &self,
        process: Process,
        call: RegisterCall,
        clock: &Clock,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    ) {
        let op = self.invoke(process, call.clone(), || clock.tick());
        let ret = make(&call);
        self.finish(op, Outcome::Ok(ret), || clock.tick());
    }

    fn take(&self) -> Vec<Entry<Register>> {
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
        clock: &Clock,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    ) {
        let ret = make(&call);
        let op = self.0.invoke(process, call, || clock.tick());
        self.0.finish(op, Outcome::Ok(ret), || clock.tick());
    }

    fn take(&self) -> Vec<Entry<Register>> {
        self.0.take()
    }
}

/// Planted: a recorder that reads the clock before it has the lock.
#[derive(Default)]
pub(crate) struct StampsFirst {
    state: Mutex<(Vec<Entry<Register>>, u64)>,
}

impl Record for StampsFirst {
    fn around(
        &self,
        process: Process,
        call: RegisterCall,
        clock: &Clock,
        make: impl FnOnce(&RegisterCall) -> RegisterRet,
    ) {
        let at = clock.tick();
        let op = {
            let mut state = self.state.lock().expect("clients do not panic");
            let op = OpId(state.1);
            state.1 += 1;
            state.0.push(Entry::Invoke { op, at, process, call: call.clone() });
            op
        };
        let outcome = Outcome::Ok(make(&call));
        let at = clock.tick();
        let mut state = self.state.lock().expect("clients do not panic");
        state.0.push(Entry::Return { op, at, outcome });
    }

    fn take(&self) -> Vec<Entry<Register>> {
        std::mem::take(&mut self.state.lock().expect("clients do not panic").0)
    }
}
