//! Known answers for messages between equals.

use super::{breaks, mended, run};

#[test]
fn equal_replicas_that_keep_sending_are_churning() {
    let three = "40 transfer A B sync x
         50 transfer A B sync x
         60 transfer A B sync x";
    breaks(&mended(three), "churn");
    // Answers to reads carry versions too.
    breaks(&mended(&three.replace("sync", "read")), "");
    // Two of one way and one of the other are no pattern.
    breaks(
        &mended(
            "40 transfer A B sync x
             50 transfer A B sync x
             60 transfer B A sync x",
        ),
        "",
    );
    // What soon follows may have been on its way.
    breaks(
        &mended(
            "21 transfer A B sync x
             22 transfer A B sync x
             23 transfer A B sync x",
        ),
        "",
    );
    // A change in between is a reason to send again.
    breaks(
        &mended(
            "40 transfer A B sync x
             50 transfer A B sync x
             [51,54] s3 put x c -> ok
             52 durable A x {a@A:1,b@B:1,c@A:2}
             53 durable B x {a@A:1,b@B:1,c@A:2}
             53 durable C x {a@A:1,b@B:1,c@A:2}
             70 transfer A B sync x",
        ),
        "",
    );
}

#[test]
fn what_is_sent_while_owners_differ_mends_them() {
    let sent = "40 transfer A B sync x
         50 transfer A B sync x
         60 transfer A B sync x
         85 durable B x {a@A:1,b@B:1}
         85 durable C x {a@A:1,b@B:1}";
    breaks(&run(sent), "");
}

#[test]
fn churn_is_told_by_kind_time_and_change() {
    breaks(
        &mended("40 transfer A B sync x\n 40 transfer A B sync x\n 40 transfer A B sync x"),
        "",
    );
    breaks(
        &mended("40 transfer A B repair x\n 50 transfer A B hint x\n 60 transfer A B repair x"),
        "churn",
    );
    // Writing the same again is no change.
    breaks(
        &mended(
            "40 transfer A B sync x\n 41 durable B x {b@B:1,a@A:1}\n 50 transfer A B sync x\n 51 durable B x {a@A:1,b@B:1}\n 60 transfer A B sync x",
        ),
        "churn",
    );
    breaks(
        &mended(
            "91 fault cut\n 95 transfer A B sync x\n 96 transfer A B sync x\n 97 transfer A B sync x",
        ),
        "",
    );
}

#[test]
fn what_is_written_again_without_clocks_may_have_changed() {
    let run = |clock: &str| {
        format!(
            "0 setup converges
             0 owners x A,B
             [0,3] s1 put x a -> ok
             2 durable A x {{a{clock}}}
             10 healed
             20 durable B x {{a{clock}}}
             40 transfer A B sync x
             41 durable B x {{a{clock}}}
             50 transfer A B sync x
             51 durable B x {{a{clock}}}
             60 transfer A B sync x
             90 quiet"
        )
    };
    breaks(&run("@A:1"), "churn");
    breaks(&run(""), "");
}

#[test]
fn a_key_that_goes_to_the_same_heir_again_and_again_is_churn() {
    let sent = "60 transfer A B keys x
         62 transfer A B keys x
         64 transfer A B keys x";
    breaks(&mended(sent), "churn");
    // New owners have a right to it.
    let moved = mended(
        "61 transfer A D keys x
         63 transfer A D keys x
         61 owners x A,B,D
         65 transfer A D keys x
         65 durable D x {a@A:1,b@B:1}",
    );
    breaks(&moved, "");
}
