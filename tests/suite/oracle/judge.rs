//! Which properties the checkers find broken in the history of an oracle.

use std::collections::BTreeSet;

use checker::causality::ClockCausality;
use checker::convergence::Convergence;
use checker::handoff::HandoffDelivery;
use checker::kv::Kv;
use checker::linear::Linearizable;
use checker::model::{MultiValue, Registers};
use checker::register::{Register, Value};
use checker::siblings::SiblingPreservation;
use checker::{Budget, Checker, Counterexample, Domain, History, Verdict};
use checker::{causal, last_writer, regular, session};

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
    match oracle.mode {
        Mode::Siblings => siblings(oracle, &history, found),
        Mode::LastWriter => registers(oracle, &history, found),
    }
}

fn siblings(
    oracle: &Oracle,
    history: &History<Kv>,
    found: &mut BTreeSet<Code>,
) -> Result<(), String> {
    let model = MultiValue::of(history);
    let model = model.map_err(|why| format!("{}: {why}", oracle.title))?;
    breaks(&Linearizable::new(model), history, Code::Lin, found);
    breaks(&session::ReadYourWrites, history, Code::Ryw, found);
    breaks(&session::MonotonicReads, history, Code::Mr, found);
    breaks(&session::MonotonicWrites, history, Code::Mw, found);
    breaks(&session::WritesFollowReads, history, Code::Wfr, found);
    // That an answer is no antichain has a code of its own.
    let plain = Run::of(&oracle.without_conflicts()).history();
    breaks(&causal::Causal, &plain, Code::Cc, found);
    breaks(&regular::Regular, history, Code::Reg, found);
    found.extend(regular::monotonic(history).map(|_| Code::Mono));
    Ok(())
}

fn registers(
    oracle: &Oracle,
    history: &History<Kv>,
    found: &mut BTreeSet<Code>,
) -> Result<(), String> {
    use last_writer as last;
    let as_registers = |history: &History<Kv>| {
        let registers = last::registers(history);
        registers.map_err(|why| format!("{}: {why}", oracle.title))
    };
    let registers = as_registers(history)?;
    let initial = || Value::Nil;
    let regular = last::Regular { initial: initial() };
    let model = Registers { initial: initial() };
    let checkers: [(Code, &dyn Checker<Register>); 9] = [
        (Code::Lin, &Linearizable::new(model)),
        (Code::Reg, &regular),
        (Code::Ryw, &last::ReadYourWrites { initial: initial() }),
        (Code::Mr, &last::MonotonicReads { initial: initial() }),
        (Code::Mw, &last::MonotonicWrites { initial: initial() }),
        (Code::Wfr, &last::WritesFollowReads { initial: initial() }),
        (Code::Cc, &last::Causal { initial: initial() }),
        (Code::Ccv, &last::CausalConvergence { initial: initial() }),
        (Code::Cm, &last::CausalMemory { initial: initial() }),
    ];
    for (code, checker) in checkers {
        breaks(checker, &registers, code, found);
    }
    // A write that nothing came after is lost where the mended store returns an older one.
    let mut mended = Run::of(oracle);
    mended.finals(oracle);
    let mended = as_registers(&mended.history())?;
    if !found.contains(&Code::Reg) {
        breaks(&regular, &mended, Code::Loss, found);
    }
    Ok(())
}

fn breaks<D: Domain>(
    checker: &dyn Checker<D>,
    history: &History<D>,
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
