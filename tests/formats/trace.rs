//! Trace Event JSON as its readers ask for it.

use std::collections::{BTreeMap, BTreeSet};

use checker::Note;
use checker::report::trace_events;
use serde_json::Value;

use super::{all, bundle, printed};

type Track = (u64, u64);

fn events(text: &str) -> Vec<Value> {
    let trace: Value = serde_json::from_str(text).expect("it is JSON");
    let events = trace["traceEvents"].as_array().expect("a list of events");
    events.clone()
}

fn number(event: &Value, field: &str) -> u64 {
    let number = event[field].as_u64();
    number.unwrap_or_else(|| panic!("{field} of {event}"))
}

fn track(event: &Value) -> Track {
    (number(event, "pid"), number(event, "tid"))
}

/// Whether slices of a track lie inside one another or apart.
fn nests(name: &str, slices: &[(u64, u64)]) {
    let mut slices = slices.to_vec();
    slices.sort_by_key(|(from, until)| (*from, std::cmp::Reverse(*until)));
    let mut open: Vec<u64> = Vec::new();
    for (from, until) in slices {
        open.retain(|end| *end > from);
        let inside = open.iter().all(|end| until <= *end);
        assert!(inside, "{name}: {from}..{until} leaves {open:?}");
    }
}

/// What stands on the tracks of one trace.
#[derive(Default)]
struct Tracks<'e> {
    slices: BTreeMap<Track, Vec<(u64, u64)>>,
    /// Both ends of each flow.
    flows: BTreeMap<u64, Vec<&'e Value>>,
    instants: usize,
}

impl<'e> Tracks<'e> {
    fn of(name: &str, events: &'e [Value]) -> Self {
        let mut tracks = Tracks::default();
        let mut named = BTreeSet::new();
        let mut time = 0;
        for event in events {
            let phase = event["ph"].as_str().expect("a phase");
            assert!(event["name"].is_string(), "{name}: {event}");
            if phase == "M" {
                if event["name"] == "thread_name" {
                    assert!(event["args"]["name"].is_string(), "{event}");
                    named.insert(track(event));
                }
                continue;
            }
            assert!(
                named.contains(&track(event)),
                "{name}: no track for {event}"
            );
            let at = number(event, "ts");
            assert!(at >= time, "{name}: in the order of time");
            time = at;
            match phase {
                "X" => {
                    let until = at + number(event, "dur");
                    let slices = tracks.slices.entry(track(event)).or_default();
                    slices.push((at, until));
                }
                "s" | "f" => {
                    let ends = tracks.flows.entry(number(event, "id")).or_default();
                    ends.push(event);
                }
                "i" => {
                    assert_eq!(event["s"], "t", "{name}");
                    tracks.instants += 1;
                }
                other => panic!("{name}: {other}"),
            }
        }
        tracks
    }

    /// How many slices a process has.
    fn count(&self, process: u64) -> usize {
        let of = self.slices.iter().filter(|((pid, _), _)| *pid == process);
        of.map(|(_, slices)| slices.len()).sum()
    }
}

#[test]
fn slices_nest_flows_end_in_slices_and_tracks_have_names() {
    let (mut flows, mut instants, mut faults, mut all_lost) = (0, 0, 0, 0);
    for (name, json) in all() {
        let (bundle, history) = bundle(&json);
        let events = events(&trace_events(&bundle, &history));
        let tracks = Tracks::of(&name, &events);
        for slices in tracks.slices.values() {
            nests(&name, slices);
        }
        for ends in tracks.flows.values() {
            let phases: Vec<&Value> = ends.iter().map(|end| &end["ph"]).collect();
            assert_eq!(phases, ["s", "f"], "{name}");
            assert_eq!(ends[1]["bp"], "e", "{name}");
            for end in ends {
                let at = number(end, "ts");
                let around = |(from, until): &(u64, u64)| (*from..=*until).contains(&at);
                let mut slices = tracks.slices[&track(end)].iter();
                assert!(slices.any(around), "{name}: {end}");
            }
        }
        let notes =
            |such: fn(&Note) -> bool| history.notes().filter(|(_, note)| such(note)).count();
        let messages = &bundle.network.messages;
        let known: BTreeSet<_> = messages
            .iter()
            .filter_map(|one| {
                Some((
                    one.heard?,
                    one.from,
                    one.to,
                    one.kind.clone(),
                    one.key.clone(),
                ))
            })
            .collect();
        let lost = messages.iter().filter(|one| one.heard.is_none()).count();
        let more = history.notes().filter(|(at, note)| match note {
            Note::Transfer {
                from,
                to,
                kind,
                key,
            } => !known.contains(&(*at, *from, *to, kind.clone(), key.clone())),
            _ => false,
        });
        let sent = messages.len() - lost + more.count();
        let begun = notes(|note| matches!(note, Note::Fault { begins: true, .. }));
        assert_eq!(tracks.flows.len(), sent, "{name}: each delivery is a flow");
        assert_eq!(tracks.count(1), history.ops().len(), "{name}: calls");
        assert_eq!(tracks.count(2), 2 * sent + lost, "{name}: messages");
        all_lost += lost;
        assert_eq!(tracks.count(3), begun, "{name}: faults");
        flows += sent;
        faults += begun;
        instants += tracks.instants;
    }
    assert!(flows > 100 && instants > 100 && faults > 10 && all_lost > 0);
}

#[test]
fn names_are_those_of_the_store_whatever_they_contain() {
    for (name, json) in all() {
        let (bundle, history) = bundle(&json);
        let events = events(&trace_events(&bundle, &history));
        let calls = events.iter().filter(|event| event["cat"] == "call");
        let calls: Vec<&Value> = calls.collect();
        let keys: BTreeSet<&str> = history.ops().iter().map(|op| op.call.key()).collect();
        let told = calls.iter().map(|call| call["args"]["key"].as_str());
        let told: BTreeSet<&str> = told.map(|key| key.expect("a key")).collect();
        assert_eq!(told, keys, "{name}");
        for op in history.ops() {
            let label = op.label();
            assert!(
                calls.iter().any(|call| call["name"] == label),
                "{name}: {label}"
            );
        }
    }
}

/// Overlapping faults, a call without an end, and one that was given up, in a hand-made history.
#[test]
fn what_overlaps_and_what_never_ended_nests_too() {
    let (_, mut json) = super::kept().remove(2);
    let fault = |at: u64, what: &str, begins: bool| serde_json::json!({"note": {"at": at, "note": {"fault": {"what": what, "begins": begins}}}});
    let call = |op: u64, at: u64| {
        let get = serde_json::json!({"get": {"key": "k0"}});
        serde_json::json!({"invoke": {"op": op, "at": at, "process": op, "call": get}})
    };
    json["history"] = serde_json::json!([
        fault(0, "a", true),
        call(1, 1),
        fault(2, "b", true),
        call(2, 3),
        fault(4, "a", false),
        {"return": {"op": 2, "at": 5, "outcome": "unknown"}},
        fault(6, "c", true),
        fault(7, "b", false),
        {"invoke": {"op": 3, "at": 8, "process": 2, "call": {"get": {"key": "k0"}}}},
        {"note": {"at": 9, "note": "quiet"}},
    ]);
    json["explanation"] = Value::Null;
    let (bundle, history) = bundle(&json);
    let events = events(&trace_events(&bundle, &history));
    let slice = |name: &str, at: u64| {
        let mut found = events.iter().filter(|event| event["name"] == name);
        let found = found.find(|event| event["ts"] == at).expect("a slice");
        (number(found, "dur"), track(found))
    };
    assert_eq!(slice("a", 0), (4, (3, 1)));
    assert_eq!(slice("b", 2), (5, (3, 2)));
    assert_eq!(slice("c", 6), (3, (3, 1)), "it lasts to the end");
    let unknown = history.ops()[0].label();
    assert_eq!(slice(&unknown, 1), (8, (1, 1)), "to the end");
    assert_eq!(slice(&unknown, 3), (2, (1, 2)), "until it was given up");
    assert_eq!(
        slice(&unknown, 8),
        (1, (1, 2)),
        "beside what the client did next"
    );
}

#[test]
fn python_reads_it_as_json() {
    const SCRIPT: &str = "import json, sys\n\
        events = json.load(open(sys.argv[1], encoding='utf-8'))['traceEvents']\n\
        print(len(events), len({(e['pid'], e['tid']) for e in events if e['ph'] != 'M'}))";
    for (number, (_, json)) in all().iter().step_by(7).enumerate() {
        let (bundle, history) = bundle(json);
        let text = trace_events(&bundle, &history);
        let name = format!("trace-{number}.json");
        let Some(said) = printed("python3", &["-c", SCRIPT], &name, &text) else {
            return;
        };
        let ours = events(&text);
        let real = ours.iter().filter(|event| event["ph"] != "M");
        let tracks: BTreeSet<Track> = real.map(track).collect();
        assert_eq!(said, format!("{} {}\n", ours.len(), tracks.len()));
    }
}
