//! What `enqueue`, `dequeue` and `drain` say in Jepsen's histories of queues.

use std::collections::BTreeMap;

use super::edn::Kind;
use super::error::What;
use super::format::NilMeaning;
use super::guess::foreign;
use super::keys::{Keyed, Keys, bare};
use super::object::Object;
use super::operation::{Operation, Type};
use super::pairs::{Alphabet, Unfit};
use super::texts::Texts;
use crate::history::Outcome;
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};

/// The alphabet of queues in Jepsen's words.
///
/// A drain dequeues until it stops, one after the other. What it claims is that each element of its
/// answer was dequeued at some time between its call and its return: not when, not that the queue was
/// empty at the end, and, as operations of one interval have no order, not in which order.
///
/// A drain of unknown outcome may have dequeued whatever nobody else did: it is as many dequeues of
/// unknown outcome as there are elements of its queue that no answer has. All such drains of a queue stay
/// open for ever, so what the earliest of them may have taken covers what the others may have.
#[derive(Debug)]
pub(super) struct Queues {
    keyed: Keyed,
    nil: NilMeaning,
    texts: Texts,
    /// For each queue how many elements may have come in more than surely went out.
    left: BTreeMap<Option<String>, i64>,
}

impl Queues {
    pub(super) fn new(keys: Keys, nil: NilMeaning) -> Self {
        Queues {
            keyed: Keyed::new(keys),
            nil,
            texts: Texts::default(),
            left: BTreeMap::new(),
        }
    }

    fn moved(&mut self, key: Option<&String>, by: i64) {
        *self.left.entry(key.cloned()).or_default() += by;
    }
}

impl Alphabet for Queues {
    type Domain = Queue;
    const OBJECT: Object = Object::Queue;
    const DRAINS: bool = true;

    fn call(&mut self, op: &Operation) -> Result<QueueCall, What> {
        let f = op.f_name();
        if !matches!(f, Some("enqueue" | "dequeue" | "drain")) {
            return Err(foreign(op, Object::Queue));
        }
        let (key, value) = self.keyed.split(op)?;
        let action = if f == Some("enqueue") {
            QueueAction::Enqueue(self.texts.value(value)?)
        } else {
            bare(op, value).map(|()| QueueAction::Dequeue)?
        };
        if f == Some("enqueue") {
            self.moved(key.as_ref(), 1);
        }
        Ok(QueueCall { key, action })
    }

    fn outcome(&mut self, op: &Operation, call: &QueueCall) -> Result<Outcome<QueueRet>, Unfit> {
        if op.kind == Type::Fail {
            if call.action != QueueAction::Dequeue {
                self.moved(call.key.as_ref(), -1);
            }
            return Ok(Outcome::Fail);
        }
        if let QueueAction::Enqueue(asked) = &call.action {
            if let Some(value) = self.keyed.repeated(op, call.key.as_deref())?
                && self.texts.value(value).map_err(Unfit::Wrong)? != *asked
            {
                return Err(Unfit::returned(op));
            }
            return Ok(Outcome::Ok(QueueRet::Done));
        }
        let value = self.keyed.answer(op, call.key.as_deref())?;
        Ok(match (&value.kind, self.nil) {
            // It took place, but nobody knows what it took.
            (Kind::Nil, NilMeaning::Unknown) => Outcome::Unknown,
            (Kind::Nil, NilMeaning::Value) => Outcome::Ok(QueueRet::Empty),
            _ => {
                let value = self.texts.value(value).map_err(Unfit::Wrong)?;
                self.moved(call.key.as_ref(), -1);
                Outcome::Ok(QueueRet::Value(value))
            }
        })
    }

    fn drained(
        &mut self,
        op: &Operation,
        call: &QueueCall,
    ) -> Result<Option<Vec<QueueRet>>, Unfit> {
        let value = self.keyed.answer(op, call.key.as_deref())?;
        if value.kind == Kind::Nil {
            return Ok(None);
        }
        let Some(members) = value.sequence() else {
            return Err(Unfit::Wrong(op.unfit("a list in an answer", value)));
        };
        let values = members
            .iter()
            .map(|form| self.texts.value(form).map(QueueRet::Value));
        let values: Vec<_> = values.collect::<Result<_, _>>().map_err(Unfit::Wrong)?;
        for _ in &values {
            self.moved(call.key.as_ref(), -1);
        }
        Ok(Some(values))
    }

    fn undrained(&self, call: &QueueCall) -> usize {
        let left = self.left.get(&call.key).copied().unwrap_or_default();
        usize::try_from(left).unwrap_or_default()
    }
}
