//! Which promises each kind of object has, and who judges them.

use checker::History;
use checker::append::Append;
use checker::causality::ClockCausality;
use checker::convergence::Convergence;
use checker::handoff::HandoffDelivery;
use checker::kv::Kv;
use checker::linear::Linearizable;
use checker::model::{Appends, MultiValue, Registers};
use checker::register::{Register, Value};
use checker::siblings::SiblingPreservation;

use super::judged::Judge;
use crate::cli::args::Model;

/// What a register holds before its first write, as a flag says it.
pub(super) fn initial(text: &str) -> Value {
    match text {
        "nil" => Value::Nil,
        text => text
            .parse()
            .map_or_else(|_| Value::Text(text.into()), Value::Int),
    }
}

/// A register, with or without compare-and-set.
pub(super) fn registers(
    model: Model,
    initial: Value,
    history: &History<Register>,
) -> Result<Vec<Judge<Register>>, String> {
    let object = if model == Model::Register {
        Registers::plain(initial, history).map_err(|why| why.to_string())?
    } else {
        Registers { initial }
    };
    Ok(vec![Judge::made(Linearizable::new(object))])
}

/// Strings that are put, appended to and read.
pub(super) fn strings() -> Vec<Judge<Append>> {
    vec![Judge::made(Linearizable::new(Appends))]
}

/// A store that keeps siblings.
pub(super) fn siblings(model: Model, history: &History<Kv>) -> Result<Vec<Judge<Kv>>, String> {
    let object = MultiValue::of(history).map_err(|why| why.to_string())?;
    Ok(if model == Model::Siblings {
        vec![
            Judge::made(ClockCausality),
            Judge::made(SiblingPreservation),
            Judge::made(Convergence),
            Judge::made(HandoffDelivery),
            Judge::beside(Linearizable::new(object)),
        ]
    } else {
        vec![Judge::made(Linearizable::new(object))]
    })
}
