//! What a server counts, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use super::host::Host;

/// What has happened since the start.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    pub(super) gets: AtomicU64,
    pub(super) puts: AtomicU64,
    pub(super) deletes: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) unavailable: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) strangers: AtomicU64,
    syncs: AtomicU64,
    stores: AtomicU64,
}

impl Metrics {
    /// So many stores came to the disk at once.
    pub(super) fn synced(&self, stores: usize) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.stores.fetch_add(stores as u64, Ordering::Relaxed);
    }
}

/// All of it, with what the node says of itself.
pub(super) fn text(host: &Host) -> String {
    let Metrics {
        gets,
        puts,
        deletes,
        refused,
        unavailable,
        sent,
        dropped,
        received,
        strangers,
        syncs,
        stores,
    } = &host.metrics;
    let mut text = String::new();
    for (name, help, count) in [
        ("gets", "Gets that clients asked for.", gets),
        ("puts", "Puts that clients asked for.", puts),
        ("deletes", "Deletes that clients asked for.", deletes),
        (
            "refused",
            "Requests that were refused without effect.",
            refused,
        ),
        (
            "unavailable",
            "Requests that found no quorum in time.",
            unavailable,
        ),
        ("messages_sent", "Messages to other nodes.", sent),
        (
            "messages_dropped",
            "Messages that did not fit on their way.",
            dropped,
        ),
        ("messages_received", "Messages from other nodes.", received),
        (
            "replicas_refused",
            "Connections of replicas that were ended.",
            strangers,
        ),
        ("disk_syncs", "Times that the disk was written to.", syncs),
        ("disk_stores", "Stores that were written.", stores),
    ] {
        let count = count.load(Ordering::Relaxed);
        line(&mut text, &format!("{name}_total"), help, "counter", count);
    }
    let (keys, hints, moving) = host.look(|node| {
        let (hints, moving) = (node.hints().count(), node.moving());
        (node.keys(), hints as u64, moving as u64)
    });
    for (name, help, value) in [
        ("keys", "Keys on disk.", keys),
        ("hints", "Hints that are kept for other nodes.", hints),
        (
            "ranges_moving",
            "Ranges on their way from or to this node.",
            moving,
        ),
        (
            "clients",
            "Clients that are connected.",
            host.gate.inside() as u64,
        ),
    ] {
        line(&mut text, name, help, "gauge", value);
    }
    text
}

fn line(text: &mut String, name: &str, help: &str, kind: &str, value: u64) {
    let _ = writeln!(
        text,
        "# HELP dynamo_{name} {help}\n# TYPE dynamo_{name} {kind}\ndynamo_{name} {value}"
    );
}
