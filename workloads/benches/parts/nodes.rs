//! Real processes on this machine, which end with whoever started them.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::http::{Client, Puts};

/// A folder that is gone once nobody needs it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        let name = format!("dyno-bench-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("the folder for builds is writable");
        Folder(folder)
    }

    /// All that is in it.
    pub(crate) fn bytes(&self) -> u64 {
        let mut folders = vec![self.0.clone()];
        let mut bytes = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(about) if about.is_dir() => folders.push(entry.path()),
                    Ok(about) => bytes += about.len(),
                    Err(_) => {}
                }
            }
        }
        bytes
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Nodes of one store.
pub(crate) struct Cluster {
    nodes: Vec<Child>,
    clients: Vec<String>,
    commands: Vec<Command>,
}

impl Cluster {
    fn start(mut commands: Vec<Command>, clients: Vec<String>) -> Cluster {
        let nodes = commands
            .iter_mut()
            .map(|command| command.spawn().expect("the program of a node starts"));
        Cluster {
            nodes: nodes.collect(),
            clients,
            commands,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Where clients reach a node.
    pub(crate) fn at(&self, node: usize) -> String {
        self.clients[node].clone()
    }

    /// Waits until each node takes a put.
    pub(crate) async fn ready(&self, puts: Puts) {
        for at in &self.clients {
            for tries in 0.. {
                // A new key each time: nothing has to be read before.
                static COUNT: AtomicU64 = AtomicU64::new(0);
                let key = format!("ready-{}", COUNT.fetch_add(1, Ordering::Relaxed));
                if let Ok(mut client) = Client::connect(at).await
                    && client
                        .put(puts, &key, b"?", None)
                        .await
                        .is_ok_and(|status| status < 300)
                {
                    break;
                }
                assert!(tries < 3000, "{at} does not come up");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// The memory of a node, in bytes, where the system says so.
    pub(crate) fn resident(&self, node: usize) -> u64 {
        let file = format!("/proc/{}/status", self.nodes[node].id());
        let status = std::fs::read_to_string(file).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.unwrap_or(0) * 1024
    }

    pub(crate) fn kill(&mut self, node: usize) {
        let _ = self.nodes[node].kill();
        let _ = self.nodes[node].wait();
    }

    /// Starts a node again that was killed.
    pub(crate) fn restart(&mut self, node: usize) {
        let started = self.commands[node].spawn();
        self.nodes[node] = started.expect("the program of a node starts");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in 0..self.nodes.len() {
            self.kill(node);
        }
    }
}

/// Ports that nobody else takes while a node is down: below those that systems give to whoever asks for any.
fn free(count: usize) -> Vec<u16> {
    let begin = 20_000 + (std::process::id() % 10_000) as u16;
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let ports: Vec<u16> = (begin..32_000).filter(is_free).take(count).collect();
    assert_eq!(ports.len(), count, "this machine has no ports");
    ports
}

/// N = 3 or as many as there are, R = W = 2 of three.
pub(crate) fn dyno(folder: &Folder, nodes: usize, sync: bool) -> Cluster {
    let ports = free(2 * nodes);
    let (clients, replicas) = ports.split_at(nodes);
    let command = |id: usize| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dyno"));
        command.args([
            "node",
            "--id",
            &id.to_string(),
            "--nodes",
            &nodes.to_string(),
        ]);
        command.arg("--data").arg(folder.0.join(id.to_string()));
        command.args(["--http", &format!("127.0.0.1:{}", clients[id])]);
        command.args(["--replicas", &format!("127.0.0.1:{}", replicas[id])]);
        for (peer, port) in replicas.iter().enumerate().filter(|(peer, _)| *peer != id) {
            command.args(["--peer", &format!("{peer}=127.0.0.1:{port}")]);
        }
        if !sync {
            command.arg("--no-sync");
        }
        command.stdout(Stdio::null());
        command
    };
    let clients_at = clients.iter().map(|port| format!("127.0.0.1:{port}"));
    Cluster::start((0..nodes).map(command).collect(), clients_at.collect())
}

pub(crate) fn etcd_is_installed() -> bool {
    let version = Command::new("etcd")
        .arg("--version")
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = version else {
        return false;
    };
    let first = child
        .stdout
        .take()
        .and_then(|out| BufReader::new(out).lines().next());
    let _ = child.wait();
    first.is_some_and(|line| line.is_ok_and(|line| line.starts_with("etcd Version")))
}

pub(crate) fn etcd(folder: &Folder, nodes: usize, sync: bool) -> Cluster {
    let ports = free(2 * nodes);
    let (clients, peers) = ports.split_at(nodes);
    let members: Vec<String> = peers
        .iter()
        .enumerate()
        .map(|(id, port)| format!("n{id}=http://127.0.0.1:{port}"))
        .collect();
    let members = members.join(",");
    let command = |id: usize| {
        let client = format!("http://127.0.0.1:{}", clients[id]);
        let peer = format!("http://127.0.0.1:{}", peers[id]);
        let mut command = Command::new("etcd");
        command.args(["--name", &format!("n{id}"), "--initial-cluster", &members]);
        command.arg("--data-dir").arg(folder.0.join(id.to_string()));
        command.args([
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
        ]);
        command.args([
            "--listen-peer-urls",
            &peer,
            "--initial-advertise-peer-urls",
            &peer,
        ]);
        if !sync {
            command.arg("--unsafe-no-fsync");
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let clients_at = clients.iter().map(|port| format!("127.0.0.1:{port}"));
    Cluster::start((0..nodes).map(command).collect(), clients_at.collect())
}
