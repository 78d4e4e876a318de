//! The geometry of a picture: the heights of its lanes and rows, and which badges stand where.

use std::collections::BTreeSet;

use super::columns::Columns;
use super::label;
use super::story::Story;
use crate::history::{Process, Time};
use crate::note::Node;
use crate::report::steps::What;

/// The height of a ribbon of one version, and of one of several.
const ONE: f64 = 26.0;
const EACH: f64 = 17.0;

/// The height of a hint, and of a row of the faults.
pub(super) const HINT: f64 = 21.0;
pub(super) const FAULT: f64 = 24.0;

/// Faults that get a row of their own; more share the last.
const ROWS: usize = 6;

/// The places of everything in a picture.
pub(super) struct Frame {
    pub(super) columns: Columns,
    pub(super) clients: Vec<(Process, f64)>,
    pub(super) nodes: Vec<Lane>,
    /// The top of the lanes of nodes and their bottom.
    pub(super) replicas: (f64, f64),
    /// Faults, by the place of the step with which they begin, and their rows.
    pub(super) faults: Vec<(usize, f64)>,
    /// Where the end of faults and the quiet are written.
    pub(super) end_row: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    taken: Vec<Rect>,
}

/// A part of a picture: left, top, right, bottom.
pub(super) type Rect = (f64, f64, f64, f64);

/// The lane of a node.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) node: Node,
    /// The middle of its ribbon.
    pub(super) mid: f64,
    /// Whom it keeps hints for, each in a row below.
    pub(super) owners: Vec<Node>,
    /// Half the height of its highest ribbon.
    pub(super) half: f64,
    pub(super) bottom: f64,
}

impl Lane {
    /// The middle of the row of the hints for an owner.
    pub(super) fn hint(&self, owner: Node) -> f64 {
        let row = self.owners.iter().position(|known| *known == owner);
        self.mid + self.half + 8.0 + HINT / 2.0 + (HINT + 4.0) * row.unwrap_or(0) as f64
    }
}

/// Half the height of a ribbon of so many versions.
pub(super) fn half(versions: usize) -> f64 {
    match versions.min(label::SIBLINGS + 1) {
        0 | 1 => ONE / 2.0,
        several => EACH * several as f64 / 2.0,
    }
}

impl Frame {
    pub(super) fn new(story: &Story) -> Self {
        let columns = Columns::new(story);
        let mut y = 34.0;
        let mut clients = Vec::new();
        for client in &story.clients {
            clients.push((*client, y + 26.0));
            y += 42.0;
        }
        y += if clients.is_empty() { 6.0 } else { 20.0 };
        let top = y;
        let mut nodes = Vec::new();
        for &node in &story.nodes {
            let own = story.segments.iter().filter(|segment| segment.node == node);
            let half = own
                .map(|segment| half(segment.versions.len()))
                .fold(ONE / 2.0, f64::max);
            let hints = story.hints.iter().filter(|hint| hint.holder == node);
            let owners: BTreeSet<Node> = hints.map(|hint| hint.owner).collect();
            let mid = y + 24.0 + half;
            let rows = owners.len() as f64;
            y = mid + half + 16.0 + rows * (HINT + 4.0);
            nodes.push(Lane {
                node,
                mid,
                owners: owners.into_iter().collect(),
                half,
                bottom: y,
            });
        }
        let replicas = (top, y + 4.0);
        let skips = (1..story.shown.len()).any(|index| story.skipped(index) > 0);
        y += if skips { 28.0 } else { 12.0 };
        let (faults, rows) = rows(story, &columns);
        let faults = faults
            .into_iter()
            .map(|(place, row)| (place, y + FAULT * row as f64))
            .collect();
        y += FAULT * rows as f64;
        let ends = story
            .shown
            .iter()
            .any(|place| matches!(story.steps[*place].what, What::Healed | What::Quiet));
        let end_row = y + 14.0;
        if ends {
            y += 26.0;
        }
        Frame {
            width: columns.right() + 20.0,
            columns,
            clients,
            nodes,
            replicas,
            faults,
            end_row,
            height: y + 6.0,
            taken: Vec::new(),
        }
    }

    pub(super) fn x(&self, at: Time) -> f64 {
        self.columns.x(at)
    }

    pub(super) fn lane(&self, node: Node) -> Option<&Lane> {
        self.nodes.iter().find(|lane| lane.node == node)
    }

    pub(super) fn client(&self, client: Process) -> Option<f64> {
        let found = self.clients.iter().find(|(known, _)| *known == client);
        found.map(|(_, y)| *y)
    }

    /// Keeps badges away from here.
    pub(super) fn take(&mut self, rect: Rect) {
        self.taken.push(rect);
    }

    /// A place for a badge as near as possible to this one that is not taken.
    pub(super) fn free(&mut self, (x, y): (f64, f64)) -> (f64, f64) {
        const HALF: f64 = 10.0;
        let around = |x: f64, y: f64| (x - HALF, y - HALF, x + HALF, y + HALF);
        let is_free = |x: f64, y: f64| {
            let (left, top, right, bottom) = around(x, y);
            let mut taken = self.taken.iter();
            !taken.any(|(l, t, r, b)| left < *r && *l < right && top < *b && *t < bottom)
        };
        let steps = [0.0, 21.0, -21.0, 42.0, -42.0];
        let tries = steps
            .iter()
            .flat_map(|dx| [0.0, -14.0, 14.0].map(|dy| (x + dx, y + dy)));
        let place = tries.into_iter().find(|(x, y)| is_free(*x, *y));
        let place = place.unwrap_or((x, y));
        self.taken.push(around(place.0, place.1));
        place
    }
}

/// Faults in rows, so that those at one time stand below one another, and how many rows that takes.
fn rows(story: &Story, columns: &Columns) -> (Vec<(usize, usize)>, usize) {
    let mut free: Vec<f64> = Vec::new();
    let mut placed = Vec::new();
    for &place in &story.shown {
        let step = &story.steps[place];
        if !matches!(step.what, What::Fault(_, true)) {
            continue;
        }
        let (from, until) = (
            columns.x(step.from),
            columns.until(label::over(story, place)),
        );
        let row = free.iter().position(|end| *end < from - 12.0);
        let row = row.unwrap_or_else(|| {
            free.push(0.0);
            free.len() - 1
        });
        free[row] = until + 12.0;
        placed.push((place, row.min(ROWS - 1)));
    }
    (placed, free.len().min(ROWS))
}
