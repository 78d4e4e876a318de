//! From clusters to a decision.

use super::blocks::{Clash, arrange};
use super::clash::contradiction;
use super::clusters::Clusters;
use super::loose::{Loose, insert, order_of};
use super::repair::repair;
use crate::domain::Domain;
use crate::history::Op;
use crate::model::Shortcut;

/// How zones are named in reports.
const BY: &str = "zones";

/// How often blocks are moved before it is left to the search whether all mismatches fit in.
const ROUNDS: usize = 16;

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
    let contradicted = |clusters: &Clusters, clash| {
        let found = contradiction(ops, clusters, clash, BY, &label);
        Some(Shortcut::Contradicted(found))
    };
    let unwritten = clusters.unwritten();
    if !clusters.settle() {
        // That nobody writes a state is certain, whichever writers others saw.
        return contradicted(&clusters, Clash::Unwritten(unwritten?));
    }
    let mut roots = match clash.map_or_else(|| arrange(&mut clusters), Err) {
        Ok(roots) => roots,
        Err(clash) => {
            return contradicted(&clusters, clash);
        }
    };
    let order = if loose.ops.is_empty() {
        let order = roots.iter().flat_map(|&root| order_of(&clusters, root));
        order.map(|(place, _)| ops[place as usize].id).collect()
    } else {
        let whole = fitted(ops, &clusters, &mut roots, &loose)?;
        whole.iter().map(|&place| ops[place as usize].id).collect()
    };
    Some(Shortcut::Explained { order, by: BY })
}

/// An order of the blocks with all loose operations in it, if one is found in a few rounds.
fn fitted<D: Domain>(
    ops: &[&Op<D>],
    clusters: &Clusters,
    roots: &mut [u32],
    loose: &Loose,
) -> Option<Vec<u32>> {
    for _ in 0..ROUNDS {
        let order = roots.iter().flat_map(|&root| order_of(clusters, root));
        match insert(ops, &order.collect::<Vec<_>>(), loose) {
            Ok(whole) => return Some(whole),
            Err(misfits) => {
                if !repair(ops, clusters, roots, &misfits) {
                    return None;
                }
            }
        }
    }
    None
}
