//! Clients that find their way by themselves, among nodes that come, go and fail (§6.4).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dynamo_core::client::{Client, Habits, Input, Output};
use dynamo_core::{NodeId, Reply, Request, RequestId, Shape, Terms, Time, Timing};

use crate::network::Network;

/// A client and its connections to a network.
struct Session {
    client: Client,
    network: Network,
    /// The client's number of what the network was asked, and whom.
    asked: BTreeMap<RequestId, (NodeId, RequestId)>,
    calls: u64,
    ends: BTreeMap<RequestId, Reply>,
    /// Whether a node that is down refuses connections at once, or is silent.
    refuses: bool,
    /// Whom gets and puts were sent to.
    sent: Vec<NodeId>,
    polls: Vec<(Time, NodeId)>,
}

impl Session {
    fn new(shape: Shape, habits: Habits) -> Session {
        let network = Network::new(shape);
        let mut session = Session {
            client: Client::new(1, Arc::clone(&network.config), habits, Time(0)),
            network,
            asked: BTreeMap::new(),
            calls: 0,
            ends: BTreeMap::new(),
            refuses: true,
            sent: Vec::new(),
            polls: Vec::new(),
        };
        session.run_ms(10);
        session
    }

    fn input(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut out = Vec::new();
            self.client.handle(self.network.now, input, &mut out);
            for output in out {
                match output {
                    Output::Done { id, reply } => {
                        assert!(self.ends.insert(id, reply).is_none(), "a call ends once");
                    }
                    Output::Ask { to, ask, request } => {
                        if request == Request::Members {
                            self.polls.push((self.network.now, to));
                        } else {
                            self.sent.push(to);
                        }
                        if self.network.is_up(to) {
                            let id = self.network.request(to, request);
                            self.asked.insert(id, (to, ask));
                        } else if self.refuses {
                            inputs.push(Input::Unsent { ask });
                        }
                    }
                }
            }
        }
    }

    fn run_ms(&mut self, ms: u64) {
        for _ in 0..ms {
            self.network.run_ms(1);
            let answered: Vec<RequestId> = self
                .asked
                .keys()
                .copied()
                .filter(|id| self.network.reply(*id).is_some())
                .collect();
            for id in answered {
                let reply = self.network.reply(id).cloned().expect("it was just there");
                let (_, ask) = self.asked.remove(&id).expect("it was just there");
                self.input(Input::Answer { ask, reply });
            }
            if self.client.deadline() <= self.network.now {
                self.input(Input::Wake);
            }
        }
    }

    fn start(&mut self, request: Request) -> RequestId {
        self.calls += 1;
        let id = RequestId(self.calls);
        self.input(Input::Call { id, request });
        id
    }

    fn start_put(&mut self, key: &[u8], value: &str, context: Option<Vec<u8>>) -> RequestId {
        self.start(Request::Put {
            key: key.to_vec(),
            value: value.into(),
            context,
            terms: Terms::default(),
        })
    }

    fn call(&mut self, request: Request) -> Reply {
        let id = self.start(request);
        self.end(id)
    }

    fn end(&mut self, id: RequestId) -> Reply {
        for _ in 0..1_000 {
            if let Some(end) = self.ends.get(&id) {
                return end.clone();
            }
            self.run_ms(1);
        }
        panic!("every call comes to its end");
    }

    fn put(&mut self, key: &[u8], value: &str, context: Option<Vec<u8>>) -> Reply {
        let id = self.start_put(key, value, context);
        self.end(id)
    }

    fn get(&mut self, key: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
        let (key, terms) = (key.to_vec(), Terms::default());
        match self.call(Request::Get { key, terms }) {
            Reply::Values {
                values, context, ..
            } => (values, context),
            other => panic!("a get was answered {other:?}"),
        }
    }
}

fn key(number: u32) -> Vec<u8> {
    format!("key {number}").into_bytes()
}

/// Polls every second.
fn habits() -> Habits {
    Habits {
        poll_us: 1_000_000,
        ..Habits::default()
    }
}

fn quick_gossip() -> Shape {
    Shape {
        timing: Timing {
            gossip_us: 50_000,
            ..Timing::default()
        },
        ..Shape::default()
    }
}

#[test]
fn a_client_that_knows_the_ring_needs_no_hop() {
    let mut session = Session::new(Shape::default(), habits());
    for number in 0..40 {
        assert_eq!(session.put(&key(number), "v", None), Reply::Stored);
        assert_eq!(session.get(&key(number)).0, [b"v"]);
        let owners = &session.network.list(&key(number))[..3];
        assert!(session.sent.drain(..).all(|node| owners.contains(&node)));
    }
    assert_eq!(session.network.count("forward"), 0);
    for number in 0..40 {
        let somewhere = NodeId(number % 5);
        session.network.put(somewhere, &key(number), "w", None);
    }
    assert!(session.network.count("forward") > 5, "a load balancer does");
}

#[test]
fn a_client_follows_a_change_of_members_after_one_poll() {
    let mut session = Session::new(quick_gossip(), habits());
    let gone = NodeId(2);
    let keys: Vec<Vec<u8>> = (0..200)
        .map(key)
        .filter(|key| session.network.list(key)[0] == gone)
        .collect();
    assert!(keys.len() > 10);
    let leave = Request::Leave { node: gone };
    let id = session.network.request(NodeId(0), leave);
    session.network.wait(id);
    session.run_ms(5);
    session.sent.clear();
    assert_eq!(session.put(&keys[0], "v", None), Reply::Stored);
    assert_eq!(session.sent, [gone], "the client has not heard of it yet");
    session.run_ms(1_500);
    assert!(!session.client.view().membership().is_member(gone));
    session.sent.clear();
    session.network.log.clear();
    for key in &keys {
        assert_eq!(session.put(key, "v", None), Reply::Stored);
    }
    assert!(!session.sent.contains(&gone));
    assert_eq!(session.network.count("forward"), 0);
}

#[test]
fn a_client_polls_one_node_in_each_interval_and_over_time_all() {
    let mut session = Session::new(Shape::default(), habits());
    session.run_ms(30_000);
    let times: Vec<u64> = session.polls.iter().map(|(at, _)| at.0).collect();
    assert_eq!(times.len(), 31);
    let regular = |pair: &[u64]| (1_000_000..1_010_000).contains(&(pair[1] - pair[0]));
    assert!(times.windows(2).all(regular), "{times:?}");
    let polled: BTreeSet<NodeId> = session.polls.iter().map(|(_, node)| *node).collect();
    assert_eq!(polled.len(), 5);
}

#[test]
fn an_owner_that_refuses_connections_costs_nothing_but_a_look_at_another() {
    let mut session = Session::new(Shape::default(), habits());
    let list = session.network.list(b"cart");
    session.network.crash(list[0]);
    let before = session.network.now;
    assert_eq!(session.put(b"cart", "v", None), Reply::Stored);
    assert!(session.network.now < before.after(100_000));
    assert_eq!(session.sent, list[..2]);
    assert_eq!(session.get(b"cart").0, [b"v"]);
    assert_eq!(session.sent[2..], [list[1]], "the first is avoided");
}

#[test]
fn a_get_that_an_owner_does_not_answer_is_answered_by_another() {
    let mut session = Session::new(Shape::default(), habits());
    session.refuses = false;
    let list = session.network.list(b"cart");
    session.put(b"cart", "v", None);
    session.network.crash(list[0]);
    session.sent.clear();
    assert_eq!(session.get(b"cart").0, [b"v"]);
    assert_eq!(session.sent, list[..2]);
}

#[test]
fn a_put_whose_answer_is_lost_happened_once_and_the_client_says_that_it_may_have() {
    let mut session = Session::new(Shape::default(), habits());
    session.refuses = false;
    let list = session.network.list(b"cart");
    let id = session.start_put(b"cart", "v", None);
    session.network.run_ms(20);
    // It is on three disks, and the answer never comes.
    session.asked.retain(|_, (to, _)| *to != list[0]);
    assert_eq!(session.end(id), Reply::Unavailable);
    assert_eq!(session.sent, [list[0]], "sent once");
    let (values, context) = session.get(b"cart");
    assert_eq!(values, [b"v"], "one event, no siblings");
    assert_eq!(session.put(b"cart", "w", Some(context)), Reply::Stored);
    assert_eq!(session.get(b"cart").0, [b"w"]);
}

#[test]
fn a_client_that_hears_nothing_of_an_owner_looks_up_the_members_at_once() {
    let mut session = Session::new(
        quick_gossip(),
        Habits {
            poll_us: 1_000_000_000,
            ..Habits::default()
        },
    );
    let list = session.network.list(b"cart");
    session.network.crash(list[0]);
    let leave = Request::Leave { node: list[0] };
    let id = session.network.request(list[1], leave);
    session.network.wait(id);
    session.run_ms(1_000);
    assert!(session.client.view().membership().is_member(list[0]));
    assert_eq!(session.put(b"cart", "v", None), Reply::Stored);
    session.run_ms(5);
    assert!(!session.client.view().membership().is_member(list[0]));
}
