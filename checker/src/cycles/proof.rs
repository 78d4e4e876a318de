//! Which parts of two transactions make one depend on the other.

use super::book::{Book, Did, Part};
use super::edges::Link;
use super::inferred::Versions;
use crate::register::Value;
use crate::txn::Told;

/// The two parts that make one transaction depend on another.
pub(super) struct Proof {
    pub(super) key: u32,
    pub(super) earlier: Part,
    pub(super) later: Part,
    /// The read that shows in which order a list was appended to.
    pub(super) order: Option<Part>,
    /// How many versions lie between: the fewer, the plainer.
    gap: usize,
}

impl Proof {
    /// The plainest, if there is any.
    pub(super) fn find(
        book: &Book<'_>,
        from: u32,
        to: u32,
        link: Link,
        versions: &[Versions],
    ) -> Option<Proof> {
        let mut proofs: Vec<Proof> = Vec::new();
        let mut done: Vec<u32> = Vec::new();
        for ask in &book.op(from).call.0 {
            let Some(key) = book.number(ask.key()).filter(|key| !done.contains(key)) else {
                continue;
            };
            done.push(key);
            for (index, first) in book.of(from, ask.key()) {
                let earlier = Part { txn: from, index };
                for (index, second) in book.of(to, ask.key()) {
                    let later = Part { txn: to, index };
                    let gap = match versions[key as usize] {
                        Versions::Unknown => None,
                        Versions::Register => {
                            gap_of_register(book, key, first, (later, second), link)
                        }
                        Versions::Unread => gap_of_list(&[], first, second, link),
                        Versions::List(read, len) => {
                            let order = &book.list(read)[..len as usize];
                            gap_of_list(order, first, second, link)
                        }
                    };
                    let order = match versions[key as usize] {
                        Versions::List(read, _) => Some(read),
                        _ => None,
                    };
                    proofs.extend(gap.map(|gap| Proof {
                        key,
                        earlier,
                        later,
                        order,
                        gap,
                    }));
                }
            }
        }
        proofs.into_iter().min_by_key(|proof| proof.gap)
    }
}

/// How far apart two parts are in the order of a list, if that makes this link.
fn gap_of_list(order: &[Value], first: Did<'_>, second: Did<'_>, link: Link) -> Option<usize> {
    let end = order.len();
    let position = |value: &Value| order.iter().position(|one| one == value);
    let length = |told: &Told| match told {
        Told::List(list) => Some(list.len()),
        Told::Value(Value::Nil) => Some(0),
        _ => None,
    };
    match (link, first, second) {
        (Link::Ww, Did::Wrote(one), Did::Wrote(two)) => {
            let one = position(one)?;
            position(two).unwrap_or(end).checked_sub(one + 1)
        }
        (Link::Wr, Did::Wrote(one), Did::Read(told)) => {
            length(told)?.checked_sub(position(one)? + 1)
        }
        (_, Did::Read(told), Did::Wrote(two)) => position(two)
            .unwrap_or(end)
            .checked_sub(length(told)?.min(end)),
        _ => None,
    }
}

/// Whether two parts make this link by a register: 0 if they do.
fn gap_of_register(
    book: &Book<'_>,
    key: u32,
    first: Did<'_>,
    (later, second): (Part, Did<'_>),
    link: Link,
) -> Option<usize> {
    match (link, first, second) {
        (Link::Wr, Did::Wrote(one), Did::Read(Told::Value(two))) => (one == two).then_some(0),
        (_, Did::Read(Told::Value(Value::Nil)), Did::Wrote(_)) => Some(0),
        (_, Did::Read(Told::Value(one)), Did::Wrote(_)) => {
            let mut reads = book
                .of(later.txn, book.key(key))
                .filter(|&(at, _)| at < later.index);
            reads
                .any(|(_, did)| matches!(did, Did::Read(Told::Value(seen)) if seen == one))
                .then_some(0)
        }
        _ => None,
    }
}
