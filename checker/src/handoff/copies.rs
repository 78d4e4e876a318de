//! On how many disks an acknowledged write is, and on whose it must not stay.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{COUNTED, STRAY_COPY, TOO_FEW_COPIES};
use super::held::{Held, Holdings, Sight};
use crate::evidence::{
    Disks, Finding, Findings, Marks, Moment, Tenures, acknowledged, contents, names, owned, reason,
};
use crate::history::Time;
use crate::note::{Node, Note};
use crate::order::{Key, Noted, Order, Status};

/// Counts copies at every acknowledgement, where disks show what they held then, and looks for strangers once the store is mended.
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    needed: u32,
    findings: &mut Findings,
) {
    count(order, marks, sight, needed, findings);
    if let Some(quiet) = marks.quiet {
        strangers(order, marks, quiet, findings);
    }
}

pub(super) fn count<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    needed: u32,
    findings: &mut Findings,
) {
    if marks.is_sampled() {
        return;
    }
    let returns = answers(order);
    findings.count(COUNTED, returns.len() as u64);
    let mut copies = Copies {
        order,
        marks,
        sight,
        needed,
        moment: Moment::default(),
        reaped: Holdings::default(),
    };
    let mut waiting = Waiting::default();
    // Writes that had their copies before one of the disks handed its own to another.
    let mut had: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut notes = order.notes.iter().peekable();
    for (returned, number, write) in returns {
        while let Some(noted) = notes.next_if(|noted| noted.at <= returned) {
            copies.moment.reach(noted.at);
            if let (true, Some(key)) = (lets_go(noted.note), noted.key) {
                for &write in waiting.at(key, &order.keys[key], noted.at) {
                    if copies.are_enough(key, write) {
                        had.insert((key, write));
                    }
                }
            }
            copies.follow(noted);
        }
        copies.moment.reach(returned);
        if !had.contains(&(number, write)) && !copies.are_enough(number, write) {
            findings.report(TOO_FEW_COPIES, || {
                let with = copies.with(number, write);
                too_few(order, &order.keys[number], write, (&with, needed))
            });
        }
    }
}

/// What each disk holds, as its own or for others, at one moment.
struct Copies<'a, 'h> {
    order: &'a Order<'h>,
    marks: &'a Marks<'h>,
    sight: &'a Sight<'h>,
    needed: u32,
    /// Whatever a disk held in the instant of an acknowledgement counts.
    moment: Moment<'h>,
    /// The tombstones that each disk ever held: those that are gone may have been reaped.
    reaped: Holdings<'h>,
}

impl<'h> Copies<'_, 'h> {
    fn follow(&mut self, noted: &Noted<'h>) {
        let (Note::Durable { versions, .. } | Note::Hint { versions, .. }, Some(number)) =
            (noted.note, noted.key)
        else {
            return self.moment.apply(noted);
        };
        if versions.is_empty() || is_proper(&self.marks.tenures[number], noted) {
            self.moment.apply(noted);
        }
        if let Note::Durable { node, .. } = noted.note
            && versions.iter().any(|version| version.value.is_none())
        {
            let key = &self.order.keys[number];
            self.reaped.add((number, key), *node, versions);
        }
    }

    /// Whether as many disks as needed have this write, or what superseded it.
    fn are_enough(&self, number: usize, write: usize) -> bool {
        let enough = |count: usize| count as u64 >= u64::from(self.needed);
        let key = &self.order.keys[number];
        let held = self.held(number);
        let certain = held
            .iter()
            .filter(|(_, held)| held.surely_covers(self.sight, key, write));
        enough(certain.count()) || enough(self.with(number, write).len())
    }

    /// The nodes whose disks may have this write, or what superseded it.
    fn with(&self, number: usize, write: usize) -> Vec<Node> {
        let key = &self.order.keys[number];
        let mut held = self.held(number);
        held.retain(|(_, held)| held.covers_write(self.sight, key, write));
        held.into_iter().map(|(node, _)| node).collect()
    }

    fn held(&self, number: usize) -> Vec<(Node, Held<'h>)> {
        let key = &self.order.keys[number];
        let of = |&node: &Node| {
            let mut held = Held::default();
            for state in self.moment.states(number, node, usize::MAX) {
                held.add(key, state.versions);
            }
            if let Some(before) = self.reaped.of(number, node) {
                held.add_tombstones(before);
            }
            (node, held)
        };
        let mut held: Vec<(Node, Held<'h>)> = self.marks.nodes.iter().map(of).collect();
        for (holder, _, versions) in self.moment.hints(number) {
            let of = held.iter_mut().filter(|(node, _)| *node == holder);
            of.for_each(|(_, held)| held.add(key, versions));
        }
        held
    }
}

/// Whether a disk gives away what it had: then another has it in its place, and other checks see to it.
fn lets_go(note: &Note) -> bool {
    match note {
        Note::Durable { versions, .. } | Note::Hint { versions, .. } => versions.is_empty(),
        Note::HintDropped { .. } | Note::HintExpired { .. } => true,
        _ => false,
    }
}

/// When which write of which key was acknowledged, in the order of time.
fn answers(order: &Order<'_>) -> Vec<(Time, usize, usize)> {
    let mut returns: Vec<(Time, usize, usize)> = Vec::new();
    for (number, key) in order
        .keys
        .iter()
        .enumerate()
        .filter(|(_, key)| !key.repeats)
    {
        let writes = key.writes.iter().enumerate();
        let acknowledged = writes.filter(|(_, write)| write.status == Status::Acknowledged);
        returns.extend(acknowledged.filter_map(|(write, of)| Some((of.returned?, number, write))));
    }
    returns.sort_unstable();
    returns
}

/// Whether this is an owner's own copy, or one that is kept for an owner. As long as owners never
/// changed, any other copy is one that nobody will look for.
fn is_proper(tenures: &Tenures<'_>, noted: &Noted<'_>) -> bool {
    let owner = match noted.note {
        Note::Durable { node, .. } => node,
        Note::Hint { owner, .. } => owner,
        _ => return false,
    };
    tenures.is_unknown() || !tenures.changes(noted.line).is_empty() || tenures.names(*owner)
}

/// The writes of each key that are under way and will be acknowledged, as time goes on.
#[derive(Default)]
struct Waiting(BTreeMap<usize, (usize, Vec<usize>)>);

impl Waiting {
    fn at(&mut self, number: usize, key: &Key<'_>, now: Time) -> &[usize] {
        let (next, open) = self.0.entry(number).or_default();
        let called = |&write: &usize| key.writes[write].invoked <= now;
        let new = (*next..key.writes.len()).take_while(called);
        let before = open.len();
        open.extend(new);
        *next += open.len() - before;
        open.retain(|&write| {
            let of = &key.writes[write];
            of.status == Status::Acknowledged && of.returned.is_some_and(|at| now <= at)
        });
        open
    }
}

fn too_few(
    order: &Order<'_>,
    key: &Key<'_>,
    write: usize,
    (with, needed): (&[Node], u32),
) -> Finding {
    Finding {
        sentence: format!(
            "An acknowledged write had too few copies: {} was on {}, not on {needed}.",
            key.label(write),
            match with.len() {
                0 => "no disk".into(),
                1 => "1 disk".into(),
                many => format!("{many} disks"),
            }
        ),
        key: Some(key.name.into()),
        ops: vec![order.op(key.writes[write].place).id],
        reasons: vec![
            acknowledged(order, key, write),
            reason(
                if with.is_empty() {
                    "no disk held it then, as data of an owner or as a hint for one".into()
                } else {
                    format!(
                        "only {} held it then, as data of an owner or as a hint for one",
                        names(with)
                    )
                },
                &[],
            ),
        ],
        kind: "",
    }
}

fn strangers(order: &Order<'_>, marks: &Marks<'_>, quiet: usize, findings: &mut Findings) {
    let disks = Disks::at(&order.notes, quiet);
    for (number, key) in order.keys.iter().enumerate() {
        for &node in &marks.nodes {
            let versions = disks.data(number, node);
            if versions.is_empty() || marks.owners[number].is_empty() {
                continue;
            }
            // One that owned the key before may still hold it, and harms nobody.
            let tenures = &marks.tenures[number];
            let unseen = marks.is_sampled() && !tenures.changes(quiet).is_empty();
            if unseen || tenures.names(node) {
                continue;
            }
            findings.report(STRAY_COPY, || Finding {
                sentence: format!(
                    "A stand-in kept the data: {node} does not own {} and still holds {}.",
                    key.name,
                    contents(versions)
                ),
                key: Some(key.name.into()),
                ops: versions
                    .iter()
                    .filter_map(|version| key.write_of(version.value.as_deref()?))
                    .map(|write| order.op(key.writes[write].place).id)
                    .collect(),
                reasons: vec![
                    owned(key.name, marks.owners[number]),
                    reason(
                        format!(
                            "when quiet, {node} holds {} as its own, not as a hint",
                            contents(versions)
                        ),
                        &[],
                    ),
                ],
                kind: "",
            });
        }
    }
}
