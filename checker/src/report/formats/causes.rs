//! What came before what, as far as the record tells.
//!
//! A value names its write, so whoever holds or returns it comes after the call that brought it. A client
//! that passes a context comes after the answer that it came from. An acknowledgement comes after the disks
//! on whose word it was given: those that were counted, or all that held the value by then, if they were no
//! more than it takes. An answer comes after the disk that held its value, if only one did by then.
//!
//! Of a message of which only the delivery was recorded it is not known when it was sent. It is taken to have
//! been sent as early as may be, and says so: after the sender first held what the receiver held newly because
//! of it, or kept the hint that it delivers, or held anything of the key. So no event of the sender is said to
//! come before one of the receiver without a reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{History, Op, Time};
use crate::kv::{Kv, KvCall};
use crate::note::{Node, Note, Version};

/// How long after its delivery a message is taken to be the reason of a change, in microseconds.
const SOON: u64 = 20_000;

/// An event and the entry of the history that tells of it.
type Place = (usize, usize);

/// A version that a reader would call the same on each node: by its value, or a tombstone by its event.
type Name = (Option<String>, Option<(String, u64)>);

/// A message that came.
#[derive(Clone, Debug)]
pub(super) struct Transfer {
    at: Time,
    from: Node,
    to: Node,
    key: String,
    /// The event at which it was sent.
    pub(super) sent: usize,
    /// The last entry of the history before it was sent, as far as is known.
    pub(super) sent_after: usize,
}

/// What has happened so far, as far as it matters for what comes.
#[derive(Clone, Debug)]
pub(super) struct Causes {
    /// How many copies an acknowledgement takes.
    needed: usize,
    /// By key and value, the call of the put.
    puts: BTreeMap<(String, String), usize>,
    /// By key, the calls of its deletes.
    deletes: BTreeMap<String, Vec<usize>>,
    held: BTreeMap<(Node, String), Vec<Version>>,
    /// By key and version, who held it, and since when first.
    first: BTreeMap<(String, Name), BTreeMap<Node, Place>>,
    /// Since when a node first held anything of a key.
    any: BTreeMap<(Node, String), usize>,
    /// By key and value, the nodes that a coordinator counted.
    counted: BTreeMap<(String, String), BTreeSet<Node>>,
    hints: BTreeMap<(Node, Node, String), Place>,
    transfers: Vec<Transfer>,
}

impl Causes {
    pub(super) fn new(history: &History<Kv>) -> Self {
        let setup = history.notes().find_map(|(_, note)| match note {
            Note::Setup(setup) => Some(setup.w as usize),
            _ => None,
        });
        Causes {
            needed: setup.unwrap_or(0),
            puts: BTreeMap::new(),
            deletes: BTreeMap::new(),
            held: BTreeMap::new(),
            first: BTreeMap::new(),
            any: BTreeMap::new(),
            counted: BTreeMap::new(),
            hints: BTreeMap::new(),
            transfers: Vec::new(),
        }
    }

    /// A client calls.
    pub(super) fn called(&mut self, op: &Op<Kv>, event: usize) {
        match &op.call {
            KvCall::Get { .. } => {}
            KvCall::Put { key, value, .. } => {
                self.puts.insert((key.clone(), value.clone()), event);
            }
            KvCall::Delete { key, .. } => {
                self.deletes.entry(key.clone()).or_default().push(event);
            }
        }
    }

    /// What comes before an acknowledgement of this value.
    pub(super) fn of_acknowledgement(&self, key: &str, value: &str) -> Vec<usize> {
        let holders = self.holders(key, value);
        let counted = self.counted.get(&(key.to_owned(), value.to_owned()));
        match counted {
            Some(counted) => {
                let of = holders.iter().filter(|(node, _)| counted.contains(node));
                of.map(|(_, event)| *event).collect()
            }
            None if holders.len() <= self.needed => {
                holders.into_iter().map(|(_, event)| event).collect()
            }
            None => Vec::new(),
        }
    }

    /// What comes before an answer of these values.
    pub(super) fn of_answer(&self, key: &str, values: &[String]) -> Vec<usize> {
        let mut after = Vec::new();
        for value in values {
            let put = self.puts.get(&(key.to_owned(), value.clone()));
            after.extend(put);
            if let [(_, only)] = self.holders(key, value)[..] {
                after.push(only);
            }
        }
        after
    }

    fn holders(&self, key: &str, value: &str) -> Vec<(Node, usize)> {
        let name = (Some(value.to_owned()), None);
        let holders = self.first.get(&(key.to_owned(), name)).into_iter();
        let holders = holders.flatten();
        holders.map(|(node, (event, _))| (*node, *event)).collect()
    }

    /// What comes before somebody holds these versions who held others before.
    pub(super) fn of_versions(
        &self,
        key: &str,
        versions: &[Version],
        before: &[Version],
    ) -> Vec<usize> {
        let new = versions.iter().filter(|version| !before.contains(version));
        let put = new.filter_map(|version| match &version.value {
            Some(value) => self.puts.get(&(key.to_owned(), value.clone())).copied(),
            // Of several deletes it is not told which one a tombstone is.
            None => match self.deletes.get(key).map(Vec::as_slice) {
                Some([only]) => Some(*only),
                _ => None,
            },
        });
        put.collect()
    }

    /// What the disk of the node holds of the key.
    pub(super) fn held(&self, node: Node, key: &str) -> Vec<Version> {
        let held = self.held.get(&(node, key.to_owned()));
        held.cloned().unwrap_or_default()
    }

    /// The disk of the node holds these versions from now on.
    pub(super) fn stored(
        &mut self,
        at: Time,
        node: Node,
        key: &str,
        versions: &[Version],
        place: Place,
    ) {
        let before = self
            .held
            .insert((node, key.to_owned()), versions.to_vec())
            .unwrap_or_default();
        let before: BTreeSet<Name> = before.iter().map(name).collect();
        let names = versions.iter().map(name);
        let new: Vec<Name> = names.filter(|name| !before.contains(name)).collect();
        let back = self.transfers.iter().enumerate().rev();
        let mut soon = back.take_while(|(_, transfer)| at.0 - transfer.at.0 <= SOON);
        let delivered = soon.find(|(_, transfer)| transfer.to == node && transfer.key == key);
        if let Some((delivered, _)) = delivered {
            self.brought(delivered, &new);
        }
        self.holds(node, key, versions, place);
    }

    /// A message is taken to have brought these versions, those of them that its sender had.
    fn brought(&mut self, transfer: usize, new: &[Name]) {
        let Transfer {
            from, key, sent, ..
        } = &self.transfers[transfer];
        let since = new.iter().filter_map(|name| {
            let holders = self.first.get(&(key.clone(), name.clone()))?;
            let (event, line) = holders.get(from)?;
            (event < sent).then_some(*line)
        });
        let since = since.max();
        let sent_after = &mut self.transfers[transfer].sent_after;
        *sent_after = since.unwrap_or(0).max(*sent_after);
    }

    fn holds(&mut self, node: Node, key: &str, versions: &[Version], place: Place) {
        if !versions.is_empty() {
            let since = self.any.entry((node, key.to_owned()));
            since.or_insert(place.1);
        }
        for version in versions {
            let holders = self.first.entry((key.to_owned(), name(version)));
            holders.or_default().entry(node).or_insert(place);
        }
    }

    /// A node keeps these versions for another.
    pub(super) fn hinted(
        &mut self,
        (holder, owner): (Node, Node),
        key: &str,
        versions: &[Version],
        place: Place,
    ) {
        self.hints.insert((holder, owner, key.to_owned()), place);
        self.holds(holder, key, versions, place);
    }

    /// A node keeps no hint of the key for the other any more.
    pub(super) fn unhinted(&mut self, holder: Node, owner: Node, key: &str) {
        self.hints.remove(&(holder, owner, key.to_owned()));
    }

    /// A message came, and was sent at this event.
    pub(super) fn transferred(
        &mut self,
        at: Time,
        (from, to): (Node, Node),
        kind: &str,
        key: &str,
        sent: usize,
    ) {
        let hint = self.hints.get(&(from, to, key.to_owned()));
        let hint = hint.filter(|_| kind == "hint").map(|(_, line)| *line);
        let any = self.any.get(&(from, key.to_owned())).copied();
        self.transfers.push(Transfer {
            at,
            from,
            to,
            key: key.to_owned(),
            sent,
            sent_after: hint.or(any).unwrap_or(0),
        });
    }

    /// A coordinator acknowledges the value on the word of these nodes.
    pub(super) fn counted(&mut self, key: &str, value: &str, nodes: &[Node]) {
        let counted = self.counted.entry((key.to_owned(), value.to_owned()));
        counted.or_default().extend(nodes);
    }

    /// All messages so far.
    pub(super) fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }
}

fn name(version: &Version) -> Name {
    let dot = version.clock.as_ref().map(|clock| clock.dot.clone());
    let dot = dot.filter(|_| version.value.is_none());
    (version.value.clone(), dot)
}
