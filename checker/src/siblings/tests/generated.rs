//! The final rule against its brute-force reading, on generated histories.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::check::judge;
use crate::evidence::sketch::sketch;
use crate::luck::{Luck, cases};

/// What a generated history wrote, for the brute-force reading.
struct Case {
    text: String,
    /// For each write: whether it is a delete, its outcome, and the writes it directly supersedes.
    writes: Vec<(bool, &'static str, Vec<usize>)>,
    answer: BTreeSet<usize>,
}

fn case(luck: &mut Luck) -> Case {
    let mut text = String::new();
    let mut writes: Vec<(bool, &str, Vec<usize>)> = Vec::new();
    let mut at = 0;
    for write in 0..=luck.place(5) {
        let mut seen = Vec::new();
        let mut context = Vec::new();
        for (earlier, &(delete, outcome, _)) in writes.iter().enumerate() {
            if luck.place(3) > 0 || outcome == "fail" || (delete && outcome == "info") {
                continue;
            }
            if delete {
                context.push(format!("w{earlier}"));
            } else {
                let name = format!("g{write}x{earlier}");
                let to = at + 1;
                writeln!(text, "[{at},{to}] {name} get x -> {{v{earlier}}} as {name}")
                    .expect("a string takes everything");
                at += 2;
                context.push(name);
            }
            seen.push(earlier);
        }
        let delete = luck.place(4) == 0;
        let outcome = ["ok", "ok", "info", "fail"][luck.place(4)];
        let call = if delete {
            "del x".into()
        } else {
            format!("put x v{write}")
        };
        let context = if context.is_empty() {
            String::new()
        } else {
            format!("ctx={}", context.join("+"))
        };
        let to = at + 1;
        writeln!(
            text,
            "[{at},{to}] s{write} {call} {context} -> {outcome} as w{write}"
        )
        .expect("a string takes everything");
        at += 2;
        writes.push((delete, outcome, seen));
    }
    let puts = (0..writes.len()).filter(|&write| !writes[write].0);
    let answer: BTreeSet<usize> = puts.filter(|_| luck.place(2) == 0).collect();
    let values: Vec<String> = answer.iter().map(|write| format!("v{write}")).collect();
    writeln!(text, "final x {{{}}}", values.join(",")).expect("a string takes everything");
    Case {
        text,
        writes,
        answer,
    }
}

/// Whether some set of effective writes, with all acknowledged ones, leaves exactly the answer.
fn explained(case: &Case) -> bool {
    let count = case.writes.len();
    let mut below = vec![BTreeSet::new(); count];
    for write in 0..count {
        for &seen in &case.writes[write].2 {
            let deeper: BTreeSet<usize> = below[seen].clone();
            below[write].extend(deeper);
            below[write].insert(seen);
        }
    }
    (0..1_u32 << count).any(|chosen| {
        let effective = |write: usize| chosen & (1 << write) != 0;
        let allowed = (0..count).all(|write| match case.writes[write].1 {
            "ok" => effective(write),
            "fail" => !effective(write),
            _ => true,
        });
        let visible = (0..count).filter(|&write| {
            let maximal =
                !(0..count).any(|above| effective(above) && below[above].contains(&write));
            effective(write) && maximal && !case.writes[write].0
        });
        allowed && visible.collect::<BTreeSet<_>>() == case.answer
    })
}

#[test]
fn the_final_rule_is_that_some_set_of_effective_writes_explains_the_state() {
    let mut luck = Luck(7);
    let mut seen = BTreeSet::new();
    let (mut fine, rounds) = (0, cases(20_000));
    for _ in 0..rounds {
        let case = case(&mut luck);
        let broken = judge(&sketch(&case.text)).0.broken();
        assert_eq!(broken.is_empty(), explained(&case), "{}", case.text);
        fine += u64::from(broken.is_empty());
        seen.extend(broken);
    }
    assert!(fine > rounds / 10, "only {fine} histories were fine");
    for part in ["lost write", "resurrection", "false conflict", "invention"] {
        assert!(seen.contains(part), "{part} never happened");
    }
}
