//! Known answers for who supersedes whom, and the chains against the transitive closure.

use std::fmt::Write as _;

use super::vectors::{Vector, Vectors};
use super::{Columns, Cover, Key, Order, Question, Status};
use crate::evidence::sketch::sketch;
use crate::luck::Luck;

#[test]
fn the_chains_say_what_the_transitive_closure_says() {
    let mut luck = Luck(3);
    for _ in 0..500 {
        let count = 1 + luck.place(12);
        let mut text = String::new();
        let mut below: Vec<Vec<bool>> = Vec::new();
        for write in 0..count {
            let mut all = vec![false; count];
            let mut context = String::new();
            for earlier in (0..write)
                .filter(|_| luck.place(4) == 0)
                .collect::<Vec<_>>()
            {
                let sign = if context.is_empty() { "ctx=" } else { "+" };
                write!(context, "{sign}w{earlier}").expect("a string takes everything");
                all[earlier] = true;
                for deeper in 0..write {
                    all[deeper] |= below[earlier][deeper];
                }
            }
            let (at, to) = (2 * write, 2 * write + 1);
            writeln!(
                text,
                "[{at},{to}] s put x v{write} {context} -> ok as w{write}"
            )
            .expect("a string takes everything");
            below.push(all);
        }
        let history = sketch(&text);
        let order = Order::new(&history);
        let key = &order.keys[0];
        let mut ordered = 0;
        for (above, all) in below.iter().enumerate() {
            for (write, &is_below) in all.iter().enumerate() {
                assert_eq!(key.before(write, above), is_below, "{text}");
                assert_eq!(key.possibly_before(write, above), is_below, "{text}");
                ordered += u64::from(is_below);
            }
        }
        let pairs = (count * (count - 1) / 2) as u64;
        assert_eq!(key.pairs(|_| true), (ordered, pairs - ordered));
    }
}

/// Whether `above` may supersede `below`, by looking at everything that it may have seen.
fn may_supersede(key: &Key<'_>, below: usize, above: usize) -> bool {
    let mut visited = vec![false; key.writes.len()];
    let mut open = vec![above];
    while let Some(write) = open.pop() {
        let hidden = key.glimpses(write).iter().flat_map(|&read| {
            let read = &key.reads[read];
            key.hidden(key.written(read), read.returned)
        });
        for earlier in key.seen(write).iter().copied().chain(hidden) {
            if !std::mem::replace(&mut visited[earlier], true) {
                open.push(earlier);
            }
        }
    }
    below != above && visited[below]
}

#[test]
fn what_may_be_superseded_is_what_a_search_finds() {
    let mut luck = Luck(8);
    let (mut proven, mut possible) = (0, 0);
    for _ in 0..2_000 {
        let mut text = String::new();
        if luck.one_in(4) {
            text.push_str("0 setup n=3 w=2 converges may_revive\n");
        }
        let mut values = Vec::new();
        for op in 0..3 + luck.place(9) {
            let from = 1 + luck.place(12);
            let to = from + luck.place(4);
            let mut context = String::new();
            for earlier in (0..op).filter(|_| luck.one_in(3)).collect::<Vec<_>>() {
                let sign = if context.is_empty() { "ctx=" } else { "+" };
                write!(context, "{sign}#{earlier}").expect("a string takes everything");
            }
            let (call, outcome) = match luck.place(3) {
                0 => (format!("del x {context}"), "ok".to_string()),
                1 => {
                    values.push(format!("v{op}"));
                    (format!("put x v{op} {context}"), "ok".to_string())
                }
                _ => {
                    let shown = values.iter().filter(|_| luck.one_in(3));
                    let shown: Vec<&str> = shown.map(String::as_str).collect();
                    ("get x".to_string(), format!("{{{}}}", shown.join(",")))
                }
            };
            writeln!(text, "[{from},{to}] s{op} {call} -> {outcome}").expect("a string");
        }
        let history = sketch(&text);
        let order = Order::new(&history);
        let Some(key) = order.keys.first() else {
            continue;
        };
        for above in 0..key.writes.len() {
            for below in (0..key.writes.len()).filter(|&below| below != above) {
                let expected = may_supersede(key, below, above);
                assert_eq!(key.possibly_before(below, above), expected, "{text}");
                possible += u32::from(expected);
                if !key.circular {
                    proven += u32::from(key.before(below, above));
                }
            }
            let cover = Cover::of(key, std::iter::once(above));
            let rest = (0..key.writes.len()).filter(|&write| !key.covers(above, write));
            assert_eq!(cover.rest(key), rest.collect::<Vec<_>>(), "{text}");
        }
    }
    assert!(
        proven > 1_000 && possible > proven + 1_000,
        "{proven} {possible}"
    );
}

#[test]
fn few_columns_answer_what_is_asked_as_one_for_each_session_does() {
    let mut luck = Luck(4);
    let mut narrow = 0;
    for _ in 0..300 {
        let (sessions, steps) = (1 + luck.place(12), 60);
        // Sessions come and go; who acts at a place knows what somebody knew before.
        let acts: Vec<usize> = (0..steps)
            .map(|place| (place * sessions / steps + luck.place(3)) % sessions)
            .collect();
        let mut questions = Vec::new();
        for _ in 0..luck.place(30) {
            let place = luck.place(steps);
            let at = place + 1 + luck.place(steps / 4);
            let session = acts[place];
            questions.push(Question { session, place, at });
        }
        let few = Columns::needed(sessions, questions.iter().copied(), |place| place);
        let whole = Columns::whole(sessions);
        let mut vectors = Vectors::default();
        let mut known = vec![(Vector::default(), Vector::default()); sessions];
        for (at, &session) in acts.iter().enumerate() {
            let (mut one, mut two) = known[session];
            for _ in 0..luck.place(3) {
                let from = known[luck.place(sessions)];
                one = vectors.join(one, from.0);
                two = vectors.join(two, from.1);
            }
            for asked in questions.iter().filter(|asked| asked.at == at) {
                for slack in [0, 1] {
                    let knows = |columns: &Columns, vector| {
                        let last = columns.get(&vectors, vector, asked.session) as usize;
                        last > asked.place + slack
                    };
                    assert_eq!(knows(&few, one), knows(&whole, two));
                }
            }
            one = few.set(&mut vectors, one, session, at as u32 + 1);
            two = whole.set(&mut vectors, two, session, at as u32 + 1);
            known[session] = (one, two);
        }
        narrow += u32::from(few.width() < sessions && !questions.is_empty());
    }
    assert!(narrow > 100, "{narrow}");
}

#[test]
fn what_certainly_failed_takes_its_value_from_nobody() {
    for text in [
        "[0,1] s put x a -> fail\n [2,3] t put x a -> ok\n [4,5] u get x -> {a} as g",
        "[0,1] s put x a -> ok\n [2,3] t put x a -> fail\n [4,5] u get x -> {a} as g",
    ] {
        let history = sketch(text);
        let key = &Order::new(&history).keys[0];
        assert!(!key.repeats);
        let write = key.written(&key.reads[0])[0];
        assert_eq!(key.writes[write].status, Status::Acknowledged, "{text}");
    }
    let history = sketch("[0,1] s put x a -> ok\n [2,3] t put x a -> info");
    assert!(Order::new(&history).keys[0].repeats);
}

#[test]
fn two_blind_puts_of_one_session_are_concurrent() {
    let history = sketch("[0,1] s put x a -> ok\n [2,3] s put x b -> ok");
    let order = Order::new(&history);
    assert!(!order.keys[0].before(0, 1) && !order.keys[0].before(1, 0));
}

#[test]
fn a_context_of_another_key_supersedes_nothing() {
    let history = sketch("[0,1] s put y a -> ok as p\n [2,3] s put x b ctx=p -> ok");
    let order = Order::new(&history);
    assert!(order.keys.iter().all(|key| key.seen(0).is_empty()));
}

#[test]
fn a_client_holds_no_context_of_a_call_that_was_not_answered() {
    let history = sketch("[0,-] s put x a -> info as p\n [2,3] t put x b ctx=p -> ok");
    let order = Order::new(&history);
    assert!(!order.keys[0].before(0, 1));
}

#[test]
fn contexts_in_a_circle_neither_hang_nor_panic() {
    let history = sketch("[0,1] s put x a ctx=#1 -> ok\n [0,1] t put x b ctx=#0 -> ok");
    let order = Order::new(&history);
    assert!(order.keys[0].covers(0, 0) && order.keys[0].covers(1, 1));
}

#[test]
fn a_delete_may_hide_only_where_it_had_been_called_and_supersedes_nothing_returned() {
    let history = sketch(
        "[0,1] s put x a -> ok as p
         [2,3] s del x ctx=p -> ok
         [4,5] t get x -> {} as g
         [6,7] t put x b ctx=g -> ok
         [4,5] u get x -> {a} as h
         [6,7] u put x c ctx=h -> ok",
    );
    let order = Order::new(&history);
    let key = &order.keys[0];
    assert!(key.possibly_before(0, 2) && key.possibly_before(1, 2));
    assert!(!key.before(0, 2));
    assert!(key.before(0, 3) && !key.possibly_before(1, 3));
}
