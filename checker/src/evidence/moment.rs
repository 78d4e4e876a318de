//! What all disks hold in one instant, within which nobody knows what came first.

use std::collections::BTreeMap;

use super::disks::{Disks, State};
use crate::history::Time;
use crate::note::{Node, Note, Version};
use crate::order::Noted;

/// The disks of all nodes, note after note, with whatever else they held in the present instant.
#[derive(Debug, Default)]
pub(crate) struct Moment<'h> {
    at: Time,
    /// As they are after the last note.
    disks: Disks<'h>,
    data: BTreeMap<(usize, Node), Vec<Earlier<'h>>>,
    /// By key the hints that were replaced or let go.
    hints: BTreeMap<usize, Vec<Hint<'h>>>,
}

/// Holder, owner and versions.
type Hint<'h> = (Node, Node, &'h [Version]);

/// What one disk held of one key before something replaced it within the instant.
#[derive(Debug)]
struct Earlier<'h> {
    state: State<'h>,
    /// The line of what replaced it.
    until: usize,
    /// Whether a note told of it. Without one the disk need not have been empty, only unseen.
    noted: bool,
}

impl<'h> Moment<'h> {
    /// Follows one note.
    pub(crate) fn apply(&mut self, noted: &Noted<'h>) {
        self.reach(noted.at);
        let Some(key) = noted.key else { return };
        match noted.note {
            Note::Durable { node, .. } => self.keep(key, *node, noted.line),
            // The first context completes what was noted before it.
            Note::Context { node, .. } if self.disks.state(key, *node).context.is_some() => {
                self.keep(key, *node, noted.line);
            }
            Note::Hint { holder, owner, .. }
            | Note::HintDropped { holder, owner, .. }
            | Note::HintExpired { holder, owner, .. } => {
                let of = (*holder, *owner);
                let mut hints = self.disks.hints(key);
                let old = hints.find(|&(holder, owner, _)| (holder, owner) == of);
                if let Some(old) = old {
                    self.hints.entry(key).or_default().push(old);
                }
            }
            _ => {}
        }
        self.disks.apply(noted);
    }

    /// Goes on to this time, which none of the notes that follow is before.
    pub(crate) fn reach(&mut self, at: Time) {
        if at > self.at {
            self.at = at;
            self.data.clear();
            self.hints.clear();
        }
    }

    /// What this node holds of this key as its own in this instant: first what it held at a line of
    /// the instant, then whatever else it held.
    pub(crate) fn states(
        &self,
        key: usize,
        node: Node,
        line: usize,
    ) -> impl Iterator<Item = State<'h>> {
        let last = self.disks.state(key, node);
        let earlier = self.data.get(&(key, node)).map_or(&[][..], Vec::as_slice);
        let then = earlier.iter().find(|one| one.until > line);
        let then = then.map_or(last, |one| one.state);
        let noted = earlier.iter().filter(|one| one.noted);
        let others = noted.map(|one| one.state).chain([last]);
        [then].into_iter().chain(others)
    }

    /// The hints kept for this key in this instant, as holder, owner and versions.
    pub(crate) fn hints(&self, key: usize) -> impl Iterator<Item = Hint<'h>> {
        let earlier = self.hints.get(&key).into_iter().flatten().copied();
        self.disks.hints(key).chain(earlier)
    }

    fn keep(&mut self, key: usize, node: Node, until: usize) {
        let earlier = Earlier {
            state: self.disks.state(key, node),
            until,
            noted: self.disks.knows(key, node),
        };
        self.data.entry((key, node)).or_default().push(earlier);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::contents;
    use crate::evidence::sketch::{node, sketch};
    use crate::order::Order;

    /// What A held at a line, and in the instant of the last note; and what D kept for C.
    fn held(text: &str, line: usize) -> (Vec<String>, Vec<String>) {
        let history = sketch(text);
        let order = Order::new(&history);
        let mut moment = Moment::default();
        for noted in &order.notes {
            moment.apply(noted);
        }
        let own = moment.states(0, node("A"), line);
        let hints = moment.hints(0).map(|(.., versions)| contents(versions));
        (
            own.map(|state| contents(state.versions)).collect(),
            hints.collect(),
        )
    }

    #[test]
    fn an_instant_shows_all_that_was_held_in_it_and_what_was_held_at_a_line_first() {
        let text = "1 durable A x {o}
             2 durable A x {a}
             5 durable A x {b}
             5 hint D C x {h}
             5 dropped D C x
             5 durable A x {c}";
        let (own, hints) = held(text, 3);
        assert_eq!(own, ["{b}", "{a}", "{b}", "{c}"]);
        assert_eq!(hints, ["{h}"]);
        assert_eq!(held(text, 9).0, ["{c}", "{a}", "{b}", "{c}"]);
        let (own, hints) = held(&format!("{text}\n 6 quiet\n 6 dropped D C x"), 9);
        assert_eq!(own, ["{c}", "{c}"]);
        assert!(hints.is_empty());
    }

    #[test]
    fn a_disk_that_was_not_seen_was_empty_only_for_those_above() {
        let text = "5 healed\n 5 durable A x {a}";
        assert_eq!(held(text, 1).0, ["{}", "{a}"]);
        assert_eq!(held(text, 2).0, ["{a}", "{a}"]);
    }
}
