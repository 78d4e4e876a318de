//! What a client asks whom, and what it tells its application.

use alloc::vec;

use super::*;
use crate::membership::{Member, Move};
use crate::node::Terms;
use crate::shape::Shape;

const KEY: &[u8] = b"cart";

/// A client whose first poll is answered.
fn client(habits: Habits) -> Client {
    let config = Config::new(Shape::default()).expect("the default is valid");
    let mut client = Client::new(1, Arc::new(config), habits, Time(0));
    let (_, ask, request) = asked(&mut client, Time(0), Input::Wake).remove(0);
    assert_eq!(request, Request::Members);
    let reply = Reply::Members(client.view.membership().clone());
    assert!(outputs(&mut client, Time(0), Input::Answer { ask, reply }).is_empty());
    client
}

fn outputs(client: &mut Client, now: Time, input: Input) -> Vec<Output> {
    let mut out = Vec::new();
    client.handle(now, input, &mut out);
    out
}

fn asked(client: &mut Client, now: Time, input: Input) -> Vec<(NodeId, RequestId, Request)> {
    let out = outputs(client, now, input);
    let asked = out.into_iter().filter_map(|output| match output {
        Output::Ask { to, ask, request } => Some((to, ask, request)),
        Output::Done { .. } => None,
    });
    asked.collect()
}

fn call(id: u64, put: bool) -> Input {
    let (key, terms) = (KEY.to_vec(), Terms::default());
    let request = if put {
        let (value, context) = (vec![1], None);
        Request::Put {
            key,
            value,
            context,
            terms,
        }
    } else {
        Request::Get { key, terms }
    };
    let id = RequestId(id);
    Input::Call { id, request }
}

fn done(id: u64, reply: Reply) -> Output {
    let id = RequestId(id);
    Output::Done { id, reply }
}

#[test]
fn a_put_that_may_have_gone_out_is_never_sent_again() {
    for late in [false, true] {
        let mut client = client(Habits::default());
        let (to, ask, _) = asked(&mut client, Time(1), call(9, true)).remove(0);
        let out = if late {
            outputs(&mut client, Time(300_001), Input::Wake)
        } else {
            outputs(&mut client, Time(2), Input::Lost { ask })
        };
        assert!(out.contains(&done(9, Reply::Unavailable)), "{out:?}");
        let again = |output: &Output| match output {
            Output::Ask {
                to: other, request, ..
            } => *request != Request::Members || *other == to,
            Output::Done { .. } => false,
        };
        assert!(!out.iter().any(again), "only the membership is looked up");
        let reply = Reply::Stored;
        let out = outputs(&mut client, Time(300_002), Input::Answer { ask, reply });
        assert!(out.is_empty(), "a call ends once");
    }
}

#[test]
fn a_put_that_certainly_did_not_go_out_is_sent_to_the_next_owner() {
    let mut client = client(Habits::default());
    let owners = client.view.ring().owners(KEY, 3);
    let (to, ask, _) = asked(&mut client, Time(1), call(9, true)).remove(0);
    assert_eq!(to, owners[0]);
    let asked_now = asked(&mut client, Time(1), Input::Unsent { ask });
    let puts = asked_now
        .iter()
        .filter(|(.., request)| *request != Request::Members);
    assert_eq!(puts.map(|(to, ..)| *to).collect::<Vec<_>>(), [owners[1]]);
    // From now on the first is avoided, until it is time to try it again.
    let (to, ..) = asked(&mut client, Time(2), call(10, true)).remove(0);
    assert_eq!(to, owners[1]);
    let (to, ..) = asked(&mut client, Time(1_000_001), call(11, true)).remove(0);
    assert_eq!(to, owners[0]);
}

#[test]
fn a_get_that_nobody_answers_is_asked_elsewhere_until_its_time_is_up() {
    let mut client = client(Habits::default());
    let list = client.view.ring().preference_list(KEY);
    let mut asks = asked(&mut client, Time(1), call(9, false));
    let mut ends = Vec::new();
    while ends.is_empty() {
        let now = client.deadline();
        for output in outputs(&mut client, now, Input::Wake) {
            match output {
                Output::Ask {
                    request: Request::Members,
                    ..
                } => {}
                Output::Ask { to, ask, request } => asks.push((to, ask, request)),
                Output::Done { .. } => ends.push((now, output)),
            }
        }
    }
    let nodes: Vec<NodeId> = asks.iter().map(|(to, ..)| *to).collect();
    assert_eq!(nodes, list[..3]);
    assert_eq!(ends, [(Time(300_001), done(9, Reply::Unavailable))]);
}

#[test]
fn a_pinned_call_that_is_refused_for_its_address_goes_where_the_poll_says() {
    let mut client = client(Habits {
        pinned: true,
        ..Habits::default()
    });
    let (old, ask, request) = asked(&mut client, Time(1), call(9, true)).remove(0);
    assert!(matches!(request, Request::Put { terms, .. } if terms.pinned));
    let reply = Reply::Refused(Refusal::NotAnOwner);
    let (_, poll, request) = asked(&mut client, Time(2), Input::Answer { ask, reply }).remove(0);
    assert_eq!(request, Request::Members);
    let mut history = client.view.membership().clone();
    history.record(1, NodeId(1), old, Move::Leave);
    let reply = Reply::Members(history);
    let answer = Input::Answer { ask: poll, reply };
    let (new, ask, _) = asked(&mut client, Time(3), answer).remove(0);
    assert!(new != old && client.view.ring().owners(KEY, 3).contains(&new));
    let reply = Reply::Stored;
    let out = outputs(&mut client, Time(4), Input::Answer { ask, reply });
    assert_eq!(out, [done(9, Reply::Stored)]);
}

#[test]
fn a_put_that_every_owner_refuses_is_told_as_refused() {
    let mut client = client(Habits {
        pinned: true,
        ..Habits::default()
    });
    let mut inputs = vec![call(9, true)];
    let (mut asks, mut ends) = (0, Vec::new());
    while let Some(input) = inputs.pop() {
        for output in outputs(&mut client, Time(1), input) {
            let Output::Ask { ask, request, .. } = output else {
                ends.push(output);
                continue;
            };
            let reply = if request == Request::Members {
                Reply::Members(Membership::default())
            } else {
                asks += 1;
                Reply::Refused(Refusal::NotAnOwner)
            };
            inputs.push(Input::Answer { ask, reply });
        }
    }
    assert_eq!(
        (asks, ends),
        (3, vec![done(9, Reply::Refused(Refusal::NotAnOwner))])
    );
}

#[test]
fn polls_go_to_all_and_never_too_often_even_if_nobody_is_there() {
    let mut client = client(Habits::default());
    let mut polled = Vec::new();
    let end = Time(60_000_000);
    while client.deadline() < end {
        let now = client.deadline();
        polled.extend(asked(&mut client, now, Input::Wake));
        assert!(client.deadline() > now, "a wake makes progress");
    }
    assert!((6..=300).contains(&polled.len()), "{}", polled.len());
    for node in (0..5).map(NodeId) {
        assert!(polled.iter().any(|(to, ..)| *to == node));
    }
}

#[test]
fn a_ring_that_is_too_large_is_not_believed() {
    let mut client = client(Habits::default());
    let before = client.view.clone();
    let giants = (0..60_000).map(|node| {
        let capacity = u32::MAX;
        (NodeId(node), Member { capacity, zone: 0 })
    });
    client.learn(&Membership::founded(giants));
    assert_eq!(client.view, before);
}
