//! What a store keeps, and when it says so.

use alloc::vec;

use super::*;
use crate::clock::Actor;
use crate::hint::Reason;
use crate::membership::{Member, Move};
use crate::record::Write;
use crate::shape::Shape;
use crate::siblings::Version;

mod ranges;
mod restarts;

type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

const ME: NodeId = NodeId(0);

fn start(flaw: Option<Flaw>, disk: &Disk) -> Store {
    let shape = Shape {
        nodes: 3,
        flaw,
        ..Shape::default()
    };
    let config = Config::new(shape).expect("three nodes, N = 3");
    Store::start(ME, Arc::new(config), disk, Time(0))
}

fn version(dot: Dot, value: u8) -> Version {
    Version {
        dot,
        past: VersionVector::new(),
        time: 0,
        value: Some(vec![value]),
    }
}

fn next(store: &mut Store) -> u64 {
    let (held, context) = (Siblings::new(), VersionVector::new());
    store.mint(true, &held, &context).counter
}

fn put(store: &mut Store, key: &[u8], value: u8) -> (Ticket, Vec<Write>) {
    let mut held = store.current(key);
    let dot = store.mint(true, &held, &VersionVector::new());
    store.versioning().put(&mut held, version(dot, value));
    let mut batch = Batch::default();
    store.merge_data(key, &held, &mut batch);
    store.write_sequence(&mut batch);
    match store.commit(batch, Some(After::Replicate(u64::from(value)))) {
        Commit::Write(ticket, writes) => (ticket, writes),
        other => panic!("a put writes: {other:?}"),
    }
}

fn sync(disk: &mut Disk, writes: Vec<Write>) {
    for Write { key, value } in writes {
        match value {
            Some(value) => disk.insert(key, value),
            None => disk.remove(&key),
        };
    }
}

fn replicated(after: Vec<After>) -> Vec<u64> {
    let numbers = after.into_iter().filter_map(|after| match after {
        After::Replicate(number) => Some(number),
        _ => None,
    });
    numbers.collect()
}

#[test]
fn what_is_not_durable_does_not_show() {
    let mut store = start(None, &Disk::new());
    let (first, _) = put(&mut store, b"x", 1);
    let (second, _) = put(&mut store, b"x", 2);
    assert_eq!(
        (store.current(b"x").len(), store.durable(b"x").len()),
        (2, 0)
    );
    assert_eq!(replicated(store.stored(first)), [1]);
    assert_eq!(store.durable(b"x").len(), 1);
    assert_eq!(replicated(store.stored(second)), [2]);
    assert_eq!(store.durable(b"x").len(), 2);
    assert!(store.stored(second).is_empty(), "a ticket is good once");
}

#[test]
fn a_later_store_vouches_for_the_earlier_ones() {
    let mut store = start(None, &Disk::new());
    put(&mut store, b"x", 1);
    let (second, _) = put(&mut store, b"y", 2);
    assert!(store.stored(Ticket(99)).is_empty());
    assert_eq!(replicated(store.stored(second)), [1, 2]);
}

#[test]
fn what_is_about_to_be_durable_is_waited_for_and_not_written_again() {
    let mut store = start(None, &Disk::new());
    let (ticket, _) = put(&mut store, b"x", 1);
    let again = |store: &mut Store| {
        let (held, mut batch) = (store.current(b"x"), Batch::default());
        store.merge_data(b"x", &held, &mut batch);
        store.commit(batch, Some(After::Replicate(9)))
    };
    assert!(matches!(again(&mut store), Commit::Waits));
    assert_eq!(replicated(store.stored(ticket)), [1, 9]);
    assert!(matches!(again(&mut store), Commit::Done(Some(_))));
}

#[test]
fn a_restart_finds_data_sequence_and_trees_as_they_were() {
    let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
    for (key, value) in [(b"x", 1), (b"y", 2), (b"x", 3)] {
        let (ticket, writes) = put(&mut store, key, value);
        sync(&mut disk, writes);
        store.stored(ticket);
    }
    let mut again = start(None, &disk);
    assert!(again.trees().eq(store.trees()));
    assert_eq!(again.durable(b"x"), store.durable(b"x"));
    assert_eq!(next(&mut again), 4);
    assert_eq!(next(&mut start(Some(Flaw::ForgetSequence), &disk)), 1);
}

#[test]
fn a_garbled_sequence_record_does_not_make_a_dot_twice() {
    let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
    let (_, writes) = put(&mut store, b"x", 1);
    sync(&mut disk, writes);
    disk.insert(vec![b's'], vec![0; 9]);
    assert_eq!(next(&mut start(None, &disk)), 2);
}

fn keep_hint(store: &mut Store, owner: NodeId, counter: u64, disk: &mut Disk) {
    let (dot, mut batch) = (
        Dot {
            actor: Actor::owner(ME),
            counter,
        },
        Batch::default(),
    );
    let siblings = Siblings::from_iter([version(dot, 1)]);
    let reason = Reason::Silent;
    store.merge_hint(Hint { owner, reason }, b"x", &siblings, &mut batch);
    if let Commit::Write(ticket, writes) = store.commit(batch, None) {
        sync(disk, writes);
        store.stored(ticket);
    }
}

#[test]
fn a_hint_goes_only_if_it_is_what_was_delivered_and_was_kept_for_the_deliverer() {
    let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
    keep_hint(&mut store, NodeId(1), 1, &mut disk);
    let old = store.hints()[0].2.digest();
    keep_hint(&mut store, NodeId(1), 2, &mut disk);
    let new = store.hints()[0].2.digest();
    for (owner, digest) in [(1, old), (2, new)] {
        let mut batch = Batch::default();
        store.drop_hint(NodeId(owner), b"x", digest, &mut batch);
        assert!(matches!(store.commit(batch, None), Commit::Done(None)));
    }
    let mut batch = Batch::default();
    store.drop_hint(NodeId(1), b"x", new, &mut batch);
    let Commit::Write(ticket, writes) = store.commit(batch, None) else {
        panic!("a deletion is written");
    };
    assert!(store.hints().is_empty(), "it is not delivered once more");
    sync(&mut disk, writes);
    store.stored(ticket);
    assert!(!store.has_hints());
    assert!(disk.is_empty());
}

#[test]
fn hints_of_one_key_for_two_owners_are_two_unless_the_table_forgets_the_owner() {
    for (flaw, kept) in [(None, 2), (Some(Flaw::HintKeyWithoutOwner), 1)] {
        let (mut store, mut disk) = (start(flaw, &Disk::new()), Disk::new());
        keep_hint(&mut store, NodeId(1), 1, &mut disk);
        keep_hint(&mut store, NodeId(2), 1, &mut disk);
        assert_eq!((store.hints().len(), disk.len()), (kept, kept));
        assert_eq!(start(flaw, &disk).hints().len(), kept);
    }
    let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
    keep_hint(&mut store, NodeId(1), 1, &mut disk);
    assert!(start(Some(Flaw::ForgetHints), &disk).hints().is_empty());
}

#[test]
fn a_change_of_owners_builds_only_the_trees_anew_whose_ranges_it_cuts() {
    let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
    for key in 0..200u32 {
        let (ticket, writes) = put(&mut store, &key.to_be_bytes(), 1);
        sync(&mut disk, writes);
        store.stored(ticket);
    }
    let costs = |store: &Store| -> BTreeMap<Range, (u128, u64)> {
        let trees = store.trees.iter();
        trees
            .map(|(range, tree)| (*range, (tree.root(), tree.hashes())))
            .collect()
    };
    let before = costs(&store);
    let mut membership = store.view().membership().clone();
    membership.record(1, ME, NodeId(3), Move::Join(Member::default()));
    let view = store.view().with(membership.clone());
    store.follow(Arc::clone(&view));
    let after = costs(&store);
    let kept = after.iter().filter(|(range, _)| before.contains_key(range));
    let (mut same, mut total) = (0, 0);
    for (range, cost) in kept {
        assert_eq!(before[range], *cost, "an uncut range costs nothing");
        same += 1;
    }
    for change in membership.changes() {
        let mut batch = Batch::default();
        batch.change(change);
        sync(&mut disk, batch.writes);
    }
    let again = start(None, &disk);
    for (range, tree) in again.trees.iter().filter(|(_, tree)| !tree.is_empty()) {
        assert_eq!(
            store.tree(*range),
            Some(tree),
            "as if it were built at once"
        );
        total += tree.len();
    }
    assert_eq!((total, store.keys()), (200, 200));
    assert!(
        same > 10 && after.len() > same,
        "some are cut, most are not"
    );
}

/// One of five, of whom three own each key.
fn one_of_five() -> Store {
    let config = Config::new(Shape::default()).expect("the default is valid");
    Store::start(ME, Arc::new(config), &Disk::new(), Time(0))
}

fn changed(store: &Store, node: NodeId, what: Move) -> Arc<View> {
    let mut membership = store.view().membership().clone();
    membership.record(1, ME, node, what);
    store.view().with(membership)
}

fn finish(store: &mut Store, batch: Batch) {
    if let Commit::Write(ticket, _) = store.commit(batch, None) {
        store.stored(ticket);
    }
}

fn event(counter: u64) -> Siblings {
    let dot = Dot {
        actor: Actor::owner(NodeId(9)),
        counter,
    };
    Siblings::from_iter([version(dot, 1)])
}

#[test]
fn trees_that_a_new_ring_cuts_keep_all_their_keys() {
    let mut store = one_of_five();
    for number in 0..100_u8 {
        let mut batch = Batch::default();
        store.merge_data(&[number], &event(1), &mut batch);
        finish(&mut store, batch);
    }
    store.follow(changed(&store, NodeId(5), Move::Join(Member::default())));
    assert_eq!(store.keys(), 100);
    for number in 0..100_u8 {
        let range = store.view().ring().range(store.range_of(&[number]));
        let tree = range.and_then(|range| store.tree(range));
        assert!(tree.is_some_and(|tree| tree.iter().any(|(_, key, _)| key == [number])));
    }
}

#[test]
fn a_hint_goes_to_whoever_takes_the_place_of_its_owner() {
    let (mut moved, mut kept) = (0, 0);
    for number in 0..100_u8 {
        let (mut store, key) = (one_of_five(), [number]);
        let position = store.position_of(&key);
        let old = Arc::clone(store.view());
        let owner = old.owners_at(position)[1];
        if owner == ME {
            continue;
        }
        let mut batch = Batch::default();
        let reason = Reason::Silent;
        store.merge_hint(Hint { owner, reason }, &key, &event(1), &mut batch);
        finish(&mut store, batch);
        store.follow(changed(&store, owner, Move::Leave));
        let mut batch = Batch::default();
        store.move_hints(&old, &mut batch);
        finish(&mut store, batch);
        let new = store.view().owners_at(position);
        let gainer = new
            .iter()
            .find(|node| !old.owners_at(position).contains(node));
        let gainer = *gainer.expect("five nodes for three places");
        if gainer == ME {
            kept += 1;
            assert_eq!(store.data(&key), Some(&event(1)));
            assert!(store.hints().is_empty());
        } else {
            moved += 1;
            assert_eq!(store.hints(), [(gainer, key.to_vec(), event(1))]);
        }
    }
    assert!(moved > 0 && kept > 0);
}

fn tombstone_over(counter: u64, time: u64) -> Siblings {
    let version = Version {
        dot: Dot {
            actor: Actor::owner(NodeId(8)),
            counter: 1,
        },
        past: event(counter).context(),
        time,
        value: None,
    };
    Siblings::from_iter([version])
}

#[test]
fn an_old_tombstone_still_replaces_what_is_held() {
    let mut store = one_of_five();
    store.reap(100, &mut Batch::default());
    let mut batch = Batch::default();
    store.mend_data(b"k", &tombstone_over(1, 50), &mut batch);
    assert!(store.current(b"k").is_empty());
    store.merge_data(b"k", &event(1), &mut batch);
    store.mend_data(b"k", &tombstone_over(1, 50), &mut batch);
    assert!(store.current(b"k").is_deleted());
}

#[test]
fn a_tombstone_is_not_forgotten_while_a_put_is_on_its_way_to_the_disk() {
    let mut store = one_of_five();
    let mut batch = Batch::default();
    store.merge_data(b"k", &tombstone_over(1, 50), &mut batch);
    finish(&mut store, batch);
    let mut put = Batch::default();
    store.merge_data(b"k", &event(2), &mut put);
    let mut batch = Batch::default();
    store.reap(100, &mut batch);
    assert!(batch.writes.is_empty());
    assert!(!store.current(b"k").is_deleted());
}
