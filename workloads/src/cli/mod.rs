//! The `dyno` command: find, check and repeat violations of consistency promises.

mod args;
mod broken;
mod check;
mod config;
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
mod node;
mod output;
mod pin;
mod replay;
mod report;
mod run;
mod settings;
mod shrink;
mod status;
mod topics;
mod trace;
mod values;

pub use run::main;
