//! A test of a store in a few words: what it is, what it promises, how long to look.

use std::panic::Location;
use std::path::PathBuf;
use std::time::Duration;

use checker::{Budget, Promise};
use proptest::strategy::{Just, Strategy};

use super::bench::Bench;
use super::env::Settings;
use super::failed::Failed;
use super::held::Held;
use super::place::{self, Place};
use super::session::Session;
use super::terms::{Said, Terms, Versions};
use crate::plan::Plan;
use crate::strategy;

/// How long a test looks unless somebody says so.
const TIME: Duration = Duration::from_secs(2);

/// How many runs it does at most in that time.
const RUNS: u64 = 500;

/// A store that has not said yet what becomes of concurrent writes. No test can do without: what one store
/// does by design, another loses.
#[must_use = "say keeps_siblings() or last_writer_wins()"]
#[derive(Debug)]
pub struct Undeclared<B> {
    nodes: u32,
    bench: B,
}

impl<B: Bench> Undeclared<B> {
    /// A cluster of this many nodes on this bench.
    pub fn new(nodes: u32, bench: B) -> Self {
        Undeclared { nodes, bench }
    }

    /// An acknowledged write stays until a write or delete that has seen it.
    pub fn keeps_siblings(self) -> Test<B> {
        self.declared(Versions::Siblings)
    }

    /// Of concurrent writes one wins, and the others are gone.
    pub fn last_writer_wins(self) -> Test<B> {
        self.declared(Versions::LastWriter)
    }

    fn declared(self, versions: Versions) -> Test<B> {
        Test {
            said: Said {
                versions,
                nodes: self.nodes,
                quorum: None,
                promises: None,
                settle: None,
                owners: false,
            },
            bench: self.bench,
            refused: None,
            runs: None,
            time: None,
            seed_base: None,
            name: None,
            out: None,
            pins: None,
            replays: None,
        }
    }
}

/// A test of a store. [`Test::check`] runs it.
#[must_use = "a test that is not checked tests nothing"]
#[derive(Debug)]
pub struct Test<B> {
    pub(super) said: Said,
    pub(super) bench: B,
    refused: Option<String>,
    runs: Option<u64>,
    time: Option<Duration>,
    seed_base: Option<u64>,
    name: Option<String>,
    out: Option<PathBuf>,
    pins: Option<PathBuf>,
    replays: Option<u32>,
}

impl<B: Bench> Test<B> {
    /// How many replicas a key has, how many answers a get waits for, how many durable copies a put waits
    /// for. At first: three replicas, as far as there are nodes, and two of them.
    pub fn quorum(mut self, n: u32, r: u32, w: u32) -> Self {
        self.said.quorum = Some((n, r, w));
        self
    }

    /// The promises to judge, instead of the usual ones: sibling preservation, and clock causality where
    /// disks show clocks. One that is asked for must have had a chance to be broken.
    pub fn promises(mut self, promises: impl IntoIterator<Item = Promise>) -> Self {
        self.said.promises = Some(promises.into_iter().collect());
        self
    }

    /// How long the store may take to mend itself once all faults are over. At first: in the simulator
    /// some virtual seconds, of a running store one second.
    pub fn settles_within(mut self, time: Duration) -> Self {
        self.said.settle = Some(time);
        self
    }

    /// How many runs; without a budget, exactly so many. At first: 500, as far as they fit into 2 s.
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = Some(runs.max(1));
        self
    }

    /// The time after which no run begins; without a number of runs, as many as fit.
    pub fn budget(mut self, time: Duration) -> Self {
        self.time = Some(time);
        self
    }

    /// The seed that all runs' seeds are made from. At first: another one each time.
    pub fn seed_base(mut self, base: u64) -> Self {
        self.seed_base = Some(base);
        self
    }

    /// The name of the test, where its thread does not have it: in bundles, pins and replay lines.
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Where bundles go. At first: `dyno` in the folder that cargo builds into.
    pub fn out(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out = Some(folder.into());
        self
    }

    /// Where pins are. At first: `tests/dyno-pins` of the package.
    pub fn pins(mut self, folder: impl Into<PathBuf>) -> Self {
        self.pins = Some(folder.into());
        self
    }

    /// How many runs it may cost to find a smaller plan.
    pub fn replays(mut self, replays: u32) -> Self {
        self.replays = Some(replays);
        self
    }

    /// Runs the pins, then fresh seeds, and fails with the smallest plan that breaks the first promise
    /// broken.
    ///
    /// # Panics
    /// When a promise is broken or undecided, when one had no chance to be broken, when a pin is stale,
    /// and when the store cannot be run or does not go the same way twice. The message is on standard error
    /// and is what the panic carries.
    #[track_caller]
    pub fn check(&self) -> Held {
        match self.run() {
            Ok(held) => {
                print!("{held}");
                held
            }
            Err(failed) => failed.raise(),
        }
    }

    /// As [`Test::check`], but a failure is a value.
    ///
    /// # Errors
    /// Whatever makes [`Test::check`] panic.
    #[track_caller]
    pub fn run(&self) -> Result<Held, Box<Failed>> {
        self.session(Location::caller())?.run()
    }

    /// Runs this one plan, whatever cluster it was made for, on this one, with the faults that there are
    /// here: for plans of [`Test::plans`], and for quickcheck's. With `DYNO_REPLAY` it runs that bundle
    /// instead.
    ///
    /// # Errors
    /// As [`Test::check`]; in `proptest!` and in quickcheck's properties a `?` does the rest.
    #[track_caller]
    pub fn holds(&self, plan: &Plan) -> Result<(), Box<Failed>> {
        self.session(Location::caller())?.holds(plan)
    }

    /// Plans for this cluster as a proptest strategy. They do not shrink: [`Test::holds`] does that, by
    /// running smaller plans.
    #[track_caller]
    pub fn plans(&self) -> impl Strategy<Value = Plan> + use<B> {
        let terms = match self.terms() {
            Ok(terms) => terms,
            Err(why) => Failed::misuse(&why, &self.place(Location::caller())).raise(),
        };
        strategy::plans_over(Just(terms.shape))
    }

    pub(super) fn refuse(&mut self, why: String) {
        self.refused.get_or_insert(why);
    }

    fn terms(&self) -> Result<Terms, String> {
        match &self.refused {
            Some(why) => Err(why.clone()),
            None => Terms::of(&self.said),
        }
    }

    fn place(&self, at: &Location<'_>) -> Place {
        Place::here(self.name.as_deref(), at)
    }

    fn session(&self, at: &Location<'_>) -> Result<Session<'_>, Box<Failed>> {
        let place = self.place(at);
        let settings = match Settings::of_process() {
            Ok(settings) => settings,
            Err(wrong) => return Err(Box::new(Failed::misuse(&wrong.to_string(), &place))),
        };
        let terms = match self.terms() {
            Ok(terms) => terms,
            Err(why) => return Err(Box::new(Failed::misuse(&why, &place))),
        };
        // Whoever says one of them means that one.
        let (runs, time) = match (settings.runs, settings.budget) {
            (None, None) => match (self.runs, self.time) {
                (None, None) => (Some(RUNS), Some(TIME)),
                said => said,
            },
            said => said,
        };
        let pins = || place::package_folder().join("tests").join("dyno-pins");
        let out = settings.out.clone().or_else(|| self.out.clone());
        let out = out.unwrap_or_else(place::out);
        Ok(Session {
            bench: &self.bench,
            asked: self.said.promises.is_some(),
            terms,
            place,
            replay: settings.replay,
            seed: settings.seed,
            seed_base: self.seed_base,
            runs,
            time,
            pins: self.pins.clone().unwrap_or_else(pins),
            out: std::path::absolute(&out).unwrap_or(out),
            replays: self.replays.unwrap_or_else(|| self.bench.replays()),
            budget: Budget::default(),
        })
    }
}
