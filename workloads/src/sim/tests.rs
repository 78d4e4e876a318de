//! What the simulator does, shown on a toy store.

use checker::Time;
use checker::note::{Node, Note};

use crate::fault::{Fate, Fault, NodeSet, Window};
use crate::sim::toy::{Toys, copies, durable, get, notes, outcome, play, put, toys, window};
use crate::sim::{Pace, Sim};
use crate::subject::{Ask, Happening, Subject};

fn side(nodes: &[u32]) -> NodeSet {
    nodes.iter().copied().collect()
}

/// Forty puts and gets on all nodes and two keys within 80 ms.
fn load() -> Vec<(u64, Ask)> {
    (0..40)
        .map(|op| {
            let via = (op % 3) as u32;
            let key = if op % 4 < 2 { "x" } else { "y" };
            if op % 2 == 0 {
                put(op * 2, op, via, key, &format!("v{op}"))
            } else {
                get(op * 2, op, via, key)
            }
        })
        .collect()
}

fn chance() -> Vec<Window> {
    vec![
        window(1, 0, 50, Fault::Lose { percent: 20 }),
        window(2, 10, 90, Fault::Reorder { within: 8_000 }),
        window(3, 20, 60, Fault::Repeat { percent: 30 }),
        window(4, 30, 40, Fault::Delay { by: 3_000 }),
    ]
}

fn trouble() -> Vec<Window> {
    let mut windows = chance();
    windows.push(window(5, 15, 45, Fault::Crash { node: 1 }));
    windows.push(window(6, 30, 70, Fault::Pause { node: 2 }));
    windows.push(window(7, 5, 25, Fault::Cut { side: side(&[0]) }));
    windows
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut sim = toys(seed);
        let happenings = play(&mut sim, &load(), &trouble());
        (happenings, sim.trace(), sim.events())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).1, run(8).1);
    assert_ne!(run(7).0, run(8).0);
}

#[test]
fn times_never_go_back_and_every_call_completes_once() {
    for seed in 0..20 {
        let happenings = play(&mut toys(seed), &load(), &trouble());
        let at = |happening: &Happening| match happening {
            Happening::Completion { at, .. } | Happening::Noted { at, .. } => *at,
        };
        assert!(happenings.is_sorted_by_key(at));
        for (_, ask) in load() {
            outcome(&happenings, ask.op);
        }
    }
}

#[test]
fn a_put_is_durable_when_it_is_acknowledged() {
    let happenings = play(
        &mut toys(1),
        &[put(0, 1, 0, "x", "a"), get(50, 2, 2, "x")],
        &[],
    );
    let (acknowledged, word) = outcome(&happenings, 1);
    assert_eq!(word, "stored");
    let stored = durable(&happenings, 0, "x");
    assert_eq!(stored.len(), 1);
    assert!((200..=2_500).contains(&stored[0].0));
    assert!(stored[0].0 < acknowledged);
    assert_eq!(outcome(&happenings, 2).1, "a");
    let copied = copies(&happenings, "x");
    assert_eq!(copied.len(), 2);
    assert!(copied.iter().all(|(at, _)| (300..=5_500).contains(at)));
}

#[test]
fn refused_is_a_failure_unavailable_is_unknown_and_a_second_answer_is_none() {
    let asks = [
        put(0, 1, 0, "x", ""),
        get(0, 2, 1, "twice"),
        get(1, 3, 0, "echo"),
    ];
    let happenings = play(&mut toys(1), &asks, &[]);
    assert_eq!(outcome(&happenings, 1).1, "fail");
    assert_eq!(outcome(&happenings, 2).1, "unknown");
    assert!(outcome(&happenings, 2).0 < 2_000);
    assert_eq!(outcome(&happenings, 3).1, "stored");
}

#[test]
fn a_client_gives_up_after_a_second() {
    let happenings = play(&mut toys(1), &[get(5, 1, 0, "silence")], &[]);
    assert_eq!(outcome(&happenings, 1), (1_005_000, "unknown".into()));
}

#[test]
fn a_crash_loses_memory_and_what_was_not_synced() {
    let mut kept = [0, 0];
    for seed in 0..60 {
        let asks = [
            put(0, 1, 0, "x", "a"),
            put(20, 2, 0, "x", "b"),
            get(60, 3, 0, "x"),
        ];
        // The second put has arrived by then, and is rarely durable.
        let crash = Window {
            from: Time(20_550),
            ..window(1, 0, 50, Fault::Crash { node: 3 })
        };
        // Nobody brings the value back.
        let alone = window(2, 0, 100, Fault::Cut { side: side(&[0]) });
        let happenings = play(&mut toys(seed), &asks, &[crash, alone]);
        let crashed = (20_550, &Note::Crash(Node(0)));
        assert!(notes(&happenings).contains(&crashed));
        assert!(notes(&happenings).contains(&(50_000, &Note::Restart(Node(0)))));
        assert_eq!(outcome(&happenings, 1).1, "stored");
        let read = outcome(&happenings, 3).1;
        let stored = durable(&happenings, 0, "x");
        assert_eq!(stored.last().map(|(_, value)| value), Some(&read));
        kept[usize::from(read == "b")] += 1;
    }
    assert!(kept[0] > 10 && kept[1] > 10, "{kept:?}");
}

#[test]
fn a_crashed_node_refuses_clients_and_forgets_those_it_had() {
    let asks = [
        get(0, 1, 0, "silence"),
        put(30, 2, 0, "x", "a"),
        get(90, 3, 1, "x"),
    ];
    let crash = window(1, 20, 40, Fault::Crash { node: 0 });
    let happenings = play(&mut toys(1), &asks, &[crash]);
    assert_eq!(outcome(&happenings, 1), (20_000, "unknown".into()));
    let (at, word) = outcome(&happenings, 2);
    assert_eq!(word, "fail");
    assert!((30_200..=31_000).contains(&at));
    assert_eq!(outcome(&happenings, 3).1, "");
}

#[test]
fn a_crashed_node_misses_messages() {
    let crash = window(1, 10, 60, Fault::Crash { node: 1 });
    let happenings = play(&mut toys(1), &[put(20, 1, 0, "x", "a")], &[crash]);
    let receivers: Vec<_> = copies(&happenings, "x").iter().map(|(_, to)| *to).collect();
    assert_eq!(receivers, [2]);
}

#[test]
fn overlapping_crashes_end_with_the_last() {
    let windows = [
        window(1, 10, 30, Fault::Crash { node: 0 }),
        window(2, 20, 50, Fault::Crash { node: 3 }),
    ];
    let happenings = play(
        &mut toys(1),
        &[get(40, 1, 0, "x"), get(55, 2, 0, "x")],
        &windows,
    );
    assert_eq!(outcome(&happenings, 1).1, "fail");
    assert_eq!(outcome(&happenings, 2).1, "");
    assert_eq!(
        notes(&happenings),
        [
            (10_000, &Note::Crash(Node(0))),
            (50_000, &Note::Restart(Node(0)))
        ]
    );
}

#[test]
fn a_paused_node_answers_late_and_in_order() {
    let asks = [
        put(20, 1, 0, "x", "a"),
        put(21, 2, 0, "x", "b"),
        get(22, 3, 0, "x"),
        get(23, 4, 1, "x"),
    ];
    let pause = window(1, 10, 100, Fault::Pause { node: 0 });
    let happenings = play(&mut toys(1), &asks, &[pause]);
    assert_eq!(outcome(&happenings, 3).1, "b");
    assert!((100_100..101_000).contains(&outcome(&happenings, 3).0));
    assert!(outcome(&happenings, 1).0 > 100_000);
    assert_eq!(outcome(&happenings, 4).1, "");
}

#[test]
fn the_disk_of_a_paused_node_goes_on() {
    let asks = [put(0, 1, 0, "x", "a")];
    let (synced, _) = durable(&play(&mut toys(1), &asks, &[]), 0, "x").remove(0);
    let pause = Window {
        from: Time(synced),
        ..window(1, 0, 100, Fault::Pause { node: 0 })
    };
    let happenings = play(&mut toys(1), &asks, &[pause]);
    assert_eq!(durable(&happenings, 0, "x")[0].0, synced);
    assert!(outcome(&happenings, 1).0 > 100_000);
}

#[test]
fn a_pause_that_meets_another_does_not_end() {
    let windows = [
        window(1, 10, 30, Fault::Pause { node: 0 }),
        window(2, 30, 60, Fault::Pause { node: 3 }),
        window(3, 20, 50, Fault::Pause { node: 0 }),
    ];
    let happenings = play(&mut toys(1), &[get(15, 1, 0, "x")], &windows);
    assert!((60_000..61_000).contains(&outcome(&happenings, 1).0));
}

#[test]
fn a_pause_longer_than_patience_is_unknown_although_it_takes_effect() {
    let pause = window(1, 0, 1500, Fault::Pause { node: 0 });
    let happenings = play(&mut toys(1), &[put(1, 1, 0, "x", "a")], &[pause]);
    assert_eq!(outcome(&happenings, 1), (1_001_000, "unknown".into()));
    assert_eq!(durable(&happenings, 0, "x").len(), 1);
}

#[test]
fn a_crash_takes_what_a_paused_node_had_not_heard() {
    let windows = [
        window(1, 0, 200, Fault::Pause { node: 0 }),
        window(2, 50, 100, Fault::Crash { node: 0 }),
    ];
    let asks = [put(10, 1, 0, "x", "a"), get(150, 2, 0, "x")];
    let happenings = play(&mut toys(1), &asks, &windows);
    assert_eq!(outcome(&happenings, 1), (50_000, "unknown".into()));
    let (at, word) = outcome(&happenings, 2);
    assert_eq!((at > 200_000, word.as_str()), (true, ""));
}

#[test]
fn a_cut_stops_messages_but_no_clients() {
    let asks = [
        put(20, 1, 0, "x", "a"),
        put(20, 2, 2, "y", "b"),
        put(60, 3, 0, "z", "c"),
    ];
    let cut = window(1, 10, 50, Fault::Cut { side: side(&[0]) });
    let happenings = play(&mut toys(1), &asks, &[cut]);
    assert_eq!(outcome(&happenings, 1).1, "stored");
    assert_eq!(copies(&happenings, "x"), []);
    let receivers = |key| {
        copies(&happenings, key)
            .iter()
            .map(|(_, to)| *to)
            .collect::<Vec<_>>()
    };
    assert_eq!(receivers("y"), [1]);
    assert_eq!(receivers("z").len(), 2);
}

#[test]
fn a_one_way_cut_lets_the_others_through() {
    let asks = [put(20, 1, 0, "x", "a"), put(20, 2, 2, "y", "b")];
    let cut = window(1, 10, 50, Fault::CutOneWay { side: side(&[0]) });
    let happenings = play(&mut toys(1), &asks, &[cut]);
    assert_eq!(copies(&happenings, "x"), []);
    assert_eq!(copies(&happenings, "y").len(), 2);
}

#[test]
fn a_message_is_lost_if_its_link_is_cut_when_it_would_arrive() {
    let calm = play(&mut toys(1), &[put(20, 1, 0, "x", "a")], &[]);
    let (arrival, to) = copies(&calm, "x")[0];
    let cut = |from: u64, until: u64| {
        let cut = Window {
            id: 1,
            from: Time(from),
            until: Time(until),
            fault: Fault::Cut { side: side(&[to]) },
        };
        let happenings = play(&mut toys(1), &[put(20, 1, 0, "x", "a")], &[cut]);
        copies(&happenings, "x").iter().any(|copy| copy.1 == to)
    };
    assert!(!cut(arrival, arrival + 1));
    assert!(cut(arrival + 1, arrival + 50));
    assert!(cut(arrival - 20, arrival));
}

#[test]
fn lost_delayed_and_repeated_messages_are_what_they_are_called() {
    let with = |fault| {
        let happenings = play(
            &mut toys(1),
            &[put(20, 1, 0, "x", "a")],
            &[window(1, 10, 30, fault)],
        );
        copies(&happenings, "x")
    };
    let calm = with(Fault::Delay { by: 0 });
    assert_eq!(calm.len(), 2);
    assert_eq!(with(Fault::Lose { percent: 100 }), []);
    let late: Vec<_> = calm.iter().map(|(at, to)| (at + 40_000, *to)).collect();
    assert_eq!(with(Fault::Delay { by: 40_000 }), late);
    let repeated = with(Fault::Repeat { percent: 100 });
    assert_eq!(repeated.len(), 4);
    assert!(calm.iter().all(|copy| repeated.contains(copy)));
}

#[test]
fn reordered_messages_overtake_one_another() {
    let asks: Vec<_> = (0..20)
        .map(|op| put(20 + op * 6, op, 0, &format!("k{op}"), "a"))
        .collect();
    let order = |windows: &[Window]| {
        let happenings = play(&mut toys(1), &asks, windows);
        let arrival = |op| {
            copies(&happenings, &format!("k{op}"))
                .iter()
                .map(|(at, _)| *at)
                .max()
        };
        (0..20).map(arrival).collect::<Vec<_>>()
    };
    assert!(order(&[]).is_sorted());
    let reorder = window(1, 0, 200, Fault::Reorder { within: 50_000 });
    assert!(!order(&[reorder]).is_sorted());
}

#[test]
fn fates_in_place_of_windows_give_exactly_the_same_run() {
    let mut kinds = Vec::new();
    for seed in 0..30 {
        let mut drawing = toys(seed);
        let drawn = play(&mut drawing, &load(), &trouble());
        let deliveries = drawing.fates().iter().map(|(at, message, fate)| Window {
            id: 1000,
            from: *at,
            until: Time(at.0 + 1),
            fault: Fault::Deliver {
                message: *message,
                fate: *fate,
                what: String::new(),
            },
        });
        let mut windows: Vec<_> = deliveries.collect();
        kinds.extend(drawing.fates().iter().map(|(_, _, fate)| *fate));
        windows.extend(trouble().split_off(chance().len()));
        // The run is as long as it was.
        windows.push(window(9, 0, 90, Fault::Delay { by: 0 }));
        let mut telling = toys(seed);
        assert_eq!(play(&mut telling, &load(), &windows), drawn);
        assert_eq!(telling.trace(), drawing.trace());
        assert_eq!(telling.fates(), []);
    }
    let count = |which: fn(&Fate) -> bool| kinds.iter().filter(|fate| which(fate)).count();
    assert!(count(|fate| matches!(fate, Fate::Lost)) > 50);
    assert!(count(|fate| matches!(fate, Fate::Twice(_))) > 50);
    assert!(count(|fate| matches!(fate, Fate::Late(_))) > 100);
}

#[test]
fn a_call_that_is_left_out_takes_only_its_own_luck_along() {
    let mut whole = toys(3);
    play(&mut whole, &load(), &chance());
    let mut less = toys(3);
    let mut asks = load();
    let gone = asks.remove(6).1;
    play(&mut less, &asks, &chance());
    let missing: Vec<_> = whole
        .fates()
        .iter()
        .filter(|fate| !less.fates().contains(fate))
        .collect();
    assert!(less.fates().iter().all(|fate| whole.fates().contains(fate)));
    assert!(
        (1..=6).contains(&missing.len()),
        "{gone:?} took {missing:?}"
    );
}

#[test]
fn windows_that_touch_nothing_leave_no_trace() {
    let run = |windows: &[Window]| {
        let mut sim = toys(1);
        play(&mut sim, &load(), windows);
        sim.trace()
    };
    let idle = [
        window(1, 3, 50, Fault::Lose { percent: 0 }),
        window(
            2,
            7,
            70,
            Fault::Deliver {
                message: 1,
                fate: Fate::Lost,
                what: String::new(),
            },
        ),
    ];
    assert_eq!(run(&idle), run(&[]));
    let mut sim = toys(1);
    let end = sim.fault(9, &Fault::Crash { node: 0 }, false);
    assert_eq!(end, Ok(()), "what never began may end");
}

#[test]
fn how_time_is_cut_into_pieces_does_not_matter() {
    let mut whole = toys(1);
    play(&mut whole, &load(), &trouble());
    let mut pieces = toys(1);
    let idle: Vec<_> = (0..800)
        .map(|ms| window(2000 + ms as u32, ms, ms + 1, Fault::Delay { by: 0 }))
        .collect();
    let mut windows = trouble();
    windows.extend(idle.into_iter().filter(|idle| idle.until < Time(90_000)));
    play(&mut pieces, &load(), &windows);
    assert_eq!(pieces.trace(), whole.trace());
}

#[test]
fn a_replica_that_does_not_come_to_rest_is_stopped_and_named() {
    let pace = Pace {
        events_max: 20_000,
        ..Pace::default()
    };
    let mut sim = Sim::with_pace(Toys(3), 3, 1, pace);
    let asks = [get(0, 1, 1, "spin"), get(900, 2, 0, "x")];
    let happenings = play(&mut sim, &asks, &[]);
    assert_eq!(outcome(&happenings, 1).1, "unknown");
    assert_eq!(outcome(&happenings, 2), (900_000, "unknown".into()));
    let why = sim.stuck().expect("it spun");
    assert!(why.contains("20000 events"), "{why}");
    let mut calm = toys(1);
    play(&mut calm, &load(), &trouble());
    assert_eq!(calm.stuck(), None);
}

#[test]
fn roots_are_claimed_by_running_nodes_for_the_keys_asked_about() {
    let mut sim = toys(1);
    play(&mut sim, &[put(0, 1, 0, "x1", "a")], &[]);
    sim.fault(1, &Fault::Crash { node: 1 }, true)
        .expect("it can crash");
    let root = |node| Note::Root {
        node: Node(node),
        range: "x".into(),
        keys: vec!["x1".into(), "x2".into()],
        hash: "1".into(),
    };
    let keys = ["x1".into(), "x2".into(), "y".into()];
    assert_eq!(sim.inspect(&keys), [root(0), root(2)]);
    assert_eq!(sim.setup(&keys), [Note::Healed]);
}

/// Toys of which the third begins to ping when a counter says so that lives outside of the run: what an
/// address, a real clock or an unordered map would do.
struct Restless(std::sync::atomic::AtomicU64);

impl crate::sim::Deployment for Restless {
    type Replica = crate::sim::toy::Toy;

    fn start(&self, node: u32, disk: &crate::replica::Disk, now: Time) -> Self::Replica {
        let outside = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let late = if node == 2 { outside } else { 0 };
        Toys(3).start(node, disk, Time(now.0 + late))
    }

    fn setup(&self, keys: &[String]) -> Vec<Note> {
        Toys(3).setup(keys)
    }

    fn layout(&self, history: &std::collections::BTreeSet<Vec<u8>>) -> Box<dyn crate::sim::Layout> {
        Toys(3).layout(history)
    }
}

#[test]
fn what_lies_outside_of_the_run_is_found_by_running_twice() {
    let outside = std::sync::Arc::new(Restless(0.into()));
    let run = |outside: &Restless| {
        let counter = outside.0.load(std::sync::atomic::Ordering::Relaxed);
        let mut sim = Sim::new(Restless(counter.into()), 3, 7);
        sim.keep_log();
        let _ = play(&mut sim, &load(), &trouble());
        outside.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        sim
    };
    let (one, two) = (run(&outside), run(&outside));
    assert_ne!(one.trace(), two.trace());
    let parts = one.departure(&two).expect("the traces differ");
    assert!(parts.contains("Wake at n2"), "{parts}");
    let calm = || {
        let mut sim = toys(7);
        sim.keep_log();
        let _ = play(&mut sim, &load(), &trouble());
        sim
    };
    assert_eq!(calm().departure(&calm()), None);
}
