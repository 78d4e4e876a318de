//! Many threads wait for their writes to be durable; one syncs for all of them.

use alloc::vec::Vec;

use crate::sync::{Condvar, Mutex, MutexGuard};

/// A queue of writes before a disk, which one thread takes in batches.
///
/// Writers [push](GroupCommit::push) and [wait](GroupCommit::wait). One thread, the syncer,
/// [takes](GroupCommit::take) all there is, writes and syncs it, and says that it is
/// [done](GroupCommit::done), or that the disk [failed](GroupCommit::fail). The order of the batches,
/// and inside of them, is the order of the pushes. What was pushed before the queue was closed is
/// taken before the syncer is told to end.
#[derive(Debug)]
pub struct GroupCommit<T> {
    state: Mutex<State<T>>,
    /// For the syncer: there is something to take, or nothing ever again.
    arrived: Condvar,
    /// For writers: more is durable, or nothing more will be.
    settled: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// Pushed and not taken.
    pending: Vec<T>,
    /// How many were pushed, taken, and are durable. Never more of the later than of the earlier.
    pushed: u64,
    taken: u64,
    durable: u64,
    closed: bool,
    failed: bool,
    /// Whether the syncer sleeps, and how many writers do: nobody else needs to be woken.
    idle: bool,
    waiting: usize,
}

impl<T> Default for GroupCommit<T> {
    fn default() -> Self {
        GroupCommit::new()
    }
}

impl<T> GroupCommit<T> {
    /// Nothing pushed yet.
    pub fn new() -> Self {
        GroupCommit {
            state: Mutex::new(State {
                pending: Vec::new(),
                pushed: 0,
                taken: 0,
                durable: 0,
                closed: false,
                failed: false,
                idle: false,
                waiting: 0,
            }),
            arrived: Condvar::new(),
            settled: Condvar::new(),
        }
    }

    /// Adds a write and returns its position: the first is 1.
    ///
    /// After [`close`](GroupCommit::close) or [`fail`](GroupCommit::fail) the write is dropped, and its
    /// position is one that never becomes durable.
    pub fn push(&self, item: T) -> u64 {
        let mut state = self.state();
        if state.closed || state.failed {
            return state.pushed + 1;
        }
        state.pending.push(item);
        state.pushed += 1;
        let position = state.pushed;
        self.wake_syncer(state);
        position
    }

    /// Blocks until all pushes up to this position are durable; whether they are.
    ///
    /// `false` says that nobody knows: the disk failed, or this was pushed too late.
    pub fn wait(&self, position: u64) -> bool {
        let mut state = self.state();
        loop {
            if state.durable >= position {
                return true;
            }
            if state.failed || (state.closed && position > state.pushed) {
                return false;
            }
            state.waiting += 1;
            state = self.settled.wait(state).expect(WHOLE);
        }
    }

    /// For the syncer: blocks until there are pushes, and takes them all, with the position of the last.
    ///
    /// `None` once the queue is closed and empty, or has failed.
    pub fn take(&self) -> Option<(Vec<T>, u64)> {
        let mut state = self.state();
        loop {
            if state.failed {
                return None;
            }
            if !state.pending.is_empty() {
                state.taken = state.pushed;
                return Some((core::mem::take(&mut state.pending), state.taken));
            }
            if state.closed {
                return None;
            }
            state.idle = true;
            state = self.arrived.wait(state).expect(WHOLE);
        }
    }

    /// For the syncer: all up to this position is on the disk, and synced.
    ///
    /// # Panics
    /// If that was never taken: a write would be acknowledged that is nowhere.
    pub fn done(&self, upto: u64) {
        let mut state = self.state();
        assert!(upto <= state.taken, "only what was taken can be durable");
        state.durable = state.durable.max(upto);
        self.wake_writers(state);
    }

    /// The disk failed: whoever waits for it, now or later, is told so. What is pending is dropped.
    pub fn fail(&self) {
        let mut state = self.state();
        state.failed = true;
        state.pending.clear();
        self.wake_all(state);
    }

    /// No more pushes: the syncer is told to end once it has taken those that were made.
    pub fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        self.wake_all(state);
    }

    fn wake_syncer(&self, mut state: MutexGuard<'_, State<T>>) {
        if core::mem::take(&mut state.idle) {
            drop(state);
            self.arrived.notify_one();
        }
    }

    fn wake_writers(&self, mut state: MutexGuard<'_, State<T>>) {
        if core::mem::take(&mut state.waiting) > 0 {
            drop(state);
            self.settled.notify_all();
        }
    }

    fn wake_all(&self, mut state: MutexGuard<'_, State<T>>) {
        let idle = core::mem::take(&mut state.idle);
        self.wake_writers(state);
        if idle {
            self.arrived.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect(WHOLE)
    }
}

const WHOLE: &str = "who acknowledges what is nowhere stops the others too";
