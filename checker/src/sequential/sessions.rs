//! The operations of one part of an object, session by session.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::domain::Domain;
use crate::history::{History, Op, Outcome};
use crate::model::Model;

/// One operation of a session.
#[derive(Debug)]
pub(super) struct Turn<'h, D: Domain> {
    pub(super) op: &'h Op<D>,
    /// Whether it must take effect.
    pub(super) must: bool,
}

#[expect(
    clippy::expl_impl_clone_on_copy,
    reason = "a derived copy would ask the same of calls and answers"
)]
impl<D: Domain> Clone for Turn<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Domain> Copy for Turn<'_, D> {}

/// An operation of unknown outcome: possible at any time once its session has come that far.
#[derive(Debug)]
pub(super) struct Stray<'h, D: Domain> {
    pub(super) op: &'h Op<D>,
    pub(super) session: usize,
    /// How many answered operations of its session come before it.
    pub(super) behind: usize,
}

#[expect(
    clippy::expl_impl_clone_on_copy,
    reason = "a derived copy would ask the same of calls and answers"
)]
impl<D: Domain> Clone for Stray<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Domain> Copy for Stray<'_, D> {}

/// The operations that belong to one part.
#[derive(Clone, Debug)]
pub(super) struct Part<'h, D: Domain> {
    pub(super) name: String,
    /// Answered operations by session, in the order of the session's calls.
    pub(super) sessions: Vec<Vec<Turn<'h, D>>>,
    /// Operations of unknown outcome, in the order of their calls.
    pub(super) strays: Vec<Stray<'h, D>>,
}

impl<'h, D: Domain> Part<'h, D> {
    /// The part as a reader names it.
    pub(super) fn label(&self) -> String {
        if self.name.is_empty() {
            "the history".into()
        } else {
            format!("key {}", self.name)
        }
    }

    /// All answered operations, session by session.
    pub(super) fn turns(&self) -> impl Iterator<Item = &Turn<'h, D>> {
        self.sessions.iter().flatten()
    }

    /// Leaves out what no answer can miss: operations of unknown outcome that only read, or whose effect
    /// no answer shows.
    fn trim<M: Model<Domain = D>>(&mut self, model: &M) {
        let answered: Vec<_> = self
            .turns()
            .filter_map(|turn| Some((&turn.op.call, turn.op.outcome.ok()?)))
            .collect();
        let calls: Vec<_> = self.strays.iter().map(|stray| &stray.op.call).collect();
        let mut unobserved = model.unobserved(&calls, &answered).into_iter();
        self.strays.retain(|stray| {
            let reads_only = model.reads_only(&stray.op.call, None);
            !unobserved.next().unwrap_or(false) && !reads_only
        });
    }
}

/// All parts, in the order of their first calls. Operations that failed belong to none.
pub(super) fn parts<'h, M: Model>(
    model: &M,
    history: &'h History<M::Domain>,
) -> Vec<Part<'h, M::Domain>> {
    let mut parts: Vec<Part<'h, M::Domain>> = Vec::new();
    let mut places: FxHashMap<Cow<'h, str>, usize> = FxHashMap::default();
    let mut sessions: FxHashMap<(usize, u64), usize> = FxHashMap::default();
    for op in history
        .ops()
        .iter()
        .filter(|op| op.outcome != Outcome::Fail)
    {
        let place = *places
            .entry(model.part(&op.call))
            .or_insert_with_key(|name| {
                parts.push(Part {
                    name: name.clone().into_owned(),
                    sessions: Vec::new(),
                    strays: Vec::new(),
                });
                parts.len() - 1
            });
        let part = &mut parts[place];
        let session = *sessions.entry((place, op.process.0)).or_insert_with(|| {
            part.sessions.push(Vec::new());
            part.sessions.len() - 1
        });
        if op.outcome.ok().is_some() {
            part.sessions[session].push(Turn { op, must: true });
        } else {
            let behind = part.sessions[session].len();
            part.strays.push(Stray {
                op,
                session,
                behind,
            });
        }
    }
    for part in &mut parts {
        part.trim(model);
    }
    parts
}
