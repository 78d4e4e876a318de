//! Known answers for who was counted, what a delivery did, and what a holder does with a hint.

use super::{breaks, run};

/// A key of A, B and C, where D stands in for C; what the test says happens before the answer at 5.
fn counted(before: &str, needed: u32, nodes: &str) -> String {
    format!(
        "0 setup n=3 w=0 hands_off
         0 owners x A,B,C
         [0,9] s1 put x a -> ok as p
         1 durable A x {{a}}
         2 durable B x {{a}}
         {before}
         5 counted x a w={needed} {nodes}
         6 durable C x {{a}}
         7 hint D C x {{a}}
         8 dropped D C x
         9 durable D x {{}}
         10 quiet"
    )
}

#[test]
fn a_stand_in_counts_when_its_disk_keeps_the_write_for_one_that_was_skipped() {
    breaks(&counted("3 hint D C x {a}", 3, "A,B,D"), "");
    // In the same instant nobody knows which came first.
    breaks(&counted("5 hint D C x {a}", 3, "A,B,D"), "");
    breaks(&counted("", 3, "A,B,D"), "too few copies");
    breaks(&counted("", 2, "A,B"), "");
    let another = "3 hint D C x {b}\n 4 durable C x {b}\n 4 dropped D C x";
    breaks(
        &counted(another, 3, "A,B,D").replace("6 durable C x {a}", "6 durable C x {a,b}"),
        "too few copies",
    );
}

#[test]
fn a_hint_for_one_that_was_counted_itself_stands_in_for_nobody() {
    let other = "3 hint D B x {a}\n 4 dropped D B x";
    breaks(
        &counted("3 hint D B x {a}\n 6 dropped D B x", 3, "A,B,D"),
        "too few copies",
    );
    breaks(&counted(other, 3, "A,B,D"), "too few copies");
    // Nor for one that owns nothing.
    let stranger = "3 hint D E x {a}\n 4 durable E x {a}\n 6 dropped D E x\n 6 durable E x {}";
    breaks(&counted(stranger, 3, "A,B,D"), "too few copies");
}

#[test]
fn a_stand_in_that_keeps_the_write_as_its_own_is_no_copy() {
    let own = "3 durable D x {a}";
    breaks(&counted(own, 3, "A,B,D"), "too few copies");
    let text = "0 setup n=3 w=3 hands_off
         0 owners x A,B,C
         [0,5] s1 put x a -> ok
         1 durable A x {a}
         2 durable B x {a}
         3 durable D x {a}";
    breaks(text, "too few copies");
    breaks(&text.replace("durable D x", "hint D C x"), "");
    breaks(&text.replace("durable D x", "hint D E x"), "too few copies");
    // Once owners have changed, a node may see others than those named.
    breaks(
        &text.replace("3 durable", "3 owners x A,B,E\n 3 durable"),
        "",
    );
    breaks(&text.replace("0 owners x A,B,C", ""), "");
}

#[test]
fn a_copy_that_goes_in_the_instant_of_the_count_was_there() {
    let run = |dropped: &str| {
        let run = counted(&format!("5 hint D C x {{a}}\n {dropped}"), 3, "A,B,D");
        run.replace("6 durable C", "5 durable C")
            .replace("7 hint D C x {a}\n", "")
            .replace("8 dropped D C x", "")
    };
    breaks(&run("5 dropped D C x"), "");
    breaks(
        &run("").replace("9 durable D", "5 dropped D C x\n 9 durable D"),
        "",
    );
    let before = run("5 dropped D C x").replace("5 hint D", "3 hint D");
    breaks(&before, "");
    let gone = before.replace("5 dropped D C x", "4 durable C x {a}\n 4 dropped D C x");
    breaks(&gone, "too few copies");
    // So is one of its own that gave way to something else.
    let own = counted("4 durable B x {z}", 2, "A,B").replace("10 quiet", "");
    breaks(&own, "too few copies");
    breaks(&own.replace("4 durable B", "5 durable B"), "");
}

#[test]
fn one_node_counts_once() {
    breaks(&counted("", 2, "A,A"), "too few copies");
    breaks(&counted("", 1, "A,A"), "");
}

#[test]
fn counts_of_writes_that_nobody_can_name_are_left_alone() {
    let delete = |others: &str| {
        format!(
            "0 setup w=0 hands_off
             0 owners x A,B,C
             [0,9] s1 del x -> ok
             {others}
             5 counted x ! w=2 A,B"
        )
    };
    breaks(&delete("4 hint D C x {b}"), "too few copies");
    breaks(&delete("4 hint D C x {b}\n [0,9] s2 del x -> ok"), "");
    breaks(&delete("4 durable A x {!}\n 4 durable B x {!}"), "");
    breaks(
        &counted("", 9, "A").replace("counted x a", "counted x z"),
        "",
    );
}

/// What was kept for C came to it at 6; then what the test adds.
fn delivered(after: &str) -> String {
    run(&format!(
        "6 transfer D C hint x
         6 durable C x {{a@A:1}}
         {after}
         50 dropped D C x
         51 quiet"
    ))
}

#[test]
fn a_second_delivery_changes_nothing() {
    let again = "8 transfer D C hint x";
    breaks(&delivered(again), "");
    breaks(
        &delivered(&format!("{again}\n 8 durable C x {{a@A:1}}")),
        "",
    );
    let doubled = format!("{again}\n 8 durable C x {{a@A:1,a@C:1}}");
    breaks(&delivered(&doubled), "delivery not merged");
    let minted = format!("{again}\n 8 durable C x {{a@C:1}}");
    breaks(&delivered(&minted), "delivery not merged");
    let plain = |text: &str| text.replace("a@A:1,a@C:1", "a,a").replace("a@A:1", "a");
    breaks(&plain(&delivered(&doubled)), "delivery not merged");
    // Something else may have come with it.
    let repair = doubled.replace(again, "8 transfer D C hint x\n 8 transfer A C repair x");
    breaks(&delivered(&repair), "");
    breaks(&delivered("8 durable C x {a@A:1,a@C:1}"), "");
}

#[test]
fn a_late_delivery_does_not_bring_back_what_was_replaced() {
    let replaced = |last: &str| {
        delivered(&format!(
            "[10,19] s2 put x b ctx=p -> ok
             11 durable A x {{b@A:2/A:1}}
             12 durable B x {{b@A:2/A:1}}
             13 durable C x {{b@A:2/A:1}}
             20 transfer D C hint x
             20 durable C x {last}"
        ))
    };
    breaks(&replaced("{b@A:2/A:1}"), "");
    breaks(&replaced("{a@A:1,b@A:2/A:1}"), "delivery not merged");
    breaks(&replaced("{a@A:1}"), "delivery not merged, kept for nobody");
    let revives = replaced("{a@A:1,b@A:2/A:1}").replace("hands_off", "hands_off may_revive");
    breaks(&revives, "");
}

#[test]
fn a_delivery_overwrites_nothing() {
    let beside = |last: &str| {
        run(&format!(
            "[0,5] s2 put x b -> ok
             1 durable C x {{b@C:1}}
             2 durable A x {{a@A:1,b@C:1}}
             3 durable B x {{a@A:1,b@C:1}}
             6 transfer D C hint x
             6 durable C x {last}
             7 dropped D C x
             9 quiet"
        ))
    };
    breaks(&beside("{a@A:1,b@C:1}"), "");
    breaks(&beside("{a@A:1}"), "delivery not merged");
    breaks(&beside("{a@A:1}").replace("6 transfer D C hint x", ""), "");
    // Unless it had seen what it replaced.
    let seen = beside("{a@A:1/C:1}")
        .replace("s1 put x a ->", "s1 put x a ctx=#1 ->")
        .replace("s2 put x b -> ok", "s2 put x b -> ok as q");
    breaks(&seen, "");
}

#[test]
fn a_delivery_that_adds_nothing_takes_nothing_away() {
    let again = |last: &str, after: &str| {
        run(&format!(
            "[0,5] s2 put x b -> ok
             1 durable C x {{b@C:1}}
             2 durable A x {{a@A:1,b@C:1}}
             3 durable B x {{a@A:1,b@C:1}}
             6 transfer D C hint x
             6 durable C x {{a@A:1,b@C:1}}
             7 transfer D C hint x
             7 durable C x {last}
             {after}
             10 transfer A C sync x
             10 durable C x {{a@A:1,b@C:1}}
             11 dropped D C x
             12 quiet"
        ))
    };
    breaks(&again("{a@A:1,b@C:1}", ""), "");
    breaks(&again("{a@A:1}", ""), "delivery not merged");
    // Something else came, or the whole key went.
    let other = "8 transfer A C repair x";
    let both = again(
        "{a@A:1,b@C:1}",
        &format!("{other}\n 8 durable C x {{a@A:1}}"),
    );
    breaks(&both, "");
    breaks(&again("{a@A:1,c@C:2/C:1}", "[6,9] s2 put x c -> info"), "");
    let left = "6 owners x A,B,E\n 6 durable E x {a@A:1,b@C:1}";
    breaks(&again("{}", left), "");
    // A delete may have left nothing.
    let deleted = "[6,9] s2 del x ctx=q -> info";
    let deleted = again("{a@A:1}", deleted).replace("put x b -> ok", "put x b -> ok as q");
    breaks(&deleted, "");
}

#[test]
fn a_put_without_an_answer_may_come_as_two_events() {
    let twice = |answer: &str, last: &str| {
        delivered(&format!(
            "8 hint E C x {{a@D:1}}
             9 transfer E C hint x
             9 durable C x {last}
             10 dropped E C x"
        ))
        .replace("put x a -> ok", &format!("put x a -> {answer}"))
    };
    let both = "{a@A:1,a@D:1}";
    breaks(&twice("info", both), "");
    breaks(&twice("ok", both), "delivery not merged");
    // The event that it had already is not another.
    breaks(&twice("info", "{a@A:1,a@A:1}"), "delivery not merged");
    let plain = |text: &str| text.replace("a@A:1", "a").replace("a@D:1", "a");
    breaks(&plain(&twice("info", both)), "");
    breaks(&plain(&twice("ok", both)), "delivery not merged");
    // What had seen the one event need not have seen the other.
    let after = |answer: &str| {
        let text = twice(answer, "{b@C:1/A:1,a@D:1}");
        let put = "[6,6] s3 get x -> {a} as g
             [6,9] s3 put x b ctx=g -> ok
             7 durable C x {b@C:1/A:1}
             8 hint E";
        text.replace("8 hint E", put)
    };
    let copies = |text: String| {
        let all = "7 durable A x {b@C:1/A:1}\n 7 durable B x {b@C:1/A:1}\n 50 dropped";
        text.replace("50 dropped", all)
    };
    breaks(&copies(after("info")), "");
    let same = copies(after("info")).replace("a@D:1", "a@A:1");
    breaks(&same, "delivery not merged");
    breaks(&copies(after("ok")), "delivery not merged");
}

#[test]
fn a_hint_that_expired_is_owed_by_nobody_but_the_owners() {
    breaks(&run("6 expired D C x\n 9 quiet"), "");
    breaks(
        &run("6 dropped D C x\n 9 quiet"),
        "dropped early, not at its owner",
    );
    // What another keeps still has to arrive.
    let both = "4 hint E C x {a@A:1}\n 6 expired D C x";
    breaks(
        &run(&format!("{both}\n 9 quiet")),
        "undelivered, not at its owner",
    );
    breaks(
        &run(&format!(
            "{both}\n 7 durable C x {{a@A:1}}\n 8 dropped E C x\n 9 quiet"
        )),
        "",
    );
    // One hint that nobody kept cannot expire.
    breaks(
        &run("6 expired E C x\n 9 quiet"),
        "undelivered, not at its owner",
    );
}

#[test]
fn a_hint_lost_while_its_holder_comes_back_is_lost_in_the_crash() {
    let crash = "6 crash D\n 7 restart D\n";
    let lost = format!("{crash} 7 dropped D C x\n 9 quiet");
    breaks(&run(&lost), "lost in a crash, not at its owner");
    let later = format!("{crash} 8 dropped D C x\n 9 quiet");
    breaks(&run(&later), "dropped early, not at its owner");
    let partly = format!("4 hint D C x {{a@A:1,b@B:1}}\n {crash} 7 hint D C x {{b@B:1}}");
    breaks(&run(&partly), "lost in a crash");
    // What its owner had is no loss.
    breaks(&run(&format!("5 durable C x {{a@A:1}}\n {lost}")), "");
}

#[test]
fn a_holder_serves_nothing_that_it_keeps_for_others() {
    let served = |node: &str, what: &str| {
        run(&format!(
            "6 served {node} x {what}\n 7 durable C x {{a@A:1}}\n 8 dropped D C x\n 9 quiet"
        ))
    };
    breaks(&served("A", "{a@A:1}"), "");
    breaks(&served("D", "{}"), "");
    breaks(&served("D", "{a@A:1}"), "hint served as own");
    // Without owners, or before it has heard of new ones, nobody can say.
    breaks(&served("D", "{a@A:1}").replace("0 owners x A,B,C", ""), "");
    let changed = |heard: &str| {
        run(&format!(
            "4 durable E x {{a@A:1}}\n 5 owners x A,B,E\n {heard}\n 6 served D x {{a@A:1}}\n 6 served C x {{a@A:1}}"
        ))
    };
    breaks(&changed(""), "");
    breaks(&changed("5 informed C"), "");
    breaks(&changed("5 informed D"), "hint served as own");
    // In the same instant, nobody knows whether it was an owner then, or had heard.
    let now = changed("5 informed D").replace("6 served", "5 served");
    breaks(&now, "");
    let became = "6 served E x {a@A:1}\n 6 owners x A,B,E";
    breaks(&run(became), "");
    breaks(
        &run(became).replace("6 owners", "7 owners"),
        "hint served as own",
    );
}
