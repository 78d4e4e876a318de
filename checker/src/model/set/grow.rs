//! Elements that are never removed: each is there from its first add on, also in reads of them all.

use super::elements::{BY, Elements, Says, short};
use crate::history::{Op, Time};
use crate::model::moments::{FOREVER, Moment, contradicted, end, fact};
use crate::model::sequential::Shortcut;
use crate::set::{Set, SetAction};

/// When everything takes effect, or why it cannot.
///
/// Reads of all elements must grow: of two the smaller is within the larger. So each element has a
/// level, the first of the different reads that shows it, and everything that says something of the
/// element stands before its add or behind it. All that has to stand before an operation stands before
/// it in any order; so there is one unless something was called after the return of what it precedes.
pub(super) fn moments(elements: &Elements<'_>) -> Result<Vec<Moment>, Shortcut> {
    let levels = Levels::of(elements)?;
    let mut sweep = Sweep {
        elements,
        levels: &levels,
        moments: Vec::with_capacity(elements.said.len() + elements.reads.len()),
        latest: None,
        level: 0,
    };
    for level in 0..=levels.reads.len() {
        sweep.level = level;
        sweep.pass()?;
    }
    let mut moments = sweep.moments;
    moments.extend(elements.free.iter().map(|op| Moment {
        at: op.invoked,
        rank: 0,
        op: op.id,
    }));
    Ok(moments)
}

/// Where in the growth of the set each element and read stands.
struct Levels<'e, 'h> {
    /// Different reads, smallest first, each with all that saw the same.
    reads: Vec<Vec<&'e (&'h Op<Set>, Vec<u32>)>>,
    /// For each level the elements that its reads show first; at the end those that no read shows.
    members: Vec<Vec<u32>>,
    /// For each element its level.
    of: Vec<usize>,
    /// For each element where among what is said its own begins and ends.
    said: Vec<(usize, usize)>,
}

impl<'e, 'h> Levels<'e, 'h> {
    fn of(elements: &'e Elements<'h>) -> Result<Self, Shortcut> {
        let mut by_size: Vec<&(&Op<Set>, Vec<u32>)> = elements.reads.iter().collect();
        by_size.sort_by_key(|(op, seen)| (seen.len(), op.invoked, op.id));
        let mut of = vec![usize::MAX; elements.names.len()];
        let mut reads: Vec<Vec<&(&Op<Set>, Vec<u32>)>> = Vec::new();
        let mut members: Vec<Vec<u32>> = Vec::new();
        let mut size = 0;
        for read in by_size {
            let fresh = |element: &u32| of[*element as usize] == usize::MAX;
            let new: Vec<u32> = read.1.iter().copied().filter(fresh).collect();
            if read.1.len() - new.len() < size {
                return Err(apart(elements, reads[reads.len() - 1][0], read));
            }
            if reads.is_empty() || !new.is_empty() {
                for &element in &new {
                    of[element as usize] = reads.len();
                }
                size += new.len();
                members.push(new);
                reads.push(vec![read]);
            } else if let Some(equal) = reads.last_mut() {
                equal.push(read);
            }
        }
        let mut said = vec![(0, 0); of.len()];
        let mut begin = 0;
        for about in elements.said.chunk_by(|one, two| one.0 == two.0) {
            said[about[0].0 as usize] = (begin, begin + about.len());
            begin += about.len();
        }
        let mut unread = Vec::new();
        for (element, level) in (0..).zip(&mut of) {
            if *level == usize::MAX {
                *level = reads.len();
                unread.push(element);
            }
        }
        members.push(unread);
        Ok(Levels {
            reads,
            members,
            of,
            said,
        })
    }
}

type Read<'h> = (&'h Op<Set>, Vec<u32>);

/// Two reads of which each shows what the other lacks.
fn apart(elements: &Elements<'_>, one: &Read<'_>, two: &Read<'_>) -> Shortcut {
    let lacking = |seen: &[u32], other: &[u32]| {
        let mut other = other.to_vec();
        other.sort_unstable();
        let lacking = seen
            .iter()
            .find(|element| other.binary_search(element).is_err());
        lacking.map_or(String::new(), |&element| {
            elements.names[element as usize].to_string()
        })
    };
    let facts = [(one, two), (two, one)].map(|(read, other)| {
        let element = lacking(&read.1, &other.1);
        let text = format!(
            "{} shows {element}, {} does not",
            short(read.0),
            short(other.0)
        );
        fact(text, [read.0.id, other.0.id])
    });
    let mut facts = facts.to_vec();
    facts.push(fact("nothing removes either".into(), []));
    let ops = vec![one.0.id, two.0.id];
    contradicted(BY, "reads of two different growths", ops, facts)
}

/// An operation, called or returned at this time, and the element of which it says something; a read of
/// all elements if none.
#[derive(Clone, Copy, Debug)]
struct Mark<'h> {
    at: Time,
    op: &'h Op<Set>,
    element: Option<u32>,
}

struct Sweep<'s, 'h> {
    elements: &'s Elements<'h>,
    levels: &'s Levels<'s, 'h>,
    moments: Vec<Moment>,
    /// Of all that stands before this level, what was called last.
    latest: Option<Mark<'h>>,
    level: usize,
}

impl<'h> Sweep<'_, 'h> {
    fn pass(&mut self) -> Result<(), Shortcut> {
        let mut latest = self.latest;
        for &element in &self.levels.members[self.level] {
            let added = self.element(element)?;
            latest = later(latest, added);
        }
        self.latest = latest;
        let Some(reads) = self.levels.reads.get(self.level) else {
            return Ok(());
        };
        let from = latest.map_or(Time(0), |mark| mark.at);
        for (op, _) in reads {
            if let Some(mark) = self.latest.filter(|mark| end(op) < mark.at) {
                let present = Mark {
                    at: end(op),
                    op,
                    element: None,
                };
                return Err(self.contradiction(mark, present));
            }
            self.push(op.invoked.max(from), 3, op);
            let mark = Mark {
                at: op.invoked,
                op,
                element: None,
            };
            latest = later(latest, Some(mark));
        }
        self.latest = latest;
        Ok(())
    }

    /// Places what is said of an element; what was called last of all that stands before its presence,
    /// `None` if the element need not have been there.
    fn element(&mut self, element: u32) -> Result<Option<Mark<'h>>, Shortcut> {
        let (begin, ends) = self.levels.said[element as usize];
        let said = &self.elements.said[begin..ends];
        let mark = |at, op| Mark {
            at,
            op,
            element: Some(element),
        };
        let adds = || said.iter().filter(|(_, says, _)| says.adds());
        let firsts: Vec<_> = adds()
            .filter(|(_, says, _)| *says == Says::AddsFirst)
            .collect();
        if let [one, two, ..] = firsts.as_slice() {
            let ops = vec![one.2.id, two.2.id];
            let facts = vec![
                fact(
                    format!("{} says that it was not there", short(one.2)),
                    [one.2.id],
                ),
                fact(format!("{} says so too", short(two.2)), [two.2.id]),
                fact(format!("nothing removes {}", self.name(element)), []),
            ];
            return Err(contradicted(BY, "element added twice", ops, facts));
        }
        let first = firsts.first().map(|said| said.2);
        let first = first.or_else(|| adds().map(|said| said.2).min_by_key(|op| op.invoked));
        let shows = said.iter().filter(|(_, says, op)| {
            (says.adds() && op.returned.is_some()) || matches!(says, Says::Has | Says::Takes)
        });
        let shown = shows.clone().map(|said| said.2).min_by_key(|op| end(op));
        let lacks = said.iter().filter(|(_, says, _)| *says == Says::Lacks);
        for (.., op) in lacks.clone() {
            self.push(op.invoked, 0, op);
        }
        // Where nothing was ever added, removes have no effect.
        let idle = said
            .iter()
            .filter(|(_, says, op)| *says == Says::Removes && op.returned.is_some());
        for (.., op) in idle {
            self.push(op.invoked, 0, op);
        }
        let read = self.levels.reads.get(self.level).map(|reads| reads[0].0);
        let Some(first) = first else {
            return match shown.or(read) {
                Some(op) => Err(self.nobody(element, op)),
                None => Ok(None),
            };
        };
        if shown.is_none() && read.is_none() {
            return Ok(None);
        }
        let mut latest = later(self.latest, Some(mark(first.invoked, first)));
        for (.., op) in lacks {
            latest = later(latest, Some(mark(op.invoked, op)));
        }
        let from = latest.map_or(Time(0), |latest| latest.at);
        if let (Some(shown), Some(latest)) = (shown, latest)
            && end(shown) < from
        {
            return Err(self.contradiction(latest, mark(end(shown), shown)));
        }
        self.push(from, 1, first);
        for (.., op) in shows.filter(|(.., op)| op.id != first.id) {
            self.push(op.invoked.max(from), 2, op);
        }
        Ok(latest)
    }

    fn push(&mut self, at: Time, step: u64, op: &Op<Set>) {
        debug_assert!(at < FOREVER);
        self.moments.push(Moment {
            at,
            rank: 4 * self.level as u64 + step,
            op: op.id,
        });
    }

    fn name(&self, element: u32) -> String {
        self.elements.names[element as usize].to_string()
    }

    fn nobody(&self, element: u32, op: &Op<Set>) -> Shortcut {
        let name = self.name(element);
        let facts = vec![
            fact(format!("{} shows {name}", short(op)), [op.id]),
            fact(format!("no call could have added {name}"), []),
        ];
        contradicted(BY, "element nobody added", vec![op.id], facts)
    }

    /// What was called after the return of something that must come behind it: an element was absent
    /// until the call, another or the same was there since the return, and a read shows the first
    /// without the second.
    fn contradiction(&self, absent: Mark<'h>, present: Mark<'h>) -> Shortcut {
        // A read shows many elements and lacks many: the one that the other operation speaks of.
        let (missing, there) = match (absent.element, present.element) {
            (Some(missing), Some(there)) => (missing, there),
            (Some(missing), None) => (missing, missing),
            (None, Some(there)) => (there, there),
            (None, None) => {
                let new = self.levels.members[self.level].first();
                let both = new.copied().unwrap_or_default();
                (both, both)
            }
        };
        let (one, two) = (self.name(missing), self.name(there));
        let mut facts = vec![
            fact(
                format!(
                    "{}, which shows {two}, had returned by {}",
                    short(present.op),
                    present.at.0
                ),
                [present.op.id],
            ),
            fact(absence(absent, &one), [absent.op.id]),
            fact("nothing removes it again".into(), []),
        ];
        let mut ops = vec![absent.op.id, present.op.id];
        let kind = if missing == there {
            match () {
                () if is_add(absent.op) => "element before its add",
                () if is_add(present.op) => "lost element",
                () => "vanished element",
            }
        } else {
            let between = self.levels.of[there as usize].checked_sub(1);
            let read = between.map(|level| self.levels.reads[level][0].0);
            if let Some(read) = read {
                let text = format!("{} shows {one} without {two}", short(read));
                facts.push(fact(text, [read.id]));
                ops.push(read.id);
            }
            "elements in another order"
        };
        contradicted(BY, kind, ops, facts)
    }
}

/// That the element was not there until then.
fn absence(absent: Mark<'_>, element: &str) -> String {
    let (name, at) = (short(absent.op), absent.at.0);
    if is_add(absent.op) {
        format!("{name}, the first that can have added {element}, was called at {at}")
    } else {
        format!("{name}, which lacks {element}, was called at {at}")
    }
}

fn is_add(op: &Op<Set>) -> bool {
    matches!(op.call.action, SetAction::Add(_))
}

fn later<'h>(one: Option<Mark<'h>>, two: Option<Mark<'h>>) -> Option<Mark<'h>> {
    match (one, two) {
        (Some(one), Some(two)) => Some(if one.at < two.at { two } else { one }),
        (one, two) => one.or(two),
    }
}
