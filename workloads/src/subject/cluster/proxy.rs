//! The network between the nodes of a cluster: a listener for each ordered pair, in user space.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::links::Links;
use super::passage::carry;
use crate::fault::{Fault, Link};
use crate::luck::Luck;

/// Where nodes listen now. After each start a node listens elsewhere.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<BTreeMap<u32, Address>>);

/// Where one node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// For clients, and the administrator.
    pub(super) clients: SocketAddr,
    /// For its peers.
    pub(super) replicas: SocketAddr,
}

impl Book {
    /// `None`: it does not run, or does not serve yet.
    pub(super) fn of(&self, node: u32) -> Option<Address> {
        self.lock().get(&node).copied()
    }

    pub(super) fn enter(&self, node: u32, address: Address) {
        self.lock().insert(node, address);
    }

    pub(super) fn strike(&self, node: u32) {
        self.lock().remove(&node);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Address>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Carries what nodes say to one another. It runs on a thread of its own, and ends when it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    links: Arc<Links>,
    addresses: BTreeMap<Link, SocketAddr>,
    handle: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens for each pair of so many nodes, on loopback.
    ///
    /// # Errors
    /// When the system has no room for the listeners.
    pub(super) fn start(nodes: u32, luck: Luck, book: &Arc<Book>) -> io::Result<Self> {
        let links = Arc::new(Links::new(nodes, luck));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut addresses = BTreeMap::new();
        for from in 0..nodes {
            for to in (0..nodes).filter(|to| *to != from) {
                let any = (Ipv4Addr::LOCALHOST, 0);
                let listener = runtime.block_on(TcpListener::bind(any))?;
                addresses.insert((from, to), listener.local_addr()?);
                let (links, book) = (Arc::clone(&links), Arc::clone(book));
                runtime.spawn(accept(listener, links, (from, to), book));
            }
        }
        let (end, ended) = oneshot::channel();
        let handle = runtime.handle().clone();
        let thread = thread::Builder::new().name("proxy".into());
        let thread = thread.spawn(move || {
            // Dropped with its other end, it says the same.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Proxy {
            links,
            addresses,
            handle,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Where `from` finds `to`.
    pub(super) fn addresses(&self, from: u32) -> impl Iterator<Item = (u32, SocketAddr)> {
        let all = self.addresses.iter();
        all.filter(move |((by, _), _)| *by == from)
            .map(|((_, to), address)| (*to, *address))
    }

    /// Begins or ends a fault, whose nodes are called by their numbers; what does not concern messages is
    /// ignored.
    pub(super) fn turn(&self, window: u32, fault: &Fault, begins: bool) {
        self.links.turn(window, fault, begins);
    }

    /// Does something beside, until it is done or the proxy ends.
    pub(super) fn beside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // Its panic was printed.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, links: Arc<Links>, link: Link, book: Arc<Book>) {
    loop {
        match listener.accept().await {
            Ok((dialer, _)) => {
                let book = Arc::clone(&book);
                let address = move || book.of(link.1).map(|address| address.replicas);
                tokio::spawn(carry(dialer, Arc::clone(&links), link, address));
            }
            // No file descriptors for now.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
