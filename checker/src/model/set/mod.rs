//! Sets, one for each key: add, remove, contains, read.

mod elements;
mod grow;
mod phases;
mod sets;

pub use sets::Sets;
