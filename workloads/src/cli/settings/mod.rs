//! Settings: flags go before variables of the environment, these before the profile, that before the default.

mod file;
mod known;
mod near;
mod refused;
mod resolve;

pub(super) use known::{SETTINGS, variables};
pub(super) use near::nearest;
pub(super) use resolve::{Origin, Settings};
