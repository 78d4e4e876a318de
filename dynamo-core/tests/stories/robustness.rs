//! Nothing that comes from outside makes a node panic, loop or lose anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynamo_core::{
    Actor, Answer, Config, Context, Dot, Hint, Input, Message, Node, NodeId, Output, Prefix, Range,
    Reason, Reply, Request, RequestId, Shape, Siblings, Summary, Tag, Terms, Ticket, Time, Version,
    VersionVector, Written,
};

use crate::network::Network;

const KEY: &[u8] = b"cart";

/// One message of every kind, about requests, keys and ranges that nobody knows.
fn strange_messages() -> Vec<Message> {
    let tag = Tag {
        life: 0,
        number: 77,
    };
    let config = Config::new(Shape::default()).expect("the default is valid");
    let view = config.view().mark();
    let key = b"strange".to_vec();
    let siblings = Siblings::new;
    vec![
        Message::Forward {
            tag,
            life: Some(99),
            written: Written {
                key: key.clone(),
                value: None,
                context: Context::default(),
                terms: Terms::default(),
            },
        },
        Message::Forwarded {
            tag,
            answer: Answer::Stored,
        },
        Message::Forwarded {
            tag,
            answer: Answer::OtherLife(u64::MAX),
        },
        Message::Replicate {
            tag,
            view,
            synced: false,
            key: key.clone(),
            siblings: siblings(),
            hint: Some(Hint {
                owner: NodeId(99),
                reason: Reason::Silent,
            }),
        },
        Message::Replicate {
            tag,
            view,
            synced: false,
            key: key.clone(),
            siblings: siblings(),
            hint: None,
        },
        Message::Replicated { tag, view },
        Message::Fetch {
            tag,
            view,
            rest: true,
            key: Vec::new(),
        },
        Message::Fetched {
            tag,
            view,
            siblings: siblings(),
        },
        Message::Repair {
            key: key.clone(),
            siblings: siblings(),
        },
        Message::Hint {
            key: key.clone(),
            siblings: siblings(),
        },
        Message::HintAck { key, digest: 0 },
    ]
}

/// The same of the messages that compare trees.
fn strange_comparisons() -> Vec<Message> {
    let (key, children) = (b"strange".to_vec(), Box::new([1; 16]));
    let config = Config::new(Shape::default()).expect("the default is valid");
    let real = |index: u32| config.ring().range(index).expect("there are forty");
    let none = Range { after: 9, to: 3 };
    vec![
        Message::SyncRoots {
            roots: vec![(real(0), 1), (none, 2)],
        },
        Message::SyncNodes {
            nodes: vec![
                (real(0), Prefix::ROOT, Summary::Keys(vec![(key.clone(), 1)])),
                (real(1), Prefix::ROOT, Summary::Children(children.clone())),
                (
                    real(2),
                    Prefix::new(255, u128::MAX),
                    Summary::Children(children),
                ),
                (real(3), Prefix::new(7, 9), Summary::Keys(vec![])),
                (none, Prefix::ROOT, Summary::Keys(vec![])),
            ],
        },
        Message::SyncStates {
            states: vec![(key.clone(), Siblings::new())],
            wanted: vec![key],
        },
    ]
}

#[test]
fn strange_messages_do_no_harm() {
    let mut network = Network::new(Shape::default());
    network.put(NodeId(0), KEY, "a", None);
    for from in [0, 1, 4, 5, u32::MAX] {
        for message in strange_messages().into_iter().chain(strange_comparisons()) {
            for to in network.ids() {
                let (from, message) = (NodeId(from), message.clone());
                network.input(to, Input::Message { from, message });
                network.input(
                    to,
                    Input::Stored {
                        ticket: Ticket(u64::MAX),
                    },
                );
                network.input(to, Input::Wake);
            }
        }
    }
    network.run_ms(1_000);
    assert_eq!(network.get(NodeId(3), KEY).0, ["a"]);
}

#[test]
fn comparisons_are_answered_in_bounds_and_to_owners_only() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    network.put(list[0], KEY, "a", None);
    network.run_ms(100);
    network.log.clear();
    let ring = network.config.ring();
    let range = ring.range(ring.range_of(KEY)).expect("every key has one");
    let shown = Summary::Children(Box::new([1; 16]));
    let greedy = [
        Message::SyncRoots {
            roots: vec![(range, 1); 10_000],
        },
        Message::SyncNodes {
            nodes: vec![(range, Prefix::ROOT, shown); 10_000],
        },
        Message::SyncStates {
            states: vec![],
            wanted: vec![KEY.to_vec(); 10_000],
        },
    ];
    for from in [list[4], list[1]] {
        for message in greedy.clone() {
            network.input(list[0], Input::Message { from, message });
        }
    }
    assert!(network.log.iter().all(|(_, to, _)| *to == list[1]));
    let answers: Vec<usize> = network
        .log
        .iter()
        .map(|(.., message)| match message {
            Message::SyncNodes { nodes } => nodes.len(),
            other => other.carries().len(),
        })
        .collect();
    assert_eq!(answers, [1, 64, 64]);
}

#[test]
fn everything_ever_said_said_again_changes_nothing() {
    let mut network = Network::new(Shape::default());
    network.luck.doubled_per_mille = 200;
    network.luck.jitter_us = 3_000;
    let mut context = None;
    for turn in 0..40 {
        let node = NodeId(turn % 5);
        let _ = network.put(node, KEY, &format!("{turn}"), context.as_deref());
        if turn % 3 == 0 {
            context = Some(network.get(node, KEY).1);
        }
    }
    network.run_ms(4_000);
    let held: Vec<_> = network
        .ids()
        .into_iter()
        .map(|node| network.held(node, KEY))
        .collect();
    for (from, to, message) in network.log.clone() {
        network.input(to, Input::Message { from, message });
    }
    network.run_ms(4_000);
    let again: Vec<_> = network
        .ids()
        .into_iter()
        .map(|node| network.held(node, KEY))
        .collect();
    assert_eq!(held, again);
}

#[test]
fn records_that_cannot_be_read_are_left_alone() {
    let mut network = Network::new(Shape::default());
    let owner = network.list(KEY)[0];
    network.put(owner, KEY, "a", None);
    network.run_ms(100);
    for (name, value) in [
        (&b""[..], &b""[..]),
        (b"dother", b"garbled"),
        (b"h123", b"x"),
        (b"zz", b""),
    ] {
        network.disk(owner).insert(name.to_vec(), value.to_vec());
    }
    network.restart(owner);
    network.run_ms(1_000);
    assert_eq!(network.get(owner, KEY).0, ["a"]);
    assert!(network.disk(owner).contains_key(&b"zz"[..]));
}

#[test]
fn a_node_beyond_the_ring_passes_requests_on() {
    let config = Arc::new(Config::new(Shape::default()).expect("the default is valid"));
    let mut node = Node::start(NodeId(70), config, &BTreeMap::new(), Time(0));
    let mut out = Vec::new();
    let put = Request::Put {
        key: KEY.to_vec(),
        value: Vec::new(),
        context: None,
        terms: Terms::default(),
    };
    node.handle(
        Time(0),
        Input::Request {
            id: RequestId(1),
            request: put,
        },
        &mut out,
    );
    assert!(matches!(
        &out[..],
        [Output::Send {
            message: Message::Forward { .. },
            ..
        }]
    ));
    assert!(node.roots().is_empty());
}

#[test]
fn the_end_of_time_is_no_end_of_the_world() {
    let config = Arc::new(Config::new(Shape::default()).expect("the default is valid"));
    let mut node = Node::start(NodeId(0), config, &BTreeMap::new(), Time(u64::MAX));
    let mut out = Vec::new();
    for id in 0..20 {
        let put = Request::Put {
            key: vec![id],
            value: Vec::new(),
            context: None,
            terms: Terms::default(),
        };
        let get = Request::Get {
            key: vec![id],
            terms: Terms::default(),
        };
        for request in [put, get] {
            let id = RequestId(u64::from(id));
            node.handle(Time(u64::MAX), Input::Request { id, request }, &mut out);
        }
        node.handle(Time(u64::MAX), Input::Wake, &mut out);
    }
    assert!(out.iter().any(|output| matches!(
        output,
        Output::Reply {
            reply: Reply::Unavailable,
            ..
        }
    )));
}

#[test]
fn events_that_nobody_issued_do_not_make_a_node_issue_them_again() {
    let mut network = Network::new(Shape::default());
    let owner = network.list(KEY)[0];
    let forged = Siblings::from_iter([Version {
        dot: Dot {
            actor: Actor::owner(owner),
            counter: 1_000,
        },
        past: VersionVector::new(),
        time: 0,
        value: Some(b"forged".to_vec()),
    }]);
    let message = Message::Repair {
        key: KEY.to_vec(),
        siblings: forged,
    };
    let from = network.list(KEY)[1];
    network.input(owner, Input::Message { from, message });
    network.run_ms(10);
    network.put(owner, KEY, "a", None);
    assert_eq!(network.get(from, KEY).0, ["a", "forged"]);
}
