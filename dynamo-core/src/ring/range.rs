//! A part of the circle.

use serde::{Deserialize, Serialize};

/// The positions after one end up to and with the other, clockwise: `(after, to]`.
///
/// Equal ends mean the whole circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Range {
    /// The end of the range before, not in this one.
    pub after: u128,
    /// The last position in this range.
    pub to: u128,
}

impl Range {
    /// Whether the position is in the range.
    pub fn contains(self, position: u128) -> bool {
        if self.after < self.to {
            self.after < position && position <= self.to
        } else {
            self.after < position || position <= self.to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_its_end_but_not_its_beginning() {
        let range = Range { after: 10, to: 20 };
        assert_eq!(
            [10, 11, 20, 21].map(|p| range.contains(p)),
            [false, true, true, false]
        );
    }

    #[test]
    fn a_range_goes_on_past_the_top_of_the_circle() {
        let range = Range { after: 20, to: 10 };
        assert_eq!(
            [10, 11, 20, 21, u128::MAX, 0].map(|p| range.contains(p)),
            [true, false, false, true, true, true]
        );
    }

    #[test]
    fn a_range_that_ends_where_it_begins_is_everything() {
        let range = Range { after: 7, to: 7 };
        assert!([0, 6, 7, 8, u128::MAX].iter().all(|p| range.contains(*p)));
    }
}
