//! What all disks hold at one line of the history.

use std::collections::BTreeMap;

use crate::note::{Node, Note, Version};
use crate::order::Noted;

/// The disks of all nodes, note after note. A crash changes none of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disks<'h> {
    /// By key: the few nodes that ever held it.
    data: Vec<Vec<(Node, &'h [Version])>>,
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
                if self.data.len() <= key {
                    self.data.resize(key + 1, Vec::new());
                }
                let of_key = &mut self.data[key];
                match of_key.iter_mut().find(|(known, _)| known == node) {
                    Some((_, held)) => *held = versions,
                    None => of_key.push((*node, versions)),
                }
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
            Note::HintDropped { holder, owner, .. } => {
                self.hints.remove(&(key, *holder, *owner));
            }
            _ => {}
        }
    }

    /// What this node holds of this key as its own.
    pub(crate) fn data(&self, key: usize, node: Node) -> &'h [Version] {
        let of_key = self.data.get(key).into_iter().flatten();
        of_key
            .filter(|(known, _)| *known == node)
            .map(|(_, held)| *held)
            .next()
            .unwrap_or_default()
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

fn canonical(versions: &[Version]) -> Vec<Version> {
    let mut versions = versions.to_vec();
    for clock in versions.iter_mut().filter_map(|one| one.clock.as_mut()) {
        clock.past.retain(|(_, counter)| *counter > 0);
        clock.past.sort_unstable();
    }
    versions.sort_unstable();
    versions
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
    use crate::evidence::sketch::versions;

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
