//! Commands that show how things are, and leave the cluster as it is.

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{Hint, NodeId, Reason};

use super::arguments::Arguments;
use super::groups::Groups;
use super::play::Told;
use super::stage::{Stage, content};

/// `disks cart`: what each disk holds of a key, and as what. Disks that hold the same share a line.
pub(super) fn disks(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    stage.meet_actors();
    let mut groups = Groups::default();
    for (name, id) in stage.cast.all() {
        let held = stage.held(id, &key);
        if held.is_empty() {
            groups.add("nothing".to_owned(), name);
        }
        for (hint, siblings) in held {
            let versions = siblings.iter().map(|version| {
                let dot = stage.cast.dot(version.dot);
                format!("{} ({dot})", content(version))
            });
            let mut versions: Vec<String> = versions.collect();
            versions.sort();
            let hint = hint.map(|Hint { owner, reason }| {
                let (owner, reason) = (stage.cast.name(owner), why(reason));
                format!("hint for {owner} ({reason}): ")
            });
            let hint = hint.unwrap_or_default();
            groups.add(format!("{hint}{}", versions.join(", ")), name);
        }
    }
    Ok(groups.lines(|held, names| format!("{names}: {held}")))
}

fn why(reason: Reason) -> String {
    format!("{reason:?}").to_lowercase()
}

/// `clocks cart`: the clock of each version that is on any disk, and on whose.
pub(super) fn clocks(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    stage.meet_actors();
    let mut holders: BTreeMap<String, BTreeSet<NodeId>> = BTreeMap::new();
    for (_, id) in stage.cast.all() {
        for (_, siblings) in stage.held(id, &key) {
            for version in siblings.iter() {
                let clock = stage.cast.clock(&version.clock());
                let line = format!("{} {clock}", content(version));
                holders.entry(line).or_default().insert(id);
            }
        }
    }
    let lines = holders
        .iter()
        .map(|(line, ids)| format!("{line} on {}", stage.cast.list(|id| ids.contains(&id))));
    Ok(lines.collect())
}

/// `messages`: how many of each kind were sent since this was last asked.
pub(super) fn messages(stage: &mut Stage) -> Vec<String> {
    let sent = stage.world.take_sent();
    if sent.is_empty() {
        return vec!["none".to_owned()];
    }
    let counts = sent.iter().map(|(kind, count)| format!("{count} {kind}"));
    vec![counts.collect::<Vec<_>>().join(", ")]
}

/// `owners cart`: who should hold a key, and who stands in for them. Where nodes see the cluster
/// otherwise, also by whose view.
pub(super) fn owners(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    let mut groups = Groups::default();
    for (name, id) in stage.cast.all() {
        let Some(node) = stage.world.node(id) else {
            continue;
        };
        let ring = node.view().ring();
        let list = |ids: &[NodeId]| {
            let names = ids.iter().map(|id| stage.cast.name(*id));
            names.collect::<Vec<_>>().join(" ")
        };
        let walk = ring.preference_list(&key);
        let owners = node.view().owners(ring.range_of(&key));
        let line = match &walk[owners.len()..] {
            [] => list(owners),
            rest => format!("{}, then {}", list(owners), list(rest)),
        };
        groups.add(line, name);
    }
    let alike = groups.len() == 1;
    Ok(groups.lines(|line, names| {
        if alike {
            line.to_owned()
        } else {
            format!("{line} by {names}")
        }
    }))
}

/// `roots cart`: which owners of a key agree on all keys of its range, by their Merkle trees.
///
/// Each node knows for itself what it owns and which range that is.
pub(super) fn roots(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    let mut groups = Groups::default();
    for (name, id) in stage.cast.all() {
        let Some(node) = stage.world.node(id) else {
            continue;
        };
        let ring = node.view().ring();
        let range = ring.range_name(ring.range_of(&key));
        if let Some(root) = node.roots().into_iter().find(|(it, _)| *it == range) {
            groups.add(root, name);
        }
    }
    let lines = groups.lines(|_, names| names.to_owned());
    Ok(vec![match lines.as_slice() {
        [] => "nobody is up".to_owned(),
        [all] => format!("{all} agree"),
        groups => format!("{} differ", groups.join(" | ")),
    }])
}
