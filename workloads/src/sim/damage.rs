//! What windows do to one node: its disk, its clock, its pace.

use std::collections::BTreeSet;

use checker::note::{Node, Note};

use crate::fault::Fault;
use crate::luck::{Key, Purpose};
use crate::replica::Disk;
use crate::sim::deployment::Deployment;
use crate::sim::event::Event;
use crate::sim::world::Sim;

const ROT: Key = Key::named("rot");
const ROTS: Purpose = Purpose::named("a record rots");
const BIT: Purpose = Purpose::named("which bit rots");
const STRAY: Key = Key::named("stray write");
const STRAYS: Purpose = Purpose::named("a write strays");
const PLACE: Purpose = Purpose::named("where it lands");

impl<D: Deployment> Sim<D> {
    /// Begins a fault that strikes one node, called by its number. Others are ignored.
    pub(crate) fn strike(&mut self, window: u32, fault: &Fault) {
        match *fault {
            Fault::Crash { node } => self.crash(node),
            Fault::Pause { node } => self.pause(node),
            Fault::Depart { node } => self.depart(node),
            Fault::Slow { node, by } => self.seats[node as usize].slow.push((window, by)),
            Fault::Clock { node, ahead, drift } => {
                let clock = &mut self.seats[node as usize].clock;
                clock.begin(self.now, window, (ahead, drift));
                self.rearm(node);
            }
            Fault::Stall { node } => self.seats[node as usize].stalls += 1,
            Fault::Scramble { node } => self.seats[node as usize].scrambles += 1,
            Fault::Wipe { node } => {
                self.crash(node);
                self.replace(node, &Disk::new());
            }
            Fault::Restore { node } | Fault::Misdirect { node, .. } => {
                let backup = self.seats[node as usize].platter.disk();
                self.backups.push((window, backup));
            }
            _ => {}
        }
    }

    /// Ends such a fault.
    pub(crate) fn relieve(&mut self, window: u32, fault: &Fault) {
        match *fault {
            Fault::Crash { node } | Fault::Wipe { node } => self.restart(node),
            Fault::Pause { node } => self.unpause(node),
            Fault::Depart { node } => self.rejoin(node),
            Fault::Slow { node, .. } => {
                let slow = &mut self.seats[node as usize].slow;
                if let Some(index) = slow.iter().position(|(of, _)| *of == window) {
                    slow.remove(index);
                }
            }
            Fault::Clock { node, .. } => {
                self.seats[node as usize].clock.end(self.now, window);
                self.rearm(node);
            }
            Fault::Stall { node } => self.unstall(node),
            Fault::Scramble { node } => self.seats[node as usize].scrambles -= 1,
            Fault::Rot { node, percent } => {
                self.crash(node);
                let rotten = self.rotten(window, node, percent);
                self.replace(node, &rotten);
                self.restart(node);
            }
            Fault::Misdirect { node, percent } => {
                let taken = self.backups.iter().position(|(of, _)| *of == window);
                if let Some((_, before)) = taken.map(|index| self.backups.remove(index)) {
                    self.crash(node);
                    let astray = self.astray(window, (node, percent), &before);
                    self.replace(node, &astray);
                    self.restart(node);
                }
            }
            Fault::Restore { node } => {
                let taken = self.backups.iter().position(|(of, _)| *of == window);
                if let Some((_, backup)) = taken.map(|index| self.backups.remove(index)) {
                    self.crash(node);
                    self.replace(node, &backup);
                    self.restart(node);
                }
            }
            _ => {}
        }
    }

    /// What waited for the disk becomes durable, in order.
    fn unstall(&mut self, node: u32) {
        let seat = &mut self.seats[node as usize];
        seat.stalls -= 1;
        if seat.stalls > 0 {
            return;
        }
        let epoch = seat.epoch;
        for _ in 0..std::mem::take(&mut seat.stalled) {
            self.queue.add(self.now, Event::Synced { node, epoch });
        }
    }

    /// The disk with one bit wrong in some records.
    fn rotten(&self, window: u32, node: u32, percent: u32) -> Disk {
        let mut disk = self.seats[node as usize].platter.disk();
        for (record, value) in &mut disk {
            let key = of_record(ROT, window, record);
            if !value.is_empty() && self.luck.percent(key, ROTS, percent) {
                let bits = value.len() as u64 * 8;
                let bit = self.luck.between(key, BIT, 0, bits - 1);
                value[(bit / 8) as usize] ^= 1 << (bit % 8);
            }
        }
        disk
    }

    /// The disk with some of what was written since `before` at the places of other records.
    fn astray(&self, window: u32, (node, percent): (u32, u32), before: &Disk) -> Disk {
        let now = self.seats[node as usize].platter.disk();
        let stray = |(record, value): &(&Vec<u8>, &Vec<u8>)| {
            let key = of_record(STRAY, window, record);
            before.get(*record) != Some(*value) && self.luck.percent(key, STRAYS, percent)
        };
        let strays: Vec<(&Vec<u8>, &Vec<u8>)> = now.iter().filter(stray).collect();
        let mut disk = now.clone();
        if now.len() < 2 {
            return disk;
        }
        for (record, _) in &strays {
            match before.get(*record) {
                Some(old) => disk.insert((*record).clone(), old.clone()),
                None => disk.remove(*record),
            };
        }
        // What lands comes last: a checksum that knows its place shows it.
        for (record, value) in strays {
            let key = of_record(STRAY, window, record);
            let nth = self.luck.between(key, PLACE, 0, now.len() as u64 - 2) as usize;
            let place = now.keys().filter(|other| *other != record).nth(nth);
            disk.extend(place.map(|place| (place.clone(), value.clone())));
        }
        disk
    }

    /// The disk of the node, which is down, now holds exactly this.
    fn replace(&mut self, node: u32, disk: &Disk) {
        let seat = &mut self.seats[node as usize];
        seat.platter.replace(disk, &mut self.trace, &mut self.notes);
        seat.platter.changes.clear();
        let lines = seat.platter.lines();
        self.relearn(node, lines);
        self.publish();
    }

    /// The disk of the node says something else of the members than before: what all disks say.
    ///
    /// Owners are named again, as after any change: who was informed may be so no longer.
    fn relearn(&mut self, node: u32, lines: BTreeSet<Vec<u8>>) {
        let Some(all) = self.admin.relearn(node, lines) else {
            return;
        };
        let layout = self.deployment.layout(&all);
        let (owners, informed) = self.admin.follow(layout, all);
        self.notes.extend(owners);
        let informed = informed.into_iter().map(|node| Note::Informed(Node(node)));
        self.notes.extend(informed);
    }
}

/// The root of a record's luck.
fn of_record(root: Key, window: u32, record: &[u8]) -> Key {
    let root = root.child(u64::from(window));
    let bytes = record.iter();
    bytes.fold(root, |key, &byte| key.child(u64::from(byte)))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::fault::Window;
    use crate::sim::toy::{copies, durable, get, notes, outcome, play, put, toys, window};
    use crate::subject::{Ask, Happening};

    fn run(asks: &[(u64, Ask)], windows: &[Window]) -> Vec<Happening> {
        play(&mut toys(1), asks, windows)
    }

    fn values(happenings: &[Happening], on: u32, of: &str) -> Vec<String> {
        let durable = durable(happenings, on, of).into_iter();
        durable.map(|(_, value)| value).collect()
    }

    #[test]
    fn a_wiped_node_comes_back_with_an_empty_disk() {
        let asks = [
            put(0, 1, 0, "x", "a"),
            get(40, 2, 0, "x"),
            get(90, 3, 0, "x"),
            get(90, 4, 1, "x"),
        ];
        let happenings = run(&asks, &[window(1, 30, 60, Fault::Wipe { node: 0 })]);
        assert_eq!(outcome(&happenings, 2).1, "fail");
        assert_eq!(outcome(&happenings, 3).1, "");
        assert_eq!(outcome(&happenings, 4).1, "a");
        assert_eq!(values(&happenings, 0, "x"), ["a", ""]);
        let words: Vec<&Note> = notes(&happenings)
            .into_iter()
            .map(|(_, note)| note)
            .collect();
        let crash = words.iter().position(|note| **note == Note::Crash(Node(0)));
        let gone = words
            .iter()
            .position(|note| matches!(note, Note::Durable { versions, .. } if versions.is_empty()));
        assert!(crash.is_some() && crash < gone, "{words:?}");
    }

    #[test]
    fn rot_garbles_records_and_restarts_the_node_at_the_end() {
        let asks: Vec<_> = (0..40)
            .map(|op| put(op, op, 0, &format!("k{op}"), "value"))
            .collect();
        let changed = |percent| {
            let rot = Fault::Rot { node: 0, percent };
            let happenings = run(&asks, &[window(1, 50, 80, rot)]);
            let rotten = |op: &u64| {
                let kept = durable(&happenings, 0, &format!("k{op}"));
                kept.last()
                    .is_some_and(|(at, value)| *at == 80_000 && value != "value")
            };
            let restarts = notes(&happenings);
            let restarted = restarts
                .iter()
                .any(|(_, note)| **note == Note::Restart(Node(0)));
            assert!(restarted);
            (0..40).filter(rotten).count()
        };
        assert_eq!((changed(0), changed(100)), (0, 40));
        assert!((8..32).contains(&changed(50)));
    }

    #[test]
    fn a_write_that_strays_leaves_its_place_as_it_was_and_lands_at_another() {
        let mut asks = vec![put(0, 1, 0, "x", "old")];
        asks.extend((10..40).map(|op| put(op, op, 0, &format!("k{op}"), "early")));
        asks.push(put(100, 2, 0, "x", "new"));
        let after = |percent| {
            let stray = Fault::Misdirect { node: 0, percent };
            let happenings = run(&asks, &[window(1, 80, 140, stray)]);
            let last = |of: &str| values(&happenings, 0, of).last().cloned();
            let early = |op: &u64| last(&format!("k{op}")).as_deref() != Some("early");
            (last("x"), (10..40).filter(early).count())
        };
        assert_eq!(after(0), (Some("new".into()), 0));
        // What was written before the window stays, but where something lands.
        assert_eq!(after(100), (Some("old".into()), 1));
    }

    #[test]
    fn an_old_disk_is_what_it_was_when_the_window_opened() {
        let asks = [
            put(0, 1, 0, "x", "a"),
            put(30, 2, 0, "x", "b"),
            put(30, 3, 0, "y", "c"),
            get(90, 4, 0, "x"),
            get(90, 5, 0, "y"),
        ];
        let happenings = run(&asks, &[window(1, 20, 60, Fault::Restore { node: 0 })]);
        assert_eq!(outcome(&happenings, 4).1, "a");
        assert_eq!(outcome(&happenings, 5).1, "");
        assert_eq!(values(&happenings, 0, "x"), ["a", "b", "a"]);
    }

    #[test]
    fn nothing_becomes_durable_on_a_stalled_disk_until_the_end() {
        let asks = [
            put(10, 1, 0, "x", "a"),
            put(12, 2, 0, "x", "b"),
            put(15, 3, 1, "y", "c"),
        ];
        let stall = window(1, 5, 400, Fault::Stall { node: 0 });
        let happenings = run(&asks, std::slice::from_ref(&stall));
        for op in [1, 2] {
            let (at, word) = outcome(&happenings, op);
            assert_eq!((at >= 400_000, word.as_str()), (true, "stored"));
        }
        assert!(outcome(&happenings, 3).0 < 20_000);
        assert_eq!(values(&happenings, 0, "x"), ["a", "b"]);
        // A crash in between takes what had waited.
        let crash = window(2, 100, 200, Fault::Crash { node: 0 });
        let happenings = run(&asks, &[stall, crash]);
        assert_eq!(outcome(&happenings, 1), (100_000, "unknown".into()));
        assert!(values(&happenings, 0, "x").len() <= 2);
    }

    #[test]
    fn a_slow_node_does_one_thing_after_the_other_and_its_backlog_has_an_end() {
        let asks: Vec<_> = (0..4).map(|op| get(10, op, 0, "x")).collect();
        let slow = Fault::Slow {
            node: 0,
            by: 30_000,
        };
        let happenings = run(&asks, &[window(1, 0, 20, slow)]);
        let mut ends: Vec<u64> = (0..4)
            .map(|op| outcome(&happenings, op).0 / 1_000)
            .collect();
        ends.sort_unstable();
        assert!(ends[0] >= 40 && ends[1] >= 70 && ends[2] >= 100 && ends[3] >= 130);
        let many: Vec<_> = (0..60).map(|op| get(10, op, 0, "x")).collect();
        let slow = Fault::Slow {
            node: 0,
            by: 30_000,
        };
        let happenings = run(&many, &[window(1, 0, 900, slow)]);
        assert!((0..60).all(|op| outcome(&happenings, op).0 < 520_000));
    }

    #[test]
    fn a_fast_clock_wakes_its_node_early_and_a_slow_one_late() {
        let pings = |drift| {
            let clock = Fault::Clock {
                node: 0,
                ahead: 0,
                drift,
            };
            let mut sim = toys(1);
            // The toy of this key pings when its clock has gone on by ten milliseconds.
            play(
                &mut sim,
                &[get(0, 1, 0, "x")],
                &[window(1, 0, 1_000, clock)],
            );
            sim.events()
        };
        let (slow, right, fast) = (pings(-900_000), pings(0), pings(4_000_000));
        assert!(slow < right && right < fast, "{slow} {right} {fast}");
    }

    #[test]
    fn a_scrambled_tail_keeps_later_stores_without_earlier_ones_and_tears_some() {
        let mut seen = BTreeSet::new();
        for seed in 0..300 {
            let asks: Vec<_> = (0..3)
                .map(|op| put(10, op, 0, &format!("k{op}"), "whole"))
                .collect();
            let stall = window(1, 0, 900, Fault::Stall { node: 0 });
            let scramble = window(2, 0, 900, Fault::Scramble { node: 0 });
            let crash = window(3, 40, 60, Fault::Crash { node: 0 });
            let windows = [stall, scramble, crash];
            let happenings = play(&mut toys(seed), &asks, &windows);
            let left = |op| values(&happenings, 0, &format!("k{op}")).last().cloned();
            seen.insert(
                [left(0), left(1), left(2)].map(|value| match value.as_deref() {
                    None => "none",
                    Some("whole") => "whole",
                    Some(_) => "torn",
                }),
            );
        }
        assert!(seen.contains(&["none", "whole", "none"]), "{seen:?}");
        assert!(seen.contains(&["torn", "none", "whole"]), "{seen:?}");
        assert_eq!(seen.len(), 27);
    }

    #[test]
    fn what_a_clogged_link_held_arrives_after_the_end() {
        let (first, second) = (
            window(1, 10, 200, Fault::Clog),
            window(2, 15, 300, Fault::Clog),
        );
        let happenings = run(&[put(20, 1, 0, "x", "a")], &[first, second]);
        let arrived = copies(&happenings, "x");
        assert_eq!(arrived.len(), 2);
        assert!(
            arrived
                .iter()
                .all(|(at, _)| (300_200..305_001).contains(at))
        );
    }
}
