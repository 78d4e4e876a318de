//! How far reads lag behind what was acknowledged: measurements, no verdicts.

mod measure;
mod quantiles;
#[cfg(test)]
mod tests;

pub use measure::{Staleness, measure};
pub use quantiles::Quantiles;
