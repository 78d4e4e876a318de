//! What clients and administrators ask over HTTP.

mod admin;
mod answer;
mod kv;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use hmac::{Hmac, KeyInit, Mac};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use sha2::Sha256;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use super::host::Host;
use super::settings::Secret;
use answer::{Effect, refuse};

/// Every path, in the order of the document, and what answers it.
fn routes() -> [(&'static str, MethodRouter<Arc<Host>>); 11] {
    [
        ("/kv/{*key}", get(kv::get).put(kv::put).delete(kv::delete)),
        ("/admin/join", post(admin::join)),
        ("/admin/leave", post(admin::leave)),
        ("/admin/ring", get(admin::ring)),
        ("/admin/hints", get(admin::hints)),
        ("/admin/roots", get(admin::roots)),
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
            refuse(StatusCode::METHOD_NOT_ALLOWED, Effect::None, why)
        })
        .fallback(|| async {
            let why = "there is nothing of that name: see /openapi.json";
            refuse(StatusCode::NOT_FOUND, Effect::None, why)
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
    let mut refusal = refuse(StatusCode::UNAUTHORIZED, Effect::None, why);
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
    let mac = |text: &[u8]| {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&token.0).expect("a key may have any length");
        mac.update(text);
        mac
    };
    let wanted = mac(&token.0).finalize().into_bytes();
    shown.is_some_and(|shown| mac(shown).verify(&wanted).is_ok())
}

/// Serves clients, for as long as it is let.
pub(super) async fn serve(host: Arc<Host>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(host.settings.limits.clients));
    let service = TowerToHyperService::new(router(Arc::clone(&host)));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // There is no room for another one: it waits, as those beyond the limit do.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let (host, service) = (Arc::clone(&host), service.clone());
        connections.spawn(async move {
            converse(&host, stream, service).await;
            drop(permit);
        });
    }
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
    // A client that breaks off is its own affair.
    let _ = connection.await;
}
