//! What a change of view asks of a node.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::state::{Await, Duty, overlap};
use crate::batch::Batch;
use crate::flaw::Flaw;
use crate::node::Node;
use crate::ring::{Range, Ring};
use crate::view::{Handover, View};

impl Node {
    /// What a change of view asks of this node goes into the batch that carries the change.
    pub(in crate::node) fn plan_handovers(&mut self, handovers: Vec<Handover>, batch: &mut Batch) {
        let view = self.store.view().clone();
        self.recut(&view, batch);
        if self.flaw(Flaw::NoHandover) {
            return;
        }
        for handover in handovers {
            let known = |other: &Handover| {
                (other.range, other.from, other.to) == (handover.range, handover.from, handover.to)
            };
            if handover.from == self.id {
                if self.flaw(Flaw::DropBeforeHandover) {
                    self.store.drop_range(handover.range, |_| false, batch);
                }
                if !self
                    .transfers
                    .duties
                    .iter()
                    .any(|duty| known(&duty.handover))
                {
                    batch.handover(&handover, false);
                    self.add_duty(handover);
                }
            } else if handover.to == self.id
                && handover.gained
                && !self
                    .transfers
                    .awaits
                    .iter()
                    .any(|other| known(&other.handover))
            {
                batch.handover(&handover, false);
                self.transfers.awaits.push(Await::new(handover));
            }
        }
        self.plan_strays(batch);
    }

    /// What this node holds, does not own, and nobody is to get from it goes to all owners: who of them
    /// lacks it is not known any more.
    pub(super) fn plan_strays(&mut self, batch: &mut Batch) {
        for handover in self.strays() {
            batch.handover(&handover, false);
            self.add_duty(handover);
        }
    }

    fn strays(&self) -> Vec<Handover> {
        let view = self.store.view();
        let duties = &self.transfers.duties;
        let strays = self.store.stray_ranges().flat_map(|range| {
            let overlaps = |duty: &Duty| overlap(duty.handover.range, range);
            let owners = view.owners_at(range.to).iter();
            let forgotten = !duties.iter().any(overlaps);
            let heirs = owners.filter(move |_| forgotten);
            heirs.map(move |to| Handover {
                range,
                from: self.id,
                to: *to,
                gained: false,
                others: Vec::new(),
            })
        });
        strays.collect()
    }

    /// Cuts what is under way at the ends of the new ring, and gives up what has become pointless:
    /// what this node owns again and the other does not, what the other owns again and this node
    /// does not.
    fn recut(&mut self, view: &View, batch: &mut Batch) {
        self.transfers.arrived.clear();
        let duties = core::mem::take(&mut self.transfers.duties);
        for mut duty in duties {
            (duty.said, duty.sending) = (None, None);
            // It acts by the new view once that is on disk, and what came by the old one.
            duty.ticket = self.store.next_ticket();
            let pieces = pieces(&duty.handover, view.ring());
            let whole = pieces.len() == 1;
            for handover in pieces {
                let owners = view.owners_at(handover.range.to);
                let pointless = owners.contains(&self.id) && !owners.contains(&handover.to);
                if whole && !pointless {
                    self.transfers.duties.push(duty.clone());
                } else if !pointless {
                    batch.handover(&handover, false);
                    self.add_duty(handover);
                }
                if whole && pointless {
                    batch.handover(&duty.handover, true);
                }
            }
            if !whole {
                batch.handover(&duty.handover, true);
            }
        }
        // Of two that overlapped, a piece of the one may be all that is left of the other.
        let mut known = BTreeSet::new();
        let duties = &mut self.transfers.duties;
        duties.retain(|duty| known.insert((duty.handover.range, duty.handover.to)));
        let awaits = core::mem::take(&mut self.transfers.awaits);
        for awaited in awaits {
            let pieces = pieces(&awaited.handover, view.ring());
            let whole = pieces.len() == 1;
            for handover in pieces {
                let owners = view.owners_at(handover.range.to);
                let pointless = !owners.contains(&self.id) && owners.contains(&handover.from);
                if pointless {
                    batch.handover(&handover, true);
                    continue;
                }
                batch.handover(&handover, false);
                self.transfers.awaits.push(Await {
                    handover,
                    ..awaited.clone()
                });
            }
            if !whole {
                batch.handover(&awaited.handover, true);
            }
        }
    }
}

/// A handover cut at the ends of a ring that lie within its range.
fn pieces(handover: &Handover, ring: &Ring) -> Vec<Handover> {
    let range = handover.range;
    let ends = (0..ring.ranges()).filter_map(|index| ring.range(index));
    let within = |end: &u128| range.contains(*end) && *end != range.to;
    let mut ends: Vec<u128> = ends.map(|range| range.to).filter(within).collect();
    ends.sort_by_key(|end| end.wrapping_sub(range.after));
    ends.push(range.to);
    let mut after = range.after;
    let pieces = ends.into_iter().map(|to| Handover {
        range: Range {
            after: core::mem::replace(&mut after, to),
            to,
        },
        ..handover.clone()
    });
    pieces.collect()
}
