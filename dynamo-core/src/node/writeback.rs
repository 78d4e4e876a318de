//! Read repair that the client waits for: what it is told is first written back.
//!
//! With the paper's repair after the answer, two gets in a row may go back in time: one is answered
//! by a replica that has a put, the next by replicas that do not have it yet. If the answer waits
//! until enough replicas hold what it says, every later get meets one of them: the R that were
//! counted if 2R > N, W of any if R + W > N (Attiya, Bar-Noy and Dolev 1995), and if nobody stands
//! in. It costs a round trip, but only where replicas differ.

use alloc::vec::Vec;

use super::answers::{Asked, Copied, Get};
use super::machine::{Node, send};
use super::port::{Output, Time};
use crate::batch::{After, Batch};
use crate::clock::NodeId;
use crate::message::{Message, Tag};
use crate::shape::ReadRepair;
use crate::siblings::Siblings;

impl Node {
    /// Whether those hold what the client is told who must before it is. If not, it is sent to each
    /// replica that answered with something older.
    pub(super) fn write_back(
        &mut self,
        now: Time,
        number: u64,
        get: &mut Get,
        told: &Siblings,
        out: &mut Vec<Output>,
    ) -> bool {
        for asked in &mut get.asked {
            if asked.copy == Copied::Unknown && self.must_hold(asked) {
                asked.copy = self.compare(asked, told);
            }
        }
        if self.is_written_back(get, told) {
            return true;
        }
        for index in 0..get.asked.len() {
            let Asked { place, copy, .. } = get.asked[index];
            if copy == Copied::Stale && place.asked != self.id {
                self.send_told(now, number, get, index, out);
            }
        }
        false
    }

    /// The same for this node's own copy. Its disk may hold all of it by now, and then the get goes
    /// on at once: so the get must be back in its place.
    pub(super) fn write_back_here(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(get) = self.gets.get_mut(&number) else {
            return;
        };
        let here = |asked: &&mut Asked| asked.place.asked == self.id;
        let own = get.asked.iter_mut().find(here);
        if let Some(own) = own.filter(|own| own.copy == Copied::Stale)
            && let Some(told) = get.told.clone().filter(|_| !get.replied)
        {
            own.copy = Copied::Sent;
            let (hint, key) = (own.place.hint(), get.key.clone());
            let mut batch = Batch {
                hasty: hint.is_none(),
                ..Batch::default()
            };
            let told = self.mended(&told);
            self.store.merge(hint, &key, &told, &mut batch);
            self.commit(now, batch, Some(After::WriteBack(number)), out);
        }
    }

    /// A store of this node's own copy is done; the get may have begun anew since it was asked for.
    /// While nobody may count on this node for the range, the copy is looked at again later.
    pub(super) fn written_back_here(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(mut get) = self.gets.remove(&number) else {
            return;
        };
        let due = now.after(self.config.shape().timing.replica_us);
        let counts = self.vouches_for(&get.key);
        let held = self.store.durable(&get.key);
        let sent = |asked: &&mut Asked| asked.place.asked == self.id && asked.copy == Copied::Sent;
        if let Some(own) = get.asked.iter_mut().find(sent)
            && let Some(told) = &get.told
        {
            if counts && !self.store.versioning().merge(&mut held.clone(), told) {
                own.answer = Some(held);
                own.copy = Copied::Kept;
                own.due = None;
            } else if !get.replied {
                own.due = Some(due);
            }
        }
        self.settle_get(now, number, get, out);
    }

    /// A replica that must hold what the client is told stayed silent. With a sloppy quorum of W,
    /// another stands in for it; else it may only have missed a message.
    pub(super) fn write_back_again(
        &mut self,
        now: Time,
        number: u64,
        get: &mut Get,
        index: usize,
        out: &mut Vec<Output>,
    ) {
        if !self.must_hold(&get.asked[index]) {
            return;
        }
        if get.asked[index].place.asked == self.id {
            get.asked[index].copy = Copied::Stale;
            return;
        }
        let another = match self.config.shape().read_repair {
            ReadRepair::Quorum => self.stand_in(now, &mut get.stand_ins),
            _ => None,
        };
        let Some(node) = another else {
            return self.send_told(now, number, get, index, out);
        };
        let place = get.asked[index].place.moved_to(node);
        get.asked.push(Asked::new(place, None));
        if node == self.id {
            let held = self.store.durable(&get.key);
            get.answered(node, held);
        } else {
            self.send_told(now, number, get, get.asked.len() - 1, out);
        }
    }

    /// A peer has on disk what the client is told.
    pub(super) fn written_back(
        &mut self,
        now: Time,
        from: NodeId,
        (tag, view): (Tag, u64),
        out: &mut Vec<Output>,
    ) {
        if tag.life != self.life || view != self.store.view().mark() {
            return;
        }
        let Some(mut get) = self.gets.remove(&tag.number) else {
            return;
        };
        let versioning = self.store.versioning();
        let sent = |asked: &&mut Asked| asked.place.asked == from && asked.copy == Copied::Sent;
        if let Some(asked) = get.asked.iter_mut().find(sent)
            && let Some(told) = &get.told
        {
            let partial = asked.partial.take().unwrap_or_default();
            versioning.merge(asked.answer.get_or_insert(partial), told);
            asked.copy = Copied::Kept;
            asked.due = None;
        }
        self.settle_get(now, tag.number, get, out);
    }

    fn send_told(
        &mut self,
        now: Time,
        number: u64,
        get: &mut Get,
        index: usize,
        out: &mut Vec<Output>,
    ) {
        let siblings = self.mended(get.told.as_ref().unwrap_or(&Siblings::new()));
        let asked = &mut get.asked[index];
        asked.copy = Copied::Sent;
        asked.due = Some(now.after(self.config.shape().timing.replica_us));
        let message = Message::Replicate {
            tag: self.tag(number),
            view: self.store.view().mark(),
            synced: false,
            key: get.key.clone(),
            siblings,
            hint: asked.place.hint(),
        };
        send(asked.place.asked, message, out);
    }

    /// Whether a client may have to wait for this replica.
    fn must_hold(&self, asked: &Asked) -> bool {
        match self.config.shape().read_repair {
            ReadRepair::Off | ReadRepair::After => false,
            ReadRepair::Responders => asked.counted,
            ReadRepair::Quorum => !asked.lends,
        }
    }

    fn is_written_back(&self, get: &Get, told: &Siblings) -> bool {
        let kept = |asked: &&Asked| asked.copy == Copied::Kept;
        match self.config.shape().read_repair {
            ReadRepair::Off | ReadRepair::After => true,
            ReadRepair::Responders => {
                let mut counted = get.asked.iter().filter(|asked| asked.counted);
                counted.all(|asked| kept(&asked))
            }
            // Everybody holds nothing.
            ReadRepair::Quorum if told.is_empty() => true,
            ReadRepair::Quorum => get.asked.iter().filter(kept).count() >= get.quorum.w,
        }
    }

    fn compare(&self, asked: &Asked, told: &Siblings) -> Copied {
        match &asked.answer {
            Some(held) if !self.store.versioning().merge(&mut held.clone(), told) => Copied::Kept,
            Some(_) => Copied::Stale,
            // It does not vouch for what it has yet, or was silent, but may only have missed the
            // question.
            None if asked.due.is_none() => Copied::Stale,
            None => Copied::Unknown,
        }
    }
}
