//! Several nodes on one machine: they find one another, stand in for one another, and lose nothing.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use dynamo_core::server::{Secret, Server, Settings};
use dynamo_core::{NodeId, Shape};

use super::{Folder, ask, folder};

struct Cluster {
    folders: Vec<Folder>,
    shape: Shape,
    addresses: BTreeMap<NodeId, String>,
    secrets: Vec<Option<Secret>>,
    nodes: Vec<Option<Server>>,
}

/// An address that nobody else takes: it is below those that systems give to whoever asks for any.
fn free() -> SocketAddr {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Other processes begin elsewhere.
    let begin = (std::process::id() % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + begin.wrapping_add(next.wrapping_mul(7)) % COUNT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("this machine has no ports");
}

impl Cluster {
    async fn start(secrets: Vec<Option<Secret>>) -> Cluster {
        let nodes = secrets.len() as u32;
        let shape = Shape {
            nodes,
            ..Shape::default()
        };
        let mut cluster = Cluster {
            folders: secrets.iter().map(|_| folder()).collect(),
            shape,
            addresses: (0..nodes)
                .map(|id| (NodeId(id), free().to_string()))
                .collect(),
            nodes: secrets.iter().map(|_| None).collect(),
            secrets,
        };
        for id in 0..nodes {
            cluster.up(id).await;
        }
        cluster
    }

    async fn up(&mut self, id: u32) {
        let at = id as usize;
        let mut settings =
            Settings::new(NodeId(id), self.shape.clone(), self.folders[at].0.clone());
        settings.replicas = self.addresses[&NodeId(id)]
            .parse()
            .expect("it is an address");
        settings.peers.clone_from(&self.addresses);
        settings.secret.clone_from(&self.secrets[at]);
        self.nodes[at] = Some(Server::start(settings).await.expect("the node starts"));
    }

    fn at(&self, id: u32) -> SocketAddr {
        let node = self.nodes[id as usize].as_ref();
        node.expect("the node is up").clients()
    }

    async fn down(&mut self, id: u32) {
        let node = self.nodes[id as usize].take().expect("the node is up");
        node.stop().await.expect("its disk is well");
    }

    /// Whether what is asked is so, or becomes so before long.
    async fn becomes(&self, id: u32, what: &str, so: impl Fn(u16, &[u8]) -> bool) -> bool {
        for _ in 0..600 {
            let answer = ask(self.at(id), what, "", b"").await;
            if so(answer.status, &answer.body) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }
}

fn knowing(secrets: [&str; 3]) -> Vec<Option<Secret>> {
    let secrets = secrets.iter();
    secrets
        .map(|secret| Some(Secret(secret.as_bytes().to_vec())))
        .collect()
}

#[tokio::test]
async fn a_node_that_was_away_is_given_what_it_missed() {
    let mut cluster = Cluster::start(knowing(["s", "s", "s"])).await;
    assert!(
        cluster
            .becomes(0, "PUT /kv/cart", |status, _| status == 204)
            .await
    );
    for id in 0..3 {
        assert!(
            cluster
                .becomes(id, "GET /kv/cart", |status, _| status == 200)
                .await,
            "{id}"
        );
    }
    cluster.down(2).await;
    let mut acknowledged = Vec::new();
    for key in 0..20 {
        let put = ask(cluster.at(0), &format!("PUT /kv/k{key}"), "", b"late").await;
        if put.status == 204 {
            acknowledged.push(key);
        }
    }
    assert!(!acknowledged.is_empty(), "two of three are a quorum");
    let kept = |_: u16, body: &[u8]| String::from_utf8_lossy(body).contains("\"owner\":2");
    assert!(
        cluster.becomes(0, "GET /admin/disk", kept).await,
        "the disk shows whom a hint is for"
    );
    cluster.up(2).await;
    for key in acknowledged {
        let get = format!("GET /kv/k{key}?r=1&pinned=true");
        let late = |status: u16, body: &[u8]| status == 200 && body == b"late";
        assert!(cluster.becomes(2, &get, late).await, "k{key}");
    }
}

#[tokio::test]
async fn who_does_not_know_the_secret_is_not_heard() {
    let cluster = Cluster::start(knowing(["s", "s", "other"])).await;
    assert!(
        cluster
            .becomes(0, "PUT /kv/cart", |status, _| status == 204)
            .await
    );
    let put = ask(cluster.at(2), "PUT /kv/cart", "", b"x").await;
    assert_eq!((put.status, put.effect().as_str()), (503, "unknown"));
    let refused = |_: u16, body: &[u8]| {
        let text = String::from_utf8_lossy(body).into_owned();
        let line = text
            .lines()
            .find(|line| line.starts_with("dynamo_replicas_refused_total "));
        line.is_some_and(|line| !line.ends_with(" 0"))
    };
    assert!(cluster.becomes(0, "GET /metrics", refused).await);
}

#[tokio::test]
async fn a_node_joins_by_its_address_and_leaves_with_its_keys_handed_over() {
    let mut cluster = Cluster::start(vec![None, None, None]).await;
    for key in 0..10 {
        let put = format!("PUT /kv/k{key}");
        assert!(cluster.becomes(0, &put, |status, _| status == 204).await);
    }
    cluster.folders.push(folder());
    cluster.secrets.push(None);
    cluster.nodes.push(None);
    let address = free().to_string();
    cluster.addresses.insert(NodeId(3), address.clone());
    cluster.up(3).await;
    let order = format!("{{\"node\":3,\"address\":\"{address}\"}}");
    let joined = ask(cluster.at(0), "POST /admin/join", "", order.as_bytes()).await;
    assert_eq!(joined.status, 204, "{joined:?}");
    let four =
        |_: u16, body: &[u8]| String::from_utf8_lossy(body).matches("\"node\":").count() == 4;
    for id in 0..4 {
        assert!(cluster.becomes(id, "GET /admin/ring", four).await, "{id}");
    }
    let still = |_: u16, body: &[u8]| body == b"{\"moving\":0}";
    let some = |_: u16, body: &[u8]| body.starts_with(b"{\"keys\":") && body != b"{\"keys\":0}";
    assert!(cluster.becomes(3, "GET /admin/keys", some).await);
    for id in 0..4 {
        assert!(
            cluster.becomes(id, "GET /admin/moving", still).await,
            "{id}"
        );
    }
    let left = ask(cluster.at(1), "POST /admin/leave", "", b"{\"node\":0}").await;
    assert_eq!(left.status, 204);
    assert!(
        cluster
            .becomes(0, "GET /admin/keys", |_, body| body == b"{\"keys\":0}")
            .await
    );
    cluster.down(0).await;
    for key in 0..10 {
        let get = format!("GET /kv/k{key}");
        assert!(
            cluster.becomes(3, &get, |status, _| status == 200).await,
            "k{key}"
        );
    }
}
