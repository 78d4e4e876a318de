//! The nodes of a cluster as processes: which run, which stand still, and what is on their disks.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use thiserror::Error;

use super::process::Process;
use super::proxy::{Address, Book};

/// All nodes of one cluster. Dropped, it leaves neither a process nor a file.
///
/// It belongs to the thread that made it: nodes are told to end with the thread that started them.
#[derive(Debug)]
pub(super) struct Nodes {
    program: PathBuf,
    arguments: Vec<String>,
    seats: Vec<Seat>,
    book: Arc<Book>,
    // Last, so that processes are gone before their files.
    folder: Folder,
}

/// Windows that are open, by name.
type Windows = BTreeSet<u32>;

#[derive(Debug, Default)]
struct Seat {
    process: Option<Process>,
    /// Where it is told that its peers are.
    peers: Vec<(u32, SocketAddr)>,
    /// Of windows in which it does not run.
    down: Windows,
    /// Of windows in which it stands still.
    paused: Windows,
    /// Which of its lives may say where it listens.
    life: Arc<Mutex<u64>>,
}

/// A node that does not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("n{node} {what}")]
pub struct Fallen {
    /// Which one.
    pub node: u32,
    /// What is wrong with it, and what it said of it.
    pub what: String,
}

impl Nodes {
    /// So many nodes, not started yet, each on a disk of its own, which is empty.
    ///
    /// # Errors
    /// When there is no room for files.
    pub(super) fn new(program: PathBuf, nodes: u32, book: &Arc<Book>) -> io::Result<Self> {
        Ok(Nodes {
            program,
            arguments: Vec::new(),
            seats: (0..nodes).map(|_| Seat::default()).collect(),
            book: Arc::clone(book),
            folder: Folder::new()?,
        })
    }

    /// Writes a file beside the disks, and says where it is.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.folder.0.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Arguments that all nodes have from now on.
    pub(super) fn add_arguments(&mut self, more: impl IntoIterator<Item = String>) {
        self.arguments.extend(more);
    }

    /// From now on this node is told that its peers are there.
    pub(super) fn introduce(&mut self, node: u32, peers: impl Iterator<Item = (u32, SocketAddr)>) {
        self.seats[node as usize].peers = peers.collect();
    }

    /// Starts all of them and waits until they serve, at most so long.
    ///
    /// # Errors
    /// The first that does not.
    pub(super) fn start(&mut self, limit: Duration) -> Result<(), Fallen> {
        for node in 0..self.seats.len() as u32 {
            self.launch(node)?;
        }
        self.await_all(limit)
    }

    /// Waits until all serve that should run, at most so long.
    ///
    /// # Errors
    /// The first that does not.
    pub(super) fn await_all(&mut self, limit: Duration) -> Result<(), Fallen> {
        let late = Instant::now() + limit;
        loop {
            self.look()?;
            let seats = (0..).zip(&self.seats);
            let mut silent = seats
                .filter(|(node, seat)| seat.down.is_empty() && self.book.of(*node).is_none())
                .map(|(node, _)| node);
            let Some(node) = silent.next() else {
                return Ok(());
            };
            if Instant::now() >= late {
                return Err(self.fallen(node, &format!("does not serve after {limit:?}")));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Looks whether all run that should.
    ///
    /// # Errors
    /// The first that has ended by itself.
    pub(super) fn look(&mut self) -> Result<(), Fallen> {
        for node in 0..self.seats.len() as u32 {
            let process = self.seats[node as usize].process.as_mut();
            if let Some(status) = process.and_then(Process::ended) {
                return Err(self.fallen(node, &format!("ended by itself: {status}")));
            }
        }
        Ok(())
    }

    /// Kills it, until no window is open any more that keeps it down. Says whether it ran.
    pub(super) fn kill(&mut self, node: u32, window: u32) -> bool {
        let seat = &mut self.seats[node as usize];
        seat.down.insert(window);
        self.end(node)
    }

    /// Starts it, if no window keeps it down any more. Says whether it runs now that did not.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn revive(&mut self, node: u32, window: u32) -> Result<bool, Fallen> {
        let seat = &mut self.seats[node as usize];
        seat.down.remove(&window);
        if !seat.down.is_empty() || seat.process.is_some() {
            return Ok(false);
        }
        self.launch(node)?;
        Ok(true)
    }

    /// Lets it stand still, or go on when no window is open any more in which it is to.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub(super) fn pause(&mut self, node: u32, window: u32, begins: bool) -> Result<(), Fallen> {
        let seat = &mut self.seats[node as usize];
        let stood = !seat.paused.is_empty();
        if begins {
            seat.paused.insert(window);
        } else {
            seat.paused.remove(&window);
        }
        let stands = !seat.paused.is_empty();
        match &mut seat.process {
            Some(process) if stands && !stood => process.stop(),
            Some(process) if stood && !stands => process.go_on(),
            _ => Ok(()),
        }
        .map_err(|why| self.fallen(node, &why.to_string()))
    }

    /// Empties the disk of a node that does not run.
    ///
    /// # Errors
    /// When it cannot be emptied.
    pub(super) fn wipe(&mut self, node: u32) -> Result<(), Fallen> {
        let disk = self.folder.disk(node);
        assert!(
            self.seats[node as usize].process.is_none(),
            "its disk is in use"
        );
        match fs::remove_dir_all(disk) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(self.fallen(node, &format!("keeps its disk: {why}")))
            }
            _ => Ok(()),
        }
    }

    /// Copies the disk of a node as it is now. A node that runs stands still meanwhile, all of its threads: so
    /// the copy is a disk as a kill at that moment would have left it.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(super) fn back_up(&mut self, node: u32, window: u32) -> Result<(), Fallen> {
        // The name of a window that no plan has: it ends before anything else happens.
        self.pause(node, u32::MAX, true)?;
        let copied = copy(&self.folder.disk(node), &self.folder.backup(node, window));
        self.pause(node, u32::MAX, false)?;
        copied.map_err(|why| self.fallen(node, &format!("cannot be backed up: {why}")))
    }

    /// Puts the copy in place of the disk of a node that does not run.
    ///
    /// # Errors
    /// When it cannot be put there.
    pub(super) fn restore(&mut self, node: u32, window: u32) -> Result<(), Fallen> {
        self.wipe(node)?;
        fs::rename(self.folder.backup(node, window), self.folder.disk(node))
            .map_err(|why| self.fallen(node, &format!("cannot be restored: {why}")))
    }

    /// Whether it ran.
    fn end(&mut self, node: u32) -> bool {
        let seat = &mut self.seats[node as usize];
        let mut life = seat.life.lock().unwrap_or_else(PoisonError::into_inner);
        *life += 1;
        self.book.strike(node);
        drop(life);
        seat.process.take().is_some()
    }

    fn launch(&mut self, node: u32) -> Result<(), Fallen> {
        let started = self.started(node);
        let process = started.map_err(|why| {
            let program = self.program.display();
            self.fallen(node, &format!("cannot be started as {program}: {why}"))
        })?;
        let seat = &mut self.seats[node as usize];
        let process = seat.process.insert(process);
        if !seat.paused.is_empty() {
            let stopped = process.stop();
            stopped.map_err(|why| self.fallen(node, &why.to_string()))?;
        }
        Ok(())
    }

    fn started(&self, node: u32) -> io::Result<Process> {
        let seat = &self.seats[node as usize];
        let disk = self.folder.disk(node);
        fs::create_dir_all(&disk)?;
        let mut command = Command::new(&self.program);
        command.arg("node").arg("--id").arg(node.to_string());
        command.arg("--data").arg(disk).args(&self.arguments);
        // Any free ports: the book says which.
        command.args(["--http", "127.0.0.1:0", "--replicas", "127.0.0.1:0"]);
        command.arg(format!("--die-with-parent={}", std::process::id()));
        for (peer, address) in &seat.peers {
            command.arg("--peer").arg(format!("{peer}={address}"));
        }
        let mut said = File::options();
        let said = said
            .create(true)
            .append(true)
            .open(self.folder.said(node))?;
        command.stderr(said);
        let book = Arc::clone(&self.book);
        let (lives, life) = (Arc::clone(&seat.life), count(&seat.life));
        Process::start(command, move |line| {
            // Only the life that runs says where it listens.
            let lives = lives.lock().unwrap_or_else(PoisonError::into_inner);
            if let (true, Some(address)) = (*lives == life, address(line)) {
                book.enter(node, address);
            }
        })
    }

    /// What is wrong with a node, with the last that it said.
    fn fallen(&self, node: u32, what: &str) -> Fallen {
        let said = fs::read_to_string(self.folder.said(node)).unwrap_or_default();
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        let what = match last {
            Some(line) => format!("{what}; it said: {line}"),
            None => what.to_owned(),
        };
        Fallen { node, what }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for node in 0..self.seats.len() as u32 {
            self.end(node);
        }
    }
}

fn count(life: &Mutex<u64>) -> u64 {
    *life.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a node says once it serves: `node 0 serves clients at 127.0.0.1:45001, replicas at 127.0.0.1:45002`.
fn address(line: &str) -> Option<Address> {
    let (_, addresses) = line.split_once(" serves clients at ")?;
    let (clients, replicas) = addresses.split_once(", replicas at ")?;
    Some(Address {
        clients: clients.trim().parse().ok()?,
        replicas: replicas.trim().parse().ok()?,
    })
}

/// Copies files of a flat folder, which need not be there.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

/// What the folders of clusters begin with, before the number of their process.
const NAME: &str = "dyno-cluster-";

/// Removes what processes left that were killed before they could.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.map_while(Result::ok) {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let left = name
            .strip_prefix(NAME)
            .and_then(|left| left.split_once('-'));
        let process = left.and_then(|(process, _)| Pid::from_raw(process.parse().ok()?));
        let gone = |pid| test_kill_process(pid) == Err(Errno::SRCH);
        if process.is_some_and(gone) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A folder of its own for temporary files, removed when it is dropped.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{NAME}{}-{number}", std::process::id());
        let parent = std::env::temp_dir();
        sweep(&parent);
        let path = parent.join(name);
        // Left by a process of this number that was killed.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    fn disk(&self, node: u32) -> PathBuf {
        self.0.join(format!("n{node}"))
    }

    fn said(&self, node: u32) -> PathBuf {
        self.0.join(format!("n{node}.stderr"))
    }

    fn backup(&self, node: u32, window: u32) -> PathBuf {
        self.0.join(format!("n{node}.backup-{window}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
