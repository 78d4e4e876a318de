//! One hash tree per key range, and where two trees differ (§4.7).

mod compare;
mod prefix;
mod tree;

pub use compare::{Difference, Holder};
pub use prefix::Prefix;
pub use tree::{Children, Digests, Root, Summary, Tree};
