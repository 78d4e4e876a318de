//! Clients that read, write and delete a few keys: with contexts fresh and stale, and blindly.

use std::collections::BTreeMap;

use checker::Time;

use super::dice::Dice;
use super::{nemesis, shape};
use crate::plan::{Call, Plan, Shape, Step};

/// The plan of this seed: 60 to 120 calls of 2 to 5 clients, and at least three faults.
pub fn plan(seed: u64) -> Plan {
    let shape = shape(seed);
    let habits = Habits::new(seed);
    let steps = steps(&habits, shape.nodes);
    let faults = nemesis::faults(seed, shape.nodes, &steps);
    Plan {
        seed,
        shape,
        steps,
        faults,
    }
}

/// The plan of this seed on a cluster of this shape whose members stay: calls as in [`plan`], and three
/// to eight faults.
pub fn plan_on(shape: Shape, seed: u64) -> Plan {
    let shape = shape.legal();
    let steps = steps(&Habits::new(seed), shape.nodes);
    let faults = nemesis::calm_members(seed, shape.nodes, &steps);
    Plan {
        seed,
        shape,
        steps,
        faults,
    }
}

/// What the clients of one run have in common, so that runs differ from each other.
struct Habits {
    dice: Dice,
    clients: u64,
    calls: u64,
    keys: Vec<Key>,
    /// Longest pause between two calls, in microseconds.
    gap: u64,
    /// Chance of a put in percent.
    puts: u64,
    /// Chance that a put is blind although its client has read the key.
    blind: u64,
    /// Chance in percent that a write deletes. Half of all runs delete nothing.
    deletes: u64,
    /// Whether each client always asks the same node.
    sticky: bool,
}

struct Key {
    name: String,
    weight: u64,
    /// Never read before the end: only hints and anti-entropy can mend it.
    unread: bool,
}

impl Habits {
    fn new(seed: u64) -> Self {
        let dice = Dice::new(seed, "load");
        let keys = (0..dice.within("keys", 0, 1, 6))
            .map(|key| Key {
                name: format!("k{key}"),
                weight: [1, 1, 2, 8][dice.within("weight", key, 0, 3) as usize],
                unread: key > 0 && dice.percent("unread", key, 30),
            })
            .collect();
        Habits {
            clients: dice.within("clients", 0, 2, 5),
            calls: dice.within("calls", 0, 60, 120),
            keys,
            gap: [3_000, 15_000, 60_000][dice.within("gap", 0, 0, 2) as usize],
            puts: dice.within("puts", 0, 30, 80),
            blind: dice.within("blind", 0, 5, 50),
            deletes: [0, 0, 8, 24][dice.within("deletes", 0, 0, 3) as usize],
            sticky: dice.percent("sticky", 0, 25),
            dice,
        }
    }

    fn key(&self, call: u64) -> &Key {
        let total = self.keys.iter().map(|key| key.weight).sum();
        let mut drawn = self.dice.within("key", call, 1, total);
        for key in &self.keys {
            if drawn <= key.weight {
                return key;
            }
            drawn -= key.weight;
        }
        unreachable!("a number up to the sum of the weights falls into one of them")
    }
}

fn steps(habits: &Habits, nodes: u32) -> Vec<Step> {
    let dice = &habits.dice;
    // The last get of each client on each key, and the last of anybody.
    let mut own: BTreeMap<(u64, &str), u32> = BTreeMap::new();
    let mut any: BTreeMap<&str, u32> = BTreeMap::new();
    let mut at = 0;
    let mut steps = Vec::new();
    for call in 0..habits.calls {
        at += dice.within("gap", call, 0, habits.gap);
        let id = call as u32 + 1;
        let client = dice.within("client", call, 0, habits.clients - 1);
        let key = habits.key(call);
        let name = key.name.as_str();
        let via = if habits.sticky {
            client
        } else {
            dice.within("via", call, 0, 6)
        };
        let put = key.unread || dice.percent("put", call, habits.puts);
        let delete = put && dice.percent("delete", call, habits.deletes);
        let made = if put {
            let mine = own.get(&(client, name)).copied();
            let last = any.get(name).copied();
            // A blind delete deletes nothing.
            let blind = if delete { 10 } else { habits.blind };
            let context = if dice.percent("blind", call, blind) {
                None
            } else if dice.percent("borrowed", call, 10) {
                last
            } else if delete {
                mine.or(last)
            } else {
                mine
            };
            let key = name.to_owned();
            if delete {
                Call::Delete { key, context }
            } else {
                Call::Put { key, context }
            }
        } else {
            own.insert((client, name), id);
            any.insert(name, id);
            Call::Get {
                key: name.to_owned(),
            }
        };
        let via = (via % u64::from(nodes)) as u32;
        steps.push(Step {
            id,
            at: Time(at),
            client: client as u32,
            via,
            call: made,
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_has_sixty_calls_and_three_faults() {
        for seed in 0..300 {
            let plan = plan(seed);
            assert!(plan.steps.len() >= 60, "seed {seed}");
            assert!(plan.faults.0.len() >= 3, "seed {seed}");
            assert_eq!(plan.shape, plan.shape.legal(), "seed {seed}");
        }
    }

    #[test]
    fn one_write_in_twelve_deletes_and_most_deletes_have_read() {
        let (mut writes, mut deletes, mut read) = (0, 0, 0);
        let mut without = 0;
        for seed in 0..600 {
            let before = deletes;
            for step in plan(seed).steps {
                match step.call {
                    Call::Get { .. } => {}
                    Call::Put { .. } => writes += 1,
                    Call::Delete { context, .. } => {
                        writes += 1;
                        deletes += 1;
                        read += u32::from(context.is_some());
                    }
                }
            }
            without += u32::from(deletes == before);
        }
        assert!((6..=10).contains(&(100 * deletes / writes)));
        assert!(read * 2 > deletes, "{read} of {deletes}");
        assert!((200..=400).contains(&without), "{without}");
    }

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        assert_eq!(plan(41), plan(41));
        assert_ne!(plan(41), plan(42));
    }

    #[test]
    fn shapes_cover_every_legal_quorum_of_up_to_five_replicas() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..3_000 {
            let shape = shape(seed);
            seen.insert((shape.n, shape.r, shape.w));
        }
        let legal = (1..=5).map(|n| n * n).sum::<usize>();
        assert_eq!(seen.len(), legal);
    }
}
