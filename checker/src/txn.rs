//! Transactions: several reads, writes and appends that take effect as one.

use serde::{Deserialize, Serialize};

use crate::domain::{Domain, told};
use crate::register::Value;

/// The alphabet of transactions over lists and registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Txn;

/// What a transaction asks, one part after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxnCall(pub Vec<Ask>);

/// One part of a transaction. Within a history a key is either a list or a register, and no value is
/// written to a key twice: what a read saw then says whose write it saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// What the key holds.
    Read(Value),
    /// The register of this key is to hold this.
    Write(Value, Value),
    /// The list of this key is to be longer by this.
    Append(Value, Value),
}

impl Ask {
    /// Which key it is about.
    pub fn key(&self) -> &Value {
        match self {
            Ask::Read(key) | Ask::Write(key, _) | Ask::Append(key, _) => key,
        }
    }
}

/// What a committed transaction answers: one [`Told`] for each [`Ask`], in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxnRet(pub Vec<Told>);

/// The answer to one part of a transaction.
///
/// A list that nobody has appended to is told as an empty [`Told::List`]; [`Value::Nil`] says the same.
/// A read whose answer was not recorded is [`Told::Unseen`], never an empty list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// The write or append took place.
    Done,
    /// What a register held; [`Value::Nil`] before the first write.
    Value(Value),
    /// What a list held, from its beginning.
    List(Vec<Value>),
    /// The read took place, but what it saw was not recorded.
    Unseen,
}

impl Domain for Txn {
    type Call = TxnCall;
    type Ret = TxnRet;
    const NAME: &'static str = "txn";

    fn call_label(call: &TxnCall) -> String {
        let parts: Vec<String> = call.0.iter().map(|ask| part(ask, None)).collect();
        parts.join(", ")
    }

    fn ret_label(ret: &TxnRet) -> String {
        let told = ret.0.iter().map(|told| match told {
            Told::Done => "ok".into(),
            Told::Unseen => "unseen".into(),
            Told::Value(value) => value.to_string(),
            Told::List(values) => list(values),
        });
        told.collect::<Vec<String>>().join(", ")
    }

    fn fits(call: &TxnCall, ret: &TxnRet) -> bool {
        let mut parts = call.0.iter().zip(&ret.0);
        let reads = |ask: &Ask| matches!(ask, Ask::Read(_));
        ret.0.len() == call.0.len() && parts.all(|(ask, told)| reads(ask) == (*told != Told::Done))
    }

    /// A transaction is about several keys.
    fn key(_call: &TxnCall) -> Option<&str> {
        None
    }

    fn label(call: &TxnCall, outcome: &crate::history::Outcome<TxnRet>) -> String {
        use crate::history::Outcome;
        match outcome {
            Outcome::Ok(ret) => {
                let told = ret.0.iter().map(Some).chain(std::iter::repeat(None));
                let parts = call.0.iter().zip(told).map(|(ask, told)| part(ask, told));
                parts.collect::<Vec<String>>().join(", ")
            }
            Outcome::Fail => format!("{} failed", Txn::call_label(call)),
            Outcome::Unknown => format!("{} ?", Txn::call_label(call)),
        }
    }
}

fn part(ask: &Ask, told: Option<&Told>) -> String {
    match (ask, told) {
        (Ask::Read(key), Some(Told::Value(value))) => format!("read {key} → {value}"),
        (Ask::Read(key), Some(Told::List(values))) => format!("read {key} → {}", list(values)),
        (Ask::Read(key), Some(Told::Unseen)) => format!("read {key} → unseen"),
        (Ask::Read(key), _) => format!("read {key}"),
        (Ask::Write(key, value), _) => format!("write {key} {value}"),
        (Ask::Append(key, value), _) => format!("append {key} {value}"),
    }
}

fn list(values: &[Value]) -> String {
    format!("[{}]", told(values, " "))
}
