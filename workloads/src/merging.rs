//! What clients know who merge siblings by themselves: what their gets returned, and how far they have counted.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::KvCall;
use checker::reconciliation::{Held, Kind, Merged};

use crate::plan::{Call, Plan, Step};
use crate::replica::Request;

/// The memory of all clients of one run.
#[derive(Debug, Default)]
pub(crate) struct Merging {
    /// The gets that changes of the same key name.
    awaited: BTreeSet<u32>,
    /// What those returned.
    read: BTreeMap<u32, Vec<Merged>>,
    /// How far each client has counted on each key. What a client reads may be older than what it did, so that
    /// it must remember.
    counted: BTreeMap<(u32, String), u64>,
    made: BTreeMap<u32, Made>,
    /// Puts that count anew what had failed, and what that was.
    anew: BTreeMap<u32, u32>,
}

/// A change that was put.
#[derive(Debug)]
struct Made {
    of: Kind,
    client: u32,
    key: String,
    /// The get that was merged.
    read: Option<u32>,
    /// Of a counter, how far its client had counted before, and with it; nothing if it certainly failed.
    counts: Option<(u64, u64)>,
}

impl Merging {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut gets = BTreeMap::new();
        let mut merging = Merging::default();
        for step in &plan.steps {
            if let Call::Get { key } = &step.call {
                gets.insert(step.id, key);
            }
        }
        for step in &plan.steps {
            if let Call::Change {
                key,
                context: Some(get),
                ..
            } = &step.call
                && gets.get(get).is_some_and(|read| *read == key)
            {
                merging.awaited.insert(*get);
            }
        }
        merging
    }

    /// Whether what this get returned may be merged: it is of the same key, and was answered.
    pub(crate) fn has(&self, get: u32) -> bool {
        self.read.contains_key(&get)
    }

    /// A get was answered.
    pub(crate) fn answered(&mut self, get: u32, values: &[String]) {
        if self.awaited.contains(&get) {
            let values = values.iter().filter_map(|value| value.parse().ok());
            self.read.insert(get, values.collect());
        }
    }

    /// The value of a change, with what this get returned.
    pub(crate) fn change(&mut self, step: &Step, of: Kind, read: Option<u32>) -> String {
        let mut made = Made {
            of,
            client: step.client,
            key: step.call.key().to_owned(),
            read,
            counts: None,
        };
        let value = self.value(&mut made, step.id, step.id);
        self.made.insert(step.id, made);
        value
    }

    /// The value of the same change, put again by this step; `None` if that was no change.
    pub(crate) fn again(&mut self, step: u32, of: u32) -> Option<String> {
        let mut made = self.made.remove(&of)?;
        if made.counts.is_none() {
            self.anew.insert(step, of);
        }
        let value = self.value(&mut made, step, of);
        self.made.insert(of, made);
        Some(value)
    }

    /// A put certainly failed: if it counted, nobody has.
    pub(crate) fn failed(&mut self, step: u32) {
        let change = self.anew.get(&step).unwrap_or(&step);
        let Some(made) = self.made.get_mut(change) else {
            return;
        };
        if let Some((before, _)) = made.counts.take() {
            self.counted.insert((made.client, made.key.clone()), before);
        }
    }

    fn value(&mut self, made: &mut Made, step: u32, change: u32) -> String {
        let read = made.read.and_then(|get| self.read.get(&get));
        let read = read.into_iter().flatten();
        let mut held = Merged::merge(read.filter(|value| value.kind == made.of));
        let change = self.changed(made, &held, change);
        held.remove(&change.0);
        let mut parts: Vec<(String, u64)> = held.into_iter().collect();
        parts.sort_by_cached_key(|(name, number)| {
            let stamp = if made.of == Kind::List { *number } else { 0 };
            (stamp, name.len(), name.clone())
        });
        parts.push(change);
        let merged = Merged {
            name: format!("v{step}"),
            kind: made.of,
            parts,
        };
        merged.to_string()
    }

    /// What a put of someone changes who holds this.
    fn changed(&mut self, made: &mut Made, held: &Held, change: u32) -> (String, u64) {
        match made.of {
            Kind::Set => (format!("v{change}"), 0),
            Kind::List => {
                let last = held.values().max().copied().unwrap_or(0);
                (format!("v{change}"), last.saturating_add(1))
            }
            Kind::Counter => {
                let actor = format!("c{}", made.client);
                if let Some((_, count)) = made.counts {
                    return (actor, count);
                }
                let of = (made.client, made.key.clone());
                let before = self.counted.get(&of).copied().unwrap_or(0);
                let known = held.get(&actor).copied().unwrap_or(0);
                let count = before.max(known).saturating_add(1);
                self.counted.insert(of, count);
                made.counts = Some((before, count));
                (actor, count)
            }
        }
    }
}

/// The same put of another value.
pub(crate) fn valued(put: (KvCall, Request), with: &str) -> (KvCall, Request) {
    let (mut call, mut request) = put;
    if let (KvCall::Put { value, .. }, Request::Put { value: bytes, .. }) =
        (&mut call, &mut request)
    {
        with.clone_into(value);
        with.as_bytes().clone_into(bytes);
    }
    (call, request)
}

#[cfg(test)]
mod tests {
    use checker::Time;

    use super::*;
    use crate::fault::FaultSchedule;
    use crate::load;

    fn step(id: u32, client: u32, call: Call) -> Step {
        Step {
            id,
            at: Time(u64::from(id)),
            client,
            via: 0,
            call,
        }
    }

    fn change(id: u32, client: u32, of: Kind, context: Option<u32>) -> Step {
        let key = "x".to_owned();
        step(id, client, Call::Change { of, key, context })
    }

    /// The memory of clients of which one has read these values of x, by step 1.
    fn after(of: Kind, values: &[&str]) -> Merging {
        let get = |key: &str| Call::Get { key: key.into() };
        let plan = Plan {
            seed: 0,
            shape: load::shape(1),
            steps: vec![
                step(1, 0, get("x")),
                step(2, 0, get("y")),
                change(3, 0, of, Some(1)),
                change(4, 0, of, Some(2)),
            ],
            faults: FaultSchedule::default(),
        };
        let mut merging = Merging::new(&plan);
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        merging.answered(1, &values);
        merging.answered(2, &values);
        merging
    }

    #[test]
    fn a_change_holds_what_was_read_and_itself() {
        for (of, read, put) in [
            (
                Kind::Set,
                ["v8:set:v10+v8", "v9:set:v9"],
                "v12:set:v8+v9+v10+v12",
            ),
            (
                Kind::Counter,
                ["v8:counter:c1.2+c0.3", "v9:counter:c2.1"],
                "v12:counter:c1.2+c2.1+c0.4",
            ),
            (
                Kind::List,
                ["v8:list:v7.1/v8.2", "v9:list:v9.1"],
                "v12:list:v7.1/v9.1/v8.2/v12.3",
            ),
        ] {
            let mut merging = after(of, &read);
            let step = change(12, 0, of, Some(1));
            assert_eq!(merging.change(&step, of, Some(1)), put);
            assert_eq!(merging.again(13, 12), Some(put.replace("v12:", "v13:")));
            assert_eq!(merging.again(13, 1), None);
        }
    }

    #[test]
    fn what_is_of_another_key_or_kind_is_not_merged() {
        let mut merging = after(Kind::Set, &["v8:list:v8.1", "v9", "v7:set:v7"]);
        assert!(merging.has(1) && !merging.has(2) && !merging.has(5));
        let step = change(12, 0, Kind::Set, Some(1));
        assert_eq!(merging.change(&step, Kind::Set, Some(1)), "v12:set:v7+v12");
        assert_eq!(merging.change(&step, Kind::Set, None), "v12:set:v12");
    }

    #[test]
    fn a_client_remembers_how_far_it_has_counted() {
        let mut merging = after(Kind::Counter, &["v8:counter:c0.1"]);
        let mut count = |id: u32, client: u32, read| {
            let step = change(id, client, Kind::Counter, read);
            (merging.change(&step, Kind::Counter, read), id)
        };
        assert_eq!(count(10, 0, Some(1)).0, "v10:counter:c0.2");
        // It reads what is older than its own last put.
        assert_eq!(count(11, 0, Some(1)).0, "v11:counter:c0.3");
        assert_eq!(count(12, 0, None).0, "v12:counter:c0.4");
        assert_eq!(count(13, 1, None).0, "v13:counter:c1.1");
        // Whoever knows that a count failed has not counted.
        merging.failed(12);
        let step = change(14, 0, Kind::Counter, None);
        let again = merging.change(&step, Kind::Counter, None);
        assert_eq!(again, "v14:counter:c0.4");
        assert_eq!(merging.again(15, 12).as_deref(), Some("v15:counter:c0.5"));
        assert_eq!(merging.again(16, 11).as_deref(), Some("v16:counter:c0.3"));
    }
}
