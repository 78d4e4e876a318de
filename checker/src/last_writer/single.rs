//! A history of a store with siblings, of which it never keeps two, as one of registers.

use std::fmt;

use crate::history::{Entry, History, OpId, Outcome};
use crate::kv::{Kv, KvCall, KvRet};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// A get returned several siblings, so the store does not keep single values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSingle {
    /// The get.
    pub op: OpId,
    /// The entry of its call in the history, counted from 1.
    pub line: usize,
    /// Which key.
    pub key: String,
    /// What it returned.
    pub values: Vec<String>,
}

impl fmt::Display for NotSingle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotSingle {
            op,
            line,
            key,
            values,
        } = self;
        write!(
            f,
            "line {line}: {op} (get {key}) returned {} siblings, and a register holds one value",
            values.len()
        )
    }
}

impl std::error::Error for NotSingle {}

/// The same history as one of registers that begin as [`Value::Nil`], O(n): operations keep their names,
/// processes and times, and notes stay.
///
/// A put writes its value as text, a get reads one or `Nil`, a delete writes `Nil`. Where a key is deleted,
/// `Nil` does not tell its write, so the checkers of this module leave such keys out; for
/// linearizability they are as good as others. Contexts are left out: the last writer wins without them.
///
/// # Errors
/// The first get that returned several siblings.
pub fn registers(history: &History<Kv>) -> Result<History<Register>, NotSingle> {
    for op in history.ops() {
        if let (KvCall::Get { key }, Outcome::Ok(KvRet::Values(values))) = (&op.call, &op.outcome)
            && values.len() > 1
        {
            return Err(NotSingle {
                op: op.id,
                line: op.line,
                key: key.clone(),
                values: values.clone(),
            });
        }
    }
    let entries = history.entries().map(|entry| match entry {
        Entry::Invoke {
            op,
            at,
            process,
            call,
        } => Entry::Invoke {
            op,
            at,
            process,
            call: call_of(call),
        },
        Entry::Return { op, at, outcome } => Entry::Return {
            op,
            at,
            outcome: match outcome {
                Outcome::Ok(ret) => Outcome::Ok(ret_of(ret)),
                Outcome::Fail => Outcome::Fail,
                Outcome::Unknown => Outcome::Unknown,
            },
        },
        Entry::Note { at, note } => Entry::Note { at, note },
    });
    Ok(History::new(entries).expect("the lines are those of a history"))
}

fn call_of(call: KvCall) -> RegisterCall {
    let (key, action) = match call {
        KvCall::Get { key } => (key, Action::Read),
        KvCall::Put { key, value, .. } => (key, Action::Write(Value::Text(value))),
        KvCall::Delete { key, .. } => (key, Action::Write(Value::Nil)),
    };
    RegisterCall {
        key: Some(key),
        action,
    }
}

fn ret_of(ret: KvRet) -> RegisterRet {
    match ret {
        KvRet::Stored => RegisterRet::Done,
        KvRet::Values(values) => {
            let value = values.into_iter().next();
            RegisterRet::Value(value.map_or(Value::Nil, Value::Text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::registers;
    use crate::evidence::sketch::sketch;
    use crate::history::{OpId, Time};

    #[test]
    fn puts_are_writes_and_gets_are_reads_under_the_same_names() {
        let kv = sketch(
            "[0,1] s1 get x -> {} as g
             [2,3] s1 put x a ctx=g -> ok
             [4,5] s2 get x -> {a}
             [6,7] s2 del x -> ok
             [8,-] s2 put x b -> info
             [8,9] s3 put x c -> fail",
        );
        let history = registers(&kv).expect("no read saw siblings");
        let told: Vec<String> = history.ops().iter().map(crate::Op::label).collect();
        let expected = [
            "read x → nil",
            "write x a → ok",
            "read x → a",
            "write x nil → ok",
            "write x b ?",
            "write x c failed",
        ];
        assert_eq!(told, expected);
        for (op, same) in history.ops().iter().zip(kv.ops()) {
            assert_eq!(
                (op.id, op.process, op.line),
                (same.id, same.process, same.line)
            );
            assert_eq!((op.invoked, op.returned), (same.invoked, same.returned));
        }
        assert_eq!(history.ops()[1].returned, Some(Time(3)));
    }

    #[test]
    fn several_siblings_are_refused_with_their_place() {
        let kv = sketch("[0,1] s1 put x a -> ok\n[2,3] s1 get x -> {a,b}");
        let wrong = registers(&kv).expect_err("two siblings");
        assert_eq!((wrong.op, wrong.line), (OpId(1), 3));
        assert_eq!(
            wrong.to_string(),
            "line 3: op 1 (get x) returned 2 siblings, and a register holds one value"
        );
    }
}
