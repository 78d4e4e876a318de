//! One node: requests coordinated, replicas kept, and what it does unasked.

mod answers;
mod background;
mod buffer;
mod entropy;
mod forward;
mod get;
mod gossip;
mod handoff;
mod machine;
mod port;
mod put;
mod quorum;
mod reaping;
mod repair;
mod replica;
mod route;
mod timers;
mod transfer;
mod writeback;

pub use machine::Node;
pub use port::{Input, Output, Refusal, Reply, Request, RequestId, Terms, Ticket, Time};
