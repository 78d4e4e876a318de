//! The reference Dynamo in the simulator.

use std::collections::BTreeSet;
use std::sync::Arc;

use checker::Time;
use checker::note::{Node, Note, Setup};
use dynamo_core as core;
use dynamo_core::{Change, Config, Flaw, Membership, NodeId, View};

use super::peer::{Peer, without_clocks};
use super::{Ask, Happening, Subject, Unsupported};
use crate::fault::{Fate, Fault};
use crate::plan::{Partitioning, Shape};
use crate::promised::promised;
use crate::replica::{Disk, Reader, Replica};
use crate::sim::{Deployment, Layout, Sim};

/// A cluster of the reference core, healthy or with one flaw, with everything around it simulated.
#[derive(Debug)]
pub struct Reference {
    sim: Sim<Cluster>,
}

impl Reference {
    /// Starts the nearest legal cluster of this shape, of at most 64 nodes, on empty disks.
    pub fn new(seed: u64, shape: Shape, flaw: Option<Flaw>) -> Self {
        let cluster = Cluster::new(shape, flaw);
        let nodes = cluster.config.shape().nodes;
        Reference {
            sim: Sim::new(cluster, nodes, seed),
        }
    }

    /// Why the run was stopped: the replicas did not come to rest.
    pub fn stuck(&self) -> Option<String> {
        self.sim.stuck()
    }

    /// From now on, events are written down, for [`Reference::departure`].
    pub fn keep_log(&mut self) {
        self.sim.keep_log();
    }

    /// From now on, what the network carries is written down, for [`Reference::network`].
    pub fn keep_network(&mut self) {
        self.sim.keep_network();
    }

    /// What the network carried since [`Reference::keep_network`].
    pub fn network(&self) -> checker::network::Network {
        self.sim.network()
    }

    /// What was written down since [`Reference::keep_log`]: each event, with a number over all until then.
    pub fn log(&self) -> Vec<String> {
        self.sim.log()
    }

    /// The first event in which this run differs from another one, of those that were written down.
    pub fn departure(&self, other: &Self) -> Option<String> {
        self.sim.departure(&other.sim)
    }

    /// How many events have happened.
    pub fn events(&self) -> u64 {
        self.sim.events()
    }
}

impl Subject for Reference {
    fn setup(&mut self, keys: &[String]) -> Vec<Note> {
        self.sim.setup(keys)
    }

    fn submit(&mut self, ask: Ask) {
        self.sim.submit(ask);
    }

    fn advance(&mut self, until: Time, out: &mut Vec<Happening>) -> Time {
        self.sim.advance(until, out)
    }

    fn fault(&mut self, window: u32, fault: &Fault, begins: bool) -> Result<(), Unsupported> {
        self.sim.fault(window, fault, begins)
    }

    fn inspect(&mut self, keys: &[String]) -> Vec<Note> {
        self.sim.inspect(keys)
    }

    fn fates(&self) -> Vec<(Time, u64, Fate)> {
        Subject::fates(&self.sim)
    }

    fn message(&self, identity: u64) -> String {
        self.sim.message(identity)
    }

    fn reseed(&mut self, seed: u64) {
        self.sim.reseed(seed);
    }

    fn trace(&self) -> u64 {
        self.sim.trace()
    }
}

/// The reference core as something that can be deployed in a simulator.
#[derive(Clone, Debug)]
pub struct Cluster {
    config: Arc<Config>,
    shape: Shape,
}

impl Cluster {
    /// The nearest legal cluster of this shape, of at most 64 nodes.
    pub fn new(shape: Shape, flaw: Option<Flaw>) -> Self {
        Cluster::with(shape, flaw, |_| ())
    }

    /// The same, but that nodes do nothing unasked for the first seconds: they do not gossip, since
    /// members stay the same, and compare their trees every [`Cluster::STILL_US`] only.
    pub(crate) fn still(shape: Shape, flaw: Option<Flaw>) -> Self {
        Cluster::with(shape, flaw, |shape| {
            shape.gossip = false;
            shape.timing.anti_entropy_us = Cluster::STILL_US;
        })
    }

    /// Whether clocks are what the evidence takes them for.
    pub(super) fn shows_clocks(&self) -> bool {
        self.shape.is_exact()
    }

    /// What each node is told of the cluster.
    pub(crate) fn core_shape(&self) -> &core::Shape {
        self.config.shape()
    }

    /// See [`Cluster::still`].
    pub(crate) const STILL_US: u64 = 2_000_000;

    fn with(shape: Shape, flaw: Option<Flaw>, change: impl FnOnce(&mut core::Shape)) -> Self {
        let nodes = shape.nodes.min(64);
        let shape = Shape { nodes, ..shape }.legal();
        let mut core_shape = core::Shape {
            nodes: shape.nodes,
            n: shape.n,
            r: shape.r,
            w: shape.w,
            partitioning: partitioning(shape),
            timing: core::Timing {
                gossip_us: GOSSIP_US,
                ..core::Timing::default()
            },
            sloppy: shape.sloppy,
            hints: shape.hints,
            anti_entropy: shape.anti_entropy,
            read_repair: shape.read_repair,
            versioning: core::Versioning {
                causality: shape.causality,
                resolution: shape.resolution,
            },
            reaping_us: shape.reaping_us,
            coordinator: shape.coordinator,
            read_from: shape.read_from,
            durability: shape.durability,
            detection: shape.detection,
            admission: if shape.yields {
                core::Admission::Feedback {
                    threshold_us: 2_000,
                    window_us: 500_000,
                    slices_max: 4,
                }
            } else {
                core::Admission::Off
            },
            flaw,
            ..core::Shape::default()
        };
        change(&mut core_shape);
        let config = Config::new(core_shape);
        Cluster {
            config: Arc::new(config.expect("a legal shape breaks no rule of the core")),
            shape,
        }
    }
}

impl Deployment for Cluster {
    type Replica = Peer;

    fn start(&self, node: u32, disk: &Disk, now: Time) -> Peer {
        let config = Arc::clone(&self.config);
        let ahead_us = self.shape.skew_us * u64::from(node);
        let now = core::Time(now.0).after(ahead_us);
        Peer::new(core::Node::start(NodeId(node), config, disk, now), ahead_us)
    }

    fn setup(&self, keys: &[String]) -> Vec<Note> {
        let shape = self.shape;
        let promised = promised(shape);
        let setup = Note::Setup(Setup {
            nodes: shape.nodes,
            n: shape.n,
            r: shape.r,
            w: shape.w,
            converges: shape.anti_entropy,
            hands_off: shape.hints,
            may_lose: promised.may_lose,
            may_revive: promised.may_revive,
            sampled: false,
        });
        let owners = keys.iter().map(|key| {
            let owners = self.config.ring().owners(key.as_bytes(), shape.n);
            Note::Owners {
                key: key.clone(),
                nodes: owners.into_iter().map(|owner| Node(owner.0)).collect(),
            }
        });
        std::iter::once(setup).chain(owners).collect()
    }

    /// Only dots claim that a clock has seen exactly what its writer saw, and the winner of
    /// [`core::Resolution::LastWriterWins`] takes over what others had seen.
    fn reader(&self) -> Reader {
        if self.shows_clocks() {
            Peer::holding
        } else {
            without_clocks
        }
    }

    fn layout(&self, history: &BTreeSet<Vec<u8>>) -> Box<dyn Layout> {
        let lines = history.iter();
        let changes = lines.filter_map(|line| serde_json::from_slice::<Change>(line).ok());
        let mut membership: Membership = changes.collect();
        membership.merge(self.config.view().membership());
        Box::new(Seen(self.config.view().with(membership)))
    }

    fn members_min(&self) -> Option<u32> {
        Some(self.shape.n)
    }
}

/// The cluster as one sees it who has read all disks.
#[derive(Debug)]
struct Seen(Arc<View>);

impl Layout for Seen {
    fn is_member(&self, node: u32) -> bool {
        self.0.membership().is_member(NodeId(node))
    }

    fn owners(&self, key: &str) -> Vec<u32> {
        let ring = self.0.ring();
        let owners = self.0.owners(ring.range_of(key.as_bytes())).iter();
        owners.map(|owner| owner.0).collect()
    }

    fn range(&self, key: &str) -> Option<String> {
        let ring = self.0.ring();
        Some(ring.range_name(ring.range_of(key.as_bytes())))
    }
}

/// A second between two rounds suits a cluster that runs for years. A run lasts a few seconds, and what
/// there is to be seen happens while nodes see the cluster differently, so it should begin and end
/// more than once.
const GOSSIP_US: u64 = 100_000;

/// Equal ranges are many more than there are tokens, or nodes (§6.2).
fn partitioning(shape: Shape) -> core::Partitioning {
    let per_node = shape.vnodes;
    let partitions = 4 * shape.nodes * shape.vnodes;
    match shape.partitioning {
        Partitioning::Tokens => core::Partitioning::Tokens { per_node },
        Partitioning::TokensOverPartitions => core::Partitioning::TokensOverPartitions {
            per_node,
            partitions,
        },
        Partitioning::Partitions => core::Partitioning::Partitions { partitions },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fault::Window;
    use crate::sim::toy::{delete, get, notes, outcome, play, put};
    use crate::subject::Answer;

    const SHAPE: Shape = Shape {
        nodes: 5,
        n: 3,
        r: 2,
        w: 2,
        vnodes: 8,
        partitioning: Partitioning::Tokens,
        sloppy: true,
        hints: true,
        anti_entropy: true,
        read_repair: core::ReadRepair::After,
        coordinator: core::Coordinator::Asked,
        read_from: core::ReadFrom::Healthy,
        causality: core::Causality::Dots,
        resolution: core::Resolution::Client,
        reaping_us: None,
        durability: core::Durability::Synced,
        detection: core::Detection::Requests,
        yields: false,
        skew_us: 0,
    };

    fn owners(reference: &mut Reference, key: &str) -> Vec<u32> {
        let setup = reference.setup(&[key.to_owned()]);
        let Note::Owners { nodes, .. } = &setup[1] else {
            panic!("owners come after the setup: {setup:?}");
        };
        nodes.iter().map(|node| node.0).collect()
    }

    fn window(from_ms: u64, until_ms: u64, fault: Fault) -> Window {
        Window {
            id: 1,
            from: Time(from_ms * 1000),
            until: Time(until_ms * 1000),
            fault,
        }
    }

    #[test]
    fn what_was_put_is_read_at_every_node() {
        for seed in 0..10 {
            let mut reference = Reference::new(seed, SHAPE, None);
            let mut asks = vec![put(0, 100, 4, "cart", "milk")];
            asks.extend((0..5).map(|via| get(50, u64::from(via), via, "cart")));
            let happenings = play(&mut reference, &asks, &[]);
            assert_eq!(outcome(&happenings, 100).1, "stored");
            for via in 0..5 {
                assert_eq!(outcome(&happenings, via).1, "milk");
            }
            assert_eq!(reference.stuck(), None);
        }
    }

    #[test]
    fn evidence_names_the_owners_disks_their_versions_and_clocks() {
        let mut reference = Reference::new(1, SHAPE, None);
        let owners: BTreeSet<u32> = owners(&mut reference, "cart").into_iter().collect();
        let happenings = play(&mut reference, &[put(0, 1, 0, "cart", "milk")], &[]);
        let mut disks = BTreeSet::new();
        for (_, note) in notes(&happenings) {
            if let Note::Durable {
                node,
                key,
                versions,
            } = note
            {
                assert_eq!((key.as_str(), versions.len()), ("cart", 1));
                assert_eq!(versions[0].value.as_deref(), Some("milk"));
                let clock = versions[0].clock.as_ref().expect("the core has clocks");
                assert_eq!((clock.dot.1, clock.past.len()), (1, 0));
                disks.insert(node.0);
            }
        }
        assert_eq!(disks, owners);
    }

    #[test]
    fn a_deleted_key_reads_empty_everywhere_and_its_owners_keep_a_tombstone() {
        let asks = [put(0, 1, 0, "cart", "milk"), get(50, 2, 1, "cart")];
        let mut reference = Reference::new(1, SHAPE, None);
        let happenings = play(&mut reference, &asks, &[]);
        let context = happenings.iter().find_map(|happening| match happening {
            Happening::Completion {
                outcome: checker::Outcome::Ok(Answer::Values { context, .. }),
                ..
            } => Some(context.clone()),
            _ => None,
        });
        assert!(context.is_some(), "the get was answered");
        let mut asks = asks.to_vec();
        asks.push(delete(100, 3, 2, "cart", context));
        asks.extend((0..5).map(|via| get(200, 10 + u64::from(via), via, "cart")));
        let mut reference = Reference::new(1, SHAPE, None);
        let happenings = play(&mut reference, &asks, &[]);
        assert_eq!(outcome(&happenings, 3).1, "stored");
        for via in 0..5 {
            assert_eq!(outcome(&happenings, 10 + via).1, "");
        }
        let mut last = std::collections::BTreeMap::new();
        for (_, note) in notes(&happenings) {
            if let Note::Durable { node, versions, .. } = note {
                last.insert(node.0, versions.clone());
            }
        }
        assert_eq!(last.len(), 3);
        for versions in last.values() {
            assert_eq!(versions.len(), 1);
            assert_eq!(versions[0].value, None, "a tombstone");
            let clock = versions[0].clock.as_ref().expect("the core has clocks");
            assert_eq!(clock.past.len(), 1, "it has seen what it deleted");
        }
    }

    #[test]
    fn only_dots_that_are_all_kept_show_their_clocks() {
        let exact = (core::Causality::Dots, core::Resolution::Client);
        for (causality, resolution) in [
            exact,
            (core::Causality::Dots, core::Resolution::LastWriterWins),
            (core::Causality::Clocks, core::Resolution::Client),
            (core::Causality::Vectors, core::Resolution::Client),
        ] {
            let shape = Shape {
                causality,
                resolution,
                ..SHAPE
            };
            let mut reference = Reference::new(1, shape, None);
            let happenings = play(&mut reference, &[put(0, 1, 0, "cart", "milk")], &[]);
            let shown = notes(&happenings).into_iter().any(|(_, note)| {
                matches!(note, Note::Durable { versions, .. } if versions.iter().any(|one| one.clock.is_some()))
            });
            assert_eq!(shown, (causality, resolution) == exact, "{causality:?}");
            let Note::Setup(setup) = &reference.setup(&[])[0] else {
                panic!("the setup comes first");
            };
            assert_eq!(setup.may_lose, (causality, resolution) != exact);
        }
    }

    #[test]
    fn what_the_disks_say_is_what_the_roots_claim() {
        let mut reference = Reference::new(1, SHAPE, None);
        let owners = owners(&mut reference, "cart");
        play(&mut reference, &[put(0, 1, 0, "cart", "milk")], &[]);
        let roots = reference.inspect(&["cart".to_owned()]);
        let mut hashes = BTreeSet::new();
        for note in &roots {
            let Note::Root {
                node, keys, hash, ..
            } = note
            else {
                panic!("only roots are asked for: {note:?}");
            };
            assert!(owners.contains(&node.0));
            assert_eq!(*keys, ["cart"]);
            hashes.insert(hash.clone());
        }
        assert_eq!((roots.len(), hashes.len()), (3, 1));
    }

    #[test]
    fn hints_flow_after_a_cut_and_are_dropped_again() {
        for seed in 0..10 {
            let mut reference = Reference::new(seed, SHAPE, None);
            let owners = owners(&mut reference, "cart");
            let side = owners[..1].iter().copied().collect();
            let cut = window(10, 600, Fault::Cut { side });
            let asks = [
                put(50, 1, owners[1], "cart", "milk"),
                get(1500, 2, owners[0], "cart"),
            ];
            let happenings = play(&mut reference, &asks, &[cut]);
            assert_eq!(outcome(&happenings, 1).1, "stored");
            assert_eq!(outcome(&happenings, 2).1, "milk");
            let evidence = notes(&happenings);
            let kept = evidence.iter().position(
                |(_, note)| matches!(note, Note::Hint { owner, .. } if owner.0 == owners[0]),
            );
            let given = evidence.iter().position(|(at, note)| {
                *at > 600_000
                    && matches!(note, Note::Transfer { kind, to, .. } if kind == "hint" && to.0 == owners[0])
            });
            let dropped = evidence.iter().position(
                |(_, note)| matches!(note, Note::HintDropped { owner, .. } if owner.0 == owners[0]),
            );
            assert!(
                kept.is_some() && kept < given && given < dropped,
                "{evidence:?}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_run_and_fates_repeat_it() {
        let asks: Vec<_> = (0..60)
            .map(|op| match op % 2 {
                0 => put(
                    op * 10,
                    op,
                    (op % 5) as u32,
                    ["x", "y"][(op % 4 / 2) as usize],
                    "v",
                ),
                _ => get(
                    op * 10,
                    op,
                    (op % 3) as u32,
                    ["x", "y"][(op % 4 / 2) as usize],
                ),
            })
            .collect();
        let crash = window(100, 300, Fault::Crash { node: 1 });
        let idle = window(0, 600, Fault::Delay { by: 0 });
        for seed in 0..10 {
            let chance = [
                window(0, 400, Fault::Lose { percent: 15 }),
                window(200, 600, Fault::Repeat { percent: 15 }),
                window(100, 500, Fault::Reorder { within: 9000 }),
                crash.clone(),
            ];
            let run = |windows: &[Window]| {
                let mut reference = Reference::new(seed, SHAPE, None);
                let happenings = play(&mut reference, &asks, windows);
                (happenings, reference.trace(), reference.fates())
            };
            let drawn = run(&chance);
            assert_eq!(run(&chance), drawn);
            let mut told = vec![crash.clone(), idle.clone()];
            told.extend(drawn.2.iter().map(|(at, message, fate)| Window {
                id: 2,
                from: *at,
                until: Time(at.0 + 1),
                fault: Fault::Deliver {
                    message: *message,
                    fate: *fate,
                    what: String::new(),
                },
            }));
            let told = run(&told);
            assert_eq!((&told.0, told.1), (&drawn.0, drawn.1));
            assert!(told.2.is_empty() && drawn.2.len() > 50);
        }
    }

    #[test]
    fn a_run_goes_the_same_way_whether_or_not_the_network_is_written_down() {
        let asks = [put(0, 1, 0, "x", "a"), get(50, 2, 1, "x")];
        let cut = window(0, 30, Fault::Lose { percent: 30 });
        let run = |kept: bool| {
            let mut reference = Reference::new(3, SHAPE, None);
            if kept {
                reference.keep_network();
            }
            let happenings = play(&mut reference, &asks, std::slice::from_ref(&cut));
            (happenings, reference.trace(), reference.network())
        };
        let (plain, written) = (run(false), run(true));
        assert_eq!((&plain.0, plain.1), (&written.0, written.1));
        assert!(plain.2.is_empty());
        let answers: Vec<u64> = written.2.answers.keys().map(|op| op.0).collect();
        assert_eq!(answers, [1, 2]);
        let lost = |one: &&checker::network::Message| one.heard.is_none();
        let lost = written.2.messages.iter().filter(lost).count();
        assert!(lost > 0 && lost < written.2.messages.len(), "{written:?}");
    }

    #[test]
    fn any_shape_is_a_cluster() {
        for (nodes, n, vnodes) in [(0, 0, 0), (1, 9, 1), (u32::MAX, 3, 64), (2, 2, u32::MAX)] {
            let shape = Shape {
                nodes,
                n,
                vnodes,
                hints: false,
                ..SHAPE
            };
            let mut reference = Reference::new(1, shape, None);
            assert!(matches!(reference.setup(&[])[0], Note::Setup(_)));
        }
    }
}
