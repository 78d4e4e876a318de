//! Whose lanes are drawn, and in which order: the sides of a cut are neighbours.

use std::collections::{BTreeMap, BTreeSet};

use super::story::Story;
use crate::history::Process;
use crate::note::Node;
use crate::report::steps::What;

/// Chooses the lanes of a story, at most so many.
pub(super) fn choose(story: &mut Story, most: usize) {
    let mut nodes: BTreeMap<Node, usize> = BTreeMap::new();
    let mut clients: Vec<(Process, usize)> = Vec::new();
    let mut seen = |node: Node, weight: usize| *nodes.entry(node).or_default() += weight;
    for node in &story.owners {
        seen(*node, 1);
    }
    for mark in &story.marks {
        seen(mark.node, 1_000);
    }
    for &place in &story.shown {
        let step = &story.steps[place];
        for change in step
            .changes
            .iter()
            .filter(|change| story.is_key(&change.key))
        {
            seen(change.node, 2);
        }
        let weight = if story.bad.contains(&place) { 1_000 } else { 1 };
        match &step.what {
            What::Hint { holder, owner, .. } | What::Unhint { holder, owner, .. } => {
                seen(*holder, 2);
                seen(*owner, 1);
            }
            What::Transfer { from, to, .. } => {
                seen(*from, weight);
                seen(*to, weight);
            }
            What::Lost(message) => {
                seen(message.from, 1);
                seen(message.to, 1);
            }
            What::Owners { nodes, .. } => nodes.iter().for_each(|node| seen(*node, 1)),
            What::Restart(node) | What::Stores(node, _) => seen(*node, 1),
            What::Fault(what, true) => {
                for node in named(what) {
                    seen(node, 1);
                }
            }
            What::Call(id) => {
                let Some(op) = story.history.op(*id) else {
                    continue;
                };
                if let Some(node) = story.bundle.via.get(id) {
                    seen(*node, 1);
                }
                match clients.iter_mut().find(|(client, _)| *client == op.process) {
                    Some((_, known)) => *known += weight,
                    None => clients.push((op.process, weight)),
                }
            }
            _ => {}
        }
    }
    let for_nodes = nodes.len().min((most - clients.len().min(most / 2)).max(1));
    let for_clients = clients.len().min(most - for_nodes);
    story.left_out = (clients.len() - for_clients, nodes.len() - for_nodes);
    story.clients = heaviest(clients, for_clients);
    story.clients.sort_unstable();
    let chosen: BTreeSet<Node> = heaviest(nodes.into_iter().collect(), for_nodes)
        .into_iter()
        .collect();
    story.nodes = ordered(story, chosen);
}

fn heaviest<T: Copy>(mut all: Vec<(T, usize)>, most: usize) -> Vec<T> {
    all.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    all.into_iter().take(most).map(|(one, _)| one).collect()
}

/// Nodes by the sides on which they are in one cut after the other.
fn ordered(story: &Story, nodes: BTreeSet<Node>) -> Vec<Node> {
    let cuts = story
        .shown
        .iter()
        .filter_map(|place| match &story.steps[*place].what {
            What::Fault(what, true) => side(what),
            _ => None,
        });
    let cuts: Vec<BTreeSet<Node>> = cuts.collect();
    let mut nodes: Vec<Node> = nodes.into_iter().collect();
    nodes.sort_by_key(|node| {
        let sides: Vec<bool> = cuts.iter().map(|side| !side.contains(node)).collect();
        (sides, *node)
    });
    nodes
}

/// The nodes on one side of a cut, of a fault that is one: `cut {n0 n1} | rest`.
pub(super) fn side(what: &str) -> Option<BTreeSet<Node>> {
    let inner = what.strip_prefix("cut {")?;
    let (inner, _) = inner.split_once('}')?;
    Some(named(inner).collect())
}

/// The nodes that the words of a fault name.
pub(super) fn named(what: &str) -> impl Iterator<Item = Node> {
    let words = what.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| {
        let number = word.strip_prefix('n')?;
        number.parse().ok().map(Node)
    })
}
