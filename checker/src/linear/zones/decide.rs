//! From clusters to a decision.

use super::blocks::{Clash, arrange};
use super::clash::contradiction;
use super::clusters::{Cluster, Clusters, INITIAL};
use super::loose::{Loose, insert};
use crate::domain::Domain;
use crate::history::Op;
use crate::model::Shortcut;

/// How zones are named in reports.
const BY: &str = "zones";

/// What is known of a part before any order is tried.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) clusters: Clusters,
    pub(super) loose: Loose,
    /// What was seen to be impossible already.
    pub(super) clash: Option<Clash>,
}

/// Decides a part by the clusters of its operations, O(n log n). `label` says which state an operation
/// saw or left.
///
/// Inside a block the writer of a state comes first, then its readers in the order of their calls, then
/// the writer of the next state.
pub(super) fn decide<D: Domain>(
    ops: &[&Op<D>],
    found: Found,
    label: impl Fn(&Op<D>) -> String,
) -> Option<Shortcut> {
    let Found {
        mut clusters,
        loose,
        clash,
    } = found;
    if !clusters.settle() {
        return None;
    }
    let roots = match clash.map_or_else(|| arrange(&mut clusters), Err) {
        Ok(roots) => roots,
        Err(clash) => {
            let found = contradiction(ops, &clusters, clash, BY, &label);
            return Some(Shortcut::Contradicted(found));
        }
    };
    let states = roots.iter().flat_map(|&root| clusters.chain(root));
    let order = states.flat_map(|state| {
        let Cluster { writer, same, .. } = clusters.all[state as usize];
        let writer = (writer != INITIAL).then_some(writer).into_iter();
        writer
            .chain(clusters.readers(state))
            .map(move |place| (place, same))
    });
    let id = |place: u32| ops[place as usize].id;
    let order = if loose.ops.is_empty() {
        order.map(|(place, _)| id(place)).collect()
    } else {
        let order: Vec<(u32, u32)> = order.collect();
        insert(ops, &order, &loose)?.into_iter().map(id).collect()
    };
    Some(Shortcut::Explained { order, by: BY })
}
