//! From clusters to a decision.

use super::blocks::{Clash, arrange};
use super::clash::contradiction;
use super::clusters::Clusters;
use super::loose::{Loose, Tentative, insert, order_of};
use crate::domain::Domain;
use crate::history::{Op, OpId};
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

/// Decides a part by the clusters of its operations, O(n log n) and what `settle` takes to make an order of
/// one in which some loose operations do not fit. `label` says which state an operation saw or left.
pub(super) fn decide<D: Domain>(
    ops: &[&Op<D>],
    found: Found,
    label: impl Fn(&Op<D>) -> String,
    settle: impl FnOnce(&Tentative) -> Option<Vec<OpId>>,
) -> Option<Shortcut> {
    let Found {
        mut clusters,
        loose,
        clash,
    } = found;
    let contradicted = |clusters: &Clusters, clash| {
        let found = contradiction(ops, clusters, clash, BY, &label);
        Some(Shortcut::Contradicted(found))
    };
    let unwritten = clusters.unwritten();
    if !clusters.settle() {
        // That nobody writes a state is certain, whichever writers others saw.
        return contradicted(&clusters, Clash::Unwritten(unwritten?));
    }
    let roots = match clash.map_or_else(|| arrange(&mut clusters), Err) {
        Ok(roots) => roots,
        Err(clash) => {
            return contradicted(&clusters, clash);
        }
    };
    let order = roots.iter().flat_map(|&root| order_of(&clusters, root));
    if loose.ops.is_empty() {
        let order = order.map(|(place, _)| ops[place as usize].id).collect();
        return Some(Shortcut::Explained { order, by: BY });
    }
    let tentative = insert(ops, &order.collect::<Vec<_>>(), &loose);
    let order = if tentative.misfits.is_empty() {
        let order = tentative.order.iter();
        order.map(|&place| ops[place as usize].id).collect()
    } else {
        settle(&tentative)?
    };
    Some(Shortcut::Explained { order, by: BY })
}
