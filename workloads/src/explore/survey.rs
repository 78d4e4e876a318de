//! All programs of a scope, several at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::program::Program;
use super::scope::Scope;
use super::search::{Broken, Explored, search};
use super::world::{Rules, queues};
use crate::sim::Deployment;
use crate::subject::reference::Cluster;

/// How many programs are explored before it is looked at what they broke: as many whatever the number
/// of jobs, so that this does not change what is explored.
const WAVE: usize = 16;

/// What came of one program.
type Done = (Explored, Option<Broken>);

/// What came of all programs together.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// How many programs were explored.
    pub programs: u64,
    /// How many of them have more states than were allowed.
    pub capped: u64,
    /// The most states that one of them had.
    pub largest: u64,
    /// All of them together.
    pub total: Explored,
    /// The shortest schedule that breaks a promise, and its program.
    pub broken: Option<(Program, Broken)>,
    /// The programs that were explored since this was last shown; none at the end.
    pub recent: Vec<ExploredProgram>,
}

/// What came of one program of a survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExploredProgram {
    /// Which one.
    pub program: Program,
    /// How many states it has, or were looked at.
    pub states: u64,
    /// Whether some schedule of it breaks a promise.
    pub broken: bool,
    /// Whether it has more states than were allowed.
    pub capped: bool,
}

impl Survey {
    /// Whether every schedule within the scope was judged.
    pub fn is_exhaustive(&self) -> bool {
        self.capped == 0 && !self.total.restless && self.broken.is_none()
    }

    fn add(&mut self, program: &Program, explored: Explored, broken: Option<Broken>) {
        self.programs += 1;
        self.recent.push(ExploredProgram {
            program: program.clone(),
            states: explored.states,
            broken: broken.is_some(),
            capped: explored.capped,
        });
        self.capped += u64::from(explored.capped);
        self.largest = self.largest.max(explored.states);
        let total = &mut self.total;
        total.states += explored.states;
        total.transitions += explored.transitions;
        total.ends += explored.ends;
        total.deepest = total.deepest.max(explored.deepest);
        total.capped |= explored.capped;
        total.restless |= explored.restless;
        total.causes.extend(explored.causes);
        for (promise, standing) in explored.promises {
            total.promises.entry(promise).or_default().join(standing);
        }
        if let Some(broken) = broken {
            let shorter = |(_, known): &(Program, Broken)| broken.steps.len() < known.steps.len();
            if self.broken.as_ref().is_none_or(shorter) {
                self.broken = Some((program.clone(), broken));
            }
        }
    }
}

/// Explores these programs. Once a promise is broken, only shorter schedules are of interest.
///
/// What comes out does not depend on the number of jobs. `show` is called now and then.
pub fn survey(
    scope: &Scope,
    programs: &[Program],
    jobs: usize,
    mut show: impl FnMut(&Survey),
) -> Survey {
    let mut survey = Survey::default();
    for wave in programs.chunks(WAVE) {
        let depth_max = match &survey.broken {
            None => u32::MAX,
            Some((_, broken)) => broken.steps.len() as u32 - 1,
        };
        let results: Vec<Mutex<Option<Done>>> = wave.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for _ in 0..jobs.clamp(1, wave.len()) {
                threads.spawn(|| {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(program) = wave.get(place) else {
                            return;
                        };
                        let done = explore(scope, program, depth_max);
                        *results[place].lock().expect("no job panics with it") = Some(done);
                    }
                });
            }
        });
        for (program, result) in wave.iter().zip(results) {
            let result = result.into_inner().expect("no job panics with it");
            let (explored, broken) = result.expect("every program is explored");
            survey.add(program, explored, broken);
        }
        show(&survey);
        survey.recent.clear();
    }
    survey
}

/// Explores one program.
pub fn explore(scope: &Scope, program: &Program, depth_max: u32) -> (Explored, Option<Broken>) {
    let shape = scope.shape.legal();
    let deployment = Cluster::still(shape, scope.flaw);
    let plan = program.plan(shape);
    let (keys, layout) = (program.keys(), deployment.layout(&BTreeSet::new()));
    let mut ranges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in &keys {
        if let Some(range) = layout.range(key) {
            ranges.entry(range).or_default().push(key.clone());
        }
    }
    let rules = Rules {
        reader: deployment.reader(),
        keys,
        queues: queues(&plan),
        ranges,
        deployment,
        plan,
    };
    search(&rules, scope, depth_max)
}
