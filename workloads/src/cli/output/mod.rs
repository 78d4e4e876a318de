//! What is printed: results on stdout, everything else on stderr, both in the manner that was asked for.

mod ascii;
mod manner;
mod paint;
mod write;

pub(super) use manner::{Kind, Manner, When, early, manner, settle};
pub(super) use write::{
    complain, fail, is_quiet, note, print, say, say_line, status_line, tell, told_more,
};
