//! What a history is about: the alphabet of its calls and answers.

use std::fmt::{Debug, Display};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::history::Outcome;

/// So many values are told one by one.
const TOLD_MAX: usize = 12;
/// Of more, so many from the beginning and from the end.
const FIRST: usize = 4;
const LAST: usize = 6;

/// Values as a reader wants to see them: of very many only both ends, and how many there are.
pub(crate) fn told<T: Display>(values: &[T], between: &str) -> String {
    let say = |values: &[T]| {
        let values: Vec<String> = values.iter().map(T::to_string).collect();
        values.join(between)
    };
    if values.len() <= TOLD_MAX {
        return say(values);
    }
    let (first, last) = (&values[..FIRST], &values[values.len() - LAST..]);
    let count = values.len();
    format!(
        "{}{between}…{between}{} ({count} in all)",
        say(first),
        say(last)
    )
}

/// A string in quotes; of a very long one both ends, and how long it is.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let count = text.chars().count();
    if count <= LONGEST {
        return format!("{text:?}");
    }
    let first: String = text.chars().take(LONGEST / 4).collect();
    let last: String = text.chars().skip(count - LONGEST / 2).collect();
    format!("{first:?} … {last:?} ({count} characters)")
}

/// An alphabet of calls and of what they return.
///
/// A history over a domain can be written down, read back and printed without knowing any model.
pub trait Domain: Clone + Debug + PartialEq + Eq + 'static {
    /// What a client asks.
    type Call: Clone + Debug + PartialEq + Eq + Serialize + DeserializeOwned + Send + Sync;
    /// What the store answers to a call that took effect.
    type Ret: Clone + Debug + PartialEq + Eq + Serialize + DeserializeOwned + Send + Sync;

    /// The word that names this domain in files.
    const NAME: &'static str;

    /// The call as a reader says it: `put cart milk`.
    fn call_label(call: &Self::Call) -> String;

    /// The answer as a reader says it: `milk`, `ok`. Empty when there is nothing to say.
    fn ret_label(ret: &Self::Ret) -> String;

    /// Whether a call can have such an answer at all, whatever the store holds.
    fn fits(call: &Self::Call, ret: &Self::Ret) -> bool;

    /// The key that the call is about, if the domain has keys.
    fn key(call: &Self::Call) -> Option<&str>;

    /// Call and outcome in one phrase: `get cart → milk`, `put cart eggs ?`.
    fn label(call: &Self::Call, outcome: &Outcome<Self::Ret>) -> String {
        let call = Self::call_label(call);
        match outcome {
            Outcome::Ok(ret) => match Self::ret_label(ret) {
                said if said.is_empty() => call,
                said => format!("{call} → {said}"),
            },
            Outcome::Fail => format!("{call} failed"),
            Outcome::Unknown => format!("{call} ?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_much_only_both_ends_are_told() {
        let few: Vec<u32> = (0..12).collect();
        assert_eq!(told(&few, " "), "0 1 2 3 4 5 6 7 8 9 10 11");
        let many: Vec<u32> = (0..5_000).collect();
        assert_eq!(
            told(&many, " "),
            "0 1 2 3 … 4994 4995 4996 4997 4998 4999 (5000 in all)"
        );
        assert_eq!(quoted("short"), "\"short\"");
        let long = quoted(&"ü".repeat(5_000));
        assert!(long.ends_with("(5000 characters)") && long.chars().count() < 100);
    }
}
