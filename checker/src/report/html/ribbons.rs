//! What each replica held and kept for others, from when to when, and when it was down.

use std::collections::BTreeMap;

use super::story::Story;
use crate::history::{History, Time};
use crate::kv::Kv;
use crate::note::{Node, Note, Version};
use crate::report::steps::What;

/// What the disk of a node holds of the key, from one moment to another.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) node: Node,
    pub(super) from: Time,
    /// `None` for the end of the history.
    pub(super) until: Option<Time>,
    pub(super) versions: Vec<Version>,
    /// The step it belongs to, by its place.
    pub(super) step: usize,
}

/// What a node keeps for another.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    pub(super) holder: Node,
    pub(super) owner: Node,
    pub(super) from: Time,
    pub(super) until: Option<Time>,
    pub(super) versions: Vec<Version>,
    pub(super) step: usize,
}

/// A node that does not run.
#[derive(Clone, Debug)]
pub(super) struct Down {
    pub(super) node: Node,
    pub(super) from: Time,
    pub(super) until: Option<Time>,
}

/// The ribbons of the key. What changed in steps that are not told is told with the next that is.
pub(super) fn segments(story: &Story) -> Vec<Segment> {
    let mut all: Vec<Segment> = Vec::new();
    let mut open: BTreeMap<Node, usize> = BTreeMap::new();
    let mut untold: BTreeMap<Node, Vec<Version>> = BTreeMap::new();
    let mut shown = story.shown.iter().copied().peekable();
    for (place, step) in story.steps.iter().enumerate() {
        let told = shown.next_if_eq(&place).is_some();
        let mut changes: Vec<(Time, Node, Vec<Version>)> = Vec::new();
        if told {
            let late = std::mem::take(&mut untold);
            changes.extend(late.into_iter().map(|(node, held)| (step.from, node, held)));
        }
        for change in step
            .changes
            .iter()
            .filter(|change| story.is_key(&change.key))
        {
            if told {
                changes.push((change.at, change.node, change.versions.clone()));
            } else {
                untold.insert(change.node, change.versions.clone());
            }
        }
        for (from, node, versions) in changes {
            if let Some(before) = open.insert(node, all.len()) {
                all[before].until = Some(from);
            }
            all.push(Segment {
                node,
                from,
                until: None,
                versions,
                step: place,
            });
        }
    }
    // A step told late may be of an earlier moment than a change before it.
    all.retain(|segment| segment.until.is_none_or(|until| until > segment.from));
    all
}

/// The hints of the key that the steps tell of.
pub(super) fn hints(story: &Story) -> Vec<Hint> {
    let mut all: Vec<Hint> = Vec::new();
    for &place in &story.shown {
        let step = &story.steps[place];
        let (holder, owner, key) = match &step.what {
            What::Hint {
                holder, owner, key, ..
            }
            | What::Unhint {
                holder, owner, key, ..
            } => (*holder, *owner, key),
            _ => continue,
        };
        if !story.is_key(key) {
            continue;
        }
        let mut open = all.iter_mut().rev();
        let open = open.find(|hint| (hint.holder, hint.owner, hint.until) == (holder, owner, None));
        if let Some(open) = open {
            open.until = Some(step.from);
        }
        if let What::Hint { versions, .. } = &step.what
            && !versions.is_empty()
        {
            all.push(Hint {
                holder,
                owner,
                from: step.from,
                until: None,
                versions: versions.clone(),
                step: place,
            });
        }
    }
    all
}

/// Crashes that are drawn; a minimized run has a few.
const DOWNS: usize = 200;

/// When nodes were down.
pub(super) fn downs(history: &History<Kv>) -> Vec<Down> {
    let mut all: Vec<Down> = Vec::new();
    for (at, note) in history.notes() {
        match note {
            Note::Crash(node) => all.push(Down {
                node: *node,
                from: at,
                until: None,
            }),
            Note::Restart(node) => {
                let mut open = all.iter_mut().rev();
                if let Some(down) = open.find(|down| down.node == *node && down.until.is_none()) {
                    down.until = Some(at);
                }
            }
            _ => {}
        }
    }
    all.truncate(DOWNS);
    all
}
