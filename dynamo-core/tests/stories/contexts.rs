//! Contexts that no get of this cluster handed out (§4.1).

use dynamo_core::{Flaw, Refusal, Reply, Shape};

use crate::network::Network;

fn cluster(secret: u64, flaw: Option<Flaw>) -> Network {
    Network::new(Shape {
        nodes: 3,
        secret,
        flaw,
        ..Shape::default()
    })
}

/// Both clusters count alike, so what one has seen is what the other is about to do.
#[test]
fn a_context_of_another_cluster_replaces_nothing_unless_it_is_believed() {
    let believes = Some(Flaw::BelieveForgedContext);
    for (flaw, left) in [(None, "old"), (believes, "new")] {
        let (mut elsewhere, mut here) = (cluster(1, None), cluster(2, flaw));
        let owner = here.list(b"k")[0];
        elsewhere.put(owner, b"k", "theirs", None);
        let (_, foreign) = elsewhere.get(owner, b"k");
        here.put(owner, b"k", "old", None);
        let reply = here.put(owner, b"k", "new", Some(&foreign));
        let refused = reply == Reply::Refused(Refusal::GarbledContext);
        assert_eq!(refused, flaw.is_none(), "{reply:?}");
        assert_eq!(here.get(owner, b"k").0, [left]);
    }
}
