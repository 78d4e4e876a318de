//! Objects whose every state is written once: decided by zones, near-linearly.

mod blocks;
mod clash;
mod clusters;
mod decide;
mod loose;
mod registers;
mod repair;
mod strings;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use registers::registers;
pub(crate) use strings::strings;
