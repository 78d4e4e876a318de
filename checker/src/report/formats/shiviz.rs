//! A run as a log for `ShiViz` (Beschastnikh et al., CACM 2016): events with vector clocks.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::escape::line;
use super::events::{Host, events};
use crate::history::History;
use crate::kv::Kv;
use crate::report::Bundle;

/// How `ShiViz` is to read the rest; it takes this from the first line of a file.
const PARSER: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";

/// The run as a log that `ShiViz` opens: the first line is its parser, the second, empty, says that there
/// is one execution only; then two lines an event, host and clock, then what happened.
///
/// Clocks are counted from the record, and say what came before what as far as that tells; they are not
/// those of the store. Hosts are clients, nodes, and `faults`. Where it was not recorded when
/// a message was sent, it is taken to have been sent as early as may be.
pub fn shiviz(bundle: &Bundle, history: &History<Kv>) -> String {
    let events = events(bundle, history);
    let mut out = format!("{PARSER}\n\n");
    let mut now: BTreeMap<Host, BTreeMap<Host, u64>> = BTreeMap::new();
    let mut clocks: Vec<BTreeMap<Host, u64>> = Vec::with_capacity(events.len());
    for event in &events {
        let mut clock = now.remove(&event.host).unwrap_or_default();
        for before in &event.after {
            for (host, count) in &clocks[*before] {
                let known = clock.entry(*host).or_default();
                *known = (*known).max(*count);
            }
        }
        *clock.entry(event.host).or_default() += 1;
        let entries = clock.iter();
        let entries: Vec<String> = entries
            .map(|(host, count)| format!("\"{host}\":{count}"))
            .collect();
        let at = event.at.map_or_else(String::new, |at| {
            format!("{}.{:03} ms: ", at.0 / 1_000, at.0 % 1_000)
        });
        let _ = writeln!(
            out,
            "{} {{{}}}\n{at}{}",
            event.host,
            entries.join(","),
            line(&event.text)
        );
        now.insert(event.host, clock.clone());
        clocks.push(clock);
    }
    out
}
