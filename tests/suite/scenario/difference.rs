//! What is different between two lists of lines.

/// The lines of both, each marked: ` ` in both, `-` only expected, `+` only told.
///
/// Keeps as many lines in common as there can be. Takes time and space in proportion to the product
/// of the lengths.
pub(super) fn difference(expected: &[String], told: &[String]) -> Vec<String> {
    // common[i][j]: how many lines the rests from i and from j have in common.
    let mut common = vec![vec![0_usize; told.len() + 1]; expected.len() + 1];
    for i in (0..expected.len()).rev() {
        for j in (0..told.len()).rev() {
            common[i][j] = if expected[i] == told[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < expected.len() || j < told.len() {
        let (old, new) = (expected.get(i), told.get(j));
        match (old, new) {
            (Some(line), Some(same)) if line == same => {
                lines.push(format!("  {line}"));
                (i, j) = (i + 1, j + 1);
            }
            (Some(line), _) if new.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                lines.push(format!("- {line}"));
                i += 1;
            }
            (_, Some(line)) => {
                lines.push(format!("+ {line}"));
                j += 1;
            }
            (_, None) => break,
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(expected: &str, told: &str) -> String {
        let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        difference(&lines(expected), &lines(told)).join(",")
    }

    #[test]
    fn lines_in_common_are_kept() {
        assert_eq!(between("abc", "abc"), "  a,  b,  c");
        assert_eq!(between("abc", "axc"), "  a,- b,+ x,  c");
        assert_eq!(between("abc", "bcd"), "- a,  b,  c,+ d");
        assert_eq!(between("", "a"), "+ a");
        assert_eq!(between("a", ""), "- a");
    }
}
