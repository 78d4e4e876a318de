//! The first entry at which the evidence so far already contradicts the truth.

use std::collections::BTreeSet;

use super::{Decision, answer, disks, past, prefix};
use crate::causality::ClockCausality;
use crate::convergence;
use crate::handoff::{self, HandoffDelivery};
use crate::history::{Entry, History, Line};
use crate::kv::Kv;
use crate::network::Beside;
use crate::note::{Node, Note, Version};
use crate::verdict::{Counterexample, Promise};

/// What shows of a history cut off somewhere.
type Judge = fn(&History<Kv>, usize) -> Option<Counterexample>;

/// A contradiction with its line, and whether it speaks of an operation of the counterexample.
pub(super) struct Shown {
    pub(super) line: usize,
    pub(super) decision: Decision,
    pub(super) of_it: bool,
}

/// The earliest contradiction of any kind before the store counts as mended: of one that speaks of the
/// counterexample's operations, else of any. What else the same line contradicts becomes a fact.
pub(super) fn done(
    history: &History<Kv>,
    found: &Counterexample,
    beside: Beside<'_>,
) -> Option<Decision> {
    // Whoever tells of roots has looked inside, so a disk of which nothing is told holds nothing.
    let disk = |(_, note): (_, &Note)| {
        matches!(
            note,
            Note::Durable { .. } | Note::Hint { .. } | Note::Root { .. }
        )
    };
    if !history.notes().any(disk) {
        return None;
    }
    let quiet = |line: Line<'_, Kv>| matches!(line, Line::Note(_, Note::Quiet));
    let end = history.lines().position(quiet);
    let end = end.unwrap_or_else(|| history.lines().len());
    let judges: &[Judge] = if forgets(history) {
        &[clocks, states]
    } else {
        &[clocks, states, hints]
    };
    let judged = judges.iter().filter_map(|judge| {
        let (line, shown) = first(history, end, *judge)?;
        decision(history, line, &shown, found)
    });
    let mut all: Vec<Shown> = judged.collect();
    if !forgets(history) {
        all.extend(acknowledged(history, found, beside));
    }
    all.extend(past::shortened(history, end));
    let replaced = disks::replaced(history, end, &found.ops);
    if found.promise == Promise::ClockCausality {
        all.extend(replaced);
    } else {
        all.splice(0..0, replaced);
    }
    let rank = |shown: &Shown| (!shown.of_it, shown.line);
    let best = all.iter().map(rank).min()?;
    let mut same: Vec<Shown> = all
        .into_iter()
        .filter(|shown| rank(shown) == best)
        .collect();
    // Of several that are told of one line, one that names a node comes first.
    same.sort_by_key(|shown| shown.decision.node.is_none());
    let mut same = same.into_iter();
    let mut decision = same.next()?.decision;
    for other in same {
        decision.facts.push(other.decision.sentence);
        decision.facts.extend(other.decision.facts);
    }
    let mut seen = BTreeSet::new();
    let sentence = decision.sentence.clone();
    decision
        .facts
        .retain(|fact| *fact != sentence && seen.insert(fact.clone()));
    Some(decision)
}

/// The first write that was acknowledged with too few copies: one of the counterexample's, else any.
fn acknowledged(
    history: &History<Kv>,
    found: &Counterexample,
    beside: Beside<'_>,
) -> Option<Shown> {
    let whole = history.lines().len();
    let of_it = prefix::acknowledging(history, &found.ops);
    let of_it = of_it.as_ref().and_then(handoff::too_few_copies);
    let shown = of_it.or_else(|| handoff::too_few_copies(history))?;
    let id = *shown.ops.first()?;
    let ends = |line: Line<'_, Kv>| matches!(line, Line::Return(op, _) if op.id == id);
    let line = history
        .lines()
        .position(ends)
        .filter(|line| *line < whole)?
        + 1;
    let plain = decision(history, line, &shown, found)?;
    let told = answer::acknowledged(history, id, &shown, beside);
    Some(match told {
        Some(mut told) => {
            told.facts.splice(0..0, plain.decision.facts);
            Shown {
                decision: told,
                ..plain
            }
        }
        None => plain,
    })
}

/// Whether acknowledged writes may be on no disk at all: then nothing is promised of hints and copies.
fn forgets(history: &History<Kv>) -> bool {
    let mut notes = history.notes();
    notes.any(|(_, note)| matches!(note, Note::Setup(setup) if setup.may_lose && setup.may_revive))
}

fn clocks(history: &History<Kv>, lines: usize) -> Option<Counterexample> {
    // Truth comes from the calls, so all of them count, whenever a disk was seen.
    let part = prefix::noted_until(history, lines)?;
    let findings = ClockCausality.findings(&part);
    // A circle of calls has no moment on a disk.
    findings.into_iter().find(|found| found.part != "circular")
}

fn hints(history: &History<Kv>, lines: usize) -> Option<Counterexample> {
    let part = prefix::until(history, lines)?;
    HandoffDelivery.findings(&part).into_iter().next()
}

fn states(history: &History<Kv>, lines: usize) -> Option<Counterexample> {
    convergence::states_differ(&prefix::until(history, lines)?)
}

/// The first line at whose end the judge finds something, and what: by halving over the instants, for
/// within one instant nobody knows what came first.
fn first(history: &History<Kv>, end: usize, judge: Judge) -> Option<(usize, Counterexample)> {
    let times: Vec<u64> = history
        .entries()
        .take(end)
        .map(|entry| entry.at().0)
        .collect();
    let last = |line: usize| line + 1 == times.len() || times[line] != times[line + 1];
    let instants: Vec<usize> = (0..times.len()).filter(|&line| last(line)).collect();
    judge(history, end)?;
    let (mut low, mut high) = (0, instants.len().checked_sub(1)?);
    while low < high {
        let middle = usize::midpoint(low, high);
        if judge(history, instants[middle] + 1).is_some() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let until = instants[low] + 1;
    let found = judge(history, until)?;
    let since = low.checked_sub(1).map_or(0, |before| instants[before] + 1);
    // From this line of the instant on it shows, whatever else comes within the instant.
    let line = (since + 1..=until).rev();
    let line = line.take_while(|&lines| judge(history, lines).is_some());
    Some((line.last().unwrap_or(until), found))
}

/// Who did what on this line; `None` if nobody did anything there.
fn decision(
    history: &History<Kv>,
    line: usize,
    shown: &Counterexample,
    found: &Counterexample,
) -> Option<Shown> {
    let entry = history.entries().nth(line - 1)?;
    let mut facts: Vec<String> = shown
        .reasons
        .iter()
        .map(|reason| reason.text.clone())
        .collect();
    let node = match &entry {
        Entry::Invoke { .. } => return None,
        Entry::Return { .. } => None,
        Entry::Note { note, .. } => {
            let holder = blamed(note)?;
            match (holder, minter(history, line, note)) {
                (Some(holder), Some(minter))
                    if shown.promise == Promise::ClockCausality && minter != holder =>
                {
                    facts.push(format!(
                        "the event is one of {minter}; it was first seen on {holder}"
                    ));
                    Some(minter)
                }
                _ => holder,
            }
        }
    };
    Some(Shown {
        line,
        of_it: shown.ops.iter().any(|op| found.ops.contains(op)),
        decision: Decision {
            at: entry.at(),
            node,
            op: None,
            sentence: shown.sentence.clone(),
            facts,
        },
    })
}

/// The node after whom the only event is named that no disk had shown before this line.
fn minter(history: &History<Kv>, line: usize, note: &Note) -> Option<Node> {
    let before: Vec<&Version> = history
        .lines()
        .take(line - 1)
        .filter_map(|line| match line {
            Line::Note(_, note) => Some(versions(note)),
            _ => None,
        })
        .flatten()
        .collect();
    let dot = |version: &Version| version.clock.as_ref().map(|clock| clock.dot.clone());
    let same = |one: &Version, two: &Version| one.value == two.value && dot(one) == dot(two);
    let known = |version: &Version| before.iter().any(|before| same(before, version));
    let fresh = versions(note).iter().filter(|one| !known(one));
    let mut actors = fresh.filter_map(|one| one.clock.as_ref().map(|clock| &clock.dot.0));
    let actor = actors.next()?;
    let nodes = history.notes().find_map(|(_, note)| match note {
        Note::Setup(setup) => Some(setup.nodes),
        _ => None,
    });
    let named = (0..nodes?)
        .map(Node)
        .find(|node| node.to_string() == *actor);
    named.filter(|_| actors.all(|other| other == actor))
}

pub(super) fn versions(note: &Note) -> &[Version] {
    match note {
        Note::Durable { versions, .. } | Note::Hint { versions, .. } => versions,
        _ => &[],
    }
}

/// Whose doing a note tells of; the inner `None` where that is not said, the outer where it is nobody's.
#[expect(clippy::option_option, reason = "two different things are not known")]
fn blamed(note: &Note) -> Option<Option<Node>> {
    match note {
        Note::Durable { node, .. }
        | Note::Context { node, .. }
        | Note::Served { node, .. }
        | Note::Restart(node)
        | Note::Hint { holder: node, .. }
        | Note::HintDropped { holder: node, .. }
        | Note::Transfer { to: node, .. } => Some(Some(*node)),
        Note::Counted { .. } => Some(None),
        _ => None,
    }
}
