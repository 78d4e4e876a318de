//! What a campaign runs and promises, and what it must have exercised to be worth anything.

mod happened;
mod kinds;
pub mod marks;
mod reads;

pub use happened::{HAPPENED, happened, missing};
pub use kinds::{MATRIX, PROMISES, Preset, is_of_versions, rank};
pub use marks::MARKS;
