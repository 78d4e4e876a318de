//! Holds promises against a history, as what the cluster keeps.

use checker::kv::Kv;
use checker::last_writer::{
    Causal, CausalConvergence, CausalMemory, MonotonicReads, MonotonicWrites, NotSingle,
    ReadYourWrites, Regular, WritesFollowReads, registers,
};
use checker::linear::Linearizable;
use checker::model::{MultiValue, Registers};
use checker::register::{Register, Value};
use checker::{Budget, Checker, Counterexample, History, Promise, Verdict, judge_all};
use dynamo_core::Resolution;

use crate::plan::Shape;
use crate::preset::is_of_versions;

/// The verdicts on these promises, in the order of reports: siblings are judged as siblings; where the
/// last writer wins, keys are registers. What is not judged of such a cluster is left out.
pub fn judge(
    shape: Shape,
    history: &History<Kv>,
    promises: &[Promise],
    budget: Budget,
) -> Vec<(Promise, Verdict)> {
    let singles = shape.resolution == Resolution::LastWriterWins;
    let of_registers = |promise: &Promise| singles && !is_of_versions(*promise);
    let together = |promise: &&Promise| {
        let apart = [
            Promise::Linearizable,
            Promise::CausalConvergence,
            Promise::CausalMemory,
        ];
        !of_registers(promise) && !apart.contains(promise)
    };
    let asked: Vec<Promise> = promises.iter().filter(together).copied().collect();
    let judged = judge_all(history, &asked, budget).expect("these are judged together");
    let mut verdicts: Vec<(Promise, Verdict)> = asked.into_iter().zip(judged).collect();
    if !singles && promises.contains(&Promise::Linearizable) {
        let model =
            MultiValue::of(history).expect("values and contexts of a plan name their steps");
        let verdict = Linearizable::new(model).check(history, budget);
        verdicts.push((Promise::Linearizable, verdict));
    }
    let mut asked = promises.iter().copied().filter(of_registers).peekable();
    if asked.peek().is_some() {
        let single = registers(history);
        verdicts.extend(asked.filter_map(|promise| {
            let verdict = match &single {
                Ok(history) => of_register(promise)?.check(history, budget),
                Err(several) => Verdict::Invalid(Box::new(not_single(promise, several))),
            };
            Some((promise, verdict))
        }));
    }
    verdicts.sort_by_key(|(promise, _)| *promise);
    verdicts
}

fn of_register(promise: Promise) -> Option<Box<dyn Checker<Register>>> {
    let initial = Value::Nil;
    Some(match promise {
        Promise::Linearizable => Box::new(Linearizable::new(Registers { initial })),
        Promise::Regular => Box::new(Regular { initial }),
        Promise::ReadYourWrites => Box::new(ReadYourWrites { initial }),
        Promise::MonotonicReads => Box::new(MonotonicReads { initial }),
        Promise::MonotonicWrites => Box::new(MonotonicWrites { initial }),
        Promise::WritesFollowReads => Box::new(WritesFollowReads { initial }),
        Promise::Causal => Box::new(Causal { initial }),
        Promise::CausalConvergence => Box::new(CausalConvergence { initial }),
        Promise::CausalMemory => Box::new(CausalMemory { initial }),
        _ => return None,
    })
}

/// Whatever is promised of a register, it holds one value.
fn not_single(promise: Promise, several: &NotSingle) -> Counterexample {
    Counterexample {
        promise,
        part: "several values".into(),
        sentence: format!(
            "The last writer did not win: {} returned several values.",
            several.op
        ),
        key: Some(several.key.clone()),
        ops: vec![several.op],
        reasons: Vec::new(),
        cause: format!("{promise} several values"),
    }
}
