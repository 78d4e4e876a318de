//! Faults that show something only together, and so close to one call that chance alone hardly ever puts
//! them there.

use std::collections::BTreeMap;

use super::dice::Dice;
use super::nemesis::window;
use crate::fault::{Fault, NodeSet, Scope, Window};
use crate::plan::{Call, Shape, Step};

/// The chance in percent of each kind.
const PERCENT: u64 = 12;

/// What strikes the node that a client asks, about one of these calls.
pub(super) fn windows(seed: u64, shape: Shape, steps: &[Step]) -> Vec<Window> {
    let dice = Dice::new(seed, "nemesis of one call");
    let mut windows = Vec::new();
    if shape.nodes < 2 {
        return windows;
    }
    if dice.percent("outlived", 0, PERCENT) {
        windows.extend(outlived(dice, shape.nodes, steps));
    }
    if dice.percent("alone", 0, PERCENT) {
        windows.extend(alone(dice, shape.nodes, steps).into_iter().flatten());
    }
    windows
}

/// Messages that outlive who they are for: a node crashes soon after a call and is back at once, while
/// what was on its way to it, and what it sends now, waits. Early in the run, while few calls tell two
/// lives of a node apart.
fn outlived(dice: Dice, nodes: u32, steps: &[Step]) -> [Window; 3] {
    let early = (steps.len() as u64 / 3).max(1) - 1;
    let step = &steps[dice.within("outlived at", 0, 0, early) as usize];
    let node = step.via % nodes;
    let crash = step.at.0 + dice.within("crash after", 0, 500, 6_000);
    let back = crash + dice.within("back after", 0, 1_000, 20_000);
    let end = back + dice.within("waits", 0, 5_000, 300_000);
    let waits = |from: u64, at: Scope| {
        let fault = Fault::Aimed {
            at,
            fault: Box::new(Fault::Clog),
        };
        window(from, end, fault)
    };
    let (mut to, mut from) = (Scope::default(), Scope::default());
    to.to.insert(node);
    from.from.insert(node);
    [
        waits(step.at.0, to),
        window(crash, back, Fault::Crash { node }),
        waits(crash, from),
    ]
}

/// What only one node knows: it is cut off when a client writes there, and crashes before anybody hears of
/// it. It is back before the others hear it again, or after.
fn alone(dice: Dice, nodes: u32, steps: &[Step]) -> Option<[Window; 2]> {
    let mut writes: Vec<&Step> = steps.iter().filter(|step| step.call.writes()).collect();
    if dice.percent("alone at the end", 0, 50) {
        // What is written again soon is soon the same everywhere; and least is left of what was deleted.
        let last: BTreeMap<&str, &Step> =
            writes.iter().map(|step| (step.call.key(), *step)).collect();
        writes = last.into_values().collect();
        let deletes = |step: &&Step| matches!(step.call, Call::Delete { .. });
        if dice.percent("alone at a delete", 0, 50) && writes.iter().any(deletes) {
            writes.retain(deletes);
        }
    }
    let last = (writes.len() as u64).checked_sub(1)?;
    let step = writes[dice.within("alone at", 0, 0, last) as usize];
    let node = step.via % nodes;
    let crash = step.at.0 + dice.within("alone until", 0, 1_000, 30_000);
    let back = crash + dice.within("back after", 1, 1_000, 200_000);
    let heard = crash + dice.within("heard after", 0, 1_000, 200_000);
    let from = step
        .at
        .0
        .saturating_sub(dice.within("cut before", 0, 0, 100));
    let side = NodeSet::from([node]);
    Some([
        window(from, heard, Fault::Cut { side }),
        window(crash, back, Fault::Crash { node }),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `pick` finds in the plans of 2,000 seeds.
    fn found<T>(pick: impl Fn(&crate::plan::Plan, &[Window]) -> Option<T>) -> Vec<T> {
        let plans = (0..2_000).map(super::super::plan);
        plans
            .filter_map(|plan| {
                let windows = windows(plan.seed, plan.shape, &plan.steps);
                assert!(windows.iter().all(|window| window.from < window.until));
                pick(&plan, &windows)
            })
            .collect()
    }

    #[test]
    fn messages_wait_until_their_node_is_back() {
        let outlived = found(|plan, windows| {
            let [to, crash, from, ..] = windows else {
                return None;
            };
            let Fault::Crash { node } = crash.fault else {
                return None;
            };
            let asked = plan
                .steps
                .iter()
                .any(|step| step.at == to.from && step.via == node);
            assert!(asked, "seed {}", plan.seed);
            assert!(to.from < crash.from && crash.until < to.until && from.until == to.until);
            let open = |fault: &Fault| match fault {
                Fault::Aimed { at, .. } => (at.from.contains(&node), at.to.contains(&node)),
                _ => (false, false),
            };
            assert_eq!(
                (open(&to.fault), open(&from.fault)),
                ((false, true), (true, false))
            );
            Some(())
        });
        assert!(outlived.len() > 150, "{}", outlived.len());
    }

    #[test]
    fn a_node_crashes_that_nobody_heard_since_it_was_asked() {
        let alone = found(|plan, windows| {
            let [.., cut, crash] = windows else {
                return None;
            };
            let Fault::Crash { node } = crash.fault else {
                return None;
            };
            assert_eq!(
                cut.fault,
                Fault::Cut {
                    side: NodeSet::from([node])
                }
            );
            let written = plan.steps.iter().rev().find(|step| {
                step.via == node
                    && step.call.writes()
                    && cut.from <= step.at
                    && step.at < crash.from
            });
            assert!(
                written.is_some() && crash.from < cut.until,
                "seed {}",
                plan.seed
            );
            Some(matches!(written?.call, Call::Delete { .. }))
        });
        let deletes = alone.iter().filter(|deletes| **deletes).count();
        assert!(
            alone.len() > 150 && deletes > 20,
            "{} {deletes}",
            alone.len()
        );
    }
}
