//! Reads of a mended store agree with each other.

use super::check::READS_DIFFER;
use crate::evidence::{Finding, Findings, Marks, answered, reason};
use crate::order::{Key, Order, Read, Status};

/// How many earlier reads each one is held against, so that many reads stay cheap.
const EARLIER_MAX: usize = 8;

/// Compares every final read of a key with those before it, by their returns.
pub(super) fn judge(order: &Order<'_>, marks: &Marks<'_>, quiet: usize, findings: &mut Findings) {
    for key in order.keys.iter().filter(|key| !key.repeats) {
        let mut finals: Vec<&Read<'_>> = key
            .reads
            .iter()
            .filter(|read| marks.mended(read.line, read.ended))
            .collect();
        finals.sort_by_key(|read| read.ended);
        for (index, two) in finals.iter().enumerate() {
            for one in &finals[index.saturating_sub(EARLIER_MAX)..index] {
                findings.count("final reads compared", 1);
                if one.values == two.values {
                    continue;
                }
                let Some((write, seen, kind)) = contradiction(key, (one, two), marks, quiet) else {
                    continue;
                };
                let (with, without) = if seen { (one, two) } else { (two, one) };
                findings.report(READS_DIFFER, || {
                    let value = key.label(write);
                    let ids = [with, without].map(|read| order.op(read.place).id);
                    let put = order.op(key.writes[write].place).id;
                    Finding {
                        sentence: format!(
                            "Reads of the mended store differ: {} returned {value}, {} did not.",
                            ids[0], ids[1]
                        ),
                        key: Some(key.name.into()),
                        ops: vec![ids[0], ids[1], put],
                        reasons: vec![
                            answered(order, with),
                            answered(order, without),
                            reason(format!("no write that came late had seen {value}"), &[put]),
                        ],
                        kind,
                    }
                });
            }
        }
    }
}

/// A write that only one of the two returned, and whether that was the first, if nothing explains it.
fn contradiction(
    key: &Key<'_>,
    (one, two): (&Read<'_>, &Read<'_>),
    marks: &Marks<'_>,
    quiet: usize,
) -> Option<(usize, bool, &'static str)> {
    let settled = |write: usize| {
        let of = &key.writes[write];
        of.status == Status::Acknowledged && of.ended < quiet
    };
    // What may still take effect between two reads: not acknowledged before, and not failed.
    let late = |write: usize| !settled(write) && key.writes[write].status != Status::Failed;
    let replaced =
        |old: usize| (0..key.writes.len()).any(|new| late(new) && key.possibly_before(old, new));
    let apart = one.returned < two.invoked;
    let (first, second) = (key.written(one), key.written(two));
    for &write in first.iter().filter(|write| !second.contains(write)) {
        let hidden: Vec<usize> = key
            .hidden(second, two.returned)
            .filter(|&delete| late(delete))
            .collect();
        let gone = key.covered(write, second) || key.covered(write, &hidden);
        // Where writes get lost, whatever comes late may win over what it had not seen.
        let lost = marks.may_lose() && (!hidden.is_empty() || second.iter().any(|&w| late(w)));
        let gone = gone || lost;
        let excused = if apart {
            // What was there stays until something that had seen it is there.
            gone
        } else {
            late(write) || replaced(write)
        };
        if !excused {
            return Some((write, true, "a value went missing"));
        }
    }
    for &write in second.iter().filter(|write| !first.contains(write)) {
        let excused = late(write) || (!apart && replaced(write));
        if !excused {
            return Some((write, false, "a value came late"));
        }
    }
    None
}
