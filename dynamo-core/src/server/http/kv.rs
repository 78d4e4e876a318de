//! Get, put, delete.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use http_body_util::LengthLimitError;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::answer::{self, Effect, Versions, refuse};
use crate::server::host::Host;
use crate::{Reply, Request, Terms};

/// What a path says behind `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    n: Option<u32>,
    r: Option<u32>,
    w: Option<u32>,
    #[serde(default)]
    pinned: bool,
    timeout_ms: Option<u64>,
}

type Told = Result<Query<Asked>, QueryRejection>;

/// A refusal, which is an answer as good as any.
type Refused = Box<Response>;

pub(super) async fn get(
    State(host): State<Arc<Host>>,
    uri: Uri,
    told: Told,
    headers: HeaderMap,
) -> Response {
    let asked = async {
        let key = key(&host, &uri)?;
        let (terms, limit) = terms(told)?;
        let request = Request::Get { key, terms };
        ask(&host, &host.metrics.gets, request, limit).await
    };
    match asked.await.map(Versions::of) {
        Ok(Ok(versions)) => versions.answer(wants_json(&headers)),
        Ok(Err(other)) => acknowledged(&host, other),
        Err(refused) => *refused,
    }
}

pub(super) async fn put(
    State(host): State<Arc<Host>>,
    uri: Uri,
    told: Told,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asked = async {
        let key = key(&host, &uri)?;
        let (terms, limit) = terms(told)?;
        let context = context(&headers)?;
        let value = whole(&host, body).await?;
        let request = Request::Put {
            key,
            value,
            context,
            terms,
        };
        ask(&host, &host.metrics.puts, request, limit).await
    };
    asked
        .await
        .map_or_else(|refused| *refused, |reply| acknowledged(&host, reply))
}

pub(super) async fn delete(
    State(host): State<Arc<Host>>,
    uri: Uri,
    told: Told,
    headers: HeaderMap,
) -> Response {
    let asked = async {
        let key = key(&host, &uri)?;
        let (terms, limit) = terms(told)?;
        let context = context(&headers)?;
        let request = Request::Delete {
            key,
            context,
            terms,
        };
        ask(&host, &host.metrics.deletes, request, limit).await
    };
    asked
        .await
        .map_or_else(|refused| *refused, |reply| acknowledged(&host, reply))
}

fn no(status: StatusCode, why: &str) -> Refused {
    Box::new(refuse(status, Effect::None, why))
}

/// Any bytes, as the path spells them.
fn key(host: &Host, uri: &Uri) -> Result<Vec<u8>, Refused> {
    let spelled = uri.path().strip_prefix("/kv/").unwrap_or_default();
    let key: Vec<u8> = percent_decode_str(spelled).collect();
    let most = host.settings.limits.key_bytes;
    if key.len() > most {
        let why = format!("a key of {} bytes, of at most {most}", key.len());
        return Err(no(StatusCode::URI_TOO_LONG, &why));
    }
    Ok(key)
}

fn terms(told: Told) -> Result<(Terms, Option<Duration>), Refused> {
    let Query(asked) = told.map_err(|why| no(StatusCode::BAD_REQUEST, &why.body_text()))?;
    let Asked {
        n, r, w, pinned, ..
    } = asked;
    let limit = asked.timeout_ms.map(Duration::from_millis);
    Ok((Terms { n, r, w, pinned }, limit))
}

fn context(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Refused> {
    answer::context(headers.get(answer::CONTEXT)).map_err(|why| no(StatusCode::BAD_REQUEST, &why))
}

/// Whether a client asks for JSON by name.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter();
    let mut accepts = accepts.filter_map(|accepts| accepts.to_str().ok());
    accepts.any(|accepts| accepts.contains("application/json"))
}

/// The whole body, if it is short enough and comes soon enough.
async fn whole(host: &Host, body: Body) -> Result<Vec<u8>, Refused> {
    let limits = &host.settings.limits;
    let most = limits.value_bytes;
    let read = tokio::time::timeout(limits.patience, axum::body::to_bytes(body, most)).await;
    let Ok(read) = read else {
        let why = format!("the body did not come within {:?}", limits.patience);
        return Err(no(StatusCode::REQUEST_TIMEOUT, &why));
    };
    read.map(|bytes| bytes.to_vec()).map_err(|why| {
        let why = std::error::Error::source(&why);
        if why.is_some_and(|why| why.is::<LengthLimitError>()) {
            let why = format!("a value of more than {most} bytes");
            return no(StatusCode::PAYLOAD_TOO_LARGE, &why);
        }
        no(StatusCode::BAD_REQUEST, "the body broke off")
    })
}

/// What the node answers, if it does so in time.
async fn ask(
    host: &Host,
    counted: &AtomicU64,
    request: Request,
    limit: Option<Duration>,
) -> Result<Reply, Refused> {
    let Some(_pass) = host.gate.enter() else {
        return Err(no(StatusCode::SERVICE_UNAVAILABLE, "this node is stopping"));
    };
    counted.fetch_add(1, Ordering::Relaxed);
    let mut asked = host.ask(request);
    let reply = match limit {
        None => asked.reply().await,
        Some(limit) => tokio::time::timeout(limit, asked.reply())
            .await
            .unwrap_or(Some(Reply::Unavailable)),
    };
    Ok(reply.unwrap_or(Reply::Unavailable))
}

/// What a write came to, or a get that found no quorum.
fn acknowledged(host: &Host, reply: Reply) -> Response {
    match reply {
        Reply::Refused(why) => {
            host.metrics.refused.fetch_add(1, Ordering::Relaxed);
            refuse(StatusCode::BAD_REQUEST, Effect::None, &why.to_string())
        }
        Reply::Unavailable => {
            host.metrics.unavailable.fetch_add(1, Ordering::Relaxed);
            let why = "no quorum answered in time";
            refuse(StatusCode::SERVICE_UNAVAILABLE, Effect::Unknown, why)
        }
        Reply::Stored | Reply::Values { .. } | Reply::Members(_) => answer::done(),
    }
}
