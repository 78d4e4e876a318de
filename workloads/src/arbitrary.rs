//! Plans as quickcheck's `Arbitrary`, for properties that shrink by leaving out calls and faults.

use quickcheck::{Arbitrary, Gen};

use crate::load;
use crate::plan::Plan;

/// Any plan of the usual campaign, or one in five of sets, counters or lists; smaller ones lack calls or faults, in halves first, then one by one.
///
/// A call whose get was left out passes no context, so every part of a plan is a plan.
impl Arbitrary for Plan {
    fn arbitrary(g: &mut Gen) -> Self {
        let seed = u64::arbitrary(g);
        if u8::arbitrary(g).is_multiple_of(5) {
            load::object_plan(seed)
        } else {
            load::plan(seed)
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let plan = self.clone();
        let fewer_steps = cuts(self.steps.len()).map(move |cut| {
            let mut smaller = plan.clone();
            smaller.steps.drain(cut);
            smaller
        });
        let plan = self.clone();
        let fewer_faults = cuts(self.faults.0.len()).map(move |cut| {
            let mut smaller = plan.clone();
            smaller.faults.0.drain(cut);
            smaller
        });
        Box::new(fewer_steps.chain(fewer_faults))
    }
}

/// What to leave out of a list: all of it, its halves, their halves, down to single parts.
fn cuts(length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let sizes = std::iter::successors(Some(length), |size| Some(size.div_ceil(2))).scan(
        usize::MAX,
        |last, size| {
            let smaller = size < *last && size > 0;
            *last = size;
            smaller.then_some(size)
        },
    );
    sizes.flat_map(move |size| {
        let starts = (0..length).step_by(size);
        starts.map(move |start| start..(start + size).min(length))
    })
}

#[cfg(test)]
mod tests {
    use quickcheck::{QuickCheck, TestResult};

    use super::*;
    use crate::plan::Call;

    #[test]
    fn what_is_left_out_are_all_halves_down_to_single_parts() {
        let all: Vec<_> = cuts(5).collect();
        let five = [
            0..5,
            0..3,
            3..5,
            0..2,
            2..4,
            4..5,
            0..1,
            1..2,
            2..3,
            3..4,
            4..5,
        ];
        assert_eq!(all, five);
        assert!(cuts(1).eq(std::iter::once(0..1)));
        assert_eq!(cuts(0).count(), 0);
    }

    #[test]
    fn plans_differ_and_smaller_ones_are_smaller() {
        let mut g = Gen::new(10);
        let (one, two) = (Plan::arbitrary(&mut g), Plan::arbitrary(&mut g));
        assert_ne!(one, two);
        let size = |plan: &Plan| plan.steps.len() + plan.faults.0.len();
        assert!(one.steps.len() >= 60 && one.faults.0.len() >= 3);
        assert!(one.shrink().all(|plan| size(&plan) < size(&one)));
        assert!(one.shrink().count() > size(&one));
    }

    #[test]
    fn a_failing_property_ends_at_the_one_call_that_matters() {
        let no_delete = |plan: Plan| {
            let deletes = plan
                .steps
                .iter()
                .any(|step| matches!(step.call, Call::Delete { .. }));
            TestResult::from_bool(!deletes)
        };
        let failed = QuickCheck::new()
            .tests(1_000)
            .quicktest(no_delete as fn(Plan) -> TestResult);
        let failed = failed.expect_err("one of many plans deletes");
        let said = format!("{failed:?}");
        assert_eq!(said.matches("Step {").count(), 1, "{said}");
        assert!(said.contains("FaultSchedule([])"), "{said}");
    }
}
