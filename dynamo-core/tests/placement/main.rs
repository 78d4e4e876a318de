//! Who keeps what: the laws of membership histories and rings, and the paper's three strategies.

mod histories;
mod membership;
mod shares;
mod stability;
mod strategies;
mod walks;

use quickcheck::{QuickCheck, Testable};

fn law<P: Testable>(property: P) {
    QuickCheck::new().tests(500).quickcheck(property);
}
