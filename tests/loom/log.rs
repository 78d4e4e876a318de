//! What happened in one execution, written down without a lock that loom would interleave.
//!
//! A call is stamped when it first holds a lock, and its return when it has released the last one.
//! Whatever a thread does outside of locks nobody sees, so it could have waited with its call until
//! then: the recording is one that could have been made, and of those the strictest. So it need not be
//! interleaved itself, and a search costs as little as the leaf alone.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard};

use checker::{Domain, Entry, OpId, Outcome, Process, Time};
use loom::thread::ThreadId;

/// The entries of the execution that runs, by whoever runs it.
#[derive(Debug)]
pub(crate) struct Log<D: Domain>(Arc<Mutex<Pages<D>>>);

#[derive(Debug)]
struct Pages<D: Domain> {
    recording: Recording<D>,
    ops: u64,
}

/// What one execution left behind.
#[derive(Clone, Debug)]
pub(crate) struct Recording<D: Domain> {
    pub(crate) entries: Vec<Entry<D>>,
    /// What was seen to be wrong at once.
    pub(crate) complaints: Vec<String>,
}

/// A call that holds no lock yet, and what stamps it.
type Late = (ThreadId, Box<dyn FnOnce()>);

thread_local! {
    /// Loom runs all its threads on the one that started it.
    static LATE: RefCell<Vec<Late>> = const { RefCell::new(Vec::new()) };
}

/// The thread that runs holds a lock.
pub(crate) fn touched() {
    if LATE.with_borrow(Vec::is_empty) {
        return;
    }
    let thread = loom::thread::current().id();
    let late = LATE.with_borrow_mut(|late| {
        let place = late.iter().position(|(other, _)| *other == thread)?;
        Some(late.remove(place))
    });
    if let Some((_, stamp)) = late {
        stamp();
    }
}

impl<D: Domain> Clone for Log<D> {
    fn clone(&self) -> Self {
        Log(Arc::clone(&self.0))
    }
}

impl<D: Domain> Default for Log<D> {
    fn default() -> Self {
        let recording = Recording {
            entries: Vec::new(),
            complaints: Vec::new(),
        };
        Log(Arc::new(Mutex::new(Pages { recording, ops: 0 })))
    }
}

impl<D: Domain<Call: 'static>> Log<D> {
    /// A client is about to make a call. Each thread ends one before it begins another, unless the
    /// first holds a lock already.
    pub(crate) fn begin(&self, process: usize, call: D::Call) -> OpId {
        let op = {
            let mut pages = self.pages();
            pages.ops += 1;
            OpId(pages.ops - 1)
        };
        let pages = Arc::clone(&self.0);
        let stamp = move || {
            let entries = &mut pages.lock().expect(WHOLE).recording.entries;
            let (at, process) = (Time(entries.len() as u64), Process(process as u64));
            entries.push(Entry::Invoke {
                op,
                at,
                process,
                call,
            });
        };
        let thread = loom::thread::current().id();
        LATE.with_borrow_mut(|late| late.push((thread, Box::new(stamp))));
        op
    }

    /// The call has this outcome.
    pub(crate) fn end(&self, op: OpId, outcome: Outcome<D::Ret>) {
        // It may have got through without a lock.
        touched();
        let entries = &mut self.pages().recording.entries;
        let at = Time(entries.len() as u64);
        entries.push(Entry::Return { op, at, outcome });
    }

    /// A call that took place just now, in a step with what was written down before.
    pub(crate) fn at_once(&self, process: usize, call: D::Call, ret: D::Ret) {
        let op = self.begin(process, call);
        self.end(op, Outcome::Ok(ret));
    }

    /// Something is wrong, whatever the history says.
    pub(crate) fn complain(&self, complaint: String) {
        self.pages().recording.complaints.push(complaint);
    }

    /// Forgets what an execution before this one left behind.
    pub(crate) fn clear(&self) {
        LATE.with_borrow_mut(Vec::clear);
        self.take();
    }

    /// Everything since the last time.
    pub(crate) fn take(&self) -> Recording<D> {
        let mut pages = self.pages();
        pages.ops = 0;
        Recording {
            entries: std::mem::take(&mut pages.recording.entries),
            complaints: std::mem::take(&mut pages.recording.complaints),
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages<D>> {
        self.0.lock().expect(WHOLE)
    }
}

const WHOLE: &str = "nobody panics while writing";
