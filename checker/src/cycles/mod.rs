//! Dependency cycles between transactions, and which consistency models each of them denies.

mod anomaly;
mod book;
mod check;
mod edges;
mod explain;
mod fractured;
mod inferred;
mod knots;
mod lists;
mod models;
mod order;
mod proof;
mod registers;
mod search;
mod successions;
mod walk;
mod whole;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod narrow;
#[cfg(test)]
mod notation;

pub use anomaly::{Anomaly, AnomalyKind, Extent, Shape};
pub use check::{Cycles, Sources, anomalies};
pub use models::ConsistencyModel;
