//! The table of flaws as a page, each with a way to the report of its smallest counterexample.

use checker::report::markup::{self, Page};

use super::row::Row;
use super::summary::Summary;
use super::table::{HEAD, Table, cells, lines};

impl Table {
    /// As a page that stands beside the folder of reports, `flaws/NAME.html`.
    pub fn page(&self) -> String {
        let summary = Summary::of(&self.rows);
        let title = format!("{} of {} flaws found", summary.found, summary.flaws);
        markup::page(&format!("dyno: {title}"), "flaw catalogue", |page| {
            header(page, &summary, &title, &self.hunted());
            for (family, rows) in self.families() {
                let name = family.name();
                let id = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                page.el("section").at("aria-labelledby", &id).open();
                page.el("h2").at("id", &id).text(name);
                page.table(&format!("Flaws of {name}"), "card", &HEAD);
                for one in rows {
                    row(page, one);
                }
                page.end_table();
                page.end();
            }
        })
    }
}

fn header(page: &mut Page, summary: &Summary, title: &str, hunted: &str) {
    let fine = summary.missed.is_empty();
    let (hero, chip, said) = if fine {
        ("hero fine", "pchip fine", "✓ none missed".to_owned())
    } else {
        let missed = summary.missed.iter().map(|flaw| flaw.name());
        let missed = missed.collect::<Vec<_>>().join(", ");
        ("hero", "pchip", format!("✗ missed: {missed}"))
    };
    page.el("header").class(hero).open();
    page.el("span").class(chip).text(said);
    page.el("h1").text(title);
    page.el("p").text(format!("{hunted}."));
    page.el("dl").class("facts").open();
    for (label, text) in lines(summary) {
        page.el("div").open();
        page.el("dt").text(label);
        page.el("dd").text(text);
        page.end();
    }
    page.end();
    page.end();
}

fn row(page: &mut Page, row: &Row) {
    page.el("tr").open();
    for (column, cell) in cells(row).iter().enumerate() {
        if column > 0 {
            page.el("td").text(cell);
            continue;
        }
        page.el("th").at("scope", "row").open();
        if row.bundle.is_some() {
            let link = page
                .el("a")
                .at("href", format!("./flaws/{}.html", row.flaw));
            link.text(cell);
        } else {
            page.text(cell);
        }
        page.end();
    }
    page.end();
}
