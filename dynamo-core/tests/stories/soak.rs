//! Random clients and faults in a cluster of random choices: each flaw shows, health does not.

use std::collections::BTreeSet;

use dynamo_core::{
    Coordinator, Flaw, NodeId, Partitioning, ReadFrom, ReadRepair, Request, Shape, Terms,
};

use crate::network::Network;
use crate::oracle::{Clients, KEYS};

/// One run from a seed; which promises it broke.
fn soak(shape: Shape, seed: u64, faults: bool) -> BTreeSet<&'static str> {
    let mut network = Network::new(shape);
    let mut clients = Clients::default();
    network.luck.state = seed;
    if faults {
        network.luck.jitter_us = 4_000;
        network.luck.lost_per_mille = network.luck.below(3) * 40;
        network.luck.doubled_per_mille = network.luck.below(3) * 40;
    }
    for turn in 0..100 {
        act(&mut clients, &mut network, turn, faults);
        let pause = if faults { network.luck.below(40) } else { 400 };
        if faults && network.luck.below(8) == 0 {
            disturb(&mut network);
        }
        network.run_ms(pause);
        clients.hear(&network);
    }
    for node in network.ids() {
        network.release(node);
        if !network.is_up(node) {
            network.restart(node);
        }
    }
    network.heal();
    network.luck.lost_per_mille = 0;
    network.run_ms(8_000);
    clients.hear(&network);
    clients.judge_end(&network);
    clients.broken
}

/// One call. A client in no hurry reads before it writes.
fn act(clients: &mut Clients, network: &mut Network, turn: u64, hurry: bool) {
    let client = network.luck.below(4);
    let node = NodeId(network.luck.below(u64::from(network.config.shape().nodes)) as u32);
    let key = network.luck.below(KEYS.len() as u64) as usize;
    if !network.is_up(node) {
        return;
    }
    let write = network.luck.below(2) == 0;
    if !write || !hurry {
        let terms = if hurry {
            terms(network)
        } else {
            Terms::default()
        };
        let id = network.start_get_on(terms, node, KEYS[key]);
        clients.gets(id, client, key);
    }
    if !hurry {
        network.run_ms(400);
        clients.hear(network);
    }
    if !write {
        return;
    }
    let delete = network.luck.below(6) == 0;
    let terms = if hurry && !delete {
        terms(network)
    } else {
        Terms::default()
    };
    let blind = network.luck.below(8) == 0;
    let context = clients.context(client, key).filter(|_| !blind);
    let sighted = context.is_some();
    let name = format!("{}{turn}", if delete { "d" } else { "v" }).into_bytes();
    let (wanted, w) = (name.clone(), terms.w.unwrap_or(network.config.shape().w));
    let key_bytes = KEYS[key].to_vec();
    let request = if delete {
        Request::Delete {
            key: key_bytes,
            context,
            terms,
        }
    } else {
        Request::Put {
            key: key_bytes,
            value: name,
            context,
            terms,
        }
    };
    let id = network.request(node, request);
    clients.writes(id, (client, key), wanted, (sighted, delete, w));
}

/// Mostly none; else anything within bounds.
fn terms(network: &mut Network) -> Terms {
    if network.luck.below(4) > 0 {
        return Terms::default();
    }
    let mut up_to = |most: u32| 1 + network.luck.below(u64::from(most)) as u32;
    let n = up_to(network.config.shape().n);
    Terms {
        n: Some(n),
        r: Some(up_to(n)),
        w: Some(up_to(n)),
        pinned: up_to(3) == 1,
    }
}

fn disturb(network: &mut Network) {
    let node = NodeId(network.luck.below(u64::from(network.config.shape().nodes)) as u32);
    match network.luck.below(6) {
        0 => network.crash(node),
        1 => network.isolate(node),
        2 => network.stall(node),
        3 => network.heal(),
        _ => {
            for node in network.ids() {
                network.release(node);
                if !network.is_up(node) {
                    network.restart(node);
                }
            }
        }
    }
}

/// A different cluster for every seed.
fn shape(seed: u64, flaw: Option<Flaw>) -> Shape {
    let pick = |salt: u64, below: u64| (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> salt) % below;
    let nodes = 3 + pick(7, 5) as u32;
    let n = 1 + pick(11, 3.min(u64::from(nodes))) as u32;
    Shape {
        nodes,
        n,
        r: 1 + pick(17, u64::from(n)) as u32,
        w: 1 + pick(23, u64::from(n)) as u32,
        partitioning: Partitioning::Tokens {
            per_node: 1 + pick(29, 8) as u32,
        },
        sloppy: pick(33, 3) > 0,
        hints: pick(33, 3) > 0 || pick(43, 2) > 0,
        anti_entropy: pick(37, 3) > 0,
        read_repair: [
            ReadRepair::Off,
            ReadRepair::After,
            ReadRepair::Responders,
            ReadRepair::Quorum,
        ][pick(41, 4) as usize],
        coordinator: [Coordinator::Asked, Coordinator::First, Coordinator::Fastest]
            [pick(19, 3) as usize],
        read_from: [ReadFrom::Healthy, ReadFrom::Owners][pick(27, 2) as usize],
        flaw,
        ..Shape::default()
    }
}

fn runs() -> u64 {
    match std::env::var("DYNAMO_CORE_SOAK") {
        Ok(runs) => runs.parse().expect("DYNAMO_CORE_SOAK is a number of runs"),
        Err(_) => 60,
    }
}

#[test]
fn a_healthy_cluster_keeps_all_promises_through_faults() {
    for seed in 0..runs() {
        let broken = soak(shape(seed, None), seed, true);
        assert_eq!(
            broken,
            BTreeSet::new(),
            "seed {seed} {:?}",
            shape(seed, None)
        );
    }
}

/// Flaws that show themselves without faults and concurrency, too: such a store is broken from the first
/// contexts, merges or deletes on.
const LOUD: [Flaw; 12] = [
    Flaw::CountFromContext,
    Flaw::ContextOfFirst,
    Flaw::KeepOneSibling,
    Flaw::ForgetPastOnMerge,
    Flaw::PruneAtPut,
    Flaw::PruneContext,
    Flaw::PruneAtReplica,
    Flaw::PruneTombstone,
    Flaw::ForwardWithoutContext,
    Flaw::ReapTooSoon,
    Flaw::DeleteWithoutPast,
    Flaw::TombstoneWins,
];

/// Flaws that the few checks here do not see: they need forged contexts, lost disks, members that come and go,
/// reads of fresh data or rarer luck. The catalogue of flaws says what sees them.
const UNSEEN: [Flaw; 24] = [
    Flaw::BelieveForgedContext,
    Flaw::StandInAsOwner,
    Flaw::KeepNameAfterWipe,
    Flaw::AcceptOldLife,
    Flaw::ReadOffByOne,
    Flaw::SilenceIsNotFound,
    Flaw::FirstAnswerOnly,
    Flaw::NoHintForSilent,
    Flaw::DropGrownHint,
    Flaw::AckHintEarly,
    Flaw::HintsNotMoved,
    Flaw::ForgetTombstones,
    Flaw::HashNoTombstones,
    Flaw::HashCountOnly,
    Flaw::TailViolation,
    Flaw::TakeRemoteHistory,
    Flaw::ForgetChanges,
    Flaw::SkipHandedKey,
    Flaw::NoHandover,
    Flaw::DropBeforeHandover,
    Flaw::CountFormerOwners,
    Flaw::SyncCoversLater,
    Flaw::ReadUnsynced,
    Flaw::TrustDamagedDisk,
];

#[test]
fn most_flaws_are_quiet_without_faults_and_concurrency() {
    for flaw in Flaw::ALL.iter().filter(|flaw| !LOUD.contains(flaw)) {
        for seed in 0..6 {
            let broken = soak(shape(seed, Some(*flaw)), seed, false);
            assert_eq!(broken, BTreeSet::new(), "{flaw} seed {seed}");
        }
    }
}

#[test]
fn flaws_show_themselves_sooner_or_later() {
    for flaw in Flaw::ALL.iter().filter(|flaw| !UNSEEN.contains(flaw)) {
        let shows = |seed: &u64| !soak(shape(*seed, Some(*flaw)), *seed, true).is_empty();
        let first = (0..runs()).find(shows);
        assert!(first.is_some(), "{flaw} was never seen");
    }
}
