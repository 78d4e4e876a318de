//! What each node knew: for each lane with writes how far, and which writes a read ought to explain.

use super::chains::Chains;
use super::path::Step;
use super::trace::{INITIAL, NONE, Node, Trace};
use super::walk::{Conflict, Conflicts, walk};
use crate::verdict::Shortfall;

/// What came of visiting all nodes.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The writes that were in a reader's past and not in that of the write it saw.
    pub(super) conflicts: Vec<Conflict>,
    /// Nodes that saw the initial value with a write of the key in their past, and the write.
    pub(super) initial: Vec<(u32, u32)>,
    /// Nodes that are in their own past, if there are any; what has them in its past was not compared.
    pub(super) circle: Option<Vec<Step>>,
}

/// So many numbers would have to be remembered at a time that memory might not suffice.
#[derive(Debug)]
pub(super) struct Overfull;

/// The writes of each key and lane, and the columns of the lanes that have writes.
#[derive(Debug)]
pub(super) struct Writes {
    pub(super) chains: Chains,
    /// For each lane its column, if any of its nodes writes.
    columns: Vec<u32>,
    width: usize,
    /// How many nodes read from each node or begin a lane after it.
    followers: Vec<u32>,
}

/// How many numbers may be remembered: a gigabyte of them.
const NUMBERS_MAX: usize = 1 << 28;

impl Writes {
    /// Indexes the writes, O(nodes).
    pub(super) fn new(trace: &Trace<'_>) -> Self {
        let mut columns = vec![NONE; trace.lanes() as usize];
        let mut followers = vec![0; trace.nodes.len()];
        let (mut width, mut entries) = (0, Vec::new());
        for (number, node) in trace.nodes.iter().enumerate() {
            if node.writes() {
                let column = &mut columns[node.lane as usize];
                if *column == NONE {
                    *column = width;
                    width += 1;
                }
                entries.push((node.key, *column, number as u32));
            }
            let before = [trace.source(number as u32), trace.lead(number as u32)];
            for before in before.into_iter().flatten() {
                followers[before as usize] += 1;
            }
        }
        Writes {
            chains: Chains::new(trace.keys, width, &entries),
            columns,
            width: width as usize,
            followers,
        }
    }

    /// What visiting this many nodes costs in states: one each, and one for every thousand lanes.
    pub(super) fn states(&self, nodes: u64) -> u64 {
        nodes.saturating_mul(1 + self.width as u64 / 1024)
    }

    /// That memory might not suffice. A write of unknown outcome counts as a process of its own.
    pub(super) fn out_of_memory(&self, trace: &Trace<'_>) -> Shortfall {
        Shortfall::OutOfMemory {
            writers: self.width as u64,
            processes: u64::from(trace.lanes()),
        }
    }
}

/// Visits all nodes and compares what each reader knew with what the write it saw had known.
///
/// O(nodes · (lanes + lanes writing the key)). Conflicts count as a part of the past.
///
/// # Errors
/// When memory might not suffice; a matter of the history alone.
pub(super) fn pasts(
    trace: &Trace<'_>,
    writes: &Writes,
    conflicts: &Conflicts,
    within: Option<&[u32]>,
    watched: impl Fn(u32) -> bool,
) -> Result<Found, Overfull> {
    let width = writes.width.next_multiple_of(4);
    if width.saturating_mul(trace.lanes() as usize) > NUMBERS_MAX {
        return Err(Overfull);
    }
    let mut needed = writes.followers.clone();
    for conflict in conflicts.all() {
        needed[conflict.before as usize] += 1;
    }
    let mut pasts = Pasts {
        trace,
        writes,
        conflicts,
        width,
        lanes: vec![0; width * trace.lanes() as usize],
        needed,
        slots: vec![NONE; trace.nodes.len()],
        free: Vec::new(),
        kept: Vec::new(),
        visited: vec![0; writes.chains.len()],
        latest: vec![0; writes.chains.len()],
        found: Found::default(),
        full: false,
    };
    let walked = walk(trace, conflicts, within, |node| {
        if !pasts.full {
            pasts.visit(node, watched(node));
        }
    });
    if pasts.full {
        return Err(Overfull);
    }
    pasts.found.circle = walked.err();
    Ok(pasts.found)
}

struct Pasts<'t, 'h> {
    trace: &'t Trace<'h>,
    writes: &'t Writes,
    conflicts: &'t Conflicts,
    width: usize,
    /// For each lane and column, how many nodes of the column's lane are in its past, itself included.
    lanes: Vec<u32>,
    /// How many nodes still ask for the past of each node.
    needed: Vec<u32>,
    /// Where the past of each node is kept.
    slots: Vec<u32>,
    free: Vec<u32>,
    kept: Vec<u32>,
    /// How many nodes of each chain of writes were visited.
    visited: Vec<u32>,
    /// For each chain how many nodes of its lane there are up to the last of those.
    latest: Vec<u32>,
    found: Found,
    full: bool,
}

impl Pasts<'_, '_> {
    fn visit(&mut self, number: u32, watched: bool) {
        let node = *self.trace.node(number);
        self.join(number, &node);
        if watched && node.reads() {
            self.compare(number, &node);
        }
        let before = [self.trace.source(number), self.trace.lead(number)];
        for before in before.into_iter().flatten() {
            self.release(before);
        }
        for conflict in self.conflicts.of(number) {
            self.release(conflict.before);
        }
        let column = self.writes.columns[node.lane as usize];
        let lane = node.lane as usize * self.width;
        if column != NONE {
            self.lanes[lane + column as usize] = node.seat + 1;
        }
        if node.writes() {
            let chain = self.writes.chains.find(node.key, column);
            let chain = chain.expect("every write is in a chain");
            self.visited[chain] += 1;
            self.latest[chain] = node.seat + 1;
        }
        if self.needed[number as usize] > 0 {
            self.keep(number, lane);
        }
    }

    /// Adds to the past of the lane what comes from elsewhere.
    fn join(&mut self, number: u32, node: &Node) {
        let (from, width) = (node.lane as usize * self.width, self.width);
        let mine = &mut self.lanes[from..from + width];
        let direct = [self.trace.source(number), self.trace.lead(number)];
        let direct = direct.into_iter().flatten();
        let conflicts = self.conflicts.of(number).iter().map(|one| one.before);
        for before in direct.chain(conflicts) {
            let slot = self.slots[before as usize] as usize * width;
            for (mine, theirs) in mine.iter_mut().zip(&self.kept[slot..slot + width]) {
                *mine = (*mine).max(*theirs);
            }
        }
    }

    fn keep(&mut self, number: u32, lane: usize) {
        let slot = self.free.pop().unwrap_or_else(|| {
            let next = (self.kept.len() / self.width.max(1)) as u32;
            self.kept.resize(self.kept.len() + self.width, 0);
            next
        });
        self.full |= self.kept.len() > NUMBERS_MAX;
        self.slots[number as usize] = slot;
        let slot = slot as usize * self.width;
        self.kept[slot..slot + self.width].copy_from_slice(&self.lanes[lane..lane + self.width]);
    }

    fn release(&mut self, before: u32) {
        let needed = &mut self.needed[before as usize];
        *needed -= 1;
        if *needed == 0 {
            self.free.push(self.slots[before as usize]);
        }
    }

    /// Looks for writes of the key in the reader's past that are not in that of the write it saw.
    fn compare(&mut self, number: u32, node: &Node) {
        let lane = node.lane as usize * self.width;
        let past = &self.lanes[lane..lane + self.width];
        let chains = &self.writes.chains;
        let seen = (node.source != INITIAL).then(|| {
            let slot = self.slots[node.source as usize] as usize * self.width;
            &self.kept[slot..slot + self.width]
        });
        let range = chains.of(node.key);
        let latest = self.latest[range.clone()].iter();
        for ((chain, &column), &latest) in range.clone().zip(chains.groups(range)).zip(latest) {
            let column = column as usize;
            let since = seen.map_or(0, |seen| seen[column]);
            // Most writes are known to what was seen.
            if latest <= since || past[column] <= since {
                continue;
            }
            let visited = &chains.nodes(chain)[..self.visited[chain] as usize];
            let known = |&write: &u32| self.trace.node(write).seat < past[column];
            let before = match visited.partition_point(known).checked_sub(1) {
                Some(last) if self.trace.node(visited[last]).seat >= since => visited[last],
                Some(_) | None => continue,
            };
            if node.source == INITIAL {
                self.found.initial.push((number, before));
            } else {
                self.found.conflicts.push(Conflict {
                    after: node.source,
                    before,
                    reader: number,
                });
            }
        }
    }
}
