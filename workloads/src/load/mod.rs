//! Plans out of seeds: what clients do, and what goes wrong meanwhile.

mod dice;
mod moves;
mod nemesis;
mod objects;
mod rarer;
mod rows;
mod shape;
mod siblings;
mod together;

pub use objects::{object_kind, object_plan, object_plan_on};
pub use rows::{row_contexts, row_plan, row_shape, small_plan};
pub use shape::shape;
pub use siblings::{Pattern, plan, plan_on};
