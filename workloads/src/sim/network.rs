//! Which messages arrive, and when.

use checker::Time;

use crate::fault::{Fate, Fault, NodeSet};
use crate::luck::{Key, Luck, Purpose};
use crate::sim::pace::Pace;

const LATENCY: Purpose = Purpose::named("message latency");
const LOSS: Purpose = Purpose::named("message loss");
const OVERTAKING: Purpose = Purpose::named("message overtaking");
const REPETITION: Purpose = Purpose::named("message repetition");
const GAP: Purpose = Purpose::named("message repetition gap");

/// A repeated message arrives again within this many microseconds.
const GAP_US_MAX: u64 = 20_000;

/// The links between replicas. All windows that are open act together.
#[derive(Debug)]
pub(crate) struct Network {
    luck: Luck,
    latency: (u64, u64),
    nodes: u32,
    // How many open windows cut the link, by sender, then receiver.
    cuts: Vec<u32>,
    open: Vec<(u32, Fault)>,
    fates: Vec<(Time, u64, Fate)>,
}

/// When a message arrives, and when it arrives again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Passage {
    pub(crate) at: Time,
    /// In order.
    pub(crate) again: Vec<Time>,
}

impl Network {
    pub(crate) fn new(luck: Luck, nodes: u32, pace: &Pace) -> Self {
        Network {
            luck,
            latency: (pace.message_us_min, pace.message_us_max),
            nodes,
            cuts: vec![0; nodes as usize * nodes as usize],
            open: Vec::new(),
            fates: Vec::new(),
        }
    }

    /// From now on messages have this luck, and no fate that a plan wrote down for one of them.
    pub(crate) fn reseed(&mut self, luck: Luck) {
        self.luck = luck;
        let told = |fault: &Fault| matches!(fault, Fault::Deliver { .. });
        self.open.retain(|(_, fault)| !told(fault));
    }

    /// What chance did to messages so far, in the order they were sent.
    pub(crate) fn fates(&self) -> &[(Time, u64, Fate)] {
        &self.fates
    }

    /// Whether some open window cuts this link.
    pub(crate) fn is_cut(&self, from: u32, to: u32) -> bool {
        self.cuts[(from * self.nodes + to) as usize] > 0
    }

    /// Begins a fault; those that do not concern messages are ignored.
    pub(crate) fn begin(&mut self, window: u32, fault: &Fault) {
        match fault {
            Fault::Cut { side } => self.cut(side, true, |count| *count += 1),
            Fault::CutOneWay { side } => self.cut(side, false, |count| *count += 1),
            Fault::Crash { .. } | Fault::Pause { .. } | Fault::Depart { .. } => {}
            Fault::Lose { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. }
            | Fault::Repeat { .. }
            | Fault::Deliver { .. } => self.open.push((window, fault.clone())),
        }
    }

    /// Ends a fault that was begun.
    pub(crate) fn end(&mut self, window: u32, fault: &Fault) {
        match fault {
            Fault::Cut { side } => self.cut(side, true, |count| *count -= 1),
            Fault::CutOneWay { side } => self.cut(side, false, |count| *count -= 1),
            _ => {
                let same = |open: &(u32, Fault)| open.0 == window && open.1 == *fault;
                if let Some(index) = self.open.iter().position(same) {
                    self.open.remove(index);
                }
            }
        }
    }

    fn cut(&mut self, side: &NodeSet, both_ways: bool, change: impl Fn(&mut u32)) {
        let mut inside = vec![false; self.nodes as usize];
        for node in side {
            inside[(node % self.nodes) as usize] = true;
        }
        for from in 0..self.nodes {
            for to in 0..self.nodes {
                let (out, back) = (inside[from as usize], inside[to as usize]);
                if out != back && (out || both_ways) {
                    change(&mut self.cuts[(from * self.nodes + to) as usize]);
                }
            }
        }
    }

    /// A message sets out from one node to another; `None` if it is lost on the way.
    ///
    /// What chance does to it is written down as a [`Fate`], and a fate from a plan acts by the same
    /// arithmetic: a run repeats exactly when its fates stand in for the windows that drew them.
    pub(crate) fn send(&mut self, now: Time, from: u32, to: u32, message: Key) -> Option<Passage> {
        if self.is_cut(from, to) {
            return None;
        }
        let (min, max) = self.latency;
        let latency = self.luck.mostly_low(message, LATENCY, min, max);
        let arrival = now.0.saturating_add(latency);
        if self.open.is_empty() {
            return Some(Passage {
                at: Time(arrival),
                again: Vec::new(),
            });
        }
        let mut drawn = Draw::default();
        let mut told = Draw::default();
        for (window, fault) in &self.open {
            let key = message.child(u64::from(*window));
            match fault {
                Fault::Lose { percent } => {
                    drawn.lost |= self.luck.percent(key, LOSS, *percent);
                }
                Fault::Delay { by } => drawn.meet(Fate::Late(*by)),
                Fault::Reorder { within } => {
                    drawn.meet(Fate::Late(self.luck.between(key, OVERTAKING, 0, *within)));
                }
                Fault::Repeat { percent } if self.luck.percent(key, REPETITION, *percent) => {
                    drawn.meet(Fate::Twice(self.luck.between(key, GAP, 1, GAP_US_MAX)));
                }
                Fault::Deliver {
                    message: id, fate, ..
                } if *id == message.0 => told.meet(*fate),
                _ => {}
            }
        }
        drawn.record(now, message, &mut self.fates);
        if drawn.lost || told.lost {
            return None;
        }
        let at = arrival.saturating_add(drawn.late).saturating_add(told.late);
        let mut gaps = drawn.gaps;
        gaps.append(&mut told.gaps);
        gaps.sort_unstable();
        let again = gaps
            .iter()
            .map(|gap| Time(at.saturating_add(*gap)))
            .collect();
        Some(Passage {
            at: Time(at),
            again,
        })
    }
}

/// What several windows together do to one message.
#[derive(Debug, Default)]
struct Draw {
    lost: bool,
    late: u64,
    gaps: Vec<u64>,
}

impl Draw {
    fn meet(&mut self, fate: Fate) {
        match fate {
            Fate::Lost => self.lost = true,
            Fate::Late(by) => self.late = self.late.saturating_add(by),
            Fate::Twice(gap) => self.gaps.push(gap),
        }
    }

    fn record(&self, now: Time, message: Key, fates: &mut Vec<(Time, u64, Fate)>) {
        if self.lost {
            fates.push((now, message.0, Fate::Lost));
            return;
        }
        if self.late > 0 {
            fates.push((now, message.0, Fate::Late(self.late)));
        }
        for gap in &self.gaps {
            fates.push((now, message.0, Fate::Twice(*gap)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const M: Key = Key::named("message");

    fn network() -> Network {
        Network::new(Luck::new(1), 3, &Pace::default())
    }

    fn set(nodes: &[u32]) -> NodeSet {
        nodes.iter().copied().collect()
    }

    fn open_links(network: &Network) -> Vec<(u32, u32)> {
        (0..3)
            .flat_map(|from| (0..3).map(move |to| (from, to)))
            .filter(|(from, to)| from != to && !network.is_cut(*from, *to))
            .collect()
    }

    #[test]
    fn a_cut_parts_a_side_from_the_rest_in_both_directions() {
        let mut network = network();
        let cut = Fault::Cut { side: set(&[0]) };
        network.begin(1, &cut);
        assert_eq!(open_links(&network), [(1, 2), (2, 1)]);
        assert_eq!(network.send(Time(0), 0, 1, M), None);
        network.end(1, &cut);
        assert_eq!(open_links(&network).len(), 6);
    }

    #[test]
    fn a_one_way_cut_leaves_the_way_back_open() {
        let mut network = network();
        network.begin(1, &Fault::CutOneWay { side: set(&[0]) });
        assert_eq!(open_links(&network), [(1, 0), (1, 2), (2, 0), (2, 1)]);
    }

    #[test]
    fn node_numbers_wrap_around() {
        let mut network = network();
        network.begin(1, &Fault::Cut { side: set(&[3, 6]) });
        assert_eq!(open_links(&network), [(1, 2), (2, 1)]);
    }

    #[test]
    fn a_link_heals_when_the_last_window_that_cut_it_ends() {
        let mut network = network();
        let left = Fault::Cut { side: set(&[0]) };
        let right = Fault::Cut { side: set(&[1, 2]) };
        network.begin(1, &left);
        network.begin(2, &right);
        network.end(1, &left);
        assert!(network.is_cut(0, 1) && network.is_cut(2, 0));
        network.end(2, &right);
        assert_eq!(open_links(&network).len(), 6);
    }

    #[test]
    fn all_or_no_nodes_on_one_side_cut_nothing() {
        let mut network = network();
        network.begin(1, &Fault::Cut { side: set(&[]) });
        network.begin(
            2,
            &Fault::Cut {
                side: set(&[0, 1, 2]),
            },
        );
        assert_eq!(open_links(&network).len(), 6);
    }

    #[test]
    fn latency_keeps_its_bounds_and_its_luck() {
        let mut network = network();
        for part in 0..500 {
            let message = M.child(part);
            let passage = network.send(Time(1000), 0, 1, message).expect("no fault");
            assert!((1200..=6000).contains(&passage.at.0));
            assert_eq!(network.send(Time(1000), 1, 2, message), Some(passage));
        }
        assert_eq!(network.fates(), []);
    }

    #[test]
    fn losses_are_as_frequent_as_asked_and_windows_add_up() {
        let lost = |windows: &[(u32, u32)]| {
            let mut network = network();
            for (window, percent) in windows {
                network.begin(*window, &Fault::Lose { percent: *percent });
            }
            (0..10_000)
                .filter(|part| network.send(Time(0), 0, 1, M.child(*part)).is_none())
                .count()
        };
        assert!((2_800..3_200).contains(&lost(&[(1, 30)])));
        assert!((4_800..5_400).contains(&lost(&[(1, 30), (2, 30)])));
        assert_eq!(lost(&[(1, 0)]), 0);
        assert_eq!(lost(&[(1, 100)]), 10_000);
    }

    #[test]
    fn delays_add_up_and_end() {
        let mut network = network();
        let plain = network.send(Time(0), 0, 1, M).expect("no fault").at.0;
        let delay = Fault::Delay { by: 700 };
        network.begin(1, &delay);
        network.begin(2, &Fault::Delay { by: 50 });
        let late = network
            .send(Time(0), 0, 1, M)
            .expect("a delay loses nothing");
        assert_eq!(late.at.0, plain + 750);
        assert_eq!(network.fates(), [(Time(0), M.0, Fate::Late(750))]);
        network.end(1, &delay);
        let late = network
            .send(Time(0), 0, 1, M)
            .expect("a delay loses nothing");
        assert_eq!(late.at.0, plain + 50);
    }

    #[test]
    fn a_delay_beyond_the_end_of_time_is_no_panic() {
        let mut network = network();
        network.begin(1, &Fault::Delay { by: u64::MAX });
        network.begin(2, &Fault::Repeat { percent: 100 });
        let passage = network.send(Time(5), 0, 1, M).expect("only late");
        assert_eq!(passage.at, Time(u64::MAX));
    }

    #[test]
    fn fates_stand_in_for_the_windows_that_drew_them() {
        let mut drawing = network();
        drawing.begin(1, &Fault::Lose { percent: 20 });
        drawing.begin(2, &Fault::Reorder { within: 900 });
        drawing.begin(3, &Fault::Repeat { percent: 40 });
        drawing.begin(4, &Fault::Delay { by: 10 });
        drawing.begin(5, &Fault::Repeat { percent: 40 });
        let messages: Vec<Key> = (0..300).map(|part| M.child(part)).collect();
        let drawn: Vec<_> = messages
            .iter()
            .map(|message| drawing.send(Time(7), 0, 1, *message))
            .collect();
        let mut telling = network();
        for (_, message, fate) in drawing.fates() {
            telling.begin(
                9,
                &Fault::Deliver {
                    message: *message,
                    fate: *fate,
                    what: String::new(),
                },
            );
        }
        let told: Vec<_> = messages
            .iter()
            .map(|message| telling.send(Time(7), 0, 1, *message))
            .collect();
        assert_eq!(drawn, told);
        assert_eq!(telling.fates(), []);
        assert!(
            drawn
                .iter()
                .flatten()
                .any(|passage| passage.again.len() == 2)
        );
    }
}
