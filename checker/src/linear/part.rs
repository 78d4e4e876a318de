//! The operations of one part of an object, as searches take them.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::domain::Domain;
use crate::history::{History, Op, Outcome, Time};
use crate::model::Model;

/// One operation, and what is demanded of it.
#[derive(Debug)]
pub(crate) struct Step<'h, D: Domain> {
    pub(crate) op: &'h Op<D>,
    /// What it answers if it takes effect; `None`: anything.
    pub(crate) ret: Option<&'h D::Ret>,
    /// Until when it may take effect; `None`: at any time after its call.
    pub(crate) until: Option<Time>,
    /// Whether it must take effect.
    pub(crate) strict: bool,
}

#[expect(
    clippy::expl_impl_clone_on_copy,
    reason = "a derived copy would ask the same of calls and answers"
)]
impl<D: Domain> Clone for Step<'_, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Domain> Copy for Step<'_, D> {}

impl<'h, D: Domain> Step<'h, D> {
    /// The operation as it was recorded; `None` if it certainly never took effect.
    pub(crate) fn recorded(op: &'h Op<D>) -> Option<Self> {
        match &op.outcome {
            Outcome::Fail => None,
            Outcome::Unknown => Some(Step {
                op,
                ret: None,
                until: None,
                strict: false,
            }),
            Outcome::Ok(ret) => Some(Step {
                op,
                ret: Some(ret),
                until: op.returned,
                strict: true,
            }),
        }
    }

    /// The same operation, which may be left out.
    pub(crate) fn relaxed(self) -> Self {
        Step {
            strict: false,
            ..self
        }
    }

    /// The same operation, which may be left out, or take effect at any time after its call.
    pub(crate) fn unbounded(self) -> Self {
        Step {
            until: None,
            ..self.relaxed()
        }
    }
}

/// The operations that belong to one part, in the order of their calls.
#[derive(Clone, Debug)]
pub(crate) struct Part<'h, D: Domain> {
    pub(crate) name: String,
    pub(crate) ops: Vec<&'h Op<D>>,
}

impl<'h, D: Domain> Part<'h, D> {
    /// The operations as a search takes them.
    pub(crate) fn steps(&self) -> Vec<Step<'h, D>> {
        let mut steps = Vec::with_capacity(self.ops.len());
        steps.extend(self.ops.iter().filter_map(|op| Step::recorded(op)));
        steps
    }

    /// The part as a reader names it.
    pub(crate) fn label(&self) -> String {
        if self.name.is_empty() {
            "the history".into()
        } else {
            format!("key {}", self.name)
        }
    }

    /// How many operations have an unknown outcome.
    pub(crate) fn unknown(&self) -> u64 {
        let unknown = |op: &&&Op<D>| op.outcome.ok().is_none();
        self.ops.iter().filter(unknown).count() as u64
    }
}

/// Whether these are the names of one part. Mostly both are empty, which need not be compared.
#[inline]
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

/// For how many operations the first part has room from the start.
const ROOM_MAX: usize = 1 << 10;

/// All parts, in the order of their first calls. Operations that failed belong to none.
pub(crate) fn parts<'h, M: Model>(
    model: &M,
    history: &'h History<M::Domain>,
) -> Vec<Part<'h, M::Domain>> {
    let mut parts: Vec<Part<'h, M::Domain>> = Vec::new();
    let mut places: FxHashMap<Cow<'h, str>, usize> = FxHashMap::default();
    let mut last: Option<(Cow<'h, str>, usize)> = None;
    // A short history mostly has one part.
    let room = history.ops().len().min(ROOM_MAX);
    for op in history.ops() {
        if matches!(op.outcome, Outcome::Fail) {
            continue;
        }
        let name = model.part(&op.call);
        // Most histories have one part, or runs of calls of one part.
        if let Some((known, place)) = &last
            && is_same(known, &name)
        {
            parts[*place].ops.push(op);
            continue;
        }
        let place = *places.entry(name.clone()).or_insert_with_key(|name| {
            parts.push(Part {
                name: name.clone().into_owned(),
                ops: Vec::with_capacity(if parts.is_empty() { room } else { 0 }),
            });
            parts.len() - 1
        });
        parts[place].ops.push(op);
        last = Some((name, place));
    }
    parts
}
