//! What goes wrong in a run: each seed switches some kinds of fault off entirely (swarm testing).

use checker::Time;

use super::dice::Dice;
use super::together;
use super::{moves, rarer};
use crate::fault::{Fault, FaultSchedule, NodeSet, Window};
use crate::plan::{Shape, Step};

const KINDS: u64 = 8;

/// The chance in percent that a member leaves and joins again in a run.
const DEPARTURES_PERCENT: u64 = 40;

/// The chance in percent that all nodes crash at once.
const POWER_PERCENT: u64 = 4;

/// How long a node that leaves stays away at least, in microseconds.
const AWAY_US_MIN: u64 = 1_500_000;

/// Three windows or more within a run of these calls.
pub(super) fn faults(seed: u64, shape: Shape, steps: &[Step]) -> FaultSchedule {
    let FaultSchedule(mut windows) = calm_members(seed, shape.nodes, steps);
    let departure = departure(Dice::new(seed, "nemesis"), shape.nodes, end(steps));
    let departs = departure.is_some();
    if let Some(away) = &departure {
        windows.extend(moves::windows(seed, shape.nodes, away));
    }
    windows.extend(departure);
    windows.extend(rarer::windows(seed, shape, steps, departs));
    windows.extend(together::windows(seed, shape, steps));
    windows.extend(power(Dice::new(seed, "power"), shape.nodes, steps));
    for (window, id) in windows.iter_mut().zip(1..) {
        window.id = id;
    }
    FaultSchedule(windows)
}

fn end(steps: &[Step]) -> u64 {
    steps.last().map_or(0, |step| step.at.0)
}

/// All nodes lose their power soon after a call, and come back one by one.
fn power(dice: Dice, nodes: u32, steps: &[Step]) -> Vec<Window> {
    if !dice.percent("fails", 0, POWER_PERCENT) {
        return Vec::new();
    }
    let step = dice.within("at", 0, 0, steps.len() as u64 - 1);
    let from = steps[step as usize].at.0 + dice.within("after", 0, 0, 8_000);
    let crash = |node: u32| {
        let until = from + dice.within("back after", u64::from(node), 5_000, 100_000);
        window(from, until, Fault::Crash { node })
    };
    (0..nodes).map(crash).collect()
}

/// As [`faults`], but nobody leaves.
pub(super) fn calm_members(seed: u64, nodes: u32, steps: &[Step]) -> FaultSchedule {
    let count = Dice::new(seed, "nemesis").within("windows", 0, 3, 8);
    windows(seed, nodes, steps, count)
}

/// At most this many windows, or none.
pub(super) fn few(seed: u64, nodes: u32, steps: &[Step], most: u64) -> FaultSchedule {
    let count = Dice::new(seed, "nemesis").within("few windows", 0, 0, most);
    windows(seed, nodes, steps, count)
}

/// What strikes single calls: the questions of a get arrive late, the copies of a put do not reach one
/// node. Or each message of the run is late by itself.
pub(super) fn aimed(seed: u64, nodes: u32, steps: &[Step]) -> FaultSchedule {
    let dice = Dice::new(seed, "aimed nemesis");
    let window = |index: u64, from: u64, span: u64, fault: Fault| Window {
        id: index as u32 + 1,
        from: Time(from),
        until: Time(from + span),
        fault,
    };
    if dice.percent("each message", 0, 30) {
        let within = [10_000, 40_000, 120_000][dice.within("within", 0, 0, 2) as usize];
        let span = end(steps) + 2 * within;
        return FaultSchedule(vec![window(0, 0, span, Fault::Reorder { within })]);
    }
    let strikes = (0..steps.len() as u64).filter(|step| dice.percent("strikes", *step, 60));
    let windows = strikes.map(|index| {
        let step = &steps[index as usize];
        if step.call.writes() {
            let node = dice.within("cut off", index, 0, u64::from(nodes) - 1) as u32;
            let span = [3_000, 12_000, 60_000][dice.within("cut span", index, 0, 2) as usize];
            window(
                index,
                step.at.0,
                span,
                Fault::Cut {
                    side: [node].into(),
                },
            )
        } else {
            let by = dice.within("late", index, 10_000, 120_000);
            window(index, step.at.0, 1_000, Fault::Delay { by })
        }
    });
    FaultSchedule(windows.collect())
}

fn windows(seed: u64, nodes: u32, steps: &[Step], count: u64) -> FaultSchedule {
    let end = end(steps);
    let dice = Dice::new(seed, "nemesis");
    let mut kinds: Vec<u64> = (0..KINDS)
        .filter(|&kind| dice.percent("kind", kind, 50))
        .collect();
    if kinds.is_empty() {
        kinds = (0..KINDS).collect();
    }
    let windows = (0..count).map(|window| {
        let from = if dice.percent("aimed", window, 50) {
            // Much goes wrong only just after a call: before a disk has synced, a replica answered.
            let step = dice.within("aimed at", window, 0, steps.len() as u64 - 1);
            steps[step as usize].at.0 + dice.within("after", window, 0, 4_000)
        } else {
            dice.within("from", window, 0, end)
        };
        let longest = [80_000, 300_000, 1_200_000][dice.within("span", window, 0, 2) as usize];
        let until = from + dice.within("until", window, 20_000, longest);
        let kind = kinds[dice.within("which", window, 0, kinds.len() as u64 - 1) as usize];
        Window {
            id: window as u32 + 1,
            from: Time(from),
            until: Time(until),
            fault: fault(dice, kind, window, nodes),
        }
    });
    FaultSchedule(windows.collect())
}

/// A node that leaves, at the very beginning or later, and joins again: under load, or when all else is
/// over. One at a time, and long enough for its ranges to arrive elsewhere: where changes overlap, a
/// quorum may for a while be one of copies that are on their way.
fn departure(dice: Dice, nodes: u32, end: u64) -> Option<Window> {
    if !dice.percent("departures", 0, DEPARTURES_PERCENT) {
        return None;
    }
    let from = if dice.percent("departs at first", 0, 30) {
        0
    } else {
        dice.within("departs", 0, 0, end)
    };
    let until = from + dice.within("returns", 0, AWAY_US_MIN, 2 * AWAY_US_MIN);
    let node = dice.within("who departs", 0, 0, u64::from(nodes) - 1) as u32;
    Some(window(from, until, Fault::Depart { node }))
}

/// A window that has no name yet.
pub(super) fn window(from: u64, until: u64, fault: Fault) -> Window {
    Window {
        id: 0,
        from: Time(from),
        until: Time(until),
        fault,
    }
}

fn fault(dice: Dice, kind: u64, window: u64, nodes: u32) -> Fault {
    let node = dice.within("node", window, 0, u64::from(nodes) - 1) as u32;
    match kind {
        0 => Fault::Cut {
            side: side(dice, window, nodes),
        },
        1 => Fault::CutOneWay {
            side: side(dice, window, nodes),
        },
        2 => Fault::Crash { node },
        3 => Fault::Pause { node },
        4 => Fault::Lose {
            percent: dice.within("lose", window, 5, 60) as u32,
        },
        5 => Fault::Delay {
            by: dice.within("delay", window, 5_000, 80_000),
        },
        6 => Fault::Reorder {
            within: dice.within("reorder", window, 5_000, 80_000),
        },
        _ => Fault::Repeat {
            percent: dice.within("repeat", window, 10, 60) as u32,
        },
    }
}

/// Some nodes, at least one and at most half of them.
fn side(dice: Dice, window: u64, nodes: u32) -> NodeSet {
    let size = dice.within("size", window, 1, u64::from(nodes / 2).max(1));
    let first = dice.within("first", window, 0, u64::from(nodes) - 1) as u32;
    let stride = dice.within("stride", window, 1, 2) as u32;
    (0..size as u32)
        .map(|member| (first + member * stride) % nodes)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_fails_everywhere_at_one_moment_or_nowhere() {
        let mut failures = 0;
        for seed in 0..2_000 {
            let plan = super::super::plan(seed);
            let (nodes, steps) = (plan.shape.nodes, &plan.steps);
            let windows = power(Dice::new(seed, "power"), nodes, steps);
            let crashed = windows.iter().map(|window| {
                assert!(window.from == windows[0].from && window.from < window.until);
                match window.fault {
                    Fault::Crash { node } => node,
                    _ => panic!("{window:?}"),
                }
            });
            let crashed: Vec<u32> = crashed.collect();
            assert!(crashed.is_empty() || crashed.iter().copied().eq(0..nodes));
            failures += u32::from(!crashed.is_empty());
        }
        assert!((40..140).contains(&failures), "{failures}");
    }
}
