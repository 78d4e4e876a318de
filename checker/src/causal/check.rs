//! The checker of causal consistency.

use super::path;
use super::watch::Pasts;
use crate::history::History;
use crate::kv::Kv;
use crate::order::{Course, Order, sweep};
use crate::verdict::{Budget, Checker, Counters, Promise, Shortfall, Verdict, Witness};

/// Judges that every read covers what causally precedes it, and returns nothing beside what replaced it.
///
/// One operation precedes another in the same session, where its value was read, and where the context
/// that it returned was passed. A write that was not acknowledged precedes only those who read it. A read
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
        let mut order = Order::new(history);
        let course = Course::of(&order);
        let mut watch = Pasts::new(&order);
        if !matches!(course, Course::Circular(_)) {
            sweep(&mut order, &course, &mut [&mut watch]);
        }
        verdict(&order, &course, Some(&watch))
    }
}

/// What was seen of causality.
pub(crate) fn verdict(order: &Order<'_>, course: &Course, watch: Option<&Pasts>) -> Verdict {
    if let Course::Circular(cycle) = course {
        return Verdict::Invalid(Box::new(path::circular(order, cycle)));
    }
    if let Some(broken) = watch.and_then(Pasts::broken) {
        return Verdict::Invalid(Box::new(path::told(order, broken)));
    }
    if !watch.is_some_and(Pasts::met) {
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
