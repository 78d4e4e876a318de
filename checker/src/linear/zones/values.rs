//! Values as small numbers.

use rustc_hash::FxHashMap;

use super::clusters::NONE;
use crate::register::Value;

/// The numbers of the values of one register.
#[derive(Debug)]
pub(super) struct Values<'h> {
    /// The numbers of small integers, which most recorders write.
    small: Vec<u32>,
    small_end: usize,
    large: FxHashMap<i64, u32>,
    texts: FxHashMap<&'h str, u32>,
    nil: u32,
}

impl<'h> Values<'h> {
    /// No values yet, of a part of that many operations.
    pub(super) fn new(ops: usize) -> Self {
        Values {
            small: Vec::with_capacity(ops.min(64)),
            small_end: ops * 2 + 64,
            large: FxHashMap::default(),
            texts: FxHashMap::default(),
            nil: NONE,
        }
    }

    /// The number of a value; a new one is what `new` says.
    pub(super) fn number(&mut self, value: &'h Value, new: impl FnOnce() -> u32) -> u32 {
        let number = match value {
            Value::Nil => &mut self.nil,
            Value::Text(text) => self.texts.entry(text).or_insert(NONE),
            Value::Int(int) => match usize::try_from(*int) {
                Ok(int) if int < self.small_end => {
                    if self.small.len() <= int {
                        self.small.resize(int + 1, NONE);
                    }
                    &mut self.small[int]
                }
                _ => self.large.entry(*int).or_insert(NONE),
            },
        };
        if *number == NONE {
            *number = new();
        }
        *number
    }
}
