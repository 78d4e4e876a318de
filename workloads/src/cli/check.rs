//! `dyno check`: a recorded history in, a verdict and the operations that explain it out.

use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::Path;

use checker::append::Append;
use checker::import::{self, Format as Recorded, Import, Imported, NilMeaning, Options, What};
use checker::kv::Kv;
use checker::linear::Linearizable;
use checker::model::{Appends, MultiValue, Registers};
use checker::register::{Register, Value};
use checker::report::operations;
use checker::{
    Budget, Checker, Counterexample, Domain, History, Outcome, Promise, Shortfall, Verdict,
};
use serde_json::json;

use super::args::{Check, Format, Model, Nil};
use super::exit::Exit;
use super::hunt::counted;
use super::output::{say, say_line};

pub(super) fn check(args: &Check) -> Result<Exit, String> {
    let name = name(&args.file);
    let import = load(args).map_err(|why| format!("cannot read {name}: {why}"))?;
    let model = args.model.unwrap_or(match &import.history {
        Imported::Append(_) => Model::KvAppend,
        Imported::Kv(_) => Model::Siblings,
        _ => Model::CasRegister,
    });
    match (&import.history, model) {
        (Imported::Register(history), Model::Register | Model::CasRegister) => {
            let checkers = registers(args, model, history)
                .map_err(|why| format!("cannot check {name}: {why}"))?;
            conclude(args, &import, model, history, &checkers)
        }
        (Imported::Append(history), Model::KvAppend) => {
            let checkers: Vec<Box<dyn Checker<Append>>> =
                vec![Box::new(Linearizable::new(Appends))];
            conclude(args, &import, model, history, &checkers)
        }
        (Imported::Kv(history), Model::Siblings | Model::MultiValueRegister) => {
            let object =
                MultiValue::of(history).map_err(|why| format!("cannot check {name}: {why}"))?;
            let checkers: Vec<Box<dyn Checker<Kv>>> = if model == Model::Siblings {
                checker::promises().into_iter().collect()
            } else {
                vec![Box::new(Linearizable::new(object))]
            };
            conclude(args, &import, model, history, &checkers)
        }
        (history, model) => {
            let (about, models) = match history {
                Imported::Register(_) => (Register::NAME, "register and cas-register"),
                Imported::Append(_) => (Append::NAME, "kv-append"),
                _ => (Kv::NAME, "siblings and multi-value-register"),
            };
            Err(format!(
                "{name} is a recording of {about}: its models are {models}, not {model}"
            ))
        }
    }
}

fn name(file: &Path) -> String {
    if file == Path::new("-") {
        "standard input".into()
    } else {
        file.display().to_string()
    }
}

fn load(args: &Check) -> Result<Import, String> {
    let bytes = if args.file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|why| why.to_string())?;
        bytes
    } else {
        fs::read(&args.file).map_err(|why| why.to_string())?
    };
    let options = Options {
        nil: args.nil.map(|nil| match nil {
            Nil::Value => NilMeaning::Value,
            Nil::Unknown => NilMeaning::Unknown,
        }),
        keyed: args.keyed,
        object: None,
    };
    let format = args.from.or_else(|| Recorded::recognise(&bytes));
    // Where no format fits, what is wrong may be simpler: nothing in it, or not text at all.
    let tried = import::read(&bytes, format.unwrap_or(Recorded::JsonLines), options);
    match (format, tried) {
        (Some(_), tried) => tried.map_err(|why| why.to_string()),
        (None, Err(why)) if matches!(why.what, What::Empty | What::NotUtf8) => Err(why.to_string()),
        (None, _) => {
            let known: Vec<&str> = Recorded::ALL.iter().map(|format| format.name()).collect();
            Err(format!(
                "its format is not recognised; --from says which: {}",
                known.join(", ")
            ))
        }
    }
}

type Checkers<D> = Vec<Box<dyn Checker<D>>>;

fn registers(
    args: &Check,
    model: Model,
    history: &History<Register>,
) -> Result<Checkers<Register>, String> {
    let initial = match args.initial.as_str() {
        "nil" => Value::Nil,
        text => text
            .parse()
            .map_or_else(|_| Value::Text(text.into()), Value::Int),
    };
    let object = if model == Model::Register {
        Registers::plain(initial, history).map_err(|why| why.to_string())?
    } else {
        Registers { initial }
    };
    Ok(vec![Box::new(Linearizable::new(object))])
}

fn conclude<D: Domain>(
    args: &Check,
    import: &Import,
    model: Model,
    history: &History<D>,
    checkers: &[Box<dyn Checker<D>>],
) -> Result<Exit, String> {
    let has = |promise: &Promise| checkers.iter().any(|checker| checker.promise() == *promise);
    if let Some(promise) = args.promises.iter().find(|promise| !has(promise)) {
        return Err(format!("the model {model} makes no promise {promise}"));
    }
    let budget = Budget {
        states: args.states,
    };
    let asked = checkers
        .iter()
        .filter(|checker| args.promises.is_empty() || args.promises.contains(&checker.promise()));
    let verdicts: Vec<(Promise, Verdict)> = asked
        .map(|checker| (checker.promise(), checker.check(history, budget)))
        .collect();
    let exit = worst(&verdicts, !args.promises.is_empty());
    match args.format {
        Format::Human => say(&told(import, model, history, &verdicts)),
        Format::Json => say_line(&summary(import, model, history, &verdicts, exit)),
    }
    Ok(exit)
}

/// A promise that nothing could have broken counts where it was asked for by name, or is all there is.
fn worst(verdicts: &[(Promise, Verdict)], by_name: bool) -> Exit {
    let exits = || verdicts.iter().map(|(_, verdict)| stands(verdict));
    let told = exits().filter(|exit| by_name || *exit != Exit::Idle).min();
    told.unwrap_or(Exit::Idle)
}

fn stands(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Valid(_) => Exit::Fine,
        Verdict::Invalid(_) => Exit::Violated,
        Verdict::Unknown(Shortfall::NothingExercised(_)) => Exit::Idle,
        Verdict::Unknown(_) => Exit::Undecided,
    }
}

fn told<D: Domain>(
    import: &Import,
    model: Model,
    history: &History<D>,
    verdicts: &[(Promise, Verdict)],
) -> String {
    let mut out = String::new();
    let unknown = history
        .ops()
        .iter()
        .filter(|op| op.outcome == Outcome::Unknown)
        .count();
    let _ = writeln!(
        out,
        "read {} operations as {} ({}{}), {unknown} of unknown outcome",
        history.ops().len(),
        model,
        import.format,
        if import.keyed { ", by key" } else { "" },
    );
    for (promise, verdict) in verdicts {
        match verdict {
            Verdict::Valid(checker::Witness { exercised, .. }) => {
                let _ = writeln!(out, "✓ {promise}  {}", counted(verdict));
                if exercised.get("answers that could be wrong") == Some(&0) {
                    let _ = writeln!(
                        out,
                        "  no operation has an answer that could have been wrong"
                    );
                }
            }
            Verdict::Unknown(shortfall) => {
                let mark = if stands(verdict) == Exit::Idle {
                    "–"
                } else {
                    "?"
                };
                let _ = writeln!(out, "{mark} {promise}  {shortfall}");
                if stands(verdict) == Exit::Undecided {
                    let _ = writeln!(
                        out,
                        "  What helps: a larger --check-budget, fewer clients for each key, or \
                         reads that show whether the unknown operations happened."
                    );
                }
            }
            Verdict::Invalid(found) => explain(&mut out, import, history, found),
        }
    }
    out
}

/// The sentence, the operations that explain it, the facts, and where to find them in the file.
fn explain<D: Domain>(
    out: &mut String,
    import: &Import,
    history: &History<D>,
    found: &Counterexample,
) {
    let key = found
        .key
        .as_ref()
        .map(|key| format!("  key {key}"))
        .unwrap_or_default();
    let _ = writeln!(out, "✗ {}{key}\n\n  {}\n", found.title(), found.sentence);
    out.push_str(&operations(history, &found.ops));
    out.push('\n');
    let mut label = "why";
    for reason in &found.reasons {
        let _ = writeln!(out, "  {label:<5} {}", reason.text);
        label = "";
    }
    if let Some((first, last)) = lines(import, history, found.ops.iter().copied()) {
        let _ = writeln!(
            out,
            "  {:<5} lines {first} to {last} of the recording",
            "where"
        );
    }
}

/// The first and last line of the file on which these operations begin.
fn lines<D: Domain>(
    import: &Import,
    history: &History<D>,
    ops: impl Iterator<Item = checker::OpId>,
) -> Option<(usize, usize)> {
    let lines: Vec<usize> = ops
        .filter_map(|op| history.op(op))
        .filter_map(|op| import.lines.get(op.line - 1))
        .collect();
    Some((*lines.iter().min()?, *lines.iter().max()?))
}

fn summary<D: Domain>(
    import: &Import,
    model: Model,
    history: &History<D>,
    verdicts: &[(Promise, Verdict)],
    exit: Exit,
) -> serde_json::Value {
    let verdicts: Vec<_> = verdicts
        .iter()
        .map(|(promise, verdict)| match verdict {
            Verdict::Valid(witness) => json!({
                "promise": promise, "verdict": "valid", "exercised": witness.exercised,
            }),
            Verdict::Invalid(found) => json!({
                "promise": promise, "verdict": "invalid", "counterexample": found,
            }),
            Verdict::Unknown(shortfall) => json!({
                "promise": promise, "verdict": "unknown", "reason": shortfall,
            }),
        })
        .collect();
    json!({
        "format": "dyno-check/1", "recorded_as": import.format.name(), "keyed": import.keyed,
        "model": model.to_string(), "operations": history.ops().len(), "verdicts": verdicts,
        "exit": exit.number(),
    })
}
