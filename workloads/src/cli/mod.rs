//! The `dyno` command: find, check and repeat violations of consistency promises.

mod args;
mod check;
mod demo;
mod exit;
mod explain;
mod explore;
mod export;
mod flaws;
mod hunt;
mod input;
mod interrupt;
mod manual;
mod merge;
mod output;
mod pin;
mod replay;
mod report;
mod shrink;
mod status;
mod values;

pub use args::main;
