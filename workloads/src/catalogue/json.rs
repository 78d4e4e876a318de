//! The table of flaws as JSON, for programs.

use std::time::Duration;

use checker::Promise;
use dynamo_core::Flaw;
use serde_json::{Value, json};

use super::choices::{Choice, choices};
use super::finders::{Finder, Finders};
use super::row::{Hunt, Row, Sight};
use super::summary::Summary;
use super::table::{Table, sight};
use crate::campaign::Trouble;
use crate::matrix;

impl Table {
    /// As one JSON object. Only fields that end in `_us` depend on the machine, unless a time limit ended a
    /// campaign.
    pub fn json(&self, exit: u8) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        let finders = Finders::of(&self.rows);
        let of = |(kind, finders): (&str, &[Finder])| {
            let finders: Vec<Value> = finders.iter().map(finder).collect();
            (kind.to_owned(), Value::from(finders))
        };
        let finds: serde_json::Map<String, Value> = finders.tables().into_iter().map(of).collect();
        let choices: Vec<Value> = choices().iter().map(choice).collect();
        json!({
            "format": "dyno-flaws/1",
            "seed_base": self.hunts.seed_base,
            "bases": self.hunts.bases(),
            "runs_max": self.hunts.runs,
            "budget_us": self.hunts.time.map(micros),
            "flaws": rows,
            "summary": summary(&Summary::of(&self.rows)),
            "what_finds_what": finds,
            "choices": choices,
            "exit": exit,
        })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn row(row: &Row) -> Value {
    let broken: Vec<&str> = row.broken().into_iter().map(Promise::name).collect();
    let hunts: Vec<Value> = row.hunts.iter().map(hunt).collect();
    let minimized = row.least.as_ref().map(|least| {
        let (calls, faults, nodes) = least.size.minimized;
        let (found_calls, found_faults, found_nodes) = least.size.found;
        json!({
            "title": least.title,
            "calls": calls, "faults": faults, "nodes": nodes,
            "of_calls": found_calls, "of_faults": found_faults, "of_nodes": found_nodes,
            "replays": least.size.replays,
            "kinds_of_fault": least.faults, "kinds_of_call": least.calls,
            "decision": least.decision,
        })
    });
    let searched = match row.sight {
        Sight::Evidence { runs } => Some(runs),
        Sight::Clients | Sight::Nobody => None,
    };
    json!({
        "flaw": row.flaw.name(), "family": row.flaw.family().name(),
        "source": row.flaw.source(), "about": row.flaw.about(),
        "preset": row.preset.name(),
        "promise": row.caught_by().map(Promise::name), "broken": broken,
        "found": row.found(), "of": row.hunts.len(),
        "median_runs": row.median_runs(), "median_time_us": row.median_time().map(micros),
        "minimized": minimized, "names_cause": row.names_cause(),
        "seen_by": sight(row.sight), "clients_saw_nothing_in_runs": searched,
        "needs": row.needs(), "hunts": hunts,
    })
}

fn hunt(hunt: &Hunt) -> Value {
    let names =
        |promises: &[Promise]| -> Vec<&str> { promises.iter().map(|one| one.name()).collect() };
    let found = hunt.caught.as_ref().map(|caught| {
        json!({
            "seed": caught.seed, "broken": names(&caught.broken),
            "broken_to_clients": names(&caught.to_clients), "load": caught.load, "needs": caught.needs,
        })
    });
    let trouble = hunt.trouble.as_ref().map(|trouble| match trouble {
        Trouble::Undriven(seed, why) => json!({ "seed": seed, "undriven": why.to_string() }),
        Trouble::TwoWays(seed, parts) => {
            json!({ "seed": seed, "nondeterministic": true, "parts_at": parts })
        }
    });
    json!({
        "base": hunt.base, "runs": hunt.runs, "time_us": micros(hunt.time), "found": found, "trouble": trouble,
    })
}

fn names(flaws: &[Flaw]) -> Vec<&'static str> {
    flaws.iter().map(|flaw| flaw.name()).collect()
}

fn finder(finder: &Finder) -> Value {
    json!({
        "name": finder.name, "found": names(&finder.all), "alone": names(&finder.only), "why_none": finder.why,
    })
}

fn summary(summary: &Summary) -> Value {
    let longest = summary
        .longest
        .map(|(flaw, time)| json!({ "flaw": flaw.name(), "time_us": micros(time) }));
    let median = summary
        .median_size
        .map(|(calls, faults)| json!({ "calls": calls, "faults": faults }));
    let largest = summary.largest.map(
        |(flaw, calls, faults)| json!({ "flaw": flaw.name(), "calls": calls, "faults": faults }),
    );
    json!({
        "flaws": summary.flaws, "found": summary.found, "found_from_every_base": summary.always,
        "missed": names(&summary.missed), "median_runs": summary.median_runs,
        "median_time_us": summary.median_time.map(micros), "longest": longest,
        "median_minimized": median, "largest_minimized": largest,
        "cause_named": summary.named.0, "cause_not_named": names(&summary.unnamed),
        "white_box": names(&summary.white_box),
    })
}

fn choice(choice: &Choice) -> Value {
    let gives_up: Vec<&str> = choice
        .gives_up
        .iter()
        .map(|promise| promise.name())
        .collect();
    json!({
        "choice": choice.name, "setting": choice.setting, "section": choice.section, "gives_up": gives_up,
        "may_lose": choice.may_lose, "may_revive": choice.may_revive, "row": choice.row.map(matrix::Row::name),
    })
}
