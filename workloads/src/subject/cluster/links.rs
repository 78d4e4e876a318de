//! What is done to messages on the way, by sender and receiver.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use checker::Time;
use tokio::sync::watch;

use crate::fault::{Fault, Link};
use crate::luck::{Key, Luck};
use crate::sim::network::{Network, Sent};
use crate::sim::pace::Pace;

/// The links between the nodes of a cluster, as the open windows have them. The arithmetic is that of the
/// simulator; chance is looked up by link and number of the frame.
#[derive(Debug)]
pub(super) struct Links {
    start: Instant,
    nodes: u32,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    network: Network,
    /// By sender, then receiver.
    links: Vec<Traffic>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    frames: u64,
    /// How often it was cut.
    cuts: u64,
    cut: bool,
}

/// What faults of messages may be aimed at besides links: the proxy cannot tell kinds apart.
const KIND: &str = "frame";

/// The real network adds what it takes.
const PACE: Pace = Pace {
    message_us_min: 0,
    message_us_max: 0,
    client_us_min: 0,
    client_us_max: 0,
    sync_us_min: 0,
    sync_us_max: 0,
    patience_us: 0,
    events_max: 0,
};

impl Links {
    /// Links that carry everything.
    pub(super) fn new(nodes: u32, luck: Luck) -> Self {
        let state = State {
            network: Network::new(luck, nodes, &PACE),
            links: vec![Traffic::default(); nodes as usize * nodes as usize],
        };
        Links {
            start: Instant::now(),
            nodes,
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        }
    }

    /// Begins or ends a fault, whose nodes are called by their numbers.
    pub(super) fn turn(&self, window: u32, fault: &Fault, begins: bool) {
        let mut state = self.lock();
        if begins {
            state.network.begin(window, fault);
        } else {
            state.network.end(window, fault);
            // They are for whoever shrinks a plan by single messages; real ones have no names.
            state.network.forget_fates();
        }
        let State { network, links } = &mut *state;
        for (index, traffic) in (0..).zip(links) {
            let cut = network.is_cut(index / self.nodes, index % self.nodes);
            traffic.cuts += u64::from(cut && !traffic.cut);
            traffic.cut = cut;
        }
        drop(state);
        self.changed.send_replace(());
    }

    /// What becomes of the next frame on this link.
    pub(super) fn send(&self, link: Link) -> Sent {
        let now = self.now();
        let index = self.index(link);
        let mut state = self.lock();
        let number = state.links[index].frames;
        state.links[index].frames += 1;
        let key = Key::named("frame").child(index as u64).child(number);
        state.network.send(now, link, KIND, key)
    }

    /// Since the first node was started.
    pub(super) fn now(&self) -> Time {
        Time(self.start.elapsed().as_micros() as u64)
    }

    /// When that time is.
    pub(super) fn instant(&self, at: Time) -> Instant {
        let since = std::time::Duration::from_micros(at.0);
        // What lies beyond all clocks is never waited for.
        self.start.checked_add(since).unwrap_or(self.start)
    }

    pub(super) fn is_clogged(&self, link: Link) -> bool {
        self.lock().network.clogged(link, KIND).is_some()
    }

    pub(super) fn is_cut(&self, link: Link) -> bool {
        self.lock().links[self.index(link)].cut
    }

    /// How often the link was cut so far.
    pub(super) fn cuts(&self, link: Link) -> u64 {
        self.lock().links[self.index(link)].cuts
    }

    /// Told each time that a window begins or ends.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Waits until this is so; it is looked at whenever a window begins or ends.
    pub(super) async fn until(&self, so: impl Fn(&Links) -> bool) {
        let mut changes = self.changes();
        while !so(self) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// How many frames set out so far.
    #[cfg(test)]
    pub(super) fn frames(&self, link: Link) -> u64 {
        self.lock().links[self.index(link)].frames
    }

    fn index(&self, (from, to): Link) -> usize {
        (from * self.nodes + to) as usize
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(seed: u64, link: Link) -> Vec<Sent> {
        let links = Links::new(3, Luck::new(seed));
        links.turn(1, &Fault::Lose { percent: 50 }, true);
        (0..100).map(|_| links.send(link)).collect()
    }

    fn lost(sent: &[Sent]) -> Vec<bool> {
        sent.iter().map(|sent| *sent == Sent::Lost).collect()
    }

    #[test]
    fn chance_is_that_of_seed_link_and_number() {
        let first = lost(&fates(1, (0, 1)));
        assert_eq!(first, lost(&fates(1, (0, 1))));
        assert_ne!(first, lost(&fates(1, (1, 0))));
        assert_ne!(first, lost(&fates(2, (0, 1))));
        let count = first.iter().filter(|lost| **lost).count();
        assert!((30..70).contains(&count), "{count}");
    }

    #[test]
    fn a_link_is_cut_once_however_many_windows_cut_it() {
        let links = Links::new(3, Luck::new(1));
        let cut = Fault::Cut { side: [0].into() };
        for (window, begins, expected) in [
            (1, true, (true, 1)),
            (2, true, (true, 1)),
            (1, false, (true, 1)),
            (2, false, (false, 1)),
            (3, true, (true, 2)),
        ] {
            links.turn(window, &cut, begins);
            assert_eq!((links.is_cut((0, 1)), links.cuts((0, 1))), expected);
            assert_eq!((links.is_cut((1, 2)), links.cuts((1, 2))), (false, 0));
        }
    }
}
