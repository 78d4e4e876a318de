//! A sans-IO replica of one's own in the simulator, as something to test.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use checker::Time;
use checker::network::Network;
use checker::note::{Node, Note, Setup};

use super::bench::{Bench, ENDURED, endured};
use super::terms::Terms;
use super::test::{Test, Undeclared};
use crate::drive::{Run, Undriven, drive};
use crate::plan::{Plan, Shape};
use crate::replica::{Disk, Replica};
use crate::sim::{Deployment, Layout, Sim};

/// What a node is started with: at first on an empty disk, later on what a crash left.
#[derive(Clone, Copy, Debug)]
pub struct Boot<'a> {
    /// Which node it is; the first is 0.
    pub node: u32,
    /// How many nodes there are.
    pub nodes: u32,
    /// How many replicas a key has.
    pub n: u32,
    /// How many answers a get waits for.
    pub r: u32,
    /// How many durable copies a put waits for.
    pub w: u32,
    /// The records that are durable on its disk.
    pub disk: &'a Disk,
    /// The present time.
    pub now: Time,
}

/// A sans-IO replica in the simulator: the same plan gives the same run.
pub struct Simulated<F, R> {
    start: F,
    without: BTreeSet<&'static str>,
    owners: Option<Arc<Owners>>,
    replica: PhantomData<fn() -> R>,
}

type Owners = dyn Fn(&str) -> Vec<u32>;

/// A test of a sans-IO replica, which `start` starts; say next what becomes of concurrent writes.
///
/// Unless said otherwise there are three nodes that all own every key, gets wait for two of them and puts
/// for two; clients put, get and delete, messages get lost, late, out of order and twice, nodes pause, slow
/// down and crash, disks stall, and the network is cut and clogged. But [`endured`] says what does not happen.
pub fn simulate<F, R>(start: F) -> Undeclared<Simulated<F, R>>
where
    F: Fn(&Boot<'_>) -> R,
    R: Replica,
{
    Undeclared::new(
        3,
        Simulated {
            start,
            without: BTreeSet::new(),
            owners: None,
            replica: PhantomData,
        },
    )
}

impl<F, R> Test<Simulated<F, R>>
where
    F: Fn(&Boot<'_>) -> R,
    R: Replica,
{
    /// A cluster of this many nodes, 1 to 64.
    pub fn nodes(mut self, nodes: u32) -> Self {
        self.said.nodes = nodes;
        self
    }

    /// Leaves out these kinds of fault: `cut`, `cut-one-way`, `cut-links`, `crash`, `pause`, `slow`, `stall`,
    /// `lose`, `delay`, `reorder`, `repeat`, `clog`, `narrow`, `rank`.
    pub fn without(mut self, faults: &[&str]) -> Self {
        for fault in faults {
            if let Some(known) = ENDURED.iter().find(|known| *known == fault) {
                self.bench.without.insert(known);
            } else {
                let known = ENDURED.join(", ");
                self.refuse(format!("there is no fault {fault:?}; there are {known}"));
            }
        }
        self
    }

    /// Which nodes should hold a key, in order of preference; all of them, if this is not said. Only
    /// convergence and handoff delivery ask.
    pub fn owners(mut self, owners: impl Fn(&str) -> Vec<u32> + 'static) -> Self {
        self.bench.owners = Some(Arc::new(owners));
        self.said.owners = true;
        self
    }
}

impl<F, R> fmt::Debug for Simulated<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated")
            .field("without", &self.without)
            .field("owners", &self.owners.is_some())
            .finish_non_exhaustive()
    }
}

impl<F, R> Bench for Simulated<F, R>
where
    F: Fn(&Boot<'_>) -> R,
    R: Replica,
{
    fn run(&self, plan: &Plan, terms: &Terms) -> Result<Run, Undriven> {
        let mut sim = self.cluster(plan, terms);
        let run = drive(plan, &mut sim);
        match sim.stuck() {
            Some(why) => Err(Undriven::Stuck(why)),
            None => run,
        }
    }

    fn network(&self, plan: &Plan, terms: &Terms) -> Network {
        let mut sim = self.cluster(plan, terms);
        sim.keep_network();
        match drive(plan, &mut sim) {
            Ok(_) => sim.network(),
            Err(_) => Network::default(),
        }
    }

    fn fitted(&self, plan: Plan) -> Plan {
        let mut plan = endured(plan);
        let faults = &mut plan.faults.0;
        faults.retain(|window| !self.without.contains(window.fault.kind()));
        plan
    }
}

impl<F, R> Simulated<F, R>
where
    F: Fn(&Boot<'_>) -> R,
    R: Replica,
{
    fn cluster(&self, plan: &Plan, terms: &Terms) -> Sim<Deployed<'_, F>> {
        let deployed = Deployed {
            start: &self.start,
            shape: terms.shape,
            setup: terms.setup.clone(),
            settle_us: terms.settle_us,
            owners: self.owners.clone(),
        };
        Sim::new(deployed, terms.shape.nodes, plan.seed)
    }
}

/// The replica as the simulator wants it.
struct Deployed<'a, F> {
    start: &'a F,
    shape: Shape,
    setup: Option<Setup>,
    settle_us: Option<u64>,
    owners: Option<Arc<Owners>>,
}

impl<F, R> Deployment for Deployed<'_, F>
where
    F: Fn(&Boot<'_>) -> R,
    R: Replica,
{
    type Replica = R;

    fn start(&self, node: u32, disk: &Disk, now: Time) -> R {
        let Shape { nodes, n, r, w, .. } = self.shape;
        (self.start)(&Boot {
            node,
            nodes,
            n,
            r,
            w,
            disk,
            now,
        })
    }

    fn settle_us(&self) -> Option<u64> {
        self.settle_us
    }

    fn setup(&self, keys: &[String]) -> Vec<Note> {
        let mut notes: Vec<Note> = self.setup.clone().map(Note::Setup).into_iter().collect();
        let known = self.owners.is_some() || self.shape.n == self.shape.nodes;
        let layout = self.layout(&BTreeSet::new());
        notes.extend(keys.iter().filter(|_| known).map(|key| Note::Owners {
            key: key.clone(),
            nodes: layout.owners(key).into_iter().map(Node).collect(),
        }));
        notes
    }

    fn layout(&self, _history: &BTreeSet<Vec<u8>>) -> Box<dyn Layout> {
        Box::new(Settled {
            nodes: self.shape.nodes,
            owners: self.owners.clone(),
        })
    }
}

/// Members that stay.
struct Settled {
    nodes: u32,
    owners: Option<Arc<Owners>>,
}

impl fmt::Debug for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settled({})", self.nodes)
    }
}

impl Layout for Settled {
    fn is_member(&self, _node: u32) -> bool {
        true
    }

    fn owners(&self, key: &str) -> Vec<u32> {
        match &self.owners {
            None => (0..self.nodes).collect(),
            Some(owners) => owners(key),
        }
    }

    fn range(&self, _key: &str) -> Option<String> {
        None
    }
}
