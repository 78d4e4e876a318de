//! Counterexamples as a checker collects them: the first of each part, the gravest part first.

use crate::history::OpId;
use crate::verdict::{Counterexample, Counters, Promise, Reason, Shortfall, Verdict, Witness};

/// What was found, by the rank of its part.
#[derive(Debug)]
pub(crate) struct Findings {
    promise: Promise,
    parts: &'static [&'static str],
    found: Vec<(usize, Counterexample)>,
    /// What gave the promise a chance to be broken.
    pub(crate) exercised: Counters,
}

/// One violation, before it is known which promise and part it belongs to.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) sentence: String,
    pub(crate) key: Option<String>,
    pub(crate) ops: Vec<OpId>,
    pub(crate) reasons: Vec<Reason>,
    /// The kind of relation that makes it a violation; no keys, values, ids or times.
    pub(crate) kind: &'static str,
}

impl Findings {
    /// Nothing found yet; `parts` are named from the gravest down.
    pub(crate) fn new(promise: Promise, parts: &'static [&'static str]) -> Self {
        Findings {
            promise,
            parts,
            found: Vec::new(),
            exercised: Counters::new(),
        }
    }

    /// Keeps the first finding of each rank; later ones are not even made.
    pub(crate) fn report(&mut self, rank: usize, finding: impl FnOnce() -> Finding) {
        if self.found.iter().any(|&(known, _)| known == rank) {
            return;
        }
        let finding = finding();
        let part = self.parts[rank];
        let mut ops = finding.ops;
        ops.sort_unstable();
        ops.dedup();
        let cause = match finding.kind {
            "" => format!("{}/{part}", self.promise),
            kind => format!("{}/{part}/{kind}", self.promise),
        };
        let counterexample = Counterexample {
            promise: self.promise,
            part: part.into(),
            sentence: finding.sentence,
            key: finding.key,
            ops,
            reasons: finding.reasons,
            cause,
        };
        self.found.push((rank, counterexample));
    }

    /// Adds to a counter; zero makes it appear.
    pub(crate) fn count(&mut self, name: &str, by: u64) {
        if let Some(count) = self.exercised.get_mut(name) {
            *count += by;
        } else {
            self.exercised.insert(name.into(), by);
        }
    }

    /// The first finding of each part that is broken, the gravest first.
    pub(crate) fn all(mut self) -> Vec<Counterexample> {
        self.found.sort_by_key(|&(rank, _)| rank);
        self.found.into_iter().map(|(_, found)| found).collect()
    }

    /// The gravest finding; else a "yes", or what is missing for one.
    pub(crate) fn verdict(mut self, missing: Option<String>) -> Verdict {
        self.found.sort_by_key(|&(rank, _)| rank);
        if let Some((_, first)) = self.found.into_iter().next() {
            return Verdict::Invalid(Box::new(first));
        }
        match missing {
            Some(missing) => Verdict::Unknown(Shortfall::NothingExercised(missing)),
            None => Verdict::Valid(Witness {
                order: Vec::new(),
                exercised: self.exercised,
            }),
        }
    }

    /// The parts that were found broken, without repetition.
    #[cfg(test)]
    pub(crate) fn broken(&self) -> std::collections::BTreeSet<&'static str> {
        self.found
            .iter()
            .map(|&(rank, _)| self.parts[rank])
            .collect()
    }
}
