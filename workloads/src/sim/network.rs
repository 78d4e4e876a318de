//! Which messages arrive, and when.

use std::collections::{BTreeMap, BTreeSet};

use checker::Time;

use crate::fault::{Fate, Fault, Link, NodeSet, REPEAT_US_MAX, Scope};
use crate::luck::{Key, Luck, Purpose};
use crate::sim::pace::Pace;

const LATENCY: Purpose = Purpose::named("message latency");
const LOSS: Purpose = Purpose::named("message loss");
const OVERTAKING: Purpose = Purpose::named("message overtaking");
const REPETITION: Purpose = Purpose::named("message repetition");
const RANK: Purpose = Purpose::named("rank of a link");
const GAP: Purpose = Purpose::named("message repetition gap");

/// The links between replicas. All windows that are open act together.
#[derive(Debug)]
pub(crate) struct Network {
    luck: Luck,
    latency: (u64, u64),
    nodes: u32,
    // How many open windows cut the link, by sender, then receiver.
    cuts: Vec<u32>,
    open: Vec<Open>,
    /// When a link that some window narrows carries the next message.
    carries_at: BTreeMap<(u32, Link), u64>,
    fates: Vec<(Time, u64, Fate)>,
}

/// A fault that strikes messages, of these scopes, while its window is open.
#[derive(Debug)]
struct Open {
    window: u32,
    scopes: Vec<Scope>,
    fault: Fault,
}

impl Open {
    fn holds(&self, (from, to): Link, kind: &str) -> bool {
        let mut scopes = self.scopes.iter();
        scopes.all(|scope| scope.holds(from, to, kind))
    }
}

/// What becomes of a message that sets out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is lost on the way.
    Lost,
    /// It does not set out before this window ends.
    Held(u32),
    /// It arrives.
    Carried(Passage),
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
            carries_at: BTreeMap::new(),
            fates: Vec::new(),
        }
    }

    /// From now on messages have this luck, and no fate that a plan wrote down for one of them.
    pub(crate) fn reseed(&mut self, luck: Luck) {
        self.luck = luck;
        let told = |fault: &Fault| matches!(fault, Fault::Deliver { .. });
        self.open.retain(|open| !told(&open.fault));
    }

    /// What chance did to messages so far, in the order they were sent.
    pub(crate) fn fates(&self) -> &[(Time, u64, Fate)] {
        &self.fates
    }

    /// What chance did so far is of no use any more.
    pub(crate) fn forget_fates(&mut self) {
        self.fates.clear();
    }

    /// Whether some open window cuts this link.
    pub(crate) fn is_cut(&self, from: u32, to: u32) -> bool {
        self.cuts[(from * self.nodes + to) as usize] > 0
    }

    /// Begins a fault, whose nodes are called by their numbers; those that do not concern messages are
    /// ignored.
    pub(crate) fn begin(&mut self, window: u32, fault: &Fault) {
        let (scopes, fault) = aimed(fault);
        match fault {
            Fault::Cut { side } => self.cut(side, true, |count| *count += 1),
            Fault::CutOneWay { side } => self.cut(side, false, |count| *count += 1),
            Fault::CutLinks { links } => self.cut_links(links, |count| *count += 1),
            _ if fault.strikes_messages() || matches!(fault, Fault::Deliver { .. }) => {
                self.open.push(Open {
                    window,
                    scopes,
                    fault: fault.clone(),
                });
            }
            _ => {}
        }
    }

    /// Ends a fault that was begun.
    pub(crate) fn end(&mut self, window: u32, fault: &Fault) {
        let (scopes, fault) = aimed(fault);
        match fault {
            Fault::Cut { side } => self.cut(side, true, |count| *count -= 1),
            Fault::CutOneWay { side } => self.cut(side, false, |count| *count -= 1),
            Fault::CutLinks { links } => self.cut_links(links, |count| *count -= 1),
            _ => {
                let same = |open: &Open| {
                    open.window == window && open.scopes == scopes && open.fault == *fault
                };
                if let Some(index) = self.open.iter().position(same) {
                    self.open.remove(index);
                    self.carries_at.retain(|(of, _), _| *of != window);
                }
            }
        }
    }

    fn cut_links(&mut self, links: &BTreeSet<Link>, change: impl Fn(&mut u32)) {
        for (from, to) in links {
            change(&mut self.cuts[(from * self.nodes + to) as usize]);
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

    /// A message sets out from one node to another.
    ///
    /// What chance does to it is written down as a [`Fate`], and a fate from a plan acts by the same
    /// arithmetic: a run repeats exactly when its fates stand in for the windows that drew them.
    pub(crate) fn send(&mut self, now: Time, link: Link, kind: &str, message: Key) -> Sent {
        let (from, to) = link;
        if self.is_cut(from, to) {
            return Sent::Lost;
        }
        let arrival = now.0.saturating_add(self.latency(message));
        if self.open.is_empty() {
            return Sent::Carried(Passage {
                at: Time(arrival),
                again: Vec::new(),
            });
        }
        if let Some(window) = self.clogged(link, kind) {
            return Sent::Held(window);
        }
        let (drawn, mut told) = self.draw(now, link, kind, message);
        drawn.record(now, message, &mut self.fates);
        if drawn.lost || told.lost {
            return Sent::Lost;
        }
        let at = arrival.saturating_add(drawn.late).saturating_add(told.late);
        let mut gaps = drawn.gaps;
        gaps.append(&mut told.gaps);
        gaps.sort_unstable();
        let again = gaps
            .iter()
            .map(|gap| Time(at.saturating_add(*gap)))
            .collect();
        Sent::Carried(Passage {
            at: Time(at),
            again,
        })
    }

    /// What the windows of chance do to a message, and what a plan says of it.
    fn draw(&mut self, now: Time, link: Link, kind: &str, message: Key) -> (Draw, Draw) {
        let (from, to) = link;
        let mut drawn = Draw::default();
        let mut told = Draw::default();
        for open in self.open.iter().filter(|open| open.holds(link, kind)) {
            let key = message.child(u64::from(open.window));
            match &open.fault {
                Fault::Lose { percent } => {
                    drawn.lost |= self.luck.percent(key, LOSS, *percent);
                }
                Fault::Delay { by } => drawn.meet(Fate::Late(*by)),
                Fault::Reorder { within } => {
                    drawn.meet(Fate::Late(self.luck.between(key, OVERTAKING, 0, *within)));
                }
                Fault::Repeat { percent } if self.luck.percent(key, REPETITION, *percent) => {
                    drawn.meet(Fate::Twice(self.luck.between(key, GAP, 1, REPEAT_US_MAX)));
                }
                Fault::Narrow { gap, room } => {
                    let carries = self.carries_at.entry((open.window, link)).or_insert(now.0);
                    let wait = carries.saturating_sub(now.0);
                    if wait > gap.saturating_mul(*room) {
                        drawn.lost = true;
                    } else {
                        drawn.meet(Fate::Late(wait));
                        *carries = now.0.max(*carries).saturating_add(*gap);
                    }
                }
                Fault::Rank { ranks, step } => {
                    let of = Key::named("rank").child(u64::from(open.window));
                    let of = of.child(u64::from(from)).child(u64::from(to));
                    let last = u64::from((*ranks).max(1) - 1);
                    let rank = self.luck.between(of.child_named(kind), RANK, 0, last);
                    drawn.meet(Fate::Late(rank.saturating_mul(*step)));
                }
                Fault::Deliver {
                    message: id, fate, ..
                } if *id == message.0 => told.meet(*fate),
                _ => {}
            }
        }
        (drawn, told)
    }

    /// The window that clogs a link for messages of this kind, if one does.
    pub(crate) fn clogged(&self, link: Link, kind: &str) -> Option<u32> {
        let mut clogs = self.open.iter().filter(|open| open.fault == Fault::Clog);
        let clog = clogs.find(|open| open.holds(link, kind))?;
        Some(clog.window)
    }

    /// A message that was held from then on sets out now: when it arrives. Nothing else is done to it.
    pub(crate) fn release(&mut self, now: Time, since: Time, message: Key) -> Time {
        let mut drawn = Draw::default();
        drawn.meet(Fate::Late(now.0.saturating_sub(since.0)));
        drawn.record(since, message, &mut self.fates);
        Time(now.0.saturating_add(self.latency(message)))
    }

    fn latency(&self, message: Key) -> u64 {
        let (min, max) = self.latency;
        self.luck.mostly_low(message, LATENCY, min, max)
    }
}

/// What strikes messages, and which ones.
fn aimed(fault: &Fault) -> (Vec<Scope>, &Fault) {
    let (mut scopes, mut fault) = (Vec::new(), fault);
    while let Fault::Aimed { at, fault: within } = fault {
        scopes.push(at.clone());
        fault = within;
    }
    (scopes, fault)
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

    /// When a message of a kind that nothing aims at arrives.
    fn carried(network: &mut Network, now: u64, link: Link, message: Key) -> Option<Passage> {
        match network.send(Time(now), link, "word", message) {
            Sent::Carried(passage) => Some(passage),
            Sent::Lost => None,
            Sent::Held(window) => panic!("window {window} clogs the link"),
        }
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
        assert_eq!(carried(&mut network, 0, (0, 1), M), None);
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
            let passage = carried(&mut network, 1000, (0, 1), message).expect("no fault");
            assert!((1200..=6000).contains(&passage.at.0));
            assert_eq!(carried(&mut network, 1000, (1, 2), message), Some(passage));
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
                .filter(|part| carried(&mut network, 0, (0, 1), M.child(*part)).is_none())
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
        let plain = carried(&mut network, 0, (0, 1), M).expect("no fault").at.0;
        let delay = Fault::Delay { by: 700 };
        network.begin(1, &delay);
        network.begin(2, &Fault::Delay { by: 50 });
        let late = carried(&mut network, 0, (0, 1), M).expect("a delay loses nothing");
        assert_eq!(late.at.0, plain + 750);
        assert_eq!(network.fates(), [(Time(0), M.0, Fate::Late(750))]);
        network.end(1, &delay);
        let late = carried(&mut network, 0, (0, 1), M).expect("a delay loses nothing");
        assert_eq!(late.at.0, plain + 50);
    }

    #[test]
    fn a_delay_beyond_the_end_of_time_is_no_panic() {
        let mut network = network();
        network.begin(1, &Fault::Delay { by: u64::MAX });
        network.begin(2, &Fault::Repeat { percent: 100 });
        let passage = carried(&mut network, 5, (0, 1), M).expect("only late");
        assert_eq!(passage.at, Time(u64::MAX));
    }

    #[test]
    fn fates_stand_in_for_the_windows_that_drew_them() {
        let mut drawing = network();
        drawing.begin(6, &Fault::Narrow { gap: 1, room: 200 });
        drawing.begin(7, &Fault::Rank { ranks: 3, step: 70 });
        drawing.begin(1, &Fault::Lose { percent: 20 });
        drawing.begin(2, &Fault::Reorder { within: 900 });
        drawing.begin(3, &Fault::Repeat { percent: 40 });
        drawing.begin(4, &Fault::Delay { by: 10 });
        drawing.begin(5, &Fault::Repeat { percent: 40 });
        let messages: Vec<Key> = (0..300).map(|part| M.child(part)).collect();
        let drawn: Vec<_> = messages
            .iter()
            .map(|message| carried(&mut drawing, 7, (0, 1), *message))
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
            .map(|message| carried(&mut telling, 7, (0, 1), *message))
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

    #[test]
    fn cut_links_are_cut_in_their_direction_only() {
        let mut network = network();
        let links = Fault::CutLinks {
            links: [(0, 1), (2, 0)].into(),
        };
        network.begin(1, &links);
        network.begin(2, &Fault::Cut { side: set(&[0]) });
        network.end(2, &Fault::Cut { side: set(&[0]) });
        assert_eq!(open_links(&network), [(0, 2), (1, 0), (1, 2), (2, 1)]);
        network.end(1, &links);
        assert_eq!(open_links(&network).len(), 6);
    }

    #[test]
    fn an_aimed_fault_strikes_messages_of_its_class_only() {
        let mut network = network();
        let at = Scope {
            from: set(&[0]),
            to: set(&[1, 2]),
            kinds: ["hint".to_owned()].into(),
        };
        let fault = Box::new(Fault::Lose { percent: 100 });
        let lose = Fault::Aimed { at, fault };
        network.begin(1, &lose);
        let mut lost = |link, kind| network.send(Time(0), link, kind, M) == Sent::Lost;
        assert!(lost((0, 1), "hint") && lost((0, 2), "hint"));
        assert!(!lost((0, 1), "gossip") && !lost((1, 0), "hint") && !lost((1, 2), "hint"));
        network.end(1, &lose);
        assert!(carried(&mut network, 0, (0, 1), M).is_some());
    }

    #[test]
    fn a_clogged_link_holds_messages_until_the_end() {
        let mut network = network();
        network.begin(7, &Fault::Clog);
        assert_eq!(network.send(Time(10), (0, 1), "word", M), Sent::Held(7));
        assert_eq!(network.fates(), []);
        network.end(7, &Fault::Clog);
        let plain = carried(&mut network, 900, (0, 1), M).expect("no fault").at;
        assert_eq!(network.release(Time(900), Time(10), M), plain);
        assert_eq!(network.fates(), [(Time(10), M.0, Fate::Late(890))]);
    }

    #[test]
    fn a_narrow_link_carries_one_message_at_a_time_and_loses_what_has_no_room() {
        let mut network = network();
        network.begin(1, &Fault::Narrow { gap: 100, room: 2 });
        let late = |network: &mut Network, now, link, part| {
            let plain = Network::new(Luck::new(1), 3, &Pace::default()).latency(M.child(part));
            let at = carried(network, now, link, M.child(part))?.at.0;
            Some(at - plain - now)
        };
        let burst: Vec<_> = (0..4)
            .map(|part| late(&mut network, 0, (0, 1), part))
            .collect();
        assert_eq!(burst, [Some(0), Some(100), Some(200), None]);
        assert_eq!(
            late(&mut network, 0, (1, 0), 9),
            Some(0),
            "each link by itself"
        );
        assert_eq!(late(&mut network, 250, (0, 1), 4), Some(50));
        assert_eq!(late(&mut network, 999, (0, 1), 5), Some(0));
    }

    #[test]
    fn links_of_high_rank_are_faster_for_as_long_as_the_window_is_open() {
        let mut seen = BTreeSet::new();
        for window in 0..20 {
            let mut network = network();
            network.begin(
                window,
                &Fault::Rank {
                    ranks: 3,
                    step: 50_000,
                },
            );
            let mut late = |link, part| {
                let at = carried(&mut network, 0, link, M.child(part))
                    .expect("only late")
                    .at
                    .0;
                at / 50_000
            };
            let rank = late((0, 1), 0);
            assert!((1..50).all(|part| late((0, 1), part) == rank));
            seen.insert((rank, late((1, 0), 0)));
        }
        assert!(seen.len() > 5, "{seen:?}");
    }
}
