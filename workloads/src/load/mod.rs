//! Plans out of seeds: what clients do, and what goes wrong meanwhile.

mod dice;
mod nemesis;
mod shape;
mod siblings;

pub use shape::shape;
pub use siblings::plan;
