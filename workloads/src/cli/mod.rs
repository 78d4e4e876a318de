//! The `dyno` command: find, check and repeat violations of consistency promises.

mod args;
mod check;
mod exit;
mod explain;
mod export;
mod hunt;
mod output;
mod replay;

pub use args::main;
