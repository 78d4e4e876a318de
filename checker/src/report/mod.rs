//! Counterexamples as files and pictures; every rendering is a pure function of the bundle.

mod bundle;
mod steps;
mod terminal;

pub use bundle::{Bundle, FORMAT, Size, Unreadable};
pub use terminal::{body, operations, terminal};
