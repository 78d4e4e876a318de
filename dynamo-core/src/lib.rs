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
//! # The paper, mechanism by mechanism
//!
//! A choice is a field of [`Shape`] or of a request; the first named is the default. What shows a
//! mechanism is a test in `tests/` of this crate, or a story in `tests/scenarios/` of the workspace
//! (`*.txt`).
//!
//! | paper | mechanism | where | choices | shown by |
//! |---|---|---|---|---|
//! | §4.1 | get and put with an opaque context; MD5 of the key | `node/port.rs`, `context.rs` | [`Shape::secret`]: a context that is garbled, of another key or made up is refused | `foreign-contexts.txt`, `a_context_that_was_made_up_elsewhere_is_refused` |
//! | (silent) | deletes | `siblings.rs`, `node/reaping.rs` | [`Shape::reaping_us`]: tombstones stay, or are forgotten after a while, with the danger that is shown | `delete.txt`, `reaped-tombstone.txt`, `a_delete_against_a_concurrent_put_keeps_the_put_and_says_so` |
//! | §4.4 | versions and what replaces what | `clock.rs`, `siblings.rs`, `versioning.rs` | [`Causality`]: dots, plain clocks, truncated clocks, one vector for all | `figure-3.txt`, `same-context-twice.txt`, `truncated-conflict.txt`, `truncated-doubt.txt`, `truncated-loss.txt`, `kv679.txt`, laws in `laws.rs` |
//! | §2.3, §6 | who resolves | `versioning.rs` | [`Resolution`]: the client, the last writer | `resurfacing-cart.txt`, `last-writer.txt`, `the_last_writer_wins_and_takes_over_what_the_others_had_seen` |
//! | §4.2, §4.3 | ring, virtual nodes, preference lists | `ring/` | [`Shape::members`]: capacity and zone of each node | `walks_go_clockwise_from_the_end_of_the_range_and_take_zones_by_turn`, `random_tokens_follow_capacity` |
//! | §6.2 | partitioning | `ring/` | [`Partitioning`]: strategies 1, 2, 3 | `equal_shares_spread_load_best_and_random_tokens_over_partitions_worst` |
//! | §4.5 | N, R, W; who coordinates | `node/{get,put,quorum}.rs` | [`Shape::n`], `r`, `w`, and [`Terms`] for one request; [`Shape::sloppy`] | `terms.txt`, `a_request_may_ask_for_more_or_fewer_answers_than_the_cluster_does` |
//! | §5 | the write coordinator | `node/{route,forward}.rs` | [`Coordinator`]: whoever was asked, the first, the fastest of the preceding read; no put is ever coordinated twice | `the_owner_that_answered_fastest_coordinates_the_put_that_follows`, `a_put_is_one_event_whatever_is_lost_doubled_or_restarted_on_its_way` |
//! | §6.4 | client-driven coordination | `client.rs` | a [`client::Client`] that polls membership and finds its way, or any node as door; sessions pinned to an owner or not ([`Terms::pinned`]) | `clients.rs`, `a_session_pinned_to_an_owner_reads_its_own_writes_though_one_answer_is_enough` |
//! | §5 | read repair | `node/{repair,writeback}.rs` | [`ReadRepair`]: after the answer, off, before it to those who answered, before it to W; [`ReadFrom`] | `read-repair.txt`, `of_two_gets_the_second_may_return_less_unless_the_first_waits_for_its_repairs` |
//! | §4.6 | hinted handoff | `hint.rs`, `node/handoff.rs` | [`Shape::hints`], [`Shape::sloppy`] | `hinted-handoff.txt`, `always-writeable.txt`, `a_stand_in_keeps_a_hint_until_the_owner_has_it_on_disk` |
//! | §4.7 | Merkle trees | `merkle/`, `node/entropy.rs` | [`Shape::anti_entropy`] | `anti-entropy.txt`, laws and costs in `merkle.rs` |
//! | §4.8.1 | membership history and gossip | `membership.rs`, `node/gossip.rs` | [`Shape::gossip`] | `join.txt`, `membership_survives_a_restart_and_reaches_nodes_that_were_away` |
//! | §4.8.2 | seeds | `node/gossip.rs` | [`Bootstrap`], [`Shape::seeds`] | `logical-partition.txt` |
//! | §4.8.3 | failure detection | `detector.rs` | [`Detection`]: by requests, by gossip too | `suspicion.rs` |
//! | §4.9 | ranges that change owner | `view.rs`, `node/transfer/` | none | `join.txt`, `keys_follow_a_node_that_joins_and_stay_when_it_leaves`, `members_that_come_and_go_one_at_a_time_hide_nothing_that_was_acknowledged` |
//! | §6.1 | write buffer, durable write | `node/buffer.rs`, `store.rs` | [`Durability`]: synced, buffered | `write-buffer.txt`, `a_durable_write_is_on_one_disk_before_that_replica_answers` |
//! | (silent) | lost and damaged disks | `store.rs`, `clock.rs` | none: the node comes back under another name | `lost-disk.txt`, `a_node_whose_disk_was_lost_or_damaged_comes_back_as_another_actor` |
//! | §6.5 | background yields to foreground | `admission.rs` | [`Shape::admission`]: off, by feedback | `background.rs` |
//!
//! # What a host touches
//!
//! - [`Node`], [`Input`], [`Output`]: the machine and what passes its door; [`client::Client`] is
//!   the other side of it.
//! - [`Request`], [`Reply`]: what a client says and hears.
//! - [`Config`], [`Shape`], [`Timing`]: the choices. A `Config` that exists is valid.
//! - [`Ring`], [`View`], [`Membership`]: who keeps what, by what history.
//! - [`Siblings`], [`Version`], [`VersionVector`], [`Versioning`]: the versions of a key.
//! - [`Message`], [`Record`], [`Tree`]: what goes over the wire, what is on a disk, how replicas
//!   compare, for hosts that look.
//! - [`Flaw`]: known sins that can be switched on.
//!
//! # Limits
//!
//! Messages are plain values: how they are framed is for the host. Positions of tokens come from
//! node numbers, so every node can lay out the ring from the membership history alone. While changes
//! of membership overlap, a strict quorum may miss an acknowledged put until the ranges have
//! arrived; with one change at a time it does not. Records that vanish from a disk without a trace
//! are not noticed; damaged ones are.

#![cfg_attr(not(feature = "server"), no_std)]

extern crate alloc;

mod admission;
mod batch;
pub mod client;
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
#[cfg(feature = "server")]
pub mod server;
mod shape;
#[cfg(feature = "server")]
pub mod shared;
mod siblings;
mod store;
#[cfg(feature = "server")]
mod sync;
mod versioning;
mod view;

pub use admission::Admission;
pub use clock::{Actor, Dot, NodeId, VersionVector};
pub use config::{Config, Invalid};
pub use context::Context;
pub use flaw::{Family, Flaw, UnknownFlaw};
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
