//! Chance for generators: each question has a name, so adding one leaves the others' answers alone.

use crate::luck::{Key, Luck, Purpose};

/// Answers questions about one seed.
#[derive(Clone, Copy)]
pub(super) struct Dice {
    luck: Luck,
    root: Key,
}

impl Dice {
    pub(super) fn new(seed: u64, room: &str) -> Self {
        Dice {
            luck: Luck::new(seed),
            root: Key::named(room),
        }
    }

    /// A number of `low..=high`, each as likely; `nth` tells repeated questions apart.
    pub(super) fn within(&self, question: &str, nth: u64, low: u64, high: u64) -> u64 {
        self.luck
            .between(self.root.child(nth), Purpose::named(question), low, high)
    }

    /// A get that the client of a call goes on from although it is not its own last: of all so far of the key,
    /// the last of anybody, or any, by these chances in percent.
    pub(super) fn borrowed(
        &self,
        call: u64,
        all: &[u32],
        (borrowed, stale): (u64, u64),
    ) -> Option<u32> {
        let last = all.last()?;
        if self.percent("borrowed", call, borrowed) {
            return Some(*last);
        }
        let nth = self.within("how stale", call, 0, all.len() as u64 - 1);
        self.percent("is stale", call, stale)
            .then(|| all[nth as usize])
    }

    /// Whether something of this chance happens.
    pub(super) fn percent(&self, question: &str, nth: u64, percent: u64) -> bool {
        self.within(question, nth, 1, 100) <= percent
    }
}
