//! What causally precedes each read, as one count for every session, and which of it the read misses.

use crate::order::vectors::{Vector, Vectors};
use crate::order::{Order, Reading, Slot, Status, Watch};
use crate::session::{Readers, first_in};

/// From so many nodes on, those that nothing needs any more are dropped.
const NODES_MIN: usize = 1 << 16;

/// Where nothing is kept yet.
const NOWHERE: u32 = u32::MAX;

/// The first read that breaks causal consistency, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The read at this place misses these writes of its causal past, by their places.
    Missed(usize, Vec<usize>),
    /// The read at this place returned the first of these writes of its key, and the second, which had
    /// seen it.
    Conflict(usize, usize, usize),
}

/// Follows a history and knows for each session what causally precedes its next operation.
///
/// The past of a session is the last operation that it knows of every session, with all before it:
/// places count from one, zero is none. A write that was not acknowledged is known only by its readers, and
/// so are the contexts that it passed.
#[derive(Debug)]
pub(crate) struct Pasts {
    vectors: Vectors,
    sessions: Vec<Vector>,
    /// What is known to whoever reads a write or passes a context, as long as someone will.
    issued: Vec<Vector>,
    /// Where among these there is room.
    room: Vec<u32>,
    /// By place: how many will still ask, and where what they will learn is kept.
    asked: Vec<(u32, u32)>,
    nodes_max: usize,
    readers: Readers,
    broken: Option<Broken>,
    /// By key: sessions with the place of the first operation after which the key has a value.
    begun: Vec<Vec<(u32, u32)>>,
    met: bool,
}

impl Pasts {
    /// Nothing followed so far, O(operations).
    pub(crate) fn new(order: &Order<'_>) -> Self {
        let mut asked = vec![(0, NOWHERE); order.places()];
        for key in &order.keys {
            for read in &key.reads {
                for &write in key.written(read) {
                    asked[key.writes[write].place].0 += 1;
                }
            }
        }
        for place in 0..order.places() {
            for from in order.contexts(place) {
                if order.session(from) != order.session(place) {
                    asked[from].0 += 1;
                }
            }
        }
        Pasts {
            vectors: Vectors::default(),
            sessions: vec![Vector::default(); order.session_count],
            issued: Vec::new(),
            room: Vec::new(),
            asked,
            nodes_max: NODES_MIN,
            readers: Readers::default(),
            broken: None,
            begun: vec![Vec::new(); order.keys.len()],
            met: false,
        }
    }

    /// The first violation.
    pub(crate) fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// Whether any read had to cover anything.
    pub(crate) fn met(&self) -> bool {
        self.met
    }

    /// What is known to whoever knows this much and learns what was known at a place.
    fn learn(&mut self, known: Vector, from: usize) -> Vector {
        let (asked, kept) = &mut self.asked[from];
        *asked -= 1;
        let Some(issued) = self.issued.get_mut(*kept as usize) else {
            return known;
        };
        let known = self.vectors.join(known, *issued);
        if *asked == 0 {
            *issued = Vector::default();
            self.room.push(*kept);
        }
        known
    }

    /// Whoever asks later learns what was known here, and this operation if it counts.
    fn issue(&mut self, past: Vector, (session, place): (usize, usize), counts: bool) {
        if self.asked[place].0 == 0 {
            return;
        }
        // What the session did before counts in any case.
        let past = self
            .vectors
            .set(past, session, place as u32 + u32::from(counts));
        if let Some(kept) = self.room.pop() {
            self.asked[place].1 = kept;
            self.issued[kept as usize] = past;
        } else {
            self.asked[place].1 = self.issued.len() as u32;
            self.issued.push(past);
        }
        if self.vectors.len() > self.nodes_max {
            let used = self.sessions.iter_mut().chain(&mut self.issued);
            self.vectors.keep(used);
            self.nodes_max = NODES_MIN.max(2 * self.vectors.len());
        }
    }

    /// Whether an operation that counts is in the past of another.
    fn precedes(&self, of: (usize, usize), reader: (usize, usize)) -> bool {
        let ((session, place), (by, before)) = (of, reader);
        if session == by {
            place < before
        } else {
            self.vectors.get(self.sessions[by], session) as usize > place
        }
    }

    /// Whether a write took effect in the past of a read.
    fn demanded(&mut self, order: &Order<'_>, reading: Reading<'_>, write: usize) -> bool {
        let of = &order.keys[reading.key].writes[write];
        let reader = (order.session(reading.place), reading.place);
        if of.status == Status::Acknowledged
            && self.precedes((order.session(of.place), of.place), reader)
        {
            return true;
        }
        if of.status == Status::Acknowledged {
            return false;
        }
        let readers = self.readers.of(order, (reading.key, write)).to_vec();
        readers.iter().any(|&(session, _)| {
            let session = session as usize;
            let first = first_in(&readers, session);
            first.is_some_and(|place| self.precedes((session, place), reader))
        })
    }

    fn begin(&mut self, key: usize, session: usize, place: usize) {
        let begun = &mut self.begun[key];
        if !self.met && !begun.iter().any(|(known, _)| *known as usize == session) {
            begun.push((session as u32, place as u32));
        }
    }
}

/// Two writes of one answer of which the second had seen the first.
fn conflict(order: &Order<'_>, reading: Reading<'_>) -> Option<(usize, usize)> {
    let key = &order.keys[reading.key];
    let answer = key.written(&key.reads[reading.read]);
    let pairs = answer.iter().enumerate();
    let mut pairs =
        pairs.flat_map(|(index, &one)| answer[..index].iter().map(move |&two| (one, two)));
    pairs.find_map(|(one, two)| {
        if key.before(one, two) {
            Some((one, two))
        } else {
            key.before(two, one).then_some((two, one))
        }
    })
}

impl Watch for Pasts {
    fn write(&mut self, order: &Order<'_>, place: usize) {
        let Slot::Write(key, write) = order.slot(place) else {
            return;
        };
        let session = order.session(place);
        let mut known = self.sessions[session];
        for from in order.contexts(place) {
            if order.session(from) != session {
                known = self.learn(known, from);
            }
        }
        let key_number = key as usize;
        let key = &order.keys[key_number];
        let acknowledged = key.writes[write as usize].status == Status::Acknowledged;
        if acknowledged {
            self.sessions[session] = known;
            if !key.repeats {
                self.begin(key_number, session, place);
            }
        }
        self.issue(known, (session, place), acknowledged);
    }

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let session = order.session(reading.place);
        let key = &order.keys[reading.key];
        let answer = key.written(&key.reads[reading.read]);
        if !self.met {
            let reader = (session, reading.place);
            let begun = self.begun[reading.key].iter();
            let mut begun = begun.map(|&(other, place)| (other as usize, place as usize));
            self.met = answer.len() > 1 || begun.any(|of| self.precedes(of, reader));
        }
        let mut known = self.sessions[session];
        for &write in answer {
            known = self.learn(known, key.writes[write].place);
        }
        self.sessions[session] = known;
        if self.broken.is_none() {
            if let Some((old, new)) = conflict(order, reading) {
                let [old, new] = [old, new].map(|write| key.writes[write].place);
                self.broken = Some(Broken::Conflict(reading.place, old, new));
            } else if !reading.uncovered.is_empty() {
                let uncovered = reading.uncovered.iter().copied();
                let missed = uncovered.filter(|&write| self.demanded(order, reading, write));
                let mut missed: Vec<usize> = missed.map(|write| key.writes[write].place).collect();
                missed.sort_unstable();
                if !missed.is_empty() {
                    self.broken = Some(Broken::Missed(reading.place, missed));
                }
            }
        }
        if !answer.is_empty() {
            self.begin(reading.key, session, reading.place);
        }
        self.issue(known, (session, reading.place), true);
    }

    fn done(&self) -> bool {
        self.broken.is_some()
    }
}
