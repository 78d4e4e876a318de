//! The checker of causal consistency.

use super::conflicts::Conflict;
use super::path;
use super::watch::Missed;
use crate::history::History;
use crate::kv::Kv;
use crate::order::{Course, Order};
use crate::promises::Sessions;
use crate::verdict::{Budget, Checker, Counters, Promise, Shortfall, Verdict, Witness};

/// Judges that every read covers what causally precedes it, and returns nothing beside what replaced it.
///
/// One operation precedes another in the same session, where its value was read, and where the context
/// that it returned was passed. A write of unknown outcome precedes only those who read it. A read
/// covers what it returned, whatever that supersedes, and whatever a delete had seen that may hide behind
/// its answer.
///
/// With contexts, nothing has to be guessed: the writes that a read sees are those that precede it, for
/// seeing more could only add what is covered anyway. So causal consistency (CC), causal convergence (`CCv`)
/// and this test are the same (definitions: Bouajjani, Enea, Guerraoui, Hamza, POPL 2017).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Causal;

impl Checker<Kv> for Causal {
    fn promise(&self) -> Promise {
        Promise::Causal
    }

    /// O(operations + contexts · log chains), and the deletes that stale reads came after; needs no budget.
    fn check(&self, history: &History<Kv>, _budget: Budget) -> Verdict {
        Sessions::one(history, Promise::Causal)
    }
}

/// What was seen of causality.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) course: &'a Course,
    pub(crate) conflict: Option<Conflict>,
    pub(crate) missed: Option<&'a Missed>,
    /// Whether any read had to cover anything.
    pub(crate) met: bool,
}

/// The verdict on what was seen: the first that is broken in the course.
pub(crate) fn verdict(order: &Order<'_>, seen: Seen<'_>) -> Verdict {
    if let Course::Circular(cycle) = seen.course {
        return Verdict::Invalid(Box::new(path::circular(order, cycle)));
    }
    let before = |conflict: &Conflict| seen.missed.is_none_or(|missed| conflict.at <= missed.at);
    if let Some(conflict) = seen.conflict.filter(before) {
        return Verdict::Invalid(Box::new(path::conflict(order, conflict)));
    }
    if let Some(missed) = seen.missed {
        return Verdict::Invalid(Box::new(path::missing(order, missed)));
    }
    if !seen.met {
        let missing = "no read had to return what came before it in its session or through others";
        return Verdict::Unknown(Shortfall::NothingExercised(missing.into()));
    }
    let judged = order.keys.iter().filter(|key| !key.repeats);
    let (mut reads, mut values, mut several) = (0, 0, 0);
    for key in judged {
        for read in &key.reads {
            let answer = key.written(read).len() as u64;
            reads += 1;
            values += answer;
            several += u64::from(answer > 1);
        }
    }
    Verdict::Valid(Witness {
        order: Vec::new(),
        exercised: Counters::from([
            ("reads".into(), reads),
            ("reads of several siblings".into(), several),
            ("values read from a write".into(), values),
        ]),
    })
}
