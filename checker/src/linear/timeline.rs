//! Calls and returns in order, with a place among them that moves both ways.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::domain::Domain;
use crate::history::Time;

use super::part::Step;

/// What happens at one place. Numbers are those of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A call that ended begins, in its slot.
    Call(u32),
    /// A call begins that stays open for ever; it belongs to this class.
    Unknown {
        /// The class of equal calls.
        class: u32,
    },
    /// A step ended; its slot is free again.
    Return(u32),
}

/// The order of events, and which steps are open at the present place.
///
/// Moving costs one step of work for each event passed, forth or back.
#[derive(Debug)]
pub(crate) struct Timeline {
    events: Vec<Event>,
    spans: Vec<Span>,
    place: usize,
    open: Vec<Option<u32>>,
    /// The slots of open steps that only read, 64 to a word.
    reading: Vec<u64>,
    waiting: Vec<u32>,
}

/// Where a step is open.
#[derive(Clone, Copy, Debug)]
struct Span {
    slot: u32,
    /// The place of its return; `u32::MAX` if it has none.
    end: u32,
    /// Whether it only reads.
    reads: bool,
}

/// For how many open steps there is room from the start.
const ROOM: usize = 16;

impl Timeline {
    /// Orders the events by time, calls before returns: two entries with equal times are concurrent.
    /// O(n log c), where c steps are open at most, if the steps come in the order of their calls.
    ///
    /// `class_of` gives the class of each step that stays open for ever, out of `classes`; `reads`, which
    /// steps change no state.
    pub(crate) fn new<D: Domain>(
        steps: &[Step<'_, D>],
        reads: impl Fn(usize) -> bool,
        class_of: &[Option<u32>],
        classes: usize,
    ) -> Self {
        let mut timeline = Timeline {
            events: Vec::with_capacity(steps.len() * 2),
            spans: Vec::with_capacity(steps.len()),
            place: 0,
            open: Vec::with_capacity(ROOM),
            reading: Vec::new(),
            waiting: vec![0; classes],
        };
        timeline.spans.extend((0..steps.len()).map(|step| Span {
            slot: 0,
            end: u32::MAX,
            reads: reads(step),
        }));
        let mut returns: BinaryHeap<Reverse<(Time, u32)>> = BinaryHeap::with_capacity(ROOM);
        let mut free: Vec<u32> = Vec::with_capacity(ROOM);
        let order = called(steps);
        for place in 0..steps.len() as u32 {
            let number = order.as_ref().map_or(place, |order| order[place as usize]);
            let step = &steps[number as usize];
            while let Some(&Reverse((deadline, ended))) = returns.peek()
                && deadline < step.op.invoked
            {
                returns.pop();
                timeline.finish(ended, &mut free);
            }
            match (class_of[number as usize], step.until) {
                (Some(class), _) => timeline.events.push(Event::Unknown { class }),
                (None, Some(deadline)) => {
                    timeline.begin(number, &mut free);
                    returns.push(Reverse((deadline, number)));
                }
                (None, None) => timeline.begin(number, &mut free),
            }
        }
        while let Some(Reverse((_, ended))) = returns.pop() {
            timeline.finish(ended, &mut free);
        }
        timeline.reading = vec![0; timeline.open.len().div_ceil(64)];
        timeline
    }

    /// The call of a step that ends, which gets a slot.
    #[inline]
    fn begin(&mut self, number: u32, free: &mut Vec<u32>) {
        self.spans[number as usize].slot = free.pop().unwrap_or_else(|| {
            self.open.push(None);
            self.open.len() as u32 - 1
        });
        self.events.push(Event::Call(number));
    }

    /// The return of a step, which frees its slot.
    #[inline]
    fn finish(&mut self, number: u32, free: &mut Vec<u32>) {
        let span = &mut self.spans[number as usize];
        span.end = self.events.len() as u32;
        free.push(span.slot);
        self.events.push(Event::Return(number));
    }

    /// How many events have passed.
    #[inline]
    pub(crate) fn place(&self) -> u32 {
        self.place as u32
    }

    /// All events.
    pub(crate) fn all(&self) -> &[Event] {
        &self.events
    }

    /// The next event; `None` at the end.
    #[inline]
    pub(crate) fn next(&self) -> Option<Event> {
        self.events.get(self.place).copied()
    }

    /// Passes the next event, which is this one.
    #[inline]
    pub(crate) fn pass(&mut self, event: Event) {
        debug_assert_eq!(self.next(), Some(event), "the next event is passed");
        match event {
            Event::Call(step) => self.occupy(step),
            Event::Return(step) => self.free(step),
            Event::Unknown { class } => self.waiting[class as usize] += 1,
        }
        self.place += 1;
    }

    /// Returns to a place that was passed.
    pub(crate) fn back_to(&mut self, place: u32) {
        while self.place > place as usize {
            self.place -= 1;
            match self.events[self.place] {
                Event::Call(step) => self.free(step),
                Event::Return(step) => self.occupy(step),
                Event::Unknown { class } => self.waiting[class as usize] -= 1,
            }
        }
    }

    #[inline]
    fn occupy(&mut self, step: u32) {
        let Span { slot, reads, .. } = self.spans[step as usize];
        let slot = slot as usize;
        self.open[slot] = Some(step);
        self.reading[slot / 64] |= u64::from(reads) << (slot % 64);
    }

    #[inline]
    fn free(&mut self, step: u32) {
        let slot = self.spans[step as usize].slot as usize;
        self.open[slot] = None;
        self.reading[slot / 64] &= !(1 << (slot % 64));
    }

    /// The open steps that only read, by slot, from this slot on.
    #[inline]
    pub(crate) fn reading_from(&self, slot: u32) -> Option<(u32, u32)> {
        let mut word = slot as usize / 64;
        let mut bits = self.reading.get(word)? & (u64::MAX << (slot % 64));
        while bits == 0 {
            word += 1;
            bits = *self.reading.get(word)?;
        }
        let slot = word as u32 * 64 + bits.trailing_zeros();
        Some((slot, self.open[slot as usize]?))
    }

    /// The open steps that will end, by slot.
    #[inline]
    pub(crate) fn open(&self) -> &[Option<u32>] {
        &self.open
    }

    /// How many slots there are.
    #[inline]
    pub(crate) fn slots(&self) -> usize {
        self.open.len()
    }

    /// Which slot a step that ends has.
    #[inline]
    pub(crate) fn slot(&self, step: u32) -> u32 {
        self.spans[step as usize].slot
    }

    /// Whether a step only reads.
    #[inline]
    pub(crate) fn reads(&self, step: u32) -> bool {
        self.spans[step as usize].reads
    }

    /// At which place a step ends.
    #[inline]
    pub(crate) fn end(&self, step: u32) -> u32 {
        self.spans[step as usize].end
    }

    /// How many operations of each class have been called.
    pub(crate) fn waiting(&self) -> &[u32] {
        &self.waiting
    }

    /// The events from the present place to another one.
    #[inline]
    pub(crate) fn ahead(&self, end: u32) -> &[Event] {
        &self.events[self.place..end as usize]
    }

    /// The event at a place.
    pub(crate) fn event(&self, place: u32) -> Event {
        self.events[place as usize]
    }
}

/// The steps in the order of their calls; `None` if they come in it, as they mostly do.
fn called<D: Domain>(steps: &[Step<'_, D>]) -> Option<Vec<u32>> {
    if steps.is_sorted_by_key(|step| step.op.invoked) {
        return None;
    }
    let mut order: Vec<u32> = (0..steps.len() as u32).collect();
    order.sort_by_key(|&step| steps[step as usize].op.invoked);
    Some(order)
}
