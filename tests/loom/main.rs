//! Every interleaving of the shared leaves, judged by our checker.
//!
//! The shipped source of the recorder is compiled a second time here, against loom's locks. Its clients
//! work on registers of which we know whether they are sound, so what it writes down must be found
//! sound or broken; and what planted variants of it write down must be found wrong.

mod domain {
    pub(crate) use checker::Domain;
}
mod history {
    pub(crate) use checker::{Entry, OpId, Outcome, Process, Time};
}
mod note {
    pub(crate) use checker::Note;
}
mod sync {
    pub(crate) use loom::sync::Mutex;
}
#[path = "../../checker/src/history/recorder.rs"]
mod recorder;

mod record;
mod register;

use std::collections::BTreeMap;

use checker::linear::Linearizable;
use checker::model::Registers;
use checker::register::{Action, Register, RegisterCall, RegisterRet, Value};
use checker::{Budget, Checker, Entry, History, Malformed, Note, Outcome, Process, Time, Verdict};
use loom::sync::Arc;

use record::{Clock, Late, Record, StampsFirst};
use recorder::Recorder;
use register::{Copying, Locked, Object, Peeking, cas, read, write};

/// What came of a program in all its interleavings.
struct Explored {
    executions: usize,
    /// The different recordings, and in how many executions each was made.
    recordings: BTreeMap<String, (Vec<Entry<Register>>, usize)>,
}

/// Runs the program in every interleaving that loom tells apart.
///
/// Loom ends a search that meets a limit as if it were complete, so none is set here and those of the
/// environment (`LOOM_MAX_*`) are taken back: a search that returns has seen everything. The limit of
/// branches is no such limit; loom panics at it.
fn explore(program: impl Fn() -> Vec<Entry<Register>> + Send + Sync + 'static) -> Explored {
    let mut builder = loom::model::Builder::new();
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.preemption_bound = None;
    builder.checkpoint_file = None;
    builder.checkpoint_interval = usize::MAX;
    let recorded = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let book = std::sync::Arc::clone(&recorded);
    builder.check(move || {
        let entries = program();
        book.lock().expect("a failed execution ends the search").push(entries);
    });
    // Judged out here, because loom's threads have small stacks.
    let recorded = std::mem::take(&mut *recorded.lock().expect("loom has ended its threads"));
    let executions = recorded.len();
    let mut recordings = BTreeMap::new();
    for entries in recorded {
        recordings.entry(format!("{entries:?}")).or_insert((entries, 0)).1 += 1;
    }
    Explored { executions, recordings }
}

impl Explored {
    /// What our checker says of each recording, or why it is none.
    fn judged(&self) -> Vec<Result<(History<Register>, Verdict), Malformed>> {
        let checker = Linearizable::new(Registers { initial: Value::Nil });
        let judge = |(entries, _): &(Vec<_>, _)| {
            let history = History::new(entries.clone())?;
            let verdict = checker.check(&history, Budget::default());
            Ok((history, verdict))
        };
        self.recordings.values().map(judge).collect()
    }

    /// How many executions there were, how many recordings, and how many of these are malformed,
    /// valid and invalid.
    fn counted(&self, name: &str) -> Count {
        let mut count = Count::default();
        for judged in self.judged() {
            match judged {
                Err(_) => count.malformed += 1,
                Ok((_, Verdict::Valid(_))) => count.valid += 1,
                Ok((_, Verdict::Invalid(_))) => count.invalid += 1,
                Ok((_, Verdict::Unknown(why))) => panic!("{name}: undecided: {why}"),
            }
        }
        println!("{name}: all {} executions, recordings: {count:?}", self.executions);
        assert!(self.executions > 1, "{name}: there was nothing to interleave");
        count
    }
}

/// Different recordings.
#[derive(Debug, Default)]
struct Count {
    malformed: usize,
    valid: usize,
    invalid: usize,
}

impl Count {
    fn only_valid(&self) -> bool {
        self.valid > 1 && self.malformed == 0 && self.invalid == 0
    }
}

/// One client for each list of calls, all at once on one object and one recorder. The last client runs
/// on the first thread.
fn clients<R: Record, O: Object>(calls: Vec<Vec<RegisterCall>>) -> Vec<Entry<Register>> {
    let shared = Arc::new((R::default(), O::default(), Clock::default()));
    let mut clients: Vec<_> = calls
        .into_iter()
        .enumerate()
        .map(|(process, calls)| {
            let shared = Arc::clone(&shared);
            move || {
                let (recorder, object, clock) = &*shared;
                for call in calls {
                    recorder.around(Process(process as u64), call, clock, |call| object.call(call));
                }
            }
        })
        .collect();
    let own = clients.pop();
    let threads: Vec<_> = clients.into_iter().map(loom::thread::spawn).collect();
    own.into_iter().for_each(|client| client());
    for thread in threads {
        thread.join().expect("clients do not panic");
    }
    shared.0.take()
}

#[test]
fn what_clients_of_a_sound_register_record_is_valid() {
    let one = || explore(|| clients::<Recorder<Register>, Locked>(vec![
        vec![write("x", 1), read("x")],
        vec![read("x"), write("x", 2)],
    ]));
    assert!(one().counted("two clients").only_valid());
}
