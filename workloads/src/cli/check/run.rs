//! The command itself: read, choose the judges, judge, tell.

use std::fs;
use std::path::Path;

use checker::cycles::{self, ConsistencyModel, Cycles, Sources};
use checker::export::json_lines;
use checker::import::{Import, Imported, Object};
use checker::kv::Kv;
use checker::model::{self, Appends, Mutexes, Queues, Sets};
use checker::register::Register;
use checker::report::needed;
use checker::txn::{Ask, Txn};
use checker::{Budget, Counterexample, Domain, History, last_writer, staleness};
use clap::ValueEnum;

use super::judged::{Judge, counterexample, judge, worst};
use super::load::{load, name};
use super::objects::{Judges, counters, object, placed, registers, siblings, value};
use super::summary::summary;
use super::told::told as screen;
use crate::cli::args::{Check, Format, Model};
use crate::cli::exit::Exit;
use crate::cli::output::{is_quiet, note, say, say_line};

/// Judges a recording.
pub(in crate::cli) fn check(args: &Check) -> Result<Exit, String> {
    let name = name(&args.recording.file);
    spares(args)?;
    let named = args.model.map(Model::object);
    let import =
        load(&args.recording, named).map_err(|why| format!("cannot read {name}: {why}"))?;
    let model = args.model.unwrap_or_else(|| usual(&import.history));
    let cannot = |why| format!("cannot check {name}: {why}");
    takes(args, model).map_err(cannot)?;
    let judged = judged(args, &import, model).map_err(cannot)?;
    judged.ok_or_else(|| {
        let about = import.history.object();
        format!(
            "{name} is a recording of {about}: its models are {}, not {model}",
            models(about)
        )
    })
}

/// Judges a recording by a model; `None` if that is no model of what was recorded.
fn judged(args: &Check, import: &Import, model: Model) -> Result<Option<Exit>, String> {
    let begins = args.initial.as_deref().unwrap_or("nil");
    let asked = Asked {
        args,
        import,
        model,
    };
    let exit = match (&import.history, model) {
        (Imported::Register(history), Model::Register | Model::CasRegister) => asked.conclude(
            history,
            |history| registers(import, model, begins, history),
            || last_writer::staleness(history, &value(begins)).to_string(),
        ),
        (Imported::Append(history), Model::KvAppend) => asked.of_object(history, &Appends),
        (Imported::Set(history), Model::Set) => asked.of_object(history, &Sets),
        (Imported::Counter(history), Model::Counter) => {
            asked.conclude(history, |history| counters(begins, history), String::new)
        }
        (Imported::Queue(history), Model::Queue) => asked.of_object(history, &Queues),
        (Imported::Mutex(history), Model::Mutex) => asked.of_object(history, &Mutexes),
        (Imported::Txn(history), Model::ListAppend | Model::RwRegister) => {
            let promised = args.consistency.unwrap_or_default();
            asked.conclude(
                history,
                |history| Ok(vec![Judge::made(history, Cycles::new(promised))]),
                || denied(history, args.states),
            )
        }
        (Imported::Kv(history), Model::Siblings | Model::MultiValueRegister) => asked.conclude(
            history,
            |history| siblings(import, model, history, &args.promises),
            || staleness::measure(history).to_string(),
        ),
        (Imported::Kv(history), Model::Register) => {
            let single = single(import, history)?;
            asked.conclude(
                &single,
                |history| registers(import, model, begins, history),
                || last_writer::staleness(&single, &value(begins)).to_string(),
            )
        }
        _ => return Ok(None),
    };
    exit.map(Some)
}

/// Refuses to write where it reads.
fn spares(args: &Check) -> Result<(), String> {
    let written = args.out.as_ref().and_then(|out| out.canonicalize().ok());
    let read = args.recording.file.canonicalize().ok();
    if written.is_some() && read == written {
        let name = name(&args.recording.file);
        return Err(format!("{name} is read, so --out cannot write to it"));
    }
    Ok(())
}

/// A recording of siblings as one of registers; an error names the get that returned several.
fn single(import: &Import, history: &History<Kv>) -> Result<History<Register>, String> {
    last_writer::registers(history).map_err(|why| {
        let (op, key, count) = (why.op, why.key, why.values.len());
        let why =
            format!("{op} (get {key}) returned {count} siblings, and a register holds one value");
        placed(import, history, op, &why)
    })
}

/// Refuses what a flag says of other models than this one: it would change nothing.
fn takes(args: &Check, model: Model) -> Result<(), String> {
    let begins = [Model::Register, Model::CasRegister, Model::Counter];
    let transacts = [Model::ListAppend, Model::RwRegister];
    let applies = |flag: &str, models: &[Model]| {
        let models: Vec<String> = models.iter().map(Model::to_string).collect();
        let models = models.join(", ");
        Err(format!(
            "{flag} says something of {models}, and nothing of {model}"
        ))
    };
    if args.initial.is_some() && !begins.contains(&model) {
        return applies("--initial", &begins);
    }
    if args.consistency.is_some() && !transacts.contains(&model) {
        return applies("--consistency", &transacts);
    }
    Ok(())
}

/// Which anomalies transactions show, and which consistency models that leaves.
fn denied(history: &History<Txn>, states: u64) -> String {
    let found = cycles::anomalies(history, Sources::default(), Budget { states });
    let kinds: Vec<String> = found.iter().map(|one| one.kind.to_string()).collect();
    if kinds.is_empty() {
        return String::new();
    }
    let denied = |model: &ConsistencyModel| {
        found
            .iter()
            .any(|one| one.denies().any(|denied| denied == *model))
    };
    let left = ConsistencyModel::ALL
        .into_iter()
        .filter(|model| !denied(model));
    let left: Vec<&str> = left.map(ConsistencyModel::name).collect();
    format!(
        "anomalies: {}\nconsistency models that none of them denies: {}",
        kinds.join(", "),
        if left.is_empty() {
            "none".into()
        } else {
            left.join(", ")
        }
    )
}

/// The model of a recording of which nothing more was said.
fn usual(about: &Imported) -> Model {
    match about {
        Imported::Append(_) => Model::KvAppend,
        Imported::Set(_) => Model::Set,
        Imported::Counter(_) => Model::Counter,
        Imported::Queue(_) => Model::Queue,
        Imported::Mutex(_) => Model::Mutex,
        Imported::Txn(history) => {
            let mut asks = history.ops().iter().flat_map(|op| &op.call.0);
            let written = asks.any(|ask| matches!(ask, Ask::Write(..)));
            if written {
                Model::RwRegister
            } else {
                Model::ListAppend
            }
        }
        Imported::Kv(_) => Model::Siblings,
        _ => Model::CasRegister,
    }
}

/// The models that fit a recording, in words.
fn models(about: Object) -> String {
    let all = Model::value_variants().iter();
    let last_writer = |model: &Model| about == Object::Kv && *model == Model::Register;
    let fit = all.filter(|model| model.object() == about || last_writer(model));
    let named: Vec<String> = fit.map(Model::to_string).collect();
    named.join(", ")
}

/// What was recorded, and what is asked of it.
struct Asked<'a> {
    args: &'a Check,
    import: &'a Import,
    model: Model,
}

impl Asked<'_> {
    /// Judges a recording of an object that is asked nothing else.
    fn of_object<M: model::Model + Clone + 'static>(
        &self,
        history: &History<M::Domain>,
        of: &M,
    ) -> Result<Exit, String> {
        self.conclude(
            history,
            |history| Ok(object(history, of.clone())),
            String::new,
        )
    }

    fn conclude<D: Domain>(
        &self,
        history: &History<D>,
        judges: impl for<'h> Fn(&'h History<D>) -> Judges<'h>,
        measured: impl Fn() -> String,
    ) -> Result<Exit, String> {
        let Asked {
            args,
            import,
            model,
        } = *self;
        let judges_of = judges;
        let judges = judges_of(history)?;
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
        let judged = judge(&judges, &args.promises, budget);
        let exit = worst(&judged, !args.promises.is_empty());
        let measured = measured();
        match args.format {
            Format::Human if is_quiet() && exit == Exit::Fine => {}
            Format::Human => say(&screen(import, model, history, &judged, &measured)),
            Format::Json => say_line(&summary(import, model, history, &judged, &measured, exit)),
        }
        if let Some(path) = &args.out {
            let broken = judged
                .iter()
                .filter(|one| one.decisive)
                .find_map(counterexample);
            note(&cut(path, history, broken, |cut, found| {
                let judges = judges_of(cut)?;
                let again = judge(&judges, &[found.promise], budget);
                let mut broken = again.iter().filter_map(counterexample);
                Ok(broken.any(|again| again.title() == found.title() && again.key == found.key))
            })?);
        }
        Ok(exit)
    }
}

/// All operations on the key of a counterexample; all that there are, if it has none.
fn of_key<D: Domain>(history: &History<D>, found: &Counterexample) -> History<D> {
    let Some(key) = found.key.as_deref() else {
        return history.clone();
    };
    let ops = history.ops().iter();
    let of_key = ops.filter(|op| D::key(&op.call) == Some(key));
    let whole = Counterexample {
        ops: of_key.map(|op| op.id).collect(),
        ..found.clone()
    };
    needed(history, &whole)
}

/// Writes the operations that a counterexample names, or all on their key, if they break the promise in the
/// same way by themselves; says what was written.
fn cut<D: Domain>(
    path: &Path,
    history: &History<D>,
    broken: Option<&Counterexample>,
    breaks: impl Fn(&History<D>, &Counterexample) -> Result<bool, String>,
) -> Result<String, String> {
    let Some(found) = broken else {
        return Ok("nothing is written: no promise is broken".into());
    };
    // What cannot even be judged breaks nothing. What is named may need the others of its key: the writers of
    // what was read, for one.
    let alone = [needed(history, found), of_key(history, found)];
    let mut alone = alone.into_iter();
    let Some(cut) = alone.find(|cut| breaks(cut, found).unwrap_or(false)) else {
        return Ok(
            "nothing is written: what is named breaks the promise only with the rest".into(),
        );
    };
    fs::write(path, json_lines(&cut))
        .map_err(|why| format!("{} cannot be written: {why}", path.display()))?;
    Ok(format!(
        "{} of {} operations, which break {} by themselves, are in {}",
        cut.ops().len(),
        history.ops().len(),
        found.promise,
        path.display()
    ))
}
