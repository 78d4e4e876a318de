//! Every chance event of a run as a function of the seed and of what it is for.
//!
//! There is no stream of random numbers: a latency is looked up under the identity of its message,
//! so a call that is left out of a plan takes along only the luck of what it caused.
//!
//! This is luck, version 1: the numbers for a seed never change, because a seed in an old report must
//! still work. The golden values in the tests below hold that promise.

/// The increment of `SplitMix64` (Steele, Lea and Flood, 2014).
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finalizer of `SplitMix64`: a bijection in which every input bit moves half of the output bits.
const fn scramble(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Depends on both numbers and on their order.
const fn mix(a: u64, b: u64) -> u64 {
    scramble(
        scramble(a.wrapping_add(GAMMA))
            .wrapping_add(b)
            .wrapping_add(GAMMA),
    )
}

/// FNV-1a, 64 bits.
const fn text(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
}

/// What a chance event belongs to: a request, a message, a wake. The same in every plan that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

impl Key {
    /// The key of a thing that is known by a word: the root of a family of keys.
    pub const fn named(word: &str) -> Self {
        Key(scramble(text(word.as_bytes())))
    }

    /// The key of a part of this, or of what this caused; different parts have unrelated keys.
    pub const fn child(self, part: u64) -> Self {
        Key(mix(self.0, part))
    }

    /// The key of a part that is known by a word. Linear in the length of the word.
    pub const fn child_named(self, word: &str) -> Self {
        self.child(text(word.as_bytes()))
    }
}

/// What a number is for. Numbers for different purposes under one key are unrelated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(u64);

impl Purpose {
    /// The purpose known by this word; the word is part of the format, as the seed is.
    pub const fn named(word: &str) -> Self {
        Purpose(text(word.as_bytes()))
    }
}

/// The luck of one run: a pure function from keys and purposes to numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Luck {
    root: u64,
}

impl Luck {
    /// The luck of this seed, in every build and on every machine.
    pub const fn new(seed: u64) -> Self {
        Luck {
            root: mix(0x6479_6e6f_0001, seed),
        }
    }

    /// A number from all of `u64`, evenly.
    pub const fn roll(self, key: Key, purpose: Purpose) -> u64 {
        mix(mix(self.root, key.0), purpose.0)
    }

    /// True with this chance; never at 0, always from 100 on.
    pub const fn percent(self, key: Key, purpose: Purpose, percent: u32) -> bool {
        self.between(key, purpose, 0, 99) < percent as u64
    }

    /// A number from `low` to `high`, both included, evenly; `low` when the bounds are swapped.
    pub const fn between(self, key: Key, purpose: Purpose, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low) as u128 + 1;
        low + ((self.roll(key, purpose) as u128 * span) >> 64) as u64
    }

    /// A number from `low` to `high` that is mostly low: a quarter of the way on average, half of
    /// the numbers in the lowest eighth.
    pub const fn mostly_low(self, key: Key, purpose: Purpose, low: u64, high: u64) -> u64 {
        let x = (self.roll(key, purpose) >> 32) as u128;
        let span = high.saturating_sub(low) as u128 + 1;
        // x³ / 2⁹⁶ is below 1, so what is added stays below the span.
        low + ((((x * x) >> 32) * x * span) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Purpose = Purpose::named("a");
    const B: Purpose = Purpose::named("b");

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        let luck = Luck::new(41);
        let key = Key::named("request").child(7).child_named("sync");
        // Computed apart from this code; a change here breaks every seed that was ever reported.
        assert_eq!(key, Key(0x7774_9b1c_1f54_8636));
        assert_eq!(luck.roll(key, A), 0x6771_1b07_bf54_b3ad);
        assert_eq!(luck.roll(Key(0), B), 0x5fc0_99a5_a832_85ff);
        assert_eq!(Luck::new(0).roll(Key(0), A), 0x2591_c0c4_9606_1e1c);
        assert_eq!(luck.between(key, A, 200, 5000), 2139);
        assert_eq!(luck.mostly_low(key, A, 200, 5000), 516);
    }

    #[test]
    fn the_finalizer_is_that_of_splitmix64() {
        // The first two outputs of SplitMix64 for seed 0, from the reference implementation.
        assert_eq!(scramble(GAMMA), 0xe220_a839_7b1d_cdaf);
        assert_eq!(scramble(GAMMA.wrapping_mul(2)), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn seed_key_purpose_and_order_all_matter() {
        let luck = Luck::new(1);
        let key = Key(5);
        assert_ne!(luck.roll(key, A), Luck::new(2).roll(key, A));
        assert_ne!(luck.roll(key, A), luck.roll(key, B));
        assert_ne!(luck.roll(key, A), luck.roll(Key(6), A));
        assert_ne!(Key(5).child(6), Key(6).child(5));
        assert_ne!(Key(0).child(0), Key(0));
    }

    #[test]
    fn bounds_are_included_and_kept() {
        let luck = Luck::new(3);
        let mut seen = [false; 4];
        for part in 0..200 {
            let key = Key(9).child(part);
            let rolled = luck.between(key, A, 10, 13);
            seen[usize::try_from(rolled - 10).expect("within the bounds")] = true;
            assert!((10..=13).contains(&luck.mostly_low(key, B, 10, 13)));
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!(luck.between(Key(1), A, 7, 7), 7);
        assert_eq!(luck.between(Key(1), A, 7, 3), 7);
        assert_eq!(luck.mostly_low(Key(1), A, 7, 3), 7);
        let _ = luck.between(Key(1), A, 0, u64::MAX);
        let _ = luck.mostly_low(Key(1), A, 0, u64::MAX);
    }

    #[test]
    fn a_percentage_is_met() {
        let luck = Luck::new(11);
        let hits = |percent| {
            (0..20_000)
                .filter(|part| luck.percent(Key(2).child(*part), A, percent))
                .count()
        };
        assert_eq!(hits(0), 0);
        assert_eq!(hits(100), 20_000);
        assert_eq!(hits(250), 20_000);
        assert!((5_700..=6_300).contains(&hits(30)), "{}", hits(30));
    }

    #[test]
    fn numbers_spread_evenly_over_sequential_keys_and_seeds() {
        let mut by_key = [0_u32; 16];
        let mut by_seed = [0_u32; 16];
        for part in 0..16_000 {
            by_key[(Luck::new(1).roll(Key(part), A) >> 60) as usize] += 1;
            by_seed[(Luck::new(part).roll(Key(1), A) & 15) as usize] += 1;
        }
        for count in by_key.iter().chain(&by_seed) {
            assert!((850..=1150).contains(count), "{by_key:?} {by_seed:?}");
        }
    }

    #[test]
    fn mostly_low_is_low_but_reaches_far() {
        let luck = Luck::new(5);
        let mut rolled: Vec<u64> = (0..10_000)
            .map(|part| luck.mostly_low(Key(part), A, 0, 7_999))
            .collect();
        rolled.sort_unstable();
        assert!((900..1_100).contains(&rolled[5_000]), "{}", rolled[5_000]);
        assert!(rolled[9_900] > 7_500);
    }
}
