//! The laws of Merkle trees and of the exchange between two of them, on generated sets of keys.

#[path = "../examples/merkle_cost.rs"]
#[expect(dead_code, reason = "the example prints what the test compares")]
mod merkle_cost;

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{Difference, Digests, Holder, Prefix, Ring, Summary, Tree};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

/// How many keys a list has at most, unless they share a whole position.
const LEAF_MAX: usize = 16;

/// How many keys share a whole position in these tests.
const TOGETHER: usize = 90;

/// A tree is 32 nibbles deep, and each level takes two steps at most.
const STEPS_MAX: usize = 66;

fn law<P: Testable>(property: P) {
    let check = QuickCheck::new().rng(Gen::new(300));
    check.tests(400).quickcheck(property);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u16);

impl Arbitrary for Key {
    fn arbitrary(g: &mut Gen) -> Key {
        Key(u16::arbitrary(g) % (4 * TOGETHER as u16))
    }
}

impl Key {
    fn bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}

/// A quarter of the keys share a whole position, a quarter all nibbles but the last few, a quarter
/// the first few; the last quarter is spread.
fn position(key: &[u8]) -> u128 {
    let number = key
        .iter()
        .fold(0, |number, byte| number << 8 | u128::from(*byte));
    let index = number / 4;
    match number % 4 {
        0 => 0x7777,
        1 => 0x7777 | index << 116,
        2 => 0x77 | index << 8,
        _ => index.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
    }
}

/// Sets a digest, or forgets the key.
type Change = (Key, Option<u8>);

type Set = BTreeMap<Key, u8>;

fn change(tree: &mut Tree, set: &mut Set, (key, digest): Change) {
    let (bytes, place) = (key.bytes(), position(&key.bytes()));
    if let Some(digest) = digest {
        tree.set(place, &bytes, u128::from(digest % 4));
        set.insert(key, digest % 4);
    } else {
        assert_eq!(tree.remove(place, &bytes), set.remove(&key).is_some());
    }
}

fn followed(changes: &[Change]) -> (Tree, Set) {
    let (mut tree, mut set) = (Tree::new(), Set::new());
    for step in changes {
        change(&mut tree, &mut set, *step);
    }
    (tree, set)
}

fn built<'a>(set: impl Iterator<Item = (&'a Key, &'a u8)>) -> Tree {
    followed(
        &set.map(|(key, digest)| (*key, Some(*digest)))
            .collect::<Vec<_>>(),
    )
    .0
}

#[test]
fn a_tree_that_followed_every_change_equals_one_built_at_the_end_in_any_order() {
    law::<fn(Vec<Change>) -> bool>(|changes| {
        let (tree, set) = followed(&changes);
        let held: BTreeSet<_> = tree
            .iter()
            .map(|(.., key, digest)| (key.to_vec(), digest))
            .collect();
        let meant = set
            .iter()
            .map(|(key, digest)| (key.bytes().to_vec(), u128::from(*digest)));
        [built(set.iter()), built(set.iter().rev())]
            .iter()
            .all(|rebuilt| tree == *rebuilt && tree.root() == rebuilt.root())
            && held == meant.collect()
            && tree.len() == set.len()
            && tree.is_empty() == (tree.root() == 0)
    });
}

/// Two histories that share all changes but a few, half of which change keys that both have.
fn two((shared, one, two): &(Vec<Change>, Vec<Change>, Vec<Change>)) -> [(Tree, Set); 2] {
    let few = |own: &[Change]| {
        let mut changes = shared.clone();
        for (turn, (key, digest)) in own.iter().take(own.len() % 10).enumerate() {
            let known = shared.get(turn).filter(|_| turn % 2 == 0);
            changes.push((known.map_or(*key, |(known, _)| *known), *digest));
        }
        followed(&changes)
    };
    [few(one), few(two)]
}

#[test]
fn roots_are_equal_exactly_if_the_keys_and_digests_are() {
    law::<fn((Vec<Change>, Vec<Change>, Vec<Change>)) -> bool>(|story| {
        let [(one, ours), (other, theirs)] = two(&story);
        (one.root() == other.root()) == (ours == theirs) && (one == other) == (ours == theirs)
    });
}

#[test]
fn what_came_and_went_again_leaves_no_trace() {
    law::<fn((Vec<Change>, Vec<Key>)) -> bool>(|(changes, passing)| {
        let (tree, set) = followed(&changes);
        let (mut again, mut still) = (tree.clone(), set.clone());
        let passing: BTreeSet<Key> = passing
            .into_iter()
            .filter(|key| !set.contains_key(key))
            .collect();
        for key in &passing {
            change(&mut again, &mut still, (*key, Some(1)));
        }
        let between = again.root();
        for key in &passing {
            change(&mut again, &mut still, (*key, None));
        }
        again == tree
            && again.root() == tree.root()
            && (between == tree.root()) == passing.is_empty()
    });
}

/// What an exchange between two trees came to.
#[derive(Debug, Default)]
struct Walk {
    /// Every subtree that was shown.
    visited: Vec<Prefix>,
    /// Every key, with its holder as the first tree sees it.
    found: Vec<(Vec<u8>, Holder)>,
    steps: usize,
}

impl Walk {
    /// The second answers the root of the first, then they answer each other.
    fn new(one: &Tree, other: &Tree) -> Walk {
        let mut walk = Walk::default();
        let first = other.compare_root(one.root());
        walk.go([one, other], first);
        walk
    }

    /// Goes on from what the second found.
    fn go(&mut self, trees: [&Tree; 2], first: Difference) {
        let (mut asks, mut found) = (1, first);
        loop {
            for (key, holder) in found.keys {
                let seen = if asks == 0 { holder } else { turned(holder) };
                self.found.push((key, seen));
            }
            if found.subtrees.is_empty() {
                break;
            }
            self.steps += 1;
            assert!(self.steps <= STEPS_MAX, "an exchange comes to an end");
            assert!(
                found.subtrees.len() <= 10_000,
                "it does not branch for ever"
            );
            self.visited
                .extend(found.subtrees.iter().map(|(prefix, _)| *prefix));
            asks = 1 - asks;
            let mut next = Difference::default();
            for (prefix, shown) in &found.subtrees {
                let more = trees[asks].compare(prefix, shown, position);
                next.subtrees.extend(more.subtrees);
                next.keys.extend(more.keys);
            }
            found = next;
        }
    }

    fn sorted(mut self) -> Vec<(Vec<u8>, Holder)> {
        self.found.sort();
        self.found
    }
}

fn turned(holder: Holder) -> Holder {
    match holder {
        Holder::Mine => Holder::Theirs,
        Holder::Theirs => Holder::Mine,
        Holder::Both => Holder::Both,
    }
}

fn expected(ours: &Set, theirs: &Set) -> Vec<(Vec<u8>, Holder)> {
    let keys: BTreeSet<Key> = ours.keys().chain(theirs.keys()).copied().collect();
    let differing = keys.into_iter().filter_map(|key| {
        let holder = match (ours.get(&key), theirs.get(&key)) {
            (Some(one), Some(other)) if one == other => return None,
            (Some(_), Some(_)) => Holder::Both,
            (Some(_), None) => Holder::Mine,
            (None, _) => Holder::Theirs,
        };
        Some((key.bytes().to_vec(), holder))
    });
    differing.collect()
}

#[test]
fn an_exchange_finds_each_key_that_differs_once_and_nothing_else_whoever_begins() {
    law::<fn((Vec<Change>, Vec<Change>, Vec<Change>)) -> bool>(|story| {
        let [(one, ours), (other, theirs)] = two(&story);
        Walk::new(&one, &other).sorted() == expected(&ours, &theirs)
            && Walk::new(&other, &one).sorted() == expected(&theirs, &ours)
    });
}

#[test]
fn an_exchange_between_trees_that_share_little_or_nothing_finds_everything_too() {
    law::<fn((Vec<Change>, Vec<Change>)) -> bool>(|(one, other)| {
        let ((one, ours), (other, theirs)) = (followed(&one), followed(&other));
        let (nothing, none) = (Tree::new(), Set::new());
        Walk::new(&one, &other).sorted() == expected(&ours, &theirs)
            && Walk::new(&one, &nothing).sorted() == expected(&ours, &none)
            && Walk::new(&nothing, &one).sorted() == expected(&none, &ours)
    });
}

#[test]
fn an_exchange_looks_into_no_subtree_that_is_equal() {
    law::<fn((Vec<Change>, Vec<Change>, Vec<Change>)) -> bool>(|story| {
        let [(one, _), (other, _)] = two(&story);
        let walk = Walk::new(&one, &other);
        walk.visited
            .iter()
            .all(|prefix| one.summary(prefix) != other.summary(prefix))
    });
}

#[derive(Clone, Debug)]
struct Shown(Prefix, Summary);

impl Arbitrary for Shown {
    fn arbitrary(g: &mut Gen) -> Shown {
        let paths = [0x7777, 0x77, 0, u128::arbitrary(g)];
        let path = *g.choose(&paths).expect("four paths");
        let prefix = Prefix::new(u8::arbitrary(g) % 40, path);
        let keys = Digests::arbitrary(g);
        let children = Box::new([(); 16].map(|()| u128::arbitrary(g) % 3));
        let shown = [Summary::Keys(keys), Summary::Children(children)];
        Shown(prefix, g.choose(&shown).expect("two summaries").clone())
    }
}

#[test]
fn whatever_is_shown_is_answered_in_bounds_and_comes_to_an_end() {
    law::<fn((Vec<Change>, Vec<Change>, Shown)) -> bool>(|(one, other, Shown(prefix, shown))| {
        let (one, other) = (followed(&one).0, followed(&other).0);
        let answer = other.compare(&prefix, &shown, position);
        let listed = match &shown {
            Summary::Keys(keys) => keys.len(),
            Summary::Children(_) => 0,
        };
        let bounded = answer.subtrees.len() <= 16
            && answer.keys.len() <= listed + LEAF_MAX * LEAF_MAX + TOGETHER;
        let mut walk = Walk::default();
        walk.go([&one, &other], answer);
        bounded
    });
}

fn numbered(count: u32) -> Tree {
    let mut tree = Tree::new();
    for key in (0..count).map(u32::to_be_bytes) {
        tree.set(Ring::position(&key), &key, 1);
    }
    tree
}

/// The most hashes that any of the changes took.
fn hashes_max(tree: &mut Tree, changes: impl Iterator<Item = u32>, digest: Option<u128>) -> u64 {
    let hashes = changes.map(|key| {
        let (key, before) = (key.to_be_bytes(), tree.hashes());
        match digest {
            Some(digest) => tree.set(Ring::position(&key), &key, digest),
            None => assert!(tree.remove(Ring::position(&key), &key)),
        }
        tree.hashes() - before
    });
    hashes.max().expect("there are changes")
}

#[test]
fn a_change_takes_a_hash_per_level_and_not_one_per_key() {
    for (count, levels) in [(10, 1), (100, 3), (10_000, 5)] {
        let mut tree = numbered(count);
        assert!(
            tree.hashes() <= u64::from(count) * (levels + 1),
            "{count} keys"
        );
        assert!(
            hashes_max(&mut tree, 0..count, Some(2)) <= levels,
            "{count} keys"
        );
        assert_eq!(
            hashes_max(&mut tree, 0..count, Some(2)),
            0,
            "nothing changes"
        );
        let divided = levels + 16 + 1;
        assert!(
            hashes_max(&mut tree, count..2 * count, Some(1)) <= divided,
            "{count} keys"
        );
        assert!(
            hashes_max(&mut tree, 0..2 * count, None) <= divided,
            "{count} keys"
        );
        assert_eq!((tree.root(), tree.len()), (0, 0));
    }
}

#[test]
fn a_large_subtree_that_faces_few_keys_shows_its_children_instead_of_sending_all() {
    let tree = numbered(10_000);
    let nothing = Summary::Keys(Digests::new());
    let mut keys = 0;
    let mut answers = vec![tree.compare_root(0)];
    while let Some(Difference {
        subtrees,
        keys: found,
    }) = answers.pop()
    {
        assert!(subtrees.len() <= 16 && found.len() <= LEAF_MAX * LEAF_MAX);
        keys += found.len();
        let more = subtrees
            .iter()
            .map(|(prefix, _)| tree.compare(prefix, &nothing, Ring::position));
        answers.extend(more);
    }
    assert_eq!(keys, 10_000, "all are sent in the end");
}

#[test]
fn no_list_is_longer_than_sixteen_keys() {
    let tree = numbered(10_000);
    let (mut below, mut keys) = (vec![Prefix::ROOT], 0);
    while let Some(prefix) = below.pop() {
        match tree.summary(&prefix) {
            Summary::Keys(list) => {
                assert!(list.len() <= LEAF_MAX);
                keys += list.len();
            }
            Summary::Children(_) => below.extend(prefix.children()),
        }
    }
    assert_eq!(keys, 10_000);
}

#[test]
fn keys_that_share_a_whole_position_are_one_list() {
    let mut tree = Tree::new();
    for key in 0..40u8 {
        tree.set(u128::MAX, &[key], 1);
    }
    let Summary::Keys(list) = tree.summary(&Prefix::new(32, u128::MAX)) else {
        panic!("there is nothing left to divide by");
    };
    assert_eq!(list.len(), 40);
    assert!((0..40u8).all(|key| tree.remove(u128::MAX, &[key])));
    assert_eq!(tree, Tree::new());
}

#[test]
fn what_the_other_lacks_is_sent_at_once_where_it_fits_into_a_list() {
    let tree = numbered(100);
    let Summary::Children(mut children) = tree.summary(&Prefix::ROOT) else {
        panic!("a hundred keys are no list");
    };
    let missing = Prefix::ROOT.children().next().expect("sixteen children");
    let Summary::Keys(list) = tree.summary(&missing) else {
        panic!("a sixteenth of a hundred keys is a list");
    };
    assert_ne!((children[0], list.len()), (0, 0));
    children[0] = 0;
    let shown = Summary::Children(children);
    let Difference { subtrees, keys } = tree.compare(&Prefix::ROOT, &shown, Ring::position);
    let lacks = list.into_iter().map(|(key, _)| (key, Holder::Mine));
    assert_eq!((subtrees, keys), (Vec::new(), lacks.collect::<Vec<_>>()));
}

/// Keys that share all nibbles but the last, so that a sixteenth of them is all of them.
#[test]
fn what_would_fill_a_few_lists_is_sent_at_once() {
    let mut tree = Tree::new();
    for key in (0..60).map(|key| [0, key, 1]) {
        tree.set(position(&key), &key, 1);
    }
    let nothing = Summary::Keys(Digests::new());
    let found = [
        tree.compare_root(0),
        tree.compare(&Prefix::ROOT, &nothing, position),
    ];
    for Difference { subtrees, keys } in found {
        assert_eq!((subtrees, keys.len()), (Vec::new(), 60));
    }
}

#[test]
fn of_many_keys_that_share_a_whole_position_each_that_differs_is_found() {
    let together = |digest: fn(u8) -> u128| {
        let mut tree = Tree::new();
        for key in 0..200u8 {
            tree.set(0x7777, &[0, key, 0], digest(key));
        }
        tree
    };
    let (one, other) = (together(|_| 1), together(|key| (key % 50).into()));
    let differing = (0..200u8).filter(|key| key % 50 != 1);
    let expected = differing.map(|key| (vec![0, key, 0], Holder::Both));
    let walk = Walk::new(&one, &other).sorted();
    assert_eq!(walk, expected.collect::<Vec<_>>());
}

#[test]
fn the_documented_costs_are_what_an_exchange_costs() {
    let documented: Vec<&str> = include_str!("../src/merkle/tree.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("/// |"))
        .collect();
    let table = merkle_cost::table(100_000);
    let measured: Vec<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix('|'))
        .collect();
    assert_eq!(documented, measured, "as printed by the example:\n{table}");
}
