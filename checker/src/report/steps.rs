//! A run as a list of steps: what clients did, what went wrong, what each replica held after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{History, Line, OpId, Time};
use crate::kv::Kv;
use crate::note::{Node, Note, Version};

/// One line of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) from: Time,
    pub(super) until: Option<Time>,
    pub(super) what: What,
    /// What the disks of these nodes hold from here on.
    pub(super) changes: BTreeMap<Node, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Call(OpId),
    Fault(String, bool),
    Said(String),
    /// Versions that travelled; shown only if they changed something.
    Transfer {
        from: Node,
        to: Node,
        kind: String,
        key: String,
    },
}

/// How long after its delivery a transfer is taken to be the reason of a change, in microseconds.
const SOON: u64 = 20_000;

/// The story of a run, in the order of time. Calls in `hidden` are left out.
pub(super) fn steps(history: &History<Kv>, hidden: &BTreeSet<OpId>) -> Vec<Step> {
    let mut teller = Teller {
        history,
        steps: Vec::new(),
        held: BTreeMap::new(),
    };
    for line in history.lines() {
        match line {
            Line::Invoke(op) if !hidden.contains(&op.id) => {
                teller.push(op.invoked, op.returned, What::Call(op.id));
            }
            Line::Invoke(_) | Line::Return(..) => {}
            Line::Note(at, note) => teller.note(at, note),
        }
    }
    let silent =
        |step: &Step| matches!(step.what, What::Transfer { .. }) && step.changes.is_empty();
    teller.steps.retain(|step| !silent(step));
    teller.steps
}

struct Teller<'a> {
    history: &'a History<Kv>,
    steps: Vec<Step>,
    held: BTreeMap<(Node, String), String>,
}

impl Teller<'_> {
    fn push(&mut self, from: Time, until: Option<Time>, what: What) {
        self.steps.push(Step {
            from,
            until,
            what,
            changes: BTreeMap::new(),
        });
    }

    fn note(&mut self, at: Time, note: &Note) {
        match note {
            Note::Fault { what, begins } => self.push(at, None, What::Fault(what.clone(), *begins)),
            Note::Durable {
                node,
                key,
                versions,
            } => self.durable(at, *node, key, versions),
            Note::Hint {
                holder,
                owner,
                key,
                versions,
            } => {
                let text = contents(versions);
                self.push(
                    at,
                    None,
                    What::Said(format!("{holder} keeps hint of {key} for {owner}: {text}")),
                );
            }
            Note::HintDropped { holder, owner, key } => {
                self.push(
                    at,
                    None,
                    What::Said(format!("{holder} drops its hint of {key} for {owner}")),
                );
            }
            Note::HintExpired { holder, owner, key } => {
                let what = format!("the hint of {key} that {holder} kept for {owner} expires");
                self.push(at, None, What::Said(what));
            }
            Note::Restart(node) => self.push(at, None, What::Said(format!("{node} restarts"))),
            Note::Transfer {
                from,
                to,
                kind,
                key,
            } => {
                let what = What::Transfer {
                    from: *from,
                    to: *to,
                    kind: kind.clone(),
                    key: key.clone(),
                };
                self.push(at, None, what);
            }
            Note::Healed => self.push(at, None, What::Said("all faults have ended".into())),
            Note::Quiet => self.push(
                at,
                None,
                What::Said("the cluster has had time to mend".into()),
            ),
            Note::Setup(_)
            | Note::Owners { .. }
            | Note::Informed(_)
            | Note::Crash(_)
            | Note::Context { .. }
            | Note::Counted { .. }
            | Note::Served { .. }
            | Note::Root { .. } => {}
        }
    }

    /// Puts a change where it belongs: to the transfer or the write that caused it.
    fn durable(&mut self, at: Time, node: Node, key: &str, versions: &[Version]) {
        let text = contents(versions);
        let place = (node, key.to_owned());
        if self.held.get(&place) == Some(&text) {
            return;
        }
        self.held.insert(place, text.clone());
        let soon = |step: &Step| at.0 - step.from.0 <= SOON;
        let transfer = self.steps.iter().rposition(|step| {
            matches!(&step.what, What::Transfer { to, key: moved, .. } if *to == node && moved == key)
                && soon(step)
        });
        let write = self.steps.iter().rposition(|step| match step.what {
            What::Call(op) => self.history.op(op).is_some_and(|op| {
                op.call.writes()
                    && op.call.key() == key
                    && op
                        .returned
                        .is_none_or(|returned| at.0 <= returned.0.saturating_add(SOON))
            }),
            _ => false,
        });
        let step = transfer.or(write).unwrap_or_else(|| {
            self.push(at, None, What::Said(format!("{node} stores {key}")));
            self.steps.len() - 1
        });
        self.steps[step].changes.insert(node, text);
    }
}

/// The versions of a key as a reader sees them: `milk⟨n1:2⟩ eggs⟨n0:1⟩`.
fn contents(versions: &[Version]) -> String {
    if versions.is_empty() {
        return "nothing".into();
    }
    let said = versions.iter().map(|version| {
        let value = version.value.as_deref().unwrap_or("deleted");
        match &version.clock {
            None => value.to_owned(),
            Some(clock) => {
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
                format!("{value}⟨{}:{}{after}⟩", clock.dot.0, clock.dot.1)
            }
        }
    });
    said.collect::<Vec<_>>().join(" ")
}
