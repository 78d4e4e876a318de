//! The opaque bytes that a get hands out and a put brings back (§4.1).

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::VersionVector;
use crate::node::Refusal;

/// The first byte: the version of the format.
const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Body {
    /// A fingerprint of the key it belongs to.
    key: u64,
    seen: VersionVector,
}

/// What a reader of the key has seen, sealed for its next put.
pub(crate) fn encode(key: &[u8], seen: VersionVector) -> Vec<u8> {
    let body = Body {
        key: xxh3_64(key),
        seen,
    };
    let mut bytes =
        postcard::to_extend(&body, Vec::from([FORMAT])).expect("plain numbers and bytes encode");
    let checksum = xxh3_64(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// What the writer had seen; refuses bytes that no get of this key handed out.
///
/// The checksum guards against accidents, not against forgers: the paper's setting is not hostile
/// (§2.1). Even a forged context cannot make a node issue a dot twice.
pub(crate) fn decode(key: &[u8], bytes: &[u8]) -> Result<VersionVector, Refusal> {
    let (sealed, checksum) = bytes
        .split_last_chunk::<8>()
        .ok_or(Refusal::GarbledContext)?;
    if xxh3_64(sealed) != u64::from_le_bytes(*checksum) {
        return Err(Refusal::GarbledContext);
    }
    let [FORMAT, body @ ..] = sealed else {
        return Err(Refusal::GarbledContext);
    };
    match postcard::take_from_bytes::<Body>(body) {
        Ok((body, [])) if body.key == xxh3_64(key) => Ok(body.seen),
        Ok((_, [])) => Err(Refusal::ForeignContext),
        Ok(_) | Err(_) => Err(Refusal::GarbledContext),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Actor, Dot, NodeId};

    fn seen() -> VersionVector {
        let dots = [(0, 3), (4, 70_000)];
        dots.map(|(node, counter)| Dot {
            actor: Actor::owner(NodeId(node)),
            counter,
        })
        .into_iter()
        .collect()
    }

    #[test]
    fn a_context_comes_back_as_it_went_out() {
        for seen in [VersionVector::new(), seen()] {
            assert_eq!(decode(b"k", &encode(b"k", seen.clone())), Ok(seen));
        }
    }

    #[test]
    fn a_garbled_context_is_refused() {
        let context = encode(b"k", seen());
        for bit in 0..context.len() * 8 {
            let mut garbled = context.clone();
            garbled[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(b"k", &garbled), Err(Refusal::GarbledContext));
        }
        for length in 0..context.len() {
            assert_eq!(
                decode(b"k", &context[..length]),
                Err(Refusal::GarbledContext)
            );
        }
    }

    #[test]
    fn a_context_of_another_key_is_refused() {
        assert_eq!(
            decode(b"j", &encode(b"k", seen())),
            Err(Refusal::ForeignContext)
        );
    }
}
