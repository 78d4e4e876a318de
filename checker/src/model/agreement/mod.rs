//! The special cases of objects agree with trying every order, on many small histories.

mod drawn;
pub(crate) mod histories;
mod judges;
mod large;
