//! The few operations behind a clash of clusters, and the facts that make it one.

use super::blocks::Clash;
use super::clusters::{Clusters, INITIAL, NONE};
use crate::domain::Domain;
use crate::history::{Op, OpId};
use crate::linear::explain::told;
use crate::model::Contradiction;
use crate::verdict::Reason;

/// How many operations that lead from one state to another are named.
const LINKS_NAMED: usize = 8;

/// An operation and the state that it saw or left.
#[derive(Clone, Copy, Debug)]
struct Named {
    place: u32,
    state: u32,
}

/// What a clash says about operations: at most four intervals, and the writers that belong to them.
///
/// They have no order by themselves, whichever other operations take effect.
pub(super) fn contradiction<D: Domain>(
    ops: &[&Op<D>],
    clusters: &Clusters,
    clash: Clash,
    by: &'static str,
    label: &dyn Fn(&Op<D>) -> String,
) -> Contradiction {
    let case = Case {
        ops,
        clusters,
        label,
    };
    let (mut places, facts, kind) = match clash {
        Clash::Unwritten(state) => case.unwritten(state),
        Clash::ReplacedTwice(state, by) => case.replaced_twice(state, by),
        Clash::Circle(state) => case.circle(state),
        Clash::Within { root, state } => case.within(root, state),
        Clash::Initial(root) => case.initial(root),
        Clash::Disagreement { state, gets } => case.disagreement(state, gets),
        Clash::Apart(roots) => case.apart(roots),
    };
    places.sort_unstable();
    places.dedup();
    let named: Vec<&Op<D>> = places.iter().map(|&place| ops[place as usize]).collect();
    Contradiction {
        by,
        ops: named.iter().map(|op| op.id).collect(),
        facts: told(&named).into_iter().chain(facts).collect(),
        kind,
    }
}

type Told = (Vec<u32>, Vec<Reason>, &'static str);

struct Case<'c, 'h, D: Domain> {
    ops: &'c [&'h Op<D>],
    clusters: &'c Clusters,
    label: &'c dyn Fn(&Op<D>) -> String,
}

impl<D: Domain> Case<'_, '_, D> {
    fn unwritten(&self, state: u32) -> Told {
        let shown = self.clusters.shown_by(state);
        let first = self.op(shown[0]);
        let text = format!(
            "no operation that may have taken effect left what `{}` found",
            first.label()
        );
        let kind = cause(first, Kind::Unwritten);
        let facts = vec![reason(text, &[first.id])];
        (shown, facts, kind)
    }

    fn replaced_twice(&self, state: u32, by: [u32; 2]) -> Told {
        let mut places = self.writer(state);
        let both = by.map(|state| self.clusters.all[state as usize].writer);
        for state in by {
            places.extend(self.support(state));
        }
        places.extend(both);
        let ids = both.map(|place| self.op(place).id);
        let text = format!(
            "both {} and {} had to find {}, which was there only once",
            ids[0],
            ids[1],
            self.state(state)
        );
        let kind = cause(self.op(both[1]), Kind::Stale);
        (places, vec![reason(text, &ids)], kind)
    }

    fn circle(&self, state: u32) -> Told {
        let (mut places, mut here) = (self.support(state), state);
        loop {
            let cluster = &self.clusters.all[here as usize];
            places.push(cluster.writer);
            here = cluster.from;
            if here == state {
                break;
            }
        }
        let text = "each of these had to find what another one of them left, and nothing else \
                    leads to any of them";
        let ids: Vec<OpId> = places.iter().map(|&place| self.op(place).id).collect();
        (
            places,
            vec![reason(text.into(), &ids)],
            "cas without what came before",
        )
    }

    fn within(&self, root: u32, state: u32) -> Told {
        let (early, late) = self
            .out_of_turn(root)
            .expect("a block clashes within only if one operation returned before another");
        debug_assert_eq!(early.state, state);
        let mut facts = vec![self.before(early, late)];
        let mut places = vec![early.place, late.place];
        let links = self.links(late.state, early.state);
        if self.writer(early.state).contains(&early.place) {
            places.extend(self.support(early.state));
        }
        let (first, second) = (self.op(early.place), self.op(late.place));
        let writes = self.clusters.all[late.state as usize].writer == late.place;
        if links.is_empty() {
            let text = format!("{} alone leads to {}", second.id, self.state(early.state));
            facts.push(reason(text, &[second.id]));
        } else {
            let text = format!(
                "{} comes before {}: each of these had to find what the one before left",
                self.state(late.state),
                self.state(early.state)
            );
            facts.push(reason(text, &links));
            places.extend(self.writer(early.state));
            places.extend(self.writer(late.state));
        }
        let kind = if writes {
            cause(first, Kind::Later)
        } else {
            cause(second, Kind::Stale)
        };
        (places, facts, kind)
    }

    /// The first operation of a block that returned before one was called that stands in front of it.
    fn out_of_turn(&self, root: u32) -> Option<(Named, Named)> {
        let mut latest: Option<Named> = None;
        for state in self.clusters.chain(root) {
            let named = |place| Named { place, state };
            let writer: Vec<Named> = self.writer(state).into_iter().map(named).collect();
            let readers: Vec<Named> = self.clusters.readers(state).map(named).collect();
            for group in [writer, readers] {
                let first = group.iter().min_by_key(|op| self.returned(op.place));
                if let (Some(&early), Some(late)) = (first, latest)
                    && self.returned(early.place) < self.called(late)
                {
                    return Some((early, late));
                }
                for op in group {
                    if latest.is_none_or(|latest| self.called(latest) < self.called(op)) {
                        latest = Some(op);
                    }
                }
            }
        }
        None
    }

    fn disagreement(&self, state: u32, gets: [u32; 2]) -> Told {
        let mut places = self.writer(state);
        places.extend(gets);
        let (ids, what) = (gets.map(|place| self.op(place).id), self.state(state));
        let text = if ids[0] == ids[1] {
            format!("{} saw {what} twice, and it was appended only once", ids[0])
        } else {
            format!(
                "{} and {} saw {what} behind different strings, and it was appended only once",
                ids[0], ids[1]
            )
        };
        (places, vec![reason(text, &ids)], "gets of different orders")
    }

    fn initial(&self, root: u32) -> Told {
        let (early, late) = (self.earliest(root), self.latest(0));
        let text = format!(
            "{} comes first: nobody leads to what the object begins with",
            self.state(late.state)
        );
        let facts = vec![
            self.before(early, late),
            reason(text, &[self.op(late.place).id]),
        ];
        let kind = cause(self.op(late.place), Kind::Stale);
        (self.with_writers(&[early, late]), facts, kind)
    }

    fn apart(&self, roots: [u32; 2]) -> Told {
        let [one, two] = roots.map(|root| (self.earliest(root), self.latest(root)));
        let together = |(early, late): (Named, Named)| {
            let what = if early.state == late.state {
                self.state(early.state)
            } else {
                format!(
                    "{} and {}, and what leads from one to the other",
                    self.state(early.state),
                    self.state(late.state)
                )
            };
            let ids = [early, late].map(|op| self.op(op.place).id);
            let text = format!("nothing else stands between those that left or saw {what}");
            (early.place != late.place).then(|| reason(text, &ids))
        };
        let mut facts = vec![self.before(one.0, two.1), self.before(two.0, one.1)];
        facts.extend([one, two].into_iter().filter_map(together));
        let last = if self.called(one.1) < self.called(two.1) {
            two.1
        } else {
            one.1
        };
        let kind = cause(self.op(last.place), Kind::Stale);
        (
            self.with_writers(&[one.0, one.1, two.0, two.1]),
            facts,
            kind,
        )
    }

    fn op(&self, place: u32) -> &Op<D> {
        self.ops[place as usize]
    }

    fn called(&self, named: Named) -> u64 {
        self.op(named.place).invoked.0
    }

    fn returned(&self, place: u32) -> u64 {
        self.op(place).returned.map_or(u64::MAX, |at| at.0)
    }

    /// The writer of a state, if an operation wrote it.
    fn writer(&self, state: u32) -> Vec<u32> {
        let writer = self.clusters.all[state as usize].writer;
        let known = writer != NONE && writer != INITIAL;
        known.then_some(writer).into_iter().collect()
    }

    /// What shows that the writer of a state took effect, if that is not known from its own outcome.
    fn support(&self, state: u32) -> Vec<u32> {
        if self.clusters.unknown(state) {
            self.clusters.shown_by(state)
        } else {
            Vec::new()
        }
    }

    /// These operations, the writers of their states, and what shows that they took effect.
    fn with_writers(&self, named: &[Named]) -> Vec<u32> {
        let mut places = Vec::new();
        for &Named { place, state } in named {
            places.push(place);
            let writer = self.writer(state);
            if writer.contains(&place) {
                places.extend(self.support(state));
            }
            places.extend(writer);
        }
        places
    }

    /// The operations of a block with their states.
    fn block(&self, root: u32) -> impl Iterator<Item = Named> {
        self.clusters.chain(root).flat_map(move |state| {
            let writer = self.writer(state).into_iter();
            let all = writer.chain(self.clusters.readers(state));
            all.map(move |place| Named { place, state })
        })
    }

    fn earliest(&self, root: u32) -> Named {
        self.block(root)
            .min_by_key(|op| self.returned(op.place))
            .expect("a block that clashes has an operation")
    }

    fn latest(&self, root: u32) -> Named {
        self.block(root)
            .min_by_key(|&op| std::cmp::Reverse(self.called(op)))
            .expect("a block that clashes has an operation")
    }

    /// The operations that lead from one state to another.
    fn links(&self, from: u32, to: u32) -> Vec<OpId> {
        let states = self.clusters.chain(from).skip(1).take(LINKS_NAMED);
        let mut links = Vec::new();
        for state in states {
            if from == to {
                break;
            }
            links.push(self.op(self.clusters.all[state as usize].writer).id);
            if state == to {
                break;
            }
        }
        links
    }

    fn before(&self, early: Named, late: Named) -> Reason {
        let (early, late) = (self.op(early.place), self.op(late.place));
        let text = format!(
            "{} returned at {}, before {} was called at {}",
            early.id,
            early.returned.map_or(u64::MAX, |at| at.0),
            late.id,
            late.invoked.0
        );
        reason(text, &[early.id, late.id])
    }

    /// A state as a reader says it.
    fn state(&self, state: u32) -> String {
        let named = self.writer(state).into_iter();
        let mut named = named.chain(self.clusters.readers(state));
        match named.next() {
            Some(place) => (self.label)(self.op(place)),
            None => "what the object begins with".into(),
        }
    }
}

/// What is wrong with the last operation of a contradiction.
#[derive(Clone, Copy)]
enum Kind {
    /// It saw what had been replaced.
    Stale,
    /// It saw what nobody wrote.
    Unwritten,
    /// It saw what was written later.
    Later,
}

/// The kind of contradiction, without a word of this very history.
fn cause<D: Domain>(op: &Op<D>, kind: Kind) -> &'static str {
    let call = D::call_label(&op.call);
    let action = call.split(' ').next().unwrap_or_default();
    match (action, kind) {
        ("cas", Kind::Stale) => "stale cas",
        ("cas", Kind::Unwritten) => "cas of what nobody wrote",
        ("cas", Kind::Later) => "cas of what came later",
        ("get", Kind::Stale) => "stale get",
        ("get", Kind::Unwritten) => "get of what nobody wrote",
        ("get", Kind::Later) => "get of what came later",
        (_, Kind::Stale) => "stale read",
        (_, Kind::Unwritten) => "read of what nobody wrote",
        (_, Kind::Later) => "read of what came later",
    }
}

fn reason(text: String, ops: &[OpId]) -> Reason {
    Reason {
        text,
        ops: ops.to_vec(),
    }
}
