//! The checker of regular reads.

use super::watch::Acknowledgements;
use crate::evidence::{acknowledged, answered, reason};
use crate::history::History;
use crate::kv::Kv;
use crate::order::{Order, Slot};
use crate::promises::Sessions;
use crate::session::{Breach, uncovered};
use crate::verdict::{
    Budget, Checker, Counterexample, Counters, Promise, Shortfall, Verdict, Witness,
};

/// Judges that every read covers each write that was acknowledged before the read began.
///
/// A read covers what it returned, whatever that supersedes, and whatever a delete had seen that may
/// hide behind its answer (after Lamport's regular register, 1986, for stores that keep siblings). That a
/// later read covers what an earlier one returned is not part of it: see [`super::monotonic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regular;

impl Checker<Kv> for Regular {
    fn promise(&self) -> Promise {
        Promise::Regular
    }

    /// O(operations + contexts · log chains), and the deletes that stale reads came after; needs no budget.
    fn check(&self, history: &History<Kv>, _budget: Budget) -> Verdict {
        Sessions::one(history, Promise::Regular)
    }
}

/// What was seen of acknowledged writes.
pub(crate) fn verdict(order: &Order<'_>, watch: &Acknowledgements) -> Verdict {
    if let Some((read, write)) = watch.stale() {
        return Verdict::Invalid(Box::new(told(order, read, write)));
    }
    if watch.met() == 0 {
        let missing = "no read began after a write of its key had been acknowledged";
        return Verdict::Unknown(Shortfall::NothingExercised(missing.into()));
    }
    let name = "reads after an acknowledged write";
    Verdict::Valid(Witness {
        order: Vec::new(),
        exercised: Counters::from([(name.into(), watch.met())]),
    })
}

fn told(order: &Order<'_>, place: usize, missed: usize) -> Counterexample {
    let (Slot::Read(number, read), Slot::Write(_, write)) = (order.slot(place), order.slot(missed))
    else {
        unreachable!("a stale read misses a write of its key");
    };
    let key = &order.keys[number as usize];
    let (read, write) = (&key.reads[read as usize], write as usize);
    let (get, put) = (order.op(place), order.op(missed));
    let breach = Breach {
        read: place,
        write: missed,
        seen_by: None,
        through: None,
    };
    let mut ops = vec![get.id, put.id];
    ops.sort_unstable();
    Counterexample {
        promise: Promise::Regular,
        part: String::new(),
        sentence: format!(
            "A read was stale: {} began after {} had been acknowledged, and does not show it.",
            get.id,
            key.label(write)
        ),
        key: Some(key.name.into()),
        ops,
        reasons: vec![
            acknowledged(order, key, write),
            reason(
                format!("{} ({}) began at {}", get.id, get.label(), read.invoked.0),
                &[get.id],
            ),
            answered(order, read),
            uncovered(order, breach),
        ],
        cause: if key.writes[write].value.is_some() {
            "regular/a put is missing".into()
        } else {
            "regular/a delete is missing".into()
        },
    }
}
