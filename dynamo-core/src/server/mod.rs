//! The same node as a server: TCP between replicas, HTTP to clients, one file on disk.
//!
//! ```
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! use dynamo_core::server::{Server, Settings};
//! use dynamo_core::{NodeId, Shape};
//!
//! let folder = std::env::temp_dir().join(format!("dynamo-{}", std::process::id()));
//! let alone = Shape { nodes: 1, n: 1, r: 1, w: 1, ..Shape::default() };
//! let server = Server::start(Settings::new(NodeId(0), alone, folder.clone())).await?;
//! println!("curl -T - http://{}/kv/cart", server.clients());
//! server.stop().await?;
//! # std::fs::remove_dir_all(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What clients may ask is in `openapi.json`, which the server shows at `/openapi.json`.
//!
//! # What is safe
//!
//! It listens on this machine only, unless it is told otherwise. A secret between replicas and a token of
//! clients keep out whoever does not know them; nothing is encrypted, so on a network that others listen
//! to, both belong into a tunnel. Whoever passes messages on can change what is in them.

mod disk;
mod frames;
mod host;
mod http;
mod listen;
mod metrics;
mod replicas;
mod settings;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use settings::{Limits, Secret, Settings, StartError};

use crate::Config;
use disk::Disk;
use host::Host;

/// A node that serves, until it is told to stop or dropped. Dropped, it stops at once, as in a crash.
pub struct Server {
    host: Arc<Host>,
    clients: SocketAddr,
    replicas: SocketAddr,
    tasks: JoinSet<()>,
    syncer: Option<std::thread::JoinHandle<()>>,
    failed: watch::Receiver<Option<String>>,
}

/// Why a server ended that nobody had told to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the node cannot go on: {0}")]
pub struct Failed(pub String);

impl Server {
    /// Starts a node from what its folder holds, and serves.
    ///
    /// # Errors
    /// Where the choices do not go together, the disk cannot be read, or an address is taken.
    pub async fn start(settings: Settings) -> Result<Server, StartError> {
        let config = Config::new(settings.shape.clone()).map_err(StartError::Shape)?;
        let disk_error = |why| StartError::Disk {
            folder: settings.data.clone(),
            why,
        };
        let found = Disk::open(&settings.data).map_err(disk_error)?;
        let clients = bind(settings.clients, "clients").await?;
        let replicas = bind(settings.replicas, "replicas").await?;
        let local = |listener: &TcpListener, asked| listener.local_addr().unwrap_or(asked);
        let clients_at = local(&clients, settings.clients);
        let replicas_at = local(&replicas, settings.replicas);
        let (host, disk) = Host::start(settings, Arc::new(config), found);
        // The life of this node is on disk before anybody hears of it.
        let life = disk.apply(std::iter::empty(), host.now(), true);
        life.map_err(|why| StartError::Disk {
            folder: host.settings.data.clone(),
            why,
        })?;
        let host = Arc::new(host);
        let syncing = Arc::clone(&host);
        let syncer = std::thread::Builder::new()
            .name("disk".into())
            .spawn(move || syncing.keep_disk(&disk))
            .map_err(|why| StartError::Disk {
                folder: host.settings.data.clone(),
                why: why.to_string(),
            })?;
        let mut tasks = JoinSet::new();
        let time = Arc::clone(&host);
        tasks.spawn(async move { time.keep_time().await });
        if !host.settings.sync {
            let flushing = Arc::clone(&host);
            tasks.spawn(async move { flushing.keep_flushing().await });
        }
        tasks.spawn(replicas::hear_all(Arc::clone(&host), replicas));
        tasks.spawn(replicas::call(Arc::clone(&host), replicas_at.to_string()));
        tasks.spawn(http::serve(Arc::clone(&host), clients));
        Ok(Server {
            failed: host.failed(),
            host,
            clients: clients_at,
            replicas: replicas_at,
            tasks,
            syncer: Some(syncer),
        })
    }

    /// Where clients reach it.
    pub fn clients(&self) -> SocketAddr {
        self.clients
    }

    /// Where other nodes reach it.
    pub fn replicas(&self) -> SocketAddr {
        self.replicas
    }

    /// Waits until the node cannot go on, which may be never.
    pub async fn failed(&mut self) -> Failed {
        tokio::select! {
            failed = self.failed.wait_for(Option::is_some) => {
                let why = failed.ok().and_then(|why| why.clone());
                Failed(why.unwrap_or_else(|| "it is gone".into()))
            }
            Some(ended) = self.tasks.join_next() => Failed(match ended {
                Ok(()) => "a part of it ended".into(),
                Err(why) => why.to_string(),
            }),
        }
    }

    /// Stops: no client is let in from now on, those who wait get their answers, and what was written is
    /// synced.
    ///
    /// # Errors
    /// If the disk failed.
    pub async fn stop(mut self) -> Result<(), Failed> {
        self.host.close();
        let gate = self.host.gate.clone();
        let left = tokio::task::spawn_blocking(move || gate.wait_empty());
        // Who has not left by then is sent away, and then nobody is inside.
        let _ = tokio::time::timeout(self.host.settings.limits.drain, left).await;
        self.tasks.shutdown().await;
        self.host.close_disk();
        if let Some(syncer) = self.syncer.take() {
            let joined = tokio::task::spawn_blocking(move || syncer.join());
            if !matches!(joined.await, Ok(Ok(()))) {
                return Err(Failed("the thread of the disk broke".into()));
            }
        }
        match self.failed.borrow().clone() {
            None => Ok(()),
            Some(why) => Err(Failed(why)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.host.close();
        self.host.close_disk();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("settings", &self.host.settings)
            .field("clients", &self.clients)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

async fn bind(address: SocketAddr, whom: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|why| StartError::Listen { address, whom, why })
}
