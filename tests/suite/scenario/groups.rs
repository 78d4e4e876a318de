//! Nodes of which the same can be said.

/// What can be said, in the order in which it was first said, and of whom.
#[derive(Debug)]
pub(super) struct Groups<T>(Vec<(T, Vec<String>)>);

impl<T> Default for Groups<T> {
    fn default() -> Self {
        Groups(Vec::new())
    }
}

impl<T: PartialEq> Groups<T> {
    pub(super) fn add(&mut self, what: T, name: &str) {
        match self.0.iter_mut().find(|(it, _)| *it == what) {
            Some((_, names)) => names.push(name.to_owned()),
            None => self.0.push((what, vec![name.to_owned()])),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A line for each group, from what is said and the names with spaces between.
    pub(super) fn lines(&self, line: impl Fn(&T, &str) -> String) -> Vec<String> {
        let groups = self.0.iter();
        groups
            .map(|(what, names)| line(what, &names.join(" ")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_whom_the_same_is_said_share_a_line() {
        let mut groups = Groups::default();
        for (what, name) in [(1, "A"), (2, "B"), (1, "C")] {
            groups.add(what, name);
        }
        assert_eq!(groups.len(), 2);
        let lines = groups.lines(|what, names| format!("{names}: {what}"));
        assert_eq!(lines, ["A C: 1", "B: 2"]);
    }
}
