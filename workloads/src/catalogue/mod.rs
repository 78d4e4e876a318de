//! The flaw catalogue: each known sin of real stores, hunted by the campaigns that healthy stores pass.

mod expected;

pub use expected::{Expected, expected};
