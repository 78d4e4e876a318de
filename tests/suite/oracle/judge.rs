//! Which properties the checkers find broken in the history of an oracle.

use std::collections::BTreeSet;

use checker::causality::ClockCausality;
use checker::convergence::Convergence;
use checker::handoff::HandoffDelivery;
use checker::linear::Linearizable;
use checker::model::MultiValue;
use checker::siblings::SiblingPreservation;
use checker::{Budget, Checker, Counterexample, Verdict};

use super::code::Code;
use super::events::View;
use super::line::Mode;
use super::parse::Oracle;
use super::run::Run;
use super::{clocks, events, replicas};

/// The properties that do not hold.
///
/// # Errors
/// What of the oracle cannot be told to a checker.
pub(in super::super) fn broken(oracle: &Oracle) -> Result<BTreeSet<Code>, String> {
    let mut found = BTreeSet::new();
    preserved(oracle, &mut found);
    calls(oracle, &mut found)?;
    let causality = ClockCausality.findings(&clocks::history(oracle));
    found.extend(parts(&causality).filter_map(|part| match part {
        "circular" => Some(Code::Cc),
        "duplicate dot" => Some(Code::Uniq),
        "false order" => Some(Code::Sound),
        "false conflict in the clocks" => Some(Code::Complete),
        _ => None,
    }));
    if !oracle.states.is_empty() {
        let states = Convergence.findings(&replicas::history(oracle));
        for part in parts(&states) {
            // A copy that is missing everywhere is no agreement on what was written either.
            found.extend(match part {
                "missing copy" => vec![Code::Ncopy, Code::Conv],
                "diverged"
                | "superseded copy"
                | "foreign copy"
                | "states differ on equal events" => vec![Code::Conv],
                "roots equal on different states" | "roots differ on equal states" => {
                    vec![Code::Merk]
                }
                _ => vec![],
            });
        }
    }
    if !oracle.events.is_empty() {
        let disks = HandoffDelivery.findings(&events::history(oracle, View::Disks)?);
        found.extend(parts(&disks).filter_map(|part| match part {
            "dropped early" => Some(Code::HDelete),
            "lost in a crash" => Some(Code::HCrash),
            "too few copies" => Some(Code::HCreate),
            "delivery not merged" => Some(Code::HIdemp),
            "kept after delivery" | "stray copy" | "hint served as own" => Some(Code::HLeak),
            _ => None,
        }));
        let owed = HandoffDelivery.findings(&events::history(oracle, View::Owed)?);
        found.extend(
            parts(&owed).filter_map(|part| (part == "not at its owner").then_some(Code::HDeliver)),
        );
    }
    Ok(found)
}

fn parts(findings: &[Counterexample]) -> impl Iterator<Item = &str> {
    findings.iter().map(|found| found.part.as_str())
}

/// What reads return, those of the mended store included.
fn preserved(oracle: &Oracle, found: &mut BTreeSet<Code>) {
    let mut run = Run::of(oracle);
    run.finals(oracle);
    let findings = SiblingPreservation.findings(&run.history());
    let keeps_all = oracle.mode == Mode::Siblings;
    found.extend(parts(&findings).filter_map(|part| match part {
        "invention" => Some(Code::Thin),
        "duplicate" => Some(Code::Dup),
        "false conflict" => Some(Code::Anti),
        // Registers keep one write of several by design.
        "lost write" => keeps_all.then_some(Code::Loss),
        "resurrection" => keeps_all.then_some(Code::Zomb),
        other => panic!("no property is broken by {other}"),
    }));
}

/// What sessions, and all clients together, may see.
fn calls(oracle: &Oracle, found: &mut BTreeSet<Code>) -> Result<(), String> {
    let history = Run::of(oracle).history();
    if oracle.mode == Mode::Siblings {
        let model = MultiValue::of(&history);
        let model = model.map_err(|why| format!("{}: {why}", oracle.title))?;
        breaks(&Linearizable::new(model), &history, Code::Lin, found);
    }
    Ok(())
}

fn breaks<D: checker::Domain>(
    checker: &impl Checker<D>,
    history: &checker::History<D>,
    code: Code,
    found: &mut BTreeSet<Code>,
) {
    match checker.check(history, Budget::default()) {
        Verdict::Invalid(_) => {
            found.insert(code);
        }
        Verdict::Valid(_) | Verdict::Unknown(_) => {}
    }
}
