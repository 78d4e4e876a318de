//! Linearizability: one order of all operations, within their intervals, that explains every answer.

#[cfg(test)]
mod agreement;
mod checker;
mod counts;
mod crew;
mod explain;
mod live;
mod memo;
mod naive;
mod needed;
mod part;
mod reach;
mod relax;
mod replay;
mod search;
mod special;
mod stuck;
mod table;
mod timeline;
mod used;
pub(crate) mod zones;

pub use checker::Linearizable;
pub use naive::naive;
#[cfg(test)]
pub(crate) use naive::possible;
pub use replay::{Unreplayable, replay};
