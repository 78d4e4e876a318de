//! What whoever handed a put on takes for its end, and what for noise.

use dynamo_core::{Answer, Hint, Input, Message, NodeId, Reason, Reply, RequestId, Shape, Tag};

use crate::network::{Network, made_by};

const KEY: &[u8] = b"cart";

/// A put that was handed to the first owner, who knows it, and waits for the disks of the others.
fn handed_on() -> (Network, [NodeId; 2], RequestId, Tag) {
    let shape = Shape {
        w: 3,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.run_ms(5);
    network.restart(list[0]);
    assert_eq!(network.put(list[4], KEY, "a", None), Reply::Stored);
    network.run_ms(100);
    for node in &list[1..4] {
        network.stall(*node);
    }
    network.log.clear();
    let put = network.start_put(list[4], KEY, "b", None);
    network.run_ms(10);
    let Some((_, _, Message::Forward { tag, life, .. })) = network.log.first() else {
        panic!("it is handed on");
    };
    assert_eq!(*life, Some(5_000), "addressed to a life");
    let tag = *tag;
    (network, [list[4], list[0]], put, tag)
}

fn answers(network: &mut Network, [to, from]: [NodeId; 2], tag: Tag, answer: Answer) {
    let message = Message::Forwarded { tag, answer };
    network.input(to, Input::Message { from, message });
}

/// Word of the life that it is addressed to, or of one before, may only have come late.
#[test]
fn only_word_of_a_later_life_ends_a_put_that_was_handed_on() {
    let (mut network, between, put, tag) = handed_on();
    for life in [0, 4_999, 5_000] {
        answers(&mut network, between, tag, Answer::OtherLife(life));
        assert_eq!(network.reply(put), None, "of life {life}");
    }
    answers(&mut network, between, tag, Answer::OtherLife(5_001));
    assert_eq!(network.reply(put), Some(&Reply::Unavailable));
}

#[test]
fn only_who_was_asked_and_only_this_life_tell_what_became_of_a_put() {
    let (mut network, [to, from], put, tag) = handed_on();
    let before = Tag {
        life: tag.life + 1,
        ..tag
    };
    let another = Tag {
        number: tag.number + 1,
        ..tag
    };
    let third = NodeId(u32::MAX);
    for answer in [Answer::Stored, Answer::Unavailable, Answer::NotMine] {
        answers(&mut network, [to, third], tag, answer);
        answers(&mut network, [to, from], before, answer);
        answers(&mut network, [to, from], another, answer);
        assert_eq!(network.reply(put), None, "{answer:?}");
    }
    answers(&mut network, [to, from], tag, Answer::Stored);
    assert_eq!(network.reply(put), Some(&Reply::Stored));
}

fn replicate_as_hint(network: &mut Network, to: NodeId, owner: NodeId) {
    let message = Message::Replicate {
        tag: Tag { life: 0, number: 1 },
        view: network.node(to).view().mark(),
        synced: true,
        key: KEY.to_vec(),
        siblings: made_by(NodeId(0), "a"),
        hint: Some(Hint {
            owner,
            reason: Reason::Suspected,
        }),
    };
    let from = network.list(KEY)[4];
    network.input(to, Input::Message { from, message });
}

/// A stand-in may be an owner itself.
#[test]
fn a_hint_is_kept_for_another_owner_of_the_key_and_for_nobody_else() {
    let network = Network::new(Shape::default());
    let list = network.list(KEY);
    for (to, owner, kept) in [
        (list[3], list[0], true),
        (list[1], list[0], true),
        (list[3], list[3], false),
        (list[3], list[4], false),
        (list[0], list[0], false),
    ] {
        let mut network = Network::new(Shape::default());
        replicate_as_hint(&mut network, to, owner);
        network.run_ms(5);
        let hints = network.hints(to);
        assert_eq!(
            hints,
            if kept { vec![owner] } else { vec![] },
            "{to:?} for {owner:?}"
        );
        assert_eq!(network.count("replicated"), usize::from(kept));
    }
}
