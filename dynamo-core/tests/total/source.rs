//! Bytes read as choices, so that whoever can shrink bytes can shrink a run.

/// What is left of the bytes. When they are used up, every choice is the first one.
pub(crate) struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Source<'a> {
        Source(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// One of the first so many numbers, up to 256.
    pub(crate) fn below(&mut self, count: u32) -> u32 {
        u32::from(self.byte()) % count
    }

    pub(crate) fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last - first + 1)
    }

    pub(crate) fn flip(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Once in so many times.
    pub(crate) fn rarely(&mut self, times: u32) -> bool {
        self.below(times) == times - 1
    }

    pub(crate) fn pick<T: Clone>(&mut self, these: &[T]) -> T {
        these[self.byte() as usize % these.len()].clone()
    }

    /// One of what there is, if there is any and it is not to be something else.
    pub(crate) fn known<T: Clone>(&mut self, these: &[T]) -> Option<T> {
        let other = these.is_empty() || self.rarely(4);
        (!other).then(|| self.pick(these))
    }

    /// Small, at either end, or anything.
    pub(crate) fn number(&mut self) -> u64 {
        match self.below(6) {
            0..=2 => u64::from(self.below(8)),
            3 => u64::MAX - u64::from(self.below(3)),
            4 => u64::from(self.byte()) << 8 | u64::from(self.byte()),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        let length = if self.rarely(64) { 200 } else { self.below(5) };
        (0..length).map(|_| self.byte()).collect()
    }

    pub(crate) fn list<T>(&mut self, most: u32, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| one(self)).collect()
    }

    pub(crate) fn maybe<T>(&mut self, one: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flip().then(|| one(self))
    }
}
