//! What was probably meant.

/// The known name nearest to what was written, if it is near enough to have been meant.
pub(in crate::cli) fn nearest<'n>(
    written: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let near = known
        .into_iter()
        .map(|name| (strsim::levenshtein(written, name), name));
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
    }
}
