//! All nodes in an order in which each comes after what it depends on, or a circle of dependencies.

use super::path::{Step, Why};
use super::trace::{NONE, Trace};

/// Orders between writes beside those of sessions and reads: a reader saw one write although it came
/// after another, so that other comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Conflict {
    /// The write that was seen.
    pub(super) after: u32,
    /// The write that was not.
    pub(super) before: u32,
    /// The node that saw the one and came after the other.
    pub(super) reader: u32,
}

/// Conflicts, by the write that comes after.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    starts: Vec<u32>,
    all: Vec<Conflict>,
}

impl Conflicts {
    /// Sorts conflicts by their writes, and keeps of each pair the first; O(nodes + conflicts · log).
    pub(super) fn new(trace: &Trace<'_>, mut all: Vec<Conflict>) -> Self {
        if all.is_empty() {
            return Conflicts::default();
        }
        all.sort_unstable();
        all.dedup_by_key(|conflict| (conflict.after, conflict.before));
        let mut starts = vec![0_u32; trace.nodes.len() + 1];
        for conflict in &all {
            starts[conflict.after as usize + 1] += 1;
        }
        for node in 0..trace.nodes.len() {
            starts[node + 1] += starts[node];
        }
        Conflicts { starts, all }
    }

    pub(super) fn all(&self) -> &[Conflict] {
        &self.all
    }

    /// Those that put another write before this one.
    pub(super) fn of(&self, after: u32) -> &[Conflict] {
        match self.starts.get(after as usize..after as usize + 2) {
            Some(&[start, end]) => &self.all[start as usize..end as usize],
            _ => &[],
        }
    }
}

/// Visits every node after the one before it in its session, its source, and the writes that conflicts
/// put before it, and otherwise in the order of calls; O(nodes + conflicts). Of each lane only as many
/// nodes as `within` says.
///
/// # Errors
/// The nodes that depend on each other in a circle, if there is one.
pub(super) fn walk(
    trace: &Trace<'_>,
    conflicts: &Conflicts,
    within: Option<&[u32]>,
    visit: impl FnMut(u32),
) -> Result<(), Vec<Step>> {
    let lanes = trace.lanes() as usize;
    let mut walk = Walk {
        trace,
        conflicts,
        next: vec![0; lanes],
        waits: vec![NONE; lanes],
        waiting: vec![Vec::new(); lanes],
        ready: Vec::new(),
        visit,
    };
    for (node, of) in trace.nodes.iter().enumerate() {
        let ready = walk.waits[of.lane as usize] == NONE;
        if ready && within.is_none_or(|within| of.seat < within[of.lane as usize]) {
            walk.advance(of.lane, node as u32, within);
        }
    }
    match walk.waits.iter().position(|&waits| waits != NONE) {
        Some(lane) => Err(walk.circle(lane)),
        None => Ok(()),
    }
}

struct Walk<'t, 'h, V> {
    trace: &'t Trace<'h>,
    conflicts: &'t Conflicts,
    /// How many nodes of each lane were visited.
    next: Vec<u32>,
    /// The node that each lane waits for.
    waits: Vec<u32>,
    /// The lanes that wait for a node of each lane.
    waiting: Vec<Vec<u32>>,
    /// Lanes that can go on.
    ready: Vec<u32>,
    visit: V,
}

impl<V: FnMut(u32)> Walk<'_, '_, V> {
    /// Goes on with a lane as far as calls up to this node reach, and with the lanes that waited for it.
    fn advance(&mut self, lane: u32, upto: u32, within: Option<&[u32]>) {
        self.ready.push(lane);
        while let Some(lane) = self.ready.pop() {
            let nodes = self.trace.lane(lane);
            let end = within.map_or(nodes.len(), |within| within[lane as usize] as usize);
            while let Some(&node) = nodes[..end].get(self.next[lane as usize] as usize) {
                if node > upto {
                    break;
                }
                if let Some(missing) = self.missing(node) {
                    self.waits[lane as usize] = missing;
                    let of = self.trace.node(missing).lane;
                    self.waiting[of as usize].push(lane);
                    break;
                }
                self.next[lane as usize] += 1;
                (self.visit)(node);
                if self.waiting[lane as usize].is_empty() {
                    continue;
                }
                let (waits, ready) = (&mut self.waits, &mut self.ready);
                self.waiting[lane as usize].retain(|&waiter| {
                    let woken = waits[waiter as usize] == node;
                    if woken {
                        waits[waiter as usize] = NONE;
                        ready.push(waiter);
                    }
                    !woken
                });
            }
        }
    }

    fn visited(&self, node: u32) -> bool {
        let node = self.trace.node(node);
        node.seat < self.next[node.lane as usize]
    }

    /// A node that must be visited before this one and was not.
    fn missing(&self, node: u32) -> Option<u32> {
        let trace = self.trace;
        let direct = trace.source(node).into_iter().chain(trace.lead(node));
        let conflicts = self.conflicts.of(node).iter();
        direct
            .chain(conflicts.map(|conflict| conflict.before))
            .find(|&before| !self.visited(before))
    }

    /// A circle behind a lane that waits: each waits for a node of a lane that waits.
    fn circle(&self, lane: usize) -> Vec<Step> {
        let head = |lane: usize| self.trace.lane(lane as u32)[self.next[lane] as usize];
        let follow = |lane: usize| self.trace.node(self.waits[lane]).lane as usize;
        let mut start = lane;
        for _ in 0..self.next.len() {
            start = follow(start);
        }
        let (mut steps, mut lane) = (Vec::new(), start);
        loop {
            let (from, to) = (self.waits[lane], head(lane));
            let why = if self.trace.source(to) == Some(from) {
                Why::Read
            } else if self.trace.lead(to) == Some(from) {
                Why::Session
            } else {
                let conflict = self.conflicts.of(to).iter().find(|one| one.before == from);
                Why::Conflict(conflict.expect("a node waits for what precedes it").reader)
            };
            steps.push(Step { from, to, why });
            lane = follow(lane);
            let (from_session, to_session) = (head(lane), from);
            if from_session != to_session {
                steps.push(Step {
                    from: from_session,
                    to: to_session,
                    why: Why::Session,
                });
            }
            if lane == start {
                break;
            }
        }
        steps.reverse();
        steps
    }
}
