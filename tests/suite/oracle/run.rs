//! The calls of an oracle as a history, with notes beside them.

use std::collections::BTreeMap;

use checker::kv::{Kv, KvCall, KvRet};
use checker::{Entry, History, Note, OpId, Outcome, Process, Time};

use super::line::{Answer, Asks, Operation};
use super::parse::Oracle;

/// Entries of a history by their times; equal times keep the order of their coming.
pub(super) struct Run {
    entries: Vec<(u64, Entry<Kv>)>,
    ops: u64,
    processes: BTreeMap<String, Process>,
}

impl Run {
    /// All calls of clients, without the reads of the mended store.
    pub(super) fn of(oracle: &Oracle) -> Run {
        let mut run = Run {
            entries: Vec::new(),
            ops: 0,
            processes: BTreeMap::new(),
        };
        let named = oracle.operations.iter().enumerate();
        let names: BTreeMap<&str, OpId> = named
            .filter_map(|(index, one)| Some((one.name.as_deref()?, OpId(index as u64))))
            .collect();
        run.ops = oracle.operations.len() as u64;
        let mut order: Vec<usize> = (0..oracle.operations.len()).collect();
        order.sort_by_key(|&index| oracle.operations[index].from);
        for (place, &index) in order.iter().enumerate() {
            let one = &oracle.operations[index];
            let context = one.context.iter().map(|name| names[name.as_str()]);
            let call = call(one, context.collect());
            // Who never hears of one call gives it up when it makes the next.
            let next = order[place + 1..]
                .iter()
                .map(|&later| &oracle.operations[later]);
            let given_up = next
                .into_iter()
                .find(|later| later.session == one.session)
                .map(|later| later.from);
            let to = one.to.or(given_up);
            run.call(
                OpId(index as u64),
                &one.session,
                (one.from, call),
                to.map(|to| (to, answer(one))),
            );
        }
        run
    }

    fn call(
        &mut self,
        op: OpId,
        session: &str,
        (from, call): (u64, KvCall),
        answer: Option<(u64, Outcome<KvRet>)>,
    ) {
        let next = Process(self.processes.len() as u64);
        let process = *self.processes.entry(session.into()).or_insert(next);
        let at = Time(from);
        let invoke = Entry::Invoke {
            op,
            at,
            process,
            call,
        };
        self.entries.push((from, invoke));
        if let Some((to, outcome)) = answer {
            let at = Time(to);
            self.entries.push((to, Entry::Return { op, at, outcome }));
        }
    }

    /// Something recorded beside the calls.
    pub(super) fn note(&mut self, at: u64, note: Note) {
        let entry = Entry::Note { at: Time(at), note };
        self.entries.push((at, entry));
    }

    /// The reads of a mended store, one after the other, by a session of their own.
    pub(super) fn finals(&mut self, oracle: &Oracle) {
        let end = oracle.end();
        self.note(end, Note::Quiet);
        for (index, (key, values)) in oracle.finals.iter().enumerate() {
            let from = end + 1 + 2 * index as u64;
            let call = KvCall::Get { key: key.clone() };
            let answer = Outcome::Ok(KvRet::Values(values.clone()));
            let op = OpId(self.ops);
            self.ops += 1;
            self.call(
                op,
                "the reader of the end",
                (from, call),
                Some((from + 1, answer)),
            );
        }
    }

    /// The history of all that.
    pub(super) fn history(mut self) -> History<Kv> {
        self.entries.sort_by_key(|&(at, _)| at);
        let entries = self.entries.into_iter().map(|(_, entry)| entry);
        History::new(entries).expect("an oracle tells a history")
    }
}

fn call(one: &Operation, context: Vec<OpId>) -> KvCall {
    let key = one.key.clone();
    match &one.asks {
        Asks::Get => KvCall::Get { key },
        Asks::Put(value) => KvCall::Put {
            key,
            value: value.clone(),
            context,
        },
        Asks::Delete(_) => KvCall::Delete { key, context },
    }
}

fn answer(one: &Operation) -> Outcome<KvRet> {
    match &one.answer {
        Answer::Ok => Outcome::Ok(KvRet::Stored),
        Answer::Fail => Outcome::Fail,
        Answer::Info => Outcome::Unknown,
        Answer::Values(values) => Outcome::Ok(KvRet::Values(values.clone())),
    }
}
