//! The opaque bytes that a get hands out and a put brings back (§4.1).

use alloc::vec::Vec;
use core::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::{NodeId, VersionVector};
use crate::node::Refusal;

/// What a get tells the put that follows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Context {
    /// What the reader has seen.
    pub seen: VersionVector,
    /// The latest time of a version that it has seen; 0 if none has one.
    pub time: u64,
    /// The owner that answered the get fastest, if puts prefer it (§5).
    pub fastest: Option<NodeId>,
}

/// The first byte: the version of the format.
const FORMAT: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Body {
    /// A fingerprint of the key it belongs to.
    key: u64,
    context: Context,
}

/// What a reader of the key has seen, sealed for its next put.
pub(crate) fn encode(secret: u64, key: &[u8], context: Context) -> Vec<u8> {
    let body = Body {
        key: xxh3_64(key),
        context,
    };
    let mut bytes =
        postcard::to_extend(&body, Vec::from([FORMAT])).expect("plain numbers and bytes encode");
    let seal = seal(secret, &bytes);
    bytes.extend_from_slice(&seal.to_le_bytes());
    bytes
}

/// What the writer had seen; refuses bytes that no get of this key handed out (§4.1: "the system can
/// verify the validity of the context").
///
/// The seal is a keyed hash (`SipHash-2-4`), so a context of another cluster or one that was made up
/// is refused like one that was garbled. A forged one that were believed could claim events that are
/// still to come, and they would be lost.
pub(crate) fn decode(secret: u64, key: &[u8], bytes: &[u8]) -> Result<Context, Refusal> {
    let (sealed, claimed) = bytes
        .split_last_chunk::<8>()
        .ok_or(Refusal::GarbledContext)?;
    if seal(secret, sealed) != u64::from_le_bytes(*claimed) {
        return Err(Refusal::GarbledContext);
    }
    read(key, sealed)
}

/// What bytes say that some get of this key handed out, sealed or not.
pub(crate) fn unsealed(key: &[u8], bytes: &[u8]) -> Result<Context, Refusal> {
    let (said, _) = bytes
        .split_last_chunk::<8>()
        .ok_or(Refusal::GarbledContext)?;
    read(key, said)
}

fn read(key: &[u8], said: &[u8]) -> Result<Context, Refusal> {
    let [FORMAT, body @ ..] = said else {
        return Err(Refusal::GarbledContext);
    };
    match postcard::take_from_bytes::<Body>(body) {
        Ok((body, [])) if body.key == xxh3_64(key) => Ok(body.context),
        Ok((_, [])) => Err(Refusal::ForeignContext),
        Ok(_) | Err(_) => Err(Refusal::GarbledContext),
    }
}

fn seal(secret: u64, bytes: &[u8]) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(secret, !secret);
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Actor, Dot, NodeId};

    const SECRET: u64 = 7;

    fn context() -> Context {
        let dots = [(0, 3), (4, 70_000)].map(|(node, counter)| Dot {
            actor: Actor::owner(NodeId(node)),
            counter,
        });
        Context {
            seen: dots.into_iter().collect(),
            time: 300,
            fastest: Some(NodeId(4)),
        }
    }

    #[test]
    fn a_context_comes_back_as_it_went_out() {
        for context in [Context::default(), context()] {
            let bytes = encode(SECRET, b"k", context.clone());
            assert_eq!(decode(SECRET, b"k", &bytes), Ok(context));
        }
    }

    #[test]
    fn a_garbled_context_is_refused() {
        let context = encode(SECRET, b"k", context());
        for bit in 0..context.len() * 8 {
            let mut garbled = context.clone();
            garbled[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(SECRET, b"k", &garbled), Err(Refusal::GarbledContext));
        }
        for length in 0..context.len() {
            assert_eq!(
                decode(SECRET, b"k", &context[..length]),
                Err(Refusal::GarbledContext)
            );
        }
    }

    #[test]
    fn a_context_of_another_key_is_refused() {
        let bytes = encode(SECRET, b"k", context());
        assert_eq!(decode(SECRET, b"j", &bytes), Err(Refusal::ForeignContext));
    }

    #[test]
    fn a_context_that_was_made_up_elsewhere_is_refused() {
        let bytes = encode(SECRET + 1, b"k", context());
        assert_eq!(decode(SECRET, b"k", &bytes), Err(Refusal::GarbledContext));
    }

    /// Clients may hold a context while the store is replaced by a later one.
    #[test]
    fn a_context_is_written_as_ever_until_the_format_is_another() {
        let bytes = encode(SECRET, b"k", context());
        let said = [
            2, 157, 144, 234, 254, 132, 238, 248, 144, 169, 1, 2, 0, 0, 0, 3, 4, 0, 0, 240, 162, 4,
            0, 172, 2, 1, 4,
        ];
        let seal = [199, 254, 39, 65, 193, 88, 95, 152];
        assert_eq!(bytes, [&said[..], &seal].concat());
    }
}
