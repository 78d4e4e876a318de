//! Where a store went wrong: the first moment at which what it holds departs from what the calls tell.
//!
//! A promise is often seen broken long after the mistake. The mistake itself is the first entry of the
//! history at which the evidence so far already contradicts the truth that contexts, disks and
//! acknowledgements tell. Nothing is guessed: where no such entry can be shown, there is no decision.

pub(crate) mod answer;
#[cfg(test)]
mod answers;
mod disks;
mod past;
mod prefix;
mod reads;
mod roots;
mod search;
#[cfg(test)]
mod tests;
mod undone;
mod waiting;

use serde::{Deserialize, Serialize};

use crate::history::{History, OpId, Time};
use crate::kv::Kv;
use crate::network::Beside;
use crate::note::Node;
use crate::verdict::Counterexample;

/// The moment at which a store went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// When.
    pub at: Time,
    /// On which node, where that shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<Node>,
    /// The call whose answer it was, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    /// What it did, or left undone, in one sentence.
    pub sentence: String,
    /// Facts that make it certain, each of which can be checked in the history.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
}

/// Finds the wrong decision behind a counterexample, O(judging · log length).
///
/// Where the counterexample has a key, only what concerns that key counts. What was done comes before
/// what was left undone, and that before an answer that came too early; `None` if nothing shows.
pub fn decide(
    history: &History<Kv>,
    found: &Counterexample,
    beside: Beside<'_>,
) -> Option<Decision> {
    let narrow = prefix::of_key(history, found.key.as_deref());
    let history = narrow.as_ref().unwrap_or(history);
    search::done(history, found, beside)
        .or_else(|| undone::undone(history, found, beside))
        .or_else(|| reads::too_early(history, found, beside))
}
