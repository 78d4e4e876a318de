//! Which part of an object a key names, where a history may also be about a single object without one.

use std::borrow::Cow;

/// The name of the part: the key, or nothing for the object without one.
#[inline]
pub(super) fn part(key: Option<&str>) -> Cow<'_, str> {
    match key {
        None => Cow::Borrowed(""),
        // Quoted where a name could be taken for the object without one.
        Some(key) if key.is_empty() || key.starts_with('"') => Cow::Owned(format!("{key:?}")),
        Some(key) => Cow::Borrowed(key),
    }
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn the_object_without_a_name_is_no_object_with_a_name() {
        assert_eq!(part(Some("x")), "x");
        let names = [None, Some(""), Some("\"\""), Some("\""), Some("x")].map(part);
        for (one, name) in names.iter().enumerate() {
            assert!(names[..one].iter().all(|other| other != name), "{name}");
        }
    }
}
