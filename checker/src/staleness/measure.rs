//! Versions and time that each read is behind, and the age of what it does not see.

use std::fmt;

use super::quantiles::Quantiles;
use crate::history::History;
use crate::kv::Kv;
use crate::order::{Course, Order, Reading, Status, Watch, Written, survey};

/// How stale the reads of a history were.
///
/// A read is behind by the writes of its key that had been acknowledged before it began and that it does
/// not cover. Times are in the unit of the history's clock, and no better than that clock: one that stamps
/// calls before they leave and answers after they arrive never makes a read look staler than it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staleness {
    /// Reads of keys whose values are unique.
    pub reads: u64,
    /// Reads that began after a write of their key had been acknowledged: others cannot be stale.
    pub exposed: u64,
    /// How many acknowledged writes each exposed read was behind.
    pub versions: Quantiles,
    /// For each stale read how long before it the oldest write that it does not cover was acknowledged.
    pub time: Quantiles,
    /// For every acknowledged write that a read does not cover, how long before the read it was
    /// acknowledged.
    pub unseen_age: Quantiles,
    /// Keys that were left out because values repeat.
    pub keys_left_out: u64,
}

impl Staleness {
    /// How many reads did not cover something that had been acknowledged before they began.
    pub fn stale(&self) -> u64 {
        self.time.count() as u64
    }

    /// The share of stale reads among those that could be; none if there were none.
    pub fn stale_fraction(&self) -> Option<f64> {
        (self.exposed > 0).then(|| self.stale() as f64 / self.exposed as f64)
    }
}

impl fmt::Display for Staleness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(fraction) = self.stale_fraction() else {
            return write!(f, "staleness: no read began after an acknowledged write");
        };
        writeln!(
            f,
            "stale reads: {} of {} ({:.2} %)",
            self.stale(),
            self.exposed,
            100.0 * fraction
        )?;
        let mut line = |name: &str, of: &Quantiles| {
            writeln!(
                f,
                "{name}: median {}, 99 % {}, 99.9 % {}, at most {}",
                of.at(500),
                of.at(990),
                of.at(999),
                of.max()
            )
        };
        line("versions behind", &self.versions)?;
        line("time behind, where stale", &self.time)?;
        line("age of what was not seen", &self.unseen_age)?;
        write!(
            f,
            "keys left out because values repeat: {}",
            self.keys_left_out
        )
    }
}

/// Measures all reads, O(operations + contexts · log chains + what they do not cover).
pub fn measure(history: &History<Kv>) -> Staleness {
    let mut order = Order::new(history);
    let mut watch = Lag {
        first: vec![None; order.keys.len()],
        ..Lag::default()
    };
    survey(&mut order, &Course::Recorded, &mut [&mut watch]);
    Staleness {
        reads: watch.reads,
        exposed: watch.versions.len() as u64,
        versions: Quantiles::of(watch.versions),
        time: Quantiles::of(watch.time),
        unseen_age: Quantiles::of(watch.ages),
        keys_left_out: order.keys.iter().filter(|key| key.repeats).count() as u64,
    }
}

#[derive(Default)]
struct Lag {
    first: Vec<Option<u64>>,
    reads: u64,
    versions: Vec<u64>,
    time: Vec<u64>,
    ages: Vec<u64>,
}

impl Watch for Lag {
    fn write(&mut self, order: &Order<'_>, written: Written) {
        let write = &order.keys[written.key].writes[written.write];
        if let (Status::Acknowledged, Some(at)) = (write.status, write.returned) {
            let first = self.first[written.key].get_or_insert(at.0);
            *first = at.0.min(*first);
        }
    }

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        if key.repeats {
            return;
        }
        let began = key.reads[reading.read].invoked.0;
        self.reads += 1;
        if self.first[reading.key].is_none_or(|first| first >= began) {
            return;
        }
        let before = self.ages.len();
        let missed = reading.uncovered.iter().map(|&write| &key.writes[write]);
        let missed = missed.filter(|write| write.status == Status::Acknowledged);
        let ages = missed.filter_map(|write| began.checked_sub(write.returned?.0));
        self.ages.extend(ages.filter(|&age| age > 0));
        let ages = &self.ages[before..];
        self.versions.push(ages.len() as u64);
        self.time.extend(ages.iter().max());
    }

    fn done(&self, _: usize) -> bool {
        false
    }
}
