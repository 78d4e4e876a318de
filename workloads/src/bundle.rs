//! From a failing run to a file that repeats it, and back.

use std::collections::BTreeMap;

use checker::network::{Beside, Network};
use checker::note::{Node, Note};
use checker::report::{Bundle, Explanation, FORMAT, Size};
use checker::{Budget, Counterexample, OpId, Promise, Time, Verdict};
use dynamo_core::Flaw;
use thiserror::Error;

use crate::campaign::Failure;
use crate::drive::{Run, Undriven};
use crate::explain::explain;
use crate::matrix;
use crate::plan::Plan;
use crate::preset::is_of_versions;
use crate::shrink::{Shrunk, shrink};
use crate::target::Target;

/// The sources this tool was built from; equal sources run a plan the same way.
pub const SOURCE: &str = env!("DYNO_SOURCE");

/// The bundle of a failure as it was found.
pub fn found(target: Target, failure: &Failure) -> Bundle {
    let also = failure
        .broken
        .iter()
        .skip(1)
        .map(Counterexample::title)
        .collect();
    let counterexample = failure.broken.first().cloned();
    pack(
        target,
        &failure.plan,
        &failure.run,
        counterexample,
        also,
        None,
    )
}

/// The bundle of a failure that was seen on a cluster of processes.
pub fn seen(target: Target, failure: &Failure) -> Bundle {
    let words = [on_cluster(target), failure.plan.shape.versioning()];
    let words = words.into_iter().filter(|words| !words.is_empty());
    Bundle {
        target: words.collect::<Vec<_>>().join(", "),
        ..found(target, failure)
    }
}

/// The same plan in the simulator, if it breaks the same promise there.
pub fn simulated(target: Target, failure: &Failure, budget: Budget) -> Option<Failure> {
    let promise = failure.broken.first()?.promise;
    let run = target.run(&failure.plan).ok()?;
    let found = broken(&failure.plan, &run, promise, budget)?;
    Some(Failure {
        plan: failure.plan.clone(),
        run,
        broken: vec![found],
    })
}

/// The bundle of a run that broke nothing.
pub fn kept(target: Target, plan: &Plan, run: &Run) -> Bundle {
    pack(target, plan, run, None, Vec::new(), None)
}

/// Shrinks a failure and packs the smallest plan found.
///
/// `replays` limits how many runs that may take. Returns `None` if the failure does not repeat, which
/// a deterministic target never does.
pub fn minimized(
    target: Target,
    failure: &Failure,
    replays: u32,
    budget: Budget,
) -> Option<Bundle> {
    let first = failure.broken.first()?;
    let fails = |plan: &Plan| {
        let run = target.run(plan).ok()?;
        let found = broken(plan, &run, first.promise, budget)?;
        (found.cause == first.cause).then_some(run)
    };
    let Shrunk { plan, run, replays } = shrink(failure.plan.clone(), replays, fails)?;
    let verdicts = judge(&plan, &run, Some(first.promise), budget);
    let mut also = Vec::new();
    let mut counterexample = None;
    for (promise, verdict) in verdicts {
        match verdict.counterexample() {
            Some(found) if promise == first.promise => counterexample = Some(found.clone()),
            Some(found) => also.push(found.title()),
            None => {}
        }
    }
    let size = Size {
        found: sizes(&failure.plan),
        minimized: sizes(&plan),
        replays,
    };
    let network = told(target.network(&plan), &run, counterexample.as_ref());
    let packed = pack(target, &plan, &run, counterexample, also, Some(size));
    // The seed that found it: the minimized plan may go on with other luck.
    let seed = failure.plan.seed;
    Some(Bundle {
        seed,
        network,
        ..packed
    })
}

/// Why a bundle that can be run again can be neither explained nor shrunk.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unexplained {
    /// It cannot be run.
    #[error(transparent)]
    Unplayable(#[from] Unplayable),
    /// It is the record of a run that broke nothing.
    #[error("it broke no promise")]
    Unbroken,
    /// The run is not the recorded one any more, so what would be explained is not what was found.
    #[error("its plan does not fail that way any more")]
    Gone,
}

/// Explains the counterexample of a bundle, within so many replays.
///
/// # Errors
/// When there is nothing to explain: the plan cannot be run, or does not break the same promise for the
/// same cause.
pub fn explained(
    bundle: &Bundle,
    replays: u32,
    budget: Budget,
) -> Result<Explanation, Unexplained> {
    let (plan, target) = (plan(bundle)?, target(bundle)?);
    let recorded = bundle
        .counterexample
        .as_ref()
        .ok_or(Unexplained::Unbroken)?;
    let run = target.run(&plan).map_err(Unplayable::from)?;
    let found = broken(&plan, &run, recorded.promise, budget);
    let found = found.filter(|found| found.cause == recorded.cause);
    let found = found.ok_or(Unexplained::Gone)?;
    let beside = Beside {
        via: Some(&bundle.via),
        network: Some(&bundle.network),
    };
    Ok(explain(
        target,
        &plan,
        &run,
        &found,
        beside,
        (replays, budget),
    ))
}

/// Shrinks the plan of a bundle further, within so many replays. The result remembers how large the plan was
/// when it was found, and has no explanation.
///
/// # Errors
/// When there is nothing to shrink: the plan cannot be run, or does not break the same promise for the same
/// cause.
pub fn smaller(bundle: &Bundle, replays: u32, budget: Budget) -> Result<Bundle, Unexplained> {
    let (plan, target) = (plan(bundle)?, target(bundle)?);
    let recorded = bundle.counterexample.clone().ok_or(Unexplained::Unbroken)?;
    let run = target.run(&plan).map_err(Unplayable::from)?;
    let failure = Failure {
        plan,
        run,
        broken: vec![recorded],
    };
    let least = minimized(target, &failure, replays, budget).ok_or(Unexplained::Gone)?;
    let size = least.size.map(|size| Size {
        found: bundle.size.map_or(size.found, |size| size.found),
        replays: bundle.size.map_or(0, |size| size.replays) + size.replays,
        ..size
    });
    let seed = bundle.seed;
    Ok(Bundle {
        size,
        seed,
        ..least
    })
}

fn broken(plan: &Plan, run: &Run, promise: Promise, budget: Budget) -> Option<Counterexample> {
    let mut made = matrix::made(plan, &run.history);
    made.retain(|made| *made == promise);
    let verdicts = matrix::judge(plan.shape, &run.history, &made, budget);
    verdicts
        .into_iter()
        .find_map(|(_, verdict)| verdict.counterexample().cloned())
}

/// The verdicts on the promises that a run makes: all of them where one was broken that only the matrix
/// knows, else those of what becomes of versions.
fn judge(
    plan: &Plan,
    run: &Run,
    broken: Option<Promise>,
    budget: Budget,
) -> Vec<(Promise, Verdict)> {
    let mut made = matrix::made(plan, &run.history);
    if broken.is_none_or(is_of_versions) {
        made.retain(|promise| is_of_versions(*promise));
    }
    matrix::judge(plan.shape, &run.history, &made, budget)
}

pub(crate) fn sizes(plan: &Plan) -> (u32, u32, u32) {
    (
        plan.steps.len() as u32,
        plan.faults.0.len() as u32,
        plan.shape.legal().nodes,
    )
}

fn pack(
    target: Target,
    plan: &Plan,
    run: &Run,
    counterexample: Option<Counterexample>,
    also: Vec<String>,
    size: Option<Size>,
) -> Bundle {
    let words = [target.name(), plan.shape.versioning()].into_iter();
    let words: Vec<String> = words.filter(|words| !words.is_empty()).collect();
    let flaw = target.flaw.map(|flaw| flaw.name().to_owned());
    packed(
        (words.join(", "), flaw),
        plan,
        run,
        counterexample,
        also,
        size,
    )
}

/// Which node each step asks.
pub(crate) fn via(plan: &Plan) -> BTreeMap<OpId, Node> {
    let nodes = plan.shape.legal().nodes;
    let steps = plan.steps.iter();
    steps
        .map(|step| (OpId(u64::from(step.id)), Node(step.via % nodes)))
        .collect()
}

/// More messages than this are no help to a reader, and a bundle goes without.
const MESSAGES: usize = 1_000;

/// What a reader of this counterexample needs of the network: what is about its key, or all keys if it has
/// none, until the store counts as mended.
pub(crate) fn told(network: Network, run: &Run, found: Option<&Counterexample>) -> Network {
    let quiet = run.history.notes().find(|(_, note)| **note == Note::Quiet);
    let until = quiet.map_or(Time(u64::MAX), |(at, _)| at);
    let key = found.and_then(|found| found.key.as_deref());
    let Network {
        mut messages,
        answers,
    } = network;
    messages.retain(|message| message.sent < until && key.is_none_or(|key| message.key == key));
    if messages.len() > MESSAGES {
        return Network::default();
    }
    Network { messages, answers }
}

/// The bundle of a run of what is called so, with this flaw.
pub(crate) fn packed(
    (target, flaw): (String, Option<String>),
    plan: &Plan,
    run: &Run,
    counterexample: Option<Counterexample>,
    also: Vec<String>,
    size: Option<Size>,
) -> Bundle {
    Bundle {
        format: FORMAT.into(),
        source: SOURCE.into(),
        target,
        flaw,
        seed: plan.seed,
        counterexample,
        also,
        size,
        explanation: None,
        via: via(plan),
        network: Network::default(),
        trace: format!("{:016x}", run.trace),
        plan: serde_json::to_value(plan).expect("a plan has text keys and finite numbers"),
        history: run.history.entries().collect(),
    }
}

/// What repeating a bundle gave.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The run.
    pub run: Run,
    /// The promises it broke, the recorded one first.
    pub broken: Vec<Counterexample>,
    /// Where the run leaves the recorded one; `None` if it is the same, byte for byte.
    pub leaves: Option<Departure>,
    /// Whether the plan went the same way twice now.
    pub steady: bool,
}

/// The first difference between a recorded run and its repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Which entry of the history, counted from 1.
    pub entry: usize,
    /// What was recorded there; `None` if the record had ended.
    pub recorded: Option<String>,
    /// What happens there now; `None` if the run has ended.
    pub now: Option<String>,
}

/// Why a bundle cannot be run again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unplayable {
    /// Its plan is not one of ours.
    #[error("its plan is not readable: {0}")]
    Plan(serde_json::Error),
    /// A time in its plan lies too far away.
    #[error("its plan is longer than ten days")]
    Endless,
    /// It needs a flaw that this core does not have.
    #[error("this core has no flaw {0:?}")]
    Flaw(String),
    /// It was recorded by a test, on a store that only the test knows.
    #[error("it was recorded by the test {0}, which alone can run it, with DYNO_REPLAY=<file>")]
    OfTest(String),
    /// It was recorded on processes, with this seed.
    #[error(
        "it was recorded on a cluster of processes in real time, which no run repeats exactly; dyno hunt --target cluster --seed {0:#018x} runs its plan again"
    )]
    OnCluster(u64),
    /// The target could not be driven.
    #[error(transparent)]
    Undriven(#[from] Undriven),
}

/// What the target of a bundle begins with that a test recorded, before the name of the test.
pub(crate) const OF_TEST: &str = "test ";

/// What the target of a bundle begins with that was recorded on processes.
pub(crate) const ON_CLUSTER: &str = "cluster";

/// What a target is called where it runs as processes.
pub(crate) fn on_cluster(target: Target) -> String {
    let flaw = target.flaw;
    let flaw = flaw.map_or_else(String::new, |flaw| format!(" with {}", flaw.name()));
    format!("{ON_CLUSTER}{flaw}, real time")
}

/// The plan inside a bundle.
///
/// # Errors
/// When it is not a plan of this version.
pub fn plan(bundle: &Bundle) -> Result<Plan, Unplayable> {
    let plan: Plan = serde_json::from_value(bundle.plan.clone()).map_err(Unplayable::Plan)?;
    if plan.is_timely() {
        Ok(plan)
    } else {
        Err(Unplayable::Endless)
    }
}

/// The target that a bundle was recorded on.
///
/// # Errors
/// When this core has no such flaw, and when it was a store of somebody's test.
pub fn target(bundle: &Bundle) -> Result<Target, Unplayable> {
    if let Some(test) = bundle.target.strip_prefix(OF_TEST) {
        return Err(Unplayable::OfTest(test.into()));
    }
    if bundle.target.starts_with(ON_CLUSTER) {
        return Err(Unplayable::OnCluster(bundle.seed));
    }
    let flaw = match &bundle.flaw {
        None => None,
        Some(name) => {
            let flaw = Flaw::ALL.iter().find(|flaw| flaw.name() == name);
            Some(*flaw.ok_or_else(|| Unplayable::Flaw(name.clone()))?)
        }
    };
    Ok(Target { flaw })
}

/// Runs a bundle's plan again, twice, and compares it with what was recorded.
///
/// # Errors
/// When the plan cannot be run on this target.
pub fn replay(bundle: &Bundle, target: Target, budget: Budget) -> Result<Replay, Unplayable> {
    let plan = plan(bundle)?;
    let run = target.run(&plan)?;
    let steady = target.run(&plan)? == run;
    let recorded = bundle.counterexample.as_ref().map(|found| found.promise);
    let mut broken: Vec<Counterexample> = judge(&plan, &run, recorded, budget)
        .into_iter()
        .filter_map(|(_, verdict)| verdict.counterexample().cloned())
        .collect();
    broken.sort_by_key(|found| {
        (
            Some(found.promise) != recorded,
            crate::preset::rank(found.promise),
        )
    });
    let leaves = departure(bundle, &run);
    Ok(Replay {
        run,
        broken,
        leaves,
        steady,
    })
}

pub(crate) fn departure(bundle: &Bundle, run: &Run) -> Option<Departure> {
    let (recorded, now) = (&bundle.history, run.history.entries().collect::<Vec<_>>());
    let said = |entry| serde_json::to_string(entry).expect("an entry has text keys");
    let differs =
        (0..recorded.len().max(now.len())).find(|&index| recorded.get(index) != now.get(index));
    let same_trace = bundle.trace == format!("{:016x}", run.trace);
    // A page that had no room for the history says what it was by its trace alone.
    let differs = differs.filter(|_| !(recorded.is_empty() && same_trace));
    match differs {
        None if same_trace => None,
        None => Some(Departure {
            entry: recorded.len() + 1,
            recorded: Some(format!("trace {}", bundle.trace)),
            now: Some(format!("trace {:016x}", run.trace)),
        }),
        Some(index) => Some(Departure {
            entry: index + 1,
            recorded: recorded.get(index).map(said),
            now: now.get(index).map(said),
        }),
    }
}
