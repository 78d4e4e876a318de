//! Where a picture says that something went wrong: only what the record shows.

use std::collections::{BTreeMap, BTreeSet};

use super::shown::short;
use super::story::{Story, values};
use super::truth::{Seen, seen};
use crate::history::{OpId, Time};
use crate::kv::KvCall;
use crate::note::{Node, Version};
use crate::report::steps::{Change, What};
use crate::verdict::Promise;

/// Something that went wrong on a node.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) node: Node,
    pub(super) at: Time,
    pub(super) text: String,
    pub(super) step: usize,
    /// Whether the disk changed at that moment.
    pub(super) changes: bool,
}

/// The marks, in the order of time.
pub(super) fn marks(story: &Story) -> Vec<Mark> {
    let mut marks = Vec::new();
    let (lost, known) = (lost(story), seen(story));
    let mut held: BTreeMap<Node, Vec<Version>> = BTreeMap::new();
    let mut once: BTreeSet<(Node, String)> = BTreeSet::new();
    let decided = story.bundle.explanation.as_ref();
    let decided = decided.and_then(|explanation| explanation.decision.as_ref());
    let changes = changes(story);
    // A node that never got anything cannot have been wrong by what another stored at that moment.
    let left_out = decided
        .and_then(|decided| decided.node)
        .is_some_and(|node| changes.iter().all(|(_, change)| change.node != node));
    for (step, change) in changes {
        let before = held
            .insert(change.node, change.versions.clone())
            .unwrap_or_default();
        let (old, new) = (values(&before), values(&change.versions));
        once.extend(old.iter().map(|value| (change.node, (*value).to_owned())));
        let gone = lost
            .as_deref()
            .filter(|lost| old.contains(lost) && !new.contains(lost));
        let back = new.iter().find(|value| {
            is_resurrection(story)
                && !old.contains(*value)
                && once.contains(&(change.node, (**value).to_owned()))
        });
        let is_decided = decided
            .is_some_and(|decided| decided.at == change.at && decided.op.is_none())
            && !left_out;
        let text = if let Some(value) = gone {
            if held.values().any(|held| values(held).contains(value)) {
                format!("{} overwritten", short(value, 16))
            } else {
                format!("last copy of {} gone", short(value, 16))
            }
        } else if let Some(value) = back {
            format!("{} is back", short(value, 16))
        } else if is_decided {
            said(&known, (&old, &new), &change.versions)
        } else {
            continue;
        };
        marks.push(Mark {
            node: change.node,
            at: change.at,
            text,
            step,
            changes: true,
        });
    }
    marks.extend(decision(story, &marks, left_out));
    marks
}

/// The wrong decision, where no change of a disk is marked for it.
fn decision(story: &Story, marks: &[Mark], left_out: bool) -> Option<Mark> {
    let decided = story.bundle.explanation.as_ref()?.decision.as_ref()?;
    let node = decided.node?;
    if marks.iter().any(|mark| mark.at == decided.at) {
        return None;
    }
    let call = decided.op.and_then(|op| story.step_of(op));
    let step = call.or_else(|| step_at(story, decided.at, node))?;
    let writes = |op: &OpId| story.history.op(*op).is_some_and(|op| op.call.writes());
    let text = match &story.steps[step].what {
        What::Call(op) if decided.op == Some(*op) && writes(op) => {
            "acknowledged with too few copies"
        }
        _ if decided.op.is_some() => "answered too early",
        What::Unhint { .. } => "hint dropped",
        _ if left_out => "gets nothing from here on",
        _ => "wrong from here",
    };
    Some(Mark {
        node,
        at: decided.at,
        text: text.into(),
        step,
        changes: false,
    })
}

/// What disks held of the key, one change after the other, each with its step.
fn changes<'s>(story: &'s Story) -> Vec<(usize, &'s Change)> {
    let mut changes: Vec<(usize, &Change)> = Vec::new();
    for (place, step) in story.steps.iter().enumerate() {
        let own = step.changes.iter();
        let own = own.filter(|change| story.is_key(&change.key));
        changes.extend(own.map(|change| (place, change)));
    }
    changes.sort_by_key(|(_, change)| change.at);
    changes
}

/// The step of a moment: of several at one time the one that is about the node.
fn step_at(story: &Story, at: Time, node: Node) -> Option<usize> {
    let last = story.steps.iter().rposition(|step| step.from <= at)?;
    let same = |place: &usize| story.steps[*place].from == story.steps[last].from;
    let mut places = (0..=last).rev().take_while(same);
    let of_node = places.find(|place| match story.steps[*place].what {
        What::Restart(other) | What::Stores(other, _) => other == node,
        What::Hint { holder, .. } | What::Unhint { holder, .. } => holder == node,
        _ => false,
    });
    of_node.or(Some(last))
}

/// What a disk did that was wrong, by what its values had seen; no more than that shows.
fn said(known: &Seen, (old, new): (&BTreeSet<&str>, &BTreeSet<&str>), held: &[Version]) -> String {
    let saw =
        |later: &str, earlier: &str| known.get(later).is_some_and(|seen| seen.contains(earlier));
    let unseen = |value: &&&str| !new.iter().any(|later| saw(later, value));
    if let Some(gone) = old.difference(new).find(unseen) {
        let how = if new.is_empty() {
            "dropped"
        } else {
            "overwritten"
        };
        return format!("{} {how}", short(gone, 16));
    }
    let twice = |value: &&&str| {
        let same = held
            .iter()
            .filter(|version| version.value.as_deref() == Some(**value));
        same.count() > 1
    };
    if let Some(value) = new.iter().find(twice) {
        return format!("{} twice", short(value, 16));
    }
    let pairs = new
        .iter()
        .flat_map(|later| new.iter().map(move |earlier| (later, earlier)));
    match pairs
        .into_iter()
        .find(|(later, earlier)| saw(later, earlier))
    {
        Some((later, earlier)) => format!(
            "{} beside its successor {}",
            short(earlier, 16),
            short(later, 16)
        ),
        None => "wrong from here".into(),
    }
}

fn is_resurrection(story: &Story) -> bool {
    story
        .found
        .is_some_and(|found| found.part.contains("resurrection"))
}

/// The value that must have survived, where the promise is about one.
fn lost(story: &Story) -> Option<String> {
    let found = story.found?;
    if found.promise != Promise::SiblingPreservation || !found.part.contains("lost") {
        return None;
    }
    let ops = found.ops.iter().filter_map(|id| story.history.op(*id));
    let mut puts = ops.filter_map(|op| match &op.call {
        KvCall::Put { value, .. } => Some(value.clone()),
        _ => None,
    });
    puts.next()
}

/// The steps of the marks and of the read that shows the mistake.
pub(super) fn bad(story: &Story) -> BTreeSet<usize> {
    let shows = |op: OpId| story.step_of(op);
    let marks = story.marks.iter().map(|mark| mark.step);
    marks.chain(story.bad_op.and_then(shows)).collect()
}
