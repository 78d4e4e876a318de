//! Drawn networks: on what an answer rested, and who is blamed for it.

use std::collections::BTreeMap;

use super::{Decision, decide};
use crate::evidence::sketch::sketch;
use crate::history::{OpId, Time};
use crate::network::{Beside, Message, Network};
use crate::note::Node;
use crate::verdict::{Counterexample, Promise};

/// A network of these messages: `sent from to kind request heard`, and when which call was answered.
fn network(messages: &str, answers: &[(u64, u64)]) -> Network {
    let message = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: &str| word.parse::<u64>().ok();
        let node = |word: &str| Node(number(word).expect("a node") as u32);
        Message {
            from: node(words[1]),
            to: node(words[2]),
            kind: words[3].into(),
            key: "x".into(),
            request: number(words[4]).map(|request| request as u32),
            in_place_of: None,
            sent: Time(number(words[0]).expect("a time")),
            heard: number(words[5]).map(Time),
        }
    };
    Network {
        messages: messages.lines().map(message).collect(),
        answers: answers
            .iter()
            .map(|(op, at)| (OpId(*op), Time(*at)))
            .collect(),
    }
}

/// Who is blamed where these operations break the promise, the first of which asked n0 and was answered then.
fn blamed(text: &str, promise: Promise, messages: &str, answered: u64) -> Option<Decision> {
    let history = sketch(text);
    let ops: Vec<OpId> = history.ops().iter().map(|op| op.id).collect();
    let via: BTreeMap<OpId, Node> = ops.iter().map(|op| (*op, Node(0))).collect();
    let network = network(messages, &[(ops[0].0, answered)]);
    let found = Counterexample {
        promise,
        part: String::new(),
        sentence: String::new(),
        key: Some("x".into()),
        ops,
        reasons: Vec::new(),
        cause: String::new(),
    };
    let beside = Beside {
        via: Some(&via),
        network: Some(&network),
    };
    decide(&history, &found, beside)
}

/// A put that one disk of two has when it is acknowledged at 9.
const ALONE: &str = "0 setup n=3 r=2 w=2 converges hands_off
    0 owners x A,B,C
    [1,9] s1 put x a -> ok
    2 durable A x {a}
    20 durable B x {a}
    30 quiet";

#[test]
fn whoever_acknowledges_with_too_few_copies_is_named_with_what_it_had_heard() {
    let lost = blamed(ALONE, Promise::HandoffDelivery, "2 0 1 replicate 1 -", 8);
    let lost = lost.expect("one copy is not two");
    assert_eq!((lost.at, lost.node), (Time(8), Some(Node(0))));
    assert_eq!(
        lost.sentence,
        "n0 acknowledged put x a with too few copies: a was on 1 disk, not on 2."
    );
    let says = |decision: &Decision, fact: &str| decision.facts.iter().any(|one| one == fact);
    assert!(
        says(&lost, "n0, which saw to it, had it on its disk at 2"),
        "{lost:?}"
    );
    assert!(
        says(&lost, "n1 was asked at 2: it never got there"),
        "{lost:?}"
    );
    let late = blamed(
        ALONE,
        Promise::HandoffDelivery,
        "2 0 1 replicate 1 4\n21 1 0 replicated 1 22",
        8,
    );
    let late = late.expect("one copy is not two");
    assert!(
        says(
            &late,
            "n1 was asked at 2: its answer came at 22, too late to count, and it had it on its disk at 20, after \
             the answer"
        ),
        "{late:?}"
    );
}

#[test]
fn whoever_answers_before_the_node_that_sees_to_it_is_the_one_to_blame() {
    let handed = "1 0 1 forward 1 3\n4 1 0 replicate 2 5\n21 1 0 forwarded 1 22";
    let early = blamed(ALONE, Promise::HandoffDelivery, handed, 8).expect("nobody waited");
    assert_eq!(early.node, Some(Node(0)));
    assert!(
        early
            .sentence
            .contains("before n1 had answered, to which it had handed it on"),
        "{early:?}"
    );
    let awaited = handed.replace("21 1 0 forwarded 1 22", "6 1 0 forwarded 1 7");
    let awaited = blamed(ALONE, Promise::HandoffDelivery, &awaited, 8).expect("still one copy");
    assert_eq!(awaited.node, Some(Node(1)), "the coordinator told it so");
}

#[test]
fn what_cannot_be_told_apart_names_nobody() {
    let two = "2 0 1 replicate 1 4\n3 0 2 replicate 2 4";
    let decision = blamed(ALONE, Promise::HandoffDelivery, two, 8).expect("still one copy");
    assert_eq!((decision.at, decision.node), (Time(9), None));
}

#[test]
fn of_two_writes_that_disks_cannot_tell_apart_nothing_is_said() {
    let two = |second: &str| {
        let text = format!("{ALONE}\n    [40,41] s2 {second} -> ok");
        blamed(&text, Promise::HandoffDelivery, "2 0 1 replicate 1 -", 8)
    };
    let node = |decision: Option<Decision>| decision.and_then(|decision| decision.node);
    assert_eq!(node(two("put x b")), Some(Node(0)));
    assert_eq!(node(two("put x a")), None);
}

#[test]
fn a_get_that_waits_for_fewer_replicas_than_it_takes_is_blamed() {
    let text = "0 setup n=3 r=2 w=1 converges hands_off
        0 owners x A,B,C
        [1,9] s1 get x -> {}
        30 quiet";
    let get = |messages: &str| blamed(text, Promise::ReadYourWrites, messages, 8);
    let asks = "1 0 1 fetch 1 2\n1 0 2 fetch 1 3";
    let early = get(asks).expect("it heard of nobody but itself");
    assert_eq!((early.at, early.node), (Time(8), Some(Node(0))));
    assert_eq!(
        early.sentence,
        "n0 answered get x → nothing on the word of 1 replica, where it takes 2."
    );
    assert_eq!(get(&format!("{asks}\n3 1 0 fetched 1 5")), None);
    let late = get(&format!("{asks}\n3 1 0 fetched 1 9"));
    assert!(late.is_some(), "what comes after the answer is not counted");
    assert_eq!(get(""), None, "nothing is known of whom it asked");
    assert_eq!(get("1 0 1 fetch 1 2\n1 0 2 fetch 2 3"), None, "two calls");
}
