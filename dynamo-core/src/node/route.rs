//! Which owner coordinates a put (§5, §6.4).

use alloc::vec::Vec;

use super::machine::{Node, reply};
use super::port::{Output, Refusal, Reply, RequestId, Terms, Time};
use super::put::Client;
use super::quorum::Quorum;
use crate::clock::NodeId;
use crate::context::{self, Context};
use crate::flaw::Flaw;
use crate::message::Written;
use crate::shape::Coordinator;

impl Node {
    /// A client puts, or deletes with no value.
    pub(super) fn request_put(
        &mut self,
        now: Time,
        id: RequestId,
        (key, value): (Vec<u8>, Option<Vec<u8>>),
        context: Option<Vec<u8>>,
        terms: Terms,
        out: &mut Vec<Output>,
    ) {
        let secret = self.config.shape().secret;
        let believes = self.flaw(Flaw::BelieveForgedContext);
        let said = context.map(|bytes| match context::decode(secret, &key, &bytes) {
            Err(_) if believes => context::unsealed(&key, &bytes),
            said => said,
        });
        let context = match said {
            None => Context::default(),
            Some(Ok(context)) => context,
            Some(Err(refusal)) => return reply(id, Reply::Refused(refusal), out),
        };
        let reply_by = now.after(self.config.shape().timing.request_us);
        let written = Written {
            key,
            value,
            context,
            terms,
        };
        self.route_put(now, (id, reply_by), written, out);
    }

    /// Coordinates a put or hands it to the owner that should. May be asked again while no event was
    /// made of the put: each time it goes by who seems up.
    pub(super) fn route_put(
        &mut self,
        now: Time,
        (id, reply_by): (RequestId, Time),
        written: Written,
        out: &mut Vec<Output>,
    ) {
        let quorum = match Quorum::new(written.terms, self.config.shape()) {
            Ok(quorum) => quorum,
            Err(refusal) => return reply(id, Reply::Refused(refusal), out),
        };
        let range = self.store.range_of(&written.key);
        let owners = self.owners(range, quorum.n);
        if written.terms.pinned && !owners.contains(&self.id) {
            return reply(id, Reply::Refused(Refusal::NotAnOwner), out);
        }
        match self.coordinator(now, owners, &written) {
            Some(owner) if owner != self.id => {
                self.forward(now, (id, reply_by), owner, written, out);
            }
            // With no known member there is nobody to keep it, nor to keep it for.
            None if owners.is_empty() => reply(id, Reply::Unavailable, out),
            _ => self.coordinate(now, (Client::Here(id), reply_by), quorum, written, out),
        }
    }

    /// The owner that coordinates a put. Nobody if none seems up and a sloppy quorum does without:
    /// then the node that was asked stands in.
    fn coordinator(&self, now: Time, owners: &[NodeId], written: &Written) -> Option<NodeId> {
        let usable = |node: &NodeId| owners.contains(node) && self.seems_up(*node, now);
        let asked = Some(self.id).filter(usable);
        let preferred = match self.config.shape().coordinator {
            _ if written.terms.pinned => asked,
            Coordinator::Asked => asked,
            Coordinator::First => None,
            Coordinator::Fastest => written.context.fastest.filter(usable).or(asked),
        };
        let healthy = || owners.iter().copied().find(usable);
        // With nobody to stand in, a suspected owner is better than nobody.
        let first = owners.first().copied();
        let desperate = first.filter(|_| !self.config.shape().sloppy);
        preferred.or_else(healthy).or(desperate)
    }
}
