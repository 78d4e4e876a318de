//! What `dyno node` takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use dynamo_core::{Flaw, NodeId};

use crate::cli::exit;

#[derive(Debug, Args)]
#[command(after_help = exit::of("node"))]
pub(in crate::cli) struct Node {
    /// Which node of the cluster it is; the founders are 0, 1, 2 and so on
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) id: u32,
    /// The folder of what must survive; it is made if there is none
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) data: PathBuf,
    /// Where clients reach it; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(in crate::cli) http: SocketAddr,
    /// Where other nodes reach it; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(in crate::cli) replicas: SocketAddr,
    /// Where it reaches another node: --peer 1=host:port, once for each
    #[arg(long = "peer", value_name = "N=ADDRESS", value_parser = peer)]
    pub(in crate::cli) peers: Vec<(NodeId, String)>,
    /// All choices of the cluster, as JSON; the same at every node
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nodes", "n", "r", "w"])]
    pub(in crate::cli) shape: Option<PathBuf>,
    /// How many nodes found the cluster
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(in crate::cli) nodes: u32,
    /// N: how many nodes hold a key; 3, if there are so many
    #[arg(short = 'n', long = "replication", value_name = "COUNT")]
    pub(in crate::cli) n: Option<u32>,
    /// R: how many must answer a get; more than half of N
    #[arg(short = 'r', long = "read-quorum", value_name = "COUNT")]
    pub(in crate::cli) r: Option<u32>,
    /// W: how many must have a put on disk; more than half of N
    #[arg(short = 'w', long = "write-quorum", value_name = "COUNT")]
    pub(in crate::cli) w: Option<u32>,
    /// A file whose content other nodes must know; it also seals contexts
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) secret_file: Option<PathBuf>,
    /// A file with the token that clients must show
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) token_file: Option<PathBuf>,
    /// Answer before the disk has synced: a crash loses about a second
    #[arg(long)]
    pub(in crate::cli) no_sync: bool,
    /// A sin of the catalogue to commit
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) flaw: Option<Flaw>,
    /// Be killed when whoever started it dies, or has died already if its number is given (Linux)
    #[arg(long, value_name = "PID", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub(in crate::cli) die_with_parent: Option<u32>,
}

fn peer(said: &str) -> Result<(NodeId, String), String> {
    let (node, address) = said
        .split_once('=')
        .ok_or("it is the number of a node and where it is, as in 1=10.0.0.7:7000")?;
    let node = node
        .parse()
        .map_err(|_| format!("{node:?} is no number of a node"))?;
    let port = address
        .rsplit_once(':')
        .map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok((NodeId(node), address.to_owned())),
        _ => Err(format!("{address:?} has no port, as in 10.0.0.7:7000")),
    }
}
