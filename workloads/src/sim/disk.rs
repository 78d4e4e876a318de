//! One node's disk: what is durable, what is not yet, and the evidence of every change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use checker::Time;
use checker::note::{Node, Note};

use crate::luck::{Key, Luck, Purpose};
use crate::replica::{Disk, Holding, Reader};
use crate::sim::evidence::{Slot, entered, left};
use crate::sim::trace::Trace;

const SURVIVAL: Purpose = Purpose::named("unsynced store survives a crash");

/// The chance in percent that a store which was not yet durable reached the disk before a crash, if
/// all stores before it did.
const SURVIVAL_PERCENT: u32 = 40;

const TEAR: Purpose = Purpose::named("unsynced store is torn");

/// The chance in percent that a part of a store survives a crash of a disk that scrambles, if not all does.
const TEAR_PERCENT: u32 = 30;

const TORN_AT: Purpose = Purpose::named("where an unsynced store is torn");

/// What a crash leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// The first stores, whole.
    Prefix,
    /// Any of the stores, and of others some records, the last of them torn.
    Scrambled,
}

/// Records and their new values, as a node issued them together.
pub(crate) type Writes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Durable records and a tail of stores that are not.
#[derive(Debug)]
pub(crate) struct Platter {
    node: Node,
    reader: Reader,
    records: BTreeMap<Vec<u8>, Kept>,
    tail: VecDeque<Pending>,
    busy_until: Time,
    /// Lines of membership history that became durable and were not looked at yet.
    pub(crate) changes: Vec<Vec<u8>>,
}

/// A durable record. Whose it is was decoded when it was written, and is not decoded again.
#[derive(Debug)]
struct Kept {
    value: Vec<u8>,
    slot: Option<Slot>,
}

#[derive(Debug)]
struct Pending {
    ticket: u64,
    key: Key,
    writes: Writes,
}

impl Platter {
    pub(crate) fn new(node: u32, reader: Reader) -> Self {
        Platter {
            node: Node(node),
            reader,
            records: BTreeMap::new(),
            tail: VecDeque::new(),
            busy_until: Time(0),
            changes: Vec::new(),
        }
    }

    /// Takes a store; returns when it will be durable, never before an earlier one.
    pub(crate) fn store(&mut self, earliest: Time, ticket: u64, key: Key, writes: Writes) -> Time {
        self.tail.push_back(Pending {
            ticket,
            key,
            writes,
        });
        self.busy_until = self.busy_until.max(earliest);
        self.busy_until
    }

    /// The oldest store becomes durable; returns its ticket and key.
    pub(crate) fn sync(&mut self, trace: &mut Trace, out: &mut Vec<Note>) -> Option<(u64, Key)> {
        let pending = self.tail.pop_front()?;
        self.apply(pending.writes, trace, out);
        Some((pending.ticket, pending.key))
    }

    /// The tail is lost, but for the stores that happened to reach the disk.
    pub(crate) fn crash(&mut self, tail: Tail, luck: Luck, trace: &mut Trace, out: &mut Vec<Note>) {
        while let Some(pending) = self.tail.pop_front() {
            if luck.percent(pending.key, SURVIVAL, SURVIVAL_PERCENT) {
                self.apply(pending.writes, trace, out);
            } else if tail == Tail::Prefix {
                break;
            } else if luck.percent(pending.key, TEAR, TEAR_PERCENT) {
                self.apply(torn(pending, luck), trace, out);
            }
        }
        self.tail.clear();
        self.busy_until = Time(0);
    }

    /// From now on the disk holds exactly these records.
    pub(crate) fn replace(&mut self, disk: &Disk, trace: &mut Trace, out: &mut Vec<Note>) {
        let gone = self
            .records
            .keys()
            .filter(|record| !disk.contains_key(*record));
        let gone: Writes = gone.map(|record| (record.clone(), None)).collect();
        let kept = disk.iter();
        let kept = kept.map(|(record, value)| (record.clone(), Some(value.clone())));
        self.apply(gone.into_iter().chain(kept).collect(), trace, out);
    }

    /// The lines of membership history that it holds.
    pub(crate) fn lines(&self) -> BTreeSet<Vec<u8>> {
        let held = self.records.iter();
        let held = held.filter_map(|(record, kept)| (self.reader)(record, &kept.value));
        let lines = held.filter_map(|holding| match holding {
            Holding::Change(line) => Some(line),
            _ => None,
        });
        lines.collect()
    }

    /// A copy of the durable records, for a node that starts. Linear in their size.
    pub(crate) fn disk(&self) -> Disk {
        self.records
            .iter()
            .map(|(record, kept)| (record.clone(), kept.value.clone()))
            .collect()
    }

    fn apply(&mut self, writes: Writes, trace: &mut Trace, out: &mut Vec<Note>) {
        for (record, value) in writes {
            trace.bytes(&record);
            trace.bytes(value.as_deref().unwrap_or_default());
            self.write(record, value, out);
        }
    }

    fn write(&mut self, record: Vec<u8>, value: Option<Vec<u8>>, out: &mut Vec<Note>) {
        let Some(value) = value else {
            let before = self.records.remove(&record).and_then(|kept| kept.slot);
            out.extend(before.map(|before| left(self.node, before)));
            return;
        };
        let kept = self.records.get_mut(&record);
        if kept.as_ref().is_some_and(|kept| kept.value == value) {
            return;
        }
        let holding = (self.reader)(&record, &value);
        let same = |slot: &Slot| holding.as_ref().is_some_and(|now| slot.is_of(now));
        if let Some(kept) = kept {
            kept.value = value;
            if !kept.slot.as_ref().is_some_and(same) {
                let slot = holding.as_ref().and_then(Slot::of);
                let before = std::mem::replace(&mut kept.slot, slot);
                out.extend(before.map(|before| left(self.node, before)));
            }
        } else {
            let slot = holding.as_ref().and_then(Slot::of);
            self.records.insert(record, Kept { value, slot });
        }
        match holding {
            Some(Holding::Change(line)) => self.changes.push(line),
            holding => out.extend(holding.and_then(|holding| entered(self.node, holding))),
        }
    }
}

/// The first records of a store, the last of them cut off.
fn torn(pending: Pending, luck: Luck) -> Writes {
    let mut writes = pending.writes;
    let last = (writes.len() as u64).saturating_sub(1);
    let whole = luck.between(pending.key, TORN_AT, 0, last) as usize;
    writes.truncate(whole + 1);
    if let Some((_, Some(value))) = writes.last_mut() {
        value.truncate(value.len() / 2);
    }
    writes
}

#[cfg(test)]
mod tests {
    use checker::note::Version;

    use super::*;

    /// Records of the test: `data KEY` and anything else; values: `versions`, or `hint OWNER KEY V`.
    fn reader(record: &[u8], value: &[u8]) -> Option<Holding> {
        let record = std::str::from_utf8(record).ok()?;
        let value = std::str::from_utf8(value).ok()?;
        let versions = |text: &str| {
            let version = |value: &str| Version {
                value: Some(value.into()),
                clock: None,
            };
            text.split('+').map(version).collect()
        };
        if let Some(key) = record.strip_prefix("data ") {
            return Some(Holding::Data {
                key: key.into(),
                versions: versions(value),
            });
        }
        let mut words = value.strip_prefix("hint ")?.split(' ');
        Some(Holding::Hint {
            owner: words.next()?.parse().ok()?,
            key: words.next()?.into(),
            versions: versions(words.next()?),
        })
    }

    fn label(note: &Note) -> String {
        let values = |versions: &[Version]| {
            let values: Vec<_> = versions.iter().filter_map(|v| v.value.clone()).collect();
            values.join("+")
        };
        match note {
            Note::Durable { key, versions, .. } => format!("{key}={}", values(versions)),
            Note::Hint {
                owner,
                key,
                versions,
                ..
            } => format!("{owner}:{key}={}", values(versions)),
            Note::HintDropped { owner, key, .. } => format!("-{owner}:{key}"),
            other => format!("{other:?}"),
        }
    }

    /// Makes each write durable in its own store; returns the evidence.
    fn evidence(writes: &[(&str, Option<&str>)]) -> Vec<String> {
        let mut platter = Platter::new(2, reader);
        let mut out = Vec::new();
        for (record, value) in writes {
            platter.store(Time(0), 0, Key(0), write(record, *value));
            platter.sync(&mut Trace::new(), &mut out);
        }
        out.iter().map(label).collect()
    }

    fn write(record: &str, value: Option<&str>) -> Writes {
        vec![(record.into(), value.map(Into::into))]
    }

    #[test]
    fn evidence_says_what_the_disk_now_holds_and_only_when_that_changed() {
        assert_eq!(
            evidence(&[
                ("data x", Some("a")),
                ("data x", Some("a")),
                ("data x", Some("a+b")),
                ("data x", None),
                ("data x", None),
                ("sequence", Some("7")),
            ]),
            ["x=a", "x=a+b", "x="]
        );
    }

    #[test]
    fn a_hint_is_dropped_when_its_slot_is_removed_or_taken_by_another() {
        assert_eq!(
            evidence(&[
                ("slot", Some("hint 0 x a")),
                ("slot", Some("hint 0 x a+b")),
                ("slot", Some("hint 1 x a")),
                ("slot", Some("hint 1 y a")),
                ("slot", None),
            ]),
            [
                "n0:x=a", "n0:x=a+b", "-n0:x", "n1:x=a", "-n1:x", "n1:y=a", "-n1:y"
            ]
        );
    }

    #[test]
    fn a_hint_that_becomes_unreadable_is_dropped() {
        assert_eq!(
            evidence(&[("slot", Some("hint 0 x a")), ("slot", Some("garbage"))]),
            ["n0:x=a", "-n0:x"]
        );
    }

    #[test]
    fn stores_become_durable_in_the_order_they_were_issued() {
        let mut platter = Platter::new(0, reader);
        assert_eq!(
            platter.store(Time(90), 1, Key(1), write("a", None)),
            Time(90)
        );
        assert_eq!(
            platter.store(Time(40), 2, Key(2), write("b", None)),
            Time(90)
        );
        let mut sync = || platter.sync(&mut Trace::new(), &mut Vec::new());
        assert_eq!(sync(), Some((1, Key(1))));
        assert_eq!(sync(), Some((2, Key(2))));
        assert_eq!(sync(), None);
    }

    #[test]
    fn a_crash_keeps_what_is_durable_and_a_prefix_of_the_rest() {
        let mut survivors = [0; 4];
        for run in 0..400 {
            let mut platter = Platter::new(0, reader);
            platter.store(Time(0), 0, Key(0), write("data x", Some("old")));
            platter.sync(&mut Trace::new(), &mut Vec::new());
            for (part, value) in [(1, "a"), (2, "b"), (3, "c")] {
                platter.store(
                    Time(0),
                    part,
                    Key(run).child(part),
                    write("data x", Some(value)),
                );
            }
            let mut out = Vec::new();
            platter.crash(Tail::Prefix, Luck::new(1), &mut Trace::new(), &mut out);
            let noted: Vec<_> = out.iter().map(label).collect();
            assert_eq!(noted, ["x=a", "x=b", "x=c"][..noted.len()]);
            let last = ["old", "a", "b", "c"][noted.len()];
            assert_eq!(platter.disk()[&b"data x"[..]], last.as_bytes());
            assert_eq!(platter.sync(&mut Trace::new(), &mut out), None);
            survivors[noted.len()] += 1;
        }
        assert!(survivors.iter().all(|count| *count > 10), "{survivors:?}");
    }
}
