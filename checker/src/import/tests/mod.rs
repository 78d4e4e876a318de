//! What importers do together.

mod objects;
