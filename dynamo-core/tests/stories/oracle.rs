//! What clients of a random run know, and which promises they may therefore call broken.
//!
//! A client knows what each of its writes replaced: what its last get of the key returned, and all
//! that this had replaced. A delete is a write without a value, so nobody ever sees it; but a value
//! that a delete replaced may be gone for good reason, and may not come back once the delete was
//! acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{Dot, NodeId, Record, Reply, RequestId, Siblings, Version};

use crate::network::Network;

/// A value; of a delete, the name that stands for it here.
pub(crate) type Value = Vec<u8>;

pub(crate) const KEYS: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];

/// A put or delete on its way.
struct Writing {
    value: Value,
    w: u32,
}

/// What clients know: who wrote what, having seen what.
#[derive(Default)]
pub(crate) struct Clients {
    /// Per client and key: what the last get returned.
    sessions: BTreeMap<(u64, usize), (BTreeSet<Value>, Vec<u8>)>,
    /// Each value with all that it replaces, directly or not.
    seen: BTreeMap<Value, BTreeSet<Value>>,
    keys: BTreeMap<Value, usize>,
    deletes: BTreeSet<Value>,
    stored: BTreeSet<Value>,
    refused: BTreeSet<Value>,
    gets: BTreeMap<RequestId, (u64, usize)>,
    writes: BTreeMap<RequestId, Writing>,
    pub(crate) broken: BTreeSet<&'static str>,
}

impl Clients {
    /// The context of a client's last get of a key, if there was one.
    pub(crate) fn context(&self, client: u64, key: usize) -> Option<Vec<u8>> {
        let (_, context) = self.sessions.get(&(client, key))?;
        Some(context.clone())
    }

    /// A client asks for a key.
    pub(crate) fn gets(&mut self, id: RequestId, client: u64, key: usize) {
        self.gets.insert(id, (client, key));
    }

    /// A client writes, or deletes, what its last get returned; or nothing, if it does not say so.
    pub(crate) fn writes(
        &mut self,
        id: RequestId,
        (client, key): (u64, usize),
        value: Value,
        (sighted, delete, w): (bool, bool, u32),
    ) {
        let session = self.sessions.get(&(client, key)).filter(|_| sighted);
        let values = session.map(|(values, _)| values.clone());
        let seen = self.history(&values.unwrap_or_default());
        self.seen.insert(value.clone(), seen);
        self.keys.insert(value.clone(), key);
        if delete {
            self.deletes.insert(value.clone());
        }
        self.writes.insert(id, Writing { value, w });
    }

    /// The values with all that they replace.
    fn history(&self, values: &BTreeSet<Value>) -> BTreeSet<Value> {
        let replaced = values
            .iter()
            .filter_map(|value| self.seen.get(value))
            .flatten();
        replaced.chain(values).cloned().collect()
    }

    /// Takes in the replies that came.
    pub(crate) fn hear(&mut self, network: &Network) {
        let answered = |id: &RequestId| network.reply(*id).is_some();
        let got: Vec<_> = self.gets.keys().copied().filter(answered).collect();
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
        let written: Vec<_> = self.writes.keys().copied().filter(answered).collect();
        for id in written {
            let Writing { value, w } = self.writes.remove(&id).expect("it was just there");
            match network.reply(id) {
                Some(Reply::Stored) => {
                    self.stored.insert(value.clone());
                    if self.holders(network, &value) < w as usize {
                        self.broken.insert("too few holders");
                    }
                }
                Some(Reply::Refused(_)) => {
                    self.refused.insert(value);
                }
                _ => {}
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

    /// How many nodes have had the write on disk, or one that has seen it. Deletes look alike: of
    /// those that were acknowledged, as many must be held somewhere by this many.
    fn holders(&self, network: &Network, value: &Value) -> usize {
        let key = self.keys[value];
        let wanted = Some(value).filter(|value| !self.deletes.contains(*value));
        let mut holders: Vec<usize> = dots_of(network, KEYS[key], wanted)
            .into_iter()
            .map(|dot| holders_of(network, KEYS[key], dot))
            .collect();
        holders.sort_unstable_by(|one, other| other.cmp(one));
        let alike = |other: &&Value| {
            wanted.is_none() && self.deletes.contains(*other) && self.keys[*other] == key
        };
        let rank = self.stored.iter().filter(alike).count().max(1);
        holders.get(rank - 1).copied().unwrap_or(0)
    }

    /// What must be true once all faults are over and the cluster had time to mend.
    pub(crate) fn judge_end(&mut self, network: &Network) {
        for (index, key) in KEYS.iter().enumerate() {
            self.judge_key(network, index, key);
        }
        self.judge_dots(network);
        self.judge_hints(network);
        self.judge_roots(network);
    }

    fn judge_key(&mut self, network: &Network, index: usize, key: &[u8]) {
        let shape = network.config.shape();
        let owners = network.list(key);
        let held = owners[..shape.n as usize]
            .iter()
            .map(|owner| network.held(*owner, key));
        let held: Vec<Siblings> = held.collect();
        let mends = shape.anti_entropy;
        if mends && held.iter().any(|siblings| *siblings != held[0]) {
            self.broken.insert("divergence");
        }
        let mut all = held[0].clone();
        for siblings in &held {
            shape.versioning.merge(&mut all, siblings);
        }
        let values: Vec<Value> = all.iter().filter_map(|kept| kept.value.clone()).collect();
        let last: BTreeSet<Value> = values.iter().cloned().collect();
        self.judge(&last, values.len());
        if !mends {
            return;
        }
        let of_key = |value: &&Value| self.keys[*value] == index;
        let (deletes, puts): (Vec<_>, Vec<_>) = self
            .keys
            .keys()
            .filter(of_key)
            .partition(|value| self.deletes.contains(*value));
        let deletes: Vec<&Value> = deletes;
        let buried = |value: &Value| {
            deletes
                .iter()
                .any(|delete| self.seen[*delete].contains(value))
        };
        let (history, seen) = (self.history(&last), all.context());
        // A value that a client deleted may be gone; but only by a version that has seen it.
        let replaced = |value: &Value| {
            let dots = dots_of(network, key, Some(value));
            buried(value) && dots.iter().all(|dot| seen.covers(*dot))
        };
        let lost = |value: &&Value| !history.contains(*value) && !replaced(value);
        let stored = |value: &&&Value| self.stored.contains(**value);
        let lost = puts.iter().filter(stored).any(lost);
        let deleted = deletes.iter().filter(stored);
        let back = deleted.flat_map(|delete| &self.seen[*delete]);
        let back = back.filter(|value| last.contains(*value)).count() > 0;
        if lost {
            self.broken.insert("lost write");
        }
        if back {
            self.broken.insert("undone delete");
        }
    }

    /// A dot names one version, a value one dot, and nobody deletes more than clients do. What was
    /// refused is nowhere.
    fn judge_dots(&mut self, network: &Network) {
        let mut values: BTreeMap<(Vec<u8>, Dot), Option<Value>> = BTreeMap::new();
        let mut dots: BTreeMap<Value, Dot> = BTreeMap::new();
        for (_, key, version) in versions(network) {
            let name = (key.to_vec(), version.dot);
            let first = values.entry(name).or_insert_with(|| version.value.clone());
            if *first != version.value {
                self.broken.insert("dot reused");
            }
            if let Some(value) = &version.value {
                if *dots.entry(value.clone()).or_insert(version.dot) != version.dot {
                    self.broken.insert("two events");
                }
                if self.refused.contains(value) {
                    self.broken.insert("refused, but done");
                }
            }
        }
        let tombstones = values.values().filter(|value| value.is_none()).count();
        if tombstones > self.deletes.difference(&self.refused).count() {
            self.broken.insert("two events");
        }
    }

    /// Whatever was once on disk as a hint is known to its owner in the end.
    fn judge_hints(&mut self, network: &Network) {
        for (_, record) in &network.kept {
            if let Record::Hint {
                owner,
                key,
                siblings,
                ..
            } = record
            {
                let known = network.held(*owner, key).context();
                if siblings.iter().any(|version| !known.covers(version.dot)) {
                    self.broken.insert("hint undelivered");
                }
            }
        }
        let nodes = network.ids().into_iter();
        if nodes.flat_map(|node| network.hints(node)).count() > 0 {
            self.broken.insert("hint left");
        }
    }

    fn judge_roots(&mut self, network: &Network) {
        let mut roots = BTreeMap::new();
        let nodes = network.ids().into_iter();
        for (name, root) in nodes.flat_map(|node| network.node(node).roots()) {
            if network.config.shape().anti_entropy && *roots.entry(name).or_insert(root) != root {
                self.broken.insert("roots differ");
            }
        }
    }
}

/// Every version that was ever on a disk, where, and of which key.
fn versions(network: &Network) -> impl Iterator<Item = (NodeId, &[u8], &Version)> {
    let kept = network.kept.iter().filter_map(|(node, record)| {
        if let Record::Data { key, siblings } | Record::Hint { key, siblings, .. } = record {
            Some((*node, key, siblings))
        } else {
            None
        }
    });
    kept.flat_map(|(node, key, siblings)| {
        siblings
            .iter()
            .map(move |version| (node, &key[..], version))
    })
}

/// The events of this value, or of all deletes.
fn dots_of(network: &Network, key: &[u8], value: Option<&Value>) -> BTreeSet<Dot> {
    let same = versions(network)
        .filter(|(_, name, version)| *name == key && version.value.as_ref() == value);
    same.map(|(.., version)| version.dot).collect()
}

fn holders_of(network: &Network, key: &[u8], dot: Dot) -> usize {
    let having = versions(network).filter(|(_, name, version)| {
        *name == key && (version.dot == dot || version.past.covers(dot))
    });
    let nodes: BTreeSet<NodeId> = having.map(|(node, ..)| node).collect();
    nodes.len()
}
