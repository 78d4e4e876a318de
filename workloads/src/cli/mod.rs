//! The `dyno` command: find, check and repeat violations of consistency promises.

mod args;
mod check;
mod exit;
mod explain;
mod explore;
mod export;
mod hunt;
mod output;
mod pin;
mod replay;

pub use args::main;
