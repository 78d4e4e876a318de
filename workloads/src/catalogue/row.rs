//! What became of one flaw: when it was found from each base, by which promise, and how small it became.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use checker::Promise;
use checker::report::{Bundle, Size};
use dynamo_core::Flaw;

use super::expected::expected;
use crate::campaign::Trouble;
use crate::preset::{self, Preset};

/// All that is known of one flaw.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which flaw.
    pub flaw: Flaw,
    /// Where it was hunted.
    pub preset: Preset,
    /// One campaign for each base of seeds, in their order.
    pub hunts: Vec<Hunt>,
    /// The smallest counterexample.
    pub least: Option<Least>,
    /// That counterexample as a file.
    pub bundle: Option<Box<Bundle>>,
    /// Who can see the flaw.
    pub sight: Sight,
}

/// One campaign.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// What its seeds are made from.
    pub base: u64,
    /// Its runs: up to the find, or all that there were.
    pub runs: u64,
    /// How long they took, one after the other.
    pub time: Duration,
    /// The find.
    pub caught: Option<Caught>,
    /// What kept the campaign from going on.
    pub trouble: Option<Trouble>,
}

/// A run that showed a flaw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// The seed of its plan.
    pub seed: u64,
    /// The promises that it broke, the one to report first.
    pub broken: Vec<Promise>,
    /// Those that break by what clients see.
    pub to_clients: Vec<Promise>,
    /// The load of its plan.
    pub load: &'static str,
    /// The kinds of fault and call in its plan without any of which nothing breaks.
    pub needs: BTreeSet<&'static str>,
}

/// The smallest counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Least {
    /// Which promise it breaks, and what of it.
    pub title: String,
    /// How large the plan was, and how small it became.
    pub size: Size,
    /// The kinds of fault that are left.
    pub faults: BTreeSet<&'static str>,
    /// The kinds of call that are left.
    pub calls: BTreeSet<&'static str>,
    /// The sentence of the decision that is blamed.
    pub decision: Option<String>,
    /// What makes it certain.
    pub facts: Vec<String>,
}

/// Who can see a flaw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Clients can: a promise broke by what they saw.
    Clients,
    /// In so many runs of the first base, and in all finds, no promise broke by what clients saw: it took
    /// evidence of disks, messages or counted answers.
    Evidence {
        /// How many.
        runs: u64,
    },
    /// It was not found.
    Nobody,
}

impl Row {
    /// The finds, in the order of the bases.
    pub fn finds(&self) -> impl Iterator<Item = &Caught> {
        self.hunts.iter().filter_map(|hunt| hunt.caught.as_ref())
    }

    /// Whether it was found from any base.
    pub fn is_found(&self) -> bool {
        self.finds().next().is_some()
    }

    /// From how many bases it was found.
    pub fn found(&self) -> usize {
        self.finds().count()
    }

    /// The promise that was reported first most often; of equals, the graver.
    pub fn caught_by(&self) -> Option<Promise> {
        let mut times: BTreeMap<Promise, usize> = BTreeMap::new();
        for promise in self.finds().filter_map(|find| find.broken.first()) {
            *times.entry(*promise).or_default() += 1;
        }
        let graver = |promise: Promise| std::cmp::Reverse(preset::rank(promise));
        let times = times.into_iter();
        times
            .max_by_key(|&(promise, times)| (times, graver(promise)))
            .map(|(promise, _)| promise)
    }

    /// Every promise that any of the finds broke.
    pub fn broken(&self) -> BTreeSet<Promise> {
        let finds = self.finds();
        finds.flat_map(|find| find.broken.iter().copied()).collect()
    }

    /// Every promise that any of the finds broke before the eyes of clients.
    pub fn broken_to_clients(&self) -> BTreeSet<Promise> {
        let finds = self.finds();
        finds
            .flat_map(|find| find.to_clients.iter().copied())
            .collect()
    }

    /// The kinds of fault and call that each of the finds needs; nothing if there are none.
    pub fn needs(&self) -> BTreeSet<&'static str> {
        let all = self.finds().map(|find| find.needs.clone());
        all.reduce(|one, two| &one & &two).unwrap_or_default()
    }

    /// The median of the runs to the first find; `None` if it was not found from half of the bases.
    pub fn median_runs(&self) -> Option<u64> {
        let found = |hunt: &Hunt| hunt.caught.as_ref().map(|_| hunt.runs);
        median(self.hunts.iter().map(found))
    }

    /// The median of the times to the first find; `None` if it was not found from half of the bases.
    pub fn median_time(&self) -> Option<Duration> {
        let found = |hunt: &Hunt| hunt.caught.as_ref().map(|_| hunt.time);
        median(self.hunts.iter().map(found))
    }

    /// The longest time to a find, or to giving up.
    pub fn longest(&self) -> Duration {
        let times = self.hunts.iter().map(|hunt| hunt.time);
        times.max().unwrap_or_default()
    }

    /// Whether the explanation names the sin; `None` if nothing was found.
    pub fn names_cause(&self) -> Option<bool> {
        let words = expected(self.flaw).words;
        let least = self.least.as_ref()?;
        let mut said = least.decision.iter().chain(&least.facts);
        Some(said.any(|said| words.iter().any(|words| said.contains(words))))
    }

    /// What kept any of its campaigns from going on.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.hunts.iter().find_map(|hunt| hunt.trouble.as_ref())
    }
}

/// The median, the lower of two; what never came is later than all that did, and no median.
pub(super) fn median<T: Ord>(values: impl Iterator<Item = Option<T>>) -> Option<T> {
    let mut values: Vec<Option<T>> = values.collect();
    values.sort_by(|one, two| match (one, two) {
        (Some(one), Some(two)) => one.cmp(two),
        (one, two) => two.is_some().cmp(&one.is_some()),
    });
    let middle = values.len().checked_sub(1)? / 2;
    values.swap_remove(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_found_comes_last_in_a_median() {
        let of = |values: &[Option<u8>]| median(values.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[Some(3)]), Some(3));
        assert_eq!(of(&[Some(9), Some(1), Some(4)]), Some(4));
        assert_eq!(of(&[Some(9), Some(1)]), Some(1));
        assert_eq!(of(&[None, Some(9), Some(1)]), Some(9));
        assert_eq!(of(&[None, None, Some(1)]), None);
        assert_eq!(of(&[None]), None);
    }
}
