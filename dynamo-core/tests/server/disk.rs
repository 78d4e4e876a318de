//! What administrators see of a disk.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{ask, folder, start};

async fn held(at: SocketAddr, query: &str) -> Value {
    let answer = ask(at, &format!("GET /admin/disk{query}"), "", b"").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// What is under way is waited for, so whoever was told that it is done sees it.
#[tokio::test]
async fn a_disk_shows_each_version_with_its_event_and_what_it_had_seen() {
    let folder = folder();
    for sync in [true, false] {
        let server = start(&folder, |settings| settings.sync = sync).await;
        let at = server.clients();
        let key = if sync { "a" } else { "b" };
        ask(at, &format!("PUT /kv/{key}"), "", b"1").await;
        let read = ask(at, &format!("GET /kv/{key}"), "", b"").await;
        let context = format!("X-Dynamo-Context: {}\r\n", read.context());
        ask(at, &format!("DELETE /kv/{key}"), &context, b"").await;
        ask(at, &format!("PUT /kv/{key}"), "", b"2").await;
        let held = held(at, "").await;
        let records = held["records"].as_array().expect("a list");
        let record = records.last().expect("it holds something");
        let versions = record["versions"].as_array().expect("a list");
        let values: Vec<&Value> = versions.iter().map(|version| &version["value"]).collect();
        assert_eq!(values, [&Value::Null, &json!("Mg==")], "{record}");
        let (deleted, put) = (&versions[0], &versions[1]);
        assert_eq!(deleted["past"].as_array().map(Vec::len), Some(1));
        assert_eq!(put["past"], json!([]));
        let counter = |event: &Value| event["counter"].as_u64().expect("a number");
        assert!(counter(&deleted["past"][0]) < counter(&deleted["dot"]));
        assert!(counter(&deleted["dot"]) < counter(&put["dot"]));
        assert_eq!(deleted["dot"]["actor"], put["dot"]["actor"]);
        assert_eq!((&held["garbled"], &held["next"]), (&json!(0), &Value::Null));
        assert!(record.get("owner").is_none(), "it is no hint");
        server.stop().await.expect("its disk is well");
    }
    let server = start(&folder, |_| ()).await;
    let again = held(server.clients(), "").await;
    assert_eq!(again["records"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn pieces_follow_each_other_by_key() {
    let folder = folder();
    let server = start(&folder, |_| ()).await;
    let at = server.clients();
    for key in ["c", "a", "b"] {
        ask(at, &format!("PUT /kv/{key}"), "", b"1").await;
    }
    let whole = held(at, "").await["records"].clone();
    let (mut pieces, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let piece = held(at, &query).await;
        pieces.push(piece["records"].as_array().expect("a list").clone());
        match piece["next"].as_str() {
            Some(next) => query = format!("?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(json!(pieces.concat()), whole);
    let keys: Vec<&Value> = pieces
        .iter()
        .flatten()
        .map(|record| &record["key"])
        .collect();
    assert_eq!(keys, ["YQ==", "Yg==", "Yw=="]);
    // A value that is longer than a piece is a piece.
    for key in ["d", "e"] {
        let put = ask(at, &format!("PUT /kv/{key}"), "", &vec![b'v'; 700_000]).await;
        assert_eq!(put.status, 204);
    }
    let piece = held(at, "?limit=1000").await;
    assert_eq!(piece["records"].as_array().map(Vec::len), Some(4));
    assert!(piece["next"].is_string());
}
