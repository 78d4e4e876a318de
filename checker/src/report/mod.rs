//! Counterexamples as files and pictures; every rendering is a pure function of the bundle.

mod bundle;
mod explained;
mod explanation;
mod formats;
mod html;
mod needed;
mod steps;
mod terminal;

pub use bundle::{Bundle, FORMAT, Size, Unreadable};
pub use explained::explained;
pub use explanation::{Doom, Effect, Explanation, Need, Share, Sort};
pub use formats::{edn, junit, markdown, shiviz, trace_events};
pub use html::{grouped, html, svg};
pub use needed::needed;
pub(crate) use steps::clocked;
pub use terminal::{body, operations, terminal};

/// Pages of one's own: markup that is always closed and always escaped.
pub mod markup {
    pub use super::formats::{code, markdown_text, xml};
    pub use super::html::{Element, Page, page};
}
