//! What clients and administrators ask over HTTP.

mod admin;
mod answer;
mod disk;
mod kv;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use hmac::Mac;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;

use super::host::Host;
use super::listen::listen;
use super::settings::Secret;
use answer::Refusal;

/// Every path, in the order of the document, and what answers it.
fn routes() -> [(&'static str, MethodRouter<Arc<Host>>); 12] {
    [
        ("/kv/{*key}", get(kv::get).put(kv::put).delete(kv::delete)),
        ("/admin/join", post(admin::join)),
        ("/admin/leave", post(admin::leave)),
        ("/admin/ring", get(admin::ring)),
        ("/admin/hints", get(admin::hints)),
        ("/admin/roots", get(admin::roots)),
        ("/admin/disk", get(disk::disk)),
        ("/admin/keys", get(admin::keys)),
        ("/admin/moving", get(admin::moving)),
        ("/metrics", get(admin::metrics)),
        ("/health", get(admin::health)),
        ("/openapi.json", get(admin::document)),
    ]
}

fn router(host: Arc<Host>) -> Router {
    let mut router = Router::new();
    for (path, methods) in routes() {
        router = router.route(path, methods);
    }
    router
        .method_not_allowed_fallback(|| async {
            let why = "this path is not asked in that way: see /openapi.json";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, why)
        })
        .fallback(|| async {
            let why = "there is nothing of that name: see /openapi.json";
            Refusal::new(StatusCode::NOT_FOUND, why)
        })
        .layer(from_fn_with_state(Arc::clone(&host), admit))
        .with_state(host)
}

/// Lets in whoever shows the token, if there is one. Whether a node lives is no secret.
async fn admit(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let open = host.settings.token.as_ref();
    let known = open.is_none_or(|token| shows(request.headers(), token));
    if known || request.uri().path() == "/health" {
        return next.run(request).await;
    }
    let why = "the header Authorization must be Bearer and the token of this cluster";
    let mut refusal = Refusal::new(StatusCode::UNAUTHORIZED, why).into_response();
    let scheme = header::HeaderValue::from_static("Bearer");
    refusal
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, scheme);
    refusal
}

/// Takes as long whatever is wrong with it.
fn shows(headers: &HeaderMap, token: &Secret) -> bool {
    let shown = headers.get(header::AUTHORIZATION);
    let shown = shown.and_then(|shown| shown.as_bytes().strip_prefix(b"Bearer "));
    let mac = |text: &[u8]| token.mac().chain_update(text);
    let wanted = mac(&token.0).finalize().into_bytes();
    shown.is_some_and(|shown| mac(shown).verify(&wanted).is_ok())
}

/// Serves clients until the node stops, and then until each has the answer that it waits for.
pub(super) async fn serve(host: Arc<Host>, listener: TcpListener) {
    let service = TowerToHyperService::new(router(Arc::clone(&host)));
    let most = host.settings.limits.clients;
    listen(listener, most, host.stopping(), |stream| {
        let (host, service) = (Arc::clone(&host), service.clone());
        async move {
            // Whoever comes when the gate is closed finds nobody.
            if let Some(pass) = host.gate.enter() {
                converse(&host, stream, service).await;
                drop(pass);
            }
        }
    })
    .await;
}

async fn converse(host: &Host, stream: TcpStream, service: TowerToHyperService<Router>) {
    let patience = host.settings.limits.patience;
    // What cannot be set is only slower.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(1 << 16);
    let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = std::pin::pin!(connection);
    // A client that breaks off is its own affair.
    tokio::select! {
        _ = &mut connection => return,
        () = host.stopping() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
