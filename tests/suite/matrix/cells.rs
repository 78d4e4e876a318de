//! A seed for each cell that may be broken, and how many calls are left of its plan; and the others.

use std::fs;
use std::path::Path;

use dynamometer::matrix::{Column, Row};

/// What is known of one cell that may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) row: Row,
    pub(super) column: Column,
    /// The seed of a small plan that breaks it, and how many calls are left; `None` if none was found.
    pub(super) broken: Option<(u64, usize)>,
}

/// The cells of `cells.txt`, in its order.
pub(super) fn known() -> Vec<Known> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/matrix/cells.txt");
    let text = fs::read_to_string(path).expect("the list is part of the project");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| parse(line).expect(line)).collect()
}

fn parse(line: &str) -> Option<Known> {
    let words: Vec<&str> = line.split(' ').collect();
    let row = Row::ALL.into_iter().find(|row| row.name() == words[0])?;
    let named = |column: &Column| format!("{column:?}") == words[1];
    let column = Column::ALL.into_iter().find(named)?;
    let broken = match words[2..] {
        ["never"] => None,
        [seed, calls] => Some((seed.parse().ok()?, calls.parse().ok()?)),
        _ => return None,
    };
    Some(Known {
        row,
        column,
        broken,
    })
}
