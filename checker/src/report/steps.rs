//! A run as a list of steps: what clients did, what went wrong, what each replica held after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{History, Line, OpId, Time};
use crate::kv::{Kv, KvCall};
use crate::network::{Message, Network};
use crate::note::{Clock, Node, Note, Version};

/// One line of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) from: Time,
    pub(super) until: Option<Time>,
    pub(super) what: What,
    /// What disks hold from some moment of this step on, in the order of time.
    pub(super) changes: Vec<Change>,
}

impl Step {
    /// What the disks of these nodes hold after it, as a reader sees it.
    pub(super) fn held(&self) -> BTreeMap<Node, String> {
        let changes = self.changes.iter();
        changes
            .map(|change| (change.node, contents(&change.versions)))
            .collect()
    }
}

/// A disk that holds something else from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: Time,
    pub(super) node: Node,
    pub(super) key: String,
    pub(super) versions: Vec<Version>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Call(OpId),
    Fault(String, bool),
    Hint {
        holder: Node,
        owner: Node,
        key: String,
        versions: Vec<Version>,
    },
    Unhint {
        holder: Node,
        owner: Node,
        key: String,
        expired: bool,
    },
    /// A disk changed, and nothing that was recorded says why.
    Stores(Node, String),
    Restart(Node),
    Healed,
    Quiet,
    /// Others own a key from now on.
    Owners {
        key: String,
        before: Vec<Node>,
        nodes: Vec<Node>,
    },
    /// A message that was never heard.
    Lost(Message),
    /// Versions that travelled; shown only if they changed something.
    Transfer {
        from: Node,
        to: Node,
        kind: String,
        key: String,
    },
}

impl What {
    /// What it says by itself; nothing for calls, faults and transfers, which are told with more than words.
    pub(super) fn said(&self) -> Option<String> {
        Some(match self {
            What::Call(_) | What::Fault(..) | What::Transfer { .. } => return None,
            What::Hint {
                holder,
                owner,
                key,
                versions,
            } => {
                let text = contents(versions);
                format!("{holder} keeps hint of {key} for {owner}: {text}")
            }
            What::Unhint {
                holder,
                owner,
                key,
                expired: false,
            } => format!("{holder} drops its hint of {key} for {owner}"),
            What::Unhint {
                holder,
                owner,
                key,
                expired: true,
            } => format!("the hint of {key} that {holder} kept for {owner} expires"),
            What::Stores(node, key) => format!("{node} stores {key}"),
            What::Restart(node) => format!("{node} restarts"),
            What::Owners { key, before, nodes } => {
                format!(
                    "{key} is owned by {} now, was by {}",
                    named(nodes),
                    named(before)
                )
            }
            What::Lost(message) => format!("{} never arrives", message.label()),
            What::Healed => "all faults have ended".into(),
            What::Quiet => "the cluster has had time to mend".into(),
        })
    }
}

/// How long after its delivery a transfer is taken to be the reason of a change, in microseconds.
const SOON: u64 = 20_000;

/// More lost messages than these are not told.
const LOST: usize = 12;

/// The story of a run, in the order of time. Calls in `hidden` are left out.
pub(super) fn steps(
    history: &History<Kv>,
    hidden: &BTreeSet<OpId>,
    network: &Network,
) -> Vec<Step> {
    let mut teller = Teller {
        history,
        steps: Vec::new(),
        held: BTreeMap::new(),
        writes: BTreeMap::new(),
        owners: BTreeMap::new(),
    };
    for line in history.lines() {
        match line {
            Line::Invoke(op) if !hidden.contains(&op.id) => {
                if op.call.writes() {
                    let place = teller.steps.len();
                    let key = op.call.key().to_owned();
                    teller.writes.entry(key).or_default().push(place);
                }
                teller.push(op.invoked, op.returned, What::Call(op.id));
            }
            Line::Invoke(_) | Line::Return(..) => {}
            Line::Note(at, note) => teller.note(at, note),
        }
    }
    let silent =
        |step: &Step| matches!(step.what, What::Transfer { .. }) && step.changes.is_empty();
    teller.steps.retain(|step| !silent(step));
    let lost = network
        .messages
        .iter()
        .filter(|message| message.heard.is_none());
    for message in lost.take(LOST) {
        teller.push(message.sent, None, What::Lost(message.clone()));
    }
    teller.steps.sort_by_key(|step| step.from);
    teller.steps
}

struct Teller<'a> {
    history: &'a History<Kv>,
    steps: Vec<Step>,
    held: BTreeMap<(Node, String), Vec<Version>>,
    /// By key, the steps of its writes that may still change a disk.
    writes: BTreeMap<String, Vec<usize>>,
    /// By key, who owned it last.
    owners: BTreeMap<String, Vec<Node>>,
}

impl Teller<'_> {
    fn push(&mut self, from: Time, until: Option<Time>, what: What) {
        self.steps.push(Step {
            from,
            until,
            what,
            changes: Vec::new(),
        });
    }

    fn note(&mut self, at: Time, note: &Note) {
        let what = match note {
            Note::Durable {
                node,
                key,
                versions,
            } => return self.durable(at, *node, key, versions),
            Note::Fault { what, begins } => What::Fault(what.clone(), *begins),
            Note::Hint {
                holder,
                owner,
                key,
                versions,
            } => What::Hint {
                holder: *holder,
                owner: *owner,
                key: key.clone(),
                versions: versions.clone(),
            },
            Note::HintDropped { holder, owner, key } | Note::HintExpired { holder, owner, key } => {
                What::Unhint {
                    holder: *holder,
                    owner: *owner,
                    key: key.clone(),
                    expired: matches!(note, Note::HintExpired { .. }),
                }
            }
            Note::Restart(node) => What::Restart(*node),
            Note::Owners { key, nodes } => match self.owners.insert(key.clone(), nodes.clone()) {
                Some(before) if before != *nodes => What::Owners {
                    key: key.clone(),
                    before,
                    nodes: nodes.clone(),
                },
                _ => return,
            },
            Note::Transfer {
                from,
                to,
                kind,
                key,
            } => What::Transfer {
                from: *from,
                to: *to,
                kind: kind.clone(),
                key: key.clone(),
            },
            Note::Healed => What::Healed,
            Note::Quiet => What::Quiet,
            Note::Setup(_)
            | Note::Informed(_)
            | Note::Crash(_)
            | Note::Context { .. }
            | Note::Counted { .. }
            | Note::Served { .. }
            | Note::Root { .. } => return,
        };
        self.push(at, None, what);
    }

    /// Puts a change where it belongs: to the transfer or the write that caused it.
    fn durable(&mut self, at: Time, node: Node, key: &str, versions: &[Version]) {
        let place = (node, key.to_owned());
        let before = self.held.insert(place, versions.to_vec());
        if before.as_deref() == Some(versions) {
            return;
        }
        let before = before.unwrap_or_default();
        let new = |value: &str| {
            let is = |version: &Version| version.value.as_deref() == Some(value);
            versions.iter().any(is) && !before.iter().any(is)
        };
        let write = self.write(at, key, new);
        let step = self.transfer(at, node, key).or(write);
        let step = step.unwrap_or_else(|| {
            self.push(at, None, What::Stores(node, key.into()));
            self.steps.len() - 1
        });
        self.steps[step].changes.push(Change {
            at,
            node,
            key: key.into(),
            versions: versions.to_vec(),
        });
    }

    /// The last transfer to the node, if it was just delivered.
    fn transfer(&self, at: Time, node: Node, key: &str) -> Option<usize> {
        let back = self.steps.iter().enumerate().rev();
        let mut soon = back.take_while(|(_, step)| at.0 - step.from.0 <= SOON);
        let found = soon.find(|(_, step)| {
            matches!(&step.what, What::Transfer { to, key: moved, .. } if *to == node && moved == key)
        });
        found.map(|(index, _)| index)
    }

    /// The last write of the key that may be the reason: the one whose value is new there, or any.
    fn write(&mut self, at: Time, key: &str, new: impl Fn(&str) -> bool) -> Option<usize> {
        let (history, steps) = (self.history, &self.steps);
        let op = |step: usize| match steps[step].what {
            What::Call(id) => history.op(id),
            _ => None,
        };
        let writes = self.writes.get_mut(key)?;
        writes.retain(|step| {
            let ended = op(*step).and_then(|op| op.returned);
            ended.is_none_or(|returned| at.0 <= returned.0.saturating_add(SOON))
        });
        let brings = |step: &usize| match op(*step).map(|op| &op.call) {
            Some(KvCall::Put { value, .. }) => new(value),
            _ => false,
        };
        let by_value = writes.iter().rev().find(|step| brings(step));
        by_value.or(writes.last()).copied()
    }
}

/// The versions of a key as a reader sees them: `milk⟨n1:2⟩ eggs⟨n0:1⟩`.
pub(super) fn contents(versions: &[Version]) -> String {
    if versions.is_empty() {
        return "nothing".into();
    }
    let said = versions.iter().map(|version| {
        let value = version.value.as_deref().unwrap_or("deleted");
        match &version.clock {
            None => value.to_owned(),
            Some(clock) => format!("{value}{}", clocked(clock)),
        }
    });
    said.collect::<Vec<_>>().join(" ")
}

/// Nodes in the order in which they are preferred.
pub(super) fn named(nodes: &[Node]) -> String {
    let names: Vec<String> = nodes.iter().map(Node::to_string).collect();
    names.join(" ")
}

/// A clock as a reader sees it: `⟨n1:2 after n0:1⟩`.
pub(crate) fn clocked(clock: &Clock) -> String {
    let seen = clock.past.iter();
    let past: Vec<String> = seen
        .map(|(actor, counter)| format!(" {actor}:{counter}"))
        .collect();
    let past = past.concat();
    let after = if past.is_empty() {
        String::new()
    } else {
        format!(" after{past}")
    };
    format!("⟨{}:{}{after}⟩", clock.dot.0, clock.dot.1)
}
