//! The lines of a history in an order from which a reader who only sees the order infers nothing new.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::error::ExportError;
use crate::domain::Domain;
use crate::history::{History, Line, Op, OpId, Process, Time};
use crate::note::Note;

/// A line of a history, by the process that it is written under.
pub(crate) enum Turn<'h, D: Domain> {
    Invoke(Process, &'h Op<D>),
    Return(Process, &'h Op<D>),
    Note(&'h Note),
}

/// All lines with their times; of equal times calls stand before returns, so that they stay concurrent.
///
/// A process may call again at the very time of its return. Both calls are concurrent then, which no order
/// of lines can say of one process, so the second goes to a process of its own: its place in a session is
/// lost, rather than an order invented.
pub(crate) fn turns<D: Domain>(
    history: &History<D>,
    mut each: impl FnMut(Time, Turn<'_, D>) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let last = history.ops().iter().map(|op| op.process.0).max();
    let mut fresh = last.map_or(0, |last| last.saturating_add(1));
    let mut moved = FxHashMap::default();
    let mut lines = history.lines().peekable();
    while let Some(line) = lines.next() {
        let at = time(&line);
        let mut group = vec![line];
        while let Some(line) = lines.next_if(|line| time(line) == at) {
            group.push(line);
        }
        let (mut early, mut late) = (Vec::new(), Vec::new());
        let mut returned = BTreeSet::new();
        for line in group {
            match line {
                Line::Note(_, note) => early.push(Turn::Note(note)),
                Line::Invoke(op) if !returned.contains(&op.process) => {
                    early.push(Turn::Invoke(op.process, op));
                }
                Line::Invoke(op) => {
                    let process = Process(fresh);
                    fresh = fresh.saturating_add(1);
                    moved.insert(op.id, process);
                    early.push(Turn::Invoke(process, op));
                }
                Line::Return(op, _) => {
                    let process = under(op, &moved);
                    returned.insert(process);
                    late.push(Turn::Return(process, op));
                    moved.remove(&op.id);
                }
            }
        }
        let mut turns = early.into_iter().chain(late);
        turns.try_for_each(|turn| each(at, turn))?;
    }
    Ok(())
}

/// The process that an operation is written under.
fn under<D: Domain>(op: &Op<D>, moved: &FxHashMap<OpId, Process>) -> Process {
    moved.get(&op.id).copied().unwrap_or(op.process)
}

fn time<D: Domain>(line: &Line<'_, D>) -> Time {
    match line {
        Line::Invoke(op) => op.invoked,
        Line::Return(_, at) | Line::Note(at, _) => *at,
    }
}
