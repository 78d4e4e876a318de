//! Where the operations of a Jepsen history say which register they are about.

use super::operation::{Actor, Operation, Type};

/// Where an operation says which register it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// There is one register only.
    None,
    /// In `:key`.
    Field,
    /// In the value, which is `[key value]`.
    Value,
}

impl Keys {
    /// What the user says, or what all operations agree with.
    pub(super) fn of(operations: &[Operation], keyed: Option<bool>) -> Self {
        match keyed {
            Some(false) => Keys::None,
            Some(true) | None if paired(operations) => Keys::Value,
            Some(true) | None if fields(operations) => Keys::Field,
            // The first operation without a key will be an error.
            Some(true) => Keys::Value,
            None => Keys::None,
        }
    }
}

fn clients(operations: &[Operation]) -> impl Iterator<Item = &Operation> {
    operations
        .iter()
        .filter(|operation| matches!(operation.actor, Actor::Client(_)))
}

/// Whether every call names its register in `:key`.
fn fields(operations: &[Operation]) -> bool {
    let mut calls = clients(operations)
        .filter(|op| op.kind == Type::Invoke)
        .peekable();
    calls.peek().is_some() && calls.all(|call| call.key.is_some())
}

/// Whether every call and every answer can be `[key value]`.
///
/// For a compare-and-set that is `[key [old new]]`; `[old new]` alone is a pair and has no key.
fn paired(operations: &[Operation]) -> bool {
    let told = |op: &&Operation| matches!(op.kind, Type::Invoke | Type::Ok);
    let mut told = clients(operations).filter(told).peekable();
    told.peek().is_some()
        && told.all(|op| match op.value.pair() {
            Some((_, value)) => op.f_name() != Some("cas") || value.pair().is_some(),
            None => false,
        })
}
