//! What a server is told before it starts, and why it may refuse to.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use hmac::{Hmac, KeyInit};
use sha2::Sha256;
use thiserror::Error;

use crate::{Invalid, NodeId, Shape};

/// One server of a cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which node it is.
    pub id: NodeId,
    /// The choices of the cluster: the same at every node, but for a flaw.
    pub shape: Shape,
    /// The folder in which it keeps what must survive.
    pub data: PathBuf,
    /// Where clients reach it. Port 0 is any free port.
    pub clients: SocketAddr,
    /// Where other nodes reach it. Port 0 is any free port.
    pub replicas: SocketAddr,
    /// Where it reaches other nodes: `host:port`. Of those not listed, it takes what they say themselves
    /// once they have called.
    pub peers: BTreeMap<NodeId, String>,
    /// What other nodes must know to be heard.
    pub secret: Option<Secret>,
    /// What clients must know to be answered.
    pub token: Option<Secret>,
    /// Whether stores are on disk before they count. Without it, a crash of the machine or of the process
    /// loses about the last second.
    pub sync: bool,
    /// How much anybody may ask for.
    pub limits: Limits,
}

impl Settings {
    /// A node of this cluster, reached through this machine only, at ports that are free.
    pub fn new(id: NodeId, shape: Shape, data: PathBuf) -> Settings {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Settings {
            id,
            shape,
            data,
            clients: any,
            replicas: any,
            peers: BTreeMap::new(),
            secret: None,
            token: None,
            sync: true,
            limits: Limits::default(),
        }
    }
}

/// Something that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl Secret {
    /// Begins a keyed hash, which whoever does not know it cannot make.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0)
            .expect("a key of this hash may have any length")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How much anybody may ask for: memory stays bounded whatever comes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The longest key, in bytes.
    pub key_bytes: usize,
    /// The longest value, in bytes.
    pub value_bytes: usize,
    /// How many clients may be connected. More wait to be let in.
    pub clients: usize,
    /// How many replicas may be connected.
    pub replicas: usize,
    /// How many other nodes may be known, of this cluster or of none.
    pub peers: usize,
    /// How long a client may take over its headers, its body, or reading its answer.
    pub patience: Duration,
    /// How long a replica that is connected may say nothing.
    pub silence: Duration,
    /// How many bytes may wait on the way to one replica. More are lost, as on a network.
    pub outbox_bytes: usize,
    /// How long a server that is told to stop lets clients have their answers.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            key_bytes: 1024,
            value_bytes: 1 << 20,
            clients: 1024,
            replicas: 256,
            peers: 1024,
            patience: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            outbox_bytes: 32 << 20,
            drain: Duration::from_secs(5),
        }
    }
}

/// Why there is no server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The choices of the cluster do not go together.
    #[error("the shape of the cluster: {0}")]
    Shape(Invalid),
    /// The folder or what is in it cannot be used.
    #[error("the data in {}: {why}", folder.display())]
    Disk {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// An address cannot be listened at.
    #[error("listening at {address} for {whom}: {why}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Clients or replicas.
        whom: &'static str,
        /// What is wrong with it.
        why: std::io::Error,
    },
}
