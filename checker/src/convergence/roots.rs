//! Roots of hash trees: equal exactly where the disks below them are.

use std::collections::BTreeMap;

use super::check::{ROOTS_DIFFER, ROOTS_EQUAL};
use crate::evidence::{Disks, Finding, Findings, Marks, State, contents, reason, same};
use crate::note::{Node, Note};
use crate::order::{Noted, Order};

/// One node's claim, with what its disk held when it claimed it.
#[derive(Debug)]
struct Claim<'h> {
    node: Node,
    hash: &'h str,
    /// Every key of the range, with what the disk held of it.
    held: BTreeMap<&'h str, State<'h>>,
}

/// Compares the last claims of all nodes about each range, made since the faults ended.
pub(super) fn judge<'h>(order: &Order<'h>, marks: &Marks<'h>, findings: &mut Findings) {
    let mut ranges: BTreeMap<&'h str, BTreeMap<Node, Claim<'h>>> = BTreeMap::new();
    let claims = |noted: &Noted<'h>| matches!(noted.note, Note::Root { .. });
    if !order.notes.iter().any(claims) {
        return;
    }
    let since = marks.healed.unwrap_or(0);
    let mut disks = Disks::default();
    for noted in &order.notes {
        if let Note::Root {
            node,
            range,
            keys,
            hash,
        } = noted.note
            && since < noted.line
        {
            let held = keys.iter().map(|name| {
                let key = order.key_number(name);
                let state = key.map_or_else(State::default, |key| disks.state(key, *node));
                (name.as_str(), state)
            });
            let claim = Claim {
                node: *node,
                hash,
                held: held.collect(),
            };
            ranges.entry(range).or_default().insert(*node, claim);
        }
        disks.apply(noted);
    }
    for (range, claims) in &ranges {
        let claims: Vec<&Claim<'h>> = claims.values().collect();
        for (index, one) in claims.iter().enumerate() {
            for two in &claims[index + 1..] {
                findings.count("roots compared", 1);
                compare(range, one, two, findings);
            }
        }
    }
}

fn compare(range: &str, one: &Claim<'_>, two: &Claim<'_>, findings: &mut Findings) {
    let differs = different_key(one, two);
    let roots = reason(
        format!(
            "the root of {range} is {} on {} and {} on {}",
            one.hash, one.node, two.hash, two.node
        ),
        &[],
    );
    match differs {
        Some(name) if one.hash == two.hash => {
            let alike = same(held(one, name).versions, held(two, name).versions);
            let held = |claim: &Claim<'_>| contents(held(claim, name).versions);
            findings.report(ROOTS_EQUAL, || Finding {
                sentence: format!(
                    "Equal roots hide a difference: {} holds {}, {} holds {}.",
                    one.node,
                    held(one),
                    two.node,
                    held(two)
                ),
                key: Some(name.into()),
                ops: Vec::new(),
                reasons: vec![
                    roots,
                    reason(
                        format!(
                            "of {name}, {} holds {} and {} holds {}",
                            one.node,
                            held(one),
                            two.node,
                            held(two)
                        ),
                        &[],
                    ),
                ],
                kind: if alike {
                    "the contexts differ"
                } else if held(one) == held(two) {
                    "the clocks differ"
                } else {
                    "the versions differ"
                },
            });
        }
        None if one.hash != two.hash && whole(one) && whole(two) => {
            findings.report(ROOTS_DIFFER, || Finding {
                sentence: format!(
                    "Roots differ on equal states: {} and {} hold the same and will mend for ever.",
                    one.node, two.node
                ),
                key: None,
                ops: Vec::new(),
                reasons: vec![
                    roots,
                    reason(
                        format!(
                            "both disks hold the same versions of all {} keys of the range",
                            one.held.len().max(two.held.len())
                        ),
                        &[],
                    ),
                ],
                kind: "",
            });
        }
        _ => {}
    }
}

fn different_key<'h>(one: &Claim<'h>, two: &Claim<'h>) -> Option<&'h str> {
    let names = one.held.keys().chain(two.held.keys());
    let differ = |name: &&&'h str| !held(one, name).is_like(&held(two, name));
    names.filter(differ).min().copied()
}

fn held<'h>(claim: &Claim<'h>, name: &str) -> State<'h> {
    claim.held.get(name).copied().unwrap_or_default()
}

/// Whether all that the root is made of is known: else equal values may be different states.
fn whole(claim: &Claim<'_>) -> bool {
    claim.held.values().all(State::is_whole)
}
