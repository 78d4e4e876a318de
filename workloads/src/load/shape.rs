//! A random legal cluster that makes all four promises: 3 to 7 nodes, 1 to 5 replicas, every legal R
//! and W, mechanisms on and off.

use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};

use super::dice::Dice;
use crate::plan::{Partitioning, Shape};

/// The cluster of this seed.
pub fn shape(seed: u64) -> Shape {
    let dice = Dice::new(seed, "shape");
    let nodes = dice.within("nodes", 0, 3, 7) as u32;
    // Three replicas are what the paper recommends and what most clusters run.
    let n = if dice.percent("usual n", 0, 50) {
        3
    } else {
        dice.within("n", 0, 1, u64::from(nodes.min(5))) as u32
    };
    let hints = dice.percent("hints", 0, 75);
    Shape {
        nodes,
        n,
        r: dice.within("r", 0, 1, u64::from(n)) as u32,
        w: dice.within("w", 0, 1, u64::from(n)) as u32,
        vnodes: dice.within("vnodes", 0, 1, 6) as u32,
        partitioning: [
            Partitioning::Tokens,
            Partitioning::TokensOverPartitions,
            Partitioning::Partitions,
        ][dice.within("partitioning", 0, 0, 2) as usize],
        sloppy: hints && dice.percent("sloppy", 0, 67),
        hints,
        anti_entropy: dice.percent("anti-entropy", 0, 75),
        read_repair: if dice.percent("read repair", 0, 50) {
            [
                ReadRepair::After,
                ReadRepair::After,
                ReadRepair::Responders,
                ReadRepair::Quorum,
            ][dice.within("who waits for repair", 0, 0, 3) as usize]
        } else {
            ReadRepair::Off
        },
        coordinator: [
            Coordinator::Asked,
            Coordinator::Asked,
            Coordinator::First,
            Coordinator::Fastest,
        ][dice.within("coordinator", 0, 0, 3) as usize],
        read_from: if dice.percent("owners only", 0, 25) {
            ReadFrom::Owners
        } else {
            ReadFrom::Healthy
        },
        // All four promises are made by these alone.
        causality: Causality::Dots,
        resolution: Resolution::Client,
        reaping_us: None,
        durability: Durability::Synced,
        detection: if dice.percent("heartbeats", 0, 25) {
            Detection::Heartbeats
        } else {
            Detection::Requests
        },
        yields: dice.percent("yields", 0, 25),
        skew_us: 0,
    }
    .legal()
}
