//! What checks are shown of a history: each write and each read, and what the read does not cover.

use super::index::Order;

/// A write that was called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) place: usize,
    pub(crate) key: usize,
    pub(crate) write: usize,
}

/// A read that was answered, and the writes that were there before it and that it does not cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    /// Where it stands in the course.
    pub(crate) at: usize,
    pub(crate) place: usize,
    pub(crate) key: usize,
    pub(crate) read: usize,
    /// By their numbers, in no order that matters. Where values repeat there are none, for then nothing can
    /// be judged.
    pub(crate) uncovered: &'a [usize],
}

/// A check that follows a history.
pub(crate) trait Watch {
    /// A write was called.
    fn write(&mut self, order: &Order<'_>, written: Written);

    /// A read was answered.
    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>);

    /// Whether nothing from here on in the course can change what is known.
    fn done(&self, at: usize) -> bool;
}

/// The watches that there are, for a sweep.
pub(crate) fn watching<'a>(
    watches: impl IntoIterator<Item = Option<&'a mut dyn Watch>>,
) -> Vec<&'a mut dyn Watch> {
    watches.into_iter().flatten().collect()
}
