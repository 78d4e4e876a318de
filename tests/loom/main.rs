//! Every interleaving of the shared leaves, judged by our checker.
//!
//! The shipped source of the recorder is compiled a second time here, against loom's locks. Its clients
//! work on registers of which we know whether they are sound, so what it writes down must be found
//! sound or broken; and what planted variants of it write down must be found wrong.
//!
//! So is what the threads of a server share. Small programs are generated, each is run in every
//! interleaving, and each history is held against what the leaf is, one call at a time. Each leaf has
//! planted variants, whose smallest counterexamples are printed (`--nocapture`). `PROPTEST_CASES` says
//! how many programs, `PROPTEST_RNG_SEED` which; `DYNO_LOOM_MAX` how many executions of each, or `all`.

extern crate alloc;

mod domain {
    pub(crate) use checker::Domain;
}
mod history {
    pub(crate) use checker::{Entry, OpId, Outcome, Process, Time};
}
mod note {
    pub(crate) use checker::Note;
}
#[expect(unreachable_pub, reason = "it is written for another crate")]
#[path = "../../checker/src/history/recorder.rs"]
mod recorder;
#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "it is written for another crate"
)]
#[path = "../../dynamo-core/src/shared/mod.rs"]
mod shared;

mod commit;
mod gate;
mod log;
mod outbox;
mod program;
mod published;
mod record;
mod register;
mod search;
mod stores;
mod sync;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use checker::linear::Linearizable;
use checker::model::Registers;
use checker::register::{Register, RegisterCall, Value};
use checker::{Budget, Checker, Entry, History, Note, Process, Verdict};

use record::{Apart, Clock, Late, Record, Seen, StampsFirst, Unseen};
use recorder::Recorder;
use register::{Copying, Locked, Object, Peeking, cas, read, write};

/// Entries in the order in which they were recorded.
type Entries = Vec<Entry<Register>>;

/// What came of a program in all its interleavings.
struct Explored {
    executions: usize,
    /// The different recordings, by their text.
    recordings: BTreeMap<String, Entries>,
}

/// Runs the program in every interleaving that loom tells apart.
///
/// Loom ends a search that meets a limit as if it were complete. So none is set here, and those of the
/// environment (`LOOM_MAX_*`) are taken back: a search that returns has seen everything. At its limits
/// of threads and branches loom panics instead.
fn explore(program: impl Fn() -> Entries + Send + Sync + 'static) -> Explored {
    let mut search = loom::model::Builder::new();
    search.max_permutations = None;
    search.max_duration = None;
    search.preemption_bound = None;
    search.checkpoint_file = None;
    search.checkpoint_interval = usize::MAX;
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&recorded);
    search.check(move || {
        let entries = program();
        book.lock()
            .expect("a failed execution ends the search")
            .push(entries);
    });
    // Compared and judged out here, because loom's threads have small stacks.
    let recorded = std::mem::take(&mut *recorded.lock().expect("loom has ended its threads"));
    let executions = recorded.len();
    assert!(executions > 1, "there was nothing to interleave");
    let recordings = recorded
        .into_iter()
        .map(|entries| (format!("{entries:?}"), entries))
        .collect();
    Explored {
        executions,
        recordings,
    }
}

/// How many different recordings our checker found to be what.
#[derive(Debug, Default, PartialEq, Eq)]
struct Judged {
    malformed: usize,
    valid: usize,
    invalid: usize,
}

impl Explored {
    fn judged(&self) -> Judged {
        let checker = Linearizable::new(Registers {
            initial: Value::Nil,
        });
        let mut judged = Judged::default();
        for entries in self.recordings.values() {
            let Ok(history) = History::new(entries.clone()) else {
                judged.malformed += 1;
                continue;
            };
            match checker.check(&history, Budget::default()) {
                Verdict::Valid(_) => judged.valid += 1,
                Verdict::Invalid(_) => judged.invalid += 1,
                Verdict::Unknown(why) => panic!("not decided: {why}"),
            }
        }
        println!("all {} executions: {judged:?}", self.executions);
        judged
    }
}

/// One client for each list of calls, all at once on one object, one recorder and one clock.
///
/// The last client runs on the first thread. What they share is counted by a plain `Arc`, because
/// nothing depends on the order in which they let go of it.
fn clients<R: Record, O: Object, C: Clock>(calls: Vec<Vec<RegisterCall>>) -> Entries {
    let shared = Arc::new((R::default(), O::default(), C::default()));
    let mut clients: Vec<_> = (0..)
        .map(Process)
        .zip(calls)
        .map(|(process, calls)| {
            let shared = Arc::clone(&shared);
            move || {
                let (recorder, object, clock) = &*shared;
                for call in calls {
                    let stamp = || clock.tick(process);
                    recorder.around(process, call, stamp, |call| object.call(call));
                }
            }
        })
        .collect();
    let last = clients.pop().expect("there are clients");
    let threads: Vec<_> = clients.into_iter().map(loom::thread::spawn).collect();
    last();
    for thread in threads {
        thread.join().expect("clients do not panic");
    }
    shared.0.take()
}

/// A write beside a read.
fn write_and_read() -> Vec<Vec<RegisterCall>> {
    vec![vec![write("x", 1)], vec![read("x")]]
}

/// Each client's own write beside the other's read.
fn writes_and_reads() -> Vec<Vec<RegisterCall>> {
    vec![
        vec![write("x", 1), read("x")],
        vec![read("x"), write("x", 2)],
    ]
}

type Shipped = Recorder<Register>;

/// The four entries of two calls have six orders. In two of them one call precedes the other, which
/// leaves the read one answer; in four they overlap, which leaves it two.
#[test]
fn every_possible_recording_of_a_write_and_a_read_is_made() {
    let explored = explore(|| clients::<Shipped, Locked, Seen>(write_and_read()));
    assert_eq!(
        explored.judged(),
        Judged {
            valid: 2 + 4 * 2,
            ..Judged::default()
        }
    );
}

#[test]
fn what_clients_of_a_sound_register_record_is_valid() {
    let explored = explore(|| clients::<Shipped, Locked, Seen>(writes_and_reads()));
    let valid = explored.recordings.len();
    assert_eq!(
        explored.judged(),
        Judged {
            valid,
            ..Judged::default()
        }
    );
}

/// The shipped recorder reads the clock under its lock, so the order in which the clock is read adds
/// nothing. That makes three clients affordable.
#[test]
fn what_three_clients_of_a_sound_register_record_is_valid() {
    let seen = explore(|| clients::<Shipped, Locked, Seen>(writes_and_reads()));
    let unseen = explore(|| clients::<Shipped, Locked, Unseen>(writes_and_reads()));
    assert!(unseen.executions < seen.executions);
    assert_eq!(unseen.recordings, seen.recordings);

    let program = || vec![vec![write("x", 1)], vec![cas("x", 2)], vec![read("x")]];
    let explored = explore(move || clients::<Shipped, Locked, Unseen>(program()));
    let valid = explored.recordings.len();
    assert_eq!(
        explored.judged(),
        Judged {
            valid,
            ..Judged::default()
        }
    );
}

#[test]
fn clocks_that_disagree_widen_calls_and_blame_nobody() {
    let explored = explore(|| clients::<Shipped, Locked, Apart>(writes_and_reads()));
    let valid = explored.recordings.len();
    assert_eq!(
        explored.judged(),
        Judged {
            valid,
            ..Judged::default()
        }
    );
}

#[test]
fn entries_taken_amid_calls_continue_in_the_next_take() {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&taken);
    let explored = explore(move || {
        let shared = Arc::new((Shipped::default(), Locked::default(), Seen::default()));
        let other = Arc::clone(&shared);
        let thread = loom::thread::spawn(move || {
            let (recorder, object, clock) = &*other;
            let stamp = || clock.tick(Process(0));
            recorder.around(Process(0), read("x"), stamp, |call| object.call(call));
        });
        let (recorder, _, clock) = &*shared;
        recorder.note(Note::Healed, || clock.tick(Process(1)));
        let mut entries = recorder.take();
        book.lock()
            .expect("a failed execution ends the search")
            .push(entries.len());
        thread.join().expect("clients do not panic");
        entries.extend(recorder.take());
        entries
    });
    assert!(
        explored
            .recordings
            .values()
            .all(|entries| entries.len() == 3)
    );
    assert_eq!(
        explored.judged(),
        Judged {
            valid: 3,
            ..Judged::default()
        }
    );
    let taken = taken.lock().expect("loom has ended its threads");
    assert!(
        (1..=3).all(|amid| taken.contains(&amid)),
        "taken at every moment"
    );
}

#[test]
fn two_compare_and_sets_that_both_succeed_are_found() {
    let program = || vec![vec![cas("x", 1)], vec![cas("x", 2)]];
    let peeking = explore(move || clients::<Shipped, Peeking, Seen>(program())).judged();
    assert!(peeking.invalid > 0 && peeking.valid > 0 && peeking.malformed == 0);
    let locked = explore(move || clients::<Shipped, Locked, Seen>(program())).judged();
    assert!(locked.invalid == 0 && locked.valid > 0 && locked.malformed == 0);
}

#[test]
fn a_write_through_a_stale_copy_is_found() {
    let program = || vec![vec![write("x", 1)], vec![write("y", 2), read("x")]];
    let copying = explore(move || clients::<Shipped, Copying, Seen>(program())).judged();
    assert!(copying.invalid > 0 && copying.valid > 0 && copying.malformed == 0);
    let locked = explore(move || clients::<Shipped, Locked, Seen>(program())).judged();
    assert!(locked.invalid == 0 && locked.valid > 0 && locked.malformed == 0);
}

#[test]
fn a_recorder_that_reads_the_clock_outside_of_its_lock_is_found_wrong() {
    let judged = explore(|| clients::<StampsFirst, Locked, Seen>(write_and_read())).judged();
    assert!(judged.malformed > 0 && judged.valid > 0);
}

#[test]
fn a_client_that_records_its_call_late_blames_a_sound_register() {
    let judged = explore(|| clients::<Late, Locked, Seen>(write_and_read())).judged();
    assert!(judged.invalid > 0 && judged.valid > 0 && judged.malformed == 0);
}
