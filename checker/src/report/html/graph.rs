//! Small graphs of versions.

use super::picture::text;
use super::shown::{self, wide};
use super::story::Story;
use super::write::{Page, px};
use crate::note::Version;

/// How wide the box of a version is.
pub(super) fn boxed(version: &Version) -> f64 {
    wide(&shown::value(version, 20), 12.0) + 20.0
}

pub(super) fn graph(page: &mut Page, high: usize, title: &str) {
    let svg = page
        .el("svg")
        .class("dag")
        .at("viewBox", format!("0 0 440 {high}"))
        .at("role", "img");
    svg.open();
    page.el("title").text(title);
}

pub(super) fn edge(page: &mut Page, class: &str, (from, to): ((f64, f64), (f64, f64))) {
    let middle = f64::midpoint(from.0, to.0);
    let d = format!(
        "M{} {}C{} {} {} {} {} {}",
        px(from.0),
        px(from.1),
        px(middle),
        px(from.1),
        px(middle),
        px(to.1),
        px(to.0),
        px(to.1)
    );
    let marker = if class.contains("badd") {
        "url(#ahb)"
    } else {
        "url(#ah)"
    };
    page.el("path")
        .class(class)
        .at("d", d)
        .at("marker-end", marker)
        .empty();
}

pub(super) fn node(
    page: &mut Page,
    story: &Story,
    version: &Version,
    (x, y): (f64, f64),
    fate: Fate,
) {
    page.el("g").class(story.colour(version)).open();
    let wide = boxed(version);
    let rect = page.el("rect").class("rib").at("x", px(x)).at("y", px(y));
    rect.at("width", px(wide))
        .at("height", 30)
        .at("rx", 5)
        .empty();
    let label = page
        .el("text")
        .class("rl")
        .at("x", px(x + wide / 2.0))
        .at("y", px(y + 19.0));
    label.at("text-anchor", "middle").open();
    page.el("tspan").class("vn").text(shown::value(version, 20));
    page.end();
    if fate.is_struck() {
        let (from, to) = ((x + 4.0, y + 15.0), (x + wide - 4.0, y + 15.0));
        let class = if fate == Fate::Dropped {
            "strike"
        } else {
            "dege"
        };
        super::picture::line(page, class, from, to);
    }
    let (class, said) = fate.said();
    if !said.is_empty() {
        text(page, class, (x, y + 41.0), "start", said);
    }
    page.end();
}

/// What became of a version, and whether that was right by what its successors had seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there, and should be.
    Kept,
    /// It is gone, and one that is there had seen it.
    Replaced,
    /// It is gone, and nothing that is there had seen it.
    Dropped,
    /// It is there beside one that had seen it.
    Stale,
    /// It is there although it was deleted.
    Deleted,
}

impl Fate {
    fn is_struck(self) -> bool {
        matches!(self, Fate::Replaced | Fate::Dropped)
    }

    fn said(self) -> (&'static str, &'static str) {
        match self {
            Fate::Kept => ("dlab", ""),
            Fate::Replaced => ("dlab", "replaced"),
            Fate::Dropped => ("dlab bad", "✗ dropped unseen"),
            Fate::Stale => ("dlab bad", "✗ beside its successor"),
            Fate::Deleted => ("dlab bad", "✗ was deleted"),
        }
    }
}
