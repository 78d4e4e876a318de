//! The trait of sequential objects, against which concurrent histories are judged.

use std::borrow::Cow;
use std::fmt::Debug;
use std::hash::Hash;

use crate::domain::Domain;
use crate::history::{Op, OpId};
use crate::verdict::Reason;

/// The calls of a model.
pub type CallOf<M> = <<M as Model>::Domain as Domain>::Call;

/// The answers of a model.
pub type RetOf<M> = <<M as Model>::Domain as Domain>::Ret;

/// What a special case decided about one part, with what a reader needs to check it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shortcut {
    /// This order explains every answer.
    Explained {
        /// The operations that take effect.
        order: Vec<OpId>,
        /// The special case, as reports name it: `zones`.
        by: &'static str,
    },
    /// There is no order.
    Contradicted(Contradiction),
}

/// A few operations that contradict each other by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The special case, as reports name it: `zones`.
    pub by: &'static str,
    /// The operations, as few as prove it.
    pub ops: Vec<OpId>,
    /// The facts, each of which can be checked in the history; together they leave no order.
    pub facts: Vec<Reason>,
    /// Equal for contradictions of one kind, whatever their values and times: `stale read`.
    pub kind: &'static str,
}

/// A sequential object: what each call does to its state, and what it may answer.
///
/// A call's effect is a function of the state. So an unknown outcome is not a choice of effects: the
/// call did at some moment what it does in the state of that moment, or it never took place.
///
/// Two laws bind [`Model::step`]. Wherever a step with an answer is possible, the step of the same call
/// without an answer is possible too and leads to the same state. And a step without an answer is
/// possible in every state.
pub trait Model: Sync {
    /// The alphabet of the calls.
    type Domain: Domain<Call: Hash, Ret: Hash>;
    /// What the object remembers.
    type State: Clone + Eq + Hash + Debug + Send + Sync;

    /// What the object remembers before the first call.
    fn initial(&self) -> Self::State;

    /// The state after this call; `None` if the call could not have answered this in this state.
    /// Without an answer the outcome is unknown, and every answer is possible.
    fn step(
        &self,
        state: &Self::State,
        call: &CallOf<Self>,
        ret: Option<&RetOf<Self>>,
    ) -> Option<Self::State>;

    /// [`Model::step`] in place: whether the step is possible. If not, what is left as the state is of no
    /// use any more. Saves copies where states are large.
    fn advance(
        &self,
        state: &mut Self::State,
        call: &CallOf<Self>,
        ret: Option<&RetOf<Self>>,
    ) -> bool {
        match self.step(state, call, ret) {
            Some(next) => {
                *state = next;
                true
            }
            None => false,
        }
    }

    /// The part of the object that the call belongs to. Parts do not influence one another, so each
    /// is searched apart.
    fn part<'a>(&self, call: &'a CallOf<Self>) -> Cow<'a, str>;

    /// Whether this step leaves every state in which it is possible as it is. `false` is always safe.
    fn reads_only(&self, _call: &CallOf<Self>, _ret: Option<&RetOf<Self>>) -> bool {
        false
    }

    /// Whether some state refuses this answer: only such answers put a promise to the test.
    fn refutable(&self, call: &CallOf<Self>, ret: &RetOf<Self>) -> bool;

    /// For each of these calls, whether no answer depends on it: whenever an order of the operations of
    /// one part explains the answers, it explains them without any of those calls as well. `false` is
    /// always safe. The calls are those whose own answers, if they have any, no state refuses, or which may
    /// be left out together with their answers. Of operations with equal calls and answers one is passed,
    /// however many there are.
    fn unobserved(
        &self,
        calls: &[&CallOf<Self>],
        _answered: &[(&CallOf<Self>, &RetOf<Self>)],
    ) -> Vec<bool> {
        vec![false; calls.len()]
    }

    /// Whether some of these calls, in some order and each as often as need be, could lead from the state
    /// to one in which this answer is possible. Calls of one kind are passed once, however many wait.
    /// `true` is always safe.
    fn within_reach(
        &self,
        _state: &Self::State,
        _call: &CallOf<Self>,
        _ret: &RetOf<Self>,
        _means: &mut dyn Iterator<Item = &CallOf<Self>>,
    ) -> bool {
        true
    }

    /// For how many configurations more than one a state counts in a budget, so that a budget bounds memory
    /// where states are large.
    fn weight(&self, _state: &Self::State) -> u64 {
        0
    }

    /// Decides a part by what is special about this object, near-linearly; `None` where nothing special
    /// applies, and the search must.
    ///
    /// `ops` are the operations of one part in the order of their calls, without those that failed. Must
    /// agree with the search on everything it decides; an order is replayed before it is believed.
    fn shortcut(&self, _ops: &[&Op<Self::Domain>]) -> Option<Shortcut> {
        None
    }

    /// The state as a reader says it.
    fn state_label(&self, state: &Self::State) -> String {
        format!("{state:?}")
    }
}
