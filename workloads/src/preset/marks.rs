//! Rare things that a run must have met now and then, or its fault mix tests nothing.
//!
//! All of them are told from the history, so they mean the same for every store that leaves evidence.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::{Kv, KvCall, KvRet};
use checker::note::{Node, Version};
use checker::{History, Note, Outcome, Time};

use crate::plan::{Call, Plan};

/// A put was acknowledged when fewer than W owners had it on disk: a hint holder made up the quorum.
pub const HINTED_QUORUM: &str = "quorums met by a hint holder";
/// A disk held three or more versions of a key that did not replace one another.
pub const THREE_SIBLINGS: &str = "three siblings on a disk";
/// A hint left a disk after its holder had crashed with it.
pub const HINT_SURVIVED: &str = "hints dropped after their holder crashed";
/// A hint was kept for a node while that node was down.
pub const HINT_FOR_CRASHED: &str = "hints kept for a crashed node";
/// A copy of an older value arrived at a disk that held a tombstone, which stayed.
pub const LATE_FOR_TOMBSTONE: &str = "tombstones that met a late copy";
/// A node wrote to its disk after it had crashed and come back.
pub const RESTARTED: &str = "restarts under load";
/// A disk that was emptied held a key again.
pub const REFILLED: &str = "lost disks filled again";
/// A put with a forged context was refused.
pub const FORGERY_REFUSED: &str = "forged contexts refused";
/// A put that had not been acknowledged was put again.
pub const RETRIED: &str = "puts tried again";
/// A write that was acknowledged, or may have been, while a fault was open.
pub const UNDER_FAULT: &str = "writes while something was wrong";

/// What the usual campaign must have met.
pub const MARKS: [&str; 10] = [
    HINTED_QUORUM,
    THREE_SIBLINGS,
    HINT_SURVIVED,
    HINT_FOR_CRASHED,
    LATE_FOR_TOMBSTONE,
    RESTARTED,
    REFILLED,
    FORGERY_REFUSED,
    RETRIED,
    UNDER_FAULT,
];

/// How often each mark was met in a run, O(notes · log).
pub(super) fn met(plan: &Plan, history: &History<Kv>) -> BTreeMap<&'static str, u64> {
    let mut watch = Watch::default();
    for (at, note) in history.notes() {
        watch.note(at, note);
    }
    let mut met = watch.met;
    let mut count = |mark, times: usize| *met.entry(mark).or_default() += times as u64;
    let disks = Disks::of(history);
    let puts = history.ops().iter().filter(|op| {
        let put = matches!(op.call, KvCall::Put { .. });
        put && op.outcome == Outcome::Ok(KvRet::Stored)
    });
    let hinted = puts.filter(|op| {
        let (KvCall::Put { key, value, .. }, Some(at)) = (&op.call, op.returned) else {
            return false;
        };
        disks.met_by_hint(key, value, at)
    });
    count(HINTED_QUORUM, hinted.count());
    let calls: BTreeMap<u64, &Call> = plan
        .steps
        .iter()
        .map(|step| (u64::from(step.id), &step.call))
        .collect();
    let ops = history.ops().iter();
    let refused = ops.filter(|op| {
        let forged = matches!(calls.get(&op.id.0), Some(Call::PutForged { .. }));
        forged && op.outcome == Outcome::Fail
    });
    count(FORGERY_REFUSED, refused.count());
    let ops = history.ops().iter();
    let retried = ops.filter(|op| matches!(calls.get(&op.id.0), Some(Call::Retry { .. })));
    count(RETRIED, retried.count());
    let open = |at: Time| {
        let mut windows = plan.faults.0.iter();
        windows.any(|window| window.from <= at && at < window.until)
    };
    let ops = history.ops().iter();
    let under =
        ops.filter(|op| op.call.writes() && op.outcome != Outcome::Fail && open(op.invoked));
    count(UNDER_FAULT, under.count());
    met
}

/// What happened to nodes and disks, note by note.
#[derive(Default)]
struct Watch<'h> {
    down: BTreeSet<Node>,
    restarted: BTreeSet<Node>,
    /// Hints on disk, by holder, owner and key: whether the holder has crashed with it.
    hints: BTreeMap<(Node, Node, &'h str), bool>,
    /// Versions on disk, by node and key.
    held: BTreeMap<(Node, &'h str), &'h [Version]>,
    emptied: BTreeSet<(Node, &'h str)>,
    met: BTreeMap<&'static str, u64>,
}

impl<'h> Watch<'h> {
    fn count(&mut self, mark: &'static str) {
        *self.met.entry(mark).or_default() += 1;
    }

    fn note(&mut self, _at: Time, note: &'h Note) {
        match note {
            Note::Crash(node) => {
                self.down.insert(*node);
                for ((holder, ..), crashed) in &mut self.hints {
                    *crashed |= holder == node;
                }
            }
            Note::Restart(node) => {
                self.down.remove(node);
                self.restarted.insert(*node);
            }
            Note::Hint {
                holder, owner, key, ..
            } => {
                if self.down.contains(owner) {
                    self.count(HINT_FOR_CRASHED);
                }
                self.hints.insert((*holder, *owner, key), false);
            }
            Note::HintDropped { holder, owner, key } => {
                let crashed = self.hints.remove(&(*holder, *owner, key.as_str()));
                if crashed == Some(true) && !self.down.contains(holder) {
                    self.count(HINT_SURVIVED);
                }
            }
            Note::Durable {
                node,
                key,
                versions,
            } => self.durable(*node, key, versions),
            Note::Transfer { to, key, .. } => {
                let tombstone = |version: &Version| version.value.is_none();
                let held = self.held.get(&(*to, key.as_str()));
                if held.is_some_and(|held| held.iter().all(tombstone) && !held.is_empty()) {
                    self.count(LATE_FOR_TOMBSTONE);
                }
            }
            _ => {}
        }
    }

    fn durable(&mut self, node: Node, key: &'h str, versions: &'h [Version]) {
        if versions.len() >= 3 {
            self.count(THREE_SIBLINGS);
        }
        if self.restarted.contains(&node) {
            self.count(RESTARTED);
        }
        if versions.is_empty() {
            if self.down.contains(&node) {
                self.emptied.insert((node, key));
            }
            self.held.remove(&(node, key));
        } else {
            if self.emptied.remove(&(node, key)) {
                self.count(REFILLED);
            }
            self.held.insert((node, key), versions);
        }
    }
}

/// When values reached the disks of owners, and hints others.
struct Disks<'h> {
    w: usize,
    /// By key and value: when each disk held it as its own for the first time.
    own: BTreeMap<(&'h str, &'h str), BTreeMap<Node, Time>>,
    /// By key and value: when a hint held it for the first time.
    hinted: BTreeMap<(&'h str, &'h str), Time>,
}

impl<'h> Disks<'h> {
    fn of(history: &'h History<Kv>) -> Self {
        let mut disks = Disks {
            w: 0,
            own: BTreeMap::new(),
            hinted: BTreeMap::new(),
        };
        for (at, note) in history.notes() {
            match note {
                Note::Setup(setup) => disks.w = setup.w as usize,
                Note::Durable {
                    node,
                    key,
                    versions,
                } => {
                    for value in versions
                        .iter()
                        .filter_map(|version| version.value.as_deref())
                    {
                        let held = disks.own.entry((key, value)).or_default();
                        held.entry(*node).or_insert(at);
                    }
                }
                Note::Hint { key, versions, .. } => {
                    for value in versions
                        .iter()
                        .filter_map(|version| version.value.as_deref())
                    {
                        disks.hinted.entry((key, value)).or_insert(at);
                    }
                }
                _ => {}
            }
        }
        disks
    }

    fn met_by_hint(&self, key: &str, value: &str, at: Time) -> bool {
        let own = self.own.get(&(key, value));
        let own = own.map_or(0, |held| held.values().filter(|since| **since < at).count());
        let hinted = self.hinted.get(&(key, value));
        own < self.w && hinted.is_some_and(|since| *since < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;
    use crate::target::Target;

    #[test]
    fn a_few_hundred_runs_meet_every_mark() {
        let mut all: BTreeMap<&str, u64> = BTreeMap::new();
        for seed in 0..600 {
            let plan = load::plan(seed);
            let run = Target::default().run(&plan).expect("it runs");
            for (mark, times) in met(&plan, &run.history) {
                *all.entry(mark).or_default() += times;
            }
        }
        for mark in MARKS {
            assert!(all.get(mark).copied().unwrap_or(0) > 0, "{mark}: {all:?}");
        }
    }

    #[test]
    fn a_calm_run_meets_no_mark_that_takes_a_fault() {
        for seed in 0..20 {
            let mut plan = load::plan(seed);
            plan.faults.0.clear();
            let run = Target::default().run(&plan).expect("it runs");
            let met = met(&plan, &run.history);
            for mark in [
                HINT_SURVIVED,
                HINT_FOR_CRASHED,
                RESTARTED,
                REFILLED,
                UNDER_FAULT,
            ] {
                assert_eq!(met.get(mark).copied().unwrap_or(0), 0, "{mark} in {seed}");
            }
        }
    }
}
