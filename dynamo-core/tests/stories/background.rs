//! Background work yields to puts that wait for a slow disk, and is done in the end all the same.

use std::collections::BTreeSet;

use dynamo_core::{Admission, NodeId, Partitioning, Request, Shape, Timing};

use crate::network::Network;

/// 10 ms are too long; looked at four times in 40 ms.
const FEEDBACK: Admission = Admission::Feedback {
    threshold_us: 10_000,
    window_us: 640_000,
    slices_max: 32,
};

const SLOW_US: u64 = 20_000;
const QUICK_US: u64 = 500;

fn network(admission: Admission, change: impl Fn(&mut Shape)) -> Network {
    let mut shape = Shape {
        nodes: 3,
        admission,
        anti_entropy: false,
        gossip: false,
        partitioning: Partitioning::Tokens { per_node: 2 },
        timing: Timing {
            hint_scan_us: 20_000,
            anti_entropy_us: 20_000,
            transfer_us: 20_000,
            ..Timing::default()
        },
        ..Shape::default()
    };
    change(&mut shape);
    Network::new(shape)
}

fn key(number: u32) -> Vec<u8> {
    format!("key {number}").into_bytes()
}

/// Clients put all the time while so much time passes.
fn busy_ms(network: &mut Network, ms: u64) {
    for _ in 0..ms / 10 {
        for node in [0, 1] {
            let busy = format!("traffic {} {node}", network.now.0);
            let _ = network.start_put(NodeId(node), busy.as_bytes(), "v", None);
        }
        network.run_ms(10);
    }
}

/// One owner misses so many puts, and comes back to nodes whose disks are slow.
fn hinted(admission: Admission, puts: u32) -> Network {
    let mut network = network(admission, |_| ());
    network.isolate(NodeId(2));
    for number in 0..puts {
        network.put(NodeId(number % 2), &key(number), "v", None);
        network.run_ms(1);
    }
    network.disk_us = SLOW_US;
    busy_ms(&mut network, 1_000);
    network.heal();
    network.log.clear();
    network
}

fn hints(network: &Network) -> usize {
    let kept = |node| network.hints(node).len();
    network.ids().into_iter().map(kept).sum()
}

#[test]
fn slow_puts_slow_the_delivery_of_hints_and_quick_ones_let_it_go_on() {
    let [hurried, mut patient] = [Admission::Off, FEEDBACK].map(|admission| {
        let mut network = hinted(admission, 600);
        busy_ms(&mut network, 500);
        network
    });
    let (all, few) = (hurried.count("hint"), patient.count("hint"));
    assert!(few > 0 && 3 * few < all, "{few} of {all}");
    assert!(hints(&patient) > hints(&hurried));
    patient.disk_us = QUICK_US;
    busy_ms(&mut patient, 2_000);
    assert_eq!(hints(&patient), 0);
    for number in 0..600 {
        assert_eq!(patient.values(NodeId(2), &key(number)), ["v"]);
    }
}

#[test]
fn hints_are_delivered_however_long_the_disks_stay_slow() {
    let mut network = hinted(FEEDBACK, 200);
    busy_ms(&mut network, 500);
    let (before, after) = (network.count("hint"), hints(&network));
    assert!(before > 0 && after > 0, "{before}, {after}");
    busy_ms(&mut network, 3_000);
    for number in 0..200 {
        assert_eq!(network.values(NodeId(2), &key(number)), ["v"]);
    }
}

#[test]
fn hints_that_nobody_takes_do_not_keep_back_the_others() {
    let mut network = hinted(FEEDBACK, 100);
    network.luck.lost_kind = Some("hint");
    busy_ms(&mut network, 4_000);
    let sent: BTreeSet<&[u8]> = network
        .log
        .iter()
        .filter(|(.., message)| message.kind() == "hint")
        .flat_map(|(.., message)| message.carries())
        .collect();
    assert!((0..100).all(|number| sent.contains(key(number).as_slice())));
    assert!(
        network.count("hint") < 2 * 4_000 / 40 * 16,
        "a slice at a time"
    );
}

#[test]
fn trees_are_compared_less_often_while_puts_are_slow_and_still_mend_everything() {
    let compared = |admission| {
        let mut network = network(admission, |shape| {
            (shape.sloppy, shape.hints) = (false, false);
            shape.anti_entropy = true;
        });
        network.disk_us = SLOW_US;
        busy_ms(&mut network, 1_000);
        network.isolate(NodeId(2));
        for number in 0..40 {
            network.put(NodeId(number % 2), &key(number), "v", None);
        }
        network.heal();
        network.log.clear();
        busy_ms(&mut network, 4_000);
        for number in 0..40 {
            assert_eq!(network.values(NodeId(2), &key(number)), ["v"]);
        }
        network.count("sync-roots")
    };
    let (all, few) = (compared(Admission::Off), compared(FEEDBACK));
    assert!(few > 0 && 3 * few < 2 * all, "{few} of {all}");
}

#[test]
fn a_range_is_handed_over_more_slowly_while_puts_are_slow_but_it_is() {
    let moved = |admission| {
        let mut network = network(admission, |shape| {
            shape.nodes = 4;
            shape.gossip = true;
            shape.timing.gossip_us = 20_000;
        });
        for number in 0..1_000 {
            network.put(NodeId(number % 4), &key(number), "v", None);
        }
        network.disk_us = SLOW_US;
        busy_ms(&mut network, 1_000);
        network.log.clear();
        let leave = Request::Leave { node: NodeId(3) };
        let id = network.request(NodeId(0), leave);
        network.wait(id);
        busy_ms(&mut network, 300);
        let keys = network.count("keys");
        busy_ms(&mut network, 4_000);
        for number in 0..1_000 {
            assert!(network.held(NodeId(3), &key(number)).is_empty());
            assert_eq!(network.values(NodeId(2), &key(number)), ["v"]);
        }
        keys
    };
    let (all, few) = (moved(Admission::Off), moved(FEEDBACK));
    assert!(few > 0 && 2 * few < all, "{few} of {all}");
}
