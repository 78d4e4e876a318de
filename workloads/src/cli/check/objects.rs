//! Which promises each kind of object has, and who judges them.

use checker::History;
use checker::causality::ClockCausality;
use checker::convergence::Convergence;
use checker::counter::Counter;
use checker::handoff::HandoffDelivery;
use checker::kv::Kv;
use checker::linear::Linearizable;
use checker::model::{Counters, Model, MultiValue, Registers};
use checker::register::{Register, Value};
use checker::siblings::SiblingPreservation;

use super::judged::Judge;
use crate::cli::args::Model as As;

/// The judges of one kind of recording.
pub(super) type Judges<D> = Result<Vec<Judge<D>>, String>;

/// A register, with or without compare-and-set.
pub(super) fn registers(model: As, initial: &str, history: &History<Register>) -> Judges<Register> {
    let initial = match initial {
        "nil" => Value::Nil,
        text => text
            .parse()
            .map_or_else(|_| Value::Text(text.into()), Value::Int),
    };
    Ok(object(if model == As::Register {
        Registers::plain(initial, history).map_err(|why| why.to_string())?
    } else {
        Registers { initial }
    }))
}

/// Any object that answers one call at a time.
pub(super) fn object<M: Model + 'static>(model: M) -> Vec<Judge<M::Domain>> {
    vec![Judge::made(Linearizable::new(model))]
}

/// Numbers that are added to and read.
pub(super) fn counters(initial: &str) -> Judges<Counter> {
    let initial = match initial {
        "nil" => 0,
        text => text
            .parse()
            .map_err(|_| format!("a counter begins with a number, not {text:?}"))?,
    };
    Ok(object(Counters { initial }))
}

/// A store that keeps siblings.
pub(super) fn siblings(model: As, history: &History<Kv>) -> Judges<Kv> {
    let whole = MultiValue::of(history).map_err(|why| why.to_string())?;
    Ok(if model == As::Siblings {
        vec![
            Judge::made(ClockCausality),
            Judge::made(SiblingPreservation),
            Judge::made(Convergence),
            Judge::made(HandoffDelivery),
            Judge::beside(Linearizable::new(whole)),
        ]
    } else {
        object(whole)
    })
}
