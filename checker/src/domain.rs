//! What a history is about: the alphabet of its calls and answers.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::history::Outcome;

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
