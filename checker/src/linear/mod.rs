//! Linearizability: one order of all operations, within their intervals, that explains every answer.

#[cfg(test)]
mod agreement;
mod checker;
mod explain;
#[cfg(test)]
mod generated;
mod live;
mod memo;
mod naive;
mod part;
mod reach;
mod relax;
mod replay;
mod search;
mod stuck;
mod table;
mod timeline;
mod used;

pub use checker::Linearizable;
pub use naive::naive;
pub use replay::{Unreplayable, replay};
