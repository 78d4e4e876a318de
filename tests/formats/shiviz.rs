//! Logs as `ShiViz` reads them: its first two lines, its regular expression, its rules for clocks.

use std::collections::BTreeMap;

use checker::report::shiviz;
use regex::Regex;

use super::{HOSTILE, all, bundle, kept, printed, with};

type Clock = BTreeMap<String, usize>;

struct Event {
    host: String,
    clock: Clock,
    text: String,
}

impl Event {
    /// Microseconds, if it says when.
    fn at(&self) -> Option<u64> {
        let (ms, _) = self.text.split_once(" ms: ")?;
        let (ms, us) = ms.split_once('.')?;
        Some(ms.parse::<u64>().ok()? * 1_000 + us.parse::<u64>().ok()?)
    }

    fn own(&self) -> usize {
        self.clock[&self.host]
    }

    fn precedes(&self, other: &Event) -> bool {
        let knows = other
            .clock
            .get(&self.host)
            .is_some_and(|count| *count >= self.own());
        knows && !(self.host == other.host && self.own() == other.own())
    }
}

/// As `ShiViz` opens a file: the first line is the parser, and is anchored; the second is a delimiter.
fn parsed(log: &str) -> Vec<Event> {
    let mut lines = log.splitn(3, '\n');
    let parser = lines.next().expect("a first line");
    assert_eq!(parser, r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)");
    assert_eq!(lines.next(), Some(""), "one execution");
    let log = lines.next().expect("a log").trim();
    // JavaScript takes a brace that counts nothing for itself.
    let parser = parser.replace('{', r"\{").replace('}', r"\}");
    let parser = Regex::new(&format!("(?m)^{parser}$")).expect("it is an expression");
    let events = parser.captures_iter(log).map(|found| Event {
        host: found["host"].to_owned(),
        clock: serde_json::from_str(&found["clock"]).expect("a clock is JSON"),
        text: found["event"].to_owned(),
    });
    let events: Vec<Event> = events.collect();
    assert_eq!(
        events.len() * 2,
        log.lines().count(),
        "nothing is passed over"
    );
    events
}

/// What `ShiViz` asks of clocks, and that each is the least that its own events allow.
fn consistent(name: &str, events: &[Event]) {
    let mut hosts: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        let line = hosts.entry(&event.host).or_default();
        line.push(event);
        assert_eq!(
            event.own(),
            line.len(),
            "{name}: {} begins at 1, by 1",
            event.host
        );
    }
    for event in events {
        let mut joined = Clock::from([(event.host.clone(), event.own())]);
        let before = hosts[event.host.as_str()].get(event.own().wrapping_sub(2));
        let known = event.clock.iter().filter(|(host, _)| **host != event.host);
        let known = known.map(|(host, count)| {
            let line = hosts.get(host.as_str()).expect("a host that has events");
            *line.get(count - 1).expect("an event that there is")
        });
        for other in known.chain(before.copied()) {
            for (host, count) in &other.clock {
                let most = joined.entry(host.clone()).or_default();
                *most = (*most).max(*count);
            }
        }
        assert_eq!(event.clock, joined, "{name}: {}", event.text);
    }
}

#[test]
fn clocks_are_consistent_and_no_message_comes_before_it_was_sent() {
    let mut messages = 0;
    for (name, json) in all() {
        let (bundle, history) = bundle(&json);
        let events = parsed(&shiviz(&bundle, &history));
        consistent(&name, &events);
        for (place, event) in events.iter().enumerate() {
            if let Some((_, sent)) = event.text.split_once("receives ") {
                let (what, from) = sent.rsplit_once(" from ").expect("from whom");
                let text = format!("sends {what} to {}", event.host);
                let sent = |other: &&Event| {
                    let said = other.text.strip_suffix(", here or later");
                    other.host == from && said.unwrap_or(&other.text).ends_with(&text)
                };
                let sent = events.iter().filter(sent);
                assert!(
                    sent.into_iter().any(|sent| sent.precedes(event)),
                    "{name}: {text}"
                );
                messages += 1;
            }
            // What a clock knows happened before, by the clock of the record.
            for other in &events[place..] {
                assert!(
                    !other.precedes(event),
                    "{name}: {} {}",
                    other.text,
                    event.text
                );
                let times = event.at().zip(other.at());
                assert!(times.is_none_or(|(early, late)| early <= late), "{name}");
            }
        }
    }
    assert!(messages > 100, "{messages} messages");
}

/// The only event that says so.
fn only<'e>(events: &'e [Event], host: &str, text: &str) -> &'e Event {
    let such = |event: &&Event| event.host == host && event.text.ends_with(text);
    let found: Vec<&Event> = events.iter().filter(such).collect();
    assert_eq!(found.len(), 1, "{text}");
    found[0]
}

#[test]
fn clocks_know_what_the_record_tells_and_not_more() {
    let kept: BTreeMap<String, _> = kept().into_iter().collect();
    let (bundle, history) = bundle(&kept["false-conflict"]);
    let events = parsed(&shiviz(&bundle, &history));
    let of = |host, text| only(&events, host, text);
    let (first, second) = (
        of("c0", "put k0 v1, asks n1"),
        of("c1", "put k0 v2, asks n2"),
    );
    assert!(!first.precedes(second) && !second.precedes(first));
    // The client read both before it put v5.
    let read = of("c2", "get k0 → v1 | v2 | v3");
    let fifth = of("c2", "put k0 v5, asks n3");
    assert!(first.precedes(read) && second.precedes(read) && read.precedes(fifth));
    let late = of("c7", "get k0 → v1 | v5");
    assert!(fifth.precedes(late));
    // The hint was kept before it was sent, and what came of it was held after.
    let kept = of(
        "n3",
        "keeps a hint of k0 for n2: v5⟨n3:2 after n1:1 n2:1 n3:1⟩",
    );
    let came = of("n2", "receives hint of k0 from n3");
    let held = of("n2", "holds of k0: v1⟨n1:1⟩ v5⟨n3:2 after n2:1 n3:1⟩");
    assert!(kept.precedes(came) && came.precedes(held) && fifth.precedes(kept));
    // While it was cut off, it knew of nothing.
    let cut_off = of("n2", "holds of k0: v1⟨n1:1⟩ v2⟨n2:1⟩ v3⟨n3:1⟩");
    assert!(!fifth.precedes(cut_off));
}

/// What the browser that `ShiViz` runs in makes of the expression.
#[test]
fn javascript_finds_the_same_events() {
    const SCRIPT: &str = r#"
        const text = require("fs").readFileSync(process.argv[1], "utf8");
        const lines = text.split("\n", 2);
        const log = text.slice(lines[0].length + lines[1].length + 2).trim();
        const parser = new RegExp("^" + lines[0] + "$", "gm");
        for (const found of log.matchAll(parser)) {
            const { host, clock, event } = found.groups;
            console.log(JSON.stringify([host, JSON.parse(clock)[host], event]));
        }"#;
    let kept = kept();
    for (number, word) in HOSTILE.iter().enumerate() {
        let (_, json) = &kept[number % kept.len()];
        let (bundle, history) = bundle(&with(json, word));
        let log = shiviz(&bundle, &history);
        let name = format!("shiviz-{number}.log");
        let Some(said) = printed("node", &["-e", SCRIPT], &name, &log) else {
            return;
        };
        let ours = parsed(&log);
        let theirs: Vec<(String, usize, String)> = said
            .lines()
            .map(|line| serde_json::from_str(line).expect("it prints JSON"))
            .collect();
        assert_eq!(theirs.len(), ours.len());
        for (event, (host, own, text)) in ours.iter().zip(theirs) {
            assert_eq!((&event.host, event.own(), &event.text), (&host, own, &text));
        }
    }
}
