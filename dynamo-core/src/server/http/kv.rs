//! Get, put, delete.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
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

/// A call as its path, query and headers tell it.
pub(super) struct Call {
    key: Vec<u8>,
    terms: Terms,
    limit: Option<Duration>,
    context: Option<Vec<u8>>,
}

impl FromRequestParts<Arc<Host>> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<Host>) -> Result<Call, Refusal> {
        let told = Query::<Asked>::try_from_uri(&parts.uri);
        let Query(Asked {
            n,
            r,
            w,
            pinned,
            timeout_ms,
        }) = told.map_err(|why| Refusal::new(StatusCode::BAD_REQUEST, why.body_text()))?;
        Ok(Call {
            key: key(host, &parts.uri)?,
            terms: Terms { n, r, w, pinned },
            limit: timeout_ms.map(Duration::from_millis),
            context: answer::context(parts.headers.get(answer::CONTEXT))?,
        })
    }
}

pub(super) async fn get(
    State(host): State<Arc<Host>>,
    call: Call,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Call {
        key, terms, limit, ..
    } = call;
    let request = Request::Get { key, terms };
    match Versions::of(ask(&host, &host.metrics.gets, request, limit).await) {
        Ok(versions) => Ok(versions.answer(wants_json(&headers))),
        Err(other) => acknowledged(&host, &other),
    }
}

pub(super) async fn put(
    State(host): State<Arc<Host>>,
    call: Call,
    body: Body,
) -> Result<Response, Refusal> {
    let request = Request::Put {
        key: call.key,
        context: call.context,
        value: within(&host, body, host.settings.limits.value_bytes).await?,
        terms: call.terms,
    };
    let reply = ask(&host, &host.metrics.puts, request, call.limit).await;
    acknowledged(&host, &reply)
}

pub(super) async fn delete(State(host): State<Arc<Host>>, call: Call) -> Result<Response, Refusal> {
    let request = Request::Delete {
        key: call.key,
        context: call.context,
        terms: call.terms,
    };
    let reply = ask(&host, &host.metrics.deletes, request, call.limit).await;
    acknowledged(&host, &reply)
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

/// Whether a client asks for JSON by name.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter();
    let mut accepts = accepts.filter_map(|accepts| accepts.to_str().ok());
    accepts.any(|accepts| accepts.contains("application/json"))
}

/// A whole body, if it is of at most so many bytes and comes soon enough.
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
async fn ask(host: &Host, counted: &AtomicU64, request: Request, limit: Option<Duration>) -> Reply {
    counted.fetch_add(1, Ordering::Relaxed);
    let mut asked = host.ask(request);
    let reply = match limit {
        None => asked.reply().await,
        Some(limit) => tokio::time::timeout(limit, asked.reply())
            .await
            .unwrap_or_default(),
    };
    reply.unwrap_or(Reply::Unavailable)
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
