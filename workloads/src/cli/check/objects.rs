//! Which promises each kind of object has, and who judges them.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use checker::import::Import;
use checker::kv::Kv;
use checker::linear::Linearizable;
use checker::model::{CasFound, Counters, Model, MultiValue, Registers, Unresolved};
use checker::register::{Register, Value};
use checker::sequential::Sequential;
use checker::{
    Budget, Domain, History, OpId, Process, Promise, Time, Verdict, judge_all, last_writer,
};

use super::judged::Judge;
use crate::cli::args::Model as As;
use crate::preset::PROMISES;

/// The judges of one recording.
pub(super) type Judges<'h> = Result<Vec<Judge<'h>>, String>;

/// The promises that some stores of siblings make to those who read, and what those make of it who merge.
const OF_READS: [Promise; 7] = [
    Promise::Reconciliation,
    Promise::Regular,
    Promise::ReadYourWrites,
    Promise::MonotonicReads,
    Promise::MonotonicWrites,
    Promise::WritesFollowReads,
    Promise::Causal,
];

/// What a register holds before its first write, as a flag says it.
pub(super) fn value(initial: &str) -> Value {
    match initial {
        "nil" => Value::Nil,
        text => text
            .parse()
            .map_or_else(|_| Value::Text(text.into()), Value::Int),
    }
}

/// What is wrong with an operation, behind the line of the file on which its call stands.
pub(super) fn placed<D: Domain>(
    import: &Import,
    history: &History<D>,
    op: OpId,
    why: &str,
) -> String {
    let entry = history.op(op).map(|op| op.line - 1);
    match entry.and_then(|entry| import.lines.get(entry)) {
        Some(line) => format!("line {line}: {why}"),
        None => why.to_owned(),
    }
}

/// A register, with or without compare-and-set.
pub(super) fn registers<'h>(
    import: &Import,
    model: As,
    initial: &str,
    history: &'h History<Register>,
) -> Judges<'h> {
    let initial = value(initial);
    let whole = if model == As::Register {
        let plain = Registers::plain(initial.clone(), history);
        plain.map_err(|CasFound { op, .. }| {
            let why = format!("{op} is a cas, and a plain register has none");
            placed(import, history, op, &why)
        })?
    } else {
        Registers {
            initial: initial.clone(),
        }
    };
    let mut judges = object(history, whole);
    let of = || initial.clone();
    let weaker = [
        Judge::beside(history, last_writer::Regular { initial: of() }),
        Judge::beside(history, last_writer::ReadYourWrites { initial: of() }),
        Judge::beside(history, last_writer::MonotonicReads { initial: of() }),
        Judge::beside(history, last_writer::MonotonicWrites { initial: of() }),
        Judge::beside(history, last_writer::WritesFollowReads { initial: of() }),
        Judge::beside(history, last_writer::CausalConvergence { initial: of() }),
        Judge::beside(history, last_writer::CausalMemory { initial: of() }),
        Judge::beside(history, last_writer::Causal { initial: of() }),
    ];
    let follows = in_time(history);
    judges.extend(weaker.map(|judge| judge.follows(follows)));
    Ok(judges)
}

/// Any object that answers one call at a time.
pub(super) fn object<M: Model + Clone + 'static>(
    history: &History<M::Domain>,
    model: M,
) -> Vec<Judge<'_>> {
    vec![
        Judge::made(history, Linearizable::new(model.clone())),
        Judge::beside(history, Sequential::new(model)).follows(in_time(history)),
    ]
}

/// Whether each process called later than its call before had returned.
///
/// Equal times are concurrent for linearizability, also within one process. So where they occur, an order
/// that explains the history may turn a session around, and nothing follows for what sessions see.
fn in_time<D: Domain>(history: &History<D>) -> bool {
    let mut returned: BTreeMap<Process, Time> = BTreeMap::new();
    history.ops().iter().all(|op| {
        let before = returned.get(&op.process).copied();
        if let Some(at) = op.returned {
            returned.insert(op.process, at);
        }
        before.is_none_or(|before| before < op.invoked)
    })
}

/// Numbers that are added to and read.
pub(super) fn counters<'h>(
    initial: &str,
    history: &'h History<checker::counter::Counter>,
) -> Judges<'h> {
    let initial = match initial {
        "nil" => 0,
        text => text
            .parse()
            .map_err(|_| format!("a counter begins with a number, not {text:?}"))?,
    };
    Ok(object(history, Counters { initial }))
}

/// A store that keeps siblings.
pub(super) fn siblings<'h>(
    import: &Import,
    model: As,
    history: &'h History<Kv>,
    asked: &[Promise],
) -> Judges<'h> {
    let whole = MultiValue::of(history).map_err(|why| match why {
        Unresolved::Repeated { op, .. }
        | Unresolved::Foreign { op, .. }
        | Unresolved::Unanswered { op, .. } => placed(import, history, op, &why.to_string()),
        _ => why.to_string(),
    })?;
    let together = Rc::new(Together::new(model, history, asked));
    let shared = |promise: Promise, made| {
        let together = Rc::clone(&together);
        Judge::of(promise, made, move |budget| {
            together.verdict(promise, budget)
        })
    };
    let mut judges = Vec::new();
    if model == As::Siblings {
        judges.extend(PROMISES.map(|promise| shared(promise, true)));
        judges.push(Judge::beside(history, Linearizable::new(whole)));
    } else {
        judges.extend(object(history, whole));
    }
    judges.extend(OF_READS.map(|promise| shared(promise, false)));
    Ok(judges)
}

/// Promises of one recording that are judged over one index of it.
struct Together<'h> {
    history: &'h History<Kv>,
    promises: Vec<Promise>,
    verdicts: OnceCell<Vec<Verdict>>,
}

impl<'h> Together<'h> {
    /// Those asked for, or all of them.
    fn new(model: As, history: &'h History<Kv>, asked: &[Promise]) -> Self {
        let dynamo = PROMISES.into_iter().filter(|_| model == As::Siblings);
        let all = dynamo.chain(OF_READS);
        Together {
            history,
            promises: all
                .filter(|promise| asked.is_empty() || asked.contains(promise))
                .collect(),
            verdicts: OnceCell::new(),
        }
    }

    fn verdict(&self, promise: Promise, budget: Budget) -> Verdict {
        let verdicts = self.verdicts.get_or_init(|| {
            judge_all(self.history, &self.promises, budget)
                .expect("all of these promises are judged of siblings")
        });
        let place = self.promises.iter().position(|one| *one == promise);
        verdicts[place.expect("only promises that were asked for are judged")].clone()
    }
}
