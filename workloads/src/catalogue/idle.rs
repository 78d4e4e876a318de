//! Why something finds nothing, or nothing alone, although plans have it.

/// The reason, where one is known.
///
/// Of what finds no flaw at all: why plans have it still. Of a promise that finds none alone: which other
/// sees the same.
pub(super) fn why(name: &str) -> Option<&'static str> {
    Some(match name {
        "clock-causality" => {
            "in some find clients see the loss as well; of a key that is created again without its past this one \
             alone tells in nearly all"
        }
        "sibling-preservation" => {
            "evidence of disks shows the same loss to another promise in some find; clients see it by this one alone"
        }
        "reconciliation" => {
            "what merging clients lose is a version that was lost or left out, and sibling-preservation sees that in the \
             same answers"
        }
        "regular" => {
            "the flaws that it sees are of reads that miss writes, and its own sessions notice those too"
        }
        "read-your-writes" | "monotonic-reads" | "monotonic-writes" | "writes-follow-reads" => {
            "implied by causal consistency; each says more exactly what a session lost"
        }
        "causal" => "implies the promises of sessions, which break with it",
        "cut-links" => "what some links that are cut find, a node that is cut off finds first",
        "slow" => {
            "what a slow node does late, a paused one or a busy disk does as well, and those find it first"
        }
        "clock" => {
            "no verdict depends on clocks: dots ask none, and where the last writer wins nothing is promised while \
             clocks are wrong; plans have it to show that"
        }
        "scramble" => {
            "a disk that keeps later writes and not earlier ones hurts who relies on their order; no flaw does, and \
             the core must not"
        }
        "misdirect" => {
            "a record at the place of another reads as a damaged one does, and bit rot finds the same flaw first; a \
             hunt with it found in the core what bit rot had not"
        }
        "lose" | "delay" | "reorder" => {
            "minimized counterexamples name the single messages instead: a message lost, a message late"
        }
        "clog" | "narrow" => {
            "messages that wait, in their order: what it finds, a cut that ends or a delay finds first"
        }
        "rank" => {
            "it makes rare orders of delivery likely; each flaw shows itself in a common one, and defects that are not \
             in the catalogue need not"
        }
        "a message late" => {
            "what a late message does, a message that comes after a cut does as well"
        }
        "put again" => {
            "a second put with one context is for a store what two clients do who have read the same"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::parts::{CALLS, FATES, FAULTS, LOADS};
    use crate::preset;

    #[test]
    fn the_published_table_leaves_nothing_that_finds_nothing_unexplained() {
        let table = include_str!("../../FLAWS.md");
        let promises = preset::PROMISES.iter().chain(&preset::MATRIX);
        let names = promises.map(|promise| promise.name());
        let names = names.chain(["reconciliation"]);
        let names = names.chain(FAULTS).chain(FATES).chain(CALLS).chain(LOADS);
        let mut listed = 0;
        for name in names {
            let row = format!("\n| {name} | ");
            let Some((_, row)) = table.split_once(&row) else {
                continue;
            };
            listed += 1;
            let none = row.starts_with("0 | 0 |");
            assert!(
                !none || why(name).is_some(),
                "{name} finds nothing, and why?"
            );
        }
        assert!(listed > 30, "{listed} rows are listed");
    }
}
