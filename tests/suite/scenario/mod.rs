//! Scenarios: stories in text files, told by a small cluster and compared word for word.

mod act;
mod arguments;
mod cast;
mod choices;
mod difference;
mod files;
mod groups;
mod membership;
mod play;
mod script;
mod show;
mod stage;
mod world;
