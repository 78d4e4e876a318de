//! Roots of hash trees: equal exactly where the disks below them are.

use std::collections::BTreeMap;

use super::check::{ROOTS_DIFFER, ROOTS_EQUAL};
use crate::evidence::{Finding, Findings, Marks, Moment, State, contents, reason, same};
use crate::note::{Node, Note};
use crate::order::{Noted, Order};

/// One node's claim, with what its disk held in the instant in which it claimed it.
#[derive(Debug)]
struct Claim<'h> {
    node: Node,
    hash: &'h str,
    /// Every key of the range, with what the disk may have held of it: first what it held at the line
    /// of the claim, then what it held before or after within the instant.
    held: BTreeMap<&'h str, Vec<State<'h>>>,
}

/// Compares the last claims of all nodes about each range, made since the faults ended.
///
/// Within one instant nobody knows whether a claim or a change of the disk came first, so only that is
/// held against two claims which is wrong whatever came first.
pub(super) fn judge<'h>(order: &Order<'h>, marks: &Marks<'h>, findings: &mut Findings) {
    let mut ranges: BTreeMap<&'h str, BTreeMap<Node, Claim<'h>>> = BTreeMap::new();
    let claims = |noted: &Noted<'h>| matches!(noted.note, Note::Root { .. });
    if !order.notes.iter().any(claims) {
        return;
    }
    let since = marks.healed.unwrap_or(0);
    let mut moment = Moment::default();
    for instant in order.notes.chunk_by(|one, two| one.at == two.at) {
        for noted in instant {
            moment.apply(noted);
        }
        for noted in instant.iter().filter(|noted| since < noted.line) {
            if let Note::Root {
                node,
                range,
                keys,
                hash,
            } = noted.note
            {
                let held = keys.iter().map(|name| {
                    let key = order.key_number(name);
                    let states = key.map(|key| moment.states(key, *node, noted.line));
                    (name.as_str(), states.into_iter().flatten().collect())
                });
                let claim = Claim {
                    node: *node,
                    hash,
                    held: held.collect(),
                };
                ranges.entry(range).or_default().insert(*node, claim);
            }
        }
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
        None if one.hash != two.hash && equal(one, two) => {
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

/// The first key of which the two certainly held different things.
fn different_key<'h>(one: &Claim<'h>, two: &Claim<'h>) -> Option<&'h str> {
    let names = one.held.keys().chain(two.held.keys());
    let differ = |name: &&&'h str| !states(one, name).any(|state| likeness(two, name, state).0);
    names.filter(differ).min().copied()
}

/// Whether the two certainly held the same, and all of it is known: else equal values may be different
/// states.
fn equal(one: &Claim<'_>, two: &Claim<'_>) -> bool {
    let mut names = one.held.keys().chain(two.held.keys());
    names.all(|name| {
        let mut whole = states(one, name).chain(states(two, name));
        whole.all(|state| state.is_whole())
            && states(one, name).all(|state| likeness(two, name, state).1)
    })
}

/// Whether a state is like any of what a node may have held of a key, and whether like all of that.
fn likeness(claim: &Claim<'_>, name: &str, state: State<'_>) -> (bool, bool) {
    let mut any = states(claim, name);
    let mut all = states(claim, name);
    (
        any.any(|other| state.is_like(&other)),
        all.all(|other| state.is_like(&other)),
    )
}

/// What a node may have held of a key when it made a claim.
fn states<'a, 'h>(claim: &'a Claim<'h>, name: &str) -> impl Iterator<Item = State<'h>> + 'a {
    let known = claim.held.get(name).into_iter().flatten().copied();
    let nothing = known.clone().next().is_none().then(State::default);
    known.chain(nothing)
}

/// What it held at the line of the claim.
fn held<'h>(claim: &Claim<'h>, name: &str) -> State<'h> {
    states(claim, name).next().unwrap_or_default()
}
