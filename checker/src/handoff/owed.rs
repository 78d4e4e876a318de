//! What an acknowledged write owes to the owners that did not hear of it.

use std::collections::BTreeSet;

use super::check::KEPT_FOR_NOBODY;
use super::held::{Held, Holdings, Sight};
use crate::evidence::{Disks, Finding, Findings, Marks, acknowledged, contents, owned, reason};
use crate::history::Time;
use crate::note::{Node, Note};
use crate::order::{Key, Order, Status};

/// Looks for owners that lack an acknowledged write once the store is mended.
///
/// Where replicas also compare what they hold, convergence sees to it. A coordinator that crashes takes
/// its knowledge of who was silent with it, and who coordinates does not show: so only writes that were
/// called after the last crash are owed, only where owners never changed, and only to owners of which no
/// hint expired. A tombstone that was reaped may have been there, if it was not seen. O(writes · N).
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    findings: &mut Findings,
) {
    let compares = marks.setup.is_some_and(|setup| setup.converges);
    let judged = !compares && !marks.may_miss_tombstones();
    let Some(quiet) = marks.quiet.filter(|_| judged) else {
        return;
    };
    let past = Past::new(order, quiet);
    let disks = Disks::at(&order.notes, quiet);
    for (number, key) in order.keys.iter().enumerate() {
        let tenures = &marks.tenures[number];
        if key.repeats || tenures.is_unknown() || !tenures.changes(quiet).is_empty() {
            continue;
        }
        let owners = marks.owners[number];
        let excused =
            |owner: &&Node| past.down.contains(*owner) || past.expired.contains(&(number, **owner));
        for &owner in owners.iter().filter(|owner| !excused(owner)) {
            let mut held = Held::default();
            held.add(key, disks.data(number, owner));
            if let Some(before) = past.held.of(number, owner) {
                held.add_tombstones(before);
            }
            let lacks = |&write: &usize| {
                let of = &key.writes[write];
                of.status == Status::Acknowledged
                    && of.invoked > past.crashed
                    && !held.covers_write(sight, key, write)
            };
            if let Some(write) = (0..key.writes.len()).find(lacks) {
                findings.report(KEPT_FOR_NOBODY, || {
                    let on_disk = contents(disks.data(number, owner));
                    nobody(order, (key, write), (owner, owners), &on_disk)
                });
            }
        }
    }
}

/// What happened until the store was mended.
struct Past<'h> {
    /// When a node crashed last; 0 if none did.
    crashed: Time,
    /// The nodes that are down.
    down: BTreeSet<Node>,
    /// The keys and owners of hints that expired.
    expired: BTreeSet<(usize, Node)>,
    /// What each node ever held as its own: tombstones that are gone may have been reaped.
    held: Holdings<'h>,
}

impl<'h> Past<'h> {
    fn new(order: &Order<'h>, quiet: usize) -> Self {
        let mut past = Past {
            crashed: Time(0),
            down: BTreeSet::new(),
            expired: BTreeSet::new(),
            held: Holdings::default(),
        };
        for noted in order.notes.iter().filter(|noted| noted.line <= quiet) {
            match (noted.note, noted.key) {
                (Note::Crash(node), _) => {
                    past.crashed = past.crashed.max(noted.at);
                    past.down.insert(*node);
                }
                (Note::Restart(node), _) => {
                    past.down.remove(node);
                }
                (Note::HintExpired { owner, .. }, Some(number)) => {
                    past.expired.insert((number, *owner));
                }
                (Note::Durable { node, versions, .. }, Some(number)) => {
                    past.held
                        .add((number, &order.keys[number]), *node, versions);
                }
                _ => {}
            }
        }
        past
    }
}

fn nobody(
    order: &Order<'_>,
    (key, write): (&Key<'_>, usize),
    (owner, owners): (Node, &[Node]),
    on_disk: &str,
) -> Finding {
    Finding {
        sentence: format!(
            "An acknowledged write was kept for nobody: {owner} owns {} and never got {}.",
            key.name,
            key.label(write)
        ),
        key: Some(key.name.into()),
        ops: vec![order.op(key.writes[write].place).id],
        reasons: vec![
            acknowledged(order, key, write),
            owned(key.name, owners),
            reason("no node crashed since the write was called", &[]),
            reason(
                format!(
                    "all faults had ended and the store had had its time, and {owner} holds {on_disk}"
                ),
                &[],
            ),
        ],
        kind: "",
    }
}
