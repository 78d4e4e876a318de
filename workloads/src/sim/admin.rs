//! The administrator: tells nodes who leaves and who joins, and what the disks then say of it.

use std::collections::BTreeSet;

use checker::Time;
use checker::note::{Node, Note};

use crate::luck::{Key, Purpose};
use crate::replica::Input;
use crate::sim::deployment::{Deployment, Layout};
use crate::sim::event::Event;
use crate::sim::trace::Mark;
use crate::sim::world::Sim;

const ORDER: Key = Key::named("order");
const FIRST: Purpose = Purpose::named("which node is told first");

/// How long an administrator waits before looking at the disks again.
const LOOK_US: u64 = 50_000;

/// What was ordered, and what came of it.
#[derive(Debug)]
pub(crate) struct Admin {
    /// The cluster as all disks together make it: a line counts once any disk holds it.
    pub(crate) layout: Box<dyn Layout>,
    lines: BTreeSet<Vec<u8>>,
    /// The keys whose owners are noted.
    keys: Vec<String>,
    seats: Vec<Standing>,
}

/// What is ordered of one node.
#[derive(Clone, Debug, Default)]
struct Standing {
    /// How many open windows keep it out.
    windows: u32,
    /// Whether it is to be out.
    out: bool,
    /// How many orders there were about it.
    serial: u32,
    /// The lines on its disk.
    lines: BTreeSet<Vec<u8>>,
}

impl Admin {
    /// Nobody was told anything yet.
    pub(crate) fn new(nodes: u32, deployment: &impl Deployment) -> Self {
        let lines = BTreeSet::new();
        Admin {
            layout: deployment.layout(&lines),
            lines,
            keys: Vec::new(),
            seats: vec![Standing::default(); nodes as usize],
        }
    }

    /// From now on the owners of these keys are noted when members change.
    pub(crate) fn watch(&mut self, keys: &[String]) {
        self.keys.extend_from_slice(keys);
    }

    /// The disk of the node holds these lines and no others: those of all disks, unless nothing changed.
    pub(crate) fn relearn(
        &mut self,
        node: u32,
        lines: BTreeSet<Vec<u8>>,
    ) -> Option<BTreeSet<Vec<u8>>> {
        let seat = &mut self.seats[node as usize];
        if seat.lines == lines {
            return None;
        }
        seat.lines = lines;
        let all = self.seats.iter().flat_map(|seat| seat.lines.iter());
        Some(all.cloned().collect())
    }

    /// The cluster is now as these lines make it: who owns what, and who knows it.
    pub(crate) fn follow(
        &mut self,
        layout: Box<dyn Layout>,
        lines: BTreeSet<Vec<u8>>,
    ) -> (Vec<Note>, Vec<u32>) {
        self.layout = layout;
        self.lines = lines;
        let seats = (0..).zip(&self.seats);
        let informed = seats.filter(|(_, seat)| seat.lines.len() == self.lines.len());
        (self.owners(), informed.map(|(node, _)| node).collect())
    }

    fn owners(&self) -> Vec<Note> {
        let owners = |key: &String| self.layout.owners(key).into_iter().map(Node);
        let notes = self.keys.iter().map(|key| Note::Owners {
            key: key.clone(),
            nodes: owners(key).collect(),
        });
        notes.collect()
    }
}

impl<D: Deployment> Sim<D> {
    /// Begins a window in which the node is no member, if enough others are.
    pub(crate) fn depart(&mut self, node: u32) {
        let out = self.admin.seats.iter().filter(|seat| seat.out).count();
        let left = self.admin.seats.len() - out;
        let enough = self.deployment.members_min().unwrap_or(u32::MAX) as usize;
        let seat = &mut self.admin.seats[node as usize];
        seat.windows += 1;
        if seat.windows == 1 && left > enough {
            seat.out = true;
            self.issue(node);
        }
    }

    /// Ends such a window.
    pub(crate) fn rejoin(&mut self, node: u32) {
        let seat = &mut self.admin.seats[node as usize];
        seat.windows -= 1;
        if seat.windows == 0 && seat.out {
            seat.out = false;
            self.issue(node);
        }
    }

    fn issue(&mut self, member: u32) {
        let seat = &mut self.admin.seats[member as usize];
        seat.serial += 1;
        let event = Event::Order {
            member,
            serial: seat.serial,
            attempt: 0,
        };
        self.queue.add(self.now, event);
    }

    /// Tells some node that runs, unless the disks say already what was ordered, and looks again
    /// later.
    ///
    /// An administrator never stops looking: who was told may crash before its disk has it, and may
    /// have told others before.
    pub(crate) fn order(&mut self, member: u32, serial: u32, attempt: u64) {
        let seat = &self.admin.seats[member as usize];
        if seat.serial != serial {
            return;
        }
        let joins = !seat.out;
        let again = Event::Order {
            member,
            serial,
            attempt: attempt + 1,
        };
        self.queue
            .add(Time(self.now.0.saturating_add(LOOK_US)), again);
        if self.admin.layout.is_member(member) == joins {
            return;
        }
        let key = ORDER.child(u64::from(member)).child(u64::from(serial));
        let nodes = self.seats.len() as u64;
        let first = self.luck.between(key, FIRST, 0, nodes - 1) + attempt;
        let runs = |node: &u32| {
            let seat = &self.seats[*node as usize];
            seat.replica.is_some() && seat.pauses == 0
        };
        let told = (first..first + nodes).map(|node| (node % nodes) as u32);
        if let Some(node) = told.into_iter().find(runs) {
            let key = key.child(attempt);
            self.trace.mark(self.now, Mark::Ordered, node, key.0);
            self.handle(node, key, Input::Order { member, joins });
        }
    }

    /// Takes in what the disk of this node says of the members, before everything else it says.
    pub(crate) fn learn(&mut self, node: u32) {
        let lines = std::mem::take(&mut self.seats[node as usize].platter.changes);
        if lines.is_empty() {
            return;
        }
        let admin = &mut self.admin;
        let known = admin.lines.len();
        admin.lines.extend(lines.iter().cloned());
        let mut notes = Vec::new();
        if admin.lines.len() > known {
            admin.layout = self.deployment.layout(&admin.lines);
            notes.extend(admin.owners());
        }
        let own = &mut admin.seats[node as usize].lines;
        own.extend(lines);
        if own.len() == admin.lines.len() {
            notes.push(Note::Informed(Node(node)));
        }
        self.notes.splice(0..0, notes);
    }
}
