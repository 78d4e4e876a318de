//! Which nodes keep a key: tokens on a circle, virtual nodes, preference lists (§4.2, §4.3).

mod assignment;
mod circle;
mod partitioning;
mod range;
mod walk;

pub use circle::{RangeName, Ring};
pub use partitioning::Partitioning;
pub use range::Range;
