//! A cluster of real nodes under the faults of a plan.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use checker::Time;
use checker::note::{Node, Note};
use dynamo_core::{Durability, Flaw};
use thiserror::Error;
use tokio::sync::oneshot;

use super::admin::{self, Seen, Versions, Wanted};
use super::client::Http;
use super::disks::Disks;
use super::faults::can;
use super::nodes::{Fallen, Nodes};
use super::proxy::{Book, Proxy};
use crate::drive::{Run, Undriven, drive};
use crate::fault::Fault;
use crate::luck::{Key, Luck, Purpose};
use crate::plan::Plan;
use crate::sim::Deployment;
use crate::subject::live::{ClientError, Live};
use crate::subject::{Ask, Happening, Subject, Unsupported, reference};

/// The reference core as processes, one for each node, on loopback. One of these serves one plan.
///
/// A microsecond of the plan is a microsecond of real time since the first call, so the same plan gives
/// another history each time. When it is dropped, no process and no file is left; nodes end too when the
/// thread that started it does, however that ends.
pub struct Cluster {
    // Dropped first: who is killed says nothing more.
    nodes: Nodes,
    live: Live<Http, Connect>,
    proxy: Proxy,
    book: Arc<Book>,
    deployment: reference::Cluster,
    luck: Luck,
    size: u32,
    /// Whether all that is acknowledged is on disks, not in memory alone.
    syncs: bool,
    /// Whether owners come to hold the same without being read.
    compares: bool,
    /// N: so many members stay.
    members_min: u32,
    settle: Duration,
    noted: Vec<(Time, Note)>,
    /// What disks were seen to hold last.
    disks: Disks,
    /// What nodes claimed then.
    roots: Vec<Note>,
    /// By node, its windows in which it is out, and who tells it to others, until this is dropped.
    out: BTreeMap<u32, Out>,
    orders: u64,
    fallen: Option<Fallen>,
}

#[derive(Default)]
struct Out {
    windows: u32,
    gone: bool,
    order: Option<oneshot::Sender<()>>,
}

type Connecting = Pin<Box<dyn Future<Output = Result<Http, ClientError>> + Send>>;
type Connect = Box<dyn Fn(u32) -> Connecting + Send + Sync>;

/// Why there is no cluster.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Unstarted {
    /// The system has no room for it.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A node does not come up.
    #[error("{0}")]
    Fallen(#[from] Fallen),
}

/// A call has no answer after this time.
const LIMIT: Duration = Duration::from_secs(5);

/// A node that does not serve after this time never will.
const STARTUP: Duration = Duration::from_secs(30);

/// How long after the last fault the cluster is left alone.
const SETTLE_US: u64 = 300_000;

/// Between two looks at whether it is mended.
const LOOK: Duration = Duration::from_millis(100);

/// What is seen so often in a row, for as long as a plan gives it to mend, will not change any more.
const LOOKS: u32 = 20;

/// It may take this much longer to mend than a plan says, since others use the machine too.
const LENIENCE: Duration = Duration::from_secs(10);

const ORDER: Key = Key::named("order");
const FIRST: Purpose = Purpose::named("which node is told first");

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("nodes", &self.nodes)
            .field("fallen", &self.fallen)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Starts the cluster of a plan, with empty disks, and waits until all nodes serve. `program` is the
    /// `dyno` command.
    ///
    /// # Errors
    /// When a node does not come up.
    pub fn start(program: &Path, plan: &Plan, flaw: Option<Flaw>) -> Result<Self, Unstarted> {
        let deployment = reference::Cluster::new(plan.shape, flaw);
        let shape = deployment.core_shape();
        let (size, members_min, compares) = (shape.nodes, shape.n, shape.anti_entropy);
        let syncs = shape.durability == Durability::Synced;
        let book = Arc::new(Book::default());
        let luck = Luck::new(plan.seed);
        let proxy = Proxy::start(size, luck, &book)?;
        let mut nodes = Nodes::new(program.to_owned(), size, &book)?;
        let json = serde_json::to_string(shape).map_err(io::Error::other)?;
        let path = nodes.write("shape.json", &json)?;
        nodes.add_arguments(["--shape".to_owned(), path.display().to_string()]);
        for node in 0..size {
            nodes.introduce(node, proxy.addresses(node));
        }
        nodes.start(STARTUP)?;
        Ok(Cluster {
            nodes,
            live: Live::new(size, LIMIT, connect(&book))?,
            proxy,
            book,
            deployment,
            luck,
            size,
            syncs,
            compares,
            members_min,
            settle: Duration::from_micros(plan.settle()),
            noted: Vec::new(),
            disks: Disks::default(),
            roots: Vec::new(),
            out: BTreeMap::new(),
            orders: 0,
            fallen: None,
        })
    }

    /// Runs a plan on a cluster of its own.
    ///
    /// # Errors
    /// When the cluster does not come up, a node ends by itself, or the plan has a fault that real processes
    /// cannot be made to suffer.
    pub fn run(program: &Path, plan: &Plan, flaw: Option<Flaw>) -> Result<Run, Undriven> {
        let broken = |why: String| Undriven::Broken(why);
        let mut windows = plan.faults.0.iter();
        if let Some(window) = windows.find(|window| !can(&window.fault)) {
            return Err(Unsupported(window.fault.to_string()).into());
        }
        let cluster = Cluster::start(program, plan, flaw);
        let mut cluster = cluster.map_err(|why| broken(why.to_string()))?;
        let run = drive(plan, &mut cluster);
        match cluster.fallen() {
            Some(fallen) => Err(broken(fallen.to_string())),
            None => run,
        }
    }

    /// The first node that did not do what it should, such as end by itself.
    pub fn fallen(&self) -> Option<&Fallen> {
        self.fallen.as_ref()
    }

    /// Begins or ends what is done to a node; what is done to messages, the proxy does.
    fn strike(&mut self, window: u32, fault: &Fault, begins: bool) -> Result<(), Fallen> {
        match (fault, begins) {
            (Fault::Crash { node }, true) => self.kill(*node, window),
            (Fault::Wipe { node }, true) => {
                self.kill(*node, window);
                self.nodes.wipe(*node)?;
            }
            (Fault::Crash { node } | Fault::Wipe { node }, false) => self.revive(*node, window)?,
            (Fault::Pause { node }, _) => self.nodes.pause(*node, window, begins)?,
            (Fault::Restore { node }, true) => self.nodes.back_up(*node, window)?,
            (Fault::Restore { node }, false) => {
                self.kill(*node, window);
                self.nodes.restore(*node, window)?;
                self.revive(*node, window)?;
            }
            (Fault::Depart { node }, _) => self.depart(*node, begins),
            _ => {}
        }
        Ok(())
    }

    fn kill(&mut self, node: u32, window: u32) {
        if self.nodes.kill(node, window) {
            self.note(Note::Crash(Node(node)));
        }
    }

    fn revive(&mut self, node: u32, window: u32) -> Result<(), Fallen> {
        if self.nodes.revive(node, window)? {
            self.note(Note::Restart(Node(node)));
        }
        Ok(())
    }

    /// Has the node leave, if enough others stay, or join again.
    fn depart(&mut self, node: u32, begins: bool) {
        let gone = self.out.values().filter(|out| out.gone).count() as u32;
        let out = self.out.entry(node).or_default();
        if begins {
            out.windows += 1;
        } else {
            out.windows -= 1;
        }
        let leaves = begins && out.windows == 1 && self.size - gone > self.members_min;
        let joins = out.windows == 0 && out.gone;
        if !leaves && !joins {
            return;
        }
        out.gone = leaves;
        self.orders += 1;
        let key = ORDER.child(u64::from(node)).child(self.orders);
        let first = self.luck.between(key, FIRST, 0, u64::from(self.size) - 1) as u32;
        let (end, ended) = oneshot::channel::<()>();
        out.order = Some(end);
        let order = admin::order(Arc::clone(&self.book), self.size, node, joins, first);
        self.proxy.beside(async {
            tokio::select! {
                () = order => {}
                _ = ended => {}
            }
        });
    }

    fn note(&mut self, note: Note) {
        self.noted.push((self.live.now(), note));
    }

    /// How disks are to be read; not at all where they say less than the nodes have acknowledged.
    fn versions(&self) -> Option<Versions> {
        let clocks = self.deployment.shows_clocks();
        self.syncs.then_some(if clocks {
            Versions::WithClocks
        } else {
            Versions::WithoutClocks
        })
    }

    /// What disks hold when the faults end. Nodes are looked at one after the other while they mend one another,
    /// and if one does not answer, nothing is told.
    fn look_healed(&mut self, keys: &[String]) -> Result<Option<Vec<Note>>, Fallen> {
        self.nodes.await_all(STARTUP)?;
        let Some(versions) = self.versions() else {
            return Ok(None);
        };
        let look = admin::look_at_disks(&self.book, self.size, versions);
        let Some(disks) = self.live.wait(look) else {
            return Ok(None);
        };
        let notes = disks.notes(&self.disks, keys, self.size);
        self.disks = disks;
        Ok(Some(notes))
    }

    /// What disks hold in the end, and who owns the keys where that has changed in between. Nothing is told of
    /// disks that do not come to rest: what was read of one may be over when the next is read.
    fn look_mended(&mut self, keys: &[String]) -> Result<Option<Vec<Note>>, Fallen> {
        let (seen, twice) = self.watch(keys)?;
        self.roots = seen.roots;
        let owners_known = self.orders == 0 || seen.mended;
        if !self.syncs || !twice || !owners_known {
            return Ok(None);
        }
        let owners = seen.owners.into_iter();
        let owners = owners.map(|(key, nodes)| Note::Owners {
            key,
            nodes: nodes.into_iter().map(Node).collect(),
        });
        let mut notes: Vec<Note> = owners.collect();
        notes.extend(seen.disks.notes(&self.disks, keys, self.size));
        self.disks = seen.disks;
        Ok(Some(notes))
    }

    /// Looks at the cluster until nothing is left to be mended, twice in a row, or it rests, or it had its time. Says also
    /// whether it saw the same twice: then all that was so in one moment between the two.
    fn watch(&mut self, keys: &[String]) -> Result<(Seen, bool), Fallen> {
        self.nodes.await_all(STARTUP)?;
        let late = Instant::now() + self.settle + LENIENCE;
        let wanted = Wanted {
            disks: self.versions(),
            owners: self.orders > 0,
            compares: self.compares,
        };
        let mut before = None;
        let (mut since, mut alike) = (Instant::now(), 0);
        loop {
            self.nodes.look()?;
            let look = admin::look(&self.book, self.size, keys, wanted);
            let seen = self.live.wait(look);
            let now = Instant::now();
            let twice = seen.is_some() && before == seen;
            (since, alike) = if twice { (since, alike + 1) } else { (now, 0) };
            let rests = alike >= LOOKS && now >= since + self.settle;
            match seen {
                Some(seen) if (seen.mended && twice) || rests || now >= late => {
                    return Ok((seen, twice));
                }
                None if now >= late => {
                    return Err(Fallen {
                        node: 0,
                        what: "or another node does not answer its administrator".into(),
                    });
                }
                seen => before = seen,
            }
            std::thread::sleep(LOOK);
        }
    }
}

fn connect(book: &Arc<Book>) -> Connect {
    let book = Arc::clone(book);
    Box::new(move |node| {
        let address = book.of(node);
        Box::pin(async move {
            let down = || ClientError::DidNotHappen(format!("n{node} does not run"));
            Http::open(address.ok_or_else(down)?.clients).await
        })
    })
}

impl Subject for Cluster {
    fn setup(&mut self, keys: &[String]) -> Vec<Note> {
        let mut notes = self.deployment.setup(keys);
        for note in &mut notes {
            if let Note::Setup(setup) = note {
                setup.sampled = true;
            }
        }
        notes
    }

    fn submit(&mut self, ask: Ask) {
        self.live.submit(ask);
    }

    fn advance(&mut self, until: Time, out: &mut Vec<Happening>) -> Time {
        let noted = self.noted.drain(..);
        out.extend(noted.map(|(at, note)| Happening::Noted { at, note }));
        self.live.advance(until, out)
    }

    fn fault(&mut self, window: u32, fault: &Fault, begins: bool) -> Result<(), Unsupported> {
        let refused = Err(Unsupported(fault.to_string()));
        if !can(fault) {
            return refused;
        }
        let mut fault = fault.clone();
        fault.wrap(self.size);
        self.proxy.turn(window, &fault, begins);
        let struck = self.nodes.look();
        let struck = struck.and_then(|()| self.strike(window, fault.unaimed(), begins));
        match struck {
            Ok(()) => Ok(()),
            Err(fallen) => {
                self.fallen = Some(fallen);
                refused
            }
        }
    }

    /// The second time, once the nodes are mended or had their time.
    fn disks(&mut self, keys: &[String], mended: bool) -> Option<Vec<Note>> {
        let looked = if mended {
            self.look_mended(keys)
        } else {
            self.look_healed(keys)
        };
        looked.unwrap_or_else(|fallen| {
            self.fallen = Some(fallen);
            None
        })
    }

    /// The roots that the nodes claimed when their disks were looked at last.
    fn inspect(&mut self, _keys: &[String]) -> Vec<Note> {
        std::mem::take(&mut self.roots)
    }

    /// Little: [`Subject::inspect`] waits for as long as it takes, within limits.
    fn settle_us(&self) -> Option<u64> {
        Some(SETTLE_US)
    }

    /// Always 0: real time is not deterministic, and equal numbers say nothing here.
    fn trace(&self) -> u64 {
        0
    }
}
