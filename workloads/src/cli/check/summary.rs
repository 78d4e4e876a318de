//! What a recording was found to be, for programs.

use checker::import::Import;
use checker::{Domain, History, Verdict};
use serde_json::{Value, json};

use super::judged::{Judged, Stand};
use crate::cli::args::Model;
use crate::cli::exit::Exit;

/// One JSON object: how the recording was read, a verdict for each promise, and what was measured.
pub(super) fn summary<D: Domain>(
    import: &Import,
    model: Model,
    history: &History<D>,
    judged: &[Judged],
    measured: &str,
    exit: Exit,
) -> Value {
    let measured: Vec<&str> = measured.lines().collect();
    let verdicts: Vec<Value> = judged.iter().map(verdict).collect();
    json!({
        "format": "dyno-check/1", "recorded_as": import.format.name(), "keyed": import.keyed,
        "timed": import.timed,
        "model": model.to_string(), "operations": history.ops().len(), "verdicts": verdicts, "measured": measured,
        "exit": exit.number(),
    })
}

fn verdict(one: &Judged) -> Value {
    let mut told = match &one.stand {
        Stand::Follows(stronger) => json!({"verdict": "valid", "follows_from": stronger}),
        Stand::Verdict(Verdict::Valid(witness)) => {
            json!({"verdict": "valid", "exercised": witness.exercised})
        }
        Stand::Verdict(Verdict::Invalid(found)) => {
            json!({"verdict": "invalid", "counterexample": found})
        }
        Stand::Verdict(Verdict::Unknown(shortfall)) => {
            json!({"verdict": "unknown", "reason": shortfall})
        }
    };
    told["promise"] = json!(one.promise);
    told["decisive"] = json!(one.decisive);
    told
}
