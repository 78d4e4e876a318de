//! What the sessions of a history pass along: promises about order depend on it.

use std::collections::BTreeMap;

use checker::kv::{Kv, KvCall, KvRet};
use checker::{History, Op, OpId, Outcome, Process};

/// What holds of every session of a history; each kind is also of the kinds before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contexts {
    /// Nothing: some puts are blind or know too little.
    Blind,
    /// What a session puts covers all that it wrote and read of the key before.
    Covering,
    /// A session reads a key just before it puts it, and passes that context; or the put is the first
    /// that it does, and it knows nothing.
    ReadFirst,
}

/// The writes of one key that a version or a session knows, by the places of their calls, sorted.
type Known = Vec<usize>;

/// What the contexts of a history cover, O(n · w) for w writes of a key.
///
/// A deleted key hides what its readers have seen, so nothing is claimed of histories with deletes.
pub fn contexts(history: &History<Kv>) -> Contexts {
    let deletes = |op: &Op<Kv>| matches!(op.call, KvCall::Delete { .. });
    if history.ops().iter().any(deletes) {
        return Contexts::Blind;
    }
    Sessions::follow(history)
}

/// Who knows which write.
#[derive(Default)]
struct Sessions {
    /// The place of the put of each value.
    values: BTreeMap<(String, String), usize>,
    /// What each operation's answer or value covers, itself included.
    covered: BTreeMap<usize, Known>,
    /// The places of operations by name.
    places: BTreeMap<OpId, usize>,
    /// What each session knows of each key.
    knows: BTreeMap<(Process, String), Known>,
    /// The last operation of each session.
    last: BTreeMap<Process, usize>,
}

impl Sessions {
    /// What the contexts of a history without deletes cover.
    fn follow(history: &History<Kv>) -> Contexts {
        let ops = history.ops();
        // A get may return what was put only after it was called.
        let known = |(place, op): (usize, &Op<Kv>)| {
            let writes = op.call.writes();
            let at = if writes {
                Some(op.invoked)
            } else {
                op.returned
            };
            at.map(|at| (at, !writes, place))
        };
        let mut events: Vec<_> = ops.iter().enumerate().filter_map(known).collect();
        events.sort_unstable();
        let mut sessions = Sessions::default();
        let mut least = Contexts::ReadFirst;
        for (_, _, place) in events {
            let op = &ops[place];
            match &op.call {
                _ if op.outcome == Outcome::Fail => {}
                KvCall::Put { .. } => least = least.min(sessions.put(history, place)),
                _ => sessions.get(op, place),
            }
            sessions.last.insert(op.process, place);
        }
        least
    }

    fn put(&mut self, history: &History<Kv>, place: usize) -> Contexts {
        let op = &history.ops()[place];
        self.places.insert(op.id, place);
        let mut covered = Known::new();
        for context in op.call.context() {
            let seen = self.places.get(context).and_then(|at| self.covered.get(at));
            add(&mut covered, seen.map_or(&[], Vec::as_slice));
        }
        let key = op.call.key().to_owned();
        let knows = self.knows.entry((op.process, key)).or_default();
        let covers = knows
            .iter()
            .all(|write| covered.binary_search(write).is_ok());
        let read = self.last.get(&op.process).map(|last| &history.ops()[*last]);
        let first = read.is_none_or(|read| {
            let answered = matches!(read.outcome, Outcome::Ok(KvRet::Values(_)));
            answered && op.call.context() == [read.id] && read.call.key() == op.call.key()
        });
        add(&mut covered, &[place]);
        add(knows, &covered);
        self.covered.insert(place, covered);
        if let KvCall::Put { key, value, .. } = &op.call {
            self.values.insert((key.clone(), value.clone()), place);
        }
        match (covers, first) {
            (false, _) => Contexts::Blind,
            (true, false) => Contexts::Covering,
            (true, true) => Contexts::ReadFirst,
        }
    }

    fn get(&mut self, op: &Op<Kv>, place: usize) {
        let Outcome::Ok(KvRet::Values(values)) = &op.outcome else {
            return;
        };
        let key = op.call.key().to_owned();
        let mut covered = Known::new();
        for value in values {
            let put = self.values.get(&(key.clone(), value.clone()));
            let seen = put.and_then(|put| self.covered.get(put));
            add(&mut covered, seen.map_or(&[], Vec::as_slice));
        }
        add(self.knows.entry((op.process, key)).or_default(), &covered);
        self.places.insert(op.id, place);
        self.covered.insert(place, covered);
    }
}

fn add(known: &mut Known, more: &[usize]) {
    known.extend_from_slice(more);
    known.sort_unstable();
    known.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(picture: &str) -> Contexts {
        contexts(&checker::picture::history::<Kv>(picture))
    }

    #[test]
    fn a_session_that_reads_before_each_put_passes_what_it_knows() {
        let said = of("
            a  |g1=get x -> nothing||put x a <g1|  |g2=get x -> a, b| |put x c <g2|
            b  |g3=get x -> nothing|             |put x b <g3|
        ");
        assert_eq!(said, Contexts::ReadFirst);
    }

    #[test]
    fn a_first_put_needs_no_context_and_a_later_one_needs_all() {
        let said = of("
            a  |put x a|  |g2=get x -> a, b| |get y -> nothing|  |put x c <g2|
            b    |put x b|
        ");
        assert_eq!(said, Contexts::Covering);
        // It does not say that it had put a.
        let said = of("
            a  |put x a|  |put x b|
        ");
        assert_eq!(said, Contexts::Blind);
        // What it had seen first is not in what it saw last.
        let said = of("
            a           |g1=get x -> a||g2=get x -> nothing| |put x b <g2|
            b  |put x a|
        ");
        assert_eq!(said, Contexts::Blind);
    }

    #[test]
    fn what_was_put_while_a_get_ran_may_be_in_its_answer() {
        let said = of("
            a  |g1=get x -> b-----------| |put x c <g1|
            b  |g2=get x -> nothing||put x b <g2|
        ");
        assert_eq!(said, Contexts::ReadFirst);
    }

    #[test]
    fn nothing_is_claimed_where_something_was_deleted() {
        let said = of("
            a  |g1=get x -> nothing| |delete x <g1|
        ");
        assert_eq!(said, Contexts::Blind);
    }
}
