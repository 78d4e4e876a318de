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

use super::answer::{self, Refusal, Versions};
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

pub(super) async fn get(
    State(host): State<Arc<Host>>,
    uri: Uri,
    told: Told,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let key = key(&host, &uri)?;
    let (terms, limit) = terms(told)?;
    let request = Request::Get { key, terms };
    let reply = ask(&host, &host.metrics.gets, request, limit).await?;
    match Versions::of(reply) {
        Ok(versions) => Ok(versions.answer(wants_json(&headers))),
        Err(other) => acknowledged(&host, &other),
    }
}

pub(super) async fn put(
    State(host): State<Arc<Host>>,
    uri: Uri,
    told: Told,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = key(&host, &uri)?;
    let (terms, limit) = terms(told)?;
    let request = Request::Put {
        key,
        context: answer::context(headers.get(answer::CONTEXT))?,
        value: whole(&host, body).await?,
        terms,
    };
    acknowledged(
        &host,
        &ask(&host, &host.metrics.puts, request, limit).await?,
    )
}

pub(super) async fn delete(
    State(host): State<Arc<Host>>,
    uri: Uri,
    told: Told,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let key = key(&host, &uri)?;
    let (terms, limit) = terms(told)?;
    let request = Request::Delete {
        key,
        context: answer::context(headers.get(answer::CONTEXT))?,
        terms,
    };
    acknowledged(
        &host,
        &ask(&host, &host.metrics.deletes, request, limit).await?,
    )
}

/// Any bytes, as the path spells them.
fn key(host: &Host, uri: &Uri) -> Result<Vec<u8>, Refusal> {
    let spelled = uri.path().strip_prefix("/kv/").unwrap_or_default();
    let key: Vec<u8> = percent_decode_str(spelled).collect();
    let most = host.settings.limits.key_bytes;
    if key.len() > most {
        let why = format!("a key of {} bytes, of at most {most}", key.len());
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, why));
    }
    Ok(key)
}

fn terms(told: Told) -> Result<(Terms, Option<Duration>), Refusal> {
    let Query(asked) =
        told.map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, why.body_text()))?;
    let Asked {
        n, r, w, pinned, ..
    } = asked;
    let limit = asked.timeout_ms.map(Duration::from_millis);
    Ok((Terms { n, r, w, pinned }, limit))
}

/// Whether a client asks for JSON by name.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter();
    let mut accepts = accepts.filter_map(|accepts| accepts.to_str().ok());
    accepts.any(|accepts| accepts.contains("application/json"))
}

/// The whole body, if it is short enough and comes soon enough.
pub(super) async fn whole(host: &Host, body: Body) -> Result<Vec<u8>, Refusal> {
    within(host, body, host.settings.limits.value_bytes).await
}

/// A body of at most so many bytes.
pub(super) async fn within(host: &Host, body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
    let patience = host.settings.limits.patience;
    let Ok(read) = tokio::time::timeout(patience, axum::body::to_bytes(body, most)).await else {
        let why = format!("the body did not come within {patience:?}");
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, why));
    };
    read.map(|bytes| bytes.to_vec()).map_err(|why| {
        let why = std::error::Error::source(&why);
        if why.is_some_and(<dyn std::error::Error>::is::<LengthLimitError>) {
            let why = format!("a body of more than {most} bytes");
            return Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why);
        }
        Refusal::new(StatusCode::BAD_REQUEST, "the body broke off")
    })
}

/// What the node answers, if it does so in time.
async fn ask(
    host: &Host,
    counted: &AtomicU64,
    request: Request,
    limit: Option<Duration>,
) -> Result<Reply, Refusal> {
    let Some(_pass) = host.gate.enter() else {
        return Err(Refusal::stopping());
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
fn acknowledged(host: &Host, reply: &Reply) -> Result<Response, Refusal> {
    match reply {
        Reply::Refused(why) => {
            host.metrics.refused.fetch_add(1, Ordering::Relaxed);
            Err(Refusal::new(StatusCode::BAD_REQUEST, why.to_string()))
        }
        Reply::Unavailable => {
            host.metrics.unavailable.fetch_add(1, Ordering::Relaxed);
            Err(Refusal::unavailable("no quorum answered in time"))
        }
        Reply::Stored | Reply::Values { .. } | Reply::Members(_) => Ok(answer::done()),
    }
}
