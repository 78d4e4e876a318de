//! The special cases of objects agree with trying every order, on many small histories.

mod drawn;
mod histories;
mod judges;
mod large;
