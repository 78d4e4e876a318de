//! The command itself: read, choose the judges, judge, tell.

use checker::append::Append;
use checker::import::{Import, Imported};
use checker::kv::Kv;
use checker::register::Register;
use checker::{Budget, Domain, History};

use super::judged::{Judge, judge, worst};
use super::load::{load, name};
use super::objects::{initial, registers, siblings, strings};
use super::summary::summary;
use super::told::told;
use crate::cli::args::{Check, Format, Model};
use crate::cli::exit::Exit;
use crate::cli::output::{say, say_line};

/// Judges a recording.
pub(in crate::cli) fn check(args: &Check) -> Result<Exit, String> {
    let name = name(&args.recording.file);
    let object = args.model.map(Model::object);
    let import =
        load(&args.recording, object).map_err(|why| format!("cannot read {name}: {why}"))?;
    let model = args.model.unwrap_or(match &import.history {
        Imported::Append(_) => Model::KvAppend,
        Imported::Kv(_) => Model::Siblings,
        _ => Model::CasRegister,
    });
    let cannot = |why| format!("cannot check {name}: {why}");
    match (&import.history, model) {
        (Imported::Register(history), Model::Register | Model::CasRegister) => {
            let judges = registers(model, initial(&args.initial), history).map_err(cannot)?;
            conclude(args, &import, model, history, &judges)
        }
        (Imported::Append(history), Model::KvAppend) => {
            conclude(args, &import, model, history, &strings())
        }
        (Imported::Kv(history), Model::Siblings | Model::MultiValueRegister) => {
            let judges = siblings(model, history).map_err(cannot)?;
            conclude(args, &import, model, history, &judges)
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

fn conclude<D: Domain>(
    args: &Check,
    import: &Import,
    model: Model,
    history: &History<D>,
    judges: &[Judge<D>],
) -> Result<Exit, String> {
    let has = |promise| judges.iter().any(|judge| judge.promise() == promise);
    if let Some(promise) = args.promises.iter().find(|promise| !has(**promise)) {
        let known: Vec<&str> = judges.iter().map(|judge| judge.promise().name()).collect();
        return Err(format!(
            "the model {model} makes no promise {promise}; it has {}",
            known.join(", ")
        ));
    }
    let budget = Budget {
        states: args.states,
    };
    let judged = judge(history, judges, &args.promises, budget);
    let exit = worst(&judged, !args.promises.is_empty());
    match args.format {
        Format::Human => say(&told(import, model, history, &judged)),
        Format::Json => say_line(&summary(import, model, history, &judged, exit)),
    }
    Ok(exit)
}
