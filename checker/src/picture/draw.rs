//! A history as text: one lane a process, columns for times.

use std::collections::{BTreeMap, BTreeSet};

use super::domains::Drawn;
use super::phrase::{Phrase, Said};
use crate::history::{History, Op, OpId, Outcome, Process, Time};

/// Draws a history, notes aside. For histories that fit on a screen: O(processes · width).
///
/// ```
/// let drawn = "\
/// c0  |put x a-|                  |put x c <g3-|
/// c1             |g3=get x -> a-|
/// c2    |put x b ?---------------------------...
/// ";
/// let history = checker::picture::parse::<checker::kv::Kv>(drawn)?;
/// assert_eq!(checker::picture::draw(&history), drawn);
/// # Ok::<(), checker::picture::PictureError>(())
/// ```
///
/// - Columns are times, with nothing but their order kept. An operation whose bar ends left of where
///   another begins came before it; in the same column they are concurrent, and `|write 1-|read -> 1-|`
///   is two operations that share one.
/// - `-> ANSWER` is what was returned; a write that took effect says nothing. `!` failed for certain.
///   `?` with an end of `...` is an unknown outcome, which may take effect at any later time.
/// - `[read -> 1]` begins and returns in the column of its `[`. Where that leaves no room beside its
///   neighbours, it stands on another line of the same process.
/// - `g3=` names an operation and `<g3` passes the context that it returned; `<#1` is a context of an
///   operation outside of the picture. In a word that is not quoted, only letters, digits and
///   `_` `-` `.` `:` `/` `+` occur; in quotes, `\"`, `\\` and `\u{e4}`.
pub fn draw<D: Drawn>(history: &History<D>) -> String {
    let bars = bars(history);
    let columns = Columns::new(&bars);
    let mut lanes: BTreeMap<Process, Vec<Lane>> = BTreeMap::new();
    for bar in &bars {
        columns.place(bar, lanes.entry(bar.process).or_default());
    }
    let margin = lanes
        .keys()
        .map(|process| process.to_string().len() + 2)
        .max();
    let margin = margin.unwrap_or_default();
    let mut picture = String::new();
    for (process, lines) in &lanes {
        for line in lines {
            let start = picture.len();
            picture.push_str(&process.to_string());
            fill(&mut picture, start + margin, ' ');
            picture.push_str(&line.text);
            picture.push('\n');
        }
    }
    picture
}

struct Bar {
    process: Process,
    from: Time,
    /// `None` when it runs on.
    to: Option<Time>,
    text: String,
    /// When the process calls again, later than this call.
    again: Option<Time>,
}

impl Bar {
    fn instant(&self) -> bool {
        self.to == Some(self.from)
    }

    /// How many characters it needs, without the `|` that ends it at its own column.
    fn width(&self) -> usize {
        match self.to {
            None => "|...".len() + self.text.len(),
            Some(_) if self.instant() => "[]".len() + self.text.len(),
            Some(_) => "|-".len() + self.text.len(),
        }
    }
}

/// All operations as bars, ordered by call, then process; so equal pictures number them equally.
fn bars<D: Drawn>(history: &History<D>) -> Vec<Bar> {
    let mut ops: Vec<&Op<D>> = history.ops().iter().collect();
    ops.sort_by_key(|op| (op.invoked, op.process));
    let numbers: BTreeMap<OpId, usize> = ops
        .iter()
        .enumerate()
        .map(|(index, op)| (op.id, index + 1))
        .collect();
    let contexts = ops.iter().flat_map(|op| D::say(&op.call).1);
    let named: BTreeSet<OpId> = contexts.copied().collect();
    let outside = named.iter().filter(|id| !numbers.contains_key(id));
    let outside: BTreeMap<OpId, usize> = outside
        .enumerate()
        .map(|(index, &id)| (id, index + 1))
        .collect();
    let name = |id: OpId| match history.op(id) {
        Some(op) => {
            let (words, _) = D::say(&op.call);
            let verb = words.first().and_then(|verb| verb.text.get(..1));
            format!("{}{}", verb.unwrap_or("o"), numbers[&id])
        }
        None => format!("#{}", outside[&id]),
    };
    let mut later: BTreeMap<Process, (Time, Option<Time>)> = BTreeMap::new();
    let mut bars: Vec<Bar> = Vec::with_capacity(ops.len());
    for op in ops.into_iter().rev() {
        let again = match later.get(&op.process) {
            Some(&(from, again)) if from == op.invoked => again,
            Some(&(from, _)) => Some(from),
            None => None,
        };
        later.insert(op.process, (op.invoked, again));
        let (words, context) = D::say(&op.call);
        let phrase = Phrase {
            name: named.contains(&op.id).then(|| name(op.id)),
            words,
            context: context.iter().map(|&id| (name(id), 0)).collect(),
            outcome: match &op.outcome {
                Outcome::Ok(ret) => match D::say_ret(&op.call, ret) {
                    words if words.is_empty() => Said::Nothing,
                    words => Said::Answer(words),
                },
                Outcome::Fail => Said::Failed,
                Outcome::Unknown => Said::Unknown,
            },
        };
        bars.push(Bar {
            process: op.process,
            from: op.invoked,
            to: op.returned,
            text: phrase.text(),
            again,
        });
    }
    bars.reverse();
    bars
}

/// Where each time is drawn.
struct Columns {
    of: BTreeMap<Time, usize>,
    /// The last column that anything needs.
    edge: usize,
}

impl Columns {
    /// The narrowest columns that keep the order of times and give each bar its room.
    fn new(bars: &[Bar]) -> Self {
        let mut room: BTreeMap<Time, Vec<(Time, usize)>> = BTreeMap::new();
        for bar in bars {
            room.entry(bar.from).or_default();
            if let Some(to) = bar.to {
                room.entry(to).or_default();
            }
            match bar.to {
                Some(to) if !bar.instant() => {
                    room.entry(to).or_default().push((bar.from, bar.width()));
                }
                _ => {
                    if let Some(again) = bar.again {
                        let apart = (bar.from, bar.width() + 1);
                        room.entry(again).or_default().push(apart);
                    }
                }
            }
        }
        let mut of: BTreeMap<Time, usize> = BTreeMap::new();
        let mut next = 0;
        for (time, demands) in room {
            let earliest = demands.iter().map(|(from, width)| of[from] + width);
            let column = earliest.fold(next, usize::max);
            of.insert(time, column);
            next = column + 2;
        }
        let ends = bars.iter().map(|bar| match bar.to {
            Some(to) if !bar.instant() => of[&to],
            _ => of[&bar.from] + bar.width() - 1,
        });
        let edge = ends.max().unwrap_or_default();
        Columns { of, edge }
    }

    /// Draws a bar on the first line of its process that has room. Bars of one process that begin in
    /// the same column go on lines below each other, in their order.
    fn place(&self, bar: &Bar, lines: &mut Vec<Lane>) {
        let from = self.of[&bar.from];
        let instant = bar.instant();
        let starts = if instant { '[' } else { '|' };
        let tied = lines.iter().rposition(|line| line.last == Some(from));
        let first = tied.map_or(0, |line| line + 1);
        let shares =
            |line: &Lane| line.text.len() == from + 1 && line.text.ends_with('|') && !instant;
        let fits = |line: &Lane| line.text.len() <= from || shares(line);
        let place = (first..lines.len()).find(|&line| fits(&lines[line]));
        let place = place.unwrap_or_else(|| {
            lines.push(Lane::default());
            lines.len() - 1
        });
        let line = &mut lines[place];
        line.text.truncate(from);
        fill(&mut line.text, from, ' ');
        line.text.push(starts);
        line.text.push_str(&bar.text);
        match bar.to {
            Some(_) if instant => line.text.push(']'),
            Some(to) => {
                fill(&mut line.text, self.of[&to], '-');
                line.text.push('|');
            }
            None => {
                let end = bar.again.map_or(self.edge + 1, |again| self.of[&again] - 1);
                fill(&mut line.text, end - "...".len(), '-');
                line.text.push_str("...");
            }
        }
        line.last = Some(from);
    }
}

/// Makes a text as long as this. What is drawn is ASCII, so bytes are columns.
fn fill(text: &mut String, length: usize, with: char) {
    text.extend(std::iter::repeat_n(with, length.saturating_sub(text.len())));
}

/// One line of a process: what is drawn, and the column where its last bar begins.
#[derive(Default)]
struct Lane {
    text: String,
    last: Option<usize>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::append::Append;
    use crate::export::generated::{registers, siblings, strings};
    use crate::kv::Kv;
    use crate::picture;
    use crate::register::Register;

    /// Operations in the order that pictures keep, with contexts by place instead of name.
    fn canonical<D: Drawn>(history: &History<D>) -> Vec<&Op<D>> {
        let mut ops: Vec<_> = history.ops().iter().collect();
        ops.sort_by_key(|op| (op.invoked, op.process));
        ops
    }

    fn law<D: Drawn>(history: &History<D>) -> Result<(), TestCaseError> {
        let drawn = draw(history);
        prop_assert!(drawn.is_ascii());
        let again: History<D> = picture::parse(&drawn)
            .map_err(|wrong| TestCaseError::fail(format!("{wrong}\n{drawn}")))?;
        prop_assert_eq!(draw(&again), drawn.clone());
        let (ops, others) = (canonical(history), canonical(&again));
        prop_assert_eq!(ops.len(), others.len());
        for (op, other) in ops.iter().zip(&others) {
            prop_assert_eq!(op.process, other.process);
            prop_assert_eq!(&op.outcome, &other.outcome);
            prop_assert_eq!(D::call_label(&op.call), D::call_label(&other.call));
            let (seen, seen_again) = (D::say(&op.call).1, D::say(&other.call).1);
            prop_assert_eq!(seen.len(), seen_again.len());
            for (id, id_again) in seen.iter().zip(seen_again) {
                let place = |ops: &[&Op<D>], id| ops.iter().position(|op| op.id == id);
                prop_assert_eq!(place(&ops, *id), place(&others, *id_again), "{}", drawn);
            }
        }
        for (a, a_again) in ops.iter().zip(&others) {
            for (b, b_again) in ops.iter().zip(&others) {
                prop_assert_eq!(a.precedes(b), a_again.precedes(b_again), "{}", drawn);
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn registers_are_drawn_and_read_back(history in registers()) {
            law(&history)?;
        }

        #[test]
        fn strings_are_drawn_and_read_back(history in strings()) {
            law(&history)?;
        }

        #[test]
        fn siblings_are_drawn_and_read_back(history in siblings()) {
            law(&history)?;
        }
    }

    /// A picture without its margin, which must be drawn as it stands.
    fn stands<D: Drawn>(picture: &str) {
        let lines = picture
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let picture: String = lines.flat_map(|line| [line, "\n"]).collect();
        let history: History<D> = picture::history(&picture);
        assert_eq!(draw(&history), picture);
    }

    #[test]
    fn nothing_is_drawn_as_nothing() {
        stands::<Register>("");
    }

    #[test]
    fn every_kind_of_bar_is_drawn() {
        stands::<Register>(
            "
            c0   |write 1-|              |cas 1 2-|
            c0            [write 7 !]
            c0            |read -> 1-|
            c1     |write \"a b\" ?--... |read x -> unseen-| |read -> 1-|
            c3                       [read -> nil]
            c12    |write 9 ?---------------------------------------...
            ",
        );
        stands::<Append>("c0  |put k a-|get k -> \"\"-| |append k \"a b\" ?...\n");
        stands::<Kv>(
            "
            c0  |put x a----------|                  |put x c <g4,#1-|
            c1                    |g4=get x -> a,b-|
            c2    |put x b ?... [delete x]
            ",
        );
    }

    #[test]
    fn a_wide_picture_is_drawn_and_read() {
        let text = "long".repeat(30_000);
        let picture = format!("c0  |write {text}-|\nc1  |write \"{text}-\"-|\n");
        let history: History<Register> = picture::history(&picture);
        assert_eq!(history.ops().len(), 2);
        law(&history).expect("as wide as it is");
    }
}
