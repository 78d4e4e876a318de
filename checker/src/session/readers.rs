//! Who read what.

use crate::order::{Columns, Misses, Order, Question, Slot, Status};

/// Which reads returned which writes, gathered for the keys that are asked about.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    keys: Vec<Option<OfKey>>,
}

/// Sessions and places of reads, in order, and for each write where its own end.
#[derive(Debug)]
struct OfKey {
    readers: Vec<(u32, u32)>,
    ends: Vec<u32>,
}

impl Readers {
    /// Sessions and places of all reads that returned this write, in order, O(1) amortised.
    pub(crate) fn of(&mut self, order: &Order<'_>, (key, write): (usize, usize)) -> &[(u32, u32)] {
        if self.keys.len() < order.keys.len() {
            self.keys.resize_with(order.keys.len(), || None);
        }
        let of_key = self.keys[key].get_or_insert_with(|| OfKey::new(order, key));
        let from = write.checked_sub(1).map_or(0, |before| of_key.ends[before]);
        &of_key.readers[from as usize..of_key.ends[write] as usize]
    }

    /// Columns for what will be asked about the writers of what reads miss, from somewhere in the course on, and
    /// about who had read it before: of all of it, or only where it may not have taken effect otherwise.
    pub(crate) fn columns(
        &mut self,
        order: &Order<'_>,
        (misses, since): (&Misses, usize),
        all: bool,
    ) -> Columns {
        let mut questions = Vec::new();
        for (at, read, missed) in misses.since(since) {
            let Slot::Read(key, _) = order.slot(read) else {
                continue;
            };
            for &write in missed {
                let of = &order.keys[key as usize].writes[write];
                let mut ask = |session, place| questions.push(Question { session, place, at });
                let acknowledged = of.status == Status::Acknowledged;
                if acknowledged {
                    ask(order.session(of.place), of.place);
                }
                if all || !acknowledged {
                    let readers = self.of(order, (key as usize, write));
                    let before = |&(_, place): &(usize, usize)| order.op(place).line < at;
                    for (session, place) in first_of_each(readers).filter(before) {
                        ask(session, place);
                    }
                }
            }
        }
        let begins = |place| order.op(place).line;
        Columns::needed(order.session_count, questions.into_iter(), begins)
    }
}

impl OfKey {
    fn new(order: &Order<'_>, key: usize) -> Self {
        let key = &order.keys[key];
        let mut all: Vec<(u32, u32, u32)> = Vec::new();
        for read in &key.reads {
            for &write in key.written(read) {
                let session = order.session(read.place) as u32;
                all.push((write as u32, session, read.place as u32));
            }
        }
        all.sort_unstable();
        let mut ends = vec![0; key.writes.len()];
        for (index, &(write, ..)) in all.iter().enumerate() {
            ends[write as usize] = index as u32 + 1;
        }
        let mut end = 0;
        for of in &mut ends {
            end = end.max(*of);
            *of = end;
        }
        let readers = all.into_iter().map(|(_, session, place)| (session, place));
        OfKey {
            readers: readers.collect(),
            ends,
        }
    }
}

/// The place of the first reader of this session.
pub(super) fn first_in(readers: &[(u32, u32)], session: usize) -> Option<usize> {
    let before = readers.partition_point(|&(reader, _)| (reader as usize) < session);
    let &(reader, place) = readers.get(before)?;
    (reader as usize == session).then_some(place as usize)
}

/// The first reader of each session.
pub(crate) fn first_of_each(readers: &[(u32, u32)]) -> impl Iterator<Item = (usize, usize)> {
    let firsts = readers.chunk_by(|one, two| one.0 == two.0);
    firsts.map(|of| (of[0].0 as usize, of[0].1 as usize))
}

/// Whether a session knows a write: what it returned up to a read, as the place of the first such read.
pub(super) fn learned(order: &Order<'_>, reader: usize, write: usize) -> Option<usize> {
    let Slot::Write(key, number) = order.slot(write) else {
        return None;
    };
    let of_key = &order.keys[key as usize];
    let session = order.session(reader);
    let mut reads = of_key.reads.iter().filter(|read| {
        order.session(read.place) == session
            && read.place <= reader
            && of_key.covered(number as usize, of_key.written(read))
    });
    reads.next().map(|read| read.place)
}
