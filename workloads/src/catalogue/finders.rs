//! What finds what: promises, kinds of fault, loads and kinds of call, and the flaws that need them.

use std::collections::BTreeSet;

use checker::Promise;
use dynamo_core::Flaw;

use super::idle;
use super::parts::{CALLS, FATES, FAULTS, LOADS};
use super::row::Row;

/// Of what finds flaws, one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finder {
    /// Its name.
    pub name: &'static str,
    /// The flaws that it alone finds.
    pub only: Vec<Flaw>,
    /// All flaws that it finds, those included.
    pub all: Vec<Flaw>,
    /// Why it finds none, or a promise none alone.
    pub why: Option<&'static str>,
}

/// All that finds flaws. Only what was hunted and found is told; the first finds of all bases count. "Alone" is
/// said of flaws that were found [`Finders::ENOUGH`] times or more: few finds may be alike by accident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finders {
    /// Alone: no other promise was broken in any find.
    pub promises: Vec<Finder>,
    /// The same of what clients see, without evidence of disks, messages and counted answers.
    pub to_clients: Vec<Finder>,
    /// All: the minimized counterexample has such a fault. Alone: without faults of that kind no find breaks
    /// a promise.
    pub faults: Vec<Finder>,
    /// All: some find has that load. Alone: each has it.
    pub loads: Vec<Finder>,
    /// As of faults.
    pub calls: Vec<Finder>,
}

impl Finders {
    /// So many finds of one load are no accident: of ten plans, six have the most frequent one.
    pub const ENOUGH: usize = 10;

    /// Says what found the flaws of these rows.
    pub fn of(rows: &[Row]) -> Finders {
        let finder = |name, only: &dyn Fn(&Row) -> bool, all: &dyn Fn(&Row) -> bool| {
            let flaws = |such: &dyn Fn(&Row) -> bool| {
                let rows = rows.iter().filter(|row| row.is_found() && such(row));
                rows.map(|row| row.flaw).collect()
            };
            let enough = |row: &Row| row.found() >= Finders::ENOUGH;
            Finder {
                name,
                only: flaws(&|row| enough(row) && only(row)),
                all: flaws(&|row| only(row) || all(row)),
                why: None,
            }
        };
        let promises = rows.iter().flat_map(|row| row.preset.promises());
        let promises: BTreeSet<Promise> = promises.collect();
        let by_promise = |promise: Promise| {
            let alone = |row: &Row| row.broken() == BTreeSet::from([promise]);
            let some = |row: &Row| row.broken().contains(&promise);
            let found = finder(promise.name(), &alone, &some);
            let why = idle::why(found.name).filter(|_| found.only.is_empty());
            Finder { why, ..found }
        };
        let to_clients = |promise: Promise| {
            let alone = |row: &Row| row.broken_to_clients() == BTreeSet::from([promise]);
            let some = |row: &Row| row.broken_to_clients().contains(&promise);
            finder(promise.name(), &alone, &some)
        };
        let by_part = |name: &'static str| {
            let needs = |row: &Row| row.needs().contains(name);
            let has = |row: &Row| {
                let least = row.least.as_ref();
                least.is_some_and(|least| least.faults.contains(name) || least.calls.contains(name))
            };
            let found = finder(name, &needs, &has);
            let why = idle::why(name).filter(|_| found.all.is_empty());
            Finder { why, ..found }
        };
        let by_load = |name: &'static str| {
            let each = |row: &Row| row.finds().all(|find| find.load == name);
            let some = |row: &Row| row.finds().any(|find| find.load == name);
            finder(name, &each, &some)
        };
        Finders {
            promises: promises.iter().copied().map(by_promise).collect(),
            to_clients: promises.into_iter().map(to_clients).collect(),
            faults: FAULTS.into_iter().chain(FATES).map(by_part).collect(),
            loads: LOADS.into_iter().map(by_load).collect(),
            calls: CALLS.into_iter().map(by_part).collect(),
        }
    }

    /// The tables with what they are about.
    pub fn tables(&self) -> [(&'static str, &[Finder]); 5] {
        [
            ("promise", &self.promises),
            ("promise, as clients see it", &self.to_clients),
            ("fault", &self.faults),
            ("load", &self.loads),
            ("call", &self.calls),
        ]
    }
}
