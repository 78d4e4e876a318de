//! Sets, one for each key: add, remove, contains, read.

mod sets;

pub use sets::Sets;
