//! Which parts of two transactions make one depend on the other.

use rustc_hash::{FxHashMap, FxHashSet};

use super::book::{Book, Did, Part};
use super::edges::Link;
use super::inferred::Versions;
use super::successions::met_in_turn;
use crate::register::Value;
use crate::txn::Told;

/// The two parts that make one transaction depend on another.
pub(super) struct Proof {
    pub(super) key: u32,
    pub(super) earlier: Part,
    pub(super) later: Part,
    /// The read that shows in which order a list was appended to.
    pub(super) order: Option<Part>,
    /// Two parts of transactions that met the two versions of a register one after the other, where nothing
    /// but the order of calls tells which version was the later.
    pub(super) calls: Option<(Part, Part)>,
    /// How many versions lie between: the fewer, the plainer.
    gap: usize,
}

/// A part, what it did, and its place in the order of a list.
type Placed<'h> = (Part, Did<'h>, Option<usize>);

impl Proof {
    /// The plainest, if there is any.
    pub(super) fn find(
        book: &Book<'_>,
        from: u32,
        to: u32,
        link: Link,
        versions: &[Versions],
    ) -> Option<Proof> {
        let mut best: Option<Proof> = None;
        let mut done: FxHashSet<u32> = FxHashSet::default();
        for ask in &book.op(from).call.0 {
            let Some(key) = book.number(ask.key()).filter(|&key| done.insert(key)) else {
                continue;
            };
            let (order, read) = match versions[key as usize] {
                Versions::Unknown => continue,
                Versions::Register | Versions::Unread => (&[][..], None),
                Versions::List(read, len) => (&book.list(read)[..len as usize], Some(read)),
            };
            let places: FxHashMap<&Value, usize> = order.iter().zip(0..).collect();
            let placed = |txn| {
                let deeds = book.of(txn, ask.key());
                let deeds =
                    deeds.map(|(index, did)| (Part { txn, index }, did, place(&places, did)));
                deeds.collect::<Vec<Placed<'_>>>()
            };
            let (first, second) = (placed(from), placed(to));
            for &(earlier, one, before) in &first {
                for &(later, two, after) in &second {
                    let gap = match versions[key as usize] {
                        Versions::Register => gap_of_register(one, two, (&second, later), link),
                        _ => gap_of_list((one, before), (two, after), order.len(), link),
                    };
                    let plainest = best.as_ref().map_or(usize::MAX, |best| best.gap);
                    if let Some(gap) = gap.filter(|&gap| gap < plainest) {
                        best = Some(Proof {
                            key,
                            earlier,
                            later,
                            order: read,
                            calls: None,
                            gap,
                        });
                    }
                }
            }
        }
        let by_calls =
            |best: &Proof| best.gap > 0 && versions[best.key as usize] == Versions::Register;
        if let Some(best) = best.as_mut().filter(|best| by_calls(best)) {
            best.calls = met_in_turn(book, best.key, (from, link == Link::Ww), to);
        }
        best
    }
}

/// Where an appended element stands, or how many elements a read saw.
fn place(places: &FxHashMap<&Value, usize>, did: Did<'_>) -> Option<usize> {
    match did {
        Did::Wrote(value) => places.get(value).copied(),
        Did::Read(Told::List(list)) => Some(list.len()),
        Did::Read(Told::Value(Value::Nil)) => Some(0),
        Did::Read(_) => None,
    }
}

/// How far apart two parts are in the order of a list, if that makes this link. What was never read
/// stands at the end.
fn gap_of_list(
    (one, before): (Did<'_>, Option<usize>),
    (two, after): (Did<'_>, Option<usize>),
    end: usize,
    link: Link,
) -> Option<usize> {
    match (link, one, two) {
        (Link::Ww, Did::Wrote(_), Did::Wrote(_)) => after.unwrap_or(end).checked_sub(before? + 1),
        (Link::Wr, Did::Wrote(_), Did::Read(_)) => after?.checked_sub(before? + 1),
        (Link::Rw | Link::Update, Did::Read(_), Did::Wrote(_)) => {
            after.unwrap_or(end).checked_sub(before?.min(end))
        }
        _ => None,
    }
}

/// How plainly two parts make this link by a register: 0 if they do by themselves, 1 if by the order of
/// calls.
fn gap_of_register(
    one: Did<'_>,
    two: Did<'_>,
    (deeds, later): (&[Placed<'_>], Part),
    link: Link,
) -> Option<usize> {
    let follows = match (link, one, two) {
        (Link::Wr, Did::Wrote(one), Did::Read(Told::Value(two))) => one == two,
        (Link::Rw | Link::Update, Did::Read(Told::Value(seen)), Did::Wrote(_)) => {
            let replaces = |&(part, did, _): &Placed<'_>| {
                part.index < later.index
                    && matches!(did, Did::Read(Told::Value(read)) if read == seen)
            };
            *seen == Value::Nil || deeds.iter().any(replaces)
        }
        (Link::Ww, Did::Wrote(_), Did::Wrote(_)) => false,
        _ => return None,
    };
    match link {
        Link::Wr => follows.then_some(0),
        _ => Some(usize::from(!follows)),
    }
}
