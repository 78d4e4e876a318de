//! What reports look like: the counterexample in the README is the one this prints.

use checker::import::{self, Format, Imported, Options};
use checker::report::{Bundle, html, terminal};
use checker::{Budget, Promise};
use dynamo_core::Flaw;
use dynamometer::campaign::{Campaign, Seeds};
use dynamometer::preset::{PROMISES, Preset};
use dynamometer::shrink::REPLAYS;
use dynamometer::target::{Target, judge};
use dynamometer::{bundle, explain};

fn minimized(flaw: Flaw, promises: &[Promise]) -> Bundle {
    let target = Target { flaw: Some(flaw) };
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target,
        preset: Preset::Dynamo,
        promises: promises.to_vec(),
        seeds: Seeds::Base(1),
        runs: Some(2_000),
        time: None,
        jobs: 1,
        budget: Budget::default(),
    };
    let failure = campaign.run(|_| ()).failure.expect("the flaw is found");
    let small = bundle::minimized(target, &failure, REPLAYS, Budget::default());
    let small = small.expect("it repeats");
    let explanation = bundle::explained(&small, explain::REPLAYS, Budget::default());
    Bundle {
        explanation: Some(explanation.expect("it still fails")),
        ..small
    }
}

#[test]
fn the_readme_shows_a_counterexample_as_it_is_printed() {
    let bundle = minimized(Flaw::ForgetHints, &PROMISES);
    let (read, history) = Bundle::read(bundle.write().as_bytes()).expect("a bundle is read back");
    assert_eq!(read, bundle);
    let printed = terminal(&bundle, &history);
    let readme = include_str!("../../README.md");
    assert!(
        readme.contains(&printed),
        "the README should show:\n{printed}"
    );
}

#[test]
fn the_recording_in_the_readme_is_read_and_found_to_have_lost_a_write() {
    let readme = include_str!("../../README.md");
    let recording = readme.split("```json\n").nth(1).expect("a recording");
    let recording = recording.split("```").next().expect("its end").as_bytes();
    let format = Format::recognise(recording).expect("it is recognised");
    let import = import::read(recording, format, Options::default()).expect("it is read");
    let Imported::Kv(history) = import.history else {
        panic!("it is about siblings")
    };
    let verdicts = judge(&history, &[Promise::SiblingPreservation], Budget::default());
    let found = verdicts[0].1.counterexample().expect("milk is lost");
    assert_eq!(found.title(), "sibling-preservation (lost write)");
}

#[test]
fn a_report_says_the_sentence_first_and_fits_on_a_screen() {
    for (flaw, promise) in [
        (Flaw::ForgetSequence, Promise::ClockCausality),
        (Flaw::DominateSameContext, Promise::SiblingPreservation),
        (Flaw::HashArrivalOrder, Promise::Convergence),
        (Flaw::ForgetHints, Promise::HandoffDelivery),
    ] {
        let bundle = minimized(flaw, &[promise]);
        let (_, history) = Bundle::read(bundle.write().as_bytes()).expect("a bundle is read back");
        let printed = terminal(&bundle, &history);
        let found = bundle.counterexample.as_ref().expect("it broke a promise");
        let mut lines = printed.lines().filter(|line| !line.is_empty());
        assert!(
            lines
                .next()
                .is_some_and(|line| line.contains(&found.title())),
            "{printed}"
        );
        assert_eq!(
            lines.next().map(str::trim),
            Some(found.sentence.as_str()),
            "{printed}"
        );
        assert!(printed.lines().count() <= 60, "{printed}");
        assert!(!found.reasons.is_empty(), "{printed}");
        let page = html(&bundle, &history);
        let sentence = found.sentence.replace('\'', "&#39;");
        assert!(page.contains(&format!("<h1>{sentence}</h1>")), "{page}");
        assert!(page.len() < 200_000, "{} bytes", page.len());
        let back = Bundle::read(page.as_bytes()).expect("it holds its bundle");
        assert_eq!(back, (bundle, history));
    }
}
