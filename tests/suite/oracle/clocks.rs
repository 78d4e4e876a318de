//! The clocks of an oracle as disks that show them.

use checker::History;
use checker::Note;
use checker::kv::Kv;
use checker::note::{Clock, Node, Version};

use super::line::Asks;
use super::parse::Oracle;
use super::run::Run;

/// The calls, and one disk on which each version appears under its clock when its write is answered.
pub(super) fn history(oracle: &Oracle) -> History<Kv> {
    let mut run = Run::of(oracle);
    for clocked in &oracle.clocks {
        let write = oracle.write(&clocked.value, None);
        let write = write.map(|write| &oracle.operations[write]);
        let write = write
            .unwrap_or_else(|| panic!("{}: {} was never written", oracle.title, clocked.value));
        let put = matches!(write.asks, Asks::Put(_));
        let version = Version {
            value: put.then(|| clocked.value.clone()),
            clock: Some(Clock {
                dot: clocked.dot.clone(),
                past: clocked.past.clone(),
            }),
        };
        let note = Note::Durable {
            node: Node(0),
            key: write.key.clone(),
            versions: vec![version],
        };
        run.note(write.to.unwrap_or(write.from), note);
    }
    run.history()
}
