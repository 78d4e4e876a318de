//! Faults that show something only together, and so close to one call that chance alone hardly ever puts
//! them there.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::dice::Dice;
use super::nemesis::window;
use super::siblings::PAUSE_US_MIN;
use crate::fault::{Fault, NodeSet, Scope, Window};
use crate::plan::{Call, Shape, Step};

/// The chance in percent of messages that outlive who they are for.
const OUTLIVED_PERCENT: u64 = 18;

/// The chance in percent of what only one node knows.
const ALONE_PERCENT: u64 = 12;

/// The chance in percent of the same in two lives.
const TWICE_PERCENT: u64 = 12;

/// The same where clients pause: what happened before is over then.
const TWICE_AROUND_A_PAUSE_PERCENT: u64 = 48;

/// What strikes one node, mostly the one that a client asks, about one or two of these calls.
pub(super) fn windows(seed: u64, shape: Shape, steps: &[Step]) -> Vec<Window> {
    let dice = Dice::new(seed, "nemesis of one call");
    let mut windows = Vec::new();
    if shape.nodes < 2 {
        return windows;
    }
    if dice.percent("outlived", 0, OUTLIVED_PERCENT) {
        windows.extend(outlived(dice, shape.nodes, steps));
    }
    if dice.percent("alone", 0, ALONE_PERCENT) {
        windows.extend(alone(dice, shape.nodes, steps).into_iter().flatten());
    }
    let pauses = steps
        .windows(2)
        .any(|pair| pair[1].at.0 - pair[0].at.0 >= PAUSE_US_MIN);
    let twice_percent = if pauses {
        TWICE_AROUND_A_PAUSE_PERCENT
    } else {
        TWICE_PERCENT
    };
    if dice.percent("twice", 0, twice_percent) {
        windows.extend(twice(dice, shape.nodes, steps).into_iter().flatten());
    }
    windows
}

/// Messages that outlive who they are for: a node crashes soon after a call and is back at once, while
/// what is on its way to it, and what it sends now, waits. Early in the run, while few calls tell two
/// lives of a node apart.
fn outlived(dice: Dice, nodes: u32, steps: &[Step]) -> [Window; 3] {
    let early = (steps.len() as u64 / 3).max(1) - 1;
    let step = &steps[dice.within("outlived at", 0, 0, early) as usize];
    // The node that is asked, or one that it needs.
    let node = if dice.percent("outlives another", 0, 33) {
        dice.within("outlived", 0, 0, u64::from(nodes) - 1) as u32
    } else {
        step.via % nodes
    };
    let crash = step.at.0 + dice.within("crash after", 0, 500, 6_000);
    let back = crash + dice.within("back after", 0, 1_000, 20_000);
    let end = back + dice.within("waits", 0, 5_000, 300_000);
    let aimed = |from: u64, at: Scope, fault: Fault| {
        let fault = Box::new(fault);
        window(from, end, Fault::Aimed { at, fault })
    };
    // It arrives after the crash, or before and after.
    let late = if dice.percent("comes twice", 0, 33) {
        Fault::Repeat { percent: 100 }
    } else {
        Fault::Clog
    };
    let (mut to, mut from) = (Scope::default(), Scope::default());
    to.to.insert(node);
    from.from.insert(node);
    // Or some of it arrives in the life that ends.
    let begins = if dice.percent("all of it waits", 0, 50) {
        step.at.0
    } else {
        dice.within("waits from", 0, step.at.0, crash - 1)
    };
    [
        aimed(begins, to, late),
        window(crash, back, Fault::Crash { node }),
        aimed(crash, from, Fault::Clog),
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

/// The same in two lives: a node that is just back and hears nobody takes a write, and after it was heard
/// and has crashed another of the same key.
fn twice(dice: Dice, nodes: u32, steps: &[Step]) -> Option<[Window; 4]> {
    // What it makes meanwhile tells its lives apart: of each write the next one there.
    let mut last: BTreeMap<u32, &Step> = BTreeMap::new();
    let mut pairs = Vec::new();
    for step in steps.iter().filter(|step| step.call.writes()) {
        let before = last.insert(step.via % nodes, step);
        let apart = |before: &&Step| before.at.0 >= 200 && step.at.0 - before.at.0 >= 2_000;
        let same = before.filter(|before| before.call.key() == step.call.key());
        pairs.extend(same.filter(apart).map(|before| (before, step)));
    }
    pairs.sort_by_key(|(one, two)| Reverse(two.at.0 - one.at.0));
    // Hints are delivered, and much else is mended, where there is time.
    let most = if dice.percent("long between", 0, 75) {
        4
    } else {
        pairs.len() as u64
    };
    let last = most.min(pairs.len() as u64).checked_sub(1)?;
    let (one, two) = pairs[dice.within("twice at", 0, 0, last) as usize];
    let node = one.via % nodes;
    let between = two.at.0 - one.at.0;
    let cut = |nth: u64, step: &Step, longest: u64| {
        let before = dice.within("cut before", nth, 0, 100);
        let after = dice.within("cut after", nth, 1_000, longest);
        let side = NodeSet::from([node]);
        let from = step.at.0.saturating_sub(before);
        window(from, step.at.0 + after, Fault::Cut { side })
    };
    let crash = |nth: u64, step: &Step, longest: u64| {
        let down = dice.within("crash before", nth, 200, longest);
        let up = dice.within("back before", nth, 101, down - 1);
        window(step.at.0 - down, step.at.0 - up, Fault::Crash { node })
    };
    Some([
        crash(1, one, one.at.0.min(20_000)),
        cut(3, one, between / 2),
        crash(2, two, between / 4),
        cut(4, two, 200_000),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn plans() -> impl Iterator<Item = (Plan, Dice)> {
        let plans = (0..2_000).map(super::super::plan);
        plans
            .map(|plan| (Dice::new(plan.seed, "nemesis of one call"), plan))
            .map(|(dice, plan)| (plan, dice))
    }

    fn node(crash: &Window) -> u32 {
        let Fault::Crash { node } = crash.fault else {
            panic!("{crash:?}");
        };
        node
    }

    fn cuts(cut: &Window, node: u32) -> bool {
        let side = NodeSet::from([node]);
        cut.fault == Fault::Cut { side } && cut.from < cut.until
    }

    #[test]
    fn each_kind_comes_up_in_some_plans_and_none_in_most() {
        let mut crashes = [0; 5];
        for (plan, _) in plans() {
            let windows = windows(plan.seed, plan.shape, &plan.steps);
            assert!(windows.iter().all(|window| window.from < window.until));
            let kind = |window: &&Window| matches!(window.fault, Fault::Crash { .. });
            crashes[windows.iter().filter(kind).count()] += 1;
        }
        let [none, some @ ..] = crashes;
        assert!(none > 1_000, "{crashes:?}");
        assert!(some.iter().all(|plans| *plans > 0), "{crashes:?}");
    }

    #[test]
    fn messages_wait_until_their_node_is_back() {
        let mut asked = 0;
        for (plan, dice) in plans() {
            let [to, crash, from] = outlived(dice, plan.shape.nodes, &plan.steps);
            let node = node(&crash);
            let just = |step: &&Step| step.at <= to.from && to.from.0 - step.at.0 < 6_000;
            let struck: Vec<&Step> = plan.steps.iter().filter(just).collect();
            assert!(!struck.is_empty(), "seed {}", plan.seed);
            asked += u32::from(struck.iter().any(|step| step.via == node));
            assert!(to.from < crash.from && crash.until < to.until && from.until == to.until);
            let open = |fault: &Fault| match fault {
                Fault::Aimed { at, .. } => (at.from.contains(&node), at.to.contains(&node)),
                _ => (false, false),
            };
            let sides = (open(&to.fault), open(&from.fault));
            assert_eq!(sides, ((false, true), (true, false)));
        }
        assert!(asked > 1_300 && asked < 1_900, "{asked}");
    }

    #[test]
    fn a_node_crashes_that_nobody_heard_since_it_was_asked() {
        let mut deletes = 0;
        for (plan, dice) in plans() {
            let Some([cut, crash]) = alone(dice, plan.shape.nodes, &plan.steps) else {
                continue;
            };
            let node = node(&crash);
            assert!(cuts(&cut, node) && crash.from < cut.until);
            let written = plan.steps.iter().rev().find(|step| {
                step.via == node
                    && step.call.writes()
                    && cut.from <= step.at
                    && step.at < crash.from
            });
            let written = written.expect("a write that it was asked for");
            deletes += u32::from(matches!(written.call, Call::Delete { .. }));
        }
        assert!(deletes > 200, "{deletes}");
    }

    #[test]
    fn a_node_crashes_between_two_writes_that_it_takes_alone() {
        let (mut found, mut long) = (0, 0);
        for (plan, dice) in plans() {
            let Some([begin, first, crash, second]) = twice(dice, plan.shape.nodes, &plan.steps)
            else {
                continue;
            };
            let node = node(&crash);
            assert_eq!(begin.fault, crash.fault);
            assert!(cuts(&first, node) && cuts(&second, node) && begin.until <= first.from);
            assert!(first.until <= crash.from && crash.until <= second.from);
            let keys = |cut: &Window| -> Vec<&str> {
                let asked = plan.steps.iter().filter(|step| step.via == node);
                let asked = asked.filter(|step| step.call.writes());
                let within = asked.filter(|step| cut.from <= step.at && step.at < cut.until);
                within.map(|step| step.call.key()).collect()
            };
            let (one, two) = (keys(&first), keys(&second));
            assert!(two.iter().any(|key| one.contains(key)), "{one:?} {two:?}");
            found += 1;
            long += u32::from(second.from.0 - first.until.0 > 100_000);
        }
        assert!(found > 1_800 && long > 600, "{found} {long}");
    }
}
