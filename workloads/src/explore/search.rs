//! All schedules of one program, the shortest first.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use checker::kv::Kv;
use checker::{Budget, Counterexample, Entry, Promise};

use super::digest::{Digest, Scribe};
use super::end::quiet_end;
use super::past::Apart;
use super::scope::Scope;
use super::world::{Choice, Rules, World};
use crate::matrix;
use crate::replica::Replica;
use crate::sim::Deployment;
use crate::standing::Standing;

/// What a search has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Different states.
    pub states: u64,
    /// Choices made.
    pub transitions: u64,
    /// Ends of schedules that were judged.
    pub ends: u64,
    /// The most choices that a schedule had.
    pub deepest: u32,
    /// Whether states were left out because there were too many.
    pub capped: bool,
    /// Whether a schedule went on for ever.
    pub restless: bool,
    /// What was judged, and how it fared: where a standing says runs, these are ends of schedules.
    pub promises: BTreeMap<Promise, Standing>,
    /// What was broken and why, by the causes that judges name.
    pub causes: BTreeSet<String>,
}

/// A schedule that breaks a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its choices, in words.
    pub steps: Vec<String>,
    /// What broke, gravest first.
    pub counterexamples: Vec<Counterexample>,
    /// All that was recorded, the quiet end included.
    pub history: Vec<Entry<Kv>>,
}

/// A digest is as good a hash as any.
#[derive(Clone, Copy, Debug, Default)]
struct Same(u64);

impl Hasher for Same {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// How a state was reached: from which one, by which choice.
type Step = (u32, Choice);

/// Explores one program breadth first, so that the first schedule that breaks a promise is one with
/// the fewest choices. Stops there, unless the scope says otherwise; schedules of more than `depth_max`
/// choices are left out.
pub(super) fn search<D>(
    rules: &Rules<D>,
    scope: &Scope,
    depth_max: u32,
) -> (Explored, Option<Broken>)
where
    D: Deployment<Replica: Replica<Message: Hash> + Clone + Hash>,
{
    let mut search = Search {
        rules,
        scope,
        scribe: Scribe::default(),
        seen: HashSet::default(),
        steps: Vec::new(),
        explored: Explored::default(),
        broken: None,
    };
    search.run(depth_max);
    (search.explored, search.broken)
}

struct Search<'a, D> {
    rules: &'a Rules<D>,
    scope: &'a Scope,
    scribe: Scribe,
    seen: HashSet<Digest, BuildHasherDefault<Same>>,
    /// By state, but for the first.
    steps: Vec<Step>,
    explored: Explored,
    /// The first that was found.
    broken: Option<Broken>,
}

impl<D> Search<'_, D>
where
    D: Deployment<Replica: Replica<Message: Hash> + Clone + Hash>,
{
    fn run(&mut self, depth_max: u32) {
        let first = World::new(self.rules, self.scope.bounds, &mut self.scribe);
        self.is_new(&first);
        let mut level = vec![(0, first)];
        for depth in 0.. {
            self.explored.deepest = depth;
            for (state, world) in &level {
                if world.is_at_rest(self.rules) {
                    self.judge(*state, world);
                }
                if self.broken.is_some() && !self.scope.goes_on {
                    return;
                }
            }
            if depth == depth_max {
                return;
            }
            let mut next = Vec::new();
            for (state, world) in level {
                self.expand(state, &world, &mut next);
            }
            if next.is_empty() {
                return;
            }
            level = next;
        }
    }

    /// Adds the states that one choice leads to and that were not seen before.
    fn expand(
        &mut self,
        state: u32,
        world: &World<D::Replica>,
        next: &mut Vec<(u32, World<D::Replica>)>,
    ) {
        for choice in world.choices(self.rules) {
            let mut then = world.clone();
            then.choose(self.rules, choice, &mut self.scribe);
            self.explored.transitions += 1;
            if self.explored.states >= self.scope.states_max {
                // Where it leads may have been seen before; then nothing is left out.
                let digest = then.digest(self.scope.apart, &mut self.scribe);
                let known = self.scope.apart != Apart::Everything && self.seen.contains(&digest);
                self.explored.capped |= !known;
            } else if self.is_new(&then) {
                self.steps.push((state, choice));
                next.push((self.steps.len() as u32, then));
            }
        }
    }

    fn is_new(&mut self, world: &World<D::Replica>) -> bool {
        let apart = self.scope.apart;
        let new = apart == Apart::Everything || {
            let digest = world.digest(apart, &mut self.scribe);
            self.seen.insert(digest)
        };
        self.explored.states += u64::from(new);
        new
    }

    /// Judges the quiet end of a state.
    fn judge(&mut self, state: u32, world: &World<D::Replica>) {
        self.explored.ends += 1;
        let Ok(history) = quiet_end(self.rules, world, &mut self.scribe) else {
            self.explored.restless = true;
            return;
        };
        let mut promises = matrix::made(&self.rules.plan, &history);
        let asked = &self.scope.promises;
        promises.retain(|promise| asked.is_empty() || asked.contains(promise));
        let shape = self.rules.plan.shape;
        let mut broken = Vec::new();
        for (promise, verdict) in matrix::judge(shape, &history, &promises, Budget::default()) {
            if let Some(found) = verdict.counterexample() {
                self.explored.causes.insert(found.cause.clone());
                broken.push(found.clone());
            }
            let standing = self.explored.promises.entry(promise).or_default();
            standing.add(verdict);
        }
        if !broken.is_empty() && self.broken.is_none() {
            self.broken = Some(Broken {
                steps: self.told(state),
                counterexamples: broken,
                history: history.entries().collect(),
            });
        }
    }

    /// The choices that led to a state, in words.
    fn told(&mut self, state: u32) -> Vec<String> {
        let mut choices = Vec::new();
        let mut at = state;
        while at > 0 {
            let (before, choice) = self.steps[at as usize - 1];
            choices.push(choice);
            at = before;
        }
        let mut world = World::new(self.rules, self.scope.bounds, &mut self.scribe);
        let words = choices.into_iter().rev().map(|choice| {
            let said = world.told(self.rules, choice);
            world.choose(self.rules, choice, &mut self.scribe);
            said
        });
        words.collect()
    }
}
