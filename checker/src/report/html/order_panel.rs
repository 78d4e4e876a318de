//! The panel of a history that no order explains: calls, what the object could hold, where orders stop.

use super::bars;
use super::columns::LEFT;
use super::orders::{DeadEnd, OPS_MAX, Orders, orders};
use super::picture::{LANE, line, text, track};
use super::shown::{many, ms, short, wide};
use super::story::Story;
use super::write::{Page, px};
use crate::domain::Domain;
use crate::history::{Op, OpId, Outcome, Process, Time};
use crate::last_writer::registers;
use crate::model::{Model, MultiValue, Registers};
use crate::register::Value;
use crate::verdict::Promise;

/// Dead ends that are listed.
const ROWS: usize = 24;

const RIGHT: f64 = 1_160.0;

/// The panel, for a linearizability counterexample of a few operations on what the plan says is kept.
pub(super) fn section(page: &mut Page, story: &Story) {
    let Some(found) = story
        .found
        .filter(|found| found.promise == Promise::Linearizable)
    else {
        return;
    };
    if found.ops.len() > OPS_MAX {
        return;
    }
    let kept = story.bundle.plan.pointer("/shape/resolution");
    match kept.and_then(serde_json::Value::as_str) {
        Some("last-writer-wins") => {
            if let Ok(history) = registers(story.history) {
                let model = Registers {
                    initial: Value::Nil,
                };
                panel(page, story, &model, named(history.ops(), &found.ops));
            }
        }
        Some(_) => {
            if let Ok(model) = MultiValue::of(story.history) {
                panel(page, story, &model, named(story.history.ops(), &found.ops));
            }
        }
        None => {}
    }
}

fn named<'o, D: Domain>(ops: &'o [Op<D>], ids: &[OpId]) -> Vec<&'o Op<D>> {
    let named = ops.iter().filter(|op| ids.contains(&op.id));
    named.filter(|op| op.outcome != Outcome::Fail).collect()
}

fn panel<M: Model>(page: &mut Page, story: &Story, model: &M, ops: Vec<&Op<M::Domain>>) {
    let Some(orders) = orders(model, &ops) else {
        return;
    };
    let panel = Panel::new(story, ops, orders);
    let longest = panel
        .longest()
        .map_or_else(String::new, |end| letters(&end.order));
    let remark = if longest.is_empty() {
        "no order begins at all".to_owned()
    } else {
        format!("black marks: the longest order that still works, {longest}")
    };
    super::begin(page, "orders", "Why no order explains it", &remark);
    super::scroll(page, "Calls and what the key could hold", "card");
    panel.picture(page);
    page.end();
    panel.table(page);
    page.end();
}

struct Panel<'o, D: Domain> {
    ops: Vec<&'o Op<D>>,
    orders: Orders,
    key: String,
    clients: Vec<Process>,
    times: Vec<Time>,
}

impl<'o, D: Domain> Panel<'o, D> {
    fn new(story: &Story, ops: Vec<&'o Op<D>>, orders: Orders) -> Self {
        let mut clients: Vec<Process> = ops.iter().map(|op| op.process).collect();
        clients.sort_unstable();
        clients.dedup();
        let mut times: Vec<Time> = ops
            .iter()
            .flat_map(|op| [Some(op.invoked), op.returned])
            .flatten()
            .collect();
        times.sort_unstable();
        times.dedup();
        Panel {
            ops,
            orders,
            key: short(story.key.as_deref().unwrap_or_default(), 24),
            clients,
            times,
        }
    }

    /// The longest order, and where it stops.
    fn longest(&self) -> Option<&DeadEnd> {
        self.orders.dead_ends.first()
    }

    fn x(&self, at: Time) -> f64 {
        let place = self.times.partition_point(|time| *time < at);
        LEFT + (RIGHT - LEFT) * place as f64 / self.times.len().max(2) as f64
    }

    fn until(&self, at: Option<Time>) -> f64 {
        at.map_or(RIGHT, |at| self.x(at))
    }

    fn y(&self, client: Process) -> f64 {
        let row = self.clients.iter().position(|known| *known == client);
        62.0 + 50.0 * row.unwrap_or(0) as f64
    }

    fn picture(&self, page: &mut Page) {
        let rail = 62.0 + 50.0 * self.clients.len() as f64 + 24.0;
        let high = rail + 52.0;
        let svg = page
            .el("svg")
            .class("st")
            .at("viewBox", format!("0 0 1196 {}", px(high)));
        let svg = svg
            .at("width", 1196)
            .at("height", px(high))
            .at("role", "img");
        svg.at("aria-labelledby", "or-t").open();
        let said = "The operations of the counterexample, and the values that the key can have at each moment; the table \
                    below says where every order stops";
        page.el("title").at("id", "or-t").text(said);
        text(page, "tickl", (LEFT - 18.0, 18.0), "end", "virtual ms");
        line(page, "axis", (LEFT - 8.0, 28.0), (RIGHT + 12.0, 28.0));
        for at in &self.times {
            line(page, "tick", (self.x(*at), 23.0), (self.x(*at), 28.0));
            text(page, "tickl", (self.x(*at), 18.0), "middle", &ms(*at));
        }
        for client in &self.clients {
            let y = self.y(*client);
            track(page, LANE, (RIGHT + 12.0, y), &client.to_string());
        }
        let wrong: Vec<usize> = self
            .longest()
            .map(|end| end.refused.clone())
            .unwrap_or_default();
        for (at, op) in self.ops.iter().enumerate() {
            self.bar(page, (at, op), wrong.contains(&at));
        }
        self.marks(page);
        self.rail(page, rail);
        page.end();
    }

    fn bar(&self, page: &mut Page, (at, op): (usize, &Op<D>), bad: bool) {
        let (from, until, y) = (
            self.x(op.invoked),
            self.until(op.returned),
            self.y(op.process),
        );
        let wide = (until - from).max(16.0);
        let open = op.returned.is_none();
        let class = match (bad, open) {
            (true, _) => " badop",
            (_, true) => " open",
            _ => "",
        };
        let rect = page
            .el("rect")
            .class(format!("op{class}"))
            .at("x", px(from))
            .at("y", px(y - bars::HALF));
        rect.at("width", px(wide))
            .at("height", 2.0 * bars::HALF)
            .at("rx", 4)
            .empty();
        let said = super::label::clipped(&short(&op.label(), 60), wide - 30.0, 12.0);
        text(
            page,
            &format!("oplab{class}"),
            (from + wide / 2.0 + 4.0, y + 4.0),
            "middle",
            &said,
        );
        let badge = page
            .el("circle")
            .class(if bad { "badge bad" } else { "badge" });
        badge
            .at("cx", px(from))
            .at("cy", px(y - bars::HALF))
            .at("r", 9.5)
            .empty();
        text(
            page,
            "badget",
            (from, y - bars::HALF + 4.0),
            "middle",
            &letter(at),
        );
    }

    /// When the operations of the longest order may have taken effect, one after the other.
    fn marks(&self, page: &mut Page) {
        let Some(end) = self.longest() else { return };
        let mut last = f64::NEG_INFINITY;
        let mut before: Option<(f64, f64)> = None;
        for at in &end.order {
            let op = self.ops[*at];
            let until = self.until(op.returned) - 5.0;
            let x = (self.x(op.invoked) + 16.0)
                .max(last + 9.0)
                .min(until.max(last + 2.0));
            let y = self.y(op.process);
            if let Some(from) = before {
                line(page, "next", from, (x, y + 18.0));
            }
            line(page, "took", (x, y - 18.0), (x, y + 18.0));
            before = Some((x, y + 18.0));
            last = x;
        }
    }

    /// What the key can hold at each moment, as far as the answers so far allow.
    fn rail(&self, page: &mut Page, y: f64) {
        text(
            page,
            "grp",
            (6.0, y - 10.0),
            "start",
            &format!("possible values of {}", self.key),
        );
        let possible = &self.orders.possible;
        for (index, (from, labels)) in possible.iter().enumerate() {
            let x = self.x(*from);
            if labels.is_empty() {
                let returns = self.ops.iter().position(|op| op.returned == Some(*from));
                let whose = returns.map_or_else(String::new, letter);
                let said = &format!("✗ the answer of {whose} fits none of these");
                line(page, "kill", (x, y - 4.0), (x, y + 30.0));
                let fits = x + 10.0 + wide(said, 12.0) < 1196.0;
                let (at, anchor) = if fits {
                    (x + 8.0, "start")
                } else {
                    (x - 8.0, "end")
                };
                text(
                    page,
                    "killt",
                    (at, if fits { y + 18.0 } else { y + 44.0 }),
                    anchor,
                    said,
                );
                return;
            }
            let end = possible
                .get(index + 1)
                .map_or(RIGHT, |(next, _)| self.x(*next));
            let rect = page
                .el("rect")
                .class(format!("rib v{}", index % 7))
                .at("x", px(x))
                .at("y", px(y));
            rect.at("width", px(end - x))
                .at("height", 26)
                .at("rx", 3)
                .empty();
            let said = short(&labels.join(" or "), 60);
            let said = super::label::clipped(&said, end - x - 10.0, 12.0);
            let class = format!("rl v{}", index % 7);
            text(
                page,
                &class,
                (f64::midpoint(x, end), y + 17.0),
                "middle",
                &said,
            );
        }
    }

    fn table(&self, page: &mut Page) {
        let all = self.orders.dead_ends.len();
        let whole = if all <= ROWS {
            format!("complete: {}", many(all, "dead end"))
        } else {
            format!("{ROWS} of {all} dead ends")
        };
        page.el("h3").class("gapped").open();
        page.text("Every order, and where it stops ")
            .el("small")
            .text(whole);
        page.end();
        super::scroll(page, "Dead ends", "card");
        page.el("table").open();
        let holds = format!("{} is", self.key);
        super::head(
            page,
            ["order so far", &holds, "next", "why it cannot be next"].into_iter(),
        );
        page.el("tbody").open();
        for end in self.orders.dead_ends.iter().take(ROWS) {
            for at in &end.refused {
                page.el("tr").open();
                let order = letters(&end.order);
                let order = if order.is_empty() {
                    "(nothing)".into()
                } else {
                    order
                };
                page.el("td").class("num").text(order);
                page.el("td").class("num").text(short(&end.state, 60));
                page.el("td").class("num").text(letter(*at));
                page.el("td").open();
                let op = self.ops[*at];
                let why = format!(
                    "{} is “{}”, but {} is {}",
                    letter(*at),
                    short(&op.label(), 80),
                    self.key,
                    short(&end.state, 60)
                );
                page.el("span").class("v-n").text(why);
                page.text(self.waiting(end, *at));
                page.end();
                page.end();
            }
        }
        page.end();
        page.end();
        page.end();
    }

    /// What has to wait for this operation, because it was called after its return.
    fn waiting(&self, end: &DeadEnd, at: usize) -> String {
        let left = (0..self.ops.len()).filter(|other| *other != at && !end.order.contains(other));
        let later: Vec<String> = left
            .filter(|other| self.ops[at].precedes(self.ops[*other]))
            .map(letter)
            .collect();
        match (later.is_empty(), self.ops[at].returned) {
            (false, Some(returned)) => {
                format!(
                    " ({} cannot come before: called after {} ms, when {} had returned)",
                    later.join(", "),
                    ms(returned),
                    letter(at)
                )
            }
            _ => String::new(),
        }
    }
}

fn letters(order: &[usize]) -> String {
    let letters: Vec<String> = order.iter().map(|at| letter(*at)).collect();
    letters.join(" ")
}

/// `A`, `B` and so on: there are at most twelve.
fn letter(at: usize) -> String {
    char::from(b'A' + at as u8).to_string()
}
