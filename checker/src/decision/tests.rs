//! Drawn histories: the line that is blamed, and those in which nobody is.

use super::{Decision, decide};
use crate::evidence::sketch::{node, sketch};
use crate::history::OpId;
use crate::network::Beside;
use crate::note::Node;
use crate::verdict::{Counterexample, Promise};

fn found(promise: Promise) -> Counterexample {
    Counterexample {
        promise,
        part: String::new(),
        sentence: String::new(),
        key: Some("x".into()),
        ops: Vec::new(),
        reasons: Vec::new(),
        cause: String::new(),
    }
}

fn blamed(text: &str, promise: Promise) -> Option<Decision> {
    decide(&sketch(text), &found(promise), Beside::default())
}

/// Who is blamed where this part of the promise is broken: when, on which node, in which words.
fn blamed_part(text: &str, promise: Promise, part: &str) -> Option<(u64, Option<Node>, String)> {
    let found = Counterexample {
        part: part.into(),
        ..found(promise)
    };
    let decision = decide(&sketch(text), &found, Beside::default())?;
    assert!(!decision.facts.is_empty(), "{decision:?}");
    Some((decision.at.0, decision.node, decision.sentence))
}

const SETUP: &str = "0 setup n=3 r=2 w=1 converges hands_off
    0 owners x A,B,C
    [1,3] s1 put x a -> ok as p
    2 durable A x {a}
    [4,5] s2 get x -> {a} as g
    ";

#[test]
fn a_disk_that_lets_go_of_what_nobody_had_seen_is_blamed_at_that_moment() {
    let unseen = format!(
        "{SETUP} [6,9] s3 put x b -> ok
         7 durable A x {{a,b}}
         8 durable A x {{b}}
         20 quiet"
    );
    let decision = blamed(&unseen, Promise::SiblingPreservation).expect("a is gone");
    assert_eq!((decision.at.0, decision.node), (8, Some(node("A"))));
    assert!(
        decision.sentence.contains("replaced a by {b}"),
        "{decision:?}"
    );
    let seen = unseen.replace("put x b -> ok", "put x b ctx=g -> ok");
    assert_eq!(blamed(&seen, Promise::SiblingPreservation), None);
}

#[test]
fn a_disk_that_was_lost_with_its_node_is_nobodys_decision() {
    // Where disks get lost, nobody promises hints.
    let setup = SETUP.replace(" hands_off", "");
    let text = |crash: &str, restart: &str| {
        format!(
            "{setup} {crash}
             7 durable A x {{}}
             {restart}
             20 quiet"
        )
    };
    let lost = text("7 crash A", "9 restart A");
    assert_eq!(blamed(&lost, Promise::SiblingPreservation), None);
    let other = text("7 crash B", "9 restart B");
    let decision = blamed(&other, Promise::SiblingPreservation).expect("A runs, and lets go");
    assert_eq!((decision.at.0, decision.node), (7, Some(node("A"))));
    let late = text("5 crash A\n 6 restart A", "");
    assert!(blamed(&late, Promise::SiblingPreservation).is_some());
}

#[test]
fn of_two_mistakes_the_one_that_the_counterexample_speaks_of_is_blamed() {
    let text = format!(
        "{SETUP} [6,9] s3 put x b -> ok
         7 durable A x {{b}}
         [10,13] s4 put x c -> ok
         11 durable A x {{c}}
         20 quiet"
    );
    let history = sketch(&text);
    let any = decide(
        &history,
        &found(Promise::SiblingPreservation),
        Beside::default(),
    )
    .expect("a is gone");
    assert_eq!(any.at.0, 7);
    let put = history
        .ops()
        .iter()
        .find(|op| op.label().contains("put x b"));
    let ops: Vec<OpId> = put.iter().map(|op| op.id).collect();
    let of_b = Counterexample {
        ops,
        ..found(Promise::SiblingPreservation)
    };
    assert_eq!(
        decide(&history, &of_b, Beside::default())
            .expect("b is gone")
            .at
            .0,
        11
    );
}

#[test]
fn a_hint_that_is_dropped_too_early_is_its_holders_mistake() {
    let early = format!(
        "{SETUP} 6 hint D C x {{a}}
         8 dropped D C x
         9 durable C x {{a}}
         20 quiet"
    );
    let decision = blamed(&early, Promise::HandoffDelivery).expect("it was too early");
    assert_eq!((decision.at.0, decision.node), (8, Some(node("D"))));
    let in_time = early.replace("9 durable C", "7 durable C");
    assert_eq!(blamed(&in_time, Promise::HandoffDelivery), None);
    // Within one instant nobody knows what came first.
    let at_once = early.replace("9 durable C", "8 durable C");
    assert_eq!(blamed(&at_once, Promise::HandoffDelivery), None);
}

#[test]
fn a_hint_that_a_restart_left_lying_is_blamed_on_the_restart() {
    let lying = format!(
        "{SETUP} 6 hint D C x {{a}}
         8 crash D
         10 restart D
         20 quiet"
    );
    let decision = blamed(&lying, Promise::HandoffDelivery).expect("it lies there");
    assert_eq!((decision.at.0, decision.node), (10, Some(node("D"))));
    let sent = lying.replace("20 quiet", "12 transfer D C hint x\n20 quiet");
    assert_eq!(
        blamed(&sent, Promise::HandoffDelivery),
        None,
        "it did what it could"
    );
    let steady = lying.replace("10 restart D", "").replace("8 crash D", "");
    assert_eq!(
        blamed(&steady, Promise::HandoffDelivery),
        None,
        "nothing tells why"
    );
}

#[test]
fn an_event_that_two_writes_share_is_blamed_on_its_maker() {
    let text = "0 setup n=3 r=2 w=1 converges hands_off
        [1,3] s1 put x a -> ok
        2 durable A x {a@n0:1}
        [4,6] s2 put x b -> ok
        5 durable B x {b@n0:1}
        20 quiet";
    let decision = blamed(text, Promise::ClockCausality).expect("two are one");
    assert_eq!(
        (decision.at.0, decision.node),
        (5, Some(node("A"))),
        "{decision:?}"
    );
}

#[test]
fn without_disks_nobody_is_blamed() {
    let text = "[1,3] s1 put x a -> ok\nfinal x {}";
    assert_eq!(blamed(text, Promise::SiblingPreservation), None);
}

/// D keeps a for C, and still does in the end.
fn waiting(between: &str) -> String {
    format!(
        "{SETUP} 3 durable B x {{a}}
         6 hint D C x {{a}}
         {between}
         20 quiet"
    )
}

#[test]
fn a_hint_that_still_waits_is_told_by_what_its_holder_did_instead() {
    let blamed = |between: &str| {
        let found = blamed_part(&waiting(between), Promise::HandoffDelivery, "undelivered");
        found.map(|(at, on, sentence)| {
            assert_eq!(on, Some(node("D")));
            (at, sentence)
        })
    };
    let (at, sentence) = blamed("9 transfer D C hint x\n 9 durable C x {a}").expect("C has it");
    assert!(
        at == 9 && sentence.contains("went on to keep {a}"),
        "{sentence}"
    );
    let (at, sentence) = blamed("9 transfer D B hint x").expect("it went to B");
    assert!(
        at == 9 && sentence.contains("brought to n1 what it kept for n2"),
        "{sentence}"
    );
    let (at, sentence) = blamed("9 owners x A,B,E").expect("C is no owner any more");
    assert!(
        at == 9 && sentence.contains("n2 ceased to own x"),
        "{sentence}"
    );
    assert_eq!(blamed(""), None, "nothing tells why");
    assert_eq!(
        blamed("9 transfer D C hint x"),
        None,
        "it did what it could"
    );
}

#[test]
fn what_was_kept_for_nobody_is_told_by_who_went_without() {
    let text = format!("{SETUP} 3 durable B x {{a}}\n 20 quiet");
    let told = |part: &str| blamed_part(&text, Promise::HandoffDelivery, part);
    let (at, on, sentence) = told("kept for nobody").expect("C has been without it");
    assert_eq!((at, on), (2, Some(node("C"))));
    assert!(
        sentence.contains("n2 has been without a since n0 stored it"),
        "{sentence}"
    );
    assert_eq!(told("stray copy"), None);
}

#[test]
fn of_owners_that_hold_the_same_the_one_with_another_root_is_blamed() {
    let text = |between: &str, roots: &str| {
        format!(
            "{SETUP} 3 durable B x {{a}}
             4 durable C x {{a}}
             {between}
             20 quiet
             {roots}"
        )
    };
    let told = |text: &str| blamed_part(text, Promise::Convergence, "roots differ on equal states");
    let apart = "20 root A r x 1\n 20 root B r x 1\n 20 root C r x 2";
    let (at, on, sentence) = told(&text("", apart)).expect("C shows something else");
    assert_eq!((at, on), (4, Some(node("C"))));
    assert!(sentence.contains("came to hold {a} of x"), "{sentence}");
    let (at, on, sentence) =
        told(&text("6 crash C\n 8 restart C", apart)).expect("since it came back");
    assert_eq!((at, on), (8, Some(node("C"))));
    assert!(sentence.contains("came back with {a} of x"), "{sentence}");
    assert_eq!(told(&text("", &apart.replace("r x 2", "r x 1"))), None);
}
