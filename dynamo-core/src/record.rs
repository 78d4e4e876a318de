//! What one record on a disk means.

use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

use crate::clock::NodeId;
use crate::hint::{Hint, Reason};
use crate::membership::Change;
use crate::siblings::Siblings;
use crate::view::Handover;

/// One record for the disk, as bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// The name of the record.
    pub key: Vec<u8>,
    /// What it becomes; `None` deletes it.
    pub value: Option<Vec<u8>>,
}

/// One record of a node's disk.
///
/// Its name begins with a letter for the table. Its value ends with a checksum over name and value,
/// so that a flipped bit or a value under a wrong name is noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The versions of a key that this node holds as one of its owners. Table `d`.
    Data {
        /// The client's key.
        key: Vec<u8>,
        /// What is held.
        siblings: Siblings,
    },
    /// The versions of a key that this node keeps for another. Table `h`.
    Hint {
        /// Whom they are for.
        owner: NodeId,
        /// Why they were first kept.
        reason: Reason,
        /// The client's key.
        key: Vec<u8>,
        /// What is kept.
        siblings: Siblings,
    },
    /// A line of the membership history. Table `m`.
    Change(Change),
    /// A part of the circle that is to be handed over, or waited for. Table `t`.
    Handover(Handover),
    /// The events that this node issued. Table `s`.
    Sequence {
        /// Under which actor, see [`Actor`](crate::Actor).
        born: u64,
        /// The last of them.
        last: u64,
    },
}

const DATA: u8 = b'd';
const HINT: u8 = b'h';
const CHANGE: u8 = b'm';
const HANDOVER: u8 = b't';
const SEQUENCE: u8 = b's';

/// The names of all records of data and of hints are between these. Data comes first.
#[cfg(feature = "server")]
pub(crate) const HOLDINGS: [&[u8]; 2] = [&[DATA], &[HINT + 1]];

impl Record {
    /// Reads a record from its name and value.
    pub fn decode(key: &[u8], value: &[u8]) -> Result<Record, Garbled> {
        match key {
            [DATA, name @ ..] => Ok(Record::Data {
                key: name.to_vec(),
                siblings: unseal(key, value)?,
            }),
            [HINT, _, _, _, _, name @ ..] => {
                let (hint, siblings): (Hint, _) = unseal(key, value)?;
                Ok(Record::Hint {
                    owner: hint.owner,
                    reason: hint.reason,
                    key: name.to_vec(),
                    siblings,
                })
            }
            [CHANGE, ..] => Ok(Record::Change(unseal(key, value)?)),
            [HANDOVER, ..] => Ok(Record::Handover(unseal(key, value)?)),
            [SEQUENCE] => {
                let (born, last) = unseal(key, value)?;
                Ok(Record::Sequence { born, last })
            }
            _ => Err(Garbled::Name),
        }
    }
}

/// No siblings: nothing is held of the key any more.
pub(crate) fn write_data(key: &[u8], siblings: &Siblings) -> Write {
    let mut name = Vec::with_capacity(key.len() + 1);
    name.push(DATA);
    name.extend_from_slice(key);
    write(name, (!siblings.is_empty()).then_some(siblings))
}

/// The digest of the siblings in a record of data, as [`Siblings::digest`] has it: they are its body.
pub(crate) fn digest_of_data(write: &Write) -> u128 {
    let value = write.value.as_deref().unwrap_or_default();
    let body = value.split_last_chunk::<8>().map(|(body, _)| body);
    body.map_or(0, xxh3_128)
}

/// `slot` is the owner, as the hint table names it. No siblings: the hint is deleted.
pub(crate) fn write_hint(slot: NodeId, hint: Hint, key: &[u8], siblings: &Siblings) -> Write {
    let mut name = Vec::with_capacity(key.len() + 5);
    name.push(HINT);
    name.extend_from_slice(&slot.0.to_be_bytes());
    name.extend_from_slice(key);
    let kept = (!siblings.is_empty()).then_some((hint, siblings));
    write(name, kept.as_ref())
}

pub(crate) fn write_sequence(born: u64, last: u64) -> Write {
    write(Vec::from([SEQUENCE]), Some(&(born, last)))
}

pub(crate) fn write_change(change: &Change) -> Write {
    write(named(CHANGE, change), Some(change))
}

/// Done: it is over.
pub(crate) fn write_handover(handover: &Handover, done: bool) -> Write {
    let Handover {
        range, from, to, ..
    } = handover;
    let name = named(HANDOVER, &(range, from, to));
    write(name, (!done).then_some(handover))
}

fn named<T: Serialize>(table: u8, what: &T) -> Vec<u8> {
    postcard::to_extend(what, Vec::from([table])).expect("plain numbers encode")
}

/// Enough for most records, in bytes.
const ROOM: usize = 128;

fn write<T: Serialize>(name: Vec<u8>, body: Option<&T>) -> Write {
    let value = body.map(|body| {
        let mut bytes = postcard::to_extend(body, Vec::with_capacity(ROOM))
            .expect("plain numbers and bytes encode");
        let checksum = xxh3_64_with_seed(&bytes, xxh3_64(&name));
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    });
    Write { key: name, value }
}

fn unseal<T: DeserializeOwned>(name: &[u8], value: &[u8]) -> Result<T, Garbled> {
    let (body, checksum) = value.split_last_chunk::<8>().ok_or(Garbled::Checksum)?;
    if xxh3_64_with_seed(body, xxh3_64(name)) != u64::from_le_bytes(*checksum) {
        return Err(Garbled::Checksum);
    }
    match postcard::take_from_bytes(body) {
        Ok((decoded, [])) => Ok(decoded),
        Ok(_) | Err(_) => Err(Garbled::Body),
    }
}

/// Why bytes on a disk are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbled {
    /// No table has records of that name.
    Name,
    /// The value is not what was written under that name.
    Checksum,
    /// The value was written as something else.
    Body,
}

impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Garbled::Name => "no table has a record of that name",
            Garbled::Checksum => "the value is not what was written under that name",
            Garbled::Body => "the value is not of the form that its table has",
        })
    }
}

impl core::error::Error for Garbled {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::clock::{Actor, Dot, VersionVector};
    use crate::siblings::Version;

    fn siblings() -> Siblings {
        Siblings::from_iter([Version {
            dot: Dot {
                actor: Actor::owner(NodeId(1)),
                counter: 300,
            },
            past: VersionVector::new(),
            time: 0,
            value: Some(vec![1, 2, 3]),
        }])
    }

    #[test]
    fn records_read_back_as_written() {
        let read = |write: Write| Record::decode(&write.key, &write.value.expect("not a deletion"));
        let (key, siblings) = (b"k".to_vec(), siblings());
        let owner = NodeId(258);
        let reason = Reason::Silent;
        let hint = Hint { owner, reason };
        assert_eq!(
            read(write_sequence(3, 7)),
            Ok(Record::Sequence { born: 3, last: 7 })
        );
        assert_eq!(
            read(write_hint(owner, hint, &key, &siblings)),
            Ok(Record::Hint {
                owner,
                reason,
                key: key.clone(),
                siblings: siblings.clone()
            })
        );
        assert_eq!(
            read(write_data(&key, &siblings)),
            Ok(Record::Data { key, siblings })
        );
        assert_eq!(write_hint(owner, hint, b"k", &Siblings::new()).value, None);
        assert_eq!(write_data(b"k", &Siblings::new()).value, None);
    }

    #[test]
    fn a_record_of_data_has_the_digest_of_its_siblings() {
        for siblings in [siblings(), Siblings::new()] {
            let write = write_data(b"k", &siblings);
            assert_eq!(digest_of_data(&write), siblings.digest());
        }
    }

    #[test]
    fn a_clock_in_another_order_is_put_in_order() {
        let [one, two] = [1, 2].map(|node| (Actor::owner(NodeId(node)), u64::from(node) + 5));
        let stale = (two.0, 1);
        let no_times: [(Actor, u64); 0] = [];
        let bytes = postcard::to_allocvec(&([stale, two, one].as_slice(), no_times.as_slice()));
        let clock: VersionVector = postcard::from_bytes(&bytes.expect("plain numbers encode"))
            .expect("any list of entries is a clock");
        let dot = |(actor, counter)| Dot { actor, counter };
        assert_eq!(clock, VersionVector::from_iter([dot(one), dot(two)]));
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let Write { key, value } = write_data(b"k", &siblings());
        let value = value.expect("not a deletion");
        for bit in 0..value.len() * 8 {
            let mut garbled = value.clone();
            garbled[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Record::decode(&key, &garbled), Err(Garbled::Checksum));
        }
        for length in 0..value.len() {
            assert!(Record::decode(&key, &value[..length]).is_err());
        }
        assert_eq!(Record::decode(b"dk2", &value), Err(Garbled::Checksum));
    }

    #[test]
    fn names_of_no_table_are_refused() {
        for name in [&b""[..], b"x", b"h123", b"sk"] {
            assert_eq!(
                Record::decode(name, b"whatever is long enough"),
                Err(Garbled::Name)
            );
        }
    }
}
