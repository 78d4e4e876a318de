//! Commands that show how things are, and leave the cluster as it is.

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{Node, NodeId};

use super::arguments::Arguments;
use super::play::Told;
use super::stage::{Stage, content};

/// `disks cart`: what each disk holds of a key, and as what.
pub(super) fn disks(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    let mut lines = Vec::new();
    for (name, id) in stage.cast.all() {
        let held = stage.held(id, &key);
        if held.is_empty() {
            lines.push(format!("{name}: nothing"));
        }
        for (owner, siblings) in held {
            let mut versions: Vec<String> = siblings
                .iter()
                .map(|(dot, version)| {
                    let dot = stage.cast.named(&dot.to_string());
                    format!("{} ({dot})", content(version))
                })
                .collect();
            versions.sort();
            let hint = owner.map(|owner| format!(" hint for {}:", stage.cast.name(owner)));
            let hint = hint.unwrap_or_default();
            lines.push(format!("{name}:{hint} {}", versions.join(", ")));
        }
    }
    Ok(lines)
}

/// `clocks cart`: the clock of each version that is on any disk, and on whose.
pub(super) fn clocks(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    let mut holders: BTreeMap<String, BTreeSet<NodeId>> = BTreeMap::new();
    for (_, id) in stage.cast.all() {
        for (_, siblings) in stage.held(id, &key) {
            for (dot, version) in siblings.iter() {
                let mut clock = version.past.clone();
                clock.add(dot);
                let line = format!("{} {}", content(version), stage.cast.clock(&clock));
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

/// `owners cart`: who should hold a key, and who stands in for them.
pub(super) fn owners(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    let config = stage.world.config();
    let walk = config.ring().preference_list(&key);
    let names: Vec<String> = walk.iter().map(|id| stage.cast.name(*id)).collect();
    let (owners, rest) = names.split_at(names.len().min(config.shape().n as usize));
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!(", then {}", rest.join(" "))
    };
    Ok(vec![format!("{}{rest}", owners.join(" "))])
}

/// `roots cart`: which owners of a key agree on all keys of its range, by their Merkle trees.
pub(super) fn roots(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let key = stage.key(&arguments.word("the key")?)?;
    let ring = stage.world.config().ring();
    let range = ring.range_name(ring.range_of(&key));
    let mut groups: Vec<(_, Vec<&str>)> = Vec::new();
    for (name, id) in stage.cast.all() {
        let roots = stage.world.node(id).map(Node::roots);
        let root = roots.into_iter().flatten().find(|(it, _)| *it == range);
        let Some((_, root)) = root else { continue };
        match groups.iter_mut().find(|(it, _)| *it == root) {
            Some((_, names)) => names.push(name),
            None => groups.push((root, vec![name])),
        }
    }
    let groups: Vec<String> = groups.iter().map(|(_, names)| names.join(" ")).collect();
    Ok(vec![match groups.as_slice() {
        [] => "nobody is up".to_owned(),
        [all] => format!("{all} agree"),
        _ => format!("{} differ", groups.join(" | ")),
    }])
}
