//! Bundles in the formats of others: pure functions, as pages are.

mod causes;
mod edn;
mod escape;
mod events;
mod junit;
mod markdown;
mod shiviz;
mod trace;

pub use edn::edn;
pub use escape::{code, markdown_text, xml};
pub use junit::junit;
pub use markdown::markdown;
pub use shiviz::shiviz;
pub use trace::trace_events;
