//! When the faults ended, when the store was mended, and who owns which key.

use super::tenures::Tenures;
use crate::note::{Node, Note, Setup};
use crate::order::Order;

/// The landmarks of a run.
#[derive(Debug, Default)]
pub(crate) struct Marks<'h> {
    /// What the cluster promises.
    pub(crate) setup: Option<&'h Setup>,
    /// The line after which no fault is open; the last one above `quiet`.
    pub(crate) healed: Option<usize>,
    /// The line from which the store counts as mended: the last one that says so.
    pub(crate) quiet: Option<usize>,
    /// The line of the first fault below `quiet`, `usize::MAX` without one.
    pub(crate) unrest: usize,
    /// For each key its owners when the store counts as mended; empty when never named.
    pub(crate) owners: Vec<&'h [Node]>,
    /// For each key who owned it when.
    pub(crate) tenures: Vec<Tenures<'h>>,
    /// When the disks of nodes came to say all there is to say of the members.
    informed: Vec<(usize, Node)>,
    /// Nodes whose disks are known, in order.
    pub(crate) nodes: Vec<Node>,
    /// The line of the last note about a disk.
    pub(crate) last_disk: Option<usize>,
}

impl<'h> Marks<'h> {
    /// Reads all notes once.
    pub(crate) fn new(order: &Order<'h>) -> Self {
        let mut marks = Marks {
            unrest: usize::MAX,
            tenures: vec![Tenures::default(); order.keys.len()],
            ..Marks::default()
        };
        let mut healed = None;
        for noted in &order.notes {
            match noted.note {
                Note::Setup(setup) => marks.setup = Some(setup),
                Note::Healed => healed = Some(noted.line),
                Note::Quiet => {
                    marks.quiet = Some(noted.line);
                    marks.healed = healed;
                    marks.unrest = usize::MAX;
                }
                Note::Fault { begins: true, .. } | Note::Crash(_) => {
                    marks.unrest = marks.unrest.min(noted.line);
                }
                Note::Owners { nodes, .. } => {
                    if let Some(key) = noted.key {
                        marks.tenures[key].name(noted.line, nodes);
                    }
                }
                Note::Informed(node) => marks.informed.push((noted.line, *node)),
                Note::Durable { node, .. } | Note::Hint { holder: node, .. } => {
                    marks.last_disk = Some(noted.line);
                    marks.meet(*node);
                }
                Note::HintDropped { .. } | Note::HintExpired { .. } => {
                    marks.last_disk = Some(noted.line);
                }
                _ => {}
            }
        }
        if marks.quiet.is_none() {
            marks.healed = healed;
        }
        let end = marks.quiet.unwrap_or(usize::MAX);
        let owners = marks.tenures.iter().map(|tenures| tenures.at(end));
        marks.owners = owners.collect();
        marks
    }

    /// The line up to which disks count: that of `quiet`, else that of the last note about a disk.
    pub(crate) fn end(&self) -> Option<usize> {
        self.last_disk?;
        self.quiet.or(self.last_disk)
    }

    /// Whether a call between these lines was answered by a mended store.
    pub(crate) fn mended(&self, invoked: usize, returned: usize) -> bool {
        self.quiet.is_some_and(|quiet| quiet < invoked) && returned < self.unrest
    }

    /// Whether the node had heard, by a line, who owns the key since the last change.
    pub(crate) fn knows_owners(&self, node: Node, key: usize, line: usize) -> bool {
        self.tenures[key].changed(line).is_none_or(|since| {
            let mut informed = self.informed.iter();
            informed.any(|&(at, who)| who == node && since <= at && at <= line)
        })
    }

    /// Whether members changed again, up to a line, before all nodes had heard of the change before.
    /// Then each may have passed over other rings than the next.
    pub(crate) fn changes_overlap(&self, key: usize, until: usize) -> bool {
        let nodes = self.setup.map_or(0, |setup| setup.nodes);
        let changes = self.tenures[key].changes(until);
        changes.windows(2).any(|pair| {
            let heard = |node: Node| {
                let mut informed = self.informed.iter();
                informed.any(|&(at, who)| who == node && pair[0] <= at && at < pair[1])
            };
            !(0..nodes).map(Node).all(heard)
        })
    }

    /// Whether an acknowledged write may disappear unreplaced: then its loss is no finding.
    pub(crate) fn may_lose(&self) -> bool {
        self.setup.is_some_and(|setup| setup.may_lose)
    }

    /// Whether what was replaced may come back: then its return is no finding.
    pub(crate) fn may_revive(&self) -> bool {
        self.setup.is_some_and(|setup| setup.may_revive)
    }

    /// Whether disks were only looked at now and then.
    pub(crate) fn is_sampled(&self) -> bool {
        self.setup.is_some_and(|setup| setup.sampled)
    }

    /// Whether a tombstone may have come and gone, and what it buried with it, without being seen.
    pub(crate) fn may_miss_tombstones(&self) -> bool {
        self.is_sampled() && self.may_revive()
    }

    fn meet(&mut self, node: Node) {
        if let Err(place) = self.nodes.binary_search(&node) {
            self.nodes.insert(place, node);
        }
    }
}
