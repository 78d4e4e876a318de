//! The document of the server and the server say the same.

use std::collections::BTreeSet;

use dynamo_core::server::Secret;
use serde_json::Value;

use super::{Answer, ask, folder, start};

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().expect("it has paths");
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("a path has methods").keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

/// Whether an answer is one that the document has, of a type and with the headers that it has.
fn documented(document: &Value, method: &str, path: &str, answer: &Answer) {
    let responses = &document["paths"][path][method.to_lowercase()]["responses"];
    let response = &responses[answer.status.to_string()];
    assert!(!response.is_null(), "{method} {path}: {answer:?}");
    if !answer.body.is_empty() {
        let kind = answer.header("content-type").expect("a body has a type");
        let kind = kind.split(';').next().unwrap_or_default();
        assert!(
            !response["content"][kind].is_null() || response["content"].get(kind).is_some(),
            "{method} {path}: {kind}"
        );
        if kind == "application/json" && answer.status >= 400 && answer.status != 404 {
            let refusal = answer.json();
            assert!(refusal["error"].is_string(), "{refusal}");
            assert!(
                ["none", "unknown"].contains(&answer.effect().as_str()),
                "{refusal}"
            );
        }
    }
    for header in response["headers"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.keys())
    {
        if header != "X-Dynamo-Deleted" {
            assert!(answer.header(header).is_some(), "{method} {path}: {header}");
        }
    }
}

/// Method, path in the document, path that is asked, headers, body, status.
struct Asked<'a>(&'a str, &'a str, String, &'a str, &'a [u8], u16);

fn asked_of_keys<'a>(long: &str, huge: &'a [u8]) -> Vec<Asked<'a>> {
    let long = format!("/kv/{long}");
    let json = "Accept: application/json\r\n";
    [
        ("GET", "/kv/a", "", b"".as_slice(), 404),
        ("PUT", "/kv/a", "", b"1", 204),
        ("GET", "/kv/a", "", b"", 200),
        ("GET", "/kv/a", json, b"", 200),
        ("PUT", "/kv/a", "", b"2", 204),
        ("GET", "/kv/a", "", b"", 300),
        ("GET", "/kv/a", json, b"", 300),
        ("GET", "/kv/a?r=2", "", b"", 400),
        ("GET", "/kv/a?q=2", "", b"", 400),
        ("GET", "/kv/a?r=-1", "", b"", 400),
        ("PUT", "/kv/a?w=0", "", b"3", 400),
        ("PUT", "/kv/a", "X-Dynamo-Context: !!\r\n", b"3", 400),
        ("PUT", "/kv/a", "X-Dynamo-Context: AAAA\r\n", b"3", 400),
        ("DELETE", "/kv/a", "X-Dynamo-Context: AAAA\r\n", b"", 400),
        ("DELETE", "/kv/a", "", b"", 204),
        ("PUT", long.as_str(), "", b"1", 414),
        ("GET", long.as_str(), "", b"", 414),
        ("PUT", "/kv/a", "", huge, 413),
    ]
    .into_iter()
    .map(|(method, asked, headers, body, status)| {
        Asked(method, "/kv/{key}", asked.into(), headers, body, status)
    })
    .collect()
}

fn asked_of_the_node(huge: &[u8]) -> Vec<Asked<'_>> {
    [
        (
            "POST",
            "/admin/join",
            b"{\"node\":1,\"zone\":3}".as_slice(),
            204,
        ),
        ("POST", "/admin/join", b"{\"node\":1,\"zone\":3}", 409),
        ("POST", "/admin/join", b"{\"nod\":1}", 400),
        ("POST", "/admin/join", huge, 413),
        ("GET", "/admin/ring?key=a", b"", 200),
        ("GET", "/admin/ring?x", b"", 400),
        ("POST", "/admin/leave", b"{\"node\":1}", 204),
        ("POST", "/admin/leave", b"{\"node\":7}", 409),
        ("POST", "/admin/leave", b"x", 400),
        ("GET", "/admin/hints", b"", 200),
        ("GET", "/admin/roots", b"", 200),
        ("GET", "/admin/roots?key=a", b"", 200),
        ("GET", "/admin/disk", b"", 200),
        ("GET", "/admin/disk?limit=1&after=ZGE", b"", 200),
        ("GET", "/admin/disk?limit=0", b"", 400),
        ("GET", "/admin/disk?limit=1001", b"", 400),
        ("GET", "/admin/disk?after=!", b"", 400),
        ("GET", "/admin/keys", b"", 200),
        ("GET", "/admin/moving", b"", 200),
        ("GET", "/metrics", b"", 200),
        ("GET", "/health", b"", 200),
        ("GET", "/openapi.json", b"", 200),
    ]
    .into_iter()
    .map(|(method, asked, body, status)| {
        let path = asked.split('?').next().unwrap_or_default();
        Asked(method, path, asked.into(), "", body, status)
    })
    .collect()
}

#[tokio::test]
async fn each_path_answers_as_its_document_says() {
    let folder = folder();
    let server = start(&folder, |_| ()).await;
    let at = server.clients();
    let document = ask(at, "GET /openapi.json", "", b"").await.json();
    let mut tried = BTreeSet::new();
    let long = "k".repeat(2000);
    let huge = vec![0; (1 << 20) + 1];
    for asked in asked_of_keys(&long, &huge)
        .into_iter()
        .chain(asked_of_the_node(&huge))
    {
        let Asked(method, path, asked, headers, body, status) = asked;
        let answer = ask(at, &format!("{method} {asked}"), headers, body).await;
        assert_eq!(answer.status, status, "{method} {asked}: {answer:?}");
        documented(&document, method, path, &answer);
        tried.insert((method.to_owned(), path.to_owned()));
    }
    assert_eq!(tried, operations(&document));
    for (what, status) in [
        ("GET /", 404),
        ("GET /kv", 404),
        ("POST /kv/a", 405),
        ("PUT /health", 405),
    ] {
        let answer = ask(at, what, "", b"").await;
        assert_eq!(
            (answer.status, answer.effect().as_str()),
            (status, "none"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn who_does_not_show_the_token_is_told_so() {
    let folder = folder();
    let token = Some(Secret(b"let-me-in".to_vec()));
    let server = start(&folder, |settings| settings.token = token).await;
    let at = server.clients();
    let document = ask(
        at,
        "GET /openapi.json",
        "Authorization: Bearer let-me-in\r\n",
        b"",
    )
    .await;
    let document = document.json();
    for (method, path) in operations(&document) {
        let asked = path.replace("{key}", "a");
        for header in [
            "",
            "Authorization: Bearer let-me-out\r\n",
            "Authorization: Bearer \r\n",
            "Authorization: let-me-in\r\n",
        ] {
            let answer = ask(at, &format!("{method} {asked}"), header, b"").await;
            let open = path == "/health";
            assert_eq!(
                answer.status,
                if open { 200 } else { 401 },
                "{method} {path}"
            );
            documented(&document, &method, &path, &answer);
        }
    }
    let held = ask(
        at,
        "GET /admin/keys",
        "Authorization: Bearer let-me-in\r\n",
        b"",
    )
    .await;
    assert_eq!(held.json()["keys"], 0);
}

#[tokio::test]
async fn counters_count_and_read_as_prometheus_reads_them() {
    let folder = folder();
    let server = start(&folder, |_| ()).await;
    let at = server.clients();
    for (what, times) in [("PUT /kv/a", 3), ("GET /kv/a", 2), ("GET /kv/a?r=9", 1)] {
        for _ in 0..times {
            ask(at, what, "", b"1").await;
        }
    }
    let text = ask(at, "GET /metrics", "", b"").await;
    assert_eq!(
        text.header("content-type"),
        Some("text/plain; version=0.0.4")
    );
    let text = String::from_utf8(text.body).expect("it is text");
    let mut counted = std::collections::BTreeMap::new();
    for three in text.lines().collect::<Vec<_>>().chunks(3) {
        let [help, kind, sample] = three else {
            panic!("help, type, sample: {three:?}");
        };
        let (name, value) = sample.split_once(' ').expect("a name and a value");
        assert!(help.starts_with(&format!("# HELP {name} ")), "{help}");
        let kind = kind.strip_prefix(&format!("# TYPE {name} "));
        assert_eq!(kind == Some("counter"), name.ends_with("_total"), "{name}");
        counted.insert(name.to_owned(), value.parse::<u64>().expect("a number"));
    }
    let of = |name: &str| counted[&format!("dynamo_{name}")];
    assert_eq!(
        (of("puts_total"), of("gets_total"), of("refused_total")),
        (3, 3, 1)
    );
    assert_eq!((of("keys"), of("hints")), (1, 0));
    assert!(of("disk_syncs_total") >= 1 && of("disk_stores_total") >= 3);
}
