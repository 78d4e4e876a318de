//! Connections between replicas: one in each direction, dialed by whoever has something to say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::frames::{self, Ends, FRAME_MAX, Hello, Nonce, Refused};
use super::host::{Host, Peer};
use super::listen::listen;
use crate::Input;

/// How long to wait before another try to reach a node, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Hears other replicas, for as long as it is let.
pub(super) async fn hear_all(host: Arc<Host>, listener: TcpListener) {
    let most = host.settings.limits.replicas;
    listen(listener, most, std::future::pending(), |stream| {
        let host = Arc::clone(&host);
        async move {
            let ended = hear(&host, stream).await;
            if !matches!(ended, Ends::Broken(_) | Ends::Silence) {
                host.metrics.strangers.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await;
}

/// Hears one replica until the connection ends, and says why it did.
async fn hear(host: &Host, mut stream: TcpStream) -> Ends {
    let limits = &host.settings.limits;
    let mut nonce = Nonce::default();
    if let Err(why) = getrandom::fill(&mut nonce) {
        return Ends::Broken(why.into());
    }
    let hello = timeout(limits.patience, async {
        frames::greet(&mut stream, &nonce).await?;
        frames::introduced(&mut stream, |hello| check(host, hello, &nonce)).await
    });
    let from = match hello.await {
        Ok(Ok(hello)) => hello.from,
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
    let known = host.peer(hello.from, Some(&hello.address));
    known.map(|_| ()).ok_or(Refused::Crowded)
}

/// Keeps a way to each node that there is something to say to.
pub(super) async fn call(host: Arc<Host>, address: String) {
    let address: Arc<str> = address.into();
    let mut called = BTreeSet::new();
    let mut calls = JoinSet::new();
    loop {
        for peer in host.peers() {
            if peer.id != host.settings.id && called.insert(peer.id) {
                calls.spawn(speak(Arc::clone(&host), peer, Arc::clone(&address)));
            }
        }
        host.newcomer.notified().await;
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
