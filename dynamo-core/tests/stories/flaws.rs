//! What single flaws do, and what they leave as it was.

use dynamo_core::{Flaw, Partitioning, ReadRepair, Refusal, Reply, Ring, Shape};

use crate::network::{Network, still};

const KEY: &[u8] = b"cart";

fn with(flaw: Option<Flaw>) -> Shape {
    Shape { flaw, ..still() }
}

#[test]
fn a_repair_that_makes_an_event_of_its_own_replaces_what_it_repairs() {
    for flaw in [None, Some(Flaw::MintOnRepair)] {
        let mut network = Network::new(Shape {
            read_repair: ReadRepair::After,
            ..with(flaw)
        });
        let list = network.list(KEY);
        network.isolate(list[2]);
        network.put(list[0], KEY, "a", None);
        network.heal();
        network.run_ms(500);
        network.get(list[4], KEY);
        network.run_ms(100);
        let (put, mended) = (network.dots(list[0], KEY), network.dots(list[2], KEY));
        assert_eq!((put.len(), mended.len()), (1, 1));
        assert_eq!(put == mended, flaw.is_none(), "{flaw:?}");
        assert_eq!(network.get(list[4], KEY).0, ["a"]);
    }
}

/// So many keys of one range.
fn neighbours(ring: &Ring, count: usize) -> Vec<Vec<u8>> {
    let range = ring.range_of(KEY);
    let keys = (0..).map(|number: u32| number.to_be_bytes().to_vec());
    keys.filter(|key| ring.range_of(key) == range)
        .take(count)
        .collect()
}

#[test]
fn only_a_range_in_which_a_single_key_differs_is_not_worth_repairing() {
    let skips = Some(Flaw::SkipSmallDifferences);
    for (flaw, missed, mended) in [
        (None, 1, true),
        (skips, 1, false),
        (skips, 2, true),
        (skips, 40, true),
    ] {
        let mut network = Network::new(Shape {
            partitioning: Partitioning::Tokens { per_node: 1 },
            anti_entropy: true,
            ..with(flaw)
        });
        let keys = neighbours(network.config.ring(), missed);
        let list = network.list(KEY);
        network.isolate(list[2]);
        for key in &keys {
            assert_eq!(network.put(list[0], key, "v", None), Reply::Stored);
        }
        network.heal();
        network.run_ms(3_000);
        for key in &keys {
            let found = network.values(list[2], key) == ["v"];
            assert_eq!(found, mended, "{flaw:?}, {missed} keys");
        }
    }
}

#[test]
fn a_context_that_was_tampered_with_replaces_only_where_it_is_believed() {
    for flaw in [None, Some(Flaw::BelieveForgedContext)] {
        let mut network = Network::new(with(flaw));
        let node = network.list(KEY)[0];
        network.put(node, KEY, "a", None);
        let (_, mut context) = network.get(node, KEY);
        let (_, foreign) = network.get(node, b"another key");
        *context.last_mut().expect("a context is not empty") ^= 1;
        let (reply, values) = match flaw {
            None => (Reply::Refused(Refusal::GarbledContext), ["a"]),
            Some(_) => (Reply::Stored, ["b"]),
        };
        assert_eq!(network.put(node, KEY, "b", Some(&context)), reply);
        assert_eq!(network.get(node, KEY).0, values);
        let foreign = network.put(node, KEY, "c", Some(&foreign));
        assert_eq!(foreign, Reply::Refused(Refusal::ForeignContext));
    }
}

/// Two siblings, seen together and replaced by a put or by a delete: how many versions are left.
fn left(flaw: Flaw, delete: bool) -> usize {
    let mut network = Network::new(with(Some(flaw)));
    let list = network.list(KEY);
    for (owner, value) in [(list[0], "a"), (list[1], "b")] {
        assert_eq!(network.put(owner, KEY, value, None), Reply::Stored);
    }
    network.run_ms(10);
    let (values, context) = network.get(list[0], KEY);
    assert_eq!(values.len(), 2);
    if delete {
        network.delete(list[0], KEY, Some(&context));
    } else {
        network.put(list[0], KEY, "c", Some(&context));
    }
    network.run_ms(10);
    network.dots(list[0], KEY).len()
}

#[test]
fn flaws_of_deletes_leave_puts_alone() {
    // A tombstone beside what it should replace: all of it, or what its writer knew least.
    for (flaw, beside) in [(Flaw::DeleteWithoutPast, 3), (Flaw::PruneTombstone, 2)] {
        assert_eq!(left(flaw, true), beside, "{flaw}");
        assert_eq!(left(flaw, false), 1, "{flaw}");
    }
}

/// A put with a context that saw nothing of what is held.
#[test]
fn a_delete_of_what_was_never_seen_takes_everything_but_a_put_does_not() {
    let mut network = Network::new(with(Some(Flaw::DeleteUnseen)));
    let list = network.list(KEY);
    network.put(list[0], KEY, "a", None);
    let (_, context) = network.get(list[0], KEY);
    network.put(list[1], KEY, "b", None);
    network.run_ms(10);
    network.put(list[0], KEY, "c", Some(&context));
    network.run_ms(10);
    assert_eq!(network.dots(list[0], KEY).len(), 2, "b and c");
    network.delete(list[0], KEY, Some(&context));
    network.run_ms(10);
    assert_eq!(network.dots(list[0], KEY).len(), 1, "a tombstone");
}

#[test]
fn who_forgets_tombstones_at_its_start_forgets_nothing_else() {
    for (flaw, kept) in [(None, 2), (Some(Flaw::ForgetTombstones), 1)] {
        let mut network = Network::new(with(flaw));
        let owner = network.list(KEY)[0];
        network.put(owner, KEY, "a", None);
        network.run_ms(10);
        let deleted = neighbours(network.config.ring(), 1).remove(0);
        let (_, context) = network.get(owner, &deleted);
        network.delete(owner, &deleted, Some(&context));
        network.run_ms(10);
        network.restart(owner);
        assert_eq!(network.node(owner).keys(), kept, "{flaw:?}");
    }
}

/// Of a W of one it does not make none.
#[test]
fn a_quorum_that_is_off_by_one_still_waits_for_one_disk() {
    for (w, waits) in [(1, true), (2, false)] {
        let mut network = Network::new(Shape {
            w,
            ..with(Some(Flaw::QuorumOffByOne))
        });
        let list = network.list(KEY);
        for node in list.iter().skip(usize::from(w == 2)) {
            network.stall(*node);
        }
        let put = network.start_put(list[0], KEY, "a", None);
        network.run_ms(20);
        assert_eq!(network.reply(put).is_none(), waits, "W of {w}");
    }
}
