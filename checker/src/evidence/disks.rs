//! What all disks hold at one line of the history.

use std::collections::BTreeMap;

use crate::note::{Node, Note, Version};
use crate::order::Noted;

/// What one disk holds of one key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State<'h> {
    pub(crate) versions: &'h [Version],
    /// The context that the store keeps beside them, if it was noted.
    pub(crate) context: Option<&'h str>,
}

impl State<'_> {
    /// Whether both hold the same versions under the same clocks, as far as anyone can tell.
    pub(crate) fn is_like(&self, other: &State<'_>) -> bool {
        let apart = self.context.zip(other.context);
        apart.is_none_or(|(one, two)| one == two) && same(self.versions, other.versions)
    }

    /// Whether all that makes up this state is known: equal values may hide different clocks.
    pub(crate) fn is_whole(&self) -> bool {
        let mut versions = self.versions.iter();
        self.context.is_some() || versions.all(|version| version.clock.is_some())
    }
}

/// The disks of all nodes, note after note. A crash changes none of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disks<'h> {
    /// By key: the few nodes that ever held it.
    data: Vec<Vec<(Node, State<'h>)>>,
    hints: BTreeMap<(usize, Node, Node), &'h [Version]>,
}

impl<'h> Disks<'h> {
    /// The disks after all notes up to this line.
    pub(crate) fn at(notes: &[Noted<'h>], line: usize) -> Self {
        let mut disks = Disks::default();
        for noted in notes.iter().take_while(|noted| noted.line <= line) {
            disks.apply(noted);
        }
        disks
    }

    /// Follows one note.
    pub(crate) fn apply(&mut self, noted: &Noted<'h>) {
        let Some(key) = noted.key else { return };
        match noted.note {
            Note::Durable { node, versions, .. } => {
                let context = None;
                *self.slot(key, *node) = State { versions, context };
            }
            Note::Context { node, context, .. } => {
                self.slot(key, *node).context = Some(context);
            }
            Note::Hint {
                holder,
                owner,
                versions,
                ..
            } => {
                if versions.is_empty() {
                    self.hints.remove(&(key, *holder, *owner));
                } else {
                    self.hints.insert((key, *holder, *owner), versions);
                }
            }
            Note::HintDropped { holder, owner, .. } | Note::HintExpired { holder, owner, .. } => {
                self.hints.remove(&(key, *holder, *owner));
            }
            _ => {}
        }
    }

    /// What this node holds of this key as its own.
    pub(crate) fn data(&self, key: usize, node: Node) -> &'h [Version] {
        self.state(key, node).versions
    }

    /// What this node holds of this key as its own, with its context.
    pub(crate) fn state(&self, key: usize, node: Node) -> State<'h> {
        let of_key = self.data.get(key).into_iter().flatten();
        let mut of_node = of_key.filter(|(known, _)| *known == node);
        of_node
            .next()
            .map_or_else(State::default, |(_, held)| *held)
    }

    /// Whether any note told what this node holds of this key.
    pub(crate) fn knows(&self, key: usize, node: Node) -> bool {
        let mut of_key = self.data.get(key).into_iter().flatten();
        of_key.any(|(known, _)| *known == node)
    }

    fn slot(&mut self, key: usize, node: Node) -> &mut State<'h> {
        if self.data.len() <= key {
            self.data.resize(key + 1, Vec::new());
        }
        let of_key = &mut self.data[key];
        let place = of_key.iter().position(|(known, _)| *known == node);
        let place = place.unwrap_or_else(|| {
            of_key.push((node, State::default()));
            of_key.len() - 1
        });
        &mut of_key[place].1
    }

    /// The hints kept for this key, as holder, owner and versions, in order.
    pub(crate) fn hints(&self, key: usize) -> impl Iterator<Item = (Node, Node, &'h [Version])> {
        let all = (key, Node(0), Node(0))..=(key, Node(u32::MAX), Node(u32::MAX));
        self.hints
            .range(all)
            .map(|(&(_, holder, owner), &versions)| (holder, owner, versions))
    }
}

/// Whether both hold the same versions with the same clocks, in whatever order.
pub(crate) fn same(one: &[Version], two: &[Version]) -> bool {
    one == two || (one.len() == two.len() && canonical(one) == canonical(two))
}

/// An actor and a counter.
type Event = (String, u64);

/// A value with its event, and what this had seen.
type Told<'v> = (Option<&'v str>, Option<(&'v Event, Vec<&'v Event>)>);

/// Versions in one order for all who hold the same.
fn canonical(versions: &[Version]) -> Vec<Told<'_>> {
    let mut all: Vec<Told<'_>> = versions.iter().map(told).collect();
    all.sort_unstable();
    all
}

fn told(version: &Version) -> Told<'_> {
    let clock = version.clock.as_ref().map(|clock| {
        let seen = clock.past.iter().filter(|(_, counter)| *counter > 0);
        let mut seen: Vec<&Event> = seen.collect();
        seen.sort_unstable();
        (&clock.dot, seen)
    });
    (version.value.as_deref(), clock)
}

/// What is held, as a reader says it: `{eggs, milk}`.
pub(crate) fn contents(versions: &[Version]) -> String {
    let mut names: Vec<&str> = versions
        .iter()
        .map(|version| version.value.as_deref().unwrap_or("tombstone"))
        .collect();
    names.sort_unstable();
    format!("{{{}}}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::sketch::{node, sketch, versions};
    use crate::order::Order;

    #[test]
    fn a_context_is_that_of_what_was_held_when_it_was_noted() {
        let history = sketch(
            "1 durable A x {a}
             2 context A x c1
             3 durable B x {a}
             4 context B x c2
             5 durable C x {a}
             6 durable A x {a}",
        );
        let order = Order::new(&history);
        let at = |line| {
            let disks = Disks::at(&order.notes, line);
            ["A", "B", "C"].map(|name| disks.state(0, node(name)))
        };
        let [a, b, c] = at(5);
        assert!(!a.is_like(&b) && a.is_like(&c) && b.is_like(&c));
        assert!(a.is_whole() && !c.is_whole());
        let [again, b, _] = at(6);
        assert!(again.is_like(&b) && again.context.is_none());
    }

    #[test]
    fn equality_counts_how_often_a_version_is_held() {
        let one = versions("{a@A:1,a@A:1,b@B:1}");
        let two = versions("{a@A:1,b@B:1,b@B:1}");
        assert!(!same(&one, &two) && !same(&one, &one[1..]));
    }

    #[test]
    fn equality_ignores_the_order_of_versions_and_of_actors() {
        assert!(same(
            &versions("{a@A:1/B:1+C:2,b@B:2}"),
            &versions("{b@B:2,a@A:1/C:2+B:1+D:0}")
        ));
        assert!(!same(&versions("{a@A:1}"), &versions("{a@A:1/B:1}")));
        assert!(!same(&versions("{a}"), &versions("{a,!}")));
    }
}
