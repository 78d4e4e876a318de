//! Known answers for deletes, and for setups that let writes get lost or come back.

use std::collections::BTreeSet;

use super::check::judge;
use crate::evidence::sketch::sketch;

/// Asserts that exactly these parts are broken, separated by commas.
fn breaks(text: &str, parts: &str) {
    let expected: BTreeSet<&str> = parts.split(", ").filter(|part| !part.is_empty()).collect();
    assert_eq!(judge(&sketch(text)).0.broken(), expected, "{text}");
}

#[test]
fn a_blind_delete_replaces_nothing() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s2 del x -> ok\n";
    breaks(&format!("{text} final x {{a}}"), "");
    breaks(&format!("{text} final x {{}}"), "lost write");
    breaks(&format!("{text} 3 durable A x {{a,!}}\n 9 quiet"), "");
    breaks(
        &format!("{text} 1 durable A x {{a}}\n 3 durable A x {{!}}\n 9 quiet"),
        "lost write",
    );
    // Nobody can tell whether a blind delete took effect, so nobody can miss it.
    breaks(&format!("{text} 3 durable A x {{a}}\n 9 quiet"), "");
}

#[test]
fn a_put_beside_a_delete_stays_on_the_disks() {
    let text = "[0,1] s1 put x a -> ok as p
         1 durable A x {a}
         [2,5] s1 del x ctx=p -> ok
         [3,5] s2 put x b ctx=p -> ok\n";
    breaks(&format!("{text} 5 durable A x {{b,!}}\n 9 quiet"), "");
    breaks(
        &format!("{text} 5 durable A x {{!}}\n 9 quiet"),
        "lost write",
    );
    // The other way round the delete is gone, but nothing shows it: its work is done.
    breaks(&format!("{text} 5 durable A x {{b}}\n 9 quiet"), "");
}

#[test]
fn a_deleted_value_on_an_owner_of_a_mended_store_came_back() {
    let run = |owner: &str| {
        format!(
            "0 setup converges
             0 owners x A,B
             [0,1] s1 put x a -> ok as p
             1 durable A x {{a}}
             1 durable B x {{a}}
             [2,3] s1 del x ctx=p -> ok
             3 durable A x {{!}}
             3 durable B x {{!}}
             7 durable B x {owner}
             9 quiet"
        )
    };
    breaks(&run("{!}"), "");
    breaks(&run("{a,!}"), "resurrection");
    breaks(&run("{a}"), "resurrection");
}

#[test]
fn a_value_put_again_after_a_delete_is_a_write_of_its_own() {
    let text = "[0,1] s1 put x a -> ok as p
         [2,3] s1 del x ctx=p -> ok
         [4,5] s2 get x -> {} as g
         [6,7] s2 put x n ctx=g -> ok
         [8,9] s2 get x -> {n} as h\n";
    breaks(&format!("{text} final x {{n}}"), "");
    breaks(&format!("{text} final x {{}}"), "lost write");
    breaks(
        &format!("{text} final x {{a,n}}"),
        "lost write, resurrection",
    );
    breaks(
        &format!("{text} [10,11] s1 del x ctx=h -> ok\n final x {{}}"),
        "",
    );
}

#[test]
fn a_delete_of_unknown_outcome_may_empty_its_key_or_not() {
    let text = "[0,1] s1 put x a -> ok as p
         [2,-] s2 del x ctx=p -> info\n";
    breaks(&format!("{text} final x {{a}}"), "");
    breaks(&format!("{text} final x {{}}"), "");
    breaks(
        "[0,1] s1 put x a -> ok as p\n [2,3] s2 del x ctx=p -> fail\n final x {}",
        "lost write",
    );
}

#[test]
fn a_store_that_may_lose_is_not_blamed_for_a_loss() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s2 put x b -> ok
         3 durable A x {b}
         4 quiet
         [5,6] s3 get x -> {b} as g";
    breaks(text, "lost write");
    breaks(&format!("0 setup converges may_lose\n {text}"), "");
    breaks(
        &format!("0 setup converges may_revive\n {text}"),
        "lost write",
    );
}

#[test]
fn a_store_that_may_revive_is_not_blamed_for_what_came_back() {
    for write in ["put x b ctx=p", "del x ctx=p"] {
        let text = format!(
            "0 owners x A
             [0,1] s1 put x a -> ok as p
             [2,3] s1 {write} -> ok
             3 durable A x {{a}}
             4 quiet
             [5,6] s3 get x -> {{a}} as g"
        );
        let gone = if write.starts_with("put") {
            "lost write, resurrection"
        } else {
            "resurrection, lost write"
        };
        breaks(&format!("0 setup converges\n {text}"), gone);
        breaks(
            &format!("0 setup converges may_lose may_revive\n {text}"),
            "",
        );
        let left = if write.starts_with("put") {
            "lost write"
        } else {
            ""
        };
        breaks(&format!("0 setup converges may_revive\n {text}"), left);
    }
    breaks(
        "0 setup may_revive
         [0,1] s1 put x a -> ok as p
         [2,3] s1 put x b ctx=p -> ok
         [4,5] s1 get x -> {a,b} as g",
        "",
    );
}

#[test]
fn where_the_last_writer_wins_it_may_win_over_a_delete() {
    let text = |last: &str| {
        format!(
            "[0,1] s1 put x a -> ok as p
             1 durable A x {{a}}
             [2,3] s1 del x ctx=p -> ok
             [4,5] s2 put x b -> ok
             5 durable B x {{{last}}}
             9 quiet"
        )
    };
    breaks(&format!("0 setup may_lose\n {}", text("b")), "");
    breaks(&format!("0 setup\n {}", text("b")), "lost write");
    breaks(&format!("0 setup may_lose\n {}", text("a")), "lost write");
}

#[test]
fn a_delete_counts_although_something_that_it_deleted_came_back() {
    let text = "[0,1] s1 put x a -> ok
         [0,1] s2 put x b -> ok
         [2,3] s1 get x -> {a,b} as g
         [4,5] s1 del x ctx=g -> ok
         final x {a}";
    breaks(text, "lost write, resurrection");
    breaks(&format!("0 setup converges may_revive\n {text}"), "");
}

#[test]
fn what_nobody_wrote_is_invented_whatever_may_get_lost() {
    breaks(
        "0 setup converges may_lose may_revive
         [0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a,a,z} as g",
        "invention, duplicate",
    );
}
