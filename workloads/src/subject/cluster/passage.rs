//! One connection from node to node, by way of the proxy.
//!
//! Greeting, hello and welcome pass as they are; what chance does is done to the frames after them. A
//! connection that is cut is held silent: what its sender writes is taken and lost, nothing comes back,
//! and neither side sees the other close. Once the link carries again it is closed, and both sides dial
//! anew: a stream from which bytes were lost cannot go on. One that is opened while the link is cut is
//! accepted, left silent, and closed then too.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::links::Links;
use super::queue::{Frame, Queue};
use crate::fault::Link;
use crate::sim::network::Sent;

/// No frame between replicas is longer.
pub(super) const FRAME_MAX: usize = 16 * 1024 * 1024;

/// What the listener says first: four letters, a version, a nonce.
const GREETING: usize = 22;

/// Carries what one node says to another until one of them closes, or the link was cut and is not any more.
/// `address` says where the other listens now.
pub(super) async fn carry(
    dialer: TcpStream,
    links: Arc<Links>,
    link: Link,
    address: impl Fn() -> Option<SocketAddr>,
) {
    let cuts = links.cuts(link);
    let healed = |links: &Links| !links.is_cut(link) && (links.cuts(link) != cuts);
    if links.is_cut(link) {
        silent(dialer, &links, link).await;
        return;
    }
    let ends = async {
        // An error ends the connection, and is nobody's fault: nodes are killed.
        let _ = connected(dialer, &links, link, address).await;
    };
    tokio::select! {
        () = ends => {}
        () = links.until(healed) => {}
    }
}

/// Takes what is written and loses it, until the link carries again or the dialer gives up.
async fn silent(mut dialer: TcpStream, links: &Links, link: Link) {
    let lost = async { while matches!(dialer.read(&mut [0; 4_096]).await, Ok(1..)) {} };
    tokio::select! {
        () = lost => {}
        () = links.until(|links| !links.is_cut(link)) => {}
    }
}

async fn connected(
    mut dialer: TcpStream,
    links: &Links,
    link: Link,
    address: impl Fn() -> Option<SocketAddr>,
) -> io::Result<()> {
    let address = address().ok_or(io::ErrorKind::ConnectionRefused)?;
    let mut listener = TcpStream::connect(address).await?;
    dialer.set_nodelay(true)?;
    listener.set_nodelay(true)?;
    greet(&mut dialer, &mut listener, links, link).await?;
    let (from, back) = dialer.into_split();
    let (listens, to) = listener.into_split();
    let queue = Queue::default();
    let carried = async {
        tokio::try_join!(
            fill(from, links, link, &queue),
            drain(to, links, link, &queue)
        )
    };
    tokio::select! {
        _ = carried => {}
        () = closed(listens) => {}
    }
    // Who is cut off does not see that the other is gone.
    links.until(|links| !links.is_cut(link)).await;
    drop(back);
    Ok(())
}

/// Greeting, hello, welcome. Of what arrives while the link is cut nothing is passed on.
async fn greet(
    dialer: &mut TcpStream,
    listener: &mut TcpStream,
    links: &Links,
    link: Link,
) -> io::Result<()> {
    let mut greeting = [0; GREETING];
    listener.read_exact(&mut greeting).await?;
    open(links, link).await;
    dialer.write_all(&greeting).await?;
    let hello = frame(dialer).await?;
    open(links, link).await;
    listener.write_all(&hello).await?;
    let welcome = listener.read_u8().await?;
    open(links, link).await;
    dialer.write_u8(welcome).await?;
    if welcome == 0 {
        Ok(())
    } else {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

/// Waits for ever if the link is cut; whoever waits is closed when it is not any more.
async fn open(links: &Links, link: Link) {
    if links.is_cut(link) {
        std::future::pending::<()>().await;
    }
}

/// Reads frames and gives each what falls to it, until the sender closes.
async fn fill(mut from: OwnedReadHalf, links: &Links, link: Link, queue: &Queue) -> io::Result<()> {
    loop {
        queue.room().await;
        let Ok(frame) = frame(&mut from).await else {
            queue.close();
            return Ok(());
        };
        match links.send(link) {
            Sent::Lost => {}
            Sent::Held(_) => queue.hold(frame),
            Sent::Carried(passage) => {
                queue.push(passage.at, Frame::clone(&frame));
                for again in passage.again {
                    queue.push(again, Frame::clone(&frame));
                }
            }
        }
    }
}

/// Passes on what is due, until no more comes.
async fn drain(mut to: OwnedWriteHalf, links: &Links, link: Link, queue: &Queue) -> io::Result<()> {
    while let Some(frame) = queue.pop(links, link).await {
        to.write_all(&frame).await?;
    }
    to.shutdown().await
}

/// A frame with its length.
async fn frame(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Frame> {
    let length = from.read_u32().await?;
    let size = length as usize;
    if size > FRAME_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; 4 + size];
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    from.read_exact(&mut bytes[4..]).await?;
    Ok(bytes.into())
}

/// Waits until the listener closes; it has nothing more to say.
async fn closed(mut listens: OwnedReadHalf) {
    while matches!(listens.read(&mut [0; 64]).await, Ok(1..)) {}
}
