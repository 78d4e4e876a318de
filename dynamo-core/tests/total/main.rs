//! Nothing that comes from outside makes a node panic, grow without bounds or forget what it
//! acknowledged, whatever its shape and whatever was on its disk.

mod callers;
#[path = "../stories/network.rs"]
#[expect(dead_code, reason = "stories ask for more than this")]
mod network;
mod shapes;
mod source;
mod strange;
mod world;

use dynamo_core::{Bootstrap, Input, NodeId, Reply, Shape, Ticket, Versioning};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use quickcheck::{Gen, QuickCheck};

use network::Network;
use source::Source;
use strange::Real;
use world::World;

/// One node, told whatever the bytes say.
fn hear_anything(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let mut world = World::new(&mut source);
    while !source.is_empty() {
        world.step(&mut source);
    }
    world.check_memory();
    world.check_replies();
}

const KEYS: [&[u8]; 3] = [b"x", b"y", b"z"];

/// A healthy cluster, told whatever the bytes say about other keys, by nodes of it and by strangers.
///
/// Changes of membership are not made up: who believes that all have left has nobody to ask. Nor are
/// versions of what was acknowledged: one that claims to replace it does.
fn keep_serving(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let shape = Shape {
        bootstrap: Bootstrap::Together,
        flaw: None,
        timing: dynamo_core::Timing::default(),
        reaping_us: None,
        ..shapes::shape(&mut source)
    };
    let mut network = Network::new(shape);
    let ids = network.ids();
    for (index, key) in KEYS.iter().enumerate() {
        let node = ids[index % ids.len()];
        assert_eq!(network.put(node, key, "kept", None), Reply::Stored);
    }
    network.run_ms(300);
    let mut real = Real {
        keys: [&b"a"[..], b"b", b""].map(<[u8]>::to_vec).to_vec(),
        ..Real::default()
    };
    real.look_at(network.config.ring(), network.config.view().mark());
    while !source.is_empty() {
        let to = source.pick(&ids);
        let from = strange::node(&mut source);
        let input = match source.below(8) {
            0 => Input::Stored {
                ticket: Ticket(u64::MAX),
            },
            1 => {
                network.request(to, real.request(&mut source));
                continue;
            }
            _ => Input::Message {
                from,
                message: real.message(&mut source),
            },
        };
        network.input(to, input);
        for (.., message) in network.log.drain(..) {
            real.hear(&message);
        }
        if source.rarely(4) {
            network.run_ms(20);
        }
    }
    network.run_ms(2_000);
    serves(&mut network, &ids);
    for id in &ids {
        network.run_ms(600);
        network.restart(*id);
    }
    network.run_ms(600);
    serves(&mut network, &ids);
    tells_events_apart(&mut network, &ids);
}

/// Whoever is told of events of its own that it never made still makes new ones.
fn tells_events_apart(network: &mut Network, ids: &[NodeId]) {
    let keeps_both = Versioning::default();
    if network.config.shape().versioning != keeps_both {
        return;
    }
    for id in ids {
        let key = format!("new {id}").into_bytes();
        for value in ["one", "two"] {
            assert_eq!(network.put(*id, &key, value, None), Reply::Stored);
        }
        // One answer may be enough, and need not be that of the coordinator.
        network.run_ms(300);
        assert_eq!(network.get(*id, &key).0, ["one", "two"]);
    }
}

fn serves(network: &mut Network, ids: &[NodeId]) {
    for key in KEYS {
        for id in ids {
            assert_eq!(network.get(*id, key).0, ["kept"]);
        }
    }
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn a_node_bears_whatever_it_is_told(bytes in vec(any::<u8>(), 0..6_000)) {
        hear_anything(&bytes);
    }
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn a_client_bears_whatever_it_is_told(bytes in vec(any::<u8>(), 0..2_000)) {
        callers::hear_anything(&bytes);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_cluster_keeps_what_it_acknowledged_whatever_it_is_told(
        bytes in vec(any::<u8>(), 0..4_000),
    ) {
        keep_serving(&bytes);
    }
}

#[test]
fn a_node_bears_whatever_it_is_told_in_a_few_words() {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "quickcheck gives its arguments away"
    )]
    fn bears(bytes: Vec<u8>) -> bool {
        hear_anything(&bytes);
        true
    }
    QuickCheck::new()
        .tests(3_000)
        .rng(Gen::new(400))
        .quickcheck(bears as fn(Vec<u8>) -> bool);
}

#[test]
fn a_cluster_keeps_what_it_acknowledged_whatever_few_words_it_is_told() {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "quickcheck gives its arguments away"
    )]
    fn keeps(bytes: Vec<u8>) -> bool {
        keep_serving(&bytes);
        true
    }
    QuickCheck::new()
        .tests(400)
        .rng(Gen::new(200))
        .quickcheck(keeps as fn(Vec<u8>) -> bool);
}

#[test]
fn every_kind_of_message_is_among_what_a_node_is_told() {
    let kinds = world::kinds();
    assert_eq!(kinds.len(), 21, "{kinds:?}");
}
