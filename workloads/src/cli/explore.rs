//! `dyno explore`: every schedule of a few calls, and the shortest that breaks a promise.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use checker::report::{Bundle, FORMAT, terminal};
use checker::{History, Promise};
use dynamo_core::{Causality, Coordinator, Detection, Durability, ReadFrom, Resolution};
use serde_json::json;

use super::args::{Explore, Format};
use super::exit::Exit;
use super::hunt::{cores, counts, number, wrapped};
use super::output::{is_quiet, say, say_line, told_more};
use super::status::Status;
use crate::bundle::SOURCE;
use crate::explore::{
    Apart, Bounds, Broken, ExploredProgram, Program, Scope, Survey, programs, survey,
};
use crate::plan::{Partitioning, Shape};
use crate::standing::Standing;
use crate::target::Target;

pub(super) fn explore(args: &Explore) -> Result<Exit, String> {
    let shape = shape(args);
    if shape != shape.legal() {
        return Err(misfit(args));
    }
    let scope = Scope {
        shape,
        flaw: args.flaw,
        bounds: Bounds {
            crashes: args.crashes,
            timeouts: args.timeouts,
            losses: args.losses,
            repeats: args.repeats,
        },
        states_max: args.states,
        promises: args.promises.clone(),
        apart: Apart::Judged,
        goes_on: false,
    };
    let programs = match &args.program {
        Some(program) => {
            program
                .fits(shape.nodes)
                .map_err(|wrong| wrong.to_string())?;
            vec![program.clone()]
        }
        None => programs(
            shape.nodes,
            args.clients.into(),
            args.calls.into(),
            args.deletes,
        ),
    };
    let jobs = args.jobs.map_or_else(cores, usize::from);
    let done = AtomicU64::new(0);
    let all = number(programs.len() as u64);
    let what = || format!("explore  programs {} / {all}", number(done.load(Relaxed)));
    let survey = Status::during(what, || {
        survey(&scope, &programs, jobs, |survey| {
            done.store(survey.programs, Relaxed);
            for program in &survey.recent {
                told_more(2, || one(program));
            }
        })
    });
    let exit = exit(&scope, &survey);
    match args.format {
        Format::Human if is_quiet() && exit == Exit::Fine => {}
        Format::Human => say(&human(args, &scope, &survey)),
        Format::Json => say_line(&summary(args, &scope, &survey, exit)),
    }
    Ok(exit)
}

/// What came of one program.
fn one(explored: &ExploredProgram) -> String {
    let ExploredProgram {
        program,
        states,
        broken,
        capped,
    } = explored;
    let said = match (broken, capped) {
        (true, _) => "✗ broken",
        (false, true) => "? capped",
        (false, false) => "✓ not broken",
    };
    format!("{program}  {} states  {said}", number(*states))
}

/// Which flag asks for more than there is.
fn misfit(args: &Explore) -> String {
    let Explore { nodes, n, r, w, .. } = *args;
    let why = if n > nodes {
        format!("--n {n} needs more nodes than there are; did you mean --nodes {n}?")
    } else if r > n {
        format!("--r {r} waits for more replicas than there are; did you mean --r {n}?")
    } else if w > n {
        format!("--w {w} waits for more replicas than there are; did you mean --w {n}?")
    } else {
        "none of --n, --r and --w may be 0".into()
    };
    format!("{why} (1 ≤ R, W ≤ N ≤ nodes ≤ 64)")
}

/// What the flags say; all else is as in the default of the core, but for few virtual nodes.
fn shape(args: &Explore) -> Shape {
    Shape {
        nodes: args.nodes,
        n: args.n,
        r: args.r,
        w: args.w,
        vnodes: 1,
        partitioning: Partitioning::Tokens,
        sloppy: args.sloppy,
        hints: true,
        anti_entropy: true,
        read_repair: args.repair,
        coordinator: Coordinator::Asked,
        read_from: ReadFrom::Healthy,
        causality: Causality::Dots,
        resolution: if args.last_writer {
            Resolution::LastWriterWins
        } else {
            Resolution::Client
        },
        reaping_us: None,
        durability: Durability::Synced,
        detection: Detection::Requests,
        yields: false,
        skew_us: 0,
    }
}

/// A search that was cut short never looks like one that found nothing.
fn exit(scope: &Scope, survey: &Survey) -> Exit {
    let mut exits = vec![Exit::Fine];
    let total = &survey.total;
    if total.restless {
        exits.push(Exit::Target);
    }
    if survey.capped > 0 {
        exits.push(Exit::Undecided);
    }
    let asked = scope.promises.iter();
    let judged = total.promises.values().map(Exit::of);
    exits.extend(judged.filter(|exit| *exit != Exit::Idle));
    for promise in asked {
        exits.push(total.promises.get(promise).map_or(Exit::Idle, Exit::of));
    }
    if total.promises.is_empty() {
        exits.push(Exit::Idle);
    }
    exits.into_iter().min().unwrap_or(Exit::Idle)
}

/// How far it went, in one line.
fn reach(args: &Explore, survey: &Survey) -> String {
    let states = number(args.states);
    if survey.broken.is_some() {
        "stopped at the shortest counterexample".into()
    } else if survey.capped > 0 {
        let (capped, all) = (number(survey.capped), number(survey.programs));
        format!("capped at {states} states, in {capped} of {all} programs: not exhaustive")
    } else {
        "exhaustive: every schedule within these bounds was judged".into()
    }
}

fn human(args: &Explore, scope: &Scope, survey: &Survey) -> String {
    let mut out = String::new();
    let total = &survey.total;
    let target = Target { flaw: scope.flaw };
    let _ = writeln!(out, "explore   {}   {}", target.name(), scope.shape);
    let calls = match &args.program {
        Some(program) => format!("{program}"),
        None => format!(
            "{} programs of at most {} clients and {} calls",
            number(survey.programs),
            args.clients,
            args.calls
        ),
    };
    let _ = writeln!(out, "calls     {calls}");
    let _ = writeln!(out, "bounds    {}", scope.bounds);
    let _ = writeln!(
        out,
        "searched  states {}   transitions {}   ends judged {}   longest schedule {}",
        number(total.states),
        number(total.transitions),
        number(total.ends),
        total.deepest
    );
    let _ = writeln!(out, "\n{}\n", reach(args, survey));
    if total.restless {
        let _ = writeln!(
            out,
            "the replicas did not come to rest after some schedule\n"
        );
    }
    for (promise, standing) in &total.promises {
        let _ = writeln!(out, "{}", promise_line(*promise, standing));
    }
    for promise in &scope.promises {
        if !total.promises.contains_key(promise) {
            let _ = writeln!(out, "– {promise:<22}not promised at any end");
        }
    }
    if let Some((program, broken)) = &survey.broken {
        let _ = write!(out, "\n{}", told(scope, program, broken));
    }
    out
}

fn promise_line(promise: Promise, standing: &Standing) -> String {
    let ends = number(standing.runs());
    let (mark, said) = match Exit::of(standing) {
        Exit::Violated => ("✗", "broken".to_owned()),
        Exit::Undecided => (
            "?",
            format!("not decided at {} ends", number(standing.undecided)),
        ),
        Exit::Idle => (
            "–",
            "nothing exercised: no end could have broken it".to_owned(),
        ),
        _ => (
            "✓",
            format!("held at {} of {ends} ends", number(standing.held)),
        ),
    };
    let mut said = vec![said];
    said.extend(counts(&standing.exercised));
    format!("{mark} {promise:<22}{}", wrapped(&said, 24))
}

/// The shortest schedule, step by step, and what it broke.
fn told(scope: &Scope, program: &Program, broken: &Broken) -> String {
    let mut out = String::new();
    let steps = broken.steps.len();
    let _ = writeln!(
        out,
        "shortest schedule that breaks a promise: {steps} steps of {program}\n"
    );
    for (number, step) in (1..).zip(&broken.steps) {
        let _ = writeln!(out, "  {number:>3}  {step}");
    }
    let _ = writeln!(out, "       then nothing goes wrong any more\n");
    let bundle = Bundle {
        format: FORMAT.into(),
        source: SOURCE.into(),
        target: Target { flaw: scope.flaw }.name(),
        flaw: scope.flaw.map(|flaw| flaw.name().into()),
        seed: 0,
        counterexample: broken.counterexamples.first().cloned(),
        also: broken
            .counterexamples
            .iter()
            .skip(1)
            .map(checker::Counterexample::title)
            .collect(),
        size: None,
        explanation: None,
        via: std::collections::BTreeMap::new(),
        network: checker::network::Network::default(),
        trace: String::new(),
        plan: serde_json::Value::Null,
        history: broken.history.clone(),
    };
    match History::new(broken.history.clone()) {
        Ok(history) => out.push_str(&terminal(&bundle, &history)),
        Err(wrong) => {
            let _ = writeln!(out, "{wrong}");
        }
    }
    out
}

fn summary(args: &Explore, scope: &Scope, survey: &Survey, exit: Exit) -> serde_json::Value {
    let total = &survey.total;
    let promises: Vec<_> = total
        .promises
        .iter()
        .map(|(promise, standing)| {
            let verdict = match Exit::of(standing) {
                Exit::Violated => "violated",
                Exit::Undecided => "undecided",
                Exit::Idle => "nothing-exercised",
                _ => "held",
            };
            json!({
                "promise": promise.name(), "verdict": verdict, "held": standing.held,
                "broken": standing.broken, "undecided": standing.undecided,
                "idle": standing.idle, "exercised": standing.exercised,
            })
        })
        .collect();
    let violation = survey.broken.as_ref().map(|(program, broken)| {
        json!({
            "program": program.to_string(), "steps": broken.steps,
            "counterexamples": broken.counterexamples, "history": broken.history,
        })
    });
    let Bounds {
        crashes,
        timeouts,
        losses,
        repeats,
    } = scope.bounds;
    json!({
        "format": "dyno-explore/1", "target": Target { flaw: scope.flaw }.name(),
        "shape": scope.shape, "program": args.program.as_ref().map(ToString::to_string),
        "clients": args.clients, "calls": args.calls,
        "bounds": { "crashes": crashes, "timeouts": timeouts, "losses": losses, "repeats": repeats },
        "states_max": args.states, "programs": survey.programs, "capped": survey.capped,
        "exhaustive": survey.is_exhaustive(), "states": total.states,
        "largest": survey.largest, "transitions": total.transitions, "ends": total.ends,
        "longest": total.deepest, "promises": promises, "violation": violation,
        "exit": exit.number(),
    })
}
