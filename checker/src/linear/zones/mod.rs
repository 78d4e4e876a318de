//! Objects whose every state is written once: decided by zones, near-linearly.

mod blocks;
mod clash;
mod clusters;
mod decide;
mod loose;
mod registers;
mod strings;
#[cfg(test)]
mod tests;
mod values;
mod windows;

pub(crate) use registers::registers;
#[cfg(test)]
pub(crate) use registers::registers_by;
pub(crate) use strings::strings;
