//! The induction against all pairs, on generated histories.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::check::judge;
use super::super::clocks::collect;
use super::super::truth::clocked;
use crate::evidence::sketch::sketch;
use crate::history::History;
use crate::kv::Kv;
use crate::luck::{Luck, cases};
use crate::order::Order;

/// Every pair of known clocks: whether one falsely has, or falsely has not, seen the other's event.
fn all_pairs(history: &History<Kv>) -> BTreeSet<&'static str> {
    let order = Order::new(history);
    let mut lies = BTreeSet::new();
    for (key, clocks) in order.keys.iter().zip(collect(&order)) {
        let dots = clocked(&clocks);
        for (below, dot) in dots.iter().enumerate() {
            for above in (0..dots.len()).filter(|&above| dots[above].is_some()) {
                let Some(dot) = dot else { continue };
                for clock in &clocks.of[above] {
                    match clock.saw(dot) {
                        true if above == below || !key.possibly_before(below, above) => {
                            lies.insert("false order");
                        }
                        false if key.before(below, above) => {
                            lies.insert("false conflict in the clocks");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    lies
}

/// A history whose clocks are right, or with one entry of one clock moved.
fn clocked_history(luck: &mut Luck, deletes: bool) -> String {
    let actors = ["A", "B", "C"];
    let mut text = String::new();
    let mut counters = [0; 3];
    let mut pasts: Vec<[u64; 3]> = Vec::new();
    let mut dots: Vec<(usize, u64)> = Vec::new();
    let writes = 2 + luck.place(6);
    let (wrong, entry) = (luck.place(2 * writes), luck.place(3));
    let wrong_by = luck.place(3) as u64;
    for write in 0..writes {
        let at = 10 * write;
        let mut past = [0; 3];
        let mut context = String::new();
        for earlier in (0..write)
            .filter(|_| luck.place(3) == 0)
            .collect::<Vec<_>>()
        {
            let (actor, counter) = dots[earlier];
            past[actor] = past[actor].max(counter);
            for (mine, theirs) in past.iter_mut().zip(pasts[earlier]) {
                *mine = (*mine).max(theirs);
            }
            let sign = if context.is_empty() { "ctx=" } else { "+" };
            write!(context, "{sign}w{earlier}").expect("a string takes everything");
        }
        let actor = luck.place(3);
        counters[actor] += 1;
        // A context must not cover a dot of its actor that it has not seen: gaps are real.
        let mut shown = past;
        if write == wrong {
            shown[entry] = wrong_by;
        }
        let delete = deletes && luck.place(5) == 0;
        let (call, value) = if delete {
            ("del x".into(), "!".into())
        } else {
            (format!("put x v{write}"), format!("v{write}"))
        };
        writeln!(
            text,
            "[{at},{}] s{write} {call} {context} -> ok as w{write}",
            at + 5
        )
        .expect("a string takes everything");
        if luck.place(6) > 0 {
            let past: Vec<String> = (0..3)
                .map(|one| format!("{}:{}", actors[one], shown[one]))
                .collect();
            writeln!(
                text,
                "{} durable N x {{{value}@{}:{}/{}}}",
                at + 4,
                actors[actor],
                counters[actor],
                past.join("+")
            )
            .expect("a string takes everything");
        }
        dots.push((actor, counters[actor]));
        pasts.push(past);
    }
    text
}

#[test]
fn the_induction_says_what_all_pairs_say() {
    let mut luck = Luck(11);
    let mut both = BTreeSet::new();
    let (mut fine, rounds) = (0, cases(20_000));
    for round in 0..rounds {
        let text = clocked_history(&mut luck, round % 2 == 0);
        let history = sketch(&text);
        let found: BTreeSet<&str> = judge(&history)
            .0
            .broken()
            .into_iter()
            .filter(|part| part.starts_with("false"))
            .collect();
        let expected = all_pairs(&history);
        assert_eq!(found.is_empty(), expected.is_empty(), "{text}");
        assert!(found.is_subset(&expected), "{text}");
        fine += u64::from(found.is_empty());
        both.extend(found);
    }
    assert_eq!(both.len(), 2);
    assert!(
        (rounds / 10..rounds * 9 / 10).contains(&fine),
        "{fine} were fine"
    );
}
