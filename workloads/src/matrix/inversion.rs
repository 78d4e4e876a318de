//! New-old inversions: what somebody had seen, and somebody later does not.

use checker::kv::{Kv, KvCall, KvRet};
use checker::regular::monotonic;
use checker::{History, Op, OpId, Outcome};
use dynamo_core::Resolution;

use crate::plan::Shape;

/// Two gets of a key, one certainly after the other, of which the second returned what is older.
///
/// Of siblings: a version that the first returned is not there and nothing in the second answer had seen
/// it. Where the last writer wins: nothing, or what was certainly written before. O(gets² · puts) there;
/// only for histories without deletes.
pub fn inversion(shape: Shape, history: &History<Kv>) -> Option<(OpId, OpId)> {
    match shape.resolution {
        Resolution::Client => monotonic(history).map(|found| (found.first, found.second)),
        Resolution::LastWriterWins => of_registers(history),
    }
}

fn of_registers(history: &History<Kv>) -> Option<(OpId, OpId)> {
    let ops = history.ops();
    let read = |op: &'_ Op<Kv>| match &op.outcome {
        Outcome::Ok(KvRet::Values(values)) => Some(values.first().cloned()),
        _ => None,
    };
    let put = |key: &str, wanted: &str| {
        ops.iter().find(|op| match &op.call {
            KvCall::Put { key: of, value, .. } => of == key && value == wanted,
            _ => false,
        })
    };
    ops.iter().find_map(|first| {
        let new = put(first.call.key(), &read(first)??)?;
        let older = |second: &&Op<Kv>| {
            let same = second.call.key() == first.call.key() && first.precedes(second);
            same && read(second).is_some_and(|value| {
                let old = value.map(|value| put(second.call.key(), &value));
                old.is_none_or(|old| old.is_some_and(|old| old.precedes(new)))
            })
        };
        let second = ops.iter().find(older)?;
        Some((first.id, second.id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;
    use crate::matrix::Row;

    fn inverts(row: Row, picture: &str) -> bool {
        let history = checker::picture::history::<Kv>(picture);
        inversion(load::row_shape(row, 1), &history).is_some()
    }

    #[test]
    fn what_one_client_saw_another_sees_no_more() {
        let back = "
            a  |put x a------------------------------------|
            b    |get x -> a|
            c                  |get x -> nothing|
        ";
        let together = "
            a  |put x a------------------------------------|
            b    |get x -> a-----------|
            c                  |get x -> nothing|
        ";
        for row in [Row::S1, Row::L1] {
            assert!(inverts(row, back), "{row}");
            assert!(!inverts(row, together), "{row}");
        }
    }

    #[test]
    fn an_older_value_goes_back_where_the_last_writer_wins() {
        let order = "
            a  |put x a| |put x b|
            b                      |get x -> b|
            c                                   |get x -> a|
        ";
        assert!(inverts(Row::L1, order));
        let open = "
            a  |put x a-----|
            d     |put x b-----|
            b                      |get x -> b|
            c                                   |get x -> a|
        ";
        assert!(!inverts(Row::L1, open), "either may be the older one");
    }
}
