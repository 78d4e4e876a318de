//! Where a search got stuck that found no order.

use super::search::{Furthest, Search};
use super::table::{Kind, State};
use crate::history::OpId;
use crate::model::Model;

/// Where a search that found nothing got furthest.
#[derive(Debug)]
pub(crate) struct Stuck {
    /// The step whose return no order reaches.
    pub(crate) step: OpId,
    /// The longest order that was built.
    pub(crate) order: Vec<OpId>,
    /// The states in which orders ended there.
    pub(crate) states: Vec<String>,
    /// Whether the step is possible in any state that was met.
    pub(crate) held_once: bool,
    /// The last called step that led to such a state.
    pub(crate) source: Option<OpId>,
}

/// How many steps are looked at to say where a stale answer came from: a courtesy, not a proof.
const SOURCES_TRIED: usize = 256;

impl<M: Model> Search<'_, M> {
    /// Where a search that remembers got stuck, if it has no result.
    pub(crate) fn stuck(&mut self) -> Option<Stuck> {
        let Furthest {
            place,
            order,
            states,
        } = self.furthest.take()?;
        let step = self.hopeless.or_else(|| self.returning(place))?;
        let kind = self.kinds[step as usize];
        let holds: Vec<State> = (0..self.table.states())
            .filter(|&state| self.table.step(state, kind).is_some())
            .collect();
        Some(Stuck {
            step: self.steps[step as usize].op.id,
            order: self.ids(&order),
            states: states
                .iter()
                .map(|&state| self.table.label(state))
                .collect(),
            held_once: !holds.is_empty(),
            source: self.source(&holds),
        })
    }

    /// The last called step that led to one of these states.
    fn source(&self, holds: &[State]) -> Option<OpId> {
        let leads = |kind: Kind| {
            (0..self.table.states()).any(|state| {
                let next = self.table.known(state, kind);
                next.is_some_and(|next| next != state && holds.binary_search(&next).is_ok())
            })
        };
        let mut recent = self.steps.iter().zip(&self.kinds).rev().take(SOURCES_TRIED);
        let (step, _) = recent.find(|(_, kind)| leads(**kind))?;
        Some(step.op.id)
    }
}
