//! Where moments stand: in order, as close together as what is written between them allows.

use super::story::{self, Story};
use super::{faults, label, shown::wide};
use crate::history::Time;
use crate::report::steps::What;

/// Where the first moment stands.
pub(super) const LEFT: f64 = 104.0;

/// Where the last moment stands at least.
const RIGHT: f64 = 1_176.0;

/// The least distance of two moments.
const GAP: f64 = 13.0;

/// Pictures that do not fit write less between their moments, in this order, until they are not wider than
/// what stands beside it.
const CAPS: [(f64, f64); 8] = [
    (250.0, RIGHT),
    (200.0, RIGHT),
    (160.0, RIGHT),
    (130.0, RIGHT),
    (160.0, 1_500.0),
    (110.0, 2_400.0),
    (60.0, 2_400.0),
    (26.0, f64::MAX),
];

/// The moments of a picture and their places.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    times: Vec<Time>,
    xs: Vec<f64>,
}

impl Columns {
    /// The moments that a story tells of.
    pub(super) fn new(story: &Story) -> Self {
        let times = times(story);
        let mut columns = Columns {
            xs: vec![0.0; times.len()],
            times,
        };
        let rules = rules(story, &columns);
        for (cap, widest) in CAPS {
            columns.solve(&rules, cap);
            if columns.right() <= widest {
                break;
            }
        }
        columns.stretch();
        columns
    }

    /// Where a moment stands, or the last one before it.
    pub(super) fn x(&self, at: Time) -> f64 {
        self.xs[self.place(at)]
    }

    /// Where a moment that may not have come stands.
    pub(super) fn until(&self, at: Option<Time>) -> f64 {
        at.map_or(self.right(), |at| self.x(at))
    }

    /// Where the history ends.
    pub(super) fn right(&self) -> f64 {
        self.xs.last().copied().unwrap_or(RIGHT)
    }

    /// The moment before this one.
    pub(super) fn before(&self, at: Time) -> f64 {
        self.xs[self.place(at).saturating_sub(1)]
    }

    fn place(&self, at: Time) -> usize {
        let later = self.times.partition_point(|time| *time <= at);
        later.saturating_sub(1)
    }

    fn solve(&mut self, rules: &[Rule], cap: f64) {
        self.xs[0] = LEFT;
        for place in 1..self.xs.len() {
            self.xs[place] = self.xs[place - 1] + GAP;
            for rule in rules.iter().filter(|rule| rule.until == place) {
                let wide = if rule.firm {
                    rule.wide
                } else {
                    rule.wide.min(cap)
                };
                self.xs[place] = self.xs[place].max(self.xs[rule.from] + wide);
            }
        }
    }

    /// Spreads a narrow picture over the whole width.
    fn stretch(&mut self) {
        let wide = self.right() - LEFT;
        if wide > 0.0 && self.right() < RIGHT {
            for x in &mut self.xs {
                *x = LEFT + (*x - LEFT) * (RIGHT - LEFT) / wide;
            }
        }
        if wide == 0.0 {
            self.times.push(Time(u64::MAX));
            self.xs.push(RIGHT);
        }
    }
}

/// Two moments that need some room between them.
struct Rule {
    from: usize,
    until: usize,
    wide: f64,
    firm: bool,
}

fn times(story: &Story) -> Vec<Time> {
    let mut times = vec![story::end(story.history)];
    for &place in &story.shown {
        let step = &story.steps[place];
        times.push(step.from);
        times.extend(step.until);
        times.extend(
            step.changes
                .iter()
                .filter(|change| story.is_key(&change.key))
                .map(|change| change.at),
        );
    }
    times.extend(story.segments.iter().map(|segment| segment.from));
    times.extend(story.marks.iter().map(|mark| mark.at));
    let downs = story
        .downs
        .iter()
        .filter(|down| story.nodes.contains(&down.node))
        .take(60);
    times.extend(
        downs
            .flat_map(|down| [Some(down.from), down.until])
            .flatten(),
    );
    if let Some(explanation) = &story.bundle.explanation {
        times.extend(explanation.doom.iter().take(40).map(|moment| moment.at));
    }
    times.sort_unstable();
    times.dedup();
    times
}

fn rules(story: &Story, columns: &Columns) -> Vec<Rule> {
    let last = columns.xs.len() - 1;
    let mut rules = Vec::new();
    let mut rule = |from: Time, until: Option<Time>, wide: f64, firm: bool| {
        let from = columns.place(from);
        let until = until.map_or(last, |until| columns.place(until));
        if from < until {
            rules.push(Rule {
                from,
                until,
                wide,
                firm,
            });
        }
    };
    for segment in &story.segments {
        let labels = segment.versions.iter();
        let size = label::size(segment.versions.len());
        let labels = labels.map(|version| wide(&label::version(story, version).0, size));
        let longest = labels.fold(0.0, f64::max);
        let downs = story.downs.iter().filter(|down| down.node == segment.node);
        let mut crashes = downs.map(|down| down.from).filter(|at| *at > segment.from);
        let crash = crashes.find(|at| segment.until.is_none_or(|until| *at < until));
        let bad = story.bad.contains(&segment.step) && longest < 250.0;
        rule(segment.from, crash.or(segment.until), longest + 18.0, bad);
    }
    for hint in &story.hints {
        rule(
            hint.from,
            hint.until,
            wide(&label::hint(story, hint), 11.0) + 18.0,
            false,
        );
    }
    for (index, mark) in story.marks.iter().enumerate() {
        let same = |next: &&super::marks::Mark| next.node == mark.node && next.at > mark.at;
        let next = story.marks[index..].iter().find(same).map(|next| next.at);
        rule(mark.at, next, wide(&mark.text, 12.0) + 34.0, false);
    }
    of_steps(story, &mut rule);
    rules
}

/// The room that steps need for what is written on them.
fn of_steps(story: &Story, rule: &mut impl FnMut(Time, Option<Time>, f64, bool)) {
    for (index, &place) in story.shown.iter().enumerate() {
        let step = &story.steps[place];
        if let Some(op) = story.op(step) {
            let asked = wide(&label::call(story, op), 12.0) + 20.0;
            rule(step.from, label::until(story, op), asked, asked <= 170.0);
        }
        let ends = match step.what {
            What::Healed => wide(faults::HEALED, 11.0),
            What::Quiet => wide(faults::QUIET, 11.0),
            _ => 0.0,
        };
        if ends > 0.0 {
            let mut later = story.shown[index + 1..]
                .iter()
                .map(|place| &story.steps[*place]);
            let next = later.find(|step| matches!(step.what, What::Healed | What::Quiet));
            rule(step.from, next.map(|step| step.from), ends + 30.0, true);
        }
        if let What::Fault(what, true) = &step.what {
            rule(
                step.from,
                label::over(story, place),
                wide(what, 11.0) + 34.0,
                false,
            );
        }
        if story.skipped(index) > 0 && index > 0 {
            let before = story.steps[story.shown[index - 1]].from;
            rule(before, Some(step.from), 64.0, true);
        }
    }
}
