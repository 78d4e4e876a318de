//! Every schedule of a few calls: bounded exhaustive search.

mod digest;
mod disk;
mod end;
mod past;
mod program;
mod scope;
mod search;
mod survey;
mod world;

pub use past::Apart;
pub use program::{Call, NoProgram, Program, Verb, programs};
pub use scope::{Bounds, Scope};
pub use search::{Broken, Explored, Standing};
pub use survey::{Survey, explore, survey};
