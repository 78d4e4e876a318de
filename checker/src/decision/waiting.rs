//! Hints that still wait when the store counts as mended: what their holders did with them instead.

use super::Decision;
use crate::evidence::{Disks, Marks, contents, same};
use crate::history::Time;
use crate::network::{Message, Network};
use crate::note::{Node, Note, Version};
use crate::order::{Noted, Order};

/// The first hint of which it shows why it still waits: its holder came back and never sent it, its owner has
/// it or has ceased to be one, it was brought to another, or its holder gave it up.
pub(super) fn left_lying(
    order: &Order<'_>,
    marks: &Marks<'_>,
    quiet: usize,
    network: Option<&Network>,
) -> Option<Decision> {
    let disks = Disks::at(&order.notes, quiet);
    let mut hints = order.keys.iter().enumerate().flat_map(|(number, _)| {
        let hints = disks.hints(number);
        hints.map(move |(holder, owner, versions)| (number, holder, owner, versions))
    });
    hints.find_map(|(number, holder, owner, versions)| {
        let kept = order.notes.iter().rfind(|noted| {
            noted.line < quiet && noted.key == Some(number) && is_hint(noted, holder, owner)
        })?;
        let hint = Hint {
            order,
            marks,
            quiet,
            number,
            holder,
            owner,
            versions,
            kept,
        };
        hint.forgotten()
            .or_else(|| hint.delivered(&disks))
            .or_else(|| hint.unowned())
            .or_else(|| hint.elsewhere())
            .or_else(|| Some(hint.given_up(network?)))
    })
}

struct Hint<'a, 'h> {
    order: &'a Order<'h>,
    marks: &'a Marks<'h>,
    quiet: usize,
    number: usize,
    holder: Node,
    owner: Node,
    versions: &'h [Version],
    kept: &'a Noted<'h>,
}

impl<'h> Hint<'_, 'h> {
    fn notes(&self) -> impl DoubleEndedIterator<Item = &Noted<'h>> {
        let of_then = |noted: &&Noted<'h>| self.kept.line < noted.line && noted.line < self.quiet;
        self.order.notes.iter().filter(of_then)
    }

    /// The hints of this key that its holder sent since: to whom, when.
    fn sent(&self) -> impl DoubleEndedIterator<Item = (Node, Time, usize)> {
        self.notes().filter_map(|noted| match noted.note {
            Note::Transfer { from, to, kind, .. }
                if noted.key == Some(self.number) && *from == self.holder && kind == "hint" =>
            {
                Some((*to, noted.at, noted.line))
            }
            _ => None,
        })
    }

    fn decision(&self, at: Time, sentence: String, facts: Vec<String>) -> Decision {
        let Hint { holder, owner, .. } = self;
        let key = self.order.keys[self.number].name;
        let mut all = vec![format!(
            "{holder} has kept {} of {key} for {owner} since {}",
            contents(self.versions),
            self.kept.at.0
        )];
        all.extend(facts);
        Decision {
            at,
            node: Some(*holder),
            op: None,
            sentence,
            facts: all,
        }
    }

    /// It lay on the disk when its holder came back, and the holder then sent nothing of it.
    fn forgotten(&self) -> Option<Decision> {
        let Hint { holder, owner, .. } = self;
        let back = self
            .notes()
            .find(|noted| matches!(noted.note, Note::Restart(node) if node == holder))?;
        if self
            .sent()
            .any(|(to, _, line)| to == *owner && line > back.line)
        {
            return None;
        }
        let key = self.order.keys[self.number].name;
        Some(self.decision(
            back.at,
            format!(
                "{holder} came back with its hint of {key} for {owner} on the disk, and from then on delivered \
                 nothing of it."
            ),
            vec![format!(
                "no hint of {key} went from {holder} to {owner} after {}",
                back.at.0
            )],
        ))
    }

    /// Its owner has exactly that.
    fn delivered(&self, disks: &Disks<'_>) -> Option<Decision> {
        let Hint { holder, owner, .. } = self;
        if !same(disks.data(self.number, *owner), self.versions) {
            return None;
        }
        let mut sent = self.sent().filter(|(to, ..)| to == owner);
        let (_, at, _) = sent.next()?;
        let again = sent.count();
        let what = contents(self.versions);
        Some(self.decision(
            at,
            format!("{holder} went on to keep {what} for {owner} after it had brought that there."),
            vec![
                format!("{owner} holds {what}"),
                format!("{holder} brought it {again} times more"),
            ],
        ))
    }

    /// Its owner has ceased to be one.
    fn unowned(&self) -> Option<Decision> {
        let Hint { holder, owner, .. } = self;
        let tenures = &self.marks.tenures[self.number];
        if tenures.is_unknown() || tenures.at(self.quiet).contains(owner) {
            return None;
        }
        let line = tenures.ceased(*owner, self.quiet)?;
        let ceased = self.order.notes.iter().find(|noted| noted.line >= line)?;
        let key = self.order.keys[self.number].name;
        Some(self.decision(
            ceased.at,
            format!(
                "{owner} ceased to own {key}, and {holder} went on to keep {} for it.",
                contents(self.versions)
            ),
            vec![format!("since {} others own {key}", ceased.at.0)],
        ))
    }

    /// It was brought to somebody else.
    fn elsewhere(&self) -> Option<Decision> {
        let Hint { holder, owner, .. } = self;
        if self.sent().any(|(to, ..)| to == *owner) {
            return None;
        }
        let (to, at, _) = self.sent().next()?;
        Some(self.decision(
            at,
            format!(
                "{holder} brought to {to} what it kept for {owner}: {}.",
                contents(self.versions)
            ),
            vec![format!("nothing of it ever went to {owner}")],
        ))
    }

    /// It was sent, or was not, and its holder went on to keep it without sending it again.
    fn given_up(&self, network: &Network) -> Decision {
        let Hint { holder, owner, .. } = self;
        let key = self.order.keys[self.number].name;
        let of_it = |message: &&Message| {
            (message.from, message.to) == (*holder, *owner)
                && message.kind == "hint"
                && message.key == key
                && message.sent >= self.kept.at
        };
        let sent: Vec<&Message> = network.messages.iter().filter(of_it).collect();
        let (times, at) = match sent[..] {
            [] => ("never".to_owned(), self.kept.at),
            [one] => ("once".to_owned(), one.sent),
            [.., last] => (format!("{} times", sent.len()), last.sent),
        };
        let facts = sent.last().map(|last| {
            let went = match last.heard {
                Some(at) => format!("got there at {}", at.0),
                None => "never got there".into(),
            };
            format!("what was sent last, at {}, {went}", last.sent.0)
        });
        self.decision(
            at,
            format!("{holder} sent its hint of {key} for {owner} {times}, and went on to keep it until the end."),
            facts.into_iter().collect(),
        )
    }
}

fn is_hint(noted: &Noted<'_>, by: Node, to: Node) -> bool {
    matches!(noted.note, Note::Hint { holder, owner, .. } if (*holder, *owner) == (by, to))
}
