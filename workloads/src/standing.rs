//! What became of one promise in many runs, or at the ends of many schedules.

use checker::{Counters, Shortfall, Verdict};

/// What became of one promise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Runs in which it held although it could have been broken.
    pub held: u64,
    /// Runs in which it was broken.
    pub broken: u64,
    /// Runs in which nothing could have broken it.
    pub idle: u64,
    /// Runs in which it was not decided.
    pub undecided: u64,
    /// Runs that do not make this promise: their shapes or sessions do not. They are no failure.
    pub unpromised: u64,
    /// Those of them in which it was seen broken, where that is counted.
    pub seen_broken: u64,
    /// The first reason why it was not decided; if it always was, why nothing could have broken it.
    pub shortfall: Option<Shortfall>,
    /// What gave it a chance to be broken.
    pub exercised: Counters,
}

impl Standing {
    /// Runs in which it was judged.
    pub fn runs(&self) -> u64 {
        self.held + self.broken + self.idle + self.undecided
    }

    /// Counts one verdict.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Valid(witness) => {
                self.held += 1;
                add(&mut self.exercised, witness.exercised);
            }
            Verdict::Invalid(_) => self.broken += 1,
            Verdict::Unknown(why) => {
                if why.is_idle() {
                    self.idle += 1;
                } else {
                    if self.undecided == 0 {
                        self.shortfall = None;
                    }
                    self.undecided += 1;
                }
                self.shortfall.get_or_insert(why);
            }
        }
    }

    /// Counts what others have counted.
    pub fn join(&mut self, other: Standing) {
        self.held += other.held;
        self.broken += other.broken;
        self.idle += other.idle;
        if self.undecided == 0 && other.undecided > 0 {
            self.shortfall = None;
        }
        self.undecided += other.undecided;
        self.unpromised += other.unpromised;
        self.seen_broken += other.seen_broken;
        if let Some(why) = other.shortfall {
            self.shortfall.get_or_insert(why);
        }
        add(&mut self.exercised, other.exercised);
    }
}

/// Adds counters to others.
pub(crate) fn add(sum: &mut Counters, more: Counters) {
    for (name, count) in more {
        *sum.entry(name).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use checker::Witness;

    use super::*;

    fn verdicts() -> [Verdict; 4] {
        let unknown = |why| Verdict::Unknown(why);
        [
            Verdict::Valid(Witness {
                order: Vec::new(),
                exercised: [("reads".to_owned(), 3)].into(),
            }),
            unknown(Shortfall::NothingExercised("no read".into())),
            unknown(Shortfall::LeftOut("key x".into())),
            unknown(Shortfall::OutOfMemory {
                writers: 1,
                processes: 2,
            }),
        ]
    }

    #[test]
    fn why_it_was_not_decided_says_more_than_why_it_was_idle() {
        let mut standing = Standing::default();
        let mut reasons = Vec::new();
        for verdict in verdicts() {
            standing.add(verdict);
            reasons.push(standing.shortfall.clone().map(|why| why.to_string()));
        }
        assert_eq!(
            (standing.held, standing.idle, standing.undecided),
            (1, 2, 1)
        );
        assert_eq!(reasons[0], None);
        assert_eq!(reasons[1].as_deref(), Some("nothing exercised: no read"));
        assert_eq!(reasons[1], reasons[2]);
        assert!(
            reasons[3]
                .as_ref()
                .is_some_and(|why| why.contains("not decided"))
        );
    }

    #[test]
    fn what_is_counted_apart_is_what_is_counted_together() {
        let mut together = Standing::default();
        let mut parts = Standing::default();
        for verdict in verdicts() {
            together.add(verdict.clone());
            let mut alone = Standing::default();
            alone.add(verdict);
            parts.join(alone);
        }
        assert_eq!(together, parts);
    }
}
