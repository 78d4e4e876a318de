//! The command itself: read, choose the judges, judge, tell.

use checker::import::{Import, Imported, Object};
use checker::model::{Appends, Mutexes, Queues, Sets};
use checker::{Budget, Domain, History};
use clap::ValueEnum;

use super::judged::{judge, worst};
use super::load::{load, name};
use super::objects::{Judges, counters, object, registers, siblings};
use super::summary::summary;
use super::told::told as screen;
use crate::cli::args::{Check, Format, Model};
use crate::cli::exit::Exit;
use crate::cli::output::{say, say_line};

/// Judges a recording.
pub(in crate::cli) fn check(args: &Check) -> Result<Exit, String> {
    let name = name(&args.recording.file);
    let named = args.model.map(Model::object);
    let import =
        load(&args.recording, named).map_err(|why| format!("cannot read {name}: {why}"))?;
    let about = import.history.object();
    let model = args.model.unwrap_or(usual(about));
    let told =
        |judged: Result<Exit, String>| judged.map_err(|why| format!("cannot check {name}: {why}"));
    match (&import.history, model) {
        (Imported::Register(history), Model::Register | Model::CasRegister) => {
            let judges = registers(model, &args.initial, history);
            told(conclude(args, &import, model, history, judges))
        }
        (Imported::Append(history), Model::KvAppend) => {
            told(conclude(args, &import, model, history, Ok(object(Appends))))
        }
        (Imported::Set(history), Model::Set) => {
            told(conclude(args, &import, model, history, Ok(object(Sets))))
        }
        (Imported::Counter(history), Model::Counter) => told(conclude(
            args,
            &import,
            model,
            history,
            counters(&args.initial),
        )),
        (Imported::Queue(history), Model::Queue) => {
            told(conclude(args, &import, model, history, Ok(object(Queues))))
        }
        (Imported::Mutex(history), Model::Mutex) => {
            told(conclude(args, &import, model, history, Ok(object(Mutexes))))
        }
        (Imported::Kv(history), Model::Siblings | Model::MultiValueRegister) => {
            let judges = siblings(model, history);
            told(conclude(args, &import, model, history, judges))
        }
        _ => Err(format!(
            "{name} is a recording of {about}: its models are {}, not {model}",
            models(about)
        )),
    }
}

/// The model of a recording of which nothing more was said.
fn usual(about: Object) -> Model {
    match about {
        Object::Append => Model::KvAppend,
        Object::Set => Model::Set,
        Object::Counter => Model::Counter,
        Object::Queue => Model::Queue,
        Object::Mutex => Model::Mutex,
        Object::Txn => Model::ListAppend,
        Object::Kv => Model::Siblings,
        _ => Model::CasRegister,
    }
}

/// The models that fit a recording, in words.
fn models(about: Object) -> String {
    let all = Model::value_variants().iter();
    let fit = all.filter(|model| model.object() == about);
    let named: Vec<String> = fit.map(Model::to_string).collect();
    named.join(" and ")
}

fn conclude<D: Domain>(
    args: &Check,
    import: &Import,
    model: Model,
    history: &History<D>,
    judges: Judges<D>,
) -> Result<Exit, String> {
    let judges = judges?;
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
    let judged = judge(history, &judges, &args.promises, budget);
    let exit = worst(&judged, !args.promises.is_empty());
    match args.format {
        Format::Human => say(&screen(import, model, history, &judged)),
        Format::Json => say_line(&summary(import, model, history, &judged, exit)),
    }
    Ok(exit)
}
