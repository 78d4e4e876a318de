//! When the failure could no longer be avoided: continuations with other luck, moment after moment.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::Kv;
use checker::report::{Doom, Share};
use checker::{History, Line, Note, Time};

use super::LUCKS;
use super::needs::said;
use super::trial::Trial;
use crate::drive::Run;
use crate::plan::Plan;

/// At most this many moments are tried.
const MOMENTS: usize = 16;

/// The share of continuations that fail the same way: from the beginning, after moments on which it
/// changes, and at the end.
///
/// The first and the last moment are tried, then again and again one in the middle of the two neighbours
/// whose shares are furthest apart.
pub(super) fn doom(trial: &mut Trial<'_>, plan: &Plan, run: &Run) -> Vec<Doom> {
    let moments = moments(plan, &run.history);
    let mut tried: BTreeMap<usize, Share> = BTreeMap::new();
    let mut next = Some(0);
    while let Some(index) = next {
        let share = trial.continued(plan, moments[index].0, LUCKS);
        if share.runs < LUCKS {
            break;
        }
        tried.insert(index, share);
        let last = moments.len() - 1;
        next = if tried.len() == 1 && last > 0 {
            Some(last)
        } else {
            widest(&tried).filter(|_| tried.len() < MOMENTS)
        };
    }
    let end = run
        .history
        .entries()
        .last()
        .map_or(Time(0), |entry| entry.at());
    let at_last = trial.continued(plan, Time(end.0.saturating_add(1)), 1);
    let doom = tried.into_iter().map(|(index, share)| {
        let (at, what) = &moments[index];
        Doom {
            at: Time(at.0.saturating_sub(1)),
            what: what.clone(),
            share,
        }
    });
    let end = Doom {
        at: end,
        what: String::new(),
        share: at_last,
    };
    doom.chain((at_last.runs > 0).then_some(end)).collect()
}

/// A moment between the two neighbours that are furthest apart; the later two of several.
fn widest(tried: &BTreeMap<usize, Share>) -> Option<usize> {
    let known: Vec<(usize, Share)> = tried
        .iter()
        .map(|(index, share)| (*index, *share))
        .collect();
    let gaps = known.windows(2).filter(|pair| pair[0].0 + 1 < pair[1].0);
    let gaps = gaps.map(|pair| {
        let apart = pair[0].1.fails.abs_diff(pair[1].1.fails);
        (
            apart,
            pair[1].0 - pair[0].0,
            usize::midpoint(pair[0].0, pair[1].0),
        )
    });
    let widest = gaps.filter(|(apart, ..)| *apart > 0).max();
    widest.map(|(.., middle)| middle)
}

/// The moments just after something happened, with what: at the beginning nothing has.
fn moments(plan: &Plan, history: &History<Kv>) -> Vec<(Time, String)> {
    let mut all: BTreeMap<Time, String> = BTreeMap::from([(Time(0), "the beginning".into())]);
    let mut seen = BTreeSet::new();
    for line in history.lines() {
        let (at, what) = match line {
            Line::Invoke(op) => {
                let mut steps = plan.steps.iter();
                let step = steps.find(|step| u64::from(step.id) == op.id.0);
                let Some(step) = step else { continue };
                (op.invoked, said(step))
            }
            Line::Return(..) => continue,
            Line::Note(_, Note::Quiet) => break,
            Line::Note(at, note) => match happened(note) {
                Some(what) => (at, what),
                None => continue,
            },
        };
        // What happened before as it happens now tells nothing new.
        if seen.insert(what.clone()) {
            all.entry(Time(at.0 + 1)).or_insert(what);
        }
    }
    all.into_iter().collect()
}

fn happened(note: &Note) -> Option<String> {
    Some(match note {
        Note::Fault { what, begins: true } => what.clone(),
        Note::Fault { what, .. } => format!("over: {what}"),
        Note::Restart(node) => format!("{node} restarts"),
        Note::Durable {
            node,
            key,
            versions,
        } => {
            let values = versions
                .iter()
                .map(|one| one.value.as_deref().unwrap_or("a tombstone"));
            let values: Vec<&str> = values.collect();
            format!("{node} holds {} of {key}", values.join(" "))
        }
        Note::Hint {
            holder, owner, key, ..
        } => format!("{holder} keeps {key} for {owner}"),
        Note::HintDropped { holder, owner, key } => {
            format!("{holder} drops its hint of {key} for {owner}")
        }
        Note::Healed => "all faults have ended".into(),
        _ => return None,
    })
}
