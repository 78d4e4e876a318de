//! Which faults can be brought about on real processes.

use crate::fault::Fault;
use crate::plan::Plan;

/// Whether real processes can be made to suffer this.
///
/// Links are cut, narrowed, delayed and lose what chance says; nodes are killed, stopped, wiped, put back
/// to an earlier disk, and leave. Not so: clocks are those of the system; a slow node, a disk that hangs
/// or is garbled would need a kernel that helps; kinds of messages cannot be told apart on the way, and
/// single ones have no names.
///
/// A kill does less than a crash in the simulator: what the system was given to write stays, synced or not.
pub fn can(fault: &Fault) -> bool {
    match fault {
        Fault::Cut { .. }
        | Fault::CutOneWay { .. }
        | Fault::CutLinks { .. }
        | Fault::Crash { .. }
        | Fault::Pause { .. }
        | Fault::Wipe { .. }
        | Fault::Restore { .. }
        | Fault::Depart { .. }
        | Fault::Lose { .. }
        | Fault::Delay { .. }
        | Fault::Reorder { .. }
        | Fault::Repeat { .. }
        | Fault::Clog
        | Fault::Narrow { .. } => true,
        Fault::Aimed { at, fault } => at.kinds.is_empty() && can(fault),
        Fault::Slow { .. }
        | Fault::Clock { .. }
        | Fault::Stall { .. }
        | Fault::Scramble { .. }
        | Fault::Rot { .. }
        | Fault::Misdirect { .. }
        | Fault::Rank { .. }
        | Fault::Deliver { .. } => false,
    }
}

/// The plan without what [`can`] not be brought about, and with clocks that agree.
pub fn restricted(mut plan: Plan) -> Plan {
    plan.faults.0.retain(|window| can(&window.fault));
    plan.shape.skew_us = 0;
    plan
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fault::Scope;
    use crate::load;

    #[test]
    fn what_stays_of_plans_is_what_can_be_brought_about() {
        let kinds = |restrict: fn(Plan) -> Plan| {
            let plans = (0..500).map(|seed| restrict(load::plan(seed)));
            let windows = plans.flat_map(|plan| plan.faults.0);
            let kinds = windows.map(|window| window.fault.kind());
            kinds.collect::<BTreeSet<&str>>()
        };
        let gone: BTreeSet<&str> = kinds(|plan| plan)
            .difference(&kinds(restricted))
            .copied()
            .collect();
        let never = [
            "clock",
            "misdirect",
            "rank",
            "rot",
            "scramble",
            "slow",
            "stall",
        ];
        assert_eq!(gone, BTreeSet::from(never));
    }

    #[test]
    fn aim_is_taken_by_link_and_not_by_kind() {
        let aimed = |at: Scope| {
            can(&Fault::Aimed {
                at,
                fault: Box::new(Fault::Lose { percent: 50 }),
            })
        };
        assert!(aimed(Scope {
            from: [1].into(),
            ..Scope::default()
        }));
        assert!(!aimed(Scope {
            kinds: ["hint".to_owned()].into(),
            ..Scope::default()
        }));
    }
}
