//! What was probably meant.

/// The known name nearest to what was written, if it is near enough to have been meant.
pub(in crate::cli) fn nearest<'n>(
    written: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let near = known
        .into_iter()
        .map(|name| (distance(written, name), name));
    let (far, name) = near.min_by_key(|(far, _)| *far)?;
    // As many slips as a word of that length may have.
    let slips = name
        .chars()
        .count()
        .max(written.chars().count())
        .div_ceil(3);
    (far <= slips).then_some(name)
}

/// `; did you mean …`, or nothing.
pub(in crate::cli) fn hint<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let near = nearest(written, known);
    near.map_or(String::new(), |name| format!("; did you mean {name}?"))
}

/// How many letters must be put in, taken out, or exchanged (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut corner = row[0];
        row[0] = line + 1;
        for (column, right) in other.iter().enumerate() {
            let exchanged = corner + usize::from(left != *right);
            corner = row[column + 1];
            row[column + 1] = exchanged.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_other_words_are_not() {
        let known = ["budget", "runs", "seed-base", "keep-going"];
        assert_eq!(nearest("bugdet", known), Some("budget"));
        assert_eq!(nearest("keep_going", known), Some("keep-going"));
        assert_eq!(nearest("seedbase", known), Some("seed-base"));
        assert_eq!(nearest("run", known), Some("runs"));
        assert_eq!(nearest("teapot", known), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
