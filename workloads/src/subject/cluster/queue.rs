//! Frames on their way over one connection, in the order in which they are due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use checker::Time;
use tokio::sync::Notify;

use super::links::Links;
use super::passage::FRAME_MAX;
use crate::fault::Link;

/// A frame with its length, as it goes over the wire.
pub(super) type Frame = Arc<[u8]>;

/// As many bytes as may wait, beyond the last frame; and as many frames. Then the sender waits.
const BYTES: usize = FRAME_MAX;
const FRAMES: usize = 4_096;

/// Frames that are due later, or when a clog is over. It takes more only while there is room.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    due: BinaryHeap<Reverse<(Time, u64, Frame)>>,
    /// Until the link is not clogged any more.
    held: Vec<(u64, Frame)>,
    bytes: usize,
    taken: u64,
    closed: bool,
}

impl State {
    fn is_full(&self) -> bool {
        self.bytes > BYTES || self.due.len() + self.held.len() >= FRAMES
    }

    fn next(&mut self, frame: &Frame) -> u64 {
        self.bytes += frame.len();
        self.taken += 1;
        self.taken
    }
}

/// What there is to do with a queue.
enum Next {
    Due(Frame),
    Wait(Option<Time>),
    Over,
}

impl Queue {
    /// Waits until there is room for one more.
    pub(super) async fn room(&self) {
        while self.lock().is_full() {
            self.room.notified().await;
        }
    }

    /// A frame that is due then. Of those due at one time the first taken in is the first out.
    pub(super) fn push(&self, due: Time, frame: Frame) {
        let mut state = self.lock();
        let number = state.next(&frame);
        state.due.push(Reverse((due, number, frame)));
        drop(state);
        self.changed.notify_one();
    }

    /// A frame that waits until the link is not clogged.
    pub(super) fn hold(&self, frame: Frame) {
        let mut state = self.lock();
        let number = state.next(&frame);
        state.held.push((number, frame));
        drop(state);
        self.changed.notify_one();
    }

    /// No more frames come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// The next frame, when it is due; `None` when all are out and none will come.
    pub(super) async fn pop(&self, links: &Links, link: Link) -> Option<Frame> {
        let mut changes = links.changes();
        loop {
            let wait = match self.next(links, link) {
                Next::Due(frame) => return Some(frame),
                Next::Over => return None,
                Next::Wait(until) => until,
            };
            let due = async {
                match wait {
                    Some(at) => tokio::time::sleep_until(links.instant(at).into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.changed.notified() => {}
                changed = changes.changed() => if changed.is_err() {
                    return None;
                },
            }
        }
    }

    fn next(&self, links: &Links, link: Link) -> Next {
        let now = links.now();
        let mut state = self.lock();
        if !state.held.is_empty() && !links.is_clogged(link) {
            let held = std::mem::take(&mut state.held);
            let due = held.into_iter().map(|(number, frame)| (now, number, frame));
            state.due.extend(due.map(Reverse));
        }
        match state.due.peek() {
            Some(Reverse((due, _, _))) if *due > now => Next::Wait(Some(*due)),
            Some(_) => match state.due.pop() {
                Some(Reverse((_, _, frame))) => {
                    state.bytes -= frame.len();
                    self.room.notify_one();
                    Next::Due(frame)
                }
                None => Next::Wait(None),
            },
            None if state.closed && state.held.is_empty() => Next::Over,
            None => Next::Wait(None),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
