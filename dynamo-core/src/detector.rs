//! Who seems down, decided by this node alone (§4.8.3).

use alloc::collections::BTreeMap;

use crate::clock::NodeId;
use crate::node::Time;

/// The peers that did not answer lately.
///
/// A suspicion runs out by itself, so that the peer is tried again, and ends at once when the peer
/// is heard.
#[derive(Clone, Debug, Default, Hash)]
pub(crate) struct Detector {
    until: BTreeMap<NodeId, Time>,
}

impl Detector {
    /// The peer did not answer in time.
    pub(crate) fn suspect(&mut self, peer: NodeId, until: Time) {
        self.until.insert(peer, until);
    }

    /// The peer said something.
    pub(crate) fn heard(&mut self, peer: NodeId) {
        self.until.remove(&peer);
    }

    /// Whether it is better not to count on the peer.
    pub(crate) fn suspects(&self, peer: NodeId, now: Time) -> bool {
        self.until.get(&peer).is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspicion_ends_by_time_or_by_word() {
        let mut detector = Detector::default();
        detector.suspect(NodeId(1), Time(10));
        assert!(detector.suspects(NodeId(1), Time(9)));
        assert!(!detector.suspects(NodeId(1), Time(10)));
        assert!(!detector.suspects(NodeId(2), Time(9)));
        detector.heard(NodeId(1));
        assert!(!detector.suspects(NodeId(1), Time(9)));
    }
}
