//! What the administrator of a cluster asks and orders.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use checker::note::{Node, Note};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::{sleep, timeout};

use super::client::{Http, percent};
use super::disks::{Disks, Piece};
use super::proxy::Book;
use crate::subject::live::ClientError;

/// No answer of a node takes longer, unless it stands still.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an administrator waits before looking again.
const LOOK: Duration = Duration::from_millis(50);

/// How long it takes a change to reach all who hear one another.
const TOLD: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Root {
    range: String,
    root: String,
}

#[derive(Deserialize)]
struct Hints {
    hints: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Ring {
    members: Vec<Member>,
    #[serde(default)]
    owners: Vec<u32>,
}

#[derive(Deserialize)]
struct Member {
    node: u32,
}

/// How many ranges are on their way.
#[derive(Deserialize)]
struct Moving {
    moving: u64,
}

/// How versions are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    WithClocks,
    WithoutClocks,
}

/// What is to be looked for, beside roots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// What disks hold.
    pub(super) disks: Option<Versions>,
    /// Who owns each key.
    pub(super) owners: bool,
    /// Whether owners come to hold the same without being read.
    pub(super) compares: bool,
}

/// What there is to be seen of a cluster from outside.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Claims about the ranges of the keys that were asked for.
    pub(super) roots: Vec<Note>,
    pub(super) disks: Disks,
    /// By key.
    pub(super) owners: BTreeMap<String, Vec<u32>>,
    /// Whether nothing is left to be mended, as far as the nodes say: all are members, no hints are kept, no
    /// ranges move, and owners of a range that compare trees have the same root.
    pub(super) mended: bool,
}

/// Asks every node. `None`: one does not answer.
pub(super) async fn look(book: &Book, nodes: u32, keys: &[String], wanted: Wanted) -> Option<Seen> {
    let mut claims: BTreeMap<(u32, String), (String, Vec<String>)> = BTreeMap::new();
    let mut owners: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut disks = Disks::default();
    let mut mended = true;
    for node in 0..nodes {
        let mut http = open(book, node).await?;
        for key in keys {
            if wanted.owners {
                let path = format!("/admin/ring?key={}", percent(key.as_bytes()));
                let ring: Ring = read(&mut http, &path).await?;
                let told = owners.entry(key.clone());
                mended &= *told.or_insert_with(|| ring.owners.clone()) == ring.owners;
            }
            let path = format!("/admin/roots?key={}", percent(key.as_bytes()));
            let said = answer(http.ask(Method::GET, &path, None, Vec::new())).await?;
            if said.status == StatusCode::NOT_FOUND {
                continue;
            }
            let Root { range, root } = said.json().ok()?;
            let claim = claims.entry((node, range)).or_default();
            claim.0 = root;
            claim.1.push(key.clone());
        }
        mended &= read::<Hints>(&mut http, "/admin/hints")
            .await?
            .hints
            .is_empty();
        mended &= read::<Moving>(&mut http, "/admin/moving").await?.moving == 0;
        let ring: Ring = read(&mut http, "/admin/ring").await?;
        mended &= ring.members.len() == nodes as usize;
        if let Some(versions) = wanted.disks {
            // After the roots: what they are of has reached the disk by then.
            look_at_disk(&mut http, node, versions, &mut disks).await?;
        }
    }
    let mut roots: BTreeMap<&str, &str> = BTreeMap::new();
    for ((_, range), (root, _)) in &claims {
        let agreed = *roots.entry(range).or_insert(root) == root;
        mended &= agreed || !wanted.compares;
    }
    let notes = claims
        .iter()
        .map(|((node, range), (root, keys))| Note::Root {
            node: Node(*node),
            range: range.clone(),
            keys: keys.clone(),
            hash: root.clone(),
        });
    Some(Seen {
        roots: notes.collect(),
        disks,
        owners,
        mended,
    })
}

/// Asks every node for what its disk holds. `None`: one does not answer.
pub(super) async fn look_at_disks(book: &Book, nodes: u32, versions: Versions) -> Option<Disks> {
    let mut disks = Disks::default();
    for node in 0..nodes {
        let mut http = open(book, node).await?;
        look_at_disk(&mut http, node, versions, &mut disks).await?;
    }
    Some(disks)
}

async fn look_at_disk(
    http: &mut Http,
    node: u32,
    versions: Versions,
    disks: &mut Disks,
) -> Option<()> {
    let clocks = versions == Versions::WithClocks;
    let mut path = "/admin/disk?limit=1000".to_owned();
    loop {
        let mut piece: Piece = read(http, &path).await?;
        let next = piece.next.take();
        disks.add(node, piece, clocks)?;
        let Some(next) = next else { return Some(()) };
        path = format!("/admin/disk?limit=1000&after={next}");
    }
}

/// Has a node leave or join: orders it of one node after the other, beginning with `first`, until one knows
/// of it. It never gives up: who was told may be killed before it has told others.
pub(super) async fn order(book: Arc<Book>, nodes: u32, member: u32, joins: bool, first: u32) {
    for attempt in 0.. {
        let node = (first + attempt) % nodes;
        if is_member(&book, node, member).await == Some(!joins) {
            let told = tell(&book, node, member, joins).await;
            // It tells others; a second order would be another change.
            sleep(if told.is_some() { TOLD } else { LOOK }).await;
        }
        sleep(LOOK).await;
    }
}

async fn is_member(book: &Book, node: u32, member: u32) -> Option<bool> {
    let mut http = open(book, node).await?;
    let ring: Ring = read(&mut http, "/admin/ring").await?;
    Some(ring.members.iter().any(|found| found.node == member))
}

async fn tell(book: &Book, node: u32, member: u32, joins: bool) -> Option<()> {
    let mut http = open(book, node).await?;
    let path = if joins { "/admin/join" } else { "/admin/leave" };
    let body = format!("{{\"node\":{member}}}").into_bytes();
    answer(http.ask(Method::POST, path, None, body))
        .await?
        .done()
        .ok()
}

async fn read<T: DeserializeOwned>(http: &mut Http, path: &str) -> Option<T> {
    let said = answer(http.ask(Method::GET, path, None, Vec::new())).await?;
    said.json().ok()
}

async fn open(book: &Book, node: u32) -> Option<Http> {
    answer(Http::open(book.of(node)?.clients)).await
}

async fn answer<T>(asked: impl Future<Output = Result<T, ClientError>>) -> Option<T> {
    timeout(PATIENCE, asked).await.ok()?.ok()
}
