//! A request may say how many replicas it takes, and that the node it asks is one of them.

use dynamo_core::{
    Answer, Context, Input, Message, NodeId, Refusal, Reply, Shape, Tag, Terms, Written,
};

use crate::network::{Network, still};

const KEY: &[u8] = b"cart";

fn terms(n: u32, r: u32, w: u32) -> Terms {
    Terms {
        n: Some(n),
        r: Some(r),
        w: Some(w),
        pinned: false,
    }
}

fn pinned(r: u32, w: u32) -> Terms {
    Terms {
        pinned: true,
        ..terms(3, r, w)
    }
}

#[test]
fn terms_out_of_bounds_are_refused_and_nothing_happens() {
    let mut network = Network::new(still());
    for bad in [
        terms(4, 1, 1),
        terms(0, 1, 1),
        terms(2, 3, 1),
        terms(2, 1, 3),
        terms(3, 0, 1),
    ] {
        let get = network.start_get_on(bad, NodeId(0), KEY);
        let put = network.start_put_on(bad, NodeId(0), KEY, "a", None);
        for id in [get, put] {
            assert_eq!(network.reply(id), Some(&Reply::Refused(Refusal::Terms)));
        }
    }
    network.run_ms(500);
    assert!(network.log.is_empty() && network.kept.is_empty());
}

#[test]
fn a_request_may_ask_for_more_or_fewer_answers_than_the_cluster_does() {
    let mut network = Network::new(still());
    let list = network.list(KEY);
    network.crash(list[2]);
    let replies = [1, 2, 3].map(|most| {
        let put = network.start_put_on(terms(3, 1, most), list[0], KEY, "a", None);
        let get = network.start_get_on(terms(3, most, 1), list[4], KEY);
        let answered = matches!(network.wait(get), Reply::Values { .. });
        (network.wait(put) == Reply::Stored, answered)
    });
    assert_eq!(replies, [(true, true), (true, true), (false, false)]);
}

#[test]
fn a_smaller_n_takes_the_first_owners_only() {
    let mut network = Network::new(still());
    let list = network.list(KEY);
    for asked in [list[0], list[2], list[4]] {
        let put = network.start_put_on(terms(2, 1, 2), asked, KEY, &format!("{asked}"), None);
        assert_eq!(network.wait(put), Reply::Stored);
    }
    network.run_ms(100);
    assert_eq!(network.values(list[0], KEY).len(), 3);
    assert_eq!(network.values(list[1], KEY).len(), 3);
    assert!(network.values(list[2], KEY).is_empty(), "not one of two");
    let get = network.start_get_on(terms(1, 1, 1), list[2], KEY);
    assert_eq!(network.values_of(get).0.len(), 3, "it asks the first owner");
    let fetches = network.log.iter().filter(|(.., m)| m.kind() == "fetch");
    assert_eq!(fetches.map(|(_, to, _)| *to).collect::<Vec<_>>(), [list[0]]);
}

#[test]
fn a_smaller_n_still_has_stand_ins() {
    let shape = Shape {
        sloppy: true,
        hints: true,
        ..still()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.crash(list[0]);
    let put = network.start_put_on(terms(1, 1, 1), list[4], KEY, "a", None);
    assert_eq!(network.wait(put), Reply::Stored);
    network.restart(list[0]);
    network.run_ms(1_000);
    assert_eq!(network.values(list[0], KEY), ["a"]);
}

#[test]
fn terms_travel_with_a_put_that_is_handed_on() {
    let mut network = Network::new(still());
    let list = network.list(KEY);
    network.stall(list[1]);
    network.stall(list[2]);
    let one = network.start_put_on(terms(3, 1, 1), list[4], KEY, "a", None);
    assert_eq!(network.wait(one), Reply::Stored);
    let two = network.start_put_on(terms(3, 1, 2), list[4], KEY, "b", None);
    assert_eq!(network.wait(two), Reply::Unavailable);
}

#[test]
fn a_forward_of_absurd_terms_does_no_harm() {
    let mut network = Network::new(still());
    let (owner, peer) = (network.list(KEY)[0], network.list(KEY)[4]);
    for (number, bad) in [terms(u32::MAX, u32::MAX, u32::MAX), terms(0, 0, 0)]
        .into_iter()
        .enumerate()
    {
        let message = Message::Forward {
            tag: Tag {
                life: 0,
                number: number as u64,
            },
            life: Some(0),
            written: Written {
                key: KEY.to_vec(),
                value: Some(b"garbage".to_vec()),
                context: Context::default(),
                terms: bad,
            },
        };
        let from = peer;
        network.input(owner, Input::Message { from, message });
    }
    network.run_ms(500);
    assert!(network.kept.is_empty());
    assert!(network.log.iter().all(|(.., message)| !matches!(
        message,
        Message::Forwarded {
            answer: Answer::Stored,
            ..
        }
    )));
    assert_eq!(network.put(peer, KEY, "a", None), Reply::Stored);
    assert_eq!(network.get(owner, KEY).0, ["a"]);
}

#[test]
fn a_pinned_request_is_refused_by_whoever_does_not_own_the_key() {
    let mut network = Network::new(still());
    let list = network.list(KEY);
    let narrow = Terms {
        pinned: true,
        ..terms(1, 1, 1)
    };
    for (terms, node) in [(pinned(1, 1), list[3]), (narrow, list[1])] {
        let put = network.start_put_on(terms, node, KEY, "a", None);
        let get = network.start_get_on(terms, node, KEY);
        for id in [put, get] {
            let refused = Reply::Refused(Refusal::NotAnOwner);
            assert_eq!(network.reply(id), Some(&refused));
        }
    }
    network.run_ms(500);
    assert!(network.log.is_empty() && network.kept.is_empty());
}

#[test]
fn a_session_pinned_to_an_owner_reads_its_own_writes_though_one_answer_is_enough() {
    let mut network = Network::new(still());
    let list = network.list(KEY);
    for (turn, home) in list[..3].iter().enumerate() {
        network.isolate(*home);
        let put = network.start_put_on(pinned(1, 1), *home, KEY, &format!("{turn}"), None);
        assert_eq!(network.wait(put), Reply::Stored);
        assert_eq!(network.values(*home, KEY), [format!("{turn}")]);
        network.heal();
        let get = network.start_get_on(pinned(1, 1), *home, KEY);
        assert_eq!(network.values_of(get).0, [format!("{turn}")]);
    }
    let elsewhere = network.start_get_on(terms(3, 1, 1), list[1], KEY);
    assert_eq!(network.values_of(elsewhere).0, ["1"]);
}

#[test]
fn a_pinned_put_waits_for_the_disk_of_the_node_that_was_asked() {
    let mut network = Network::new(still());
    let home = network.list(KEY)[1];
    network.stall(home);
    let put = network.start_put_on(pinned(1, 1), home, KEY, "a", None);
    assert_eq!(network.wait(put), Reply::Unavailable);
}
