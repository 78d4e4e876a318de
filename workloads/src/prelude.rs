//! All that a test of one's own store needs, by one import.
//!
//! # A sans-IO replica of one's own
//!
//! In the simulator: the clock is virtual, messages get lost, late, out of order and twice, nodes pause and
//! crash, the network is cut. [`simulate`] is the door, [`Replica`] what stands in it; `examples/replica.rs`
//! is a store of three nodes with siblings.
//!
//! ```
//! use dynamometer::prelude::*;
//! struct Shelf(Disk); // one node, one value a key, no deletes
//! impl Replica for Shelf {
//!     type Message = ();
//!     fn handle(&mut self, _: Time, input: Input<()>, out: &mut Vec<Output<()>>) {
//!         out.push(match input {
//!             Input::Request { id, request: Request::Get { key } } => {
//!                 let values = self.0.get(&key).cloned().into_iter().collect();
//!                 Output::Reply { id, reply: Reply::Values { values, context: vec![] } }
//!             }
//!             Input::Request { id, request: Request::Put { key, value, .. } } => {
//!                 self.0.insert(key.clone(), value.clone());
//!                 Output::Store { ticket: id, writes: vec![(key, Some(value))] }
//!             }
//!             Input::Stored { ticket: id } => Output::Reply { id, reply: Reply::Stored },
//!             _ => return,
//!         });
//!     }
//! }
//! simulate(|boot| Shelf(boot.disk.clone())).last_writer_wins().nodes(1).check();
//! ```
//!
//! A store must say what becomes of concurrent writes, [`keeps_siblings`](Undeclared::keeps_siblings) or
//! [`last_writer_wins`](Undeclared::last_writer_wins): what one does by design, another loses. The rest has
//! defaults that accuse no sound store, and [`Test`] says them.
//!
//! # An async client of one's own
//!
//! Of a running store, in real time and without faults. [`ClientError`] makes its author choose what a
//! timeout means; when in doubt, it may have happened.
//!
//! ```
//! use dynamometer::prelude::*;
//! use std::sync::{Arc, Mutex};
//! struct Link(Arc<Mutex<Disk>>); // stands for a connection
//! impl Client for Link {
//!     async fn get(&mut self, key: &[u8]) -> Result<Answered, ClientError> {
//!         let shelf = self.0.lock().expect("no call panics");
//!         let values = shelf.get(key).cloned().into_iter().collect();
//!         Ok(Answered { values, context: vec![] })
//!     }
//!     async fn put(&mut self, key: &[u8], value: &[u8], _: Option<&[u8]>) -> Result<(), ClientError> {
//!         self.0.lock().expect("no call panics").insert(key.into(), value.into());
//!         Ok(())
//!     }
//! }
//! let store = Arc::default();
//! let connect = move |_node| std::future::ready(Ok(Link(Arc::clone(&store))));
//! let settles = Duration::from_millis(10);
//! live(1, connect).last_writer_wins().settles_within(settles).runs(1).check();
//! ```
//!
//! # A recorded history
//!
//! From a file, with [`recording`], from code, with a [`Recorder`], or drawn:
//!
//! ```
//! use dynamometer::prelude::*;
//! let history = picture::history::<Kv>("
//!     a  |put x 1|              |get x -> 1|
//!     b             |get x -> 1|
//! ");
//! check(&history, [Promise::SiblingPreservation, Promise::Linearizable]).assert();
//! ```
//!
//! # When a test fails
//!
//! The plan is made smaller as long as it still fails for the same cause, and saved as a bundle. The message
//! begins with what broke and ends with the command that runs that bundle again. `dyno pin BUNDLE` copies it
//! to `tests/dyno-pins/`: [`Test::check`] runs what is there first. A pin that cannot be run any more is stale,
//! and the test fails until somebody decides what is to become of it. A pin belongs to the test that recorded
//! it, by name. Of a running store, which may do well by luck, a pin has five tries and a replay fifty.
//!
//! # Generated plans
//!
//! [`Test::plans`] makes plans as a proptest strategy, as many as `PROPTEST_CASES` says, and [`Test::holds`]
//! runs one: in `proptest!` write `store.holds(&plan)?`. Any [`Plan`] is quickcheck's `Arbitrary`.
//!
//! # The environment
//!
//! | variable | value | what it does |
//! |---|---|---|
//! | `DYNO_REPLAY` | FILE | run only this bundle, and fail as it failed |
//! | `DYNO_SEED` | 7 or 0x7 | do only the run of this seed |
//! | `DYNO_RUNS` | 1 or more | do so many runs; without a budget, exactly so many |
//! | `DYNO_BUDGET` | 500ms, 30s, 5m, 1h | begin no run after this time; without a number of runs, as many as fit |
//! | `DYNO_OUT` | DIR | write bundles there instead of target/dyno |
//!
//! They go before what the test says, and a wrong value is refused. `dyno env` prints this table.

pub use std::time::Duration;

pub use checker::kv::{Kv, KvCall, KvRet};
pub use checker::note::Version;
pub use checker::{History, Process, Promise, Recorder, Time, picture};

pub use crate::harness::{
    Bench, Boot, Cause, Failed, Held, Outcome, Running, Simulated, Test, Undeclared, check, live,
    recording, simulate,
};
pub use crate::plan::Plan;
pub use crate::replica::{About, Disk, Holding, Input, Output, Replica, Reply, Request};
pub use crate::strategy;
pub use crate::subject::live::{Answered, Client, ClientError};
