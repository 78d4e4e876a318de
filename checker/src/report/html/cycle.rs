//! Operations of single values that each have to come before the next, in a circle.

use std::collections::VecDeque;

use super::shown::short;
use crate::history::{Op, Outcome};
use crate::kv::{Kv, KvCall, KvRet};

/// More operations than this are not searched.
pub(super) const OPS_MAX: usize = 24;

/// Why one comes before the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// The places of both among the operations; one past the last is the beginning, before every write.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) why: String,
    /// Whether it follows from an answer, and was not recorded as such.
    pub(super) follows: bool,
}

/// A shortest circle in what sessions, answers, and the rule that a read returns the last write of its
/// past, say of the order of these operations; empty if there is none. Where the last writer wins.
///
/// That everyone agrees on one order of concurrent writes is another promise than causality: without it
/// only one edge may follow from that rule.
pub(super) fn cycle(ops: &[&Op<Kv>], agreed: bool, name: &dyn Fn(usize) -> String) -> Vec<Edge> {
    if ops.len() > OPS_MAX {
        return Vec::new();
    }
    let recorded = recorded(ops, name);
    let past = closure(ops.len(), &recorded);
    let following = following(ops, &past, name);
    let (count, mut cycles) = (ops.len() + 1, Vec::new());
    if agreed {
        let all = [recorded, following].concat();
        cycles.extend((0..count).filter_map(|start| way((start, start), count, &all)));
    } else {
        cycles.extend((0..count).filter_map(|start| way((start, start), count, &recorded)));
        for edge in following {
            let back = way((edge.to, edge.from), count, &recorded);
            cycles.extend(back.map(|back| [vec![edge], back].concat()));
        }
    }
    cycles.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held<'v> {
    Nothing,
    Value(&'v str),
}

/// What an operation wrote, if it is a write.
fn wrote(op: &Op<Kv>) -> Option<Held<'_>> {
    match &op.call {
        _ if op.outcome == Outcome::Fail => None,
        KvCall::Get { .. } => None,
        KvCall::Put { value, .. } => Some(Held::Value(value)),
        KvCall::Delete { .. } => Some(Held::Nothing),
    }
}

/// What a read returned, if that is no more than one value.
fn returned(op: &Op<Kv>) -> Option<Held<'_>> {
    let Outcome::Ok(KvRet::Values(values)) = &op.outcome else {
        return None;
    };
    match values.as_slice() {
        [] => Some(Held::Nothing),
        [value] => Some(Held::Value(value)),
        _ => None,
    }
}

/// Whose value a read returned; the beginning, if it returned nothing and nobody deleted the key.
fn source(ops: &[&Op<Kv>], read: &Op<Kv>) -> Option<usize> {
    let held = returned(read)?;
    let of_key = |at: &usize| ops[*at].call.key() == read.call.key();
    let mut writes = (0..ops.len()).filter(of_key);
    match held {
        Held::Value(_) => writes.find(|at| wrote(ops[*at]) == Some(held)),
        Held::Nothing => {
            let deleted = writes.any(|at| wrote(ops[at]) == Some(held));
            (!deleted).then_some(ops.len())
        }
    }
}

fn recorded(ops: &[&Op<Kv>], name: &dyn Fn(usize) -> String) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (to, op) in ops.iter().enumerate() {
        let mut earlier = (0..to).rev();
        if let Some(from) = earlier.find(|from| ops[*from].process == op.process) {
            let why = format!("{} called {} after {}", op.process, name(to), name(from));
            edges.push(Edge {
                from,
                to,
                why,
                follows: false,
            });
        }
        if let (Some(from), Some(Held::Value(value))) = (source(ops, op), returned(op)) {
            let value = short(value, 40);
            let why = format!("{} returned {value}, which {} wrote", name(to), name(from));
            edges.push(Edge {
                from,
                to,
                why,
                follows: false,
            });
        }
        if wrote(op).is_some() {
            edges.push(Edge {
                from: ops.len(),
                to,
                why: format!(
                    "{} is a write, and the key was empty before all writes",
                    name(to)
                ),
                follows: false,
            });
        }
    }
    edges
}

/// What is in the past of what, by these edges: `past[of][what]`.
fn closure(count: usize, edges: &[Edge]) -> Vec<Vec<bool>> {
    let mut past = vec![vec![false; count]; count];
    for edge in edges.iter().filter(|edge| edge.from < count) {
        past[edge.to][edge.from] = true;
    }
    for middle in 0..count {
        for of in 0..count {
            if past[of][middle] {
                let known = past[middle].clone();
                for (what, also) in past[of].iter_mut().zip(known) {
                    *what |= also;
                }
            }
        }
    }
    past
}

/// A read returns the last write of its past: other writes there come before the one it returned.
fn following(ops: &[&Op<Kv>], past: &[Vec<bool>], name: &dyn Fn(usize) -> String) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (read, op) in ops.iter().enumerate() {
        let Some(to) = source(ops, op) else { continue };
        for (from, write) in ops.iter().enumerate() {
            let is_other = from != to && past[read][from];
            if is_other && wrote(write).is_some() && write.call.key() == op.call.key() {
                let target = if to == ops.len() {
                    "nothing".to_owned()
                } else {
                    format!("what {} wrote", name(to))
                };
                let why = format!(
                    "{} returned {target} with {} in its past, so {} comes before {}",
                    name(read),
                    name(from),
                    name(from),
                    name(to)
                );
                edges.push(Edge {
                    from,
                    to,
                    why,
                    follows: true,
                });
            }
        }
    }
    edges
}

/// A shortest way from one place to another, of one edge at least.
fn way((start, goal): (usize, usize), count: usize, edges: &[Edge]) -> Option<Vec<Edge>> {
    let mut came: Vec<Option<&Edge>> = vec![None; count];
    let mut open = VecDeque::from([start]);
    while let Some(at) = open.pop_front() {
        for edge in edges.iter().filter(|edge| edge.from == at) {
            if edge.to == goal {
                let mut way = vec![edge.clone()];
                let mut back = at;
                while let Some(before) = came[back].filter(|_| back != start) {
                    way.push(before.clone());
                    back = before.from;
                }
                way.reverse();
                return Some(way);
            }
            if came[edge.to].is_none() {
                came[edge.to] = Some(edge);
                open.push_back(edge.to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::sketch::sketch;

    fn found(agreed: bool, text: &str) -> Vec<(usize, usize)> {
        let history = sketch(text);
        let ops: Vec<&Op<Kv>> = history.ops().iter().collect();
        let edges = cycle(&ops, agreed, &|at| at.to_string());
        let ends = edges.iter().map(|edge| edge.to);
        let next = edges.iter().cycle().skip(1).map(|edge| edge.from);
        assert!(ends.zip(next).all(|(to, from)| to == from), "{edges:?}");
        edges.iter().map(|edge| (edge.from, edge.to)).collect()
    }

    #[test]
    fn two_sessions_that_see_two_writes_in_two_orders_make_a_circle() {
        let text = "[0,1] s1 put x a -> ok
             [0,1] s2 put x b -> ok
             [2,3] s3 get x -> {a}
             [4,5] s3 get x -> {b}
             [2,3] s4 get x -> {b}
             [4,5] s4 get x -> {a}";
        assert_eq!(found(true, text), [(0, 1), (1, 0)]);
        assert_eq!(found(false, text), [], "causality alone allows that");
        let one = text.split(" [2,3] s4").next().expect("a part");
        assert_eq!(found(true, one), []);
    }

    #[test]
    fn who_wrote_and_reads_nothing_makes_a_circle_with_the_beginning() {
        let text = "[0,1] s1 put x a -> ok
             [2,3] s1 get x -> {}";
        assert_eq!(found(false, text), [(0, 2), (2, 0)]);
    }
}
