//! On which line of its file each entry of a history stands, in little space.

/// The line of the file that each entry of a history stands on.
///
/// Most files have one entry a line, so only the places where that is interrupted are kept: sixteen
/// bytes for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The first entry of each run, counted from 0, and its line, counted from 1.
    runs: Vec<(usize, usize)>,
    entries: usize,
}

impl Lines {
    /// Appends the line of the next entry.
    pub(super) fn push(&mut self, line: usize) {
        let follows = |&(entry, first): &(usize, usize)| line == first + (self.entries - entry);
        if !self.runs.last().is_some_and(follows) {
            self.runs.push((self.entries, line));
        }
        self.entries += 1;
    }

    /// The line, counted from 1, of an entry, counted from 0; O(log n).
    pub fn get(&self, entry: usize) -> Option<usize> {
        if entry >= self.entries {
            return None;
        }
        let run = self.runs.partition_point(|&(first, _)| first <= entry);
        let (first, line) = self.runs[run - 1];
        Some(line + (entry - first))
    }

    /// The lines of all entries, in the order of the entries.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let ends = self.runs.iter().skip(1).map(|&(entry, _)| entry);
        let runs = self.runs.iter().zip(ends.chain([self.entries]));
        runs.flat_map(|(&(entry, line), end)| line..line + (end - entry))
    }
}

impl FromIterator<usize> for Lines {
    fn from_iter<I: IntoIterator<Item = usize>>(lines: I) -> Self {
        let mut all = Lines::default();
        for line in lines {
            all.push(line);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_line_is_found_again(lines in proptest::collection::vec(1..6_usize, 0..40)) {
            let kept: Lines = lines.iter().copied().collect();
            let found: Vec<_> = (0..lines.len()).filter_map(|entry| kept.get(entry)).collect();
            prop_assert_eq!(&found, &lines);
            prop_assert_eq!(kept.iter().collect::<Vec<_>>(), lines);
            prop_assert_eq!(kept.get(found.len()), None);
        }
    }

    #[test]
    fn one_entry_a_line_needs_one_run() {
        let lines: Lines = (5..1000).collect();
        assert_eq!(lines.runs, [(0, 5)]);
    }
}
