//! Known measurements.

use super::{Quantiles, measure};
use crate::evidence::sketch::sketch;

#[test]
fn a_read_is_behind_by_what_was_acknowledged_and_not_covered() {
    let found = measure(&sketch(
        "[0,1] s1 put x a -> ok as p
         [2,4] s1 put x b ctx=p -> ok
         [2,9] s2 put x c -> ok
         [3,5] s3 get x -> {a} as g1
         [6,7] s3 get x -> {} as g2
         [8,9] s3 get x -> {b} as g3
         [8,9] s4 get y -> {} as g4",
    ));
    assert_eq!((found.reads, found.exposed, found.stale()), (4, 3, 1));
    assert_eq!(found.stale_fraction(), Some(1.0 / 3.0));
    // The second read began two after b and five after a.
    assert_eq!((found.versions.max(), found.time.max()), (2, 5));
    assert_eq!((found.unseen_age.count(), found.unseen_age.at(500)), (2, 2));
    assert_eq!(
        found.to_string().lines().next(),
        Some("stale reads: 1 of 3 (33.33 %)")
    );
}

#[test]
fn nothing_is_stale_where_nothing_was_acknowledged() {
    let found = measure(&sketch(
        "[0,1] s1 put x a -> info
         [2,3] s2 get x -> {} as g
         [0,1] s3 put y a -> ok
         [2,3] s3 put y a -> ok
         [4,5] s3 get y -> {} as h",
    ));
    assert_eq!((found.reads, found.exposed, found.keys_left_out), (1, 0, 1));
    assert_eq!(found.stale_fraction(), None);
    assert!(found.to_string().contains("no read began after"));
}

#[test]
fn quantiles_are_values_that_so_many_do_not_exceed() {
    let all = Quantiles::of((1..=1000).rev().collect());
    let found = [0, 500, 990, 999, 1000].map(|part| all.at(part));
    assert_eq!(found, [1, 500, 990, 999, 1000]);
    assert_eq!((all.count(), all.max()), (1000, 1000));
    let none = Quantiles::default();
    assert_eq!((none.at(500), none.max()), (0, 0));
    assert_eq!(Quantiles::of(vec![7, 9]).at(500), 7);
}
