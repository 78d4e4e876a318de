//! Histories drawn as text, and read back.

mod domains;
mod draw;
mod error;
mod objects;
mod phrase;
mod read;
mod word;

pub use domains::Drawn;
pub use draw::draw;
pub use error::{Muddle, PictureError};
pub use read::{history, parse};
pub use word::Word;
