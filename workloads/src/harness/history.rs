//! A recorded history and the promises that it is held against.

use std::fmt;
use std::fmt::Write;
use std::fs::File;
use std::panic::Location;
use std::path::Path;

use checker::import::{Imported, Options, read_file};
use checker::kv::Kv;
use checker::linear::Linearizable;
use checker::model::{MultiValue, Registers};
use checker::register::{Register, Value};
use checker::report::operations;
use checker::{
    Budget, Checker, Counterexample, Domain, History, Promise, Shortfall, Verdict, judge_all,
    last_writer,
};

use super::failed::{Cause, Failed};
use super::place::Place;

/// What a recorded history is about, and how its promises are judged.
pub trait Judged: Domain + Sized {
    /// The verdict on one promise of such histories; says why if there is none.
    ///
    /// # Errors
    /// When the promise is not judged of such histories, or of this one.
    fn judge(history: &History<Self>, promise: Promise, budget: Budget) -> Result<Verdict, String>;
}

/// Stores that keep siblings: the four promises of a Dynamo, sessions, regular, causal, linearizable.
impl Judged for Kv {
    fn judge(history: &History<Kv>, promise: Promise, budget: Budget) -> Result<Verdict, String> {
        if promise == Promise::Linearizable {
            let model = MultiValue::of(history).map_err(|why| why.to_string())?;
            return Ok(Linearizable::new(model).check(history, budget));
        }
        let verdicts = judge_all(history, &[promise], budget).map_err(|why| why.to_string())?;
        let verdict = verdicts.into_iter().next();
        verdict.ok_or_else(|| "there is no verdict".into())
    }
}

/// Registers, at first nil: linearizable, sessions, regular, and three kinds of causal.
impl Judged for Register {
    fn judge(
        history: &History<Register>,
        promise: Promise,
        budget: Budget,
    ) -> Result<Verdict, String> {
        let initial = Value::Nil;
        let checker: Box<dyn Checker<Register>> = match promise {
            Promise::Linearizable => Box::new(Linearizable::new(Registers { initial })),
            Promise::Regular => Box::new(last_writer::Regular { initial }),
            Promise::ReadYourWrites => Box::new(last_writer::ReadYourWrites { initial }),
            Promise::MonotonicReads => Box::new(last_writer::MonotonicReads { initial }),
            Promise::MonotonicWrites => Box::new(last_writer::MonotonicWrites { initial }),
            Promise::WritesFollowReads => Box::new(last_writer::WritesFollowReads { initial }),
            Promise::Causal => Box::new(last_writer::Causal { initial }),
            Promise::CausalConvergence => Box::new(last_writer::CausalConvergence { initial }),
            Promise::CausalMemory => Box::new(last_writer::CausalMemory { initial }),
            other => return Err(format!("{other} is not judged of registers")),
        };
        Ok(checker.check(history, budget))
    }
}

/// What became of each promise.
#[must_use = "call assert(), or look at the verdicts"]
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The promises that were asked for, and the verdicts on them; or why there is none.
    pub verdicts: Vec<(Promise, Result<Verdict, String>)>,
    /// The operations behind each counterexample, as a table.
    tables: Vec<String>,
}

/// Holds these promises against a history. Nothing panics: see [`Outcome::assert`].
pub fn check<D: Judged>(
    history: &History<D>,
    promises: impl IntoIterator<Item = Promise>,
) -> Outcome {
    let judged = promises.into_iter().map(|promise| {
        let verdict = D::judge(history, promise, Budget::default());
        (promise, verdict)
    });
    let verdicts: Vec<(Promise, Result<Verdict, String>)> = judged.collect();
    let tables = verdicts.iter().map(|(_, verdict)| {
        let found = verdict.as_ref().ok().and_then(Verdict::counterexample);
        found.map_or_else(String::new, |found| operations(history, &found.ops))
    });
    let tables = tables.collect();
    Outcome { verdicts, tables }
}

/// Reads the recording of a store that keeps siblings, in any format that is known by its look.
///
/// # Errors
/// Says what cannot be read and where, and what else the recording is about.
pub fn recording(path: impl AsRef<Path>) -> Result<History<Kv>, String> {
    let path = path.as_ref();
    let wrong = |why: &dyn fmt::Display| format!("cannot read {}: {why}", path.display());
    let file = File::open(path).map_err(|why| wrong(&why))?;
    let import = read_file(file, None, Options::default(), &mut |_| ());
    match import.map_err(|why| wrong(&why))?.history {
        Imported::Kv(history) => Ok(history),
        other => Err(wrong(&format!("it is a recording of a {}", other.object()))),
    }
}

impl Outcome {
    /// The first promise that was broken.
    pub fn counterexample(&self) -> Option<&Counterexample> {
        let mut verdicts = self.verdicts.iter();
        verdicts.find_map(|(_, verdict)| verdict.as_ref().ok()?.counterexample())
    }

    /// Whether every promise held, each having had a chance to be broken.
    pub fn held(&self) -> bool {
        let mut verdicts = self.verdicts.iter();
        verdicts.all(|(_, verdict)| matches!(verdict, Ok(Verdict::Valid(_))))
    }

    /// Fails unless every promise held, each having had a chance to be broken.
    ///
    /// # Panics
    /// With the counterexample of the first promise that was broken; else with why one was not decided.
    #[track_caller]
    pub fn assert(&self) {
        if let Some(failed) = self.failed(Location::caller()) {
            failed.raise();
        }
    }

    fn failed(&self, at: &Location<'_>) -> Option<Failed> {
        let tables = self.tables.iter().zip(&self.verdicts);
        for (table, (_, verdict)) in tables {
            if let Some(found) = verdict.as_ref().ok().and_then(Verdict::counterexample) {
                return Some(Failed::plain(Cause::Broken, told(found, table, at)));
            }
        }
        let place = Place::here(None, at);
        self.verdicts
            .iter()
            .find_map(|(promise, verdict)| match verdict {
                Err(why) => Some(Failed::misuse(
                    &format!("{promise} is not judged: {why}"),
                    &place,
                )),
                Ok(Verdict::Unknown(why @ Shortfall::NothingExercised(_))) => {
                    Some(Failed::idle(*promise, &why.to_string(), None, &place))
                }
                Ok(Verdict::Unknown(why)) => {
                    Some(Failed::undecided(*promise, &why.to_string(), &place))
                }
                Ok(_) => None,
            })
    }
}

/// One line a promise.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (promise, verdict) in &self.verdicts {
            match verdict {
                Ok(Verdict::Valid(_)) => writeln!(f, "✓ {promise}")?,
                Ok(Verdict::Invalid(found)) => {
                    writeln!(f, "✗ {}: {}", found.title(), found.sentence)?;
                }
                Ok(Verdict::Unknown(why)) => writeln!(f, "? {promise}: {why}")?,
                Err(why) => writeln!(f, "? {promise}: {why}")?,
            }
        }
        Ok(())
    }
}

/// The sentence, the operations behind it as far as they fit, and why it is certain.
fn told(found: &Counterexample, table: &str, at: &Location<'_>) -> String {
    const ROWS: usize = 24;
    const FACTS: usize = 8;
    let mut out = format!("Error: {} violated: {}\n\n", found.title(), found.sentence);
    let rows = table.lines().count();
    for line in table.lines().take(ROWS) {
        let _ = writeln!(out, "  {}", line.trim_end());
    }
    if rows > ROWS {
        let _ = writeln!(out, "  ⋯ {} more", rows - ROWS);
    }
    out.push('\n');
    let mut label = "why";
    for reason in found.reasons.iter().take(FACTS) {
        let _ = writeln!(out, "  {label:<9} {}", reason.text);
        label = "";
    }
    let _ = write!(out, "  {:<9} {at}", "at");
    out
}
