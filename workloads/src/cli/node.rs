//! `dyno node`: one node of the reference Dynamo as a server.

use std::fs;
use std::path::Path;

use dynamo_core::server::{Secret, Server, Settings, StartError};
use dynamo_core::{NodeId, Shape};
use tokio::runtime::Builder;

use super::args::Node;
use super::exit::Exit;
use super::output::{complain, say_line};

pub(super) fn node(args: &Node) -> Result<Exit, String> {
    if let Some(parent) = args.die_with_parent
        && !die_with_parent(parent)?
    {
        return Ok(Exit::Fine);
    }
    let settings = settings(args)?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|why| format!("the event loop: {why}"))?;
    runtime.block_on(serve(settings))
}

fn settings(args: &Node) -> Result<Settings, String> {
    let mut shape = match &args.shape {
        Some(file) => shape(file)?,
        None => of_flags(args),
    };
    if args.flaw.is_some() {
        shape.flaw = args.flaw;
    }
    let secret = args.secret_file.as_deref().map(secret).transpose()?;
    if let Some(secret) = &secret
        && args.shape.is_none()
    {
        shape.secret = xxhash_rust::xxh3::xxh3_64(&secret.0);
    }
    Ok(Settings {
        clients: args.http,
        replicas: args.replicas,
        peers: args.peers.iter().cloned().collect(),
        secret,
        token: args
            .token_file
            .as_deref()
            .map(secret_of_clients)
            .transpose()?,
        sync: !args.no_sync,
        ..Settings::new(NodeId(args.id), shape, args.data.clone())
    })
}

/// The paper's (3, 2, 2) where there are so many nodes.
fn of_flags(args: &Node) -> Shape {
    let n = args.n.unwrap_or(3.min(args.nodes));
    let most = n / 2 + 1;
    Shape {
        nodes: args.nodes,
        n,
        r: args.r.unwrap_or(most),
        w: args.w.unwrap_or(most),
        ..Shape::default()
    }
}

fn shape(file: &Path) -> Result<Shape, String> {
    let text = fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?;
    serde_json::from_str(&text).map_err(|why| format!("{}: {why}", file.display()))
}

/// The content of a file without the end of its line. An empty secret keeps nobody out.
fn secret(file: &Path) -> Result<Secret, String> {
    let mut bytes = fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Err(format!(
            "{}: an empty secret keeps nobody out",
            file.display()
        ));
    }
    Ok(Secret(bytes))
}

fn secret_of_clients(file: &Path) -> Result<Secret, String> {
    let token = secret(file)?;
    if token.0.iter().all(u8::is_ascii_graphic) {
        Ok(token)
    } else {
        let why = "a token must fit into a header: letters, digits and signs";
        Err(format!("{}: {why}", file.display()))
    }
}

async fn serve(settings: Settings) -> Result<Exit, String> {
    let id = settings.id.0;
    // Whoever reads that it serves may tell it to stop at once.
    let mut stop = Stop::listen().map_err(|why| format!("listening to signals: {why}"))?;
    let mut server = match Server::start(settings).await {
        Ok(server) => server,
        Err(why @ StartError::Shape(_)) => return Err(why.to_string()),
        Err(why) => {
            complain(&format!("error: {why}"));
            return Ok(Exit::Target);
        }
    };
    let (clients, replicas) = (server.clients(), server.replicas());
    say_line(&format!(
        "node {id} serves clients at {clients}, replicas at {replicas}"
    ));
    let failed = tokio::select! {
        failed = server.failed() => Err(failed),
        () = stop.told() => server.stop().await,
    };
    match failed {
        Ok(()) => Ok(Exit::Fine),
        Err(why) => {
            complain(&format!("error: {why}"));
            Ok(Exit::Target)
        }
    }
}

/// Whoever may tell a node to stop. It is listened to from the moment that this exists.
#[cfg(unix)]
struct Stop([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl Stop {
    fn listen() -> std::io::Result<Stop> {
        use tokio::signal::unix::{SignalKind, signal};
        let term = signal(SignalKind::terminate())?;
        Ok(Stop([term, signal(SignalKind::interrupt())?]))
    }

    async fn told(&mut self) {
        let [term, interrupt] = &mut self.0;
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    fn listen() -> std::io::Result<Stop> {
        Ok(Stop)
    }

    async fn told(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Says whether the parent lives, as far as its number was given.
#[cfg(target_os = "linux")]
fn die_with_parent(parent: u32) -> Result<bool, String> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|why| format!("--die-with-parent: {why}"))?;
    // It may have died before it was asked for.
    let now = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    Ok(parent == 0 || parent == now)
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_parent: u32) -> Result<bool, String> {
    Err("--die-with-parent is there on Linux only".into())
}
