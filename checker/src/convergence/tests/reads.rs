//! Known answers for final reads.

use super::breaks;

#[test]
fn final_reads_must_agree() {
    let run = |one: &str, two: &str| {
        format!(
            "0 setup converges
             [0,1] s1 put x a -> ok
             [2,-] s2 put x b -> info
             90 quiet
             {one}
             {two}"
        )
    };
    let (old, new) = ("get x -> {a} as g", "get x -> {a,b} as h");
    // The unknown write may take effect between them, but not be undone.
    breaks(
        &run(&format!("[91,92] r1 {old}"), &format!("[93,94] r2 {new}")),
        "",
    );
    breaks(
        &run(&format!("[91,92] r1 {new}"), &format!("[93,94] r2 {old}")),
        "final reads differ",
    );
    breaks(
        &run(&format!("[91,95] r1 {new}"), &format!("[93,94] r2 {old}")),
        "",
    );
    // What was acknowledged cannot come late.
    breaks(
        &run("[91,92] r1 get x -> {} as g", &format!("[93,94] r2 {old}")),
        "final reads differ",
    );
    breaks(
        &run("[91,95] r1 get x -> {} as g", &format!("[93,94] r2 {old}")),
        "final reads differ",
    );
    // The order within an answer means nothing.
    breaks(
        &run(
            &format!("[91,92] r1 {new}"),
            "[93,94] r2 get x -> {b,a} as i",
        ),
        "",
    );
}

#[test]
fn an_unknown_delete_may_take_effect_between_final_reads() {
    let run = |one: &str, two: &str| {
        format!(
            "0 setup converges
             [0,1] s1 put x a -> ok as p
             [2,-] s2 del x ctx=p -> info
             90 quiet
             [91,92] r1 get x -> {one} as g
             [93,94] r2 get x -> {two} as h"
        )
    };
    breaks(&run("{a}", "{}"), "");
    breaks(&run("{}", "{a}"), "final reads differ");
}

#[test]
fn final_reads_are_compared_only_about_what_was_settled() {
    breaks(
        "0 setup converges\n [0,1] s1 put x a -> ok\n 90 quiet\n [91,92] r1 get x -> {a} as g\n [93,94] s2 put x b -> ok\n [95,96] r2 get x -> {a,b} as h",
        "",
    );
    breaks(
        "0 setup converges\n [0,1] s1 put x a -> ok\n [2,-] s2 put x b -> info\n 90 quiet\n [91,93] r1 get x -> {a,b} as g\n [93,94] r2 get x -> {a} as h",
        "",
    );
    breaks(
        "0 setup converges\n [0,1] s1 put x a -> ok as p\n [2,3] s1 del x ctx=p -> ok\n 90 quiet\n [91,92] r1 get x -> {a} as g\n [93,94] r2 get x -> {} as h",
        "final reads differ",
    );
    breaks(
        "0 setup converges\n [0,1] s1 put x a -> ok\n [2,3] s1 put x a -> ok\n 90 quiet\n [91,92] r1 get x -> {} as g\n [93,94] r2 get x -> {a} as h",
        "",
    );
    breaks(
        "0 setup converges\n [0,1] s1 put x a -> ok as p\n [2,-] s2 put x c ctx=p -> info\n 90 quiet\n [91,94] r1 get x -> {a} as g\n [92,95] r2 get x -> {c} as h",
        "",
    );
}

#[test]
fn a_late_write_may_win_over_what_it_had_not_seen_where_writes_get_lost() {
    let run = |knobs: &str, late: &str| {
        format!(
            "0 setup converges {knobs}
             [0,1] s1 put x a -> ok
             {late}
             90 quiet
             [91,92] r1 get x -> {{a}} as g
             [93,94] r2 get x -> {{b}} as h"
        )
    };
    let unknown = "[2,-] s2 put x b -> info";
    breaks(&run("may_lose", unknown), "");
    breaks(&run("", unknown), "final reads differ");
    breaks(
        &run("may_lose", "[0,1] s2 put x b -> ok"),
        "final reads differ",
    );
}
