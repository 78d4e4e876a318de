//! Explanations of known flaws: every claim is run again here, and nothing is claimed of healthy stores.

use checker::decision::decide;
use checker::kv::Kv;
use checker::network::Beside;
use checker::report::{Bundle, Effect, Explanation, Sort};
use checker::{Budget, Counterexample, History, OpId, Promise, Time};
use dynamo_core::Flaw;

use super::{LUCKS, REPLAYS};
use crate::bundle;
use crate::campaign::{Campaign, Seeds};
use crate::drive::{Run, Turn};
use crate::preset::{PROMISES, Preset};
use crate::shrink;
use crate::target::Target;

fn minimized(flaw: Flaw, promise: Promise) -> Bundle {
    let target = Target { flaw: Some(flaw) };
    let campaign = Campaign {
        world: crate::world::World::Simulator,
        target,
        preset: Preset::Dynamo,
        promises: vec![promise],
        seeds: Seeds::Base(1),
        runs: Some(2_000),
        time: None,
        jobs: 2,
        budget: Budget::default(),
    };
    let failure = campaign.run(|_| ()).failure.expect("the flaw is found");
    bundle::minimized(target, &failure, shrink::REPLAYS, Budget::default()).expect("it repeats")
}

fn explained(bundle: &Bundle, replays: u32) -> Explanation {
    bundle::explained(bundle, replays, Budget::default()).expect("it still fails")
}

#[test]
fn what_a_failure_needs_is_what_brings_it_about() {
    let bundle = minimized(Flaw::ForgetHints, Promise::HandoffDelivery);
    let explanation = explained(&bundle, REPLAYS);
    let effect = |change: &str| {
        let mut needs = explanation.needs.iter();
        let need = needs.find(|need| need.change.starts_with(change));
        &need
            .unwrap_or_else(|| panic!("{change} in {explanation:#?}"))
            .effect
    };
    assert_eq!(*effect("without forget-hints"), Effect::Holds);
    assert_eq!(*effect("without crash"), Effect::Holds);
    assert_eq!(*effect("without hints"), Effect::Unpromised);
    assert_eq!(*effect("with w 2"), Effect::Fails);
    // Nothing is left in a minimal plan that could be left out.
    for need in &explanation.needs {
        let part =
            matches!(need.of, Sort::Fault | Sort::Call) && need.change.starts_with("without");
        assert!(!part || need.effect != Effect::Fails, "{need:?}");
        assert_eq!(need.luck.runs, LUCKS, "{need:?}");
    }
    assert_eq!(explanation.untried, 0);
    assert!(explanation.replays <= REPLAYS);
    assert_eq!(
        explained(&bundle, REPLAYS),
        explanation,
        "the same every time"
    );
}

#[test]
fn a_failure_is_certain_at_its_end_and_less_so_before() {
    let bundle = minimized(Flaw::CountTwice, Promise::HandoffDelivery);
    let doom = explained(&bundle, REPLAYS).doom;
    let times: Vec<u64> = doom.iter().map(|moment| moment.at.0).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times[0], 0);
    let last = doom.last().expect("a run has an end");
    assert_eq!(last.share.percent(), 100);
    assert!(doom[0].share.percent() < 50, "{doom:#?}");
    let before = &doom[doom.len() - 2];
    assert!(
        before.share.percent() == 100,
        "it is certain before quiet: {doom:#?}"
    );
}

#[test]
fn other_luck_from_the_end_on_changes_nothing_and_from_the_beginning_on_much() {
    let bundle = minimized(Flaw::CountTwice, Promise::HandoffDelivery);
    let target = bundle::target(&bundle).expect("it is known");
    let plan = bundle::plan(&bundle).expect("it is a plan");
    let run = target.run(&plan).expect("it runs");
    let end = run.history.entries().last().expect("it did something").at();
    let turned = |at, seed| {
        target
            .run_turned(&plan, Some(Turn { at, seed }))
            .expect("it runs")
    };
    assert_eq!(turned(Time(end.0 + 1), 7), run);
    for at in (0..=4).map(|quarter| Time(end.0 / 4 * quarter)) {
        let other = turned(at, 7);
        assert_eq!(other, turned(at, 7));
        let before = |run: &Run| -> Vec<_> {
            let entries = run.history.entries();
            entries.filter(|entry| entry.at() < at).collect()
        };
        assert_eq!(
            before(&other),
            before(&run),
            "until {at:?} all is as it was"
        );
    }
    let mut traces: Vec<u64> = (0..4).map(|seed| turned(Time(0), seed).trace).collect();
    traces.sort_unstable();
    traces.dedup();
    assert_eq!(traces.len(), 4, "other luck goes other ways");
}

#[test]
fn a_few_replays_make_a_shorter_explanation_that_says_so() {
    let bundle = minimized(Flaw::CoverWholeContext, Promise::SiblingPreservation);
    for replays in [0, 1, 9, 60] {
        let explanation = explained(&bundle, replays);
        assert!(explanation.replays <= replays);
        assert!(explanation.untried > 0 || replays == 60, "{explanation:#?}");
        assert!(explanation.decision.is_some());
    }
}

fn ops(history: &History<Kv>, key: &str) -> Vec<OpId> {
    let ops = history.ops().iter();
    ops.filter(|op| op.call.key() == key)
        .map(|op| op.id)
        .collect()
}

#[test]
fn healthy_stores_made_no_wrong_decision() {
    let mut judged = 0;
    for preset in Preset::all() {
        for seed in 0..6 {
            let plan = preset.plan(seed);
            let run = Target::default().run(&plan).expect("it runs");
            let (via, network) = (bundle::via(&plan), Target::default().network(&plan));
            let beside = Beside {
                via: Some(&via),
                network: Some(&network),
            };
            let keys = plan.steps.iter().map(|step| step.call.key().to_owned());
            let mut keys: Vec<String> = keys.collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                for promise in PROMISES {
                    let blamed = Counterexample {
                        promise,
                        part: String::new(),
                        sentence: String::new(),
                        key: Some(key.clone()),
                        ops: ops(&run.history, &key),
                        reasons: Vec::new(),
                        cause: String::new(),
                    };
                    let decision = decide(&run.history, &blamed, beside);
                    let mended = promise != Promise::Convergence || plan.shape.anti_entropy;
                    if mended {
                        assert_eq!(decision, None, "{} seed {seed} {promise}", preset.name());
                        judged += 1;
                    }
                }
            }
        }
    }
    assert!(judged > 500, "{judged}");
}
