//! A cluster of real processes as a subject, in real time: kills, pauses, disks and a network of our own.
//!
//! Each node is the `dyno node` command. Nodes know one another by the addresses of a proxy in user
//! space, one for each ordered pair, which does to their messages what the plan says.

mod admin;
mod client;
mod disks;
mod faults;
mod links;
mod nodes;
mod passage;
mod process;
mod proxy;
mod queue;
mod run;

pub use faults::{can, restricted};
pub use run::{Cluster, Unstarted};
