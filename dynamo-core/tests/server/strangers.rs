//! Whoever comes without knowing how: refused clearly, in bounded time, and nothing is lost by it.

use std::time::Duration;

use dynamo_core::server::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ask, folder, raw, start};

fn impatient(settings: &mut Settings) {
    settings.limits.patience = Duration::from_millis(300);
}

/// All that comes back until the node ends the connection; it must do so by itself.
async fn ended(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await;
    // Reset is an end as good as any.
    let _ = end.expect("the node ends what goes nowhere");
    bytes
}

#[tokio::test]
async fn whoever_says_nothing_or_half_of_it_is_not_waited_for() {
    let folder = folder();
    let server = start(&folder, impatient).await;
    let at = server.clients();
    for said in [
        b"".as_slice(),
        b"GET /kv/a HT",
        b"GET /kv/a HTTP/1.1\r\nHost: here\r\n",
        b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nhalf",
        b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut stream = TcpStream::connect(at).await.expect("it listens");
        stream.write_all(said).await.expect("it reads");
        let back = ended(&mut stream).await;
        let back = String::from_utf8_lossy(&back);
        let half = said.starts_with(b"PUT");
        let told = back.starts_with("HTTP/1.1 408") && back.contains("\"effect\":\"none\"");
        assert!(told || !half, "{said:?}: {back}");
    }
    assert_eq!(
        ask(at, "GET /kv/a", "", b"").await.status,
        404,
        "no half was kept"
    );
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_node_goes_on() {
    let folder = folder();
    let server = start(&folder, impatient).await;
    let at = server.clients();
    assert_eq!(ask(at, "PUT /kv/a", "", b"kept").await.status, 204);
    let many = "X-Many: 1\r\n".repeat(500);
    let long = format!("X-Long: {}\r\n", "y".repeat(200_000));
    for said in [
        b"DYNO\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\xff\xfe\xfd\r\n\r\n".to_vec(),
        b"GET /kv/a HTTP/9.9\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"GET /kv/a b HTTP/1.1\r\nHost: here\r\n\r\n".to_vec(),
        format!("GET /kv/a HTTP/1.1\r\n{many}\r\n").into_bytes(),
        format!("GET /kv/a HTTP/1.1\r\n{long}\r\n").into_bytes(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "z".repeat(200_000)).into_bytes(),
        b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nContent-Length: -4\r\n\r\n".to_vec(),
        b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nxx"
            .to_vec(),
        b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
    ] {
        let mut stream = TcpStream::connect(at).await.expect("it listens");
        // It may have ended before all was said.
        let _ = stream.write_all(&said).await;
        let back = ended(&mut stream).await;
        let back = String::from_utf8_lossy(&back);
        let refused = back.is_empty() || back.starts_with("HTTP/1.1 4");
        assert!(
            refused,
            "{:?}: {back}",
            String::from_utf8_lossy(&said[..said.len().min(60)])
        );
    }
    assert_eq!(ask(at, "GET /kv/a", "", b"").await.body, b"kept");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let folder = folder();
    let server = start(&folder, |settings| {
        impatient(settings);
        settings.limits.clients = 2;
    })
    .await;
    let at = server.clients();
    let value = vec![7; 1 << 20];
    assert_eq!(ask(at, "PUT /kv/a", "", &value).await.status, 204);
    let get = b"GET /kv/a HTTP/1.1\r\nHost: here\r\n\r\n";
    let mut lazy = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(at).await.expect("it listens");
        stream.write_all(&get.repeat(30)).await.expect("it reads");
        lazy.push(stream);
    }
    // There is no room until one of those two is let go.
    let got = tokio::time::timeout(Duration::from_secs(60), ask(at, "GET /kv/a", "", b"")).await;
    assert_eq!(got.expect("there is room again").body, value);
}

#[tokio::test]
async fn bodies_may_come_in_pieces_and_requests_one_after_another() {
    let folder = folder();
    let server = start(&folder, |_| ()).await;
    let chunked = b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n5\r\n-half\r\n0\r\n\r\n\
        GET /kv/a HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    let answer = raw(server.clients(), chunked).await;
    assert_eq!(answer.status, 204);
    assert!(answer.body.ends_with(b"half-half"), "{answer:?}");
}

#[tokio::test]
async fn a_node_that_stops_answers_whoever_waits_and_lets_nobody_in() {
    let folder = folder();
    let server = start(&folder, |_| ()).await;
    let at = server.clients();
    let mut open = TcpStream::connect(at).await.expect("it listens");
    let begun =
        b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    open.write_all(begun).await.expect("it reads");
    // The node waits for the rest.
    let mut word = [0; 25];
    open.read_exact(&mut word).await.expect("it goes on");
    let stopping = tokio::spawn(server.stop());
    while TcpStream::connect(at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    open.write_all(b"kept").await.expect("it reads");
    let said = ended(&mut open).await;
    assert!(
        said.starts_with(b"HTTP/1.1 204 "),
        "{}",
        String::from_utf8_lossy(&said)
    );
    stopping.await.expect("no panic").expect("its disk is well");
    let server = start(&folder, |_| ()).await;
    assert_eq!(
        ask(server.clients(), "GET /kv/a", "", b"").await.body,
        b"kept"
    );
}

#[tokio::test]
async fn a_node_that_stops_does_not_wait_for_ever() {
    let folder = folder();
    let server = start(&folder, |settings| {
        settings.limits.drain = Duration::from_millis(50);
    })
    .await;
    let at = server.clients();
    let mut open = TcpStream::connect(at).await.expect("it listens");
    let begun = b"PUT /kv/a HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nha";
    open.write_all(begun).await.expect("it reads");
    server.stop().await.expect("its disk is well");
    let server = start(&folder, |_| ()).await;
    assert_eq!(
        ask(server.clients(), "GET /kv/a", "", b"").await.status,
        404
    );
}
