//! The definitions word for word, by trying every order: what the fast judges are held against.

use crate::history::{History, Op, Outcome};
use crate::register::{Action, Register, RegisterRet, Value};

/// What an operation does when it takes effect.
#[derive(Clone, Debug)]
pub(super) struct Event<'h> {
    pub(super) op: &'h Op<Register>,
    pub(super) saw: Option<&'h Value>,
    pub(super) wrote: Option<&'h Value>,
    /// Nobody knows when it took effect, so nothing in its session comes after it.
    pub(super) loose: bool,
}

/// For each event, and each other, whether the one is in the past of the other.
type Past = Vec<Vec<bool>>;

/// What counts as the past of events, if they have one.
pub(super) type Notion = fn(&[Event<'_>]) -> Option<Past>;

impl Event<'_> {
    pub(super) fn same_key(&self, other: &Event<'_>) -> bool {
        self.op.call.key == other.op.call.key
    }

    pub(super) fn same_session(&self, other: &Event<'_>) -> bool {
        self.op.process == other.op.process
    }

    /// Whether its session did it before the other, for certain.
    pub(super) fn session_before(&self, other: &Event<'_>) -> bool {
        self.same_session(other) && !self.loose && self.op.line < other.op.line
    }
}

/// What happened, if of the unknown writes exactly those happened that are numbered by the bits.
pub(super) fn events(history: &History<Register>, chosen: u32) -> Vec<Event<'_>> {
    let mut unknown = 0;
    let events = history.ops().iter().filter_map(|op| {
        let (saw, wrote) = match (&op.call.action, &op.outcome) {
            (_, Outcome::Fail) | (Action::Cas(..), Outcome::Ok(RegisterRet::Mismatch)) => {
                return None;
            }
            (Action::Read, Outcome::Ok(RegisterRet::Value(value))) => (Some(value), None),
            (Action::Read, _) => (None, None),
            (Action::Write(value), _) => (None, Some(value)),
            (Action::Cas(from, to), _) => (Some(from), Some(to)),
        };
        let loose = wrote.is_some() && op.outcome == Outcome::Unknown;
        if loose {
            unknown += 1;
            if chosen >> (unknown - 1) & 1 == 0 {
                return None;
            }
        }
        Some(Event {
            op,
            saw,
            wrote,
            loose,
        })
    });
    events.collect()
}

/// How many writes are of unknown outcome.
pub(super) fn unknown(history: &History<Register>) -> u32 {
    let unknown = history
        .ops()
        .iter()
        .filter(|op| op.outcome == Outcome::Unknown && op.call.action != Action::Read);
    unknown.count() as u32
}

/// Which event is in the past of which, as [`closed`] says. `None` also if the past goes in a circle.
pub(super) fn past(events: &[Event<'_>]) -> Option<Past> {
    closed(events).filter(|past| (0..past.len()).all(|event| !past[event][event]))
}

/// Which event is in the past of which: session order and reads, closed. `None` if a value was read that
/// nobody wrote.
pub(super) fn closed(events: &[Event<'_>]) -> Option<Past> {
    let count = events.len();
    let mut past = vec![vec![false; count]; count];
    for (to, event) in events.iter().enumerate() {
        for (from, other) in events.iter().enumerate() {
            past[from][to] |= other.session_before(event);
        }
        if let Some(value) = event.saw
            && *value != Value::Nil
        {
            let wrote = |other: &Event<'_>| other.same_key(event) && other.wrote == Some(value);
            past[events.iter().position(wrote)?][to] = true;
        }
    }
    for middle in 0..count {
        for from in 0..count {
            for to in 0..count {
                past[from][to] |= past[from][middle] && past[middle][to];
            }
        }
    }
    Some(past)
}

/// What the register of an event holds after these events.
fn held<'h>(events: &[Event<'h>], order: &[usize], of: usize) -> &'h Value {
    let writes = order.iter().rev().filter_map(|&write| {
        events[write]
            .same_key(&events[of])
            .then_some(events[write].wrote)?
    });
    writes.into_iter().next().unwrap_or(&Value::Nil)
}

/// Whether some order of these events that respects the past passes the test, tried one by one.
fn some_order(
    past: &[Vec<bool>],
    left: &mut Vec<usize>,
    order: &mut Vec<usize>,
    passes: &dyn Fn(&[usize]) -> bool,
) -> bool {
    if left.is_empty() {
        return passes(order);
    }
    for place in 0..left.len() {
        let next = left[place];
        if left.iter().any(|&other| past[other][next]) {
            continue;
        }
        left.remove(place);
        order.push(next);
        let found = some_order(past, left, order, passes);
        order.pop();
        left.insert(place, next);
        if found {
            return true;
        }
    }
    false
}

fn past_of(past: &[Vec<bool>], event: usize) -> Vec<usize> {
    (0..past.len())
        .filter(|&other| past[other][event])
        .collect()
}

/// Whether each event alone is explained by some order of its past.
pub(super) fn causal(history: &History<Register>) -> bool {
    some_choice(history, |events, past| {
        (0..events.len()).all(|event| {
            let Some(saw) = events[event].saw else {
                return true;
            };
            let explains = |order: &[usize]| held(events, order, event) == saw;
            some_order(past, &mut past_of(past, event), &mut Vec::new(), &explains)
        })
    })
}

/// Whether one order of all events, cut down to the past of each, explains each.
pub(super) fn convergent(history: &History<Register>) -> bool {
    some_choice(history, |events, past| {
        let explains = |order: &[usize]| {
            (0..events.len()).all(|event| {
                let known = order.iter().copied().filter(|&other| past[other][event]);
                let known: Vec<usize> = known.collect();
                events[event]
                    .saw
                    .is_none_or(|saw| held(events, &known, event) == saw)
            })
        };
        let mut all = (0..events.len()).collect();
        some_order(past, &mut all, &mut Vec::new(), &explains)
    })
}

/// Whether for each event one order of its past explains it and all that its session did before.
pub(super) fn memory(history: &History<Register>) -> bool {
    some_choice(history, |events, past| {
        (0..events.len()).all(|event| {
            let explains = |order: &[usize]| {
                (0..order.len()).all(|place| {
                    let one = order[place];
                    let own = one == event || events[one].session_before(&events[event]);
                    let saw = events[one].saw.filter(|_| own);
                    saw.is_none_or(|saw| held(events, &order[..place], one) == saw)
                })
            };
            let mut all = past_of(past, event);
            all.push(event);
            some_order(past, &mut all, &mut Vec::new(), &explains)
        })
    })
}

fn some_choice(
    history: &History<Register>,
    holds: impl Fn(&[Event<'_>], &[Vec<bool>]) -> bool,
) -> bool {
    (0..1_u32 << unknown(history)).any(|chosen| {
        let events = events(history, chosen);
        past(&events).is_some_and(|past| holds(&events, &past))
    })
}

/// The session guarantees and regularity that are broken, pair by pair; `None` if the past, of which
/// there are two notions, is none.
pub(super) fn guarantees(history: &History<Register>, past: Notion) -> Option<Vec<&'static str>> {
    let chosen = (0..1_u32 << unknown(history))
        .filter(|&chosen| past(&events(history, chosen)).is_some())
        .min_by_key(|chosen| chosen.count_ones())?;
    let events = events(history, chosen);
    let past = past(&events)?;
    let all = || 0..events.len();
    let writer = |read: usize| {
        let value = events[read].saw.filter(|value| **value != Value::Nil)?;
        all().find(|&one| events[one].same_key(&events[read]) && events[one].wrote == Some(value))
    };
    let reads = |one: usize| events[one].saw.is_some();
    let so = |one: usize, two: usize| events[one].session_before(&events[two]);
    let certain = |one: usize| events[one].wrote.is_some() && !events[one].loose;
    // Whether what the read saw is older than the write.
    let older = |read: usize, than: usize| match writer(read) {
        None => true,
        Some(old) => past[old][than],
    };
    let same = |one: usize, two: usize| events[one].same_key(&events[two]);
    // Whether the session of the read knew of the write by an earlier read.
    let knew = |read: usize, write: usize| {
        !events[read].same_session(&events[write])
            && all().any(|by| so(by, read) && writer(by) == Some(write))
    };
    let any = |test: &dyn Fn(usize, usize) -> bool| {
        all().any(|get| {
            reads(get) && all().any(|one| one != get && same(one, get) && test(one, get))
        })
    };
    let mut broken = Vec::new();
    if any(&|write, get| certain(write) && so(write, get) && older(get, write)) {
        broken.push("RYW");
    }
    let back = |first: usize, get: usize| {
        reads(first)
            && so(first, get)
            && writer(first).is_some_and(|write| {
                older(get, write)
                    || (writer(get) == Some(write)
                        && all().any(|two| {
                            let other = writer(two).is_some_and(|other| other != write);
                            other && same(two, get) && so(first, two) && so(two, get)
                        }))
            })
    };
    if any(&back) {
        broken.push("MR");
    }
    let misses = |one: usize, get: usize, write: usize| {
        all().any(|then| {
            events[then].wrote.is_some() && so(one, then) && knew(get, then) && older(get, write)
        })
    };
    if any(&|write, get| certain(write) && misses(write, get, write)) {
        broken.push("MW");
    }
    if any(&|read, get| writer(read).is_some_and(|write| misses(read, get, write))) {
        broken.push("WFR");
    }
    let stale = |write: usize, get: usize| {
        let (new, old) = (events[write].op, writer(get).map(|old| events[old].op));
        certain(write) && new.precedes(events[get].op) && old.is_none_or(|old| old.precedes(new))
    };
    if any(&stale) {
        broken.push("REG");
    }
    Some(broken)
}
