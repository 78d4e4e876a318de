//! Commands of an administrator, and how nodes see the cluster.

use dynamo_core::{Member, Membership, Reply, Request};

use super::act::told;
use super::arguments::Arguments;
use super::cast::Cast;
use super::groups::Groups;
use super::play::Told;
use super::stage::Stage;

/// `join X via=A`, and with `capacity=2` or `zone=1` it joins as such.
pub(super) fn join(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let node = stage.cast.id(&arguments.word("the node")?)?;
    let via = stage.up(&arguments.required("via")?)?;
    let usual = Member::default();
    let member = Member {
        capacity: arguments.number("capacity")?.unwrap_or(usual.capacity),
        zone: arguments.number("zone")?.unwrap_or(usual.zone),
    };
    let reply = stage.world.ask(via, Request::Join { node, member });
    Ok(vec![told(reply.as_ref())])
}

/// `leave X via=A`.
pub(super) fn leave(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let node = stage.cast.id(&arguments.word("the node")?)?;
    let via = stage.up(&arguments.required("via")?)?;
    let reply = stage.world.ask(via, Request::Leave { node });
    Ok(vec![told(reply.as_ref())])
}

/// `members via=A`: what a client is told that finds its way by itself.
pub(super) fn members(stage: &mut Stage, arguments: &mut Arguments) -> Told {
    let via = stage.up(&arguments.required("via")?)?;
    let reply = stage.world.ask(via, Request::Members);
    Ok(vec![match &reply {
        Some(Reply::Members(history)) => list(&stage.cast, history),
        other => told(other.as_ref()),
    }])
}

/// `gossip`: how each node that is up sees the cluster, and whether all see it alike.
pub(super) fn gossip(stage: &mut Stage) -> Vec<String> {
    let mut groups = Groups::default();
    for (name, id) in stage.cast.all() {
        if let Some(node) = stage.world.node(id) {
            groups.add(node.view().membership(), name);
        }
    }
    let alike = groups.len() == 1;
    groups.lines(|history, names| {
        let members = list(&stage.cast, history);
        match names.contains(' ') {
            true if alike => format!("all see {members}"),
            true => format!("{names} see {members}"),
            false => format!("{names} sees {members}"),
        }
    })
}

/// The members by name; of those that are not like the others, how they are.
fn list(cast: &Cast, history: &Membership) -> String {
    let members = history.members();
    let usual = Member::default();
    let mut names: Vec<_> = members.iter().collect();
    names.sort_by_key(|(id, _)| cast.place(**id));
    let names = names.into_iter().map(|(id, member)| {
        let capacity = match member.capacity {
            capacity if capacity == usual.capacity => String::new(),
            capacity => format!("×{capacity}"),
        };
        let zone = match member.zone {
            zone if zone == usual.zone => String::new(),
            zone => format!("@{zone}"),
        };
        format!("{}{capacity}{zone}", cast.name(*id))
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(" ")
    }
}
