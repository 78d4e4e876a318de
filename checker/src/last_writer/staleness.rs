//! How stale reads are: measurements of a run, and no verdict.

use std::collections::BTreeMap;
use std::fmt;

use super::chains::Chains;
use super::regular::Writes;
use super::trace::{INITIAL, Kind, Trace};
use crate::history::{History, Time};
use crate::register::{Register, Value};

/// How far reads lagged behind acknowledged writes. Times are in the unit of the history.
///
/// All numbers are bounds from below: a write that overlaps others may stand anywhere among them. Where a
/// value does not tell its write its reads are left out, and where that is the initial one the key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterStaleness {
    /// Reads whose value tells what they saw.
    pub reads: u64,
    /// Reads of which some acknowledged write was certainly newer, and acknowledged before they began.
    pub stale: u64,
    /// How many reads missed certainly how many versions. Zero is among them.
    pub behind: BTreeMap<u64, u64>,
    /// The longest time between a write's acknowledgement and the beginning of a read that missed it.
    pub age_max: u64,
    /// The least time by which the beginning of every read must be moved back to make the history
    /// linearizable (Golab, Li, Shah, PODC 2011). `None` if no time is enough, because a value was read
    /// before it was written or without being written. Registers with a compare-and-set are not part
    /// of it.
    pub delta: Option<u64>,
    /// Keys that were left out, or reads of theirs.
    pub keys_left_out: u64,
}

impl RegisterStaleness {
    /// The share of stale reads; none of none is 0.
    pub fn stale_fraction(&self) -> f64 {
        self.stale as f64 / self.reads.max(1) as f64
    }
}

impl fmt::Display for RegisterStaleness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RegisterStaleness {
            reads,
            stale,
            age_max,
            ..
        } = self;
        let percent = 100.0 * self.stale_fraction();
        write!(f, "{stale} of {reads} reads stale ({percent:.2} %)")?;
        let behind = self.behind.keys().next_back().copied().unwrap_or(0);
        write!(f, ", at least {behind} versions behind")?;
        write!(f, " and {age_max} old at worst; ")?;
        match self.delta {
            Some(0) => write!(f, "linearizable as it is"),
            Some(delta) => write!(f, "linearizable if reads began {delta} earlier"),
            None => write!(f, "linearizable for no delay"),
        }?;
        match self.keys_left_out {
            0 => Ok(()),
            left => write!(f, "; {left} keys left out"),
        }
    }
}

/// Measures how stale the reads of a history are, O(n log n) and log of the longest time times that.
pub fn staleness(history: &History<Register>, initial: &Value) -> RegisterStaleness {
    let trace = Trace::new(history, initial);
    let writes = Writes::new(&trace);
    let mut measured = RegisterStaleness {
        keys_left_out: trace.keys_left_out,
        delta: delta(&trace),
        ..RegisterStaleness::default()
    };
    for (number, node) in trace.nodes.iter().enumerate() {
        if !node.reads() {
            continue;
        }
        let read = number as u32;
        measured.reads += 1;
        let since = match trace.source(read).map(|old| trace.op(old).returned) {
            Some(None) => continue,
            None => None,
            Some(returned) => returned,
        };
        let began = trace.op(read).invoked;
        if let Some(missed) = writes.after(node.key, since, began) {
            measured.stale += 1;
            let acknowledged = trace.op(missed).returned.unwrap_or(began);
            measured.age_max = measured.age_max.max(began.0 - acknowledged.0);
        }
    }
    measured.behind = behind(&trace);
    measured
}

/// How many reads missed certainly how many versions: the acknowledged writes that lie wholly between the
/// acknowledgement of what a read saw and its beginning. O(n log n).
fn behind(trace: &Trace<'_>) -> BTreeMap<u64, u64> {
    let mut entries = Vec::new();
    for (number, node) in trace.nodes.iter().enumerate() {
        if node.kind == Kind::Acknowledged {
            entries.push((node.key, 0, number as u32));
        }
        if node.reads() {
            entries.push((node.key, 1, number as u32));
        }
    }
    let by_key = Chains::new(trace.keys, 2, &entries);
    let mut counts = BTreeMap::new();
    for key in 0..trace.keys {
        let nodes = |group| {
            by_key
                .find(key, group)
                .map_or(&[][..], |chain| by_key.nodes(chain))
        };
        let writes = nodes(0);
        let mut ended: Vec<u32> = (0..writes.len() as u32).collect();
        let returned = |&write: &u32| trace.op(writes[write as usize]).returned;
        ended.sort_by_key(returned);
        let mut reads = nodes(1).to_vec();
        reads.sort_by_key(|&read| trace.op(read).invoked);
        let (mut next, mut counter) = (0, Counter(vec![0; writes.len() + 1]));
        for read in reads {
            let began = trace.op(read).invoked;
            while let Some(&write) = ended
                .get(next)
                .filter(|write| returned(write) < Some(began))
            {
                counter.add(write);
                next += 1;
            }
            let called =
                |since: Time| writes.partition_point(|&write| trace.op(write).invoked <= since);
            let missed = match trace.source(read).map(|old| trace.op(old).returned) {
                None => next as u32,
                Some(None) => 0,
                Some(Some(since)) => next as u32 - counter.below(called(since)),
            };
            *counts.entry(u64::from(missed)).or_insert(0) += 1;
        }
    }
    counts
}

/// Counts numbers below any bound as they are added: a Fenwick tree.
struct Counter(Vec<u32>);

impl Counter {
    fn add(&mut self, number: u32) {
        let mut place = number as usize + 1;
        while place < self.0.len() {
            self.0[place] += 1;
            place += place & place.wrapping_neg();
        }
    }

    fn below(&self, bound: usize) -> u32 {
        let (mut place, mut count) = (bound, 0);
        while place > 0 {
            count += self.0[place];
            place -= place & place.wrapping_neg();
        }
        count
    }
}

/// A value's write and reads: between which times it must have been held.
#[derive(Clone, Copy, Debug)]
struct Zone {
    /// The first end of one of its operations; −1 for the initial value.
    low: i128,
    /// When its write was called; −1 for the initial value.
    wrote: i128,
    /// When its last read was called.
    read: i128,
}

impl Zone {
    /// The last call of one of its operations if reads were called so much earlier.
    fn high(&self, delta: i128) -> i128 {
        self.wrote.max(self.read - delta)
    }
}

/// The least delay that makes every register linearizable.
fn delta(trace: &Trace<'_>) -> Option<u64> {
    if !trace.inventions.is_empty() {
        return None;
    }
    let mut swaps = vec![false; trace.keys as usize];
    for node in &trace.nodes {
        swaps[node.key as usize] |= node.writes() && node.reads();
    }
    // The zone of each write by its node, behind those of the initial values by their keys.
    let initials = trace.keys as usize;
    let mut zones: Vec<Option<Zone>> = vec![None; initials + trace.nodes.len()];
    let mut keys: Vec<Vec<usize>> = (0..initials).map(|key| vec![key]).collect();
    zones[..initials].fill(Some(Zone {
        low: -1,
        wrote: -1,
        read: -1,
    }));
    for (number, node) in trace.nodes.iter().enumerate() {
        if node.writes() {
            let op = trace.op(number as u32);
            keys[node.key as usize].push(initials + number);
            zones[initials + number] = Some(Zone {
                low: op.returned.map_or(i128::MAX, |at| i128::from(at.0)),
                wrote: i128::from(op.invoked.0),
                read: -1,
            });
        }
    }
    for (number, node) in trace.nodes.iter().enumerate() {
        let place = match node.source {
            INITIAL => node.key as usize,
            _ if !node.reads() => continue,
            source => initials + source as usize,
        };
        let op = trace.op(number as u32);
        let zone = zones[place].as_mut().expect("a source is a write");
        zone.read = zone.read.max(i128::from(op.invoked.0));
        zone.low = zone
            .low
            .min(op.returned.map_or(i128::MAX, |at| i128::from(at.0)));
    }
    let mut delta = 0;
    for (key, places) in keys.iter().enumerate() {
        if swaps[key] {
            continue;
        }
        let mut of: Vec<Zone> = places.iter().filter_map(|&place| zones[place]).collect();
        of.sort_by_key(|zone| (zone.low, zone.wrote));
        if of.iter().any(|zone| zone.low < zone.wrote) {
            return None;
        }
        delta = least(&of, delta);
    }
    u64::try_from(delta).ok()
}

/// The least delay from this one on that these zones of one register, sorted by their lows, agree with.
fn least(zones: &[Zone], from: i128) -> i128 {
    if atomic(zones, from) {
        return from;
    }
    // Without the calls of reads no zone reaches forward.
    let (mut bad, mut good) = (
        from,
        zones.iter().map(|zone| zone.read + 1).max().unwrap_or(0),
    );
    while bad + 1 < good {
        let middle = bad + (good - bad) / 2;
        if atomic(zones, middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

/// Whether no two zones that reach forward overlap, and none that reaches backward lies in one of them.
fn atomic(zones: &[Zone], delta: i128) -> bool {
    let mut forward: Vec<(i128, i128)> = Vec::new();
    for zone in zones {
        let high = zone.high(delta);
        if zone.low < high {
            if forward.last().is_some_and(|&(_, last)| zone.low < last) {
                return false;
            }
            forward.push((zone.low, high));
        }
    }
    zones.iter().all(|zone| {
        let high = zone.high(delta);
        if zone.low < high {
            return true;
        }
        let before = forward.partition_point(|&(low, _)| low < high);
        before == 0 || forward[before - 1].1 <= zone.low
    })
}
