//! Random clients and faults, judged from what clients saw and what disks held.

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{
    Dot, Flaw, NodeId, Partitioning, ReadRepair, Record, Reply, Request, RequestId, Shape, Terms,
    Version, VersionVector,
};

use crate::network::Network;

type Value = Vec<u8>;

const KEYS: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];

/// What clients know: who wrote what, having seen what.
#[derive(Default)]
struct Clients {
    /// Per client and key: what the last get returned.
    sessions: BTreeMap<(u64, usize), (BTreeSet<Value>, Vec<u8>)>,
    /// Each value with all that it replaces, directly or not.
    seen: BTreeMap<Value, BTreeSet<Value>>,
    keys: BTreeMap<Value, usize>,
    stored: BTreeSet<Value>,
    gets: BTreeMap<RequestId, (u64, usize)>,
    puts: BTreeMap<RequestId, Value>,
    broken: BTreeSet<&'static str>,
}

impl Clients {
    /// The values with all that they replace.
    fn history(&self, values: &BTreeSet<Value>) -> BTreeSet<Value> {
        let replaced = values
            .iter()
            .filter_map(|value| self.seen.get(value))
            .flatten();
        replaced.chain(values).cloned().collect()
    }

    /// One call. A client in no hurry reads before it writes.
    fn act(&mut self, network: &mut Network, turn: u64, hurry: bool) {
        let client = network.luck.below(4);
        let node = NodeId(network.luck.below(u64::from(network.config.shape().nodes)) as u32);
        let key = network.luck.below(KEYS.len() as u64) as usize;
        if !network.is_up(node) {
            return;
        }
        let put = network.luck.below(2) == 0;
        if !put || !hurry {
            let id = network.request(
                node,
                Request::Get {
                    key: KEYS[key].to_vec(),
                    terms: Terms::default(),
                },
            );
            self.gets.insert(id, (client, key));
        }
        if !hurry {
            network.run_ms(400);
            self.hear(network);
        }
        if !put {
            return;
        }
        let value = format!("v{turn}").into_bytes();
        let session = self.sessions.get(&(client, key)).cloned();
        let session = session.filter(|_| network.luck.below(8) > 0);
        let (values, context) = match session {
            Some((values, context)) => (values, Some(context)),
            None => (BTreeSet::new(), None),
        };
        self.seen.insert(value.clone(), self.history(&values));
        self.keys.insert(value.clone(), key);
        let put = Request::Put {
            key: KEYS[key].to_vec(),
            value: value.clone(),
            context,
            terms: Terms::default(),
        };
        let id = network.request(node, put);
        self.puts.insert(id, value);
    }

    /// Takes in the replies that came.
    fn hear(&mut self, network: &Network) {
        let got: Vec<_> = self
            .gets
            .keys()
            .copied()
            .filter(|id| network.reply(*id).is_some())
            .collect();
        for id in got {
            let (client, key) = self.gets.remove(&id).expect("it was just there");
            if let Some(Reply::Values {
                values, context, ..
            }) = network.reply(id)
            {
                let distinct: BTreeSet<Value> = values.iter().cloned().collect();
                self.judge(&distinct, values.len());
                self.sessions
                    .insert((client, key), (distinct, context.clone()));
            }
        }
        let put: Vec<_> = self
            .puts
            .keys()
            .copied()
            .filter(|id| network.reply(*id).is_some())
            .collect();
        for id in put {
            let value = self.puts.remove(&id).expect("it was just there");
            if network.reply(id) == Some(&Reply::Stored) {
                if holders(network, KEYS[self.keys[&value]], &value)
                    < network.config.shape().w as usize
                {
                    self.broken.insert("too few holders");
                }
                self.stored.insert(value);
            }
        }
    }

    /// One answer: values that somebody wrote, none of which replaces another.
    fn judge(&mut self, values: &BTreeSet<Value>, count: usize) {
        let replaces = |value: &Value| {
            self.seen
                .get(value)
                .is_some_and(|seen| !seen.is_disjoint(values))
        };
        if values.iter().any(replaces) || values.len() < count {
            self.broken.insert("false conflict");
        }
        if values.iter().any(|value| !self.seen.contains_key(value)) {
            self.broken.insert("invention");
        }
    }
}

/// How many nodes have had the version on disk, or one that has seen it.
fn holders(network: &Network, key: &[u8], value: &[u8]) -> usize {
    let versions = || {
        let of_key = network.kept.iter().filter_map(|(node, record)| {
            if let Record::Data {
                key: name,
                siblings,
            }
            | Record::Hint {
                key: name,
                siblings,
                ..
            } = record
            {
                (name == key).then_some((*node, siblings))
            } else {
                None
            }
        });
        of_key.flat_map(|(node, siblings)| {
            siblings
                .iter()
                .map(move |version| (node, version.dot, version))
        })
    };
    let Some((_, dot, _)) =
        versions().find(|(.., version)| version.value.as_deref() == Some(value))
    else {
        return 0;
    };
    let having = versions().filter(|(_, held, version)| *held == dot || version.past.covers(dot));
    having.map(|(node, ..)| node).collect::<BTreeSet<_>>().len()
}

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
        clients.act(&mut network, turn, faults);
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
    judge_end(&network, &mut clients);
    clients.broken
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

fn judge_end(network: &Network, clients: &mut Clients) {
    for (index, key) in KEYS.iter().enumerate() {
        let shape = network.config.shape();
        let owners = network.config.ring().owners(key, shape.n);
        let held: Vec<_> = owners
            .iter()
            .map(|owner| network.held(*owner, key))
            .collect();
        let mends = shape.anti_entropy;
        if mends && held.iter().any(|siblings| *siblings != held[0]) {
            clients.broken.insert("divergence");
        }
        let mut all = held[0].clone();
        for siblings in &held {
            network.config.shape().versioning.merge(&mut all, siblings);
        }
        let last: BTreeSet<Value> = all
            .iter()
            .filter_map(|version| version.value.clone())
            .collect();
        clients.judge(&last, all.len());
        let history = clients.history(&last);
        let mut stored = clients
            .stored
            .iter()
            .filter(|value| clients.keys[*value] == index);
        if mends && stored.any(|value| !history.contains(value)) {
            clients.broken.insert("lost write");
        }
    }
    judge_dots(network, clients);
    judge_hints(network, clients);
    judge_roots(network, clients);
}

/// A dot names one version, a value one dot.
fn judge_dots(network: &Network, clients: &mut Clients) {
    let mut values: BTreeMap<(Vec<u8>, Dot), Value> = BTreeMap::new();
    let mut dots: BTreeMap<Value, Dot> = BTreeMap::new();
    for (_, record) in &network.kept {
        if let Record::Data { key, siblings } | Record::Hint { key, siblings, .. } = record {
            for Version { dot, value, .. } in siblings.iter() {
                let (dot, value) = (*dot, value.clone().unwrap_or_default());
                let first = values
                    .entry((key.clone(), dot))
                    .or_insert_with(|| value.clone());
                if *first != value {
                    clients.broken.insert("dot reused");
                }
                if *dots.entry(value).or_insert(dot) != dot {
                    clients.broken.insert("two events");
                }
            }
        }
    }
}

/// Whatever was once on disk as a hint is known to its owner in the end.
fn judge_hints(network: &Network, clients: &mut Clients) {
    for (_, record) in &network.kept {
        if let Record::Hint {
            owner,
            key,
            siblings,
            ..
        } = record
        {
            let held = network.held(*owner, key);
            let known: VersionVector = held.context();
            if siblings.iter().any(|version| !known.covers(version.dot)) {
                clients.broken.insert("hint undelivered");
            }
        }
    }
    if network
        .ids()
        .iter()
        .any(|node| !network.hints(*node).is_empty())
    {
        clients.broken.insert("hint left");
    }
}

fn judge_roots(network: &Network, clients: &mut Clients) {
    let mut roots = BTreeMap::new();
    for (name, root) in network
        .ids()
        .iter()
        .flat_map(|node| network.node(*node).roots())
    {
        if network.config.shape().anti_entropy && *roots.entry(name).or_insert(root) != root {
            clients.broken.insert("roots differ");
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
        read_repair: [ReadRepair::Off, ReadRepair::After][pick(41, 2) as usize],
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

#[test]
fn every_flaw_is_quiet_without_faults_and_concurrency() {
    for flaw in Flaw::ALL {
        for seed in 0..6 {
            let broken = soak(shape(seed, Some(flaw)), seed, false);
            assert_eq!(broken, BTreeSet::new(), "{flaw} seed {seed}");
        }
    }
}

#[test]
fn every_flaw_shows_itself_sooner_or_later() {
    for flaw in Flaw::ALL {
        let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
        for seed in 0..runs() {
            for sin in soak(shape(seed, Some(flaw)), seed, true) {
                *seen.entry(sin).or_default() += 1;
            }
        }
        println!("{flaw}: {seen:?}");

        assert!(!seen.is_empty(), "{flaw} was never seen");
    }
}
