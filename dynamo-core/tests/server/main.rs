//! The node behind real sockets and a real disk: what clients, administrators, replicas and strangers see.

mod cluster;
mod disk;
mod document;
mod strangers;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use dynamo_core::server::{Server, Settings, StartError};
use dynamo_core::{NodeId, Shape};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A folder that is gone once nobody needs it.
pub(crate) struct Folder(pub(crate) PathBuf);

pub(crate) fn folder() -> Folder {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("dynamo-server-{}-{number}", std::process::id());
    Folder(std::env::temp_dir().join(name))
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A cluster of one.
pub(crate) fn alone() -> Shape {
    Shape {
        nodes: 1,
        n: 1,
        r: 1,
        w: 1,
        ..Shape::default()
    }
}

/// A node with these changes to what it is usually told. A file that an earlier node has not let go of
/// yet is waited for.
pub(crate) async fn start(folder: &Folder, change: impl FnOnce(&mut Settings)) -> Server {
    let mut settings = Settings::new(NodeId(0), alone(), folder.0.clone());
    change(&mut settings);
    for _ in 0..100 {
        match Server::start(settings.clone()).await {
            Err(StartError::Disk { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            started => return started.expect("the node starts"),
        }
    }
    panic!("the folder stays in use: {settings:?}");
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn context(&self) -> String {
        let context = self.header("x-dynamo-context");
        context.expect("a get shows a context").to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// What a refusal says of a write's effect.
    pub(crate) fn effect(&self) -> String {
        self.json()["effect"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// One request, as it stands on the wire, and all that comes back.
pub(crate) async fn raw(to: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).await.expect("the node listens");
    stream.write_all(request).await.expect("the node reads");
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .await
        .expect("the node answers");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Answer {
        status: status.expect("a head has a status"),
        body: bytes[end + 4..].to_vec(),
        head,
    }
}

/// A request with these headers, each with its end of line.
pub(crate) async fn ask(to: SocketAddr, what: &str, headers: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let mut request = format!(
        "{what} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    )
    .into_bytes();
    request.extend_from_slice(body);
    raw(to, &request).await
}

const JSON: &str = "Accept: application/json\r\n";

#[tokio::test]
async fn siblings_and_contexts_travel_as_headers_and_bodies() {
    let folder = folder();
    let server = start(&folder, |_| ()).await;
    let at = server.clients();
    let none = ask(at, "GET /kv/cart", "", b"").await;
    assert_eq!((none.status, none.body.len()), (404, 0));
    assert_eq!(ask(at, "PUT /kv/cart", "", b"milk").await.status, 204);
    let one = ask(at, "GET /kv/cart", "", b"").await;
    assert_eq!((one.status, one.body.as_slice()), (200, b"milk".as_slice()));
    assert_eq!(ask(at, "PUT /kv/cart", "", b"\x00bread").await.status, 204);

    let two = ask(at, "GET /kv/cart", JSON, b"").await;
    assert_eq!(two.status, 300);
    let mut values: Vec<String> =
        serde_json::from_value(two.json()["values"].clone()).expect("a list");
    values.sort();
    assert_eq!(values, ["AGJyZWFk", "bWlsaw=="]);
    assert_eq!(two.json()["context"], two.context());
    let parts = ask(at, "GET /kv/cart", "Accept: */*\r\n", b"").await;
    let kind = parts
        .header("content-type")
        .expect("it has a type")
        .to_owned();
    let boundary = kind
        .strip_prefix("multipart/mixed; boundary=")
        .expect("parts");
    let text = String::from_utf8_lossy(&parts.body).into_owned();
    assert_eq!(text.matches(boundary).count(), 3);
    assert!(text.contains("\r\n\r\nmilk\r\n") && text.contains("\r\n\r\n\0bread\r\n"));

    let context = format!("X-Dynamo-Context: {}\r\n", two.context());
    assert_eq!(ask(at, "PUT /kv/cart", &context, b"both").await.status, 204);
    let merged = ask(at, "GET /kv/cart?r=1&pinned=true", "", b"").await;
    assert_eq!(
        (merged.status, merged.body.as_slice()),
        (200, b"both".as_slice())
    );
    let context = format!("X-Dynamo-Context: {}\r\n", merged.context());
    assert_eq!(ask(at, "DELETE /kv/cart", &context, b"").await.status, 204);
    let gone = ask(at, "GET /kv/cart", JSON, b"").await;
    assert_eq!(
        (gone.status, gone.header("x-dynamo-deleted")),
        (404, Some("true"))
    );
    assert_eq!(gone.json()["deleted"], true);
    server.stop().await.expect("its disk is well");
}

#[tokio::test]
async fn keys_are_any_bytes() {
    let folder = folder();
    let server = start(&folder, |_| ()).await;
    let at = server.clients();
    let keys = ["a%2Fb", "a/b/c", "%00%FF", "%2525", "K%C3%B6nig", "a?"];
    for (number, key) in keys.iter().enumerate() {
        let value = number.to_string();
        let put = ask(at, &format!("PUT /kv/{key}"), "", value.as_bytes()).await;
        assert_eq!(put.status, 204, "{key}");
    }
    for (number, key) in keys.iter().enumerate() {
        let got = ask(at, &format!("GET /kv/{key}"), "", b"").await;
        assert_eq!(got.body, number.to_string().as_bytes(), "{key}: {got:?}");
    }
    // What two ways of spelling name is one key.
    let same = ask(at, "GET /kv/a%2fb", "", b"").await;
    assert_eq!(same.body, b"0");
    assert_eq!(ask(at, "GET /admin/keys", "", b"").await.json()["keys"], 6);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_stop_and_after_a_crash() {
    let folder = folder();
    for round in 0..3 {
        let server = start(&folder, |_| ()).await;
        let at = server.clients();
        for earlier in 0..round {
            let got = ask(at, &format!("GET /kv/k{earlier}"), "", b"").await;
            assert_eq!(got.body, format!("v{earlier}").as_bytes());
        }
        let (what, value) = (format!("PUT /kv/k{round}"), format!("v{round}"));
        let put = ask(at, &what, "", value.as_bytes()).await;
        assert_eq!(put.status, 204);
        if round == 0 {
            drop(server);
        } else {
            server.stop().await.expect("its disk is well");
        }
    }
}

#[tokio::test]
async fn nothing_begins_where_it_cannot() {
    let (folder, other) = (folder(), folder());
    let server = start(&folder, |_| ()).await;
    let mut settings = Settings::new(NodeId(0), alone(), folder.0.clone());
    let taken = Server::start(settings.clone())
        .await
        .expect_err("its disk is in use");
    assert!(taken.to_string().starts_with("the data in "), "{taken}");
    settings.data.clone_from(&other.0);
    settings.clients = server.clients();
    let taken = Server::start(settings.clone())
        .await
        .expect_err("its address is in use");
    assert!(taken.to_string().starts_with("listening at "), "{taken}");
    settings.shape.r = 2;
    let wrong = Server::start(settings).await.expect_err("R is more than N");
    assert!(
        wrong
            .to_string()
            .starts_with("the shape of the cluster: R is 2"),
        "{wrong}"
    );
}
