//! Gets and puts: quorums, forwarding, stand-ins.

use dynamo_core::{Input, Message, NodeId, Refusal, Reply, Shape, Tag};

use crate::network::Network;

const KEY: &[u8] = b"cart";

#[test]
fn what_was_put_anywhere_is_got_everywhere() {
    let mut network = Network::new(Shape::default());
    for node in network.ids() {
        let (_, context) = network.get(node, KEY);
        assert_eq!(
            network.put(node, KEY, &format!("by {node}"), Some(&context)),
            Reply::Stored
        );
        network.run_ms(10);
        for reader in network.ids() {
            assert_eq!(network.get(reader, KEY).0, [format!("by {node}")]);
        }
    }
    assert_eq!(network.count("repair"), 0);
    assert_eq!(network.count("hint"), 0);
}

#[test]
fn a_key_never_put_has_no_values_and_its_context_replaces_nothing() {
    let mut network = Network::new(Shape::default());
    let (values, context) = network.get(NodeId(0), KEY);
    assert!(values.is_empty());
    network.put(NodeId(0), KEY, "a", None);
    network.put(NodeId(1), KEY, "b", Some(&context));
    assert_eq!(network.get(NodeId(2), KEY).0, ["a", "b"]);
}

#[test]
fn a_put_replaces_what_its_context_saw_and_nothing_else() {
    let mut network = Network::new(Shape::default());
    network.put(NodeId(0), KEY, "a", None);
    let (_, context) = network.get(NodeId(1), KEY);
    for (node, value) in [(2, "b"), (3, "c")] {
        assert_eq!(
            network.put(NodeId(node), KEY, value, Some(&context)),
            Reply::Stored
        );
    }
    let (values, context) = network.get(NodeId(4), KEY);
    assert_eq!(values, ["b", "c"]);
    network.put(NodeId(0), KEY, "d", Some(&context));
    assert_eq!(network.get(NodeId(1), KEY).0, ["d"]);
}

#[test]
fn an_owner_coordinates_and_any_other_node_hands_the_put_to_one() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    network.put(list[1], KEY, "a", None);
    assert_eq!(network.count("forward"), 0);
    network.put(list[4], KEY, "b", None);
    let forward = network
        .log
        .iter()
        .find(|(.., message)| message.kind() == "forward");
    assert_eq!(
        forward.map(|(from, to, _)| (*from, *to)),
        Some((list[4], list[0]))
    );
    let dots: Vec<_> = network
        .held(list[0], KEY)
        .iter()
        .map(|version| version.dot.actor.node)
        .collect();
    assert_eq!(dots.len(), 2);
    assert!(dots.contains(&list[0]) && dots.contains(&list[1]));
}

#[test]
fn a_put_is_answered_only_when_w_disks_have_it() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    for node in &list[1..] {
        network.stall(*node);
    }
    let put = network.start_put(list[0], KEY, "a", None);
    network.run_ms(240);
    assert_eq!(network.reply(put), None);
    network.release(list[2]);
    assert_eq!(network.wait(put), Reply::Stored);
}

#[test]
fn nothing_leaves_a_node_before_its_own_disk_has_it() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    network.stall(list[0]);
    let put = network.start_put(list[0], KEY, "a", None);
    network.run_ms(40);
    assert_eq!(network.count("replicate"), 0);
    assert!(network.get(list[0], KEY).0.is_empty());
    network.restart(list[0]);
    network.release(list[0]);
    network.run_ms(1_000);
    assert_eq!(network.reply(put), None);
    assert!(
        network.get(list[1], KEY).0.is_empty(),
        "what was not synced never was"
    );
}

#[test]
fn a_slow_disk_makes_the_client_wait_in_vain_but_the_put_still_spreads() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    network.stall(list[0]);
    let put = network.start_put(list[0], KEY, "a", None);
    assert_eq!(network.wait(put), Reply::Unavailable);
    network.release(list[0]);
    network.run_ms(20);
    assert_eq!(network.values(list[2], KEY), ["a"]);
}

#[test]
fn a_strict_quorum_does_without_stand_ins() {
    let shape = Shape {
        sloppy: false,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.crash(list[1]);
    assert_eq!(network.put(list[0], KEY, "a", None), Reply::Stored);
    network.crash(list[2]);
    assert_eq!(network.put(list[0], KEY, "b", None), Reply::Unavailable);
    assert_eq!(
        network.hints(list[0]).len(),
        2,
        "what an owner missed is kept all the same"
    );
    assert!(network.values(list[3], KEY).is_empty());
    assert!(network.hints(list[3]).is_empty());
}

#[test]
fn a_sloppy_quorum_takes_puts_while_any_node_is_up() {
    let shape = Shape {
        w: 1,
        r: 1,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    for node in &list[..4] {
        network.crash(*node);
    }
    let last = list[4];
    for turn in 0..8 {
        assert_eq!(
            network.put(last, KEY, &format!("{turn}"), None),
            Reply::Stored
        );
        network.run_ms(turn * 100);
    }
    let mut owners = list[..3].to_vec();
    owners.sort();
    assert_eq!(network.hints(last), owners);
}

#[test]
fn a_context_that_is_garbled_or_foreign_is_refused() {
    let mut network = Network::new(Shape::default());
    network.put(NodeId(0), KEY, "a", None);
    let (_, mut context) = network.get(NodeId(0), KEY);
    assert_eq!(
        network.put(NodeId(0), b"other", "b", Some(&context)),
        Reply::Refused(Refusal::ForeignContext)
    );
    context[2] ^= 1;
    for garbled in [&context[..], b"", b"nonsense that is long enough"] {
        assert_eq!(
            network.put(NodeId(0), KEY, "b", Some(garbled)),
            Reply::Refused(Refusal::GarbledContext)
        );
    }
    assert_eq!(network.get(NodeId(0), KEY).0, ["a"]);
}

#[test]
fn a_forward_that_comes_twice_is_obeyed_once_even_after_a_restart() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    network.run_ms(1);
    assert_eq!(network.put(list[4], KEY, "a", None), Reply::Stored);
    let forwards: Vec<_> = network
        .log
        .iter()
        .filter(|(.., message)| message.kind() == "forward")
        .cloned()
        .collect();
    assert_eq!(forwards.len(), 2, "first the life is asked for");
    let (_, context) = network.get(list[0], KEY);
    network.put(list[0], KEY, "b", Some(&context));
    for restart in [false, true] {
        if restart {
            network.restart(list[0]);
        }
        for (from, to, message) in forwards.clone() {
            let input = Input::Message { from, message };
            network.input(to, input);
            network.run_ms(300);
        }
        assert_eq!(network.get(list[1], KEY).0, ["b"]);
    }
}

#[test]
fn a_put_is_not_forwarded_again_when_its_coordinator_falls_silent() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    network.put(list[4], KEY, "a", None);
    let before = network.count("forward");
    network.cut(list[4], list[0]);
    assert_eq!(network.put(list[4], KEY, "b", None), Reply::Unavailable);
    assert_eq!(network.count("forward"), before + 1);
    assert_eq!(network.put(list[4], KEY, "c", None), Reply::Stored);
    let last = network
        .log
        .iter()
        .rfind(|(.., message)| message.kind() == "forward");
    assert_eq!(
        last.map(|(_, to, _)| *to),
        Some(list[1]),
        "the silent one is avoided"
    );
}

#[test]
fn an_acknowledgement_that_comes_twice_counts_once() {
    let shape = Shape {
        w: 3,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    for node in &list[2..] {
        network.crash(*node);
    }
    network.luck.doubled_per_mille = 1_000;
    assert_eq!(network.put(list[0], KEY, "a", None), Reply::Unavailable);
    assert!(
        network
            .log
            .iter()
            .any(|(.., m)| matches!(m, Message::Replicated { .. }))
    );
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let shape = Shape {
        r: 3,
        sloppy: false,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.crash(list[2]);
    network.luck.doubled_per_mille = 1_000;
    let get = network.start_get(list[0], KEY);
    assert_eq!(network.wait(get), Reply::Unavailable);
}

/// Whoever forwarded must not take a later life's "that was not for me" for "it was not obeyed".
#[test]
fn a_forward_that_an_earlier_life_obeyed_is_not_sent_to_the_next() {
    let shape = Shape {
        w: 3,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.put(list[4], KEY, "a", None);
    network.run_ms(100);
    for node in &list[1..4] {
        network.stall(*node);
    }
    network.log.clear();
    let put = network.start_put(list[4], KEY, "b", None);
    network.run_ms(10);
    assert_eq!(network.values(list[0], KEY), ["a", "b"]);
    let (from, to, message) = network.log[0].clone();
    assert_eq!((message.kind(), to), ("forward", list[0]));
    network.restart(list[0]);
    network.input(to, Input::Message { from, message });
    assert_eq!(network.wait(put), Reply::Unavailable);
    for node in &list[1..4] {
        network.release(*node);
    }
    network.run_ms(2_000);
    assert_eq!(
        network.values(list[0], KEY),
        ["a", "b"],
        "one put, one version"
    );
}

#[test]
fn answers_to_an_earlier_life_are_nobodys() {
    let shape = Shape {
        r: 3,
        w: 3,
        sloppy: false,
        hints: false,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.put(list[0], b"other", "other", None);
    let siblings = network.held(network.list(b"other")[0], b"other");
    network.restart(list[0]);
    network.crash(list[2]);
    let put = network.start_put(list[0], KEY, "a", None);
    let get = network.start_get(list[0], KEY);
    network.run_ms(5);
    for number in 0..9 {
        let tag = Tag { life: 0, number };
        let view = network.config.view().mark();
        let fetched = Message::Fetched {
            tag,
            view,
            siblings: siblings.clone(),
        };
        for message in [Message::Replicated { tag, view }, fetched] {
            network.input(
                list[0],
                Input::Message {
                    from: list[2],
                    message,
                },
            );
        }
    }
    assert_eq!(network.wait(get), Reply::Unavailable);
    assert_eq!(network.wait(put), Reply::Unavailable);
}
