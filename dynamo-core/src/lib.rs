//! A reference Dynamo, to be read beside the SOSP 2007 paper: one node as a state machine.
//!
//! A [`Node`] has no clock, no thread, no socket, no disk and no luck of its own. A host tells it
//! what happened and what time it is, and does what it says; so a simulation can run thousands of
//! clusters a second and a server can run one for years.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//! use dynamo_core::{
//!     Config, Input, Node, NodeId, Output, Reply, Request, RequestId, Shape, Terms, Time,
//! };
//!
//! let alone = Shape { nodes: 1, n: 1, r: 1, w: 1, ..Shape::default() };
//! let config = Arc::new(Config::new(alone)?);
//! let mut node = Node::start(NodeId(0), config, &BTreeMap::new(), Time(0));
//! let mut out = Vec::new();
//!
//! let (key, terms) = (b"cart".to_vec(), Terms::default());
//! let value = b"book".to_vec();
//! let request = Request::Put { key: key.clone(), value, context: None, terms };
//! node.handle(Time(1), Input::Request { id: RequestId(1), request }, &mut out);
//! let Some(Output::Store { ticket, .. }) = out.pop() else { panic!("first the disk") };
//! node.handle(Time(2), Input::Stored { ticket }, &mut out);
//! assert_eq!(out.pop(), Some(Output::Reply { id: RequestId(1), reply: Reply::Stored }));
//!
//! let request = Request::Get { key, terms };
//! node.handle(Time(3), Input::Request { id: RequestId(2), request }, &mut out);
//! let Some(Output::Reply { reply: Reply::Values { values, .. }, .. }) = out.pop() else { panic!() };
//! assert_eq!(values, [b"book"]);
//! # Ok::<(), dynamo_core::Invalid>(())
//! ```
//!
//! What a reader or a host touches, by section of the paper:
//!
//! - [`Node`], [`Input`], [`Output`]: the machine and what passes its door.
//! - [`Request`], [`Reply`]: get and put as a client sees them (§4.1).
//! - [`Ring`], [`Partitioning`]: which nodes keep a key (§4.2, §4.3, §6.2).
//! - [`Membership`]: who was told to join or leave, as nodes reconcile it (§4.8.1).
//! - [`Dot`], [`VersionVector`], [`Siblings`]: who has seen what, and the versions of a key (§4.4).
//! - [`Config`], [`Shape`], [`Timing`]: N, R, W and the rest (§4.5).
//! - [`Message`]: what replicas say to one another (§4.5).
//! - [`Hint`]: for whom a stand-in keeps a copy, and why (§4.6).
//! - [`Tree`]: the Merkle tree of a key range (§4.7).
//! - [`Record`]: what is on a disk, for hosts that look.
//! - [`Flaw`]: known sins that can be switched on.
//!
//! Membership is static: the nodes are those of the [`Config`]. There are no deletes, and version
//! vectors are not truncated.

#![no_std]

extern crate alloc;

mod batch;
mod clock;
mod config;
mod context;
mod detector;
mod flaw;
mod hint;
mod membership;
mod merkle;
mod message;
mod node;
mod record;
mod ring;
mod shape;
mod siblings;
mod store;
mod versioning;
mod view;

pub use clock::{Actor, Dot, NodeId, VersionVector};
pub use config::{Config, Invalid};
pub use context::Context;
pub use flaw::{Flaw, UnknownFlaw};
pub use hint::{Hint, Reason};
pub use membership::{Change, Member, Membership, Move};
pub use merkle::{Children, Difference, Digests, Holder, Prefix, Root, Summary, Tree};
pub use message::{Answer, Confirmation, Message, Tag, Written};
pub use node::{Input, Node, Output, Refusal, Reply, Request, RequestId, Terms, Ticket, Time};
pub use record::{Garbled, Record, Write};
pub use ring::{Partitioning, Range, RangeName, Ring};
pub use shape::{
    Bootstrap, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Shape, Timing,
};
pub use siblings::{Siblings, Version};
pub use versioning::{Causality, Resolution, Versioning};
pub use view::{Handover, View};
