//! Clients that keep sets, counters or lists: each reads all siblings, merges them, makes its change, and
//! writes the result with what it read as context.

use std::collections::BTreeMap;

use checker::Time;
use checker::reconciliation::Kind;

use super::dice::Dice;
use super::{nemesis, shape};
use crate::plan::{Call, Plan, Shape, Step};

/// The plan of this seed: 60 to 120 calls of 2 to 5 clients on at most four objects of one kind, and at
/// least three faults.
pub fn object_plan(seed: u64) -> Plan {
    object_plan_on(shape(seed), seed)
}

/// The same on a cluster of this shape.
pub fn object_plan_on(shape: Shape, seed: u64) -> Plan {
    let shape = shape.legal();
    let steps = Habits::new(seed).steps(shape.nodes);
    let faults = nemesis::faults(seed, shape, &steps);
    Plan {
        seed,
        shape,
        steps,
        faults,
    }
}

/// What the objects of the plan of this seed are.
pub fn object_kind(seed: u64) -> Kind {
    Habits::kind(Dice::new(seed, "object load"))
}

/// What the clients of one run have in common.
struct Habits {
    dice: Dice,
    kind: Kind,
    clients: u64,
    calls: u64,
    keys: u64,
    /// Longest pause between two calls, in microseconds.
    gap: u64,
    /// Chance in percent that a client changes what it has not read.
    blind: u64,
    /// Chance in percent that it goes on from what somebody else read last.
    borrowed: u64,
    /// Chance in percent that it goes on from what was read some time ago.
    stale: u64,
    /// Chance in percent that it makes its last change again, if that was not acknowledged.
    retries: u64,
    /// Whether each client always asks the same node.
    sticky: bool,
}

impl Habits {
    fn new(seed: u64) -> Self {
        let dice = Dice::new(seed, "object load");
        let one_of = |question: &str, of: [u64; 4]| of[dice.within(question, 0, 0, 3) as usize];
        Habits {
            kind: Habits::kind(dice),
            clients: dice.within("clients", 0, 2, 5),
            calls: dice.within("calls", 0, 60, 120),
            keys: dice.within("keys", 0, 1, 4),
            gap: one_of("gap", [3_000, 15_000, 15_000, 60_000]),
            blind: one_of("blind", [2, 5, 15, 60]),
            borrowed: one_of("borrowed", [0, 10, 10, 50]),
            stale: one_of("stale", [0, 0, 10, 40]),
            retries: one_of("retries", [0, 15, 15, 50]),
            sticky: dice.percent("sticky", 0, 25),
            dice,
        }
    }

    fn kind(dice: Dice) -> Kind {
        Kind::ALL[dice.within("kind", 0, 0, 2) as usize]
    }

    fn steps(&self, nodes: u32) -> Vec<Step> {
        let dice = &self.dice;
        let mut gets = Gets::default();
        // The last change of each client, and its key.
        let mut changes: BTreeMap<u64, (u32, String)> = BTreeMap::new();
        let mut at = 0;
        let mut steps = Vec::new();
        for call in 0..self.calls {
            at += dice.within("gap", call, 0, self.gap);
            let id = call as u32 + 1;
            let client = dice.within("client", call, 0, self.clients - 1);
            let key = dice.within("key", call, 0, self.keys - 1);
            let name = format!("k{key}");
            let via = if self.sticky {
                client
            } else {
                dice.within("via", call, 0, 6)
            };
            let again = changes
                .get(&client)
                .filter(|_| dice.percent("retries", call, self.retries));
            let made = if let Some((of, key)) = again {
                let (of, key) = (*of, key.clone());
                changes.remove(&client);
                Call::Retry { key, of }
            } else {
                match gets.next(self, call, (client, key)) {
                    Next::Get => {
                        gets.read((client, key), id);
                        Call::Get { key: name }
                    }
                    Next::Change(context) => {
                        changes.insert(client, (id, name.clone()));
                        let (of, key) = (self.kind, name);
                        Call::Change { of, key, context }
                    }
                }
            };
            steps.push(Step {
                id,
                at: Time(at),
                client: client as u32,
                via: (via % u64::from(nodes)) as u32,
                call: made,
            });
        }
        steps
    }
}

/// What a client does next to a key.
enum Next {
    Get,
    /// From this get on, or from nothing.
    Change(Option<u32>),
}

/// The gets so far.
#[derive(Default)]
struct Gets {
    /// The last of each client on each key, if it has changed nothing there since.
    fresh: BTreeMap<(u64, u64), u32>,
    /// All on each key.
    all: BTreeMap<u64, Vec<u32>>,
}

impl Gets {
    fn read(&mut self, (client, key): (u64, u64), get: u32) {
        self.fresh.insert((client, key), get);
        self.all.entry(key).or_default().push(get);
    }

    /// What a client does.
    fn next(&mut self, habits: &Habits, call: u64, who: (u64, u64)) -> Next {
        let dice = &habits.dice;
        let all = self.all.get(&who.1).map(Vec::as_slice).unwrap_or_default();
        if dice.percent("blind", call, habits.blind) {
            return Next::Change(None);
        }
        let borrowed = dice.borrowed(call, all, (habits.borrowed, habits.stale));
        match borrowed.or_else(|| self.fresh.remove(&who)) {
            Some(get) => Next::Change(Some(get)),
            None => Next::Get,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_changes_objects_of_one_kind_after_reading_them() {
        let mut kinds: BTreeMap<Kind, u32> = BTreeMap::new();
        let (mut blind, mut read, mut again) = (0, 0, 0);
        for seed in 0..300 {
            let plan = object_plan(seed);
            assert_eq!(plan, object_plan(seed));
            assert!(plan.steps.len() >= 60 && plan.faults.0.len() >= 3, "{seed}");
            *kinds.entry(object_kind(seed)).or_default() += 1;
            let mut changes = 0;
            for step in &plan.steps {
                match &step.call {
                    Call::Get { .. } => {}
                    Call::Change { of, context, .. } => {
                        assert_eq!(*of, object_kind(seed));
                        changes += 1;
                        blind += u32::from(context.is_none());
                        read += u32::from(context.is_some());
                    }
                    Call::Retry { .. } => again += 1,
                    other => panic!("{other:?}"),
                }
            }
            assert!(changes >= 10, "seed {seed}: {changes} changes");
        }
        assert!(
            kinds.len() == 3 && kinds.values().all(|runs| *runs > 60),
            "{kinds:?}"
        );
        assert!(
            read > blind && blind > 1_000 && again > 1_000,
            "{read} {blind} {again}"
        );
    }

    #[test]
    fn what_a_change_goes_on_from_was_got_before_of_the_same_key() {
        for seed in 0..100 {
            let mut gets = BTreeMap::new();
            for step in object_plan(seed).steps {
                match step.call {
                    Call::Get { key } => {
                        gets.insert(step.id, key);
                    }
                    Call::Change {
                        key,
                        context: Some(get),
                        ..
                    } => assert_eq!(gets.get(&get), Some(&key), "seed {seed} step {}", step.id),
                    _ => {}
                }
            }
        }
    }
}
