//! Keys with siblings: a put replaces what its context has seen, and nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::sequential::Model;
use crate::history::{History, Op, OpId, Outcome};
use crate::kv::{Kv, KvCall, KvRet};

/// The multi-value register of one history: each key holds the versions that no later version covers.
///
/// A context names the operations whose answers the writer had seen, so the model belongs to one
/// history and resolves each context to versions: a get stands for the values it returned, a put for
/// its own, and both for all that the puts of these values covered. A covered version never comes
/// back, not even if its put takes effect later.
#[derive(Clone, Debug)]
pub struct MultiValue {
    keys: BTreeMap<String, BTreeMap<String, u32>>,
    stands_for: BTreeMap<OpId, Versions>,
}

/// Why the contexts of a history do not say what they cover.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unresolved {
    /// Two puts of one key write the same value, so the value does not name its put.
    Repeated {
        /// The second put.
        op: OpId,
        /// The first.
        first: OpId,
    },
    /// A context names an operation that is not in the history, belongs to another key, or was called
    /// later.
    Foreign {
        /// The write with the context.
        op: OpId,
        /// The operation it names.
        context: OpId,
    },
    /// A context names a get of unknown outcome, or an operation that failed.
    Unanswered {
        /// The write with the context.
        op: OpId,
        /// The operation it names.
        context: OpId,
    },
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unresolved::Repeated { op, first } => {
                write!(
                    f,
                    "{op} writes the value of {first} again, and values must be unique"
                )
            }
            Unresolved::Foreign { op, context } => write!(
                f,
                "{op} passes the context of {context}, which is no earlier operation on its key"
            ),
            Unresolved::Unanswered { op, context } => {
                write!(
                    f,
                    "{op} passes the context of {context}, which has no answer"
                )
            }
        }
    }
}

impl std::error::Error for Unresolved {}

/// The versions of one key that are visible, and those that are covered for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Siblings {
    live: Vec<String>,
    covered: Versions,
}

/// A set of versions of one key, by the order of their puts. The last word is never zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Versions(Vec<u64>);

impl Versions {
    fn has(&self, version: u32) -> bool {
        let word = self.0.get(version as usize / 64).copied().unwrap_or(0);
        word >> (version % 64) & 1 == 1
    }

    fn insert(&mut self, version: u32) {
        let word = version as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (version % 64);
    }

    fn add(&mut self, other: &Versions) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

impl MultiValue {
    /// Resolves the contexts of a history: O(n) unions of sets of versions of one key.
    ///
    /// Failed operations count for nothing.
    ///
    /// # Errors
    /// The first write whose value or context is ambiguous.
    pub fn of(history: &History<Kv>) -> Result<Self, Unresolved> {
        let ops: Vec<&Op<Kv>> = history
            .ops()
            .iter()
            .filter(|op| op.outcome != Outcome::Fail)
            .collect();
        let mut keys: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        let mut puts: BTreeMap<(&str, &str), OpId> = BTreeMap::new();
        for op in &ops {
            if let KvCall::Put { key, value, .. } = &op.call {
                if let Some(first) = puts.insert((key, value), op.id) {
                    return Err(Unresolved::Repeated { op: op.id, first });
                }
                let versions = keys.entry(key.clone()).or_default();
                let version = versions.len() as u32;
                versions.insert(value.clone(), version);
            }
            for &context in op.call.context() {
                resolvable(history, op, context)?;
            }
        }
        let mut model = MultiValue {
            keys,
            stands_for: BTreeMap::new(),
        };
        // In the order of calls one pass is enough, unless a context or value comes from the future.
        while model.resolve(&ops, &puts) {}
        Ok(model)
    }

    /// One pass over all operations; whether it found anything new.
    fn resolve(&mut self, ops: &[&Op<Kv>], puts: &BTreeMap<(&str, &str), OpId>) -> bool {
        let mut grew = false;
        for op in ops {
            let mut all = self.covered(&op.call);
            if let KvCall::Put { key, value, .. } = &op.call {
                all.insert(self.keys[key][value]);
            }
            if let Outcome::Ok(KvRet::Values(values)) = &op.outcome {
                for value in values {
                    let put = puts.get(&(op.call.key(), value.as_str()));
                    if let Some(seen) = put.and_then(|put| self.stands_for.get(put)) {
                        all.add(seen);
                    }
                }
            }
            if self.stands_for.get(&op.id) != Some(&all) {
                self.stands_for.insert(op.id, all);
                grew = true;
            }
        }
        grew
    }

    /// What the contexts of a call stand for.
    fn covered(&self, call: &KvCall) -> Versions {
        let mut all = Versions::default();
        for context in call.context() {
            if let Some(seen) = self.stands_for.get(context) {
                all.add(seen);
            }
        }
        all
    }

    fn version(&self, key: &str, value: &str) -> Option<u32> {
        self.keys.get(key)?.get(value).copied()
    }

    fn write(&self, state: &Siblings, call: &KvCall) -> Siblings {
        let mut after = state.clone();
        after.covered.add(&self.covered(call));
        let key = call.key();
        let visible = |value: &String, covered: &Versions| {
            !self
                .version(key, value)
                .is_some_and(|version| covered.has(version))
        };
        if let KvCall::Put { value, .. } = call
            && let Err(place) = after.live.binary_search(value)
        {
            after.live.insert(place, value.clone());
        }
        let Siblings { live, covered } = &mut after;
        live.retain(|value| visible(value, covered));
        after
    }
}

fn resolvable(history: &History<Kv>, op: &Op<Kv>, context: OpId) -> Result<(), Unresolved> {
    let (seen, op_id) = (history.op(context), op.id);
    let Some(seen) = seen.filter(|seen| seen.line < op.line && seen.call.key() == op.call.key())
    else {
        return Err(Unresolved::Foreign { op: op_id, context });
    };
    match (&seen.call, &seen.outcome) {
        (_, Outcome::Fail) | (KvCall::Get { .. }, Outcome::Unknown) => {
            Err(Unresolved::Unanswered { op: op_id, context })
        }
        _ => Ok(()),
    }
}

impl Model for MultiValue {
    type Domain = Kv;
    type State = Siblings;

    fn initial(&self) -> Siblings {
        Siblings::default()
    }

    fn step(&self, state: &Siblings, call: &KvCall, ret: Option<&KvRet>) -> Option<Siblings> {
        match (call, ret) {
            (KvCall::Get { .. }, None) => Some(state.clone()),
            (KvCall::Get { .. }, Some(KvRet::Values(values))) => {
                let mut sorted: Vec<&String> = values.iter().collect();
                sorted.sort_unstable();
                // The object is a set. That one write became two is for sibling preservation to say.
                sorted.dedup();
                sorted
                    .iter()
                    .copied()
                    .eq(&state.live)
                    .then(|| state.clone())
            }
            (KvCall::Put { .. } | KvCall::Delete { .. }, None | Some(KvRet::Stored)) => {
                Some(self.write(state, call))
            }
            _ => None,
        }
    }

    fn part<'a>(&self, call: &'a KvCall) -> Cow<'a, str> {
        Cow::Borrowed(call.key())
    }

    fn reads_only(&self, call: &KvCall, _ret: Option<&KvRet>) -> bool {
        !call.writes()
    }

    fn refutable(&self, call: &KvCall, ret: &KvRet) -> bool {
        !call.writes() || *ret != KvRet::Stored
    }

    /// A put whose value no get returned was covered before anyone looked, and what covers it covers
    /// all that it covers. Only a put that covers itself, by a context from the future, hides alone.
    fn unobserved(&self, calls: &[&KvCall], answered: &[(&KvCall, &KvRet)]) -> Vec<bool> {
        let mut seen: Vec<&str> = answered
            .iter()
            .filter_map(|(_, ret)| match ret {
                KvRet::Values(values) => Some(values),
                KvRet::Stored => None,
            })
            .flatten()
            .map(String::as_str)
            .collect();
        seen.sort_unstable();
        let useless = |call: &&KvCall| match call {
            KvCall::Get { .. } => true,
            KvCall::Put { key, value, .. } => {
                let version = self.version(key, value);
                let own = version.is_some_and(|version| self.covered(call).has(version));
                !own && seen.binary_search(&value.as_str()).is_err()
            }
            KvCall::Delete { .. } => false,
        };
        calls.iter().map(useless).collect()
    }

    /// What is covered stays covered; what is live and not returned has to be covered; what is returned
    /// and not yet live has to be put.
    fn within_reach(
        &self,
        state: &Siblings,
        call: &KvCall,
        ret: &KvRet,
        means: &mut dyn Iterator<Item = &KvCall>,
    ) -> bool {
        let KvRet::Values(values) = ret else {
            return true;
        };
        let key = call.key();
        let version = |value: &String| self.version(key, value);
        let gone = |version: Option<u32>| version.is_none_or(|version| state.covered.has(version));
        if values.iter().any(|value| gone(version(value))) {
            return false;
        }
        let extra = state.live.iter().filter(|value| !values.contains(value));
        let mut extra: Vec<u32> = extra.filter_map(version).collect();
        let mut wanted: Vec<&String> = values
            .iter()
            .filter(|value| state.live.binary_search(value).is_err())
            .collect();
        while !(extra.is_empty() && wanted.is_empty()) {
            let Some(write) = means.next() else {
                return false;
            };
            let covered = self.covered(write);
            extra.retain(|&version| !covered.has(version));
            if let KvCall::Put { value, .. } = write {
                wanted.retain(|wanted| *wanted != value);
            }
        }
        true
    }

    fn state_label(&self, state: &Siblings) -> String {
        match state.live.as_slice() {
            [] => "nothing".into(),
            values => values.join(" | "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Entry, Process, Time};

    fn get() -> KvCall {
        KvCall::Get { key: "x".into() }
    }

    fn put(value: &str, context: &[u64]) -> KvCall {
        KvCall::Put {
            key: "x".into(),
            value: value.into(),
            context: context.iter().copied().map(OpId).collect(),
        }
    }

    fn values(values: &[&str]) -> KvRet {
        KvRet::Values(values.iter().map(|value| (*value).into()).collect())
    }

    /// Calls one after the other, named 0, 1, 2, and so on.
    fn history(lines: &[(KvCall, Outcome<KvRet>)]) -> History<Kv> {
        let mut entries = Vec::new();
        for (number, (call, outcome)) in lines.iter().enumerate() {
            let (op, at) = (OpId(number as u64), Time(number as u64));
            let (process, call) = (Process(number as u64), call.clone());
            entries.push(Entry::Invoke {
                op,
                at,
                process,
                call,
            });
            let outcome = outcome.clone();
            entries.push(Entry::Return { op, at, outcome });
        }
        History::new(entries).expect("one call after the other")
    }

    /// The values left after these writes, by place in the history.
    fn left(history: &History<Kv>, writes: &[usize]) -> Vec<String> {
        let model = MultiValue::of(history).expect("every context is resolved");
        let mut state = model.initial();
        for &write in writes {
            let call = &history.ops()[write].call;
            state = model
                .step(&state, call, Some(&KvRet::Stored))
                .expect("a write is always possible");
        }
        state.live
    }

    fn stored(call: KvCall) -> (KvCall, Outcome<KvRet>) {
        (call, Outcome::Ok(KvRet::Stored))
    }

    #[test]
    fn a_put_replaces_what_its_context_has_seen_and_nothing_else() {
        let seen = (get(), Outcome::Ok(values(&["a"])));
        let history = history(&[
            stored(put("a", &[])),
            stored(put("b", &[])),
            seen,
            stored(put("c", &[2])),
            stored(put("d", &[3])),
        ]);
        assert_eq!(left(&history, &[0, 1]), ["a", "b"]);
        assert_eq!(left(&history, &[0, 1, 3]), ["b", "c"]);
        assert_eq!(left(&history, &[0, 1, 4]), ["b", "d"], "d covers c's past");
    }

    #[test]
    fn an_answer_is_a_set() {
        let history = history(&[stored(put("a", &[])), stored(put("b", &[]))]);
        let model = MultiValue::of(&history).expect("every context is resolved");
        let [one, two] = history.ops() else {
            panic!("two puts");
        };
        let stored = Some(&KvRet::Stored);
        let state = model.step(&model.initial(), &one.call, stored);
        let state = state.expect("a write is always possible");
        let state = model.step(&state, &two.call, stored);
        let state = state.expect("a write is always possible");
        let answers = |answer: &[&str]| {
            let answer = values(answer);
            model.step(&state, &get(), Some(&answer)).is_some()
        };
        assert!(answers(&["b", "a"]) && answers(&["a", "b", "a"]));
        assert!(!answers(&["a", "a"]) && !answers(&["a"]));
    }

    #[test]
    fn a_covered_value_never_comes_back() {
        let lost = (put("a", &[]), Outcome::Unknown);
        let history = history(&[lost, stored(put("b", &[0]))]);
        assert_eq!(left(&history, &[1, 0]), ["b"]);
        assert_eq!(left(&history, &[0, 1]), ["b"]);
    }

    #[test]
    fn a_delete_takes_what_it_has_seen() {
        let delete = |context: &[u64]| KvCall::Delete {
            key: "x".into(),
            context: context.iter().copied().map(OpId).collect(),
        };
        let history = history(&[
            stored(put("a", &[])),
            stored(put("b", &[])),
            stored(delete(&[1])),
            stored(delete(&[])),
        ]);
        assert_eq!(left(&history, &[0, 1, 2, 3]), ["a"]);
    }

    #[test]
    fn a_get_returns_every_sibling_in_any_order() {
        let history = history(&[stored(put("a", &[])), stored(put("b", &[]))]);
        let model = MultiValue::of(&history).expect("no contexts");
        let mut state = model.initial();
        assert!(model.step(&state, &get(), Some(&values(&[]))).is_some());
        for op in history.ops() {
            state = model
                .step(&state, &op.call, None)
                .expect("a write is always possible");
        }
        for (answer, possible) in [
            (values(&["a", "b"]), true),
            (values(&["b", "a"]), true),
            (values(&["a", "b", "b"]), true),
            (values(&["a"]), false),
            (values(&["a", "b", "z"]), false),
            (KvRet::Stored, false),
        ] {
            let after = model.step(&state, &get(), Some(&answer));
            assert_eq!(after.is_some(), possible, "{answer:?}");
        }
        assert!(
            model
                .step(&state, &put("c", &[]), Some(&values(&[])))
                .is_none()
        );
    }

    #[test]
    fn contexts_and_values_that_say_nothing_are_refused() {
        let unresolved = |lines: &[(KvCall, Outcome<KvRet>)]| MultiValue::of(&history(lines)).err();
        let (op, context) = (OpId(1), OpId(0));
        assert_eq!(
            unresolved(&[stored(put("a", &[])), stored(put("a", &[]))]),
            Some(Unresolved::Repeated { op, first: OpId(0) })
        );
        let elsewhere = KvCall::Get { key: "y".into() };
        assert_eq!(
            unresolved(&[
                (elsewhere, Outcome::Ok(values(&[]))),
                stored(put("a", &[0]))
            ]),
            Some(Unresolved::Foreign { op, context })
        );
        assert_eq!(
            unresolved(&[stored(put("a", &[1])), stored(put("b", &[]))]),
            Some(Unresolved::Foreign {
                op: OpId(0),
                context: OpId(1)
            })
        );
        assert_eq!(
            unresolved(&[(get(), Outcome::Unknown), stored(put("a", &[0]))]),
            Some(Unresolved::Unanswered { op, context })
        );
        let failed = (put("a", &[7]), Outcome::Fail);
        assert_eq!(unresolved(&[failed, stored(put("a", &[]))]), None);
    }

    #[test]
    fn an_answer_is_out_of_reach_once_covered_or_never_put() {
        let history = history(&[
            stored(put("a", &[])),
            stored(put("b", &[0])),
            stored(put("c", &[])),
        ]);
        let model = MultiValue::of(&history).expect("every context is resolved");
        let calls: Vec<KvCall> = history.ops().iter().map(|op| op.call.clone()).collect();
        let after = |writes: &[usize]| Siblings {
            live: left(&history, writes),
            ..writes.iter().fold(model.initial(), |state, &write| {
                model.write(&state, &calls[write])
            })
        };
        for (done, means, seen, reached) in [
            (vec![0], vec![1], vec!["b"], true),
            (vec![0], vec![2], vec!["c"], false),
            (vec![0], vec![1, 2], vec!["c", "b"], true),
            (vec![0, 1], vec![0, 1, 2], vec!["a"], false),
            (vec![], vec![0, 1], vec!["c"], false),
        ] {
            let mut means = means.iter().map(|&call| &calls[call]);
            let state = after(&done);
            let found = model.within_reach(&state, &get(), &values(&seen), &mut means);
            assert_eq!(found, reached, "{done:?} {seen:?}");
        }
    }
}
