//! The life of every hint: kept, delivered, and only then dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{
    DELIVERED, DROPPED_EARLY, HOLDER_CRASHED, KEPT, KEPT_ON, LOST_IN_CRASH, MOVED, NOT_AT_OWNER,
    OWNER_DOWN, UNDELIVERED,
};
use super::held::{Held, Holdings, Sight};
use crate::evidence::{Disks, Finding, Findings, Marks, contents, reason};
use crate::history::{OpId, Time};
use crate::note::{Node, Note, Version};
use crate::order::{Key, Noted, Order};

/// A hint by its key, holder and owner.
type Triple = (usize, Node, Node);

/// Follows every hint from its first record to the end.
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    findings: &mut Findings,
) {
    let mut lives = Lives {
        order,
        marks,
        disks: Disks::default(),
        sight,
        kept: BTreeMap::new(),
        ever: BTreeMap::new(),
        held: Holdings::default(),
        down: BTreeSet::new(),
        restarted: BTreeSet::new(),
        let_go: Vec::new(),
    };
    let end = marks.quiet.unwrap_or(usize::MAX);
    let mut now = Time(0);
    for noted in order.notes.iter().filter(|noted| noted.line <= end) {
        if noted.at > now {
            lives.settle(findings);
            lives.restarted.clear();
            now = noted.at;
        }
        lives.follow(noted, findings);
    }
    lives.settle(findings);
    if let Some(quiet) = marks.quiet {
        lives.finish(quiet, findings);
    }
}

struct Lives<'a, 'h> {
    order: &'a Order<'h>,
    marks: &'a Marks<'h>,
    sight: &'a Sight<'h>,
    disks: Disks<'h>,
    /// Hints that are kept now.
    kept: BTreeMap<Triple, &'h [Version]>,
    /// Every version that was ever kept for an owner, by key and owner.
    ever: BTreeMap<(usize, Node), Vec<Kept<'h>>>,
    /// What each node ever held as its own.
    held: Holdings<'h>,
    down: BTreeSet<Node>,
    /// Nodes that came up within the present instant.
    restarted: BTreeSet<Node>,
    /// Hints let go within the present instant: what the owner wrote in it counts as before.
    let_go: Vec<LetGo<'h>>,
}

/// A version that was kept for an owner in one ring.
#[derive(Clone, Copy)]
struct Kept<'h> {
    holder: Node,
    version: &'h Version,
    /// When it was first kept in this ring.
    line: usize,
}

#[derive(Clone, Copy)]
struct LetGo<'h> {
    triple: Triple,
    at: Time,
    line: usize,
    /// Whether the holder was down, or came up at this moment.
    crashed: bool,
    old: &'h [Version],
    /// What the holder keeps instead.
    new: &'h [Version],
}

impl<'h> Lives<'_, 'h> {
    fn follow(&mut self, noted: &Noted<'h>, findings: &mut Findings) {
        self.disks.apply(noted);
        match noted.note {
            Note::Crash(node) => {
                self.down.insert(*node);
                let with_hints = self.kept.keys().any(|&(_, holder, _)| holder == *node);
                findings.count(HOLDER_CRASHED, u64::from(with_hints));
            }
            Note::Restart(node) => {
                self.down.remove(node);
                self.restarted.insert(*node);
            }
            Note::Durable { node, versions, .. } => {
                if let Some(key) = noted.key {
                    let of = (key, &self.order.keys[key]);
                    self.held.add(of, *node, versions);
                }
            }
            Note::Hint {
                holder,
                owner,
                versions,
                ..
            } => self.replace(noted, (*holder, *owner), versions, findings),
            Note::HintDropped { holder, owner, .. } => {
                self.replace(noted, (*holder, *owner), &[], findings);
            }
            Note::HintExpired { holder, owner, .. } => self.expire(noted, (*holder, *owner)),
            _ => {}
        }
    }

    /// What was kept under this hint alone is owed no more.
    fn expire(&mut self, noted: &Noted<'h>, (holder, owner): (Node, Node)) {
        let Some(key) = noted.key else { return };
        let Some(old) = self.kept.remove(&(key, holder, owner)) else {
            return;
        };
        let others = self
            .kept
            .iter()
            .filter(|((of, _, to), _)| (*of, *to) == (key, owner));
        let still: Vec<&Version> = others.flat_map(|(_, versions)| *versions).collect();
        let ever = self.ever.entry((key, owner)).or_default();
        ever.retain(|kept| !old.contains(kept.version) || still.contains(&kept.version));
    }

    fn replace(
        &mut self,
        noted: &Noted<'h>,
        (holder, owner): (Node, Node),
        new: &'h [Version],
        findings: &mut Findings,
    ) {
        let Some(key) = noted.key else { return };
        let triple = (key, holder, owner);
        let old = if new.is_empty() {
            self.kept.remove(&triple)
        } else {
            self.kept.insert(triple, new)
        };
        match old {
            Some(old) => self.let_go.push(LetGo {
                triple,
                at: noted.at,
                line: noted.line,
                crashed: self.down.contains(&holder) || self.restarted.contains(&holder),
                old,
                new,
            }),
            None if !new.is_empty() => {
                findings.count(KEPT, 1);
                findings.count(OWNER_DOWN, u64::from(self.down.contains(&owner)));
            }
            None => {}
        }
        let ever = self.ever.entry((key, owner)).or_default();
        let tenures = &self.marks.tenures[key];
        let same = |one: usize| tenures.number(one) == tenures.number(noted.line);
        for version in new {
            if !ever
                .iter()
                .any(|known| known.version == version && same(known.line))
            {
                ever.push(Kept {
                    holder,
                    version,
                    line: noted.line,
                });
            }
        }
    }

    /// Judges what was let go within the instant that has passed.
    fn settle(&mut self, findings: &mut Findings) {
        let nothing = Held::default();
        let let_go = std::mem::take(&mut self.let_go);
        if self.marks.may_miss_tombstones() {
            return;
        }
        for gone in let_go {
            let (number, _, owner) = gone.triple;
            let key = &self.order.keys[number];
            let held = self.held.of(number, owner).unwrap_or(&nothing);
            let mut instead = Held::default();
            instead.add(key, gone.new);
            let mut left = gone.old.iter().filter(|version| {
                !instead.covers(self.sight, key, version) && !held.covers(self.sight, key, version)
            });
            let moved = self.moved(gone);
            let lost = left.clone().find(|version| {
                let kept = moved.as_ref();
                let moved = kept.is_some_and(|kept| kept.covers(self.sight, key, version));
                !moved && !self.inherited(gone, version)
            });
            match lost {
                Some(version) if !key.repeats => {
                    let part = if gone.crashed {
                        LOST_IN_CRASH
                    } else {
                        DROPPED_EARLY
                    };
                    findings.report(part, || self.early(gone, version));
                }
                _ if left.next().is_some() => findings.count(MOVED, 1),
                _ => findings.count(DELIVERED, u64::from(gone.new.is_empty())),
            }
        }
    }

    /// What the holder keeps of the key for others, or as its own: there a hint may go once owners have
    /// changed. Who ceased to be one and who took its place depends on the changes that the holder had
    /// heard of, which cannot be told from outside; a hint that went to the wrong one must go on from
    /// there.
    fn moved(&self, gone: LetGo<'h>) -> Option<Held<'h>> {
        let (number, holder, owner) = gone.triple;
        let tenures = &self.marks.tenures[number];
        if tenures.number(gone.line) == 0 {
            return None;
        }
        let key = &self.order.keys[number];
        let mut held = Held::default();
        let hints = self.disks.hints(number);
        let others = hints.filter(|&(by, to, _)| by == holder && to != owner);
        for (_, _, versions) in others {
            held.add(key, versions);
        }
        held.add(key, self.disks.data(number, holder));
        Some(held)
    }

    /// Whether the owner has ceased to be one, and an heir already has the version.
    fn inherited(&self, gone: LetGo<'h>, version: &Version) -> bool {
        let (number, _, owner) = gone.triple;
        if self.marks.tenures[number].at(gone.line).contains(&owner) {
            return false;
        }
        let ever = self.ever.get(&(number, owner)).into_iter().flatten();
        let kept = ever.filter(|kept| kept.version == version);
        let since = kept.map(|kept| kept.line).min().unwrap_or(gone.line);
        let heirs = self.heirs((number, owner), since, gone.line);
        heirs.iter().any(|&heir| self.has(number, heir, version))
    }

    fn early(&self, gone: LetGo<'h>, version: &Version) -> Finding {
        let LetGo {
            triple: (number, holder, owner),
            at,
            crashed,
            old,
            new,
            ..
        } = gone;
        let key = &self.order.keys[number];
        let what = name(version);
        let did = if crashed {
            format!("at {} it was down, or just back, without that hint", at.0)
        } else if new.is_empty() {
            format!("at {} it dropped that hint", at.0)
        } else {
            format!("at {} it kept only {} instead", at.0, contents(new))
        };
        Finding {
            sentence: if crashed {
                format!(
                    "A hint was lost in a crash: {holder} came back without {what}, and {owner} never had it."
                )
            } else {
                format!(
                    "A hint was dropped before it arrived: {holder} let go of {what}, and {owner} never had it."
                )
            },
            key: Some(key.name.into()),
            ops: self.writers(key, [version]),
            reasons: vec![
                reason(
                    format!("{holder} kept {} for {owner}", contents(old)),
                    &self.writers(key, old),
                ),
                reason(did, &[]),
                reason(
                    format!("until then nothing on the disk of {owner} was {what} or had seen it"),
                    &[],
                ),
            ],
            kind: if new.is_empty() {
                "the hint was dropped"
            } else {
                "the hint was replaced"
            },
        }
    }

    fn finish(&self, quiet: usize, findings: &mut Findings) {
        for (&(number, holder, owner), versions) in &self.kept {
            if self.down.contains(&owner) || self.down.contains(&holder) {
                continue;
            }
            let key = &self.order.keys[number];
            let mut kept = versions.iter();
            let arrived = kept.all(|version| self.has(number, owner, version));
            let part = if arrived { KEPT_ON } else { UNDELIVERED };
            findings.report(part, || Finding {
                sentence: format!(
                    "A hint {}: {holder} still keeps {} for {owner}.",
                    if arrived {
                        "outlived its delivery"
                    } else {
                        "was never delivered"
                    },
                    contents(versions)
                ),
                key: Some(key.name.into()),
                ops: self.writers(key, *versions),
                reasons: vec![
                    reason(
                        format!("{holder} kept {} for {owner}", contents(versions)),
                        &self.writers(key, *versions),
                    ),
                    reason(format!("{holder} and {owner} both run"), &[]),
                    reason(
                        "all faults had ended and the store had had its time, and it was still kept",
                        &[],
                    ),
                ],
                kind: "",
            });
        }
        if !self.marks.may_miss_tombstones() {
            self.arrive(quiet, findings);
        }
    }

    /// Whatever was ever kept for an owner is on its disk, or what superseded it; if it ceased to own
    /// the key, on that of an heir.
    fn arrive(&self, quiet: usize, findings: &mut Findings) {
        for (&(number, owner), kept) in &self.ever {
            let key = &self.order.keys[number];
            for &Kept {
                holder,
                version,
                line,
            } in kept.iter().filter(|_| !key.repeats)
            {
                let heirs = self.heirs((number, owner), line, quiet);
                let down = heirs.iter().any(|heir| self.down.contains(heir));
                if down
                    || self.down.contains(&holder)
                    || heirs.iter().any(|&heir| self.has(number, heir, version))
                    || self.is_buried((number, owner), (line, quiet), version)
                {
                    continue;
                }
                let owner = heirs.first().copied().unwrap_or(owner);
                let on_disk = self.disks.data(number, owner);
                findings.report(NOT_AT_OWNER, || Finding {
                    sentence: format!(
                        "What was kept for {owner} is not there: its disk holds {} without {}.",
                        contents(on_disk),
                        name(version)
                    ),
                    key: Some(key.name.into()),
                    ops: self.writers(key, [version]),
                    reasons: vec![
                        reason(
                            format!("{holder} kept {} for {owner}", name(version)),
                            &self.writers(key, [version]),
                        ),
                        reason(
                            format!("when quiet, {owner} holds {}", contents(on_disk)),
                            &[],
                        ),
                        reason(
                            format!("nothing of that is {} or had seen it", name(version)),
                            &[],
                        ),
                    ],
                    kind: "",
                });
            }
        }
    }

    /// Who must have in the end what was kept for an owner since a line: the owner, if it still is one
    /// and always was. Else someone who began to own the key since the owner did, last; an owner that
    /// came back is one of them. Where changes overlap, nodes pair those who cease and those who begin
    /// in different ways, so that one may get two copies, and another none: then anyone.
    fn heirs(&self, (number, owner): (usize, Node), since: usize, quiet: usize) -> Vec<Node> {
        let tenures = &self.marks.tenures[number];
        if self.marks.changes_overlap(number, quiet) {
            return tenures.at(quiet).to_vec();
        }
        if tenures.owned_throughout(owner, since, quiet) {
            return vec![owner];
        }
        let since = if tenures.at(since).contains(&owner) {
            since
        } else {
            let ceased = tenures.ceased(owner, since);
            ceased.map_or(0, |line| line.saturating_sub(1))
        };
        let owners = tenures.at(quiet).iter().copied();
        let begun = owners.filter(|node| !tenures.owned_throughout(*node, since, quiet));
        let begun: Vec<Node> = begun.collect();
        if begun.is_empty() {
            tenures.at(quiet).to_vec()
        } else {
            begun
        }
    }

    /// Whether the disk of a node has a version now, or what superseded it.
    fn has(&self, number: usize, node: Node, version: &Version) -> bool {
        let key = &self.order.keys[number];
        let mut held = Held::default();
        held.add(key, self.disks.data(number, node));
        // Tombstones may have been reaped once they had arrived.
        if let Some(before) = self.held.of(number, node) {
            held.add_tombstones(before);
        }
        held.covers(self.sight, key, version)
    }

    /// Whether others deleted a version and forgot the tombstone, while an owner that has not always been one
    /// was none: it came to a key that nobody had.
    fn is_buried(
        &self,
        (number, owner): (usize, Node),
        (since, quiet): (usize, usize),
        version: &Version,
    ) -> bool {
        let tenures = &self.marks.tenures[number];
        if !self.marks.may_revive() || tenures.owned_throughout(owner, since, quiet) {
            return false;
        }
        let key = &self.order.keys[number];
        let tombstones = self.held.tombstones(number);
        tombstones.covers(self.sight, key, version)
    }

    fn writers<'v>(
        &self,
        key: &Key<'h>,
        versions: impl IntoIterator<Item = &'v Version>,
    ) -> Vec<OpId> {
        versions
            .into_iter()
            .filter_map(|version| key.write_of(version.value.as_deref()?))
            .map(|write| self.order.op(key.writes[write].place).id)
            .collect()
    }
}

fn name(version: &Version) -> &str {
    version.value.as_deref().unwrap_or("a tombstone")
}
