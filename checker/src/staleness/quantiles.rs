//! Values in order, and which value so many of them do not exceed.

/// A distribution of counts or times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantiles(Vec<u64>);

impl Quantiles {
    /// Of these values, O(n log n).
    pub fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        Quantiles(values)
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The least value that at least this share of all values, in thousandths, does not exceed; zero
    /// without values.
    pub fn at(&self, thousandths: usize) -> u64 {
        let rank = (self.0.len() * thousandths).div_ceil(1000);
        let last = self.0.len().saturating_sub(1);
        self.0
            .get(rank.saturating_sub(1).min(last))
            .copied()
            .unwrap_or(0)
    }

    /// The greatest value; zero without values.
    pub fn max(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }
}
