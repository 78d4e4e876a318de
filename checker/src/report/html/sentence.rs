//! Steps in words: who did what, and what that made of the disks.

use std::collections::{BTreeMap, BTreeSet};

use super::shown::{ms, short, value};
use super::story::{Story, values};
use super::traffic;
use crate::domain::Domain;
use crate::history::{Op, Outcome, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::{Node, Version};
use crate::report::steps::{Step, What, named};

/// The longest value in a sentence.
const VALUE: usize = 60;

/// What happens, and what came of it.
pub(super) fn sentence(story: &Story, place: usize) -> (String, String) {
    let step = &story.steps[place];
    let what = match &step.what {
        What::Call(_) => story
            .op(step)
            .map_or_else(String::new, |op| call(story, op)),
        What::Fault(what, true) => format!("Fault: {}.", short(what, 160)),
        What::Fault(what, false) => format!("Over: {}.", short(what, 160)),
        What::Hint {
            holder,
            owner,
            key,
            versions,
        } => {
            let key = short(key, VALUE);
            format!(
                "{holder} keeps a hint of {key} for {owner}: {}.",
                list(versions)
            )
        }
        What::Unhint {
            holder,
            owner,
            key,
            expired: false,
        } => format!(
            "{holder} drops its hint of {} for {owner}.{}",
            short(key, VALUE),
            delivery(story, step.from, (*holder, *owner), key)
        ),
        What::Unhint {
            holder, owner, key, ..
        } => format!(
            "The hint of {} that {holder} kept for {owner} expires.",
            short(key, VALUE)
        ),
        What::Stores(node, key) => format!(
            "The disk of {node} changes what it holds of {}.",
            short(key, VALUE)
        ),
        What::Restart(node) => format!("{node} restarts on the disk it had."),
        What::Owners { key, before, nodes } => format!(
            "The owners of {} are {} from here on; they were {}.",
            short(key, VALUE),
            named(nodes),
            named(before)
        ),
        What::Lost(message) => format!("{} never arrives.", short(&message.label(), 160)),
        What::Healed => "All faults have ended.".into(),
        What::Quiet => "The cluster has had the time to mend that it asked for.".into(),
        What::Transfer {
            from,
            to,
            kind,
            key,
        } => carried(kind, (*from, *to), &short(key, VALUE)),
    };
    let mut came: Vec<String> = sent(story, step).into_iter().collect();
    if let Some(op) = story.op(step) {
        came.push(outcome(op));
    }
    came.extend(changes(story, place));
    (what, came.join(" "))
}

/// What a message did.
fn carried(kind: &str, (from, to): (Node, Node), key: &str) -> String {
    match traffic::said(kind) {
        "hint delivered" => format!("{from} delivers its hint of {key} to {to}."),
        "anti-entropy" => format!("Anti-entropy brings {key} from {from} to {to}."),
        "read repair" => format!("Read repair brings {key} from {from} to {to}."),
        "handover" => format!("{from} hands {key} over to {to}."),
        kind => format!(
            "A message ({}) brings {key} from {from} to {to}.",
            short(kind, VALUE)
        ),
    }
}

/// When what was delivered had been sent, where that was recorded.
fn sent(story: &Story, step: &Step) -> Option<String> {
    let What::Transfer {
        from,
        to,
        kind,
        key,
    } = &step.what
    else {
        return None;
    };
    let network = &story.bundle.network;
    let message = network.delivered(step.from, (*from, *to), kind, key)?;
    Some(format!("Sent at {} ms.", ms(message.sent)))
}

/// What had become of a hint when it was dropped, where messages were recorded.
fn delivery(story: &Story, at: Time, (holder, owner): (Node, Node), key: &str) -> String {
    let messages = &story.bundle.network.messages;
    let between = |from: Node, to: Node| {
        messages.iter().filter(move |message| {
            (message.from, message.to) == (from, to)
                && message.key == key
                && message.kind.starts_with("hint")
        })
    };
    if messages.is_empty() {
        return String::new();
    }
    let sent = between(holder, owner).rfind(|message| message.sent <= at);
    let Some(sent) = sent else {
        return " It had sent nothing of it.".into();
    };
    let back = between(owner, holder).filter_map(|answer| answer.heard);
    let said = match back.filter(|heard| *heard <= at).max() {
        Some(heard) => format!("heard the acknowledgement at {} ms", ms(heard)),
        None => "no acknowledgement had come".into(),
    };
    format!(" It had sent it at {} ms; {said}.", ms(sent.sent))
}

fn call(story: &Story, op: &Op<Kv>) -> String {
    let key = short(op.call.key(), VALUE);
    let client = op.process;
    let via = story.bundle.via.get(&op.id);
    let via = via.map_or_else(String::new, |node| format!(" through {node}"));
    let seen: Vec<String> = op
        .call
        .context()
        .iter()
        .map(|seen| match story.step_of(*seen) {
            Some(step) => format!("step {}", Story::number(step)),
            None => seen.to_string(),
        })
        .collect();
    let seen = if seen.is_empty() {
        String::new()
    } else {
        format!(", having seen what {} returned", seen.join(" and "))
    };
    match &op.call {
        KvCall::Get { .. } => format!("{client} reads {key}{via}."),
        KvCall::Put { value, .. } => format!(
            "{client} puts {} into {key}{via}{seen}.",
            short(value, VALUE)
        ),
        KvCall::Delete { .. } => format!("{client} deletes {key}{via}{seen}."),
    }
}

fn outcome(op: &Op<Kv>) -> String {
    match &op.outcome {
        Outcome::Ok(KvRet::Stored) => "Acknowledged.".into(),
        Outcome::Ok(KvRet::Values(values)) if values.is_empty() => "It returns nothing.".into(),
        Outcome::Ok(KvRet::Values(values)) if values.len() <= 6 => {
            let values: Vec<String> = values.iter().map(|value| short(value, VALUE)).collect();
            format!("It returns {}.", and(&values))
        }
        Outcome::Ok(ret) => format!("It returns {}.", short(&Kv::ret_label(ret), 4 * VALUE)),
        Outcome::Fail => "Refused: it did not happen.".into(),
        Outcome::Unknown => "No answer in time: nobody knows whether it took effect.".into(),
    }
}

/// What changed on which disks; equal changes are said once.
fn changes(story: &Story, place: usize) -> Vec<String> {
    let mut held = before(story, place);
    let mut said: Vec<(String, String, BTreeSet<Node>)> = Vec::new();
    let changes = story.steps[place].changes.iter();
    for change in changes.filter(|change| story.is_key(&change.key)) {
        let old = held.insert(change.node, change.versions.clone());
        let old = old.unwrap_or_default();
        let one = turned(&old, &change.versions, false);
        match said.iter_mut().find(|(known, ..)| *known == one) {
            Some((_, _, nodes)) => {
                nodes.insert(change.node);
            }
            None => said.push((
                one,
                turned(&old, &change.versions, true),
                BTreeSet::from([change.node]),
            )),
        }
    }
    let told = said.into_iter().map(|(one, several, nodes)| {
        let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
        let words = if nodes.len() > 1 { several } else { one };
        format!("{} {words}.", and(&names))
    });
    told.collect()
}

/// What a disk did, or several: `stores v1, drops v2 and keeps v3`.
fn turned(old: &[Version], new: &[Version], many: bool) -> String {
    let name = |version: &&Version| value(version, VALUE);
    let names = |versions: &[&Version]| and(&versions.iter().map(name).collect::<Vec<_>>());
    let same = |one: &Version, two: &Version| one.value == two.value;
    let gained: Vec<&Version> = new
        .iter()
        .filter(|new| !old.iter().any(|old| same(old, new)))
        .collect();
    let gone: Vec<&Version> = old
        .iter()
        .filter(|old| !new.iter().any(|new| same(old, new)))
        .collect();
    let kept: Vec<&Version> = old
        .iter()
        .filter(|old| new.iter().any(|new| same(old, new)))
        .collect();
    let deleted = gained.iter().any(|version| version.value.is_none()) && gained.len() == 1;
    let [hold, store, drop, keep] = ["hold", "store", "drop", "keep"].map(|verb| {
        let ending = if many { "" } else { "s" };
        format!("{verb}{ending}")
    });
    let (new_ones, old_ones, kept_ones) = (names(&gained), names(&gone), names(&kept));
    match (gained.is_empty(), gone.is_empty(), kept.is_empty()) {
        (false, false, true) if deleted => format!("{hold} a tombstone instead of {old_ones}"),
        (false, false, true) => format!("{hold} {new_ones} instead of {old_ones}"),
        (false, false, false) => {
            format!("{store} {new_ones}, {drop} {old_ones} and {keep} {kept_ones}")
        }
        (false, true, false) => format!("{store} {new_ones} beside {kept_ones}"),
        (false, true, true) if deleted => format!("{store} a tombstone"),
        (false, true, true) => format!("{store} {new_ones}"),
        (true, false, false) => format!("{drop} {old_ones} and {keep} {kept_ones}"),
        (true, false, true) => format!("{drop} {old_ones} and {hold} nothing"),
        (true, true, true) => format!("{hold} nothing"),
        (true, true, false) if new.len() > old.len() => format!("{hold} one value more than once"),
        (true, true, false) => format!("{hold} the same with another clock"),
    }
}

/// What each disk holds before a step.
pub(super) fn before(story: &Story, place: usize) -> BTreeMap<Node, Vec<Version>> {
    let mut held = BTreeMap::new();
    for step in &story.steps[..place] {
        apply(story, step, &mut held);
    }
    held
}

pub(super) fn apply(story: &Story, step: &Step, held: &mut BTreeMap<Node, Vec<Version>>) {
    for change in step
        .changes
        .iter()
        .filter(|change| story.is_key(&change.key))
    {
        held.insert(change.node, change.versions.clone());
    }
}

/// `v1`, `v1 and v2`, `v1, v2 and v3`.
pub(super) fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn list(versions: &[Version]) -> String {
    let names: Vec<String> = versions
        .iter()
        .map(|version| value(version, VALUE))
        .collect();
    if names.is_empty() {
        "nothing".into()
    } else {
        and(&names)
    }
}

/// Whether two sets of versions hold the same values.
pub(super) fn alike(one: &[Version], two: &[Version]) -> bool {
    values(one) == values(two) && one.len() == two.len()
}
