//! Table of contents of the promises that need two crates.

mod calibration;
mod corpus;
mod determinism;
mod disks;
mod flaws;
mod live;
mod map;
mod matrix;
mod mechanisms;
mod objects;
mod oracle;
mod oracles;
mod pages;
mod promises;
mod recordings;
mod reports;
mod scenario;
mod tidy;
