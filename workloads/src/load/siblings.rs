//! Clients that read, write and delete a few keys: with contexts fresh and stale, and blindly.

use std::collections::BTreeMap;

use checker::Time;

use super::dice::Dice;
use super::{nemesis, shape};
use crate::plan::{Call, Partitioning, Plan, Shape, Step};

/// The plan of this seed: 60 to 120 calls of 2 to 5 clients, and at least three faults.
///
/// If it is one of [many keys](Pattern::Many), each is put once before.
pub fn plan(seed: u64) -> Plan {
    let usual = shape(seed);
    plan_on(
        match Pattern::of(seed) {
            // Long ranges, and trees that are compared.
            Pattern::Many => Shape {
                vnodes: 1,
                partitioning: Partitioning::Tokens,
                anti_entropy: true,
                ..usual
            },
            _ => usual,
        },
        seed,
    )
}

/// The plan of this seed on a cluster of this shape: calls and faults as in [`plan`].
pub fn plan_on(shape: Shape, seed: u64) -> Plan {
    let shape = shape.legal();
    let steps = steps(&Habits::new(seed), shape.nodes);
    let faults = nemesis::faults(seed, shape, &steps);
    Plan {
        seed,
        shape,
        steps,
        faults,
    }
}

/// What the clients of a run of the usual campaign are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pattern {
    /// A bit of everything.
    Mixed,
    /// Each replaces what it has just read, on one key or two.
    Register,
    /// Each reads a cart, and puts it back with something added: what is not merged must not get lost.
    Cart,
    /// Each goes on from what somebody else has read.
    Chain,
    /// What is deleted is put again, with a context or without.
    Recreate,
    /// On more keys than one leaf of a hash tree has room for.
    Many,
}

impl Pattern {
    /// All of them.
    pub const ALL: [Pattern; 6] = [
        Pattern::Mixed,
        Pattern::Register,
        Pattern::Cart,
        Pattern::Chain,
        Pattern::Recreate,
        Pattern::Many,
    ];

    /// That of the plan of this seed.
    pub fn of(seed: u64) -> Pattern {
        Habits::pattern(Dice::new(seed, "load"))
    }

    /// The word for reports.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::Mixed => "mixed",
            Pattern::Register => "register",
            Pattern::Cart => "cart",
            Pattern::Chain => "chain",
            Pattern::Recreate => "recreate",
            Pattern::Many => "many keys",
        }
    }
}

/// The chance in percent of many keys.
const MANY_PERCENT: u64 = 3;

/// The chance in percent that all clients pause once, in the middle of their calls.
const PAUSE_PERCENT: u64 = 10;

/// A pause in which hints are delivered and replicas are compared, in microseconds.
pub(super) const PAUSE_US_MIN: u64 = 1_000_000;

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
    /// Chance in percent that a context is that of the last get of anybody.
    borrowed: u64,
    /// Chance in percent that a context is an older one.
    stale: u64,
    /// Chance in percent that a context is forged. Most runs forge none.
    forged: u64,
    /// Chance in percent that a client puts again what it put last, if that was not acknowledged.
    retries: u64,
    /// Whether a client reads before each of its writes.
    reads_first: bool,
    /// Whether each key is put once before all else.
    put_first: bool,
    /// Whether each client always asks the same node.
    sticky: bool,
    /// Before which call all of them pause, and for how many microseconds.
    pause: Option<(u64, u64)>,
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
        let pattern = Habits::pattern(dice);
        let (least, most) = match pattern {
            Pattern::Register => (1, 2),
            Pattern::Many => (50, 100),
            _ => (1, 6),
        };
        let keys = (0..dice.within("keys", 0, least, most))
            .map(|key| Key {
                name: format!("k{key}"),
                weight: [1, 1, 2, 8][dice.within("weight", key, 0, 3) as usize],
                unread: key > 0 && dice.percent("unread", key, 30),
            })
            .collect();
        let usual = Habits {
            clients: dice.within("clients", 0, 2, 5),
            calls: dice.within("calls", 0, 60, 120),
            keys,
            gap: [3_000, 15_000, 60_000][dice.within("gap", 0, 0, 2) as usize],
            puts: dice.within("puts", 0, 30, 80),
            blind: dice.within("blind", 0, 5, 50),
            deletes: [0, 0, 8, 24][dice.within("deletes", 0, 0, 3) as usize],
            borrowed: 10,
            stale: [0, 0, 10, 40][dice.within("stale", 0, 0, 3) as usize],
            forged: [0, 0, 0, 3][dice.within("forged", 0, 0, 3) as usize],
            retries: [0, 0, 15, 40][dice.within("retries", 0, 0, 3) as usize],
            reads_first: false,
            put_first: false,
            pause: dice.percent("pauses", 0, PAUSE_PERCENT).then(|| {
                let before = dice.within("pauses before", 0, 20, 40);
                (
                    before,
                    dice.within("pause", 0, PAUSE_US_MIN, 2 * PAUSE_US_MIN),
                )
            }),
            sticky: dice.percent("sticky", 0, 25),
            dice,
        };
        match pattern {
            Pattern::Mixed => usual,
            Pattern::Register => Habits {
                blind: 0,
                deletes: 0,
                reads_first: true,
                ..usual
            },
            Pattern::Cart => Habits {
                puts: 60,
                blind: 5,
                reads_first: true,
                ..usual
            },
            Pattern::Chain => Habits {
                blind: 0,
                borrowed: 70,
                ..usual
            },
            Pattern::Recreate => Habits {
                puts: 60,
                deletes: 40,
                ..usual
            },
            Pattern::Many => Habits {
                puts: 80,
                put_first: true,
                ..usual
            },
        }
    }

    fn pattern(dice: Dice) -> Pattern {
        if dice.percent("many keys", 0, MANY_PERCENT) {
            return Pattern::Many;
        }
        match dice.within("pattern", 0, 0, 9) {
            0..=5 => Pattern::Mixed,
            6 => Pattern::Register,
            7 => Pattern::Cart,
            8 => Pattern::Chain,
            _ => Pattern::Recreate,
        }
    }

    /// How long it is quiet before a call, in microseconds.
    fn rest(&self, call: u64) -> u64 {
        let gap = self.dice.within("gap", call, 0, self.gap);
        match self.pause {
            Some((before, pause)) if before == call => gap + pause,
            _ => gap,
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

/// The gets so far whose contexts can be passed.
#[derive(Default)]
struct Gets<'h> {
    /// The last of each client on each key, if it has written nothing to it since.
    fresh: BTreeMap<(u64, &'h str), u32>,
    /// The last of each client on each key.
    own: BTreeMap<(u64, &'h str), u32>,
    /// All on each key.
    all: BTreeMap<&'h str, Vec<u32>>,
}

impl<'h> Gets<'h> {
    fn read(&mut self, client: u64, key: &'h str, get: u32) {
        self.fresh.insert((client, key), get);
        self.own.insert((client, key), get);
        self.all.entry(key).or_default().push(get);
    }

    /// Which of them a write passes.
    fn context(
        &self,
        habits: &Habits,
        call: u64,
        client: u64,
        key: &str,
        deletes: bool,
    ) -> Option<u32> {
        let dice = &habits.dice;
        // A blind delete deletes nothing.
        let blind = if deletes { 10 } else { habits.blind };
        let all = self.all.get(key).map(Vec::as_slice).unwrap_or_default();
        if dice.percent("blind", call, blind) {
            return None;
        }
        let borrowed = dice.borrowed(call, all, (habits.borrowed, habits.stale));
        let own = || self.own.get(&(client, key)).copied();
        let any = || all.last().filter(|_| deletes).copied();
        borrowed.or_else(own).or_else(any)
    }
}

/// A blind put of each key, in a quick row.
fn each_key(habits: &Habits, nodes: u32) -> Vec<Step> {
    let put = |(nth, key): (u32, &Key)| Step {
        id: nth + 1,
        at: Time(u64::from(nth) * 500),
        client: nth % habits.clients as u32,
        via: nth % nodes,
        call: Call::Put {
            key: key.name.clone(),
            context: None,
        },
    };
    (0..).zip(&habits.keys).map(put).collect()
}

fn steps(habits: &Habits, nodes: u32) -> Vec<Step> {
    let dice = &habits.dice;
    let mut gets = Gets::default();
    // The last put of each client, and its key.
    let mut puts: BTreeMap<u64, (u32, String)> = BTreeMap::new();
    let mut steps = if habits.put_first {
        each_key(habits, nodes)
    } else {
        Vec::new()
    };
    let first = steps.len() as u32 + 1;
    let mut at = steps.last().map_or(0, |step| step.at.0);
    for call in 0..habits.calls {
        at += habits.rest(call);
        let id = first + call as u32;
        let client = dice.within("client", call, 0, habits.clients - 1);
        let key = habits.key(call);
        let name = key.name.as_str();
        let via = if habits.sticky {
            client
        } else {
            dice.within("via", call, 0, 6)
        };
        let has_read = gets.fresh.contains_key(&(client, name));
        let writes = key.unread || dice.percent("put", call, habits.puts);
        let writes = writes && (key.unread || has_read || !habits.reads_first);
        let deletes = writes && dice.percent("delete", call, habits.deletes);
        let again = puts
            .get(&client)
            .filter(|_| dice.percent("retries", call, habits.retries));
        let made = if let Some((of, key)) = again {
            let (of, key) = (*of, key.clone());
            Call::Retry { key, of }
        } else if writes {
            let context = gets.context(habits, call, client, name, deletes);
            gets.fresh.remove(&(client, name));
            let key = name.to_owned();
            match context {
                context if deletes => Call::Delete { key, context },
                Some(context) if dice.percent("is forged", call, habits.forged) => {
                    Call::PutForged { key, context }
                }
                context => {
                    puts.insert(client, (id, key.clone()));
                    Call::Put { key, context }
                }
            }
        } else {
            gets.read(client, name, id);
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
    use std::collections::BTreeSet;

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
                    Call::Get { .. } | Call::Retry { .. } | Call::Change { .. } => {}
                    Call::Put { .. } | Call::PutForged { .. } => writes += 1,
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
    fn runs_differ_in_what_their_clients_are_for() {
        let mut seen = BTreeMap::new();
        let (mut forged, mut stale) = (0, 0);
        for seed in 0..600 {
            let pattern = Habits::pattern(Dice::new(seed, "load"));
            *seen.entry(pattern).or_insert(0) += 1;
            let plan = plan(seed);
            let mut last: BTreeMap<(u32, &str), u32> = BTreeMap::new();
            for step in &plan.steps {
                let key = step.call.key();
                match &step.call {
                    Call::Get { .. } => {
                        last.insert((step.client, key), step.id);
                    }
                    Call::Retry { .. } | Call::Change { .. } => {}
                    Call::PutForged { .. } => forged += 1,
                    Call::Put { context, .. } | Call::Delete { context, .. } => {
                        let own = last.get(&(step.client, key));
                        stale +=
                            u32::from(context.is_some_and(|get| own.is_some_and(|own| get < *own)));
                        let register = pattern == Pattern::Register && key == "k0";
                        assert!(
                            !register || context.is_some(),
                            "seed {seed} step {}",
                            step.id
                        );
                    }
                }
            }
        }
        assert!(
            seen.len() == Pattern::ALL.len()
                && seen.iter().all(|(pattern, runs)| {
                    *runs > if *pattern == Pattern::Many { 8 } else { 30 }
                }),
            "{seen:?}"
        );
        assert!(forged > 40 && stale > 400, "{forged} forged, {stale} stale");
    }

    #[test]
    fn some_plans_pause_once_and_some_have_many_keys() {
        let (mut pauses, mut many) = (0, 0);
        for plan in (0..1_000).map(plan) {
            let pairs = plan.steps.windows(2);
            let longest = pairs.map(|pair| pair[1].at.0 - pair[0].at.0).max();
            pauses += u32::from(longest >= Some(PAUSE_US_MIN));
            let keys: BTreeSet<&str> = plan.steps.iter().map(|step| step.call.key()).collect();
            if keys.len() > 6 {
                assert!(keys.len() >= 50 && plan.steps.len() >= keys.len() + 60);
                assert!(plan.shape.anti_entropy && plan.shape.vnodes == 1);
                many += 1;
            }
        }
        assert!((70..140).contains(&pauses), "{pauses}");
        assert!((15..50).contains(&many), "{many}");
    }

    #[test]
    fn there_is_a_plan_for_clusters_of_any_size() {
        for nodes in 1..=4 {
            let (n, w) = (nodes.min(3), nodes.min(2));
            let shape = Shape {
                nodes,
                n,
                w,
                ..shape(1)
            };
            for seed in 0..300 {
                let plan = plan_on(shape, seed);
                assert_eq!(plan.shape.nodes, nodes, "seed {seed}");
                assert!(
                    plan.steps.iter().all(|step| step.via < nodes),
                    "seed {seed}"
                );
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        assert_eq!(plan(41), plan(41));
        assert_ne!(plan(41), plan(42));
    }

    #[test]
    fn shapes_cover_every_legal_quorum_of_up_to_five_replicas() {
        let mut seen = BTreeSet::new();
        for seed in 0..3_000 {
            let shape = shape(seed);
            seen.insert((shape.n, shape.r, shape.w));
        }
        let legal = (1..=5).map(|n| n * n).sum::<usize>();
        assert_eq!(seen.len(), legal);
    }
}
