//! What is under way after any series of changes, and how much of it is kept.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::give::DUTIES_MAX;
use super::take::{ARRIVED_MAX, PARKED_MAX};
use crate::clock::NodeId;
use crate::config::Config;
use crate::membership::{Member, Move};
use crate::message::{Confirmation, Message, Tag};
use crate::node::{Input, Node, Output, Time};
use crate::record::{Write, write_handover};
use crate::ring::{Partitioning, Range};
use crate::shape::Shape;
use crate::view::{Handover, View};

type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

const NODES: u64 = 7;
const FOUNDERS: u32 = 4;

fn config() -> Arc<Config> {
    let shape = Shape {
        nodes: FOUNDERS,
        partitioning: Partitioning::Tokens { per_node: 2 },
        anti_entropy: false,
        ..Shape::default()
    };
    Arc::new(Config::new(shape).expect("four nodes, N = 3"))
}

/// The node is told something, and the disk does at once what it asks for.
fn tell(node: &mut Node, disk: &mut Disk, from: NodeId, message: Message) -> Vec<Message> {
    let mut said = Vec::new();
    let mut inputs = vec![Input::Message { from, message }];
    while let Some(input) = inputs.pop() {
        let mut out = Vec::new();
        node.handle(Time(0), input, &mut out);
        for output in out {
            match output {
                Output::Store { ticket, writes } => {
                    sync(disk, writes);
                    inputs.push(Input::Stored { ticket });
                }
                Output::Send { message, .. } => said.push(message),
                Output::Reply { .. } => {}
            }
        }
    }
    said
}

fn sync(disk: &mut Disk, writes: Vec<Write>) {
    for Write { key, value } in writes {
        match value {
            Some(value) => disk.insert(key, value),
            None => disk.remove(&key),
        };
    }
}

fn history(view: &View) -> Message {
    Message::History {
        changes: view.membership().clone(),
        wanted: false,
    }
}

/// Views that follow one another, a few changes apart.
fn views(config: &Config, seed: u64) -> Vec<Arc<View>> {
    let mut state = seed;
    let mut below = |limit: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % limit
    };
    let mut views = vec![Arc::clone(config.view())];
    for _ in 0..2 + below(6) {
        let view = Arc::clone(&views[views.len() - 1]);
        let mut membership = view.membership().clone();
        for _ in 0..=below(2) {
            let node = NodeId(below(NODES) as u32);
            let leaves = membership.is_member(node) && membership.members().len() > 1;
            let join = Move::Join(Member::default());
            let what = if leaves { Move::Leave } else { join };
            membership.record(1, NodeId(0), node, what);
        }
        views.push(view.with(membership));
    }
    views
}

/// What is on its way, by position and by the other node.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ways {
    gives: BTreeSet<(u128, NodeId)>,
    takes: BTreeSet<(u128, NodeId)>,
}

impl Ways {
    /// As the node has them, at these positions.
    fn of(node: &Node, positions: &[u128]) -> Ways {
        let at = |handover: &Handover, other: NodeId| -> Vec<(u128, NodeId)> {
            let here = positions.iter().filter(|at| handover.range.contains(**at));
            here.map(|at| (*at, other)).collect()
        };
        let duties = node.transfers.duties.iter().map(|duty| &duty.handover);
        let awaits = node.transfers.awaits.iter().map(|await_| &await_.handover);
        Ways {
            gives: duties.flat_map(|given| at(given, given.to)).collect(),
            takes: awaits.flat_map(|taken| at(taken, taken.from)).collect(),
        }
    }

    /// What was on its way goes on, unless the one who has it owns it and the other does not; and
    /// what moves with the change begins.
    fn follow(&mut self, me: NodeId, old: &View, new: &View, positions: &[u128]) {
        let owns = |at: u128, node: NodeId| new.owners_at(at).contains(&node);
        self.gives
            .retain(|(at, to)| !owns(*at, me) || owns(*at, *to));
        self.takes
            .retain(|(at, from)| owns(*at, me) || !owns(*at, *from));
        for handover in old.handovers(new) {
            for at in positions.iter().filter(|at| handover.range.contains(**at)) {
                if handover.from == me {
                    self.gives.insert((*at, handover.to));
                } else if handover.to == me && handover.gained {
                    self.takes.insert((*at, handover.from));
                }
            }
        }
    }
}

type Names = Vec<(Range, NodeId, NodeId)>;

/// What the node gives and what it takes, in order.
fn under_way(node: &Node) -> [Names; 2] {
    let name = |handover: &Handover| (handover.range, handover.from, handover.to);
    let duties = node.transfers.duties.iter();
    let awaits = node.transfers.awaits.iter();
    let mut names: [Names; 2] = [
        duties.map(|duty| name(&duty.handover)).collect(),
        awaits.map(|awaited| name(&awaited.handover)).collect(),
    ];
    for names in &mut names {
        names.sort_unstable();
    }
    names
}

#[test]
fn changes_that_overtake_one_another_leave_under_way_what_still_makes_sense() {
    for seed in 0..300 {
        let config = config();
        let views = views(&config, seed);
        let positions: Vec<u128> = views
            .iter()
            .flat_map(|view| view.ring().ends())
            .copied()
            .collect();
        for me in (0..NODES as u32).map(NodeId) {
            let mut disk = Disk::new();
            let mut node = Node::start(me, Arc::clone(&config), &disk, Time(0));
            let mut expected = Ways::default();
            for pair in views.windows(2) {
                tell(&mut node, &mut disk, NodeId(99), history(&pair[1]));
                assert_eq!(node.view().mark(), pair[1].mark());
                expected.follow(me, &pair[0], &pair[1], &positions);
                assert_eq!(Ways::of(&node, &positions), expected, "seed {seed}, {me}");
                let again = Node::start(me, Arc::clone(&config), &disk, Time(0));
                assert_eq!(under_way(&again), under_way(&node), "seed {seed}, {me}");
            }
        }
    }
}

const ME: NodeId = NodeId(0);
const PEER: NodeId = NodeId(1);

fn handover(from: NodeId, to: NodeId, number: usize) -> Handover {
    let after = number as u128;
    Handover {
        range: Range {
            after,
            to: after + 1,
        },
        from,
        to,
        gained: true,
        others: Vec::new(),
    }
}

#[test]
fn claims_are_heard_until_enough_is_under_way() {
    let config = config();
    let mut disk = Disk::new();
    let under_way = (1..DUTIES_MAX).map(|number| handover(ME, PEER, number));
    let writes = under_way.map(|handover| write_handover(&handover, false));
    sync(&mut disk, writes.collect());
    let mut node = Node::start(ME, Arc::clone(&config), &disk, Time(0));
    for number in 0..3 {
        let handover = handover(ME, PEER, DUTIES_MAX + number);
        let view = config.view().mark();
        tell(
            &mut node,
            &mut disk,
            PEER,
            Message::Claim { handover, view },
        );
        assert_eq!(node.moving(), DUTIES_MAX);
    }
}

#[test]
fn of_what_has_arrived_so_much_is_remembered_and_no_more() {
    let config = config();
    let view = config.view().mark();
    let mut disk = Disk::new();
    let mut node = Node::start(ME, Arc::clone(&config), &disk, Time(0));
    let mut forgotten_after = |arrivals: core::ops::Range<usize>| {
        for number in arrivals {
            let keys = Message::Keys {
                handover: handover(PEER, ME, number),
                after: None,
                states: Vec::new(),
                last: true,
                view,
            };
            tell(&mut node, &mut disk, PEER, keys);
        }
        let handover = handover(PEER, ME, 0);
        let offer = Message::Offer { handover, view };
        let said = tell(&mut node, &mut disk, PEER, offer);
        let had = |said: &Message| {
            let had = Confirmation::Had;
            matches!(said, Message::Confirm { answer, .. } if *answer == had)
        };
        !said.iter().any(had)
    };
    assert!(!forgotten_after(0..ARRIVED_MAX));
    assert!(forgotten_after(ARRIVED_MAX..ARRIVED_MAX + 1));
}

#[test]
fn the_last_messages_of_another_view_are_heard_with_it() {
    let config = config();
    let mut membership = config.view().membership().clone();
    membership.record(1, PEER, NodeId(5), Move::Join(Member::default()));
    let next = config.view().with(membership);
    let mut disk = Disk::new();
    let mut node = Node::start(ME, Arc::clone(&config), &disk, Time(0));
    let asked = PARKED_MAX as u64 + 1;
    for number in 1..=asked {
        let fetch = Message::Fetch {
            tag: Tag { life: 0, number },
            view: next.mark(),
            key: b"x".to_vec(),
            rest: false,
        };
        tell(&mut node, &mut disk, PEER, fetch);
    }
    let said = tell(&mut node, &mut disk, PEER, history(&next));
    let answered = said.iter().filter_map(|said| match said {
        Message::Fetched { tag, .. } | Message::NotYet { tag, .. } => Some(tag.number),
        _ => None,
    });
    assert!(answered.eq(2..=asked));
}
