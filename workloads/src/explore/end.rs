//! The end of every schedule: nothing goes wrong any more, and everything that is left happens.

use std::hash::Hash;

use checker::kv::Kv;
use checker::note::{Node, Note};
use checker::{History, Time};

use super::digest::Scribe;
use super::past::Lane;
use super::scope::Bounds;
use super::world::{Rules, World};
use crate::drive::FINAL_READS;
use crate::replica::Replica;
use crate::sim::Deployment;
use crate::subject::reference::Cluster;

/// How many messages and wakes the end of a schedule may take. Trees are compared some twenty times.
const EVENTS_MAX: u32 = 20_000;

/// The replicas did not come to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Restless;

/// Lets a state come to its quiet end, and returns the whole history.
///
/// Messages arrive in the order in which they were sent and take no time, stores are durable at once,
/// timers strike when they are due. The cluster has the time that it needs to compare all trees three
/// times; then roots are noted, and every key is read at every node.
pub(super) fn quiet_end<D>(
    rules: &Rules<D>,
    world: &World<D::Replica>,
    scribe: &mut Scribe,
) -> Result<History<Kv>, Restless>
where
    D: Deployment<Replica: Replica<Message: Hash> + Clone + Hash>,
{
    let mut end = End {
        rules,
        world: world.clone(),
        events: 0,
    };
    end.world.left = Bounds::default();
    end.note(Note::Healed, scribe);
    let nodes = rules.plan.shape.nodes;
    for node in 0..nodes {
        end.world.sync_all(rules, node, scribe);
    }
    let settle = 1_500_000 + 3 * Cluster::STILL_US * u64::from(nodes - 1);
    let until = Time(end.world.now.0 + settle);
    end.run(until, |_| false, scribe)?;
    end.world.now = until;
    for note in end.roots() {
        end.note(note, scribe);
    }
    end.note(Note::Quiet, scribe);
    let mut op = FINAL_READS;
    for key in &rules.keys {
        for node in 0..nodes {
            end.world.read(rules, (op, node), key, scribe);
            let never = Time(u64::MAX);
            end.run(never, |world| !world.is_open(), scribe)?;
            op += 1;
        }
    }
    let entries = end.world.past.entries();
    Ok(History::new(entries).expect("clients call one thing at a time, and each entry is later"))
}

struct End<'a, D: Deployment> {
    rules: &'a Rules<D>,
    world: World<D::Replica>,
    events: u32,
}

impl<D> End<'_, D>
where
    D: Deployment<Replica: Replica<Message: Hash> + Clone + Hash>,
{
    fn note(&mut self, note: Note, scribe: &mut Scribe) {
        let now = self.world.now;
        self.world.past.note(now, Lane::All, note, 0, scribe);
    }

    /// Everything happens that is to happen before a time, or until something is so.
    fn run(
        &mut self,
        until: Time,
        enough: impl Fn(&World<D::Replica>) -> bool,
        scribe: &mut Scribe,
    ) -> Result<(), Restless> {
        while !enough(&self.world) {
            self.events += 1;
            if self.events > EVENTS_MAX {
                return Err(Restless);
            }
            if !self.world.flights.is_empty() {
                self.world.deliver(self.rules, 0, scribe);
                continue;
            }
            match self.world.next_wake().filter(|(due, _)| *due <= until) {
                Some((_, node)) => self.world.wake(self.rules, node, scribe),
                None if until == Time(u64::MAX) => return Err(Restless),
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn roots(&self) -> Vec<Note> {
        let all = self.world.roots().into_iter();
        let roots = all.flat_map(|(node, roots)| {
            roots
                .into_iter()
                .map(move |(range, hash)| (node, range, hash))
        });
        let notes = roots.filter_map(|(node, range, hash)| {
            let keys = self.rules.ranges.get(&range)?.clone();
            let node = Node(node);
            Some(Note::Root {
                node,
                range,
                keys,
                hash,
            })
        });
        notes.collect()
    }
}
