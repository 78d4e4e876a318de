//! What goes wrong while owners change: close to the moment at which a member leaves, or is back.

use super::dice::Dice;
use super::nemesis::window;
use crate::fault::{Fault, NodeSet, Scope, Window};

/// The chance in percent of each of the two windows at either end.
const PERCENT: u64 = 30;

/// What tells of the change, what moves between owners, and what is written meanwhile.
const KINDS: [&str; 8] = [
    "history",
    "gossip",
    "offer",
    "claim",
    "keys",
    "keys-ack",
    "replicate",
    "forward",
];

/// Up to two windows for each end of the time that a member is away.
pub(super) fn windows(seed: u64, nodes: u32, away: &Window) -> Vec<Window> {
    let dice = Dice::new(seed, "nemesis of moves");
    let ends = [away.from.0, away.until.0];
    let strikes = |nth: &u64| dice.percent("strikes", *nth, PERCENT);
    let windows = (0..4).filter(strikes).map(|nth| {
        let end = ends[nth as usize % 2];
        let early = dice.within("early", nth, 0, 20_000);
        let late = dice.within("late", nth, 0, 200_000);
        let from = if dice.percent("is early", nth, 50) {
            end.saturating_sub(early)
        } else {
            end + late
        };
        let longest = [20_000, 150_000, 1_000_000][dice.within("span", nth, 0, 2) as usize];
        let until = from + dice.within("until", nth, 2_000, longest);
        window(from, until, fault(dice, nth, nodes))
    });
    windows.collect()
}

fn fault(dice: Dice, nth: u64, nodes: u32) -> Fault {
    let node = dice.within("node", nth, 0, u64::from(nodes) - 1) as u32;
    let fault = match dice.within("which", nth, 0, 5) {
        0 | 1 => return Fault::Crash { node },
        2 => {
            let side = NodeSet::from([node]);
            return Fault::Cut { side };
        }
        3 => Fault::Lose {
            percent: dice.within("lose", nth, 30, 100) as u32,
        },
        4 => Fault::Delay {
            by: dice.within("delay", nth, 10_000, 300_000),
        },
        _ => Fault::Clog,
    };
    let kind = dice.within("kind", nth, 0, KINDS.len() as u64 - 1);
    let mut at = Scope::default();
    at.kinds.insert(KINDS[kind as usize].to_owned());
    Fault::Aimed {
        at,
        fault: Box::new(fault),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use checker::Time;

    use super::*;

    #[test]
    fn each_kind_strikes_both_ends() {
        let away = Window {
            id: 0,
            from: Time(1_000_000),
            until: Time(3_000_000),
            fault: Fault::Depart { node: 0 },
        };
        let (mut seen, mut calm) = (BTreeSet::new(), 0);
        for seed in 0..2_000 {
            let windows = windows(seed, 5, &away);
            calm += u32::from(windows.is_empty());
            for window in windows {
                assert!(window.from < window.until, "seed {seed}");
                let near =
                    |end: Time| window.from.0 + 20_000 >= end.0 && window.from.0 <= end.0 + 200_000;
                let ends = (near(away.from), near(away.until));
                assert!(ends.0 != ends.1, "seed {seed}");
                let kinds = match &window.fault {
                    Fault::Aimed { at, .. } => at.kinds.iter().cloned().collect(),
                    _ => String::new(),
                };
                seen.insert((window.fault.kind(), kinds, ends.0));
            }
        }
        assert!((300..700).contains(&calm), "{calm}");
        assert_eq!(seen.len(), 2 * (2 + 3 * KINDS.len()), "{seen:?}");
    }
}
