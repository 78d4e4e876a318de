//! What administrators ask: who is in the cluster, and how a node is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::answer::{self, Effect, json_as, refuse};
use crate::server::host::Host;
use crate::server::metrics as counted;
use crate::{Member, Node, NodeId, Reply, Request};

/// The document of all that is answered here.
const DOCUMENT: &str = include_str!("openapi.json");

/// The longest order of an administrator, in bytes.
const ORDER_MAX: usize = 4096;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Joins {
    node: u32,
    capacity: Option<u32>,
    zone: Option<u32>,
    address: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaves {
    node: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct About {
    key: Option<String>,
}

pub(super) async fn join(State(host): State<Arc<Host>>, body: Body) -> Response {
    let told: Joins = match order(&host, body).await {
        Ok(told) => told,
        Err(refused) => return *refused,
    };
    let node = NodeId(told.node);
    if told.address.is_some() {
        host.peer(node, told.address.as_deref());
    }
    let default = Member::default();
    let member = Member {
        capacity: told.capacity.unwrap_or(default.capacity),
        zone: told.zone.unwrap_or(default.zone),
    };
    moved(&host, Request::Join { node, member }).await
}

pub(super) async fn leave(State(host): State<Arc<Host>>, body: Body) -> Response {
    match order::<Leaves>(&host, body).await {
        Ok(told) => {
            let node = NodeId(told.node);
            moved(&host, Request::Leave { node }).await
        }
        Err(refused) => *refused,
    }
}

/// Reads an order.
async fn order<T: serde::de::DeserializeOwned>(
    host: &Host,
    body: Body,
) -> Result<T, Box<Response>> {
    let no = |status, why: &str| Box::new(refuse(status, Effect::None, why));
    let patience = host.settings.limits.patience;
    let Ok(read) = tokio::time::timeout(patience, axum::body::to_bytes(body, ORDER_MAX)).await
    else {
        return Err(no(StatusCode::REQUEST_TIMEOUT, "the body did not come"));
    };
    let bytes = read.map_err(|why| no(StatusCode::PAYLOAD_TOO_LARGE, &why.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|why| no(StatusCode::BAD_REQUEST, &why.to_string()))
}

async fn moved(host: &Host, request: Request) -> Response {
    let Some(_pass) = host.gate.enter() else {
        let why = "this node is stopping";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, Effect::None, why);
    };
    match host.ask(request).reply().await {
        Some(Reply::Stored) => answer::done(),
        Some(Reply::Refused(why)) => refuse(StatusCode::CONFLICT, Effect::None, &why.to_string()),
        _ => {
            let why = "the disk did not answer";
            refuse(StatusCode::SERVICE_UNAVAILABLE, Effect::Unknown, why)
        }
    }
}

type Told = Result<Query<About>, QueryRejection>;

/// Data that is about one key, or about all.
fn about(told: Told, what: impl FnOnce(Option<&str>) -> Option<serde_json::Value>) -> Response {
    match told {
        Err(why) => refuse(StatusCode::BAD_REQUEST, Effect::None, &why.body_text()),
        Ok(Query(About { key })) => match what(key.as_deref()) {
            Some(value) => json_as(StatusCode::OK, &value),
            None => {
                let why = "this node does not own the key";
                refuse(StatusCode::NOT_FOUND, Effect::None, why)
            }
        },
    }
}

pub(super) async fn ring(State(host): State<Arc<Host>>, told: Told) -> Response {
    about(told, |key| Some(host.look(|node| seen(node, key))))
}

fn seen(node: &Node, key: Option<&str>) -> serde_json::Value {
    let view = node.view();
    let members = view.membership().members();
    let members: Vec<_> = members
        .iter()
        .map(|(id, member)| {
            json!({ "node": id.0, "capacity": member.capacity, "zone": member.zone })
        })
        .collect();
    let mut seen = json!({ "view": format!("{:016x}", view.mark()), "members": members });
    if let Some(key) = key {
        let range = view.ring().range_of(key.as_bytes());
        let owners: Vec<u32> = view.owners(range).iter().map(|owner| owner.0).collect();
        seen["range"] = json!(view.ring().range_name(range));
        seen["owners"] = json!(owners);
    }
    seen
}

pub(super) async fn hints(State(host): State<Arc<Host>>) -> Response {
    let hints = host.look(Node::hints);
    let hints: Vec<_> = hints
        .iter()
        .map(|(owner, key)| json!({ "owner": owner.0, "key": answer::base64(key) }))
        .collect();
    json_as(StatusCode::OK, &json!({ "hints": hints }))
}

pub(super) async fn roots(State(host): State<Arc<Host>>, told: Told) -> Response {
    let shown =
        |(range, root): (String, u128)| json!({ "range": range, "root": format!("{root:032x}") });
    about(told, |key| {
        let (roots, range) = host.look(|node| {
            let ring = node.view().ring();
            let range = key.map(|key| ring.range_name(ring.range_of(key.as_bytes())));
            (node.roots(), range)
        });
        match range {
            None => {
                let roots: Vec<_> = roots.into_iter().map(shown).collect();
                Some(json!({ "roots": roots }))
            }
            Some(range) => {
                let root = roots.into_iter().find(|(name, _)| *name == range);
                root.map(shown)
            }
        }
    })
}

pub(super) async fn keys(State(host): State<Arc<Host>>) -> Response {
    json_as(StatusCode::OK, &json!({ "keys": host.look(Node::keys) }))
}

pub(super) async fn moving(State(host): State<Arc<Host>>) -> Response {
    let moving = host.look(Node::moving);
    json_as(StatusCode::OK, &json!({ "moving": moving }))
}

pub(super) async fn metrics(State(host): State<Arc<Host>>) -> Response {
    let text = counted::text(&host).into_bytes();
    answer::body(StatusCode::OK, "text/plain; version=0.0.4", text)
}

pub(super) async fn health(State(host): State<Arc<Host>>) -> Response {
    if host.gate.is_closed() {
        let why = "this node is stopping";
        return refuse(StatusCode::SERVICE_UNAVAILABLE, Effect::None, why);
    }
    answer::body(StatusCode::OK, "text/plain", b"ok\n".to_vec())
}

pub(super) async fn document() -> Response {
    let document = DOCUMENT.as_bytes().to_vec();
    answer::body(StatusCode::OK, "application/json", document)
}
