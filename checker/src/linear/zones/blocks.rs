//! Clusters that must stand together, and whether they can stand one behind another.
//!
//! Gibbons and Korach, "Testing shared memories" (SIAM J. Comput. 26, 1997), section 5; Golab, Li and
//! Shah, "Analyzing consistency properties for fun and profit" (PODC 2011), section 3.

use super::clusters::{Clusters, INITIAL, NONE};

/// Why the states of a part have no order. Numbers are those of clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clash {
    /// This state was seen, and nobody wrote it.
    Unwritten(u32),
    /// This state was replaced by two operations that had to find it.
    ReplacedTwice(u32, [u32; 2]),
    /// Each state of a circle was written by an operation that had to find another one of it.
    Circle(u32),
    /// Within the block of `root`, an operation on `state` returned before one was called that stands in
    /// front of it.
    Within { root: u32, state: u32 },
    /// An operation of this block returned before one on the initial state, or on what followed from it,
    /// was called.
    Initial(u32),
    /// Two operations, by their places, saw this state behind different others.
    Disagreement { state: u32, gets: [u32; 2] },
    /// Each of two blocks has an operation that returned before one of the other was called.
    Apart([u32; 2]),
}

/// A block: a state that needs no other, and all that follow from it. What happens in between would
/// have to be undone by a second write of one of these states, and there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Block {
    /// Where the block stands: `low` of a forward zone, `high` of a backward one.
    key: u64,
    forward: bool,
    root: u32,
    /// The other end of its zone.
    other: u64,
}

/// The end of the zone of a block: its earliest return and its latest call.
struct Zone {
    low: u64,
    high: Option<u64>,
}

/// The roots of all blocks, in an order that respects all calls and returns, O(n log n).
///
/// Block A must precede block B if and only if the earliest return of A lies before the latest call of
/// B, and if two blocks or more must precede each other in a circle, then two of them do. A zone is
/// forward if `low < high`; its state must be the present one in between. Two forward zones may not
/// overlap, and no backward zone may lie inside a forward one; sorted by their keys, each need only be
/// compared with the last forward zone before it.
pub(super) fn arrange(clusters: &mut Clusters) -> Result<Vec<u32>, Clash> {
    link(clusters)?;
    let mut blocks: Vec<Block> = Vec::new();
    let (mut linked, mut initial) = (0, None);
    for root in 0..clusters.all.len() as u32 {
        let cluster = &clusters.all[root as usize];
        if cluster.from != NONE || !cluster.kept() {
            continue;
        }
        let zone = zone(clusters, root, &mut linked)?;
        if root == 0 {
            initial = zone.high;
            continue;
        }
        let (low, high) = (zone.low, zone.high.unwrap_or(0));
        let forward = low < high;
        let (key, other) = if forward { (low, high) } else { (high, low) };
        blocks.push(Block {
            key,
            forward,
            root,
            other,
        });
    }
    let needing = |state: &u32| {
        let cluster = &clusters.all[*state as usize];
        cluster.from != NONE && cluster.kept()
    };
    let states = 0..clusters.all.len() as u32;
    if states.clone().filter(needing).count() != linked {
        let apart = unlinked(clusters);
        let circle = states
            .clone()
            .filter(needing)
            .find(|&state| apart[state as usize]);
        return Err(Clash::Circle(
            circle.expect("what no root leads to was counted"),
        ));
    }
    // A backward zone goes before a forward one with the same key: neither must precede the other.
    blocks.sort_unstable();
    sweep(&blocks, initial)?;
    let roots = std::iter::once(0).chain(blocks.iter().map(|block| block.root));
    Ok(roots.collect())
}

/// Whether each block can stand behind those before it.
fn sweep(blocks: &[Block], initial: Option<u64>) -> Result<(), Clash> {
    let mut last: Option<&Block> = None;
    for block in blocks {
        let low = if block.forward {
            block.key
        } else {
            block.other
        };
        if initial.is_some_and(|high| low < high) {
            return Err(Clash::Initial(block.root));
        }
        if let Some(last) = last
            && low < last.other
        {
            return Err(Clash::Apart([last.root, block.root]));
        }
        if block.forward {
            last = Some(block);
        }
    }
    Ok(())
}

/// Tells each state by which one it was replaced.
fn link(clusters: &mut Clusters) -> Result<(), Clash> {
    let mut clash = None;
    for state in 0..clusters.all.len() as u32 {
        let cluster = clusters.all[state as usize];
        if cluster.from == NONE || !cluster.kept() {
            continue;
        }
        let below = &mut clusters.all[cluster.from as usize];
        if below.to == NONE {
            below.to = state;
        } else {
            clash = clash.or(Some(Clash::ReplacedTwice(cluster.from, [below.to, state])));
        }
    }
    let mut states = 0..clusters.all.len() as u32;
    let unwritten = states
        .find(|&state| clusters.all[state as usize].writer == NONE && clusters.observed(state));
    match (unwritten.map(Clash::Unwritten), clash) {
        (Some(clash), _) | (None, Some(clash)) => Err(clash),
        (None, None) => Ok(()),
    }
}

/// The zone of a block, if each of its operations can stand behind those that must precede it there.
fn zone(clusters: &Clusters, root: u32, linked: &mut usize) -> Result<Zone, Clash> {
    let (mut low, mut high) = (u64::MAX, None);
    for state in clusters.chain(root) {
        let cluster = &clusters.all[state as usize];
        let behind = |returned: u64, high: Option<u64>| high.is_none_or(|high| high <= returned);
        if cluster.writer != INITIAL {
            if !behind(cluster.returned, high) {
                return Err(Clash::Within { root, state });
            }
            low = low.min(cluster.returned);
            high = high.max(Some(cluster.called));
        }
        if cluster.first != NONE {
            if !behind(cluster.low, high) {
                return Err(Clash::Within { root, state });
            }
            low = low.min(cluster.low);
            high = high.max(Some(cluster.high));
        }
        *linked += usize::from(state != root);
    }
    Ok(Zone { low, high })
}

/// Which states no root leads to.
fn unlinked(clusters: &Clusters) -> Vec<bool> {
    let mut apart = vec![true; clusters.all.len()];
    for root in 0..clusters.all.len() as u32 {
        if clusters.all[root as usize].from == NONE {
            for state in clusters.chain(root) {
                apart[state as usize] = false;
            }
        }
    }
    apart
}
