//! What goes wrong in a run beside the usual: links, clocks, disks, slow nodes, messages of one class.

use std::collections::BTreeSet;

use checker::Time;

use super::dice::Dice;
use super::nemesis::window;
use crate::fault::{Fault, Link, NodeSet, Scope, Window};
use crate::plan::{Shape, Step};

/// How many kinds there are, apart from those that strike disks for good.
const KINDS: u64 = 11;

/// Classes of messages that a fault may aim at: what copies, what asks, what answers, what hands over
/// hints, what mends, what compares trees, what tells of members, what moves between owners.
const CLASSES: [&[&str]; 8] = [
    &["replicate"],
    &["forward", "fetch"],
    &["replicated", "fetched", "forwarded"],
    &["hint", "hint-ack"],
    &["repair"],
    &["sync-roots", "sync-nodes", "sync-states"],
    &["gossip", "gossip-ack", "history"],
    &["offer", "confirm", "claim", "keys", "keys-ack", "not-yet"],
];

/// The chance in percent that a disk is lost, or some of its records, in a run in which one may be.
const LOSSES_PERCENT: u64 = 15;

/// Up to four windows, each seed with some kinds only.
pub(super) fn windows(seed: u64, shape: Shape, steps: &[Step], departs: bool) -> Vec<Window> {
    let nemesis = Nemesis {
        dice: Dice::new(seed, "rarer nemesis"),
        nodes: shape.nodes,
        steps,
    };
    let dice = nemesis.dice;
    let kinds: Vec<u64> = (0..KINDS)
        .filter(|&kind| dice.percent("kind", kind, 30))
        .collect();
    let mut windows = Vec::new();
    if !kinds.is_empty() {
        for nth in 0..dice.within("windows", 0, 0, 4) {
            let last = kinds.len() as u64 - 1;
            let kind = kinds[dice.within("which", nth, 0, last) as usize];
            windows.extend(nemesis.windows(kind, nth));
        }
    }
    // Fewer losses than copies lose nothing, unless copies are on the move.
    if shape.w >= 2 && !departs && dice.percent("loses a disk", 0, LOSSES_PERCENT) {
        windows.extend(nemesis.losses());
    }
    windows
}

struct Nemesis<'s> {
    dice: Dice,
    nodes: u32,
    steps: &'s [Step],
}

impl Nemesis<'_> {
    fn node(&self, question: &str, nth: u64) -> u32 {
        let last = u64::from(self.nodes) - 1;
        self.dice.within(question, nth, 0, last) as u32
    }

    /// A window of this fault, begun at random or just after a call.
    fn window(&self, nth: u64, fault: Fault) -> Window {
        let dice = &self.dice;
        let last = self.steps.len() as u64 - 1;
        let from = if dice.percent("aimed", nth, 50) {
            let step = dice.within("aimed at", nth, 0, last);
            self.steps[step as usize].at.0 + dice.within("after", nth, 0, 4_000)
        } else {
            let end = self.steps.last().map_or(0, |step| step.at.0);
            dice.within("from", nth, 0, end)
        };
        let longest = [80_000, 300_000, 1_200_000][dice.within("span", nth, 0, 2) as usize];
        let until = from + dice.within("until", nth, 20_000, longest);
        window(from, until, fault)
    }

    fn windows(&self, kind: u64, nth: u64) -> Vec<Window> {
        let dice = &self.dice;
        let node = self.node("node", nth);
        let fault = match kind {
            0 => Fault::CutLinks {
                links: self.links(nth),
            },
            1 => return self.flapping(nth),
            2 => Fault::Slow {
                node,
                by: [200, 2_000, 20_000][dice.within("by", nth, 0, 2) as usize],
            },
            3 => self.clock(nth, node),
            4 => return self.stall(nth, node),
            5 => self.aimed(nth, Fault::Clog),
            6 => {
                let gap = dice.within("gap", nth, 500, 20_000);
                let room = dice.within("room", nth, 0, 10);
                self.aimed(nth, Fault::Narrow { gap, room })
            }
            7 => {
                let ranks = dice.within("ranks", nth, 2, 4) as u32;
                let step = [2_000, 10_000, 50_000][dice.within("step", nth, 0, 2) as usize];
                self.aimed(nth, Fault::Rank { ranks, step })
            }
            8 => {
                let percent = dice.within("lose", nth, 30, 100) as u32;
                self.aimed(nth, Fault::Lose { percent })
            }
            9 => {
                let by = dice.within("delay", nth, 5_000, 120_000);
                self.aimed(nth, Fault::Delay { by })
            }
            _ => {
                let percent = dice.within("repeat", nth, 30, 100) as u32;
                self.aimed(nth, Fault::Repeat { percent })
            }
        };
        vec![self.window(nth, fault)]
    }

    /// A fault of messages that strikes those of one class, of one sender or receiver, or both.
    fn aimed(&self, nth: u64, fault: Fault) -> Fault {
        let dice = &self.dice;
        let one = |question| NodeSet::from([self.node(question, nth)]);
        let mut at = Scope::default();
        let how = dice.within("aims by", nth, 0, 5);
        if how <= 3 {
            let class = dice.within("class", nth, 0, CLASSES.len() as u64 - 1);
            let class = CLASSES[class as usize];
            // Who tells two things of one must not rely on the other.
            let one = dice.within("of the class", nth, 0, class.len() as u64 - 1) as usize;
            let alone = dice.percent("one kind", nth, 50);
            let kinds = if alone { &class[one..=one] } else { class };
            at.kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
        }
        match how {
            2 | 4 => at.from = one("sender"),
            3 | 5 => at.to = one("receiver"),
            _ => {}
        }
        Fault::Aimed {
            at,
            fault: Box::new(fault),
        }
    }

    /// Links that leave every node connected to some: a ring of majorities, two halves with a bridge, two
    /// nodes that do not hear each other.
    fn links(&self, nth: u64) -> BTreeSet<Link> {
        let nodes = self.nodes;
        let first = self.node("first", nth);
        let place = |node: u32| (node + nodes - first) % nodes;
        let bridge = nodes / 2;
        let half = |node: u32| (place(node) >= bridge, place(node) == bridge);
        let apart = |from: u32, to: u32| match self.dice.within("links", nth, 0, 3) {
            // Each hears those next to it on a ring, about half of the cluster.
            0 => {
                let distance = place(from).abs_diff(place(to));
                distance.min(nodes - distance) > (nodes / 4).max(1)
            }
            1 => {
                let ((side, bridge), (other, is_bridge)) = (half(from), half(to));
                side != other && !bridge && !is_bridge
            }
            2 => place(from) + place(to) == 1,
            _ => place(from) == 0 && place(to) == 1,
        };
        let all = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
        all.filter(|&(from, to)| from != to && apart(from, to))
            .collect()
    }

    /// A node that is cut off and heard again, several times.
    fn flapping(&self, nth: u64) -> Vec<Window> {
        let side = NodeSet::from([self.node("flaps", nth)]);
        let first = self.window(nth, Fault::Cut { side });
        let period = [8_000, 30_000, 100_000][self.dice.within("period", nth, 0, 2) as usize];
        let times = self.dice.within("times", nth, 2, 5);
        let at = |time: u64| first.from.0 + 2 * period * time;
        let cuts = (0..times).map(|time| Window {
            from: Time(at(time)),
            until: Time(at(time) + period),
            ..first.clone()
        });
        cuts.collect()
    }

    fn clock(&self, nth: u64, node: u32) -> Fault {
        let dice = &self.dice;
        let by = [1_000, 50_000, 400_000][dice.within("ahead", nth, 0, 2) as usize];
        let (ahead, drift) = match dice.within("clock", nth, 0, 3) {
            0 => (by, 0),
            1 => (-by, 0),
            2 => (0, by),
            _ => (0, -by),
        };
        Fault::Clock { node, ahead, drift }
    }

    /// One disk, or some of its records, or what a crash tears of them.
    fn losses(&self) -> Vec<Window> {
        const NTH: u64 = 100;
        let node = self.node("loses", NTH);
        let percent = self.dice.within("rots", NTH, 5, 60) as u32;
        let lost = self.window(
            NTH,
            match self.dice.within("loss", NTH, 0, 3) {
                0 if self.dice.percent("misdirects", NTH, 50) => Fault::Misdirect { node, percent },
                0 | 1 => Fault::Wipe { node },
                2 => Fault::Rot { node, percent },
                _ => Fault::Scramble { node },
            },
        );
        if !matches!(lost.fault, Fault::Scramble { .. }) {
            // What a node makes of the damage is to outlive a crash as well.
            let again = self.dice.percent("crashes again", NTH, 40).then(|| {
                let after = |question, most| self.dice.within(question, NTH, 5_000, most);
                let from = lost.until.0 + after("crashes after", 200_000);
                window(
                    from,
                    from + after("back after", 60_000),
                    Fault::Crash { node },
                )
            });
            return [lost].into_iter().chain(again).collect();
        }
        // Only a crash shows what was scrambled.
        let crash = crash_within(&lost, node);
        vec![lost, crash]
    }

    /// A disk that stalls; mostly its node crashes before it goes on, which shows what was taken for stored.
    fn stall(&self, nth: u64, node: u32) -> Vec<Window> {
        let stall = self.window(nth, Fault::Stall { node });
        let crash = crash_within(&stall, node);
        if self.dice.percent("crashes while stalled", nth, 60) {
            vec![stall, crash]
        } else {
            vec![stall]
        }
    }
}

/// A crash in the second half of a window.
fn crash_within(window: &Window, node: u32) -> Window {
    Window {
        from: Time(window.from.0 + 1 + (window.until.0 - window.from.0) / 2),
        fault: Fault::Crash { node },
        ..window.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::promised::promised_in;

    #[test]
    fn every_kind_comes_up_and_losses_never_take_a_promise_of_versions() {
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        for seed in 0..3_000 {
            let plan = super::super::plan(seed);
            for window in &plan.faults.0 {
                *kinds.entry(window.fault.kind()).or_default() += 1;
            }
            let promised = promised_in(&plan);
            assert!(!promised.may_lose && !promised.may_revive, "seed {seed}");
            let mut names = BTreeSet::new();
            let mut windows = plan.faults.0.iter();
            assert!(windows.all(|window| names.insert(window.id)), "seed {seed}");
        }
        for kind in [
            "cut-links",
            "slow",
            "clock",
            "stall",
            "clog",
            "narrow",
            "rank",
            "wipe",
            "rot",
            "scramble",
        ] {
            assert!(
                kinds.get(kind).copied().unwrap_or(0) >= 20,
                "{kind}: {kinds:?}"
            );
        }
        // It comes in the place of some lost disks only.
        let strays = kinds.get("misdirect").copied().unwrap_or(0);
        assert!(strays >= 8, "{kinds:?}");
    }

    #[test]
    fn some_link_of_every_node_stays_open() {
        for seed in 0..2_000 {
            let plan = super::super::plan(seed);
            let nodes = plan.shape.nodes;
            for window in &plan.faults.0 {
                let Fault::CutLinks { links } = &window.fault else {
                    continue;
                };
                assert!(!links.is_empty() || nodes < 5, "seed {seed}");
                for node in 0..nodes {
                    let open = (0..nodes).any(|to| to != node && !links.contains(&(node, to)));
                    assert!(open, "seed {seed} n{node}");
                }
            }
        }
    }
}
