//! Digests of 128 bits: what is told apart by them alone.

use std::hash::{Hash, Hasher};

use xxhash_rust::xxh3::xxh3_128;

/// Two different things share a digest with a chance of one in 2¹²⁸: with a thousand million states,
/// less than one in 10²⁰ for all pairs of them together.
pub(super) type Digest = u128;

/// Writes down what a value hashes, so that all of it is hashed at once.
#[derive(Debug, Default)]
pub(super) struct Scribe(Vec<u8>);

impl Scribe {
    /// The digest of a value.
    pub(super) fn digest(&mut self, value: &impl Hash) -> Digest {
        self.0.clear();
        value.hash(self);
        xxh3_128(&self.0)
    }
}

impl Hasher for Scribe {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        xxh3_128(&self.0) as u64
    }
}
