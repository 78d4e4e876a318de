//! What administrators ask: who is in the cluster, and how a node is.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::answer::{self, Refusal, json_as};
use super::kv::within;
use crate::server::host::Host;
use crate::server::metrics as counted;
use crate::{Member, Node, NodeId, Reply, Request, View};

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

pub(super) async fn join(State(host): State<Arc<Host>>, body: Body) -> Result<Response, Refusal> {
    let told: Joins = order(&host, body).await?;
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

pub(super) async fn leave(State(host): State<Arc<Host>>, body: Body) -> Result<Response, Refusal> {
    let told: Leaves = order(&host, body).await?;
    let node = NodeId(told.node);
    moved(&host, Request::Leave { node }).await
}

/// Reads an order.
async fn order<T: DeserializeOwned>(host: &Host, body: Body) -> Result<T, Refusal> {
    let bytes = within(host, body, ORDER_MAX).await?;
    serde_json::from_slice(&bytes)
        .map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, why.to_string()))
}

async fn moved(host: &Host, request: Request) -> Result<Response, Refusal> {
    match host.ask(request).reply().await {
        Some(Reply::Stored) => Ok(answer::done()),
        Some(Reply::Refused(why)) => Err(Refusal::new(StatusCode::CONFLICT, why.to_string())),
        _ => Err(Refusal::unavailable("the disk did not answer")),
    }
}

type Told = Result<Query<About>, QueryRejection>;

/// The key that is asked about, if it is about one.
fn about(told: Told) -> Result<Option<String>, Refusal> {
    let told = told.map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, why.body_text()));
    Ok(told?.0.key)
}

pub(super) async fn ring(State(host): State<Arc<Host>>, told: Told) -> Result<Response, Refusal> {
    let key = about(told)?;
    let seen = seen(&host.ring.load(), key.as_deref());
    Ok(json_as(StatusCode::OK, &seen))
}

fn seen(view: &View, key: Option<&str>) -> serde_json::Value {
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
    let shown =
        |(owner, key): (NodeId, &[u8])| json!({ "owner": owner.0, "key": answer::base64(key) });
    let hints: Vec<_> = host.look(|node| node.hints().map(shown).collect());
    json_as(StatusCode::OK, &json!({ "hints": hints }))
}

pub(super) async fn roots(State(host): State<Arc<Host>>, told: Told) -> Result<Response, Refusal> {
    let key = about(told)?;
    let (roots, wanted) = host.look(|node| {
        let ring = node.view().ring();
        let wanted = key.map(|key| ring.range_name(ring.range_of(key.as_bytes())));
        (node.roots(), wanted)
    });
    let mut shown = roots.into_iter().map(|(range, root)| {
        let root = format!("{root:032x}");
        json!({ "range": range, "root": root })
    });
    let Some(wanted) = wanted else {
        let roots: Vec<_> = shown.collect();
        return Ok(json_as(StatusCode::OK, &json!({ "roots": roots })));
    };
    let why = "this node does not own the key";
    let root = shown.find(|root| root["range"] == wanted);
    let root = root.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, why))?;
    Ok(json_as(StatusCode::OK, &root))
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

pub(super) async fn health(State(host): State<Arc<Host>>) -> Result<Response, Refusal> {
    if host.gate.is_closed() {
        return Err(Refusal::stopping());
    }
    Ok(answer::body(StatusCode::OK, "text/plain", b"ok\n".to_vec()))
}

pub(super) async fn document() -> Response {
    let document = DOCUMENT.as_bytes().to_vec();
    answer::body(StatusCode::OK, "application/json", document)
}
