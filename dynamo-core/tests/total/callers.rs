//! One client that hears anything at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use dynamo_core::client::{Client, Habits, Input, Output};
use dynamo_core::{Config, Refusal, Reply, RequestId, Time};

use crate::shapes::shape;
use crate::source::Source;
use crate::strange::{Real, history};

/// Each call comes to exactly one end, and no input asks more than everybody once.
pub(crate) fn hear_anything(bytes: &[u8]) {
    let source = &mut Source::new(bytes);
    let config = Arc::new(Config::new(shape(source)).expect("the generator keeps every rule"));
    let habits = Habits {
        poll_us: source.number(),
        patience_us: source.number(),
        call_us: source.number(),
        suspicion_us: source.number(),
        pinned: source.flip(),
    };
    let real = Real {
        keys: vec![b"a".to_vec()],
        histories: true,
        ..Real::default()
    };
    let mut now = Time(source.number());
    let mut client = Client::new(source.number(), config, habits, now);
    let (mut calls, mut asks, mut ended) = (0, 0, BTreeSet::new());
    let mut hear = |client: &mut Client, now: Time, input: Input, calls: u64| {
        let mut out = Vec::new();
        client.handle(now, input, &mut out);
        for output in out {
            match output {
                Output::Ask { ask, .. } => asks = asks.max(ask.0),
                Output::Done { id, .. } => {
                    assert!(id.0 <= calls && ended.insert(id), "one end each");
                }
            }
        }
        asks
    };
    let mut last = 0u64;
    while !source.is_empty() {
        if source.flip() {
            now = client.deadline().max(now);
        }
        let ask = RequestId(last.saturating_sub(u64::from(source.below(4))));
        let input = match source.below(8) {
            0..=2 => {
                calls += 1;
                let (id, request) = (RequestId(calls), real.request(source));
                Input::Call { id, request }
            }
            3 => Input::Wake,
            4 => Input::Unsent { ask },
            5 => Input::Lost { ask },
            _ => Input::Answer {
                ask,
                reply: reply(source),
            },
        };
        let before = last;
        last = hear(&mut client, now, input, calls);
        assert!(
            last - before <= calls + 1,
            "one ask for each call, one poll"
        );
    }
    // With nobody answering, time alone ends every call.
    now = Time(u64::MAX);
    for _ in 0..64 {
        hear(&mut client, now, Input::Wake, calls);
    }
    assert_eq!(ended.len() as u64, calls);
}

fn reply(source: &mut Source<'_>) -> Reply {
    match source.below(6) {
        0 => Reply::Stored,
        1 => Reply::Unavailable,
        2 => Reply::Refused(Refusal::NotAnOwner),
        3 => Reply::Refused(Refusal::Terms),
        4 => Reply::Values {
            values: Vec::new(),
            deleted: false,
            context: source.bytes(),
        },
        _ => Reply::Members(history(source)),
    }
}
