//! What a store believes of the disk that it starts from.

use super::*;
use crate::record::{write_change, write_data, write_hint, write_sequence};

fn disk(writes: impl IntoIterator<Item = Write>) -> Disk {
    let mut disk = Disk::new();
    sync(&mut disk, writes.into_iter().collect());
    disk
}

fn by(node: NodeId, counter: u64) -> Siblings {
    let actor = Actor::owner(node);
    Siblings::from_iter([version(Dot { actor, counter }, 1)])
}

/// The first event after a start from this disk at time 3.
fn first_event(disk: &Disk) -> Dot {
    let config = Config::new(Shape::default()).expect("the default is valid");
    let mut store = Store::start(ME, Arc::new(config), disk, Time(3));
    store.mint(true, &Siblings::new(), &VersionVector::new())
}

fn own(born: u64, counter: u64) -> Dot {
    Dot {
        actor: Actor::owner(ME).born(born),
        counter,
    }
}

#[test]
fn a_sequence_beyond_what_can_be_issued_is_not_believed_nor_its_name_kept() {
    for (last, first) in [
        (41, own(7, 42)),
        (ISSUED_MAX, own(7, ISSUED_MAX + 1)),
        (ISSUED_MAX + 1, own(3, 1)),
        (u64::MAX, own(3, 1)),
    ] {
        assert_eq!(first_event(&disk([write_sequence(7, last)])), first);
    }
}

/// Such a node has a new name too, so this is the second of two locks.
#[test]
fn without_a_sequence_it_goes_on_after_the_versions_that_are_its_own_and_can_be() {
    let hint = Hint {
        owner: NodeId(2),
        reason: Reason::Silent,
    };
    let garbled = Write {
        value: Some(vec![0; 9]),
        ..write_sequence(7, 60)
    };
    for (siblings, counter) in [
        (by(ME, 50), 51),
        (by(ME, ISSUED_MAX), ISSUED_MAX + 1),
        (by(ME, ISSUED_MAX + 1), 1),
        (by(NodeId(1), 50), 1),
        (by(NodeId(1), u64::MAX), 1),
    ] {
        for write in [
            write_data(b"x", &siblings),
            write_hint(hint.owner, hint, b"x", &siblings),
        ] {
            let (lost, garbled) = (disk([write.clone()]), disk([write, garbled.clone()]));
            assert_eq!(first_event(&lost), own(3, counter));
            assert_eq!(first_event(&garbled), own(3, counter));
        }
    }
}

/// A disk that tells more of the cluster than fits into memory comes from nobody in it.
#[test]
fn a_history_on_disk_counts_if_a_ring_of_it_can_be_laid_out() {
    let config = Arc::new(Config::new(Shape::default()).expect("the default is valid"));
    let large = Member {
        capacity: u32::MAX,
        zone: 0,
    };
    for (count, believed) in [(0, true), (1, true), (100, false)] {
        let mut history = config.view().membership().clone();
        let joins = (5..5 + count).map(|node| {
            let join = history.record(1, ME, NodeId(node), Move::Join(large));
            write_change(&join)
        });
        let disk = disk(joins);
        let store = Store::start(ME, Arc::clone(&config), &disk, Time(0));
        assert_eq!(*store.view().membership() == history, believed);
        let first = store.view() == config.view();
        assert_eq!(first, count == 0 || !believed);
    }
}
