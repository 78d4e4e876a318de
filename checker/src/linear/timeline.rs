//! Calls and returns in order, with a place among them that moves both ways.

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
    slot_of: Vec<u32>,
    end_of: Vec<u32>,
    place: usize,
    open: Vec<Option<u32>>,
    waiting: Vec<u32>,
}

impl Timeline {
    /// Orders the events by time, calls before returns: two entries with equal times are concurrent.
    ///
    /// `class_of` gives the class of each step that stays open for ever, out of `classes`.
    pub(crate) fn new<D: Domain>(
        steps: &[Step<'_, D>],
        class_of: &[Option<u32>],
        classes: usize,
    ) -> Self {
        let mut marks: Vec<(Time, bool, u32)> = Vec::with_capacity(steps.len() * 2);
        for (number, step) in steps.iter().enumerate() {
            marks.push((step.op.invoked, false, number as u32));
            if let Some(deadline) = step.until {
                marks.push((deadline, true, number as u32));
            }
        }
        marks.sort_unstable();
        let mut timeline = Timeline {
            events: Vec::with_capacity(marks.len()),
            slot_of: vec![0; steps.len()],
            end_of: vec![u32::MAX; steps.len()],
            place: 0,
            open: Vec::new(),
            waiting: vec![0; classes],
        };
        let mut free: Vec<u32> = Vec::new();
        for (_, returns, number) in marks {
            let step = number as usize;
            timeline.events.push(match class_of[step] {
                Some(class) => Event::Unknown { class },
                None if returns => {
                    timeline.end_of[step] = timeline.events.len() as u32;
                    free.push(timeline.slot_of[step]);
                    Event::Return(number)
                }
                None => {
                    timeline.slot_of[step] = free.pop().unwrap_or_else(|| {
                        timeline.open.push(None);
                        timeline.open.len() as u32 - 1
                    });
                    Event::Call(number)
                }
            });
        }
        timeline
    }

    /// How many events have passed.
    pub(crate) fn place(&self) -> u32 {
        self.place as u32
    }

    /// How many events there are.
    pub(crate) fn events(&self) -> usize {
        self.events.len()
    }

    /// The next event; `None` at the end.
    pub(crate) fn next(&self) -> Option<Event> {
        self.events.get(self.place).copied()
    }

    /// Passes the next event.
    pub(crate) fn forth(&mut self) {
        match self.events[self.place] {
            Event::Call(step) => self.open[self.slot_of[step as usize] as usize] = Some(step),
            Event::Return(step) => self.open[self.slot_of[step as usize] as usize] = None,
            Event::Unknown { class } => self.waiting[class as usize] += 1,
        }
        self.place += 1;
    }

    /// Returns to a place that was passed.
    pub(crate) fn back_to(&mut self, place: u32) {
        while self.place > place as usize {
            self.place -= 1;
            match self.events[self.place] {
                Event::Call(step) => self.open[self.slot_of[step as usize] as usize] = None,
                Event::Return(step) => self.open[self.slot_of[step as usize] as usize] = Some(step),
                Event::Unknown { class } => self.waiting[class as usize] -= 1,
            }
        }
    }

    /// The open steps that will end, by slot.
    pub(crate) fn open(&self) -> &[Option<u32>] {
        &self.open
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> usize {
        self.open.len()
    }

    /// Which slot a step that ends has.
    pub(crate) fn slot(&self, step: u32) -> u32 {
        self.slot_of[step as usize]
    }

    /// At which place a step ends.
    pub(crate) fn end(&self, step: u32) -> u32 {
        self.end_of[step as usize]
    }

    /// How many operations of each class have been called.
    pub(crate) fn waiting(&self) -> &[u32] {
        &self.waiting
    }

    /// The events from the present place to another one.
    pub(crate) fn ahead(&self, end: u32) -> &[Event] {
        &self.events[self.place..end as usize]
    }

    /// The event at a place.
    pub(crate) fn event(&self, place: u32) -> Event {
        self.events[place as usize]
    }
}
