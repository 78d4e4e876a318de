//! What all rows come to.

use std::time::Duration;

use dynamo_core::Flaw;

use super::row::{Row, Sight, median};

/// What all rows come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many flaws were hunted.
    pub flaws: usize,
    /// How many were found from some base.
    pub found: usize,
    /// How many were found from every base.
    pub always: usize,
    /// Those that were found from no base.
    pub missed: Vec<Flaw>,
    /// The median over flaws of the median runs; `None` if half were not found from half of the bases.
    pub median_runs: Option<u64>,
    /// The median over flaws of the median times.
    pub median_time: Option<Duration>,
    /// The longest campaign, and the flaw that it hunted.
    pub longest: Option<(Flaw, Duration)>,
    /// The medians of the calls and of the faults of minimized counterexamples.
    pub median_size: Option<(u32, u32)>,
    /// The counterexample with the most calls and faults together, with both.
    pub largest: Option<(Flaw, u32, u32)>,
    /// Where the explanation names the cause, and where it does not.
    pub named: (usize, usize),
    /// Where it does not.
    pub unnamed: Vec<Flaw>,
    /// Those that only white-box evidence shows.
    pub white_box: Vec<Flaw>,
}

impl Summary {
    /// Adds rows up.
    pub fn of(rows: &[Row]) -> Summary {
        let flaws = |such: &dyn Fn(&&Row) -> bool| -> Vec<Flaw> {
            let rows = rows.iter().filter(such);
            rows.map(|row| row.flaw).collect()
        };
        let sizes = || {
            let least = rows
                .iter()
                .filter_map(|row| Some((row.flaw, row.least.as_ref()?)));
            least.map(|(flaw, least)| (flaw, least.size.minimized.0, least.size.minimized.1))
        };
        let calls = median(sizes().map(|(_, calls, _)| Some(calls)));
        let faults = median(sizes().map(|(_, _, faults)| Some(faults)));
        let longest = rows.iter().map(|row| (row.flaw, row.longest()));
        let named = rows.iter().filter(|row| row.names_cause() == Some(true));
        let unnamed = flaws(&|row| row.names_cause() == Some(false));
        Summary {
            flaws: rows.len(),
            found: rows.iter().filter(|row| row.is_found()).count(),
            always: rows
                .iter()
                .filter(|row| row.found() == row.hunts.len())
                .count(),
            missed: flaws(&|row| !row.is_found()),
            median_runs: median(rows.iter().map(Row::median_runs)),
            median_time: median(rows.iter().map(Row::median_time)),
            longest: longest.max_by_key(|(_, time)| *time),
            median_size: calls.zip(faults),
            largest: sizes().max_by_key(|(_, calls, faults)| calls + faults),
            named: (named.count(), unnamed.len()),
            unnamed,
            white_box: flaws(&|row| matches!(row.sight, Sight::Evidence { .. })),
        }
    }
}
