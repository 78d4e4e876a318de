//! Which stores slow down background work: those that clients wait for.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynamo_core::{
    Admission, Config, Context, Input, Message, Node, NodeId, Output, Partitioning, Shape, Tag,
    Terms, Time, Timing, Written,
};

use crate::network::made_by;

const KEY: &[u8] = b"cart";

/// Trees are compared twice in each of the sixteen parts of the window.
fn shape() -> Shape {
    Shape {
        nodes: 3,
        gossip: false,
        partitioning: Partitioning::Tokens { per_node: 2 },
        admission: Admission::Feedback {
            threshold_us: 10_000,
            window_us: 640_000,
            slices_max: 32,
        },
        timing: Timing {
            anti_entropy_us: 20_000,
            request_us: 10_000_000,
            ..Timing::default()
        },
        ..Shape::default()
    }
}

/// How often trees are compared in two seconds by a node whose disk never answers for what this
/// message asks of it.
fn comparisons(message: Option<Message>) -> usize {
    let config = Arc::new(Config::new(shape()).expect("a valid shape"));
    let (mut node, mut out) = (
        Node::start(NodeId(0), config, &BTreeMap::new(), Time(0)),
        Vec::new(),
    );
    let from = NodeId(1);
    if let Some(message) = message {
        node.handle(Time(0), Input::Message { from, message }, &mut out);
        let stores = |output: &Output| matches!(output, Output::Store { .. });
        assert_eq!(out.iter().filter(|output| stores(output)).count(), 1);
    }
    while let Some(at) = node.deadline().filter(|at| *at < Time(2_000_000)) {
        node.handle(at, Input::Wake, &mut out);
    }
    let compares = |output: &&Output| {
        let Output::Send { message, .. } = output else {
            return false;
        };
        message.kind() == "sync-roots"
    };
    out.iter().filter(compares).count()
}

#[test]
fn trees_are_compared_less_often_only_while_a_client_waits_for_the_disk() {
    let undisturbed = comparisons(None);
    let (key, siblings) = (KEY.to_vec(), made_by(NodeId(9), "v"));
    let tag = Tag { life: 0, number: 1 };
    let config = Config::new(shape()).expect("a valid shape");
    let replica = Message::Replicate {
        tag,
        view: config.view().mark(),
        synced: false,
        key: key.clone(),
        siblings: siblings.clone(),
        hint: None,
    };
    let forwarded = Message::Forward {
        tag,
        life: Some(0),
        written: Written {
            key: key.clone(),
            value: Some(b"v".to_vec()),
            context: Context::default(),
            terms: Terms::default(),
        },
    };
    for message in [replica, forwarded] {
        let kind = message.kind();
        let disturbed = comparisons(Some(message));
        assert!(
            3 * disturbed < 2 * undisturbed,
            "{kind}: {disturbed} of {undisturbed}"
        );
    }
    let states = vec![(key.clone(), siblings.clone())];
    let hint = Message::Hint {
        key: key.clone(),
        siblings: siblings.clone(),
    };
    let mended = Message::SyncStates {
        states,
        wanted: Vec::new(),
    };
    for message in [hint, mended, Message::Repair { key, siblings }] {
        let kind = message.kind();
        assert_eq!(comparisons(Some(message)), undisturbed, "{kind}");
    }
}
