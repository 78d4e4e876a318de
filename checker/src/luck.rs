//! What generated tests have in common: choices that are equal for equal seeds, and how many cases to try.

/// A small generator of random numbers (splitmix64), equal for equal seeds.
pub(crate) struct Luck(pub(crate) u64);

impl Luck {
    /// A number below the end.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }

    /// A place in a list of this length; 0 where the list is empty.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        self.below(length.max(1) as u64) as usize
    }

    /// Whether it happens, once in so many times.
    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// How many generated cases to hold against a naive reading: `DYNO_AGREEMENT`, or so many.
///
/// # Panics
/// If the variable is no number: a typing error must not make a test easier.
pub(crate) fn cases(usual: u64) -> u64 {
    match std::env::var("DYNO_AGREEMENT") {
        Ok(text) => text.parse().expect("DYNO_AGREEMENT is a number of cases"),
        Err(_) => usual,
    }
}
