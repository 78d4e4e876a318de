//! How far a command is, as people see it on a terminal, and machines in a log.

use std::fmt::Write;
use std::ops::Range;
use std::process::Output;

use super::{command, file, folder, stderr, stdout};

/// On a terminal, which `script` makes, with what this shell command writes as its input, if one is given.
fn on_terminal(input: &str, args: &str, set: &[(&str, &str)]) -> Option<String> {
    let command = command();
    let dyno = command.get_program().to_string_lossy().into_owned();
    let mut script = std::process::Command::new("script");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let pipe = if input.is_empty() { "" } else { "| " };
    let line = format!("{input}{pipe}{dyno} {args}");
    script
        .envs(set.iter().copied())
        .args(["-qec", &line, "/dev/null"]);
    let Ok(output) = script.output() else {
        println!("skipped: there is no script command to make a terminal with");
        return None;
    };
    Some(stdout(&output))
}

/// What was written over, and what stands there in the end.
fn over(seen: &str) -> Vec<&str> {
    seen.split("\r\x1b[2K").skip(1).collect()
}

/// Whether it is a status: this word, a number, and its unit.
fn is_status(text: &str, (word, unit): (&str, &str)) -> bool {
    let number = |sign: char| sign.is_ascii_digit() || sign == ',';
    let rest = text.strip_prefix(word);
    rest.is_some_and(|rest| {
        rest.starts_with(number) && rest.trim_start_matches(number).starts_with(unit)
    })
}

/// A shell command that writes a recording and pauses halfway, so that no machine reads it at once.
fn slow() -> String {
    let folder = folder("status-slow");
    let half = |values: Range<u32>, name: &str| {
        let mut text = String::new();
        for value in values {
            for event in ["invoke", "ok"] {
                let _ = writeln!(
                    text,
                    "{{:process 0, :type :{event}, :f :write, :value {value}}}"
                );
            }
        }
        file(&folder, name, text.as_bytes())
    };
    let (first, second) = (
        half(0..60_000, "first.edn"),
        half(60_000..120_000, "second.edn"),
    );
    format!("(cat {first}; sleep 1; cat {second}) ")
}

#[test]
fn people_see_a_line_that_is_written_over() {
    let folder = folder("status");
    let out = folder.to_string_lossy().into_owned();
    for (input, args, line) in [
        (
            String::new(),
            format!("hunt --budget 2s --seed-base 1 --out {out}"),
            ("hunt  ", " s"),
        ),
        (
            String::new(),
            format!("flaws --short --flaw hash-count-only --budget 2s --out {out}"),
            ("flaws  ", " s"),
        ),
        (
            String::new(),
            "explore --program put@0,get@1,put@2 --states 60000".replace(',', "\\ "),
            ("explore  programs ", " / 1"),
        ),
        (
            slow(),
            "check - --property linearizable".into(),
            ("read ", " MB, "),
        ),
    ] {
        let args = format!("{args} --color never");
        let Some(seen) = on_terminal(&input, &args, &[]) else {
            return;
        };
        let over = over(&seen);
        let shown = over.iter().any(|text| is_status(text, line));
        assert!(shown, "{args}: {seen:?}");
        let left = over.last().is_some_and(|text| is_status(text, line));
        assert!(!left, "it is taken away: {seen:?}");
        for (more, set) in [("-q", None), ("", Some(("TERM", "dumb")))] {
            let seen = on_terminal(&input, &format!("{args} {more}"), set.as_slice());
            assert!(
                !seen.unwrap_or_default().contains("\x1b[2K"),
                "{args} {more}"
            );
        }
    }
}

#[test]
fn people_see_colours_and_machines_do_not() {
    let args = "explore --program put@0";
    let Some(seen) = on_terminal("", args, &[]) else {
        return;
    };
    assert!(seen.contains("\x1b[32m✓"), "{seen:?}");
    let without = on_terminal("", args, &[("NO_COLOR", "1")]);
    assert!(without.is_some_and(|seen| !seen.contains("\x1b[32m")));
    let piped: Output = command()
        .args(args.split(' '))
        .output()
        .expect("the command runs");
    assert!(!stdout(&piped).contains('\x1b') && stderr(&piped).is_empty());
}
