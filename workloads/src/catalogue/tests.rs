//! Tables of hand-made hunts, and real hunts that find something or nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use checker::Promise;
use checker::report::Size;
use dynamo_core::Flaw;

use super::*;
use crate::bundle;
use crate::campaign::Trouble;
use crate::preset::Preset;
use crate::target::Target;

fn caught(broken: &[Promise], to_clients: &[Promise]) -> Caught {
    Caught {
        seed: 7,
        broken: broken.to_vec(),
        to_clients: to_clients.to_vec(),
        load: "cart",
        needs: BTreeSet::from(["crash", "get"]),
    }
}

fn hunt(runs: u64, millis: u64, caught: Option<Caught>) -> Hunt {
    Hunt {
        base: 1,
        runs,
        time: Duration::from_millis(millis),
        caught,
        trouble: None,
    }
}

/// A flaw that was found from two of three bases, by one promise and by another, a graver one, one that was found once, one that was not.
fn table() -> Table {
    let (lost, clocks) = (Promise::SiblingPreservation, Promise::ClockCausality);
    let often = Row {
        flaw: Flaw::ForgetSequence,
        preset: Preset::Dynamo,
        hunts: vec![
            hunt(12, 340, Some(caught(&[clocks], &[]))),
            hunt(1_234, 12_000, Some(caught(&[lost, clocks], &[lost]))),
            hunt(5_000, 60_000, None),
        ],
        least: Some(Least {
            title: "clock-causality".into(),
            size: Size {
                found: (80, 5, 6),
                minimized: (3, 1, 2),
                replays: 400,
            },
            faults: BTreeSet::from(["crash"]),
            calls: BTreeSet::from(["blind put"]),
            decision: Some("Two writes share one event.".into()),
            facts: Vec::new(),
        }),
        bundle: None,
        sight: Sight::Clients,
    };
    let once = Row {
        flaw: Flaw::MintOnRepair,
        hunts: vec![
            hunt(3, 4, Some(caught(&[clocks], &[]))),
            hunt(9, 4, None),
            hunt(9, 4, None),
        ],
        least: often.least.clone(),
        sight: Sight::Evidence { runs: 200 },
        ..often.clone()
    };
    let never = Row {
        flaw: Flaw::SkipSmallDifferences,
        hunts: vec![hunt(9, 4, None); 3],
        least: None,
        sight: Sight::Nobody,
        ..often.clone()
    };
    Table {
        hunts: hunts(&[Flaw::ForgetSequence], 5_000, 3),
        rows: vec![often, once, never],
    }
}

fn hunts(flaws: &[Flaw], runs: u64, bases: u32) -> Hunts {
    Hunts {
        flaws: flaws.to_vec(),
        seed_base: 1,
        bases,
        runs,
        time: None,
        jobs: 2,
        effort: Effort::SHORT,
    }
}

#[test]
fn a_row_says_who_caught_the_flaw_and_how_small_it_became() {
    let human = table().human();
    assert!(
        human.starts_with("3 campaigns a flaw from seed base 0x1, each up to 5,000 runs\n"),
        "{human}"
    );
    for line in [
        "  flaw                    promise                runs  time  found  calls  faults  nodes  cause  seen by    preset  source",
        "  forget-sequence         sibling-preservation  1,234  12 s    2/3      3       1      2  yes    clients    dynamo  3: Riak KV 679",
        "  mint-on-repair          clock-causality        rare  rare    1/3      3       1      2  no     white-box  dynamo  21: Riak KV pull requests 93 and 95",
        "  skip-small-differences  missed                    –     –    0/3      –       –      –  –      –          dynamo  90: CASSANDRA-924",
    ] {
        assert!(human.lines().any(|said| said == line), "{line}\n{human}");
    }
}

#[test]
fn a_campaign_that_could_not_go_on_is_not_called_a_miss_of_the_judges() {
    let mut table = table();
    table.rows[2].hunts[1].trouble = Some(Trouble::TwoWays(7, None));
    let human = table.human();
    let line = human.lines().find(|line| line.contains("  skip-small"));
    let line = line.expect("it has a row");
    assert!(line.contains("  two ways "), "{line}");
    assert_eq!(table.missed(), [Flaw::SkipSmallDifferences]);
}

#[test]
fn families_stand_apart_and_totals_come_last() {
    let human = table().human();
    for text in [
        "\nevents and clocks\n  forget-sequence",
        "\nanti-entropy\n  skip-small-differences",
        "\nfound         2 of 3 flaws; 0 from every base\n",
        "\nmissed        skip-small-differences\n",
        "\nlongest hunt  60 s: forget-sequence\n",
        "\nminimized     median 3 calls and 1 fault; the largest 3 calls and 1 fault: mint-on-repair\n",
        "\ncause named   1 of 2\n",
        "\nnot named     mint-on-repair\n",
        "\nwhite-box     mint-on-repair\n",
    ] {
        assert!(human.contains(text), "{text}\n{human}");
    }
    assert!(
        !human.contains("first find"),
        "two of three were rare or missed:\n{human}"
    );
}

#[test]
fn what_finds_what_is_told_from_finds_and_few_of_them_say_nothing_of_others() {
    let mut rows = table().rows;
    let of = |finders: &[Finder], name: &str| {
        let found = finders.iter().find(|finder| finder.name == name);
        let found = found.expect("it is listed");
        (found.all.clone(), found.only.clone())
    };
    let both = vec![Flaw::ForgetSequence, Flaw::MintOnRepair];
    let finders = Finders::of(&rows);
    assert_eq!(
        of(&finders.promises, "clock-causality"),
        (both.clone(), vec![])
    );
    assert_eq!(of(&finders.faults, "crash"), (both.clone(), vec![]));
    for row in &mut rows[..2] {
        row.hunts = [&row.hunts[..]; Finders::ENOUGH].concat();
    }
    let finders = Finders::of(&rows);
    let once = vec![Flaw::MintOnRepair];
    let (often, none) = (vec![Flaw::ForgetSequence], Vec::new());
    let promise = |name| of(&finders.promises, name);
    assert_eq!(promise("clock-causality"), (both.clone(), once));
    assert_eq!(promise("sibling-preservation"), (often, none.clone()));
    assert_eq!(promise("convergence"), (none.clone(), none.clone()));
    assert_eq!(of(&finders.faults, "crash"), (both.clone(), both.clone()));
    assert_eq!(
        of(&finders.calls, "blind put"),
        (both.clone(), none.clone())
    );
    assert_eq!(of(&finders.calls, "get"), (both.clone(), both.clone()));
    assert_eq!(of(&finders.loads, "cart"), (both.clone(), both));
    assert_eq!(of(&finders.loads, "mixed"), (none.clone(), none));
}

#[test]
fn markdown_has_the_same_cells_and_marks_what_depends_on_the_machine() {
    let markdown = table().markdown();
    for text in [
        "## events and clocks\n\n| flaw | promise | runs | time† |",
        "\n| `forget-sequence` | sibling-preservation | 1,234 | 12 s | 2/3 | 3 | 1 | 2 | yes | clients | dynamo | 3: Riak KV 679 |\n",
        "\n- missed: skip-small-differences\n",
        "\n- longest hunt†: 60 s: forget-sequence\n",
        "none of up to 200 runs of the first base",
        "\n| clock-causality | 2 | 0 | none |\n",
        "\n| crash | 2 | 0 | none |\n",
        "\n| last writer wins | `versioning.resolution = last-writer-wins` |",
    ] {
        assert!(markdown.contains(text), "{text}\n{markdown}");
    }
    // Every line of a table has as many cells as its head.
    let mut cells = None;
    for line in markdown.lines() {
        let now = line.starts_with('|').then(|| line.matches(" | ").count());
        assert!(cells.is_none() || now.is_none() || cells == now, "{line}");
        cells = now;
    }
}

#[test]
fn json_has_a_row_for_each_flaw_and_a_summary() {
    let json = table().json(10);
    assert_eq!(json["format"], "dyno-flaws/1");
    assert_eq!(json["exit"], 10);
    let row = &json["flaws"][0];
    assert_eq!(row["flaw"], "forget-sequence");
    assert_eq!(row["promise"], "sibling-preservation");
    assert_eq!(
        row["broken"],
        serde_json::json!(["clock-causality", "sibling-preservation"])
    );
    assert_eq!((&row["found"], &row["of"]), (&2.into(), &3.into()));
    assert_eq!(
        (&row["median_runs"], &row["median_time_us"]),
        (&1_234.into(), &12_000_000.into())
    );
    assert_eq!(row["minimized"]["calls"], 3);
    assert_eq!(row["names_cause"], true);
    assert_eq!(
        row["hunts"][1]["found"]["broken_to_clients"][0],
        "sibling-preservation"
    );
    assert_eq!(row["hunts"][2]["found"], serde_json::Value::Null);
    assert_eq!(json["flaws"][1]["clients_saw_nothing_in_runs"], 200);
    assert_eq!(json["flaws"][2]["minimized"], serde_json::Value::Null);
    assert_eq!(json["summary"]["missed"][0], "skip-small-differences");
    assert_eq!(json["summary"]["median_minimized"]["calls"], 3);
}

#[test]
fn a_flaw_that_one_run_does_not_show_is_missed() {
    let hunts = hunts(&[Flaw::SkipSmallDifferences], 1, 1);
    let rows = hunts.run(|_| ());
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].hunts[0].runs, rows[0].found()), (1, 0));
    assert_eq!((rows[0].sight, rows[0].caught_by()), (Sight::Nobody, None));
    let table = Table { hunts, rows };
    assert_eq!(table.missed(), [Flaw::SkipSmallDifferences]);
}

#[test]
fn a_find_is_large_becomes_small_and_is_the_same_whoever_looks() {
    let hunts = hunts(&[Flaw::ForgetHints, Flaw::ForgetSequence], 2_000, 2);
    let mut last = Progress::default();
    let rows = hunts.run(|progress| last = *progress);
    assert_eq!((last.hunts, last.found, last.flaws), (4, 4, 2));
    assert_eq!(rows[0].names_cause(), Some(true));
    for row in &rows {
        assert_eq!(row.found(), 2, "{}", row.flaw);
        assert!(
            row.needs().contains("crash"),
            "{}: {:?}",
            row.flaw,
            row.needs()
        );
        for (hunt, base) in row.hunts.iter().zip(hunts.bases()) {
            let find = hunt.caught.as_ref().expect("it was found");
            let plan = row.preset.plan(find.seed);
            assert!(plan.steps.len() >= CALLS_MIN && plan.faults.0.len() >= FAULTS_MIN);
            assert_eq!(hunt.base, base);
            assert_eq!(
                find.seed,
                crate::campaign::Seeds::Base(base).seed(hunt.runs - 1)
            );
        }
        let bundle = row.bundle.as_ref().expect("it was minimized");
        let target = Target {
            flaw: Some(row.flaw),
        };
        let again = bundle::replay(bundle, target, checker::Budget::default()).expect("it runs");
        assert_eq!(again.leaves, None);
        let least = row.least.as_ref().expect("it was minimized");
        assert!(least.size.minimized.0 < least.size.found.0);
        assert!(least.faults.contains("crash"), "{least:?}");
    }
    let alone = Hunts { jobs: 1, ..hunts };
    for (row, again) in rows.iter().zip(alone.run(|_| ())) {
        assert_eq!(row.least, again.least);
        assert!(row.finds().eq(again.finds()));
    }
}
