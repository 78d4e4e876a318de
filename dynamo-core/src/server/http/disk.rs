//! What the disk of a node holds, piece by piece.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Refusal, base64, json_as};
use crate::server::disk::{Page, Room};
use crate::server::host::Host;
use crate::{Actor, Dot, Record, Siblings, Version};

/// How many records an answer has, unless it is told, and at most.
const RECORDS: usize = 100;
const RECORDS_MAX: usize = 1_000;

/// How many bytes of records an answer has at most, or one record.
const BYTES: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    after: Option<String>,
    limit: Option<usize>,
}

type Told = Result<Query<Wanted>, QueryRejection>;

/// Answers from the disk alone, whatever the node has in memory.
pub(super) async fn disk(State(host): State<Arc<Host>>, told: Told) -> Result<Response, Refusal> {
    let (after, room) = wanted(told)?;
    let read = move || host.read(|disk| disk.page(after.as_deref(), room));
    match tokio::task::spawn_blocking(read).await {
        Ok(Some(Ok(page))) => Ok(json_as(StatusCode::OK, &shown(&page))),
        Ok(Some(Err(why))) => {
            let why = format!("the disk cannot be read: {why}");
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why))
        }
        _ => Err(Refusal::stopping()),
    }
}

fn wanted(told: Told) -> Result<(Option<Vec<u8>>, Room), Refusal> {
    let refused = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
    let Query(wanted) = told.map_err(|why| refused(why.body_text()))?;
    let records = wanted.limit.unwrap_or(RECORDS);
    if !(1..=RECORDS_MAX).contains(&records) {
        return Err(refused(format!("limit must be from 1 to {RECORDS_MAX}")));
    }
    let after = wanted.after.map(|after| URL_SAFE_NO_PAD.decode(after));
    let after = after
        .transpose()
        .map_err(|why| refused(format!("after is not what any answer had as next: {why}")))?;
    let room = Room {
        records,
        bytes: BYTES,
    };
    Ok((after, room))
}

fn shown(page: &Page) -> Value {
    let mut garbled = 0;
    let mut records = Vec::new();
    for (name, value) in &page.records {
        match Record::decode(name, value) {
            Ok(Record::Data { key, siblings }) => records.push(json!({
                "key": base64(&key), "versions": versions(&siblings)
            })),
            Ok(Record::Hint {
                owner,
                key,
                siblings,
                ..
            }) => records.push(json!({
                "key": base64(&key), "owner": owner.0, "versions": versions(&siblings)
            })),
            Ok(_) => {}
            Err(_) => garbled += 1,
        }
    }
    let last = page.records.last().filter(|_| page.goes_on);
    let next = last.map(|(name, _)| URL_SAFE_NO_PAD.encode(name));
    json!({ "records": records, "garbled": garbled, "next": next })
}

fn versions(siblings: &Siblings) -> Vec<Value> {
    siblings.iter().map(version).collect()
}

fn version(version: &Version) -> Value {
    let past = version.past.iter();
    let past: Vec<Value> = past
        .map(|Dot { actor, counter }| event(actor, counter))
        .collect();
    json!({
        "value": version.value.as_deref().map(base64),
        "dot": event(version.dot.actor, version.dot.counter),
        "past": past,
        "time": version.time,
    })
}

fn event(actor: Actor, counter: u64) -> Value {
    json!({ "actor": actor.to_string(), "counter": counter })
}
