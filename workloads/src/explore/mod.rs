//! Every schedule of a few calls: bounded exhaustive search.
//!
//! A campaign draws schedules; an exploration leaves none out. Its world has no clock that runs: what
//! happens next is a choice, and all choices are tried, breadth first, so that the first schedule that
//! breaks a promise is one with the fewest choices.
//!
//! # What may happen
//!
//! A client makes its next call, which its node hears at once; any message under way arrives; the
//! oldest store of a node becomes durable. And as often as the [`Bounds`] say: a node crashes and
//! starts again, and of its stores that were not durable only the first few, or none, have reached the
//! disk; the next timer of a node strikes; a message is lost; a message comes and will come again.
//! Answers reach their clients at once. A call that is heard later, or an answer that comes later, would only leave more calls
//! concurrent, and so forbid less.
//!
//! Time goes forward where a timer strikes, up to the moment for which it was set, and by a microsecond
//! with each crash; other nodes may hear of it late. Only timers strike for which somebody waits: that
//! replicas compare trees is left to the end. They do not gossip, for members stay the same.
//!
//! Where nothing is under way and no client can go on, the schedule may end, whatever may still go
//! wrong: then all timers strike when they are due until the cluster has had time to mend itself, and
//! every key is read at every node, as at the quiet end of each run. Calls that a client could not make
//! because the one before was not answered are left out there. That is judged, by what
//! [`made`](crate::matrix::made) says is promised.
//!
//! Once no crash is left, stores are durable at once. To hear a message and have it on disk late is
//! then the same as to hear it late, but for one thing: a put whose own first store takes longer than
//! its client waits is not explored without a crash; nor is a store that acknowledges what is not on disk
//! yet seen to do so by a schedule that has no crash left.
//!
//! # What is told apart
//!
//! Two schedules that lead to the same state go on in the same ways. They share a state if all of this
//! is equal, by a digest of 128 bits: each node with its timers (its `Hash` says what of it), the
//! records of each disk and the stores that are not durable, the messages under way, as a multiset;
//! where each client stands, and the contexts that it holds; the time; how much may still go wrong; and
//! of what has happened so far all that a judge can tell: [`Apart::Judged`], said in `past.rs`. Then
//! every way to go on ends with histories on which all judges say the same. That nothing is lost by it
//! is tested against searches that tell apart every order of events, and every schedule.
//!
//! # What comes out
//!
//! [`survey`] says for how many programs the states were too many: then, and if replicas did not come
//! to rest, the search was not exhaustive, whatever it found.
//!
//! Three nodes that all keep the key, R = W = 2, two clients, all programs of so many calls, on one
//! core of a release build:
//!
//! | calls | crashes | timeouts | repeats | programs | states | seconds | peak |
//! |---:|---:|---:|---:|---:|---:|---:|---:|
//! | 2 | 0 | 0 | 0 | 13 | 9,568 | 0.3 | |
//! | 2 | 0 | 1 | 0 | 13 | 110,881 | 3.5 | 0.3 GB |
//! | 2 | 0 | 0 | 1 | 13 | 91,207 | 2 | |
//! | 2 | 1 | 0 | 0 | 13 | 208,369 | 8 | |
//! | 3 | 0 | 0 | 0 | 123 | 4,462,165 | 126 | 1.1 GB |

mod digest;
mod disk;
mod end;
mod past;
mod program;
mod scope;
mod search;
mod survey;
#[cfg(test)]
mod tests;
mod words;
mod world;

pub use past::Apart;
pub use program::{Call, NoProgram, Program, Verb, programs};
pub use scope::{Bounds, Scope};
pub use search::{Broken, Explored};
pub use survey::{ExploredProgram, Survey, explore, survey};
