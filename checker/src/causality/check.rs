//! The checker of clock causality: cycles first, then events, then what clocks say of each other.

use rustc_hash::FxHashMap;

use super::clocks::{Clocks, Dot, collect};
use super::truth::{Lie, clocked, lies};
use crate::evidence::{Finding, Findings, reason, supersedes};
use crate::graph::{HappensBefore, Link};
use crate::history::{History, OpId};
use crate::kv::Kv;
use crate::note::Clock;
use crate::order::{Key, Order, Status};
use crate::verdict::{Budget, Checker, Counterexample, Promise, Reason, Verdict};

/// Judges the store's clocks by what the clients' contexts prove, and those by each other.
///
/// Happens-before (sessions, reads, contexts) must have no cycle: that can be seen from outside.
/// Where notes show clocks, each write must be one event of its own, and one clock may have seen
/// another's event exactly when its write passed a context that had. Events that no call explains
/// are left out, and so is what a tombstone may have hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockCausality;

const CIRCULAR: usize = 0;
const DUPLICATE_DOT: usize = 1;
const TWO_EVENTS: usize = 2;
const FALSE_ORDER: usize = 3;
const FALSE_CONFLICT: usize = 4;

const PARTS: [&str; 5] = [
    "circular",
    "duplicate dot",
    "two events",
    "false order",
    "false conflict in the clocks",
];

impl ClockCausality {
    /// The first violation of every part that is broken, the gravest first; what [`Checker::check`]
    /// reports is the first of them. As costly as a check.
    pub fn findings(&self, history: &History<Kv>) -> Vec<Counterexample> {
        judge(history).0.all()
    }
}

impl Checker<Kv> for ClockCausality {
    fn promise(&self) -> Promise {
        Promise::ClockCausality
    }

    /// O(operations + contexts · events / 64); needs no budget.
    fn check(&self, history: &History<Kv>, _budget: Budget) -> Verdict {
        verdict(&Order::new(history))
    }
}

/// The verdict on a history that is indexed already.
pub(crate) fn verdict(order: &Order<'_>) -> Verdict {
    let (findings, exercised) = judged(order);
    findings.verdict((!exercised).then(|| {
        "no read, no context and no two clocks of one key to hold against each other".to_string()
    }))
}

/// All findings, and whether there was anything to judge.
pub(super) fn judge(history: &History<Kv>) -> (Findings, bool) {
    judged(&Order::new(history))
}

fn judged(order: &Order<'_>) -> (Findings, bool) {
    let mut findings = Findings::new(Promise::ClockCausality, &PARTS);
    let graph = (!order.goes_forward()).then(|| order.happens_before());
    if let Some(graph) = &graph {
        circular(order, graph, &mut findings);
    }
    let answers = order.keys.iter().flat_map(|key| {
        let answer = |read| key.written(read).len() as u64;
        key.reads.iter().map(answer)
    });
    let reads: u64 = answers.sum();
    let contexts = (0..order.places()).map(|place| order.contexts(place).count() as u64);
    let contexts: u64 = contexts.sum();
    findings.count("values read from a write", reads);
    findings.count("contexts passed", contexts);
    for name in ["clocked writes", "concurrent pairs", "ordered pairs"] {
        findings.count(name, 0);
    }
    let places = graph.map(|graph| {
        let mut places = vec![0; order.places()];
        for (position, place) in graph.order().into_iter().enumerate() {
            places[place] = position;
        }
        places
    });
    let mut pairs = 0;
    for (key, clocks) in order.keys.iter().zip(collect(order)) {
        if key.repeats || clocks.of.iter().all(Vec::is_empty) {
            continue;
        }
        let dots = clocked(&clocks);
        let (before, beside) = key.pairs(|write| dots[write].is_some());
        pairs += before + beside;
        findings.count("clocked writes", dots.iter().flatten().count() as u64);
        findings.count("ordered pairs", before);
        findings.count("concurrent pairs", beside);
        events(order, key, &clocks, &mut findings);
        let mut writes: Vec<usize> = (0..key.writes.len()).collect();
        if let Some(places) = &places {
            writes.sort_by_key(|&write| places[key.writes[write].place]);
        }
        for lie in lies(key, &clocks, &writes) {
            told(order, key, (&clocks, lie), &mut findings);
        }
    }
    (findings, reads + contexts + pairs > 0)
}

fn circular(order: &Order<'_>, graph: &HappensBefore, findings: &mut Findings) {
    let Some(cycle) = graph.cycle() else { return };
    let ops: Vec<OpId> = cycle.iter().map(|&(place, _)| order.op(place).id).collect();
    let future = cycle.iter().any(|&(_, link)| link == Link::Read);
    let mut reasons = steps(order, &cycle, ops[0]);
    reasons.push(reason(
        "each step needs the one before, so none came first",
        &ops,
    ));
    findings.report(CIRCULAR, || Finding {
        sentence: format!(
            "Knowledge went in a circle: {} depends on itself over {} operations.",
            ops[0],
            ops.len()
        ),
        key: None,
        reasons,
        kind: if future {
            "a value was read from the future"
        } else {
            "a context came from the future"
        },
        ops,
    });
}

/// One fact for each link of a path that ends at `last`.
fn steps(order: &Order<'_>, path: &[(usize, Link)], last: OpId) -> Vec<Reason> {
    const SHOWN_MAX: usize = 3;
    let next = path.iter().skip(1).map(|&(place, _)| order.op(place).id);
    let mut facts: Vec<_> = path
        .iter()
        .zip(next.chain([last]))
        .map(|(&(place, link), next)| {
            let op = order.op(place);
            let how = match link {
                Link::Session => format!("{} went on with {next}", op.process),
                Link::Read => format!("{next} returned the value that {} wrote", op.id),
                Link::Context => format!("{next} passed the context that {} returned", op.id),
            };
            reason(format!("{} ({}): {how}", op.id, op.label()), &[op.id, next])
        })
        .collect();
    if facts.len() > SHOWN_MAX {
        let left = facts.split_off(SHOWN_MAX);
        let ops: Vec<OpId> = left.into_iter().flat_map(|fact| fact.ops).collect();
        facts.push(reason("and so on, step by step", &ops));
    }
    facts
}

/// Each write one event, each event one write.
fn events(order: &Order<'_>, key: &Key<'_>, clocks: &Clocks<'_>, findings: &mut Findings) {
    let mut owners: FxHashMap<&Dot, Option<usize>> = FxHashMap::default();
    let known = clocks.of.iter().enumerate();
    let known = known.flat_map(|(write, of)| of.iter().map(move |clock| (Some(write), *clock)));
    for (write, clock) in known.chain(clocks.nameless.iter().map(|clock| (None, *clock))) {
        let other = *owners.entry(&clock.dot).or_insert(write);
        if other == write {
            continue;
        }
        findings.report(DUPLICATE_DOT, || {
            let name = |write: Option<usize>| write.map_or("a tombstone", |one| key.label(one));
            let ops = [other, write].into_iter().flatten();
            let ops: Vec<OpId> = ops.map(|one| order.op(key.writes[one].place).id).collect();
            let (actor, counter) = &clock.dot;
            let carries = |one| {
                reason(
                    format!("a disk held {} under {actor}:{counter}", name(one)),
                    &ops,
                )
            };
            Finding {
                sentence: format!(
                    "Two writes share one event: {} and {} are both {actor}:{counter}.",
                    name(other),
                    name(write)
                ),
                key: Some(key.name.into()),
                reasons: vec![carries(other), carries(write)],
                ops,
                kind: "",
            }
        });
    }
    for (write, of) in clocks.of.iter().enumerate() {
        let again = of.iter().find(|clock| clock.dot != of[0].dot);
        let Some(again) = again else { continue };
        // A client that saw no answer may have sent it twice.
        if key.writes[write].status != Status::Acknowledged {
            continue;
        }
        let op = order.op(key.writes[write].place);
        let dots = [&of[0].dot, &again.dot].map(|(actor, counter)| format!("{actor}:{counter}"));
        findings.report(TWO_EVENTS, || Finding {
            sentence: format!(
                "One write became two events: {} is both {} and {}.",
                key.label(write),
                dots[0],
                dots[1]
            ),
            key: Some(key.name.into()),
            ops: vec![op.id],
            reasons: vec![
                reason(
                    format!("{} ({}) was acknowledged once", op.id, op.label()),
                    &[op.id],
                ),
                reason(
                    format!("disks held it under {} and under {}", dots[0], dots[1]),
                    &[op.id],
                ),
            ],
            kind: "",
        });
    }
}

fn told(
    order: &Order<'_>,
    key: &Key<'_>,
    (clocks, lie): (&Clocks<'_>, Lie),
    findings: &mut Findings,
) {
    let (Lie::Order { below, above } | Lie::Conflict { below, above }) = lie;
    let (low, high) = (key.label(below), key.label(above));
    let places = (key.writes[below].place, key.writes[above].place);
    let ops = vec![order.op(places.0).id, order.op(places.1).id];
    let dot = &clocks.of[below][0].dot;
    let has = |seen: bool| {
        let all = &clocks.of[above];
        let clock = all.iter().find(|clock| clock.saw(dot) == seen);
        reason(
            format!(
                "a disk held {low} as {}:{}, and {high} as {}",
                dot.0,
                dot.1,
                clock.map_or_else(String::new, |clock| shown(clock))
            ),
            &ops,
        )
    };
    match lie {
        Lie::Order { .. } if below == above => findings.report(FALSE_ORDER, || Finding {
            sentence: format!("The clock of {low} claims to have seen {low} before it was made."),
            key: Some(key.name.into()),
            reasons: vec![has(true), reason(format!("{low} was written once"), &ops)],
            ops: ops.clone(),
            kind: "of a write by itself",
        }),
        Lie::Order { .. } => findings.report(FALSE_ORDER, || Finding {
            sentence: format!(
                "The clocks order two writes that are concurrent: {high} claims to have seen {low}."
            ),
            key: Some(key.name.into()),
            reasons: vec![
                has(true),
                reason(
                    format!("no chain of contexts leads from {low} to {high}"),
                    &ops,
                ),
            ],
            ops: ops.clone(),
            kind: "",
        }),
        Lie::Conflict { .. } => findings.report(FALSE_CONFLICT, || {
            let (why, mut all) = supersedes(order, key, below, above);
            let mut reasons = vec![has(false)];
            reasons.extend(why);
            all.extend(&ops);
            Finding {
                sentence: format!(
                    "The clocks say two writes are concurrent, but {high} had seen {low}."
                ),
                key: Some(key.name.into()),
                reasons,
                ops: all,
                kind: "",
            }
        }),
    }
}

fn shown(clock: &Clock) -> String {
    let past: Vec<String> = clock
        .past
        .iter()
        .map(|(actor, counter)| format!("{actor}:{counter}"))
        .collect();
    format!(
        "{}:{} after {{{}}}",
        clock.dot.0,
        clock.dot.1,
        past.join(" ")
    )
}
