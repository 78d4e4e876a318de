//! Answers that hold a value beside what replaced it.

use crate::order::{Order, Reading, Watch, Written};

/// The first read that returned two writes of which one had seen the other: where it stands in the course, and the
/// places of the read, of the older write, and of the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(super) at: usize,
    pub(super) read: usize,
    pub(super) old: usize,
    pub(super) new: usize,
}

/// Looks at a history key by key and keeps the first conflict.
#[derive(Debug, Default)]
pub(crate) struct Conflicts {
    found: Option<Conflict>,
}

impl Conflicts {
    /// The first conflict.
    pub(crate) fn found(&self) -> Option<Conflict> {
        self.found
    }
}

impl Watch for Conflicts {
    fn write(&mut self, _: &Order<'_>, _: Written) {}

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        if self.done(reading.at) {
            return;
        }
        let key = &order.keys[reading.key];
        let answer = key.written(&key.reads[reading.read]);
        let pairs = answer.iter().enumerate();
        let mut pairs =
            pairs.flat_map(|(index, &one)| answer[..index].iter().map(move |&two| (one, two)));
        let found = pairs.find_map(|(one, two)| {
            if key.before(one, two) {
                Some((one, two))
            } else {
                key.before(two, one).then_some((two, one))
            }
        });
        if let Some((old, new)) = found {
            self.found = Some(Conflict {
                at: reading.at,
                read: reading.place,
                old: key.writes[old].place,
                new: key.writes[new].place,
            });
        }
    }

    fn done(&self, at: usize) -> bool {
        self.found.is_some_and(|found| found.at <= at)
    }
}
