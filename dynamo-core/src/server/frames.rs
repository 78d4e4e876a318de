//! How replicas speak over a stream of bytes: who is there, then one frame after another.
//!
//! A connection serves one direction. Whoever has something to say dials; the listener greets, with a
//! version and a number used once; the dialer says who it is and proves it; the listener answers with
//! one byte. From then on only the dialer speaks. An empty frame says that it is still there.

use std::io;

use bytes::Bytes;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::settings::Secret;
use crate::{Message, NodeId};

/// The version of the protocol. Others are refused.
pub(super) const VERSION: u16 = 1;

/// The longest frame, in bytes.
pub(super) const FRAME_MAX: usize = 16 << 20;

/// The longest word of introduction, in bytes.
const HELLO_MAX: usize = 4096;

const MAGIC: &[u8; 4] = b"DYNO";

/// How long a greeting is: magic, version, number used once.
const GREETING: usize = 22;

/// A number used once.
pub(super) type Nonce = [u8; 16];

/// The word of introduction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Who speaks.
    pub(super) from: NodeId,
    /// Whom it means to speak to.
    pub(super) to: NodeId,
    /// What marks the cluster: the choices that all its nodes share.
    pub(super) cluster: u64,
    /// Where it listens itself, as others reach it.
    pub(super) address: String,
    /// That it knows the secret, bound to all of the above and to the greeting; empty where there is none.
    pub(super) proof: Vec<u8>,
}

impl Hello {
    /// The same with the proof that goes with this greeting.
    pub(super) fn proven(mut self, secret: Option<&Secret>, nonce: &Nonce) -> Hello {
        let proof = secret.map(|secret| self.mac(secret, nonce).finalize().into_bytes().to_vec());
        self.proof = proof.unwrap_or_default();
        self
    }

    /// Whether whoever says it knows the secret. Takes as long whatever is wrong.
    pub(super) fn proves(&self, secret: Option<&Secret>, nonce: &Nonce) -> bool {
        secret.is_none_or(|secret| self.mac(secret, nonce).verify_slice(&self.proof).is_ok())
    }

    fn mac(&self, secret: &Secret, nonce: &Nonce) -> Hmac<Sha256> {
        let mut mac = secret.mac();
        mac.update(nonce);
        mac.update(&self.from.0.to_be_bytes());
        mac.update(&self.to.0.to_be_bytes());
        mac.update(&self.cluster.to_be_bytes());
        mac.update(self.address.as_bytes());
        mac
    }
}

/// What a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Refused {
    #[error("it is another node than it was taken for")]
    Elsewhere = 1,
    #[error("it belongs to a cluster of other choices")]
    OtherCluster = 2,
    #[error("the secret is another")]
    NoProof = 3,
    #[error("the word of introduction could not be read")]
    Garbled = 4,
    #[error("a node of that number is this one")]
    Itself = 5,
    #[error("there is no room for another node")]
    Crowded = 6,
}

impl Refused {
    const ALL: [Refused; 6] = [
        Refused::Elsewhere,
        Refused::OtherCluster,
        Refused::NoProof,
        Refused::Garbled,
        Refused::Itself,
        Refused::Crowded,
    ];
}

const WELCOME: u8 = 0;

/// Why a connection ends.
#[derive(Debug, Error)]
pub(super) enum Ends {
    #[error("{0}")]
    Broken(#[from] io::Error),
    #[error("it is no replica")]
    Stranger,
    #[error("it speaks version {0}, this node version {VERSION}")]
    Version(u16),
    #[error("a frame of {0} bytes, of at most {1}")]
    Long(usize, usize),
    #[error("a frame is no message")]
    Garbled,
    #[error("{0}")]
    Refused(#[from] Refused),
    #[error("it refuses for a reason of number {0}")]
    Unknown(u8),
    #[error("nothing was said for too long")]
    Silence,
}

/// The greeting.
pub(super) async fn greet(stream: &mut (impl AsyncWrite + Unpin), nonce: &Nonce) -> io::Result<()> {
    let mut greeting = Vec::with_capacity(GREETING);
    greeting.extend_from_slice(MAGIC);
    greeting.extend_from_slice(&VERSION.to_be_bytes());
    greeting.extend_from_slice(nonce);
    stream.write_all(&greeting).await
}

/// What the greeting of a listener says.
pub(super) async fn greeted(stream: &mut (impl AsyncRead + Unpin)) -> Result<Nonce, Ends> {
    let mut magic = [0; 4];
    stream.read_exact(&mut magic).await?;
    if magic != *MAGIC {
        return Err(Ends::Stranger);
    }
    let version = stream.read_u16().await?;
    if version != VERSION {
        return Err(Ends::Version(version));
    }
    let mut nonce = Nonce::default();
    stream.read_exact(&mut nonce).await?;
    Ok(nonce)
}

/// Introduces the dialer and waits for the answer.
pub(super) async fn introduce(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    hello: &Hello,
) -> Result<(), Ends> {
    let hello = postcard::to_allocvec(hello).map_err(|_| Ends::Garbled)?;
    write(stream, &hello).await?;
    let answer = stream.read_u8().await?;
    if answer == WELCOME {
        return Ok(());
    }
    let refused = Refused::ALL.into_iter().find(|why| *why as u8 == answer);
    Err(refused.map_or(Ends::Unknown(answer), Ends::Refused))
}

/// The word of introduction of a dialer, which must prove to be what it should.
pub(super) async fn introduced(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    check: impl FnOnce(&Hello) -> Result<(), Refused>,
) -> Result<Hello, Ends> {
    let bytes = read(stream, HELLO_MAX).await?;
    let hello = postcard::from_bytes(&bytes).map_err(|_| Refused::Garbled);
    let checked = hello.and_then(|hello: Hello| check(&hello).map(|()| hello));
    let answer = checked.as_ref().map_or_else(|why| *why as u8, |_| WELCOME);
    stream.write_u8(answer).await?;
    Ok(checked?)
}

/// One frame.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a frame of 4 GiB"))?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(frame).await
}

/// The next frame, of at most so many bytes. Nothing is set aside for bytes that were only announced.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    most: usize,
) -> Result<Vec<u8>, Ends> {
    let length = stream.read_u32().await? as usize;
    if length > most {
        return Err(Ends::Long(length, most));
    }
    let mut frame = Vec::with_capacity(length.min(1 << 16));
    let mut body = stream.take(length as u64);
    body.read_to_end(&mut frame).await?;
    if frame.len() < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(frame)
}

/// A message as a frame; `None` if it is too long for one.
pub(super) fn encode(message: &Message) -> Option<Bytes> {
    let frame = postcard::to_allocvec(message).ok()?;
    (frame.len() <= FRAME_MAX).then(|| Bytes::from(frame))
}

/// The message of a frame.
pub(super) fn decode(frame: &[u8]) -> Result<Message, Ends> {
    match postcard::take_from_bytes(frame) {
        Ok((message, [])) => Ok(message),
        Ok(_) | Err(_) => Err(Ends::Garbled),
    }
}
