//! The operations of one part of an object, as searches take them.

use std::collections::BTreeMap;

use crate::domain::Domain;
use crate::history::{History, Op, Outcome, Time};
use crate::model::{Model, RetOf};

/// One operation, the answer it is held to, and when it must have taken effect.
#[derive(Debug)]
pub(crate) struct Step<'h, D: Domain> {
    pub(crate) op: &'h Op<D>,
    /// `None`: held to no answer, and it may have taken no effect at all.
    pub(crate) ret: Option<&'h D::Ret>,
    /// `None`: it may take effect at any time after its call.
    pub(crate) until: Option<Time>,
}

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
            Outcome::Unknown => Some(Step::unknown(op)),
            Outcome::Ok(ret) => Some(Step {
                op,
                ret: Some(ret),
                until: op.returned,
            }),
        }
    }

    /// The same operation, whose return is not known.
    pub(crate) fn unknown(op: &'h Op<D>) -> Self {
        let (ret, until) = (None, None);
        Step { op, ret, until }
    }

    /// The same operation, held to no answer: within its interval it took effect or it did not.
    pub(crate) fn relaxed(self) -> Self {
        Step { ret: None, ..self }
    }

    /// Whether it may take effect at any time after its call.
    pub(crate) fn open_ended(&self) -> bool {
        self.until.is_none()
    }
}

/// The operations that belong to one part, in the order of their calls.
#[derive(Clone, Debug)]
pub(crate) struct Part<'h, D: Domain> {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step<'h, D>>,
}

impl<D: Domain> Part<'_, D> {
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
        self.steps.iter().filter(|step| step.ret.is_none()).count() as u64
    }
}

/// All parts, in the order of their first calls. Operations that failed belong to none.
pub(crate) fn parts<'h, M: Model>(
    model: &M,
    history: &'h History<M::Domain>,
) -> Vec<Part<'h, M::Domain>> {
    let mut parts: Vec<Part<'h, M::Domain>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for step in history.ops().iter().filter_map(Step::recorded) {
        let name = model.part(&step.op.call);
        let place = *places.entry(name.clone()).or_insert_with(|| {
            parts.push(Part {
                name,
                steps: Vec::new(),
            });
            parts.len() - 1
        });
        parts[place].steps.push(step);
    }
    parts
}

/// The answers that all operations of these steps are held to.
pub(crate) fn answered<'h, M: Model>(
    steps: &[Step<'h, M::Domain>],
) -> Vec<(&'h <M::Domain as Domain>::Call, &'h RetOf<M>)> {
    steps
        .iter()
        .filter_map(|step| Some((&step.op.call, step.ret?)))
        .collect()
}
