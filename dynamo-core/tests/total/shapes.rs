//! Every shape that a cluster may have, on a small scale.

use dynamo_core::{
    Admission, Bootstrap, Causality, Config, Coordinator, Detection, Durability, Flaw, Member,
    NodeId, Partitioning, ReadFrom, ReadRepair, Resolution, Shape, Timing, Versioning,
};

use crate::source::Source;

/// Legal, whatever the bytes.
pub(crate) fn shape(source: &mut Source<'_>) -> Shape {
    let nodes = source.between(1, 6);
    let n = source.between(1, nodes);
    let hints = !source.rarely(4);
    let shape = Shape {
        nodes,
        n,
        r: source.between(1, n),
        w: source.between(1, n),
        partitioning: partitioning(source),
        members: source.list(nodes, |source| Member {
            capacity: source.between(1, 3),
            zone: source.below(3),
        }),
        bootstrap: source.pick(&[Bootstrap::Together, Bootstrap::Together, Bootstrap::Alone]),
        seeds: source.list(2, |source| NodeId(source.below(8))),
        gossip: !source.rarely(4),
        detection: source.pick(&[Detection::Requests, Detection::Heartbeats]),
        sloppy: hints && source.flip(),
        hints,
        anti_entropy: source.flip(),
        read_repair: source.pick(&[
            ReadRepair::Off,
            ReadRepair::After,
            ReadRepair::Responders,
            ReadRepair::Quorum,
        ]),
        versioning: versioning(source),
        reaping_us: source.maybe(Source::number),
        coordinator: source.pick(&[Coordinator::Asked, Coordinator::First, Coordinator::Fastest]),
        read_from: source.pick(&[ReadFrom::Healthy, ReadFrom::Owners]),
        durability: if source.flip() {
            Durability::Buffered {
                writes: source.below(4),
                durable_write: source.flip(),
            }
        } else {
            Durability::Synced
        },
        admission: if source.flip() {
            Admission::Feedback {
                threshold_us: source.number().max(1),
                window_us: source.number().max(1),
                slices_max: source.between(1, 4),
            }
        } else {
            Admission::Off
        },
        secret: source.number(),
        flaw: source.rarely(4).then(|| source.pick(Flaw::ALL)),
        timing: timing(source),
    };
    Config::new(shape.clone()).expect("the generator keeps every rule");
    shape
}

fn partitioning(source: &mut Source<'_>) -> Partitioning {
    let (per_node, partitions) = (source.between(1, 4), source.between(1, 24));
    source.pick(&[
        Partitioning::Tokens { per_node },
        Partitioning::TokensOverPartitions {
            per_node,
            partitions,
        },
        Partitioning::Partitions { partitions },
    ])
}

fn versioning(source: &mut Source<'_>) -> Versioning {
    let pairs = source.between(1, 3);
    Versioning {
        causality: source.pick(&[
            Causality::Dots,
            Causality::Clocks,
            Causality::Truncated { pairs },
            Causality::Vectors,
        ]),
        resolution: source.pick(&[Resolution::Client, Resolution::LastWriterWins]),
    }
}

fn timing(source: &mut Source<'_>) -> Timing {
    if source.flip() {
        return Timing::default();
    }
    let replica_us = source.number().max(1);
    Timing {
        replica_us,
        request_us: replica_us.saturating_add(source.number()),
        suspicion_us: source.number().max(1),
        hint_scan_us: source.number().max(1),
        anti_entropy_us: source.number().max(1),
        gossip_us: source.number().max(1),
        transfer_us: source.number().max(1),
        flush_us: source.number().max(1),
    }
}
