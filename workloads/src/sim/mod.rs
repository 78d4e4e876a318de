//! One thread, one virtual clock: replicas with a network, disks and faults around them.

mod admin;
mod clock;
mod damage;
mod deployment;
mod disk;
mod event;
pub(crate) mod evidence;
pub(crate) mod network;
mod node;
pub(crate) mod pace;
mod queue;
mod record;
mod subject;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod toy;
mod trace;
mod world;

pub use deployment::{Deployment, Layout};
pub use pace::Pace;
pub use world::Sim;
