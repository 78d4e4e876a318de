//! Generated programs in all their interleavings: how many there were, whether that was all, and the
//! smallest program that went wrong.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Once};

use checker::linear::Linearizable;
use checker::model::Model;
use checker::picture::draw;
use checker::{Budget, Checker, Domain, History, Verdict};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

use crate::log::{Log, Recording};
use crate::program::{Broken, Kind, Program, programs};

/// How many executions of one program are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// All. A program that has more than a million is too large to be a test, and fails as one.
    All,
    /// No more than this; what is left out is said.
    Most(usize),
}

const TOO_MANY: usize = 1_000_000;

/// How many a program that is not small gets, unless `DYNO_LOOM_MAX` says otherwise.
const MOST: usize = 1_000;

/// A program that is not small is also tried in every interleaving in which threads are interrupted at
/// most this often. Whatever is wrong, it is seldom so that it takes more (Musuvathi and Qadeer 2007).
const PREEMPTIONS: usize = 2;

impl Limit {
    /// What `DYNO_LOOM_MAX` says: a number, or `all`.
    fn told(small: bool) -> Limit {
        let Some(told) = std::env::var_os("DYNO_LOOM_MAX") else {
            return if small { Limit::All } else { Limit::Most(MOST) };
        };
        if told == "all" {
            return Limit::All;
        }
        let number = told.to_str().and_then(|told| told.parse().ok());
        let number = number.filter(|number| *number > 0);
        Limit::Most(number.expect("DYNO_LOOM_MAX is `all`, or a number of executions from 1 on"))
    }

    fn executions(self) -> usize {
        match self {
            Limit::All => TOO_MANY,
            Limit::Most(executions) => executions,
        }
    }
}

/// What came of one program.
struct Explored<D: Domain> {
    executions: usize,
    /// Whether there are more.
    capped: bool,
    /// The different recordings, by their text.
    recordings: BTreeMap<String, Recording<D>>,
    /// Why an execution did not end, and what had happened until then.
    stopped: Option<(String, Recording<D>)>,
}

/// Runs a program in every interleaving with so many preemptions, or in so many of them.
fn explore<K: Kind>(
    program: &Program<K::Op>,
    preemptions: Option<usize>,
    most: usize,
) -> Explored<K::Domain> {
    let mut search = loom::model::Builder::new();
    search.max_duration = None;
    search.preemption_bound = preemptions;
    search.checkpoint_file = None;
    // Loom looks at its limit before each execution, and returns as if there were no more. One beyond
    // ours tells us whether there are.
    search.checkpoint_interval = 1;
    search.max_permutations = Some(most + 2);
    let log = Log::<K::Domain>::default();
    let (made, counting) = sync_channel::<Option<Recording<K::Domain>>>(1024);
    let checked = {
        let (log, program, made) = (log.clone(), Arc::new(program.clone()), made.clone());
        AssertUnwindSafe(move || {
            search.check(move || {
                log.clear();
                K::run(&program, &log);
                made.send(Some(log.take())).expect("counting goes on");
            });
        })
    };
    // Compared on a thread of its own, and judged later, because loom's threads have small stacks.
    let counted = std::thread::spawn(move || {
        let (mut executions, mut recordings) = (0, BTreeMap::new());
        // After a panic loom keeps what its threads hold, so the end of the channel is none.
        while let Ok(Some(recording)) = counting.recv() {
            executions += 1;
            if executions <= most {
                recordings
                    .entry(format!("{recording:?}"))
                    .or_insert(recording);
            }
        }
        (executions, recordings)
    });
    let stopped = quietly(|| catch_unwind(checked)).err().map(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        (text.unwrap_or("panic").to_owned(), log.take())
    });
    made.send(None).expect("counting goes on");
    let (executions, recordings) = counted.join().expect("counting does not panic");
    Explored {
        executions: executions.min(most),
        capped: executions > most,
        recordings,
        stopped,
    }
}

/// Runs something whose panics are counterexamples, to be told with their histories and not on the way.
fn quietly<R>(act: impl FnOnce() -> R) -> R {
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    QUIET.set(true);
    let done = act();
    QUIET.set(false);
    done
}

impl<D: Domain> Explored<D> {
    /// What went wrong, if anything did, with the history in which it did.
    fn fault<K: Kind<Domain = D>>(&self, program: &Program<K::Op>) -> Option<String> {
        for recording in self.recordings.values() {
            let history = History::new(recording.entries.clone())
                .expect("clients make one call after the other");
            let found = match recording.complaints.first() {
                Some(complaint) => Some((complaint.clone(), Vec::new())),
                None => K::judge(program, &history)
                    .err()
                    .map(|broken| (broken.sentence, broken.ops)),
            };
            if let Some((sentence, ops)) = found {
                let mut sentence = sentence;
                for op in ops.iter().filter_map(|op| history.op(*op)) {
                    let label = D::label(&op.call, &op.outcome);
                    write!(sentence, "\n  {}: {label}", op.process).expect("text has room");
                }
                return Some(told::<K>(&sentence, program, &history));
            }
        }
        let (why, recording) = self.stopped.as_ref()?;
        let history = History::new(recording.entries.clone());
        let history = history.expect("clients make one call after the other");
        // The panic of loom that lists the threads which are blocked.
        let why = if why.starts_with("deadlock") {
            "deadlock: who still waits is never woken".to_owned()
        } else {
            format!("panic: {why}")
        };
        Some(told::<K>(&why, program, &history))
    }
}

fn told<K: Kind>(sentence: &str, program: &Program<K::Op>, history: &History<K::Domain>) -> String {
    format!("{sentence}\n\n{program}\n{}", draw(history))
}

/// Judges by an object, one call at a time.
pub(crate) fn linearizable<M>(model: M, history: &History<M::Domain>) -> Result<(), Broken>
where
    M: Model,
    Linearizable<M>: Checker<M::Domain>,
{
    match Linearizable::new(model).check(history, Budget::default()) {
        Verdict::Valid(_) => Ok(()),
        Verdict::Invalid(found) => Err(Broken {
            sentence: format!("not {}: {}", found.title(), found.sentence),
            ops: found.ops,
        }),
        Verdict::Unknown(why) => panic!("not decided: {why}"),
    }
}

/// What is known of one program.
struct Examined {
    executions: usize,
    histories: usize,
    /// Whether some executions were not tried.
    capped: bool,
    fault: Option<String>,
}

fn examine<K: Kind>(program: &Program<K::Op>, limit: Limit) -> Examined {
    let mut histories = BTreeSet::new();
    let mut executions = 0;
    let passes = [(Some(PREEMPTIONS), TOO_MANY), (None, limit.executions())];
    for (preemptions, most) in passes.into_iter().skip(usize::from(K::SMALL)) {
        let explored = explore::<K>(program, preemptions, most);
        let fault = explored.fault::<K>(program);
        executions += explored.executions;
        histories.extend(explored.recordings.into_keys());
        let last = preemptions.is_none();
        assert!(
            last || !explored.capped,
            "too large to be a test: {program}"
        );
        if fault.is_some() || last {
            return Examined {
                executions,
                histories: histories.len(),
                capped: explored.capped,
                fault,
            };
        }
    }
    unreachable!("the last pass returns")
}

/// What a search over generated programs came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Searched {
    name: &'static str,
    small: bool,
    limit: Limit,
    programs: usize,
    executions: usize,
    histories: usize,
    /// How many programs have more executions than were tried.
    capped: usize,
}

impl Searched {
    /// Whether this will do: that nothing was left out, unless a limit was set.
    pub(crate) fn complete(&self) -> Result<(), String> {
        match self.limit {
            Limit::All if self.capped > 0 => Err(format!("not exhaustive, and no limit: {self}")),
            _ => Ok(()),
        }
    }
}

impl Display for Searched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, programs) = (self.name, self.programs);
        let (executions, histories) = (grouped(self.executions), grouped(self.histories));
        write!(f, "{name}: {programs} programs, {executions} executions, ")?;
        write!(f, "{histories} different histories, ")?;
        if self.capped == 0 {
            return write!(f, "exhaustive");
        }
        let (capped, limit) = (self.capped, grouped(self.limit.executions()));
        write!(f, "exhaustive for {} programs, ", programs - capped)?;
        write!(f, "capped at {limit} executions for {capped}")?;
        if !self.small {
            write!(f, " after all with {PREEMPTIONS} preemptions")?;
        }
        Ok(())
    }
}

/// A number as people write it: 12,345.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const SEED: RngSeed = RngSeed::Fixed(0x10_0e);

/// As many programs as `PROPTEST_CASES` says, the same each time unless `PROPTEST_RNG_SEED` says others.
fn config(cases: u32) -> Config {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 128,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = SEED;
    }
    config
}

/// Searches generated programs for one that goes wrong: what was searched until then, and the smallest.
fn search<K: Kind>(config: Config, limit: Limit) -> (Searched, Option<String>) {
    let searched = RefCell::new(Searched {
        name: K::NAME,
        small: K::SMALL,
        limit,
        programs: 0,
        executions: 0,
        histories: 0,
        capped: 0,
    });
    let failed = Cell::new(false);
    let ended = TestRunner::new(config).run(&programs::<K>(), |program| {
        let examined = examine::<K>(&program, limit);
        // What is tried to make a failure smaller is not counted.
        if !failed.get() {
            let mut searched = searched.borrow_mut();
            searched.programs += 1;
            searched.executions += examined.executions;
            searched.histories += examined.histories;
            searched.capped += usize::from(examined.capped);
        }
        examined.fault.map_or(Ok(()), |fault| {
            failed.set(true);
            Err(TestCaseError::fail(fault))
        })
    });
    let fault = match ended {
        Ok(()) => None,
        Err(TestError::Fail(_, smallest)) => {
            let fault = examine::<K>(&smallest, limit).fault;
            Some(fault.expect("a program does the same each time"))
        }
        Err(TestError::Abort(why)) => panic!("no programs: {why}"),
    };
    (searched.into_inner(), fault)
}

/// A sound leaf: whatever is done with it, it does as it should.
pub(crate) fn holds<K: Kind>(cases: u32) {
    let (searched, fault) = search::<K>(config(cases), Limit::told(K::SMALL));
    println!("{searched}");
    if let Some(fault) = fault {
        panic!("{}: {fault}", K::NAME);
    }
    assert!(
        searched.executions > searched.programs,
        "nothing was interleaved"
    );
    if let Err(incomplete) = searched.complete() {
        panic!("{incomplete}");
    }
}

/// A planted variant: the smallest program found that goes wrong, in words and as a picture. How many
/// are tried is not for the environment to say.
pub(crate) fn caught<K: Kind>() -> String {
    let config = Config {
        cases: 256,
        rng_seed: SEED,
        ..config(256)
    };
    let limit = if K::SMALL {
        Limit::All
    } else {
        Limit::Most(MOST)
    };
    let (searched, fault) = search::<K>(config, limit);
    let fault = fault.unwrap_or_else(|| panic!("not caught: {searched}"));
    println!(
        "{}: caught after {} programs, {} executions: {fault}",
        K::NAME,
        searched.programs,
        grouped(searched.executions)
    );
    fault
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Stepper;
    use crate::stores::{Keys, Shop};

    type Sound = Keys<Stepper<Shop>>;

    fn few() -> Config {
        Config {
            cases: 6,
            rng_seed: SEED,
            ..config(6)
        }
    }

    #[test]
    fn a_search_that_was_capped_says_so_and_does_not_pass_for_a_full_one() {
        let (capped, fault) = search::<Sound>(few(), Limit::Most(2));
        assert_eq!(fault, None);
        let said = capped.to_string();
        assert!(said.contains("capped at 2 executions"), "{said}");
        assert_eq!(capped.complete(), Ok(()));
        let unlimited = Searched {
            limit: Limit::All,
            ..capped
        };
        assert!(unlimited.complete().is_err());
    }

    #[test]
    fn a_full_search_says_that_it_was_and_finds_the_same_each_time() {
        let (full, fault) = search::<Sound>(few(), Limit::All);
        assert_eq!(fault, None);
        assert!(full.to_string().ends_with(", exhaustive"), "{full}");
        assert_eq!(search::<Sound>(few(), Limit::All).0, full);
        // As many executions as there are is no cap.
        let (all, _) = search::<Sound>(few(), Limit::Most(full.executions));
        assert_eq!(all.executions, full.executions);
        assert!(all.to_string().ends_with(", exhaustive"), "{all}");
    }

    #[test]
    fn large_numbers_are_grouped() {
        let numbers = [7, 1_234, 1_234_567].map(grouped);
        assert_eq!(numbers, ["7", "1,234", "1,234,567"]);
    }
}
