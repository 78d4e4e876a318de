//! What a store says of its ranges, held against a look at each of its keys.

use alloc::collections::BTreeSet;

use super::*;
use crate::merkle::Root;

/// A store that holds some keys, of which it owns about three in five.
fn with_keys(count: u8) -> Store {
    let mut store = one_of_five();
    for number in 0..count {
        let mut batch = Batch::default();
        store.merge_data(&[number], &event(1), &mut batch);
        finish(&mut store, batch);
    }
    store
}

fn ring_ranges(store: &Store) -> Vec<Range> {
    let ring = store.view().ring();
    let ranges = (0..ring.ranges()).filter_map(|index| ring.range(index));
    ranges.collect()
}

fn is_stray(store: &Store, key: u8) -> bool {
    !store.owns(store.range_of(&[key]))
}

fn lies_in(range: Range, key: u8) -> bool {
    range.contains(Ring::position(&[key]))
}

#[test]
fn the_stray_ranges_are_those_of_the_keys_on_disk_that_the_node_does_not_own() {
    for count in [0, 1, 5, 20, 100] {
        let mut store = with_keys(count);
        let strays = (0..count).filter(|key| is_stray(&store, *key));
        let ranges = strays.filter_map(|key| store.view().ring().range(store.range_of(&[key])));
        let expected: BTreeSet<Range> = ranges.collect();
        assert_eq!(expected.is_empty(), count < 2, "{count}: some, but for few");
        let mut batch = Batch::default();
        store.merge_data(b"not on disk yet", &event(1), &mut batch);
        let found: Vec<Range> = store.stray_ranges().collect();
        assert_eq!(found, Vec::from_iter(expected));
    }
}

#[test]
fn a_range_has_strays_if_a_key_of_it_is_held_or_about_to_be_and_not_owned() {
    let mut store = one_of_five();
    let (mut some, mut none) = (0, 0);
    for number in 0..40 {
        let mut batch = Batch::default();
        store.merge_data(&[number], &event(1), &mut batch);
        let rings = ring_ranges(&store);
        // Handovers speak of parts of a range and of neighbours in one.
        let wide = rings.windows(3).map(|three| Range {
            after: three[0].after,
            to: three[2].to,
        });
        let narrow = rings.iter().map(|range| Range {
            after: range
                .to
                .wrapping_sub(range.to.wrapping_sub(range.after) / 2),
            to: range.to,
        });
        for range in rings.iter().copied().chain(wide).chain(narrow) {
            let mut keys = 0..=number;
            let expected = keys.any(|key| lies_in(range, key) && is_stray(&store, key));
            assert_eq!(store.has_strays(range), expected);
            some += usize::from(expected);
            none += usize::from(!expected);
        }
    }
    assert!(some > 100 && none > 100, "{some}, {none}");
}

#[test]
fn a_dropped_range_takes_its_strays_and_nothing_else() {
    let rings = ring_ranges(&one_of_five());
    for range in rings.iter().copied() {
        let mut store = with_keys(100);
        let mut batch = Batch::default();
        store.drop_range(range, |_| false, &mut batch);
        finish(&mut store, batch);
        for key in 0..100 {
            let gone = lies_in(range, key) && is_stray(&store, key);
            assert_eq!(store.data(&[key]).is_none(), gone);
        }
    }
}

/// In and out of order, twice, of ranges that are held and of ranges that nobody has.
#[test]
fn the_trees_that_differ_are_those_whose_roots_do_whatever_ranges_are_named_and_how() {
    let store = with_keys(60);
    let root = |range: Range| store.tree(range).map(Tree::root);
    let mut named: Vec<(Range, Root)> = Vec::new();
    for (turn, range) in ring_ranges(&store).into_iter().enumerate() {
        let theirs = root(range).unwrap_or_default();
        named.push((range, theirs ^ u128::from(turn % 3 == 0)));
        let nobodys = Range {
            to: range.to.wrapping_sub(1),
            ..range
        };
        named.push((nobodys, theirs));
    }
    let mut lists = vec![named.clone()];
    for step in [1, 7, 11, 29] {
        let count = named.len();
        let mixed = (0..2 * count).map(|turn| named[turn * step % count]);
        lists.push(mixed.clone().collect());
        lists.push(mixed.step_by(3).collect());
        lists.last_mut().expect("one was added").sort_unstable();
    }
    for list in lists {
        let differs = list
            .iter()
            .filter(|(range, theirs)| root(*range).is_some_and(|root| root != *theirs));
        let expected: Vec<(Range, Root)> = differs.copied().collect();
        assert!(!expected.is_empty());
        let found = store.differing(&list).map(|(range, theirs, tree)| {
            assert_eq!(Some(tree), store.tree(range));
            (range, theirs)
        });
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}

/// The flaw is about exactly this: the same versions, and roots that differ for ever.
#[test]
fn roots_do_not_show_in_which_order_versions_came_unless_that_is_the_flaw() {
    let root = |flaw, order: [u64; 2]| {
        let mut store = start(flaw, &Disk::new());
        for counter in order {
            let mut batch = Batch::default();
            store.merge_data(b"x", &event(counter), &mut batch);
            finish(&mut store, batch);
        }
        assert_eq!(store.durable(b"x").len(), 2);
        let range = store.view().ring().range(store.range_of(b"x"));
        range.and_then(|range| store.tree(range)).map(Tree::root)
    };
    for (flaw, alike) in [(None, true), (Some(Flaw::HashArrivalOrder), false)] {
        assert_eq!(root(flaw, [1, 2]) == root(flaw, [2, 1]), alike);
        assert_eq!(root(flaw, [1, 2]), root(flaw, [1, 2]));
    }
}
