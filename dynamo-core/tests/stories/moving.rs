//! Gets that meet an owner on the move: what it lacks, its giver lends.

use dynamo_core::{
    Handover, Input, Message, NodeId, Reply, Request, RequestId, Siblings, Tag, Terms, View,
};

use crate::alone::{Alone, JOINER, change, giver, handed_over, keys_of, taker};
use crate::network::made_by;

/// A get of all three owners, of a key that one of them waits for; word by word.
struct Getting {
    node: Alone,
    handover: Handover,
    /// The owners that wait for nothing.
    settled: Vec<NodeId>,
    tag: Tag,
    view: u64,
}

impl Getting {
    fn begin(mut node: Alone, after: &View, handover: Handover, r: u32) -> Getting {
        let key = keys_of(&handover)[0].clone();
        let owners = after.owners_at(handover.range.to).to_vec();
        assert!(owners.contains(&JOINER) && owners.len() == 3);
        let settled = owners.into_iter().filter(|owner| *owner != JOINER);
        let request = Request::Get {
            key,
            terms: Terms {
                r: Some(r),
                ..Terms::default()
            },
        };
        node.said.clear();
        node.input(Input::Request {
            id: RequestId(1),
            request,
        });
        let tag = node.said.iter().find_map(|(_, message)| match message {
            Message::Fetch { tag, .. } => Some(*tag),
            _ => None,
        });
        Getting {
            tag: tag.expect("somebody is asked"),
            view: node.node.view().mark(),
            settled: settled.collect(),
            node,
            handover,
        }
    }

    /// At a node that is neither an owner nor the giver.
    fn afar(r: u32) -> Getting {
        let (_, after, handover) = change();
        let owners = after.owners_at(handover.range.to);
        let mut founders = (0..5).map(NodeId);
        let other = founders.find(|node| !owners.contains(node) && *node != handover.from);
        let mut node = Alone::new(other.expect("of five, four are named"), 5);
        node.adopt(&after);
        Getting::begin(node, &after, handover, r)
    }

    fn fetched(&mut self, from: NodeId, value: &str) {
        let message = Message::Fetched {
            tag: self.tag,
            view: self.view,
            siblings: made_by(from, value),
        };
        self.node.hear(from, message);
    }

    fn not_yet(&mut self, from: NodeId, holder: NodeId, siblings: Siblings) {
        let message = Message::NotYet {
            tag: self.tag,
            view: self.view,
            siblings,
            from: holder,
        };
        self.node.hear(from, message);
    }

    /// The two that wait for nothing answer.
    fn settled_answer(&mut self) {
        for (owner, value) in self.settled.clone().into_iter().zip(["a", "b"]) {
            if owner != self.node.id {
                self.fetched(owner, value);
            }
        }
    }

    /// Who was asked for the key, and whether only for what an owner lacks.
    fn asked(&mut self) -> Vec<(NodeId, bool)> {
        let fetches = self.node.said("fetch");
        let asked = fetches.into_iter().map(|(to, message)| match message {
            Message::Fetch { rest, .. } => (to, rest),
            _ => panic!("it was a fetch"),
        });
        asked.collect()
    }

    /// What the client was told; nothing yet if `None`.
    fn told(&mut self) -> Option<Vec<String>> {
        let reply = self.node.replies.pop()?;
        let Reply::Values { values, .. } = reply else {
            panic!("{reply:?}");
        };
        let text = |value| String::from_utf8(value).expect("tests write text");
        let mut values: Vec<String> = values.into_iter().map(text).collect();
        values.sort();
        Some(values)
    }
}

#[test]
fn what_an_owner_and_its_giver_have_make_one_answer() {
    let mut get = Getting::afar(3);
    assert_eq!(get.asked().len(), 3);
    let giver = get.handover.from;
    get.settled_answer();
    get.not_yet(JOINER, giver, made_by(JOINER, "new"));
    assert_eq!(get.asked(), [(giver, true)]);
    assert_eq!(get.told(), None, "an owner is not all there");
    get.fetched(giver, "old");
    let told = ["a", "b", "new", "old"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
}

/// Between a giver's last word and its arrival neither vouches for all, and asking is quick.
#[test]
fn an_owner_that_is_to_have_the_rest_is_asked_again_at_once_and_then_after_a_while() {
    let mut get = Getting::afar(3);
    let giver = get.handover.from;
    assert_eq!(get.asked().len(), 3);
    get.settled_answer();
    let lacks = |get: &mut Getting| {
        get.not_yet(JOINER, giver, Siblings::new());
        assert_eq!(get.asked(), [(giver, true)]);
        get.not_yet(giver, giver, Siblings::new());
    };
    lacks(&mut get);
    assert_eq!(get.asked(), [(JOINER, false)]);
    for _ in 0..3 {
        lacks(&mut get);
        assert_eq!(get.asked(), [], "both have just said no");
        get.node.run_ms(6);
        assert_eq!(get.asked(), [(JOINER, false)]);
    }
    get.fetched(JOINER, "new");
    let told = ["a", "b", "new"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
}

/// It comes twice, or after it has all: in any case one answer is enough.
#[test]
fn an_owner_that_says_again_what_it_lacks_has_nobody_asked_again() {
    let mut get = Getting::afar(3);
    get.asked();
    let giver = get.handover.from;
    get.not_yet(JOINER, giver, Siblings::new());
    assert_eq!(get.asked().len(), 1);
    get.not_yet(JOINER, giver, made_by(JOINER, "new"));
    assert_eq!(get.asked(), []);

    let mut get = Getting::afar(3);
    get.asked();
    get.fetched(JOINER, "all");
    get.not_yet(JOINER, giver, made_by(JOINER, "new"));
    assert_eq!(get.asked(), []);
    get.settled_answer();
    let told = ["a", "all", "b"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
}

/// The range has arrived while the giver was on its way to be asked.
#[test]
fn a_giver_that_has_handed_over_sends_the_get_back_to_the_owner() {
    let mut get = Getting::afar(3);
    let giver = get.handover.from;
    get.settled_answer();
    get.not_yet(JOINER, giver, made_by(JOINER, "new"));
    get.asked();
    get.not_yet(giver, giver, Siblings::new());
    assert_eq!(get.asked(), [(JOINER, false)]);
    assert_eq!(get.told(), None);
    get.fetched(JOINER, "all");
    // What it said before it had all was forgotten.
    let told = ["a", "all", "b"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
    get.node.run_ms(100);
    for node in get.settled.iter().chain([&JOINER, &giver]) {
        assert!(!get.node.node.suspects(*node, get.node.now), "{node:?}");
    }
}

/// Of a giver that nobody asked for a rest it says nothing.
#[test]
fn a_giver_that_was_not_asked_for_a_rest_sends_nothing_back() {
    let mut get = Getting::afar(3);
    get.asked();
    let giver = get.handover.from;
    get.not_yet(giver, giver, Siblings::new());
    get.not_yet(JOINER, giver, Siblings::new());
    get.asked();
    for stranger in get.settled.clone() {
        get.not_yet(stranger, stranger, Siblings::new());
    }
    assert_eq!(get.asked(), []);
    get.fetched(giver, "old");
    get.settled_answer();
    let told = ["a", "b", "old"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
}

#[test]
fn what_is_known_to_be_asked_already_or_needed_no_more_is_not_asked_for() {
    let mut get = Getting::afar(3);
    get.asked();
    let owner = get.settled[0];
    get.not_yet(JOINER, owner, Siblings::new());
    assert_eq!(get.asked(), [], "an owner is asked for all that it has");

    let mut get = Getting::afar(1);
    get.asked();
    get.fetched(owner, "a");
    assert_eq!(get.told(), Some(vec!["a".to_owned()]));
    let giver = get.handover.from;
    get.not_yet(JOINER, giver, Siblings::new());
    assert_eq!(get.asked(), [], "the client has its answer");
}

#[test]
fn only_this_life_and_this_view_hear_what_an_owner_lacks() {
    for (life, mark) in [(1, 0), (0, 1), (1, 1)] {
        let mut get = Getting::afar(3);
        get.asked();
        let giver = get.handover.from;
        get.tag.life += life;
        get.view ^= mark;
        get.not_yet(JOINER, giver, Siblings::new());
        assert_eq!(get.asked(), [], "{life} {mark}");
    }
}

#[test]
fn a_giver_that_coordinates_lends_to_itself_as_long_as_it_has_the_range() {
    let (mut node, after, handover) = giver();
    node.sync();
    let mut get = Getting::begin(node, &after, handover.clone(), 3);
    get.asked();
    get.settled_answer();
    get.not_yet(JOINER, handover.from, made_by(JOINER, "new"));
    assert_eq!(get.asked(), [], "it need not ask anybody");
    let told = ["a", "b", "new", "v"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
}

#[test]
fn a_giver_that_coordinates_asks_again_once_it_has_handed_over() {
    let (node, after, handover) = giver();
    let node = handed_over(node, &handover);
    let mut get = Getting::begin(node, &after, handover.clone(), 3);
    get.asked();
    get.settled_answer();
    get.not_yet(JOINER, handover.from, made_by(JOINER, "new"));
    assert_eq!(get.asked(), [(JOINER, false)]);
    get.fetched(JOINER, "all");
    let told = ["a", "all", "b"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
}

#[test]
fn an_owner_on_the_move_that_coordinates_asks_its_giver_at_once() {
    let (node, after, handover) = taker();
    let giver = handover.from;
    let mut get = Getting::begin(node, &after, handover, 3);
    let mut asked = get.asked();
    asked.sort();
    let mut all: Vec<(NodeId, bool)> = get.settled.iter().map(|node| (*node, false)).collect();
    all.push((giver, true));
    all.sort();
    assert_eq!(asked, all);
    get.settled_answer();
    assert_eq!(get.told(), None);
    get.fetched(giver, "old");
    let told = ["a", "b", "old"].map(str::to_owned);
    assert_eq!(get.told(), Some(told.to_vec()));
}

/// Whether it has it, or had it and has handed it over.
#[test]
fn who_is_asked_for_a_rest_lends_what_it_owns_or_is_to_give() {
    let fetch = |mut node: Alone, handover: &Handover| {
        node.said.clear();
        let message = Message::Fetch {
            tag: Tag { life: 0, number: 1 },
            view: node.node.view().mark(),
            key: keys_of(handover)[0].clone(),
            rest: true,
        };
        node.hear(JOINER, message);
        node.said.pop().map(|(_, message)| message.kind())
    };
    let (mut node, after, handover) = giver();
    node.sync();
    assert_eq!(fetch(node, &handover), Some("fetched"));
    let (node, ..) = giver();
    let node = handed_over(node, &handover);
    assert_eq!(fetch(node, &handover), Some("not-yet"));
    let owners = after.owners_at(handover.range.to);
    let settled = owners.iter().find(|owner| **owner != JOINER);
    let mut node = Alone::new(*settled.expect("there are three"), 5);
    node.adopt(&after);
    node.sync();
    assert_eq!(fetch(node, &handover), Some("fetched"));
}
