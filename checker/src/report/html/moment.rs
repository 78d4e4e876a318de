//! A disk before and after a wrong decision, beside what the calls tell, and the clocks.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Fate, boxed, edge, graph, node};
use super::marks::Mark;
use super::picture::text;
use super::sentence::before;
use super::shown::{self, short};
use super::story::Story;
use super::truth::{Seen, deleted, seen};
use super::write::Page;
use crate::note::Version;

/// Versions that a small graph has room for.
const DRAWN: usize = 6;

/// A disk before and after the wrong decision.
pub(super) struct Moment {
    mark: Mark,
    before: Vec<Version>,
    after: Vec<Version>,
    /// For each value, those that its writer had seen.
    seen: Seen,
    /// Values that a delete had seen.
    deleted: BTreeSet<String>,
}

impl Moment {
    pub(super) fn of(story: &Story, mark: &Mark) -> Option<Self> {
        let mut held = before(story, mark.step)
            .remove(&mark.node)
            .unwrap_or_default();
        let changes = story.steps[mark.step].changes.iter();
        let mut after = None;
        for change in changes.filter(|change| change.node == mark.node && story.is_key(&change.key))
        {
            if change.at >= mark.at {
                after = Some(change.versions.clone());
                break;
            }
            held.clone_from(&change.versions);
        }
        let after = after?;
        let values = held
            .iter()
            .chain(&after)
            .filter(|version| version.value.is_some())
            .count();
        let moment = Moment {
            mark: mark.clone(),
            before: held,
            after,
            seen: seen(story),
            deleted: deleted(story),
        };
        (1..=2 * DRAWN).contains(&values).then_some(moment)
    }

    pub(super) fn draw(&self, page: &mut Page, story: &Story) {
        let all = self.all();
        page.el("div").class("two").open();
        page.el("div").class("card").open();
        page.el("h3").text("What is true");
        let tombstone = Version {
            value: None,
            clock: None,
        };
        self.truth(page, story, &self.with_deletes(&all, &tombstone));
        page.el("p").class("note").text(
            "Followed from the contexts that clients passed, not from the clocks of the store: an arrow leads from a \
             version to one whose writer had seen it, and which may replace it.",
        );
        page.end();
        page.el("div").class("card").open();
        page.el("h3").text(format!("What {} did", self.mark.node));
        self.deed(page, story);
        page.end();
        page.end();
        self.clocks(page, story, &all);
    }

    /// Every version before or after, by its value.
    fn all(&self) -> Vec<&Version> {
        let mut all: Vec<&Version> = Vec::new();
        for version in self.before.iter().chain(&self.after) {
            if !all.iter().any(|known| is_same(known, version)) {
                all.push(version);
            }
        }
        all.truncate(DRAWN);
        all
    }

    /// The versions with the delete that had seen one of them, if its tombstone is not among them.
    fn with_deletes<'v>(&self, all: &[&'v Version], tombstone: &'v Version) -> Vec<&'v Version> {
        let seen = |version: &&&Version| self.saw(tombstone, version);
        let is_told = all.iter().any(|version| version.value.is_none());
        let more = (!is_told && all.iter().any(|version| seen(&version))).then_some(tombstone);
        all.iter().copied().chain(more).collect()
    }

    /// Whether the writer of one version had seen the other.
    fn saw(&self, later: &Version, earlier: &Version) -> bool {
        match (&later.value, &earlier.value) {
            (Some(later), Some(earlier)) => self
                .seen
                .get(later)
                .is_some_and(|seen| seen.contains(earlier)),
            (None, Some(earlier)) => self.deleted.contains(earlier),
            _ => false,
        }
    }

    fn truth(&self, page: &mut Page, story: &Story, all: &[&Version]) {
        let (later, earlier): (Vec<&Version>, Vec<&Version>) = all
            .iter()
            .copied()
            .partition(|later| all.iter().any(|earlier| self.saw(later, earlier)));
        let place = |column: usize, row: usize, of: usize, most: usize| {
            let top = 10.0 + 48.0 * (most - of) as f64 / 2.0;
            (8.0 + 220.0 * column as f64, top + 48.0 * row as f64)
        };
        let most = later.len().max(earlier.len()).max(1);
        let high = 48 * most + 16;
        graph(page, high, "What the contexts tell");
        let mut edges = 0;
        for (row, to) in later.iter().enumerate() {
            for (from_row, from) in earlier.iter().enumerate() {
                if self.saw(to, from) {
                    edges += 1;
                    let (x1, y1) = place(0, from_row, earlier.len(), most);
                    let (x2, y2) = place(1, row, later.len(), most);
                    edge(
                        page,
                        "dege",
                        ((x1 + boxed(from), y1 + 15.0), (x2 - 3.0, y2 + 15.0)),
                    );
                }
            }
        }
        for (column, versions) in [&earlier, &later].into_iter().enumerate() {
            for (row, version) in versions.iter().enumerate() {
                node(
                    page,
                    story,
                    version,
                    place(column, row, versions.len(), most),
                    Fate::Kept,
                );
            }
        }
        if edges == 0 && all.len() > 1 {
            let widest = all
                .iter()
                .map(|version| boxed(version))
                .fold(60.0, f64::max);
            let y = 14.0 + 24.0 * most as f64;
            text(
                page,
                "dlab",
                (8.0 + widest + 24.0, y),
                "start",
                "concurrent: none had seen another",
            );
        }
        page.end();
    }

    /// What became of a version that was there before.
    fn left(&self, version: &Version) -> Fate {
        if self.after.iter().any(|after| is_same(after, version)) {
            Fate::Kept
        } else if self.after.iter().any(|after| self.saw(after, version)) || version.value.is_none()
        {
            Fate::Replaced
        } else {
            Fate::Dropped
        }
    }

    /// Whether a version that is there after it should be.
    fn stayed(&self, version: &Version) -> Fate {
        let value = version.value.as_ref();
        if self.after.iter().any(|after| self.saw(after, version)) {
            Fate::Stale
        } else if value.is_some_and(|value| self.deleted.contains(value)) {
            Fate::Deleted
        } else {
            Fate::Kept
        }
    }

    fn deed(&self, page: &mut Page, story: &Story) {
        let held = |versions: &[Version], version: &Version| {
            versions.iter().any(|other| is_same(other, version))
        };
        let most = self.before.len().max(self.after.len()).clamp(1, DRAWN);
        graph(
            page,
            48 * most + 32,
            &format!("What {} held before and after", self.mark.node),
        );
        text(page, "dlab", (8.0, 12.0), "start", "before");
        text(page, "dlab bad", (228.0, 12.0), "start", "after");
        let place = |x: f64, row: usize| (x, 22.0 + 48.0 * row as f64);
        for (row, version) in self.before.iter().take(DRAWN).enumerate() {
            node(page, story, version, place(8.0, row), self.left(version));
        }
        let widest = self.before.iter().map(boxed).fold(60.0, f64::max);
        edge(page, "dege badd", ((14.0 + widest, 37.0), (222.0, 37.0)));
        for (row, version) in self.after.iter().take(DRAWN).enumerate() {
            node(
                page,
                story,
                version,
                place(228.0, row),
                self.stayed(version),
            );
        }
        if self.before.is_empty() {
            text(page, "nol", (8.0, 41.0), "start", "nothing");
        }
        if self.after.is_empty() {
            text(page, "nol", (228.0, 41.0), "start", "nothing");
        }
        page.end();
        let names = |versions: Vec<&Version>| -> Vec<String> {
            versions
                .into_iter()
                .map(|version| shown::value(version, 24))
                .collect()
        };
        let gone = names(
            self.before
                .iter()
                .filter(|version| !held(&self.after, version))
                .collect(),
        );
        let new = names(
            self.after
                .iter()
                .filter(|version| !held(&self.before, version))
                .collect(),
        );
        let said = match (gone.is_empty(), new.is_empty()) {
            (false, false) => format!("{} in place of {}.", new.join(", "), gone.join(", ")),
            (false, true) => format!("{} dropped.", gone.join(", ")),
            (true, false) => format!("{} taken in, nothing dropped.", new.join(", ")),
            (true, true) => "The same values with other clocks.".into(),
        };
        page.el("p").class("note").text(said);
    }

    /// The clocks of all versions, entry by entry; the true clock where one was shortened.
    fn clocks(&self, page: &mut Page, story: &Story, all: &[&Version]) {
        type Column = (String, String, BTreeMap<String, u64>);
        let mut columns: Vec<Column> = Vec::new();
        for version in all {
            let Some(clock) = &version.clock else { return };
            let side = if self.before.contains(version) {
                "held"
            } else {
                "arriving"
            };
            let entries = |past: &[(String, u64)]| {
                let mut all: BTreeMap<String, u64> = past.iter().cloned().collect();
                let own = all.entry(clock.dot.0.clone()).or_default();
                *own = clock.dot.1.max(*own);
                all
            };
            let name = shown::value(version, 24);
            columns.push((name.clone(), side.to_owned(), entries(&clock.past)));
            if story.is_cut(version)
                && let Some(first) = story.pasts.get(&clock.dot)
            {
                columns.push((name, "when first held".into(), entries(first)));
            }
        }
        let actors: BTreeSet<String> = columns
            .iter()
            .flat_map(|(_, _, entries)| entries.keys().cloned())
            .collect();
        if actors.is_empty() || actors.len() > 24 {
            return;
        }
        super::scroll(page, "Clocks compared entry by entry", "card gapped");
        page.el("table").class("cmp").open();
        let titles: Vec<String> = columns
            .iter()
            .map(|(name, of, _)| format!("{name}, {of}"))
            .collect();
        super::head(
            page,
            std::iter::once("clock entry").chain(titles.iter().map(String::as_str)),
        );
        page.el("tbody").open();
        for actor in &actors {
            page.el("tr").open();
            page.el("th")
                .at("scope", "row")
                .class("num")
                .text(short(actor, 40));
            for (name, of, entries) in &columns {
                let whole = columns
                    .iter()
                    .find(|(other, first, _)| other == name && first == "when first held");
                let lost = of != "when first held"
                    && whole.is_some_and(|(_, _, whole)| {
                        whole.contains_key(actor) && !entries.contains_key(actor)
                    });
                match entries.get(actor) {
                    Some(counter) => page.el("td").class("num").text(counter),
                    None if lost => page.el("td").class("num v-n").text("✗ missing"),
                    None => page.el("td").class("num dim").text("–"),
                }
            }
            page.end();
        }
        page.end();
        page.end();
        page.end();
    }
}

/// Whether both are one version: of the same write and, where clocks are noted, of the same event.
fn is_same(one: &Version, two: &Version) -> bool {
    let dot = |version: &Version| version.clock.as_ref().map(|clock| clock.dot.clone());
    one.value == two.value && dot(one) == dot(two)
}
