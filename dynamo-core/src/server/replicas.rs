//! Connections between replicas: one in each direction, dialed by whoever has something to say.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::frames::{self, Ends, FRAME_MAX, Hello, Nonce, Refused};
use super::host::{Host, Peer};
use crate::{Input, NodeId};

/// How long to wait before another try to reach a node, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Hears other replicas, for as long as it is let.
pub(super) async fn listen(host: Arc<Host>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(host.settings.limits.replicas));
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            // There is no room for another one: it waits, as those beyond the limit do.
            tokio::time::sleep(PAUSES.1).await;
            continue;
        };
        number += 1;
        let (host, nonce) = (Arc::clone(&host), nonce(&host, number));
        connections.spawn(async move {
            let ended = hear(&host, stream, nonce).await;
            if !matches!(ended, Ends::Broken(_) | Ends::Silence) {
                host.metrics.strangers.fetch_add(1, Ordering::Relaxed);
            }
            drop(permit);
        });
    }
}

/// A number that this node uses once: it starts no two lives at one time.
fn nonce(host: &Host, number: u64) -> Nonce {
    let mut hash = Sha256::new();
    hash.update(host.settings.shape.secret.to_be_bytes());
    hash.update(host.settings.id.0.to_be_bytes());
    hash.update(host.now().0.to_be_bytes());
    hash.update(number.to_be_bytes());
    let mut nonce = Nonce::default();
    nonce.copy_from_slice(&hash.finalize()[..16]);
    nonce
}

/// Hears one replica until the connection ends, and says why it did.
async fn hear(host: &Host, mut stream: TcpStream, nonce: Nonce) -> Ends {
    let limits = &host.settings.limits;
    let hello = timeout(limits.patience, async {
        frames::greet(&mut stream, &nonce).await?;
        frames::introduced(&mut stream, |hello| check(host, hello, &nonce)).await
    });
    let from = match hello.await {
        Ok(Ok(hello)) => {
            host.peer(hello.from, Some(&hello.address));
            hello.from
        }
        Ok(Err(why)) => return why,
        Err(_) => return Ends::Silence,
    };
    let mut stream = tokio::io::BufReader::new(stream);
    loop {
        let frame = match timeout(limits.silence, frames::read(&mut stream, FRAME_MAX)).await {
            Ok(Ok(frame)) => frame,
            Ok(Err(why)) => return why,
            Err(_) => return Ends::Silence,
        };
        if frame.is_empty() {
            continue;
        }
        let message = match frames::decode(&frame) {
            Ok(message) => message,
            Err(why) => return why,
        };
        host.metrics.received.fetch_add(1, Ordering::Relaxed);
        host.step(Input::Message { from, message });
    }
}

fn check(host: &Host, hello: &Hello, nonce: &Nonce) -> Result<(), Refused> {
    if !hello.proves(host.settings.secret.as_ref(), nonce) {
        return Err(Refused::NoProof);
    }
    if hello.cluster != host.cluster {
        return Err(Refused::OtherCluster);
    }
    if hello.to != host.settings.id {
        return Err(Refused::Elsewhere);
    }
    if hello.from == host.settings.id {
        return Err(Refused::Itself);
    }
    Ok(())
}

/// Keeps a way to each node that there is something to say to.
pub(super) async fn call(host: Arc<Host>, address: String) {
    let mut called: Vec<NodeId> = Vec::new();
    let mut calls = JoinSet::new();
    let address: Arc<str> = address.into();
    loop {
        for peer in host.peers() {
            if !called.contains(&peer.id) && peer.id != host.settings.id {
                called.push(peer.id);
                calls.spawn(speak(Arc::clone(&host), peer, Arc::clone(&address)));
            }
        }
        // Nodes that join are heard of by messages, and nothing is lost by being late.
        tokio::time::sleep(PAUSES.0).await;
    }
}

/// Takes to one node what waits for it. What cannot be taken is lost, as on a network.
async fn speak(host: Arc<Host>, peer: Arc<Peer>, address: Arc<str>) {
    let mut pause = PAUSES.0;
    loop {
        peer.wake.notified().await;
        let Some(there) = peer.address() else {
            peer.drain();
            continue;
        };
        let began = host.now();
        // Whatever it is: the node finds out by its own timers, and messages may get lost.
        let _ended = converse(&host, &peer, &there, &address).await;
        peer.drain();
        if host.now().0 - began.0 > 1_000_000 {
            pause = PAUSES.0;
        }
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(PAUSES.1);
    }
}

/// One connection to a node, until it breaks.
async fn converse(host: &Host, peer: &Peer, there: &str, here: &str) -> Result<(), Ends> {
    let limits = &host.settings.limits;
    let Ok(connected) = timeout(limits.patience, introduce(host, peer, there, here)).await else {
        return Err(Ends::Silence);
    };
    let mut stream = connected?;
    loop {
        let frames = peer.drain();
        if frames.is_empty() {
            // Whoever listens should know that somebody is still there.
            let Ok(()) = timeout(limits.silence / 3, peer.wake.notified()).await else {
                send(&mut stream, limits.patience, &[bytes::Bytes::new()]).await?;
                continue;
            };
            continue;
        }
        send(&mut stream, limits.patience, &frames).await?;
    }
}

async fn introduce(host: &Host, peer: &Peer, there: &str, here: &str) -> Result<TcpStream, Ends> {
    let mut stream = TcpStream::connect(there).await?;
    stream.set_nodelay(true)?;
    let nonce = frames::greeted(&mut stream).await?;
    let hello = Hello {
        from: host.settings.id,
        to: peer.id,
        cluster: host.cluster,
        address: here.to_owned(),
        proof: Vec::new(),
    };
    let hello = hello.proven(host.settings.secret.as_ref(), &nonce);
    frames::introduce(&mut stream, &hello).await?;
    Ok(stream)
}

/// All of these frames, in one piece where they are small.
async fn send(
    stream: &mut TcpStream,
    patience: Duration,
    frames: &[bytes::Bytes],
) -> Result<(), Ends> {
    let sending = async {
        let mut together = tokio::io::BufWriter::new(stream);
        for frame in frames {
            frames::write(&mut together, frame).await?;
        }
        together.flush().await
    };
    match timeout(patience, sending).await {
        Ok(sent) => Ok(sent?),
        Err(_) => Err(Ends::Silence),
    }
}
