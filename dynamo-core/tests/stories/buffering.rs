//! What may stay in memory for a while, how much of it, and what comes to the disk at once.

use dynamo_core::{Durability, ReadRepair, Reply, Shape};

use crate::network::{Network, still};

const KEY: &[u8] = b"cart";

/// A strict quorum, of which only gets mend the replicas.
fn buffered(writes: u32, read_repair: ReadRepair) -> Network {
    Network::new(Shape {
        gossip: false,
        read_repair,
        durability: Durability::Buffered {
            writes,
            durable_write: false,
        },
        ..still()
    })
}

#[test]
fn a_buffer_holds_as_many_records_as_was_chosen_before_it_is_emptied() {
    for writes in [1, 2, 5] {
        let mut network = buffered(writes, ReadRepair::Off);
        let [first, second, third] = network.list(KEY)[..3] else {
            panic!("there are three owners");
        };
        for put in 1..=writes + 1 {
            let put = network.start_put(first, KEY, &format!("{put}"), None);
            network.run_ms(5);
            assert_eq!(network.reply(put), Some(&Reply::Stored));
            // A replica writes one record for each put, and none of them alone.
            for replica in [second, third] {
                let held = network.values(replica, KEY).len() as u32;
                assert!(held == 0 || held == writes + 1, "{held} of {writes}");
            }
        }
        assert_eq!(network.values(second, KEY).len() as u32, writes + 1);
    }
}

#[test]
fn a_repair_need_not_be_on_disk_at_once_since_nobody_waits_for_it() {
    let mut network = buffered(1_000, ReadRepair::After);
    let list = network.list(KEY);
    network.put_on_one(list[1], KEY);
    let get = network.start_get(list[4], KEY);
    network.wait(get);
    network.run_ms(20);
    assert_eq!(network.count("repair"), 2);
    for mended in [list[0], list[2]] {
        assert!(network.held(mended, KEY).is_empty());
    }
    network.run_ms(200);
    for mended in [list[0], list[2]] {
        assert_eq!(network.values(mended, KEY), ["a"]);
    }
}

#[test]
fn what_a_coordinator_writes_back_to_itself_may_wait_for_the_disk_like_a_put() {
    for read_repair in [ReadRepair::Responders, ReadRepair::Quorum] {
        let mut network = buffered(1_000, read_repair);
        let list = network.list(KEY);
        network.put_on_one(list[1], KEY);
        network.crash(list[2]);
        let before = network.now;
        assert_eq!(network.get(list[0], KEY).0, ["a"]);
        assert!(network.now <= before.after(2_000), "one round trip");
        assert!(network.held(list[0], KEY).is_empty(), "{read_repair:?}");
        network.run_ms(200);
        assert_eq!(network.values(list[0], KEY), ["a"]);
    }
}
