//! Whoever comes to the port of the replicas and is none.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Server;
use super::frames::{self, Ends, FRAME_MAX, Hello, Refused};
use super::settings::{Secret, Settings};
use crate::{Message, NodeId, Shape};

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    Folder(std::env::temp_dir().join(format!("dynamo-{name}-{}", std::process::id())))
}

async fn start(folder: &Folder) -> Server {
    let settings = settings(folder);
    Server::start(settings).await.expect("the node starts")
}

fn settings(folder: &Folder) -> Settings {
    let shape = Shape {
        nodes: 3,
        ..Shape::default()
    };
    let mut settings = Settings::new(NodeId(0), shape, folder.0.clone());
    settings.secret = Some(secret());
    settings.limits.patience = Duration::from_millis(400);
    settings.limits.silence = Duration::from_millis(400);
    settings.limits.replicas = 3;
    settings
}

fn secret() -> Secret {
    Secret(b"known".to_vec())
}

fn hello(server: &Server) -> Hello {
    Hello {
        from: NodeId(1),
        to: NodeId(0),
        cluster: server.host.cluster,
        address: "127.0.0.1:1".into(),
        proof: Vec::new(),
    }
}

/// Introduces itself so, with a proof by this secret.
async fn introduce(to: SocketAddr, hello: Hello, secret: &Secret) -> Result<TcpStream, Ends> {
    let mut stream = TcpStream::connect(to).await.expect("the node listens");
    let nonce = frames::greeted(&mut stream).await.expect("it greets");
    frames::introduce(&mut stream, &hello.proven(Some(secret), &nonce)).await?;
    Ok(stream)
}

async fn is_ended(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut rest));
    end.await.is_ok()
}

fn heard(server: &Server) -> u64 {
    server.host.metrics.received.load(Ordering::Relaxed)
}

#[tokio::test]
async fn who_is_not_what_it_should_be_is_told_why() {
    let folder = folder("introduced");
    let server = start(&folder).await;
    let right = hello(&server);
    let other = Secret(b"guessed".to_vec());
    let known = secret();
    let cases = [
        (right.clone(), &other, Refused::NoProof),
        (
            Hello {
                cluster: 7,
                ..right.clone()
            },
            &known,
            Refused::OtherCluster,
        ),
        (
            Hello {
                to: NodeId(2),
                ..right.clone()
            },
            &known,
            Refused::Elsewhere,
        ),
        (
            Hello {
                from: NodeId(0),
                ..right.clone()
            },
            &known,
            Refused::Itself,
        ),
    ];
    for (hello, secret, why) in cases {
        match introduce(server.replicas(), hello, secret).await {
            Err(Ends::Refused(refused)) => assert_eq!(refused, why),
            other => panic!("{why}: {other:?}"),
        }
    }
    introduce(server.replicas(), right, &known)
        .await
        .expect("it is what it should be");
}

#[tokio::test]
async fn nodes_of_ever_new_numbers_are_not_all_remembered() {
    let folder = folder("crowded");
    let mut settings = settings(&folder);
    settings.limits.peers = 2;
    let server = Server::start(settings).await.expect("the node starts");
    for (number, room) in [(1, true), (7, true), (8, false), (7, true), (9, false)] {
        let from = NodeId(number);
        let introduced = Hello {
            from,
            ..hello(&server)
        };
        match introduce(server.replicas(), introduced, &secret()).await {
            Ok(_) => assert!(room, "{from}"),
            Err(Ends::Refused(Refused::Crowded)) => assert!(!room, "{from}"),
            Err(other) => panic!("{from}: {other:?}"),
        }
    }
    assert_eq!(server.host.peers().len(), 2);
}

#[tokio::test]
async fn a_proof_is_good_for_one_greeting() {
    let folder = folder("replayed");
    let server = start(&folder).await;
    let mut stream = TcpStream::connect(server.replicas())
        .await
        .expect("it listens");
    let nonce = frames::greeted(&mut stream).await.expect("it greets");
    let overheard = hello(&server).proven(Some(&secret()), &nonce);
    let mut again = TcpStream::connect(server.replicas())
        .await
        .expect("it listens");
    frames::greeted(&mut again).await.expect("it greets");
    let refused = frames::introduce(&mut again, &overheard).await;
    assert!(
        matches!(refused, Err(Ends::Refused(Refused::NoProof))),
        "{refused:?}"
    );
    frames::introduce(&mut stream, &overheard)
        .await
        .expect("it is the one that it was made for");
}

#[tokio::test]
async fn what_is_no_message_ends_the_connection_and_the_node_goes_on() {
    let folder = folder("garbled");
    let server = start(&folder).await;
    let at = server.replicas();
    let gossip = frames::encode(&Message::GossipAck).expect("it is short");
    let mut trailing = gossip.to_vec();
    trailing.push(0);
    let long = u32::try_from(FRAME_MAX + 1).expect("it fits").to_be_bytes();
    let framed = |body: &[u8]| [&(body.len() as u32).to_be_bytes()[..], body].concat();
    let bad = [
        framed(&[200, 1, 2, 3]),
        framed(&trailing),
        long.to_vec(),
        [255; 64].to_vec(),
        // Half of what was announced, and then nothing.
        [0, 0, 1, 0, 9, 9].to_vec(),
        // A list that says it has billions of entries.
        framed(&[18, 255, 255, 255, 255, 15]),
    ];
    for (number, bytes) in bad.iter().enumerate() {
        let mut stream = introduce(at, hello(&server), &secret())
            .await
            .expect("it is welcome");
        let before = heard(&server);
        frames::write(&mut stream, &gossip).await.expect("it reads");
        stream.write_all(bytes).await.expect("it reads");
        assert!(is_ended(&mut stream).await, "{number}");
        assert_eq!(
            heard(&server),
            before + 1,
            "{number}: what came before counts"
        );
    }
    // Strangers who say nothing, speak HTTP, or are a later version of this.
    for bytes in [
        b"".as_slice(),
        b"GET / HTTP/1.1\r\n\r\n",
        &[0, 0, 0, 3, 1, 2, 3],
        &[255; 100],
    ] {
        let mut stream = TcpStream::connect(at).await.expect("it listens");
        stream.write_all(bytes).await.expect("it reads");
        assert!(is_ended(&mut stream).await);
    }
    let mut stream = introduce(at, hello(&server), &secret())
        .await
        .expect("it is welcome");
    frames::write(&mut stream, &gossip).await.expect("it reads");
    assert!(
        is_ended(&mut stream).await,
        "who says nothing any more is gone"
    );
    assert!(server.host.metrics.strangers.load(Ordering::Relaxed) >= 6);
}

#[tokio::test]
async fn a_listener_of_another_kind_is_left_alone() {
    let folder = folder("listener");
    let greetings: [&[u8]; 4] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"DYNO\0\x02................",
        b"DYNO\0\x01................\x09",
        b"",
    ];
    for greeting in greetings {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a port");
        let shape = Shape {
            nodes: 3,
            ..Shape::default()
        };
        let mut settings = Settings::new(NodeId(0), shape, folder.0.clone());
        let at = listener.local_addr().expect("it is bound").to_string();
        settings.peers.insert(NodeId(1), at);
        settings.limits.patience = Duration::from_millis(200);
        let server = Server::start(settings).await.expect("the node starts");
        // It gossips by itself, and comes again after it was disappointed.
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.expect("the node dials");
            stream.write_all(greeting).await.expect("it reads");
            assert!(is_ended(&mut stream).await);
        }
        server.stop().await.expect("its disk is well");
    }
}
