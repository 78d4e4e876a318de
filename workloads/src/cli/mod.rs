//! The `dyno` command: find, check and repeat violations of consistency promises.

mod args;
mod check;
mod exit;
mod explain;
mod explore;
mod export;
mod flaws;
mod hunt;
mod output;
mod pin;
mod replay;
mod report;
mod status;

pub use args::main;
