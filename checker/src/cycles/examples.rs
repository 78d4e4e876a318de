//! Known histories: at least one for each kind of anomaly, and a near miss that shows none.
//!
//! Shapes follow Adya's thesis, the examples of the paper on Elle, and Hermitage's list of anomalies.

use super::notation::history;
use super::{Anomaly, AnomalyKind, ConsistencyModel, Cycles, Sources, anomalies};
use crate::verdict::{Budget, Checker, Shortfall, Verdict};

fn found(text: &str) -> Vec<Anomaly> {
    anomalies(&history(text), Sources::default(), Budget::default())
}

pub(super) fn names(text: &str) -> Vec<&'static str> {
    let found = found(text);
    found.iter().map(|anomaly| anomaly.kind.name()).collect()
}

pub(super) fn check(model: ConsistencyModel, text: &str) -> Verdict {
    Cycles::new(model).check(&history(text), Budget::default())
}

/// The strongest models that nothing found denies.
fn left(text: &str) -> Vec<&'static str> {
    let found = found(text);
    let holds = |model: &ConsistencyModel| !found.iter().any(|one| model.forbids(one.kind));
    let all = ConsistencyModel::ALL.into_iter().filter(holds);
    let top = all.clone().filter(|&model| {
        let mut above = all.clone().filter(|&other| other != model);
        !above.any(|other| other.implies(model))
    });
    top.map(ConsistencyModel::name).collect()
}

fn reasons(anomaly: &Anomaly) -> Vec<&str> {
    let reasons = anomaly.reasons.iter();
    reasons.map(|reason| reason.text.as_str()).collect()
}

const PAPER: &str = "
    T0: append 253 1, append 253 3, append 253 4, append 255 2, append 255 3, append 255 4, append 255 5, append 256 1, append 256 2
    T1: append 255 8, read 253 [1 3 4]
    T2: append 256 4, read 255 [2 3 4 5 8], read 256 [1 2 4], read 253 [1 3 4]
    T3: append 250 10, read 253 [1 3 4], read 255 [2 3 4 5], append 256 3";

#[test]
fn the_example_of_the_paper_is_a_read_skew() {
    assert_eq!(names(PAPER), ["G-single"]);
    assert_eq!(
        left(PAPER),
        [
            "read-atomic",
            "cursor-stability",
            "strong-session-read-committed"
        ]
    );
    let anomaly = &found(PAPER)[0];
    assert_eq!(
        reasons(anomaly),
        [
            "op 1 appended 8 to 255, and op 2 read 255 as [2 3 4 5 8]",
            "op 2 read 256 as [1 2 4], without what op 3 did: it appended 3 to 256",
            "op 3 read 255 as [2 3 4 5], without what op 1 did: it appended 8 to 255 \
             (op 2 read 255 as [2 3 4 5 8])",
            "each comes before the next: op 1, op 2, op 3, op 1",
        ]
    );
    assert_eq!(
        anomaly.sentence,
        "A transaction missed a write of one that it must come after (read skew): \
         not repeatable-read and not snapshot-isolation."
    );
    let verdict = check(ConsistencyModel::default(), PAPER);
    let counterexample = verdict.counterexample().expect("it is not serializable");
    assert_eq!(counterexample.title(), "cycles (G-single)");
    assert_eq!(counterexample.cause, "cycles/G-single");
}

#[test]
fn snapshots_allow_a_write_skew_among_four() {
    let text = "
        T1: append 9 2
        T2: append 8 1, read 9 nil
        T3: read 6 nil, read 8 nil, append 9 5
        T4: append 6 2, read 9 [2]";
    assert_eq!(names(text), ["G2-item"]);
    assert_eq!(left(text), ["strong-snapshot-isolation"]);
}

/// Each history with all kinds found in it, and one that nearly is the same and shows none.
#[test]
fn every_kind_of_anomaly_is_found_and_a_near_miss_is_not() {
    for (kinds, broken, sound) in EXAMPLES {
        assert_eq!(
            names(broken),
            kinds.split(' ').collect::<Vec<_>>(),
            "{broken}"
        );
        assert_eq!(names(sound), [""; 0], "{sound}");
        let seen: Vec<Anomaly> = found(broken);
        for anomaly in &seen {
            assert!(
                !anomaly.ops.is_empty() && anomaly.reasons.len() > 1,
                "{anomaly:#?}"
            );
            assert!(anomaly.denies().count() > 0);
        }
        let verdict = check(ConsistencyModel::StrictSerializable, broken);
        let part = verdict.counterexample().map(|one| one.part.clone());
        assert_eq!(part.as_deref(), kinds.split(' ').next(), "{broken}");
        assert!(
            check(ConsistencyModel::StrictSerializable, sound)
                .counterexample()
                .is_none(),
            "{sound}"
        );
    }
    let missing = AnomalyKind::all().map(AnomalyKind::name).filter(|name| {
        let mut kinds = EXAMPLES.iter().flat_map(|(kinds, ..)| kinds.split(' '));
        !kinds.any(|kind| kind == *name)
    });
    assert_eq!(
        missing.collect::<Vec<_>>(),
        [""; 0],
        "a kind has no example"
    );
}

const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "garbage-read",
        "T1: append x 1
         T2: read x [1 7]",
        "T1: append x 1
         T2: read x [1]",
    ),
    (
        "garbage-read",
        "T1: write x 1
         T2: read x 7",
        "T1?: write x 7
         T2: read x 7",
    ),
    (
        "duplicate-elements",
        "T1: append x 1
         T2: read x [1 1]",
        "T1!: append x 1
         T2: append x 1
         T3: read x [1]",
    ),
    // Two writers in two orders.
    (
        "G0",
        "T1: append x 1, append y 1
         T2: append x 2, append y 2
         T3: read x [1 2]
         T4: read y [2 1]",
        "T1: append x 1, append y 1
         T2: append x 2, append y 2
         T3: read x [1 2]
         T4: read y [1 2]",
    ),
    (
        "G1a",
        "T1!: write x 1
         T2: read x 1",
        "T1?: write x 1
         T2: read x 1",
    ),
    (
        "G1a dirty-update",
        "T1!: append x 1
         T2: append x 2
         T3: read x [1 2]",
        "T1?: append x 1
         T2: append x 2
         T3: read x [1 2]",
    ),
    (
        "G1b G-single",
        "T1: append x 1, append x 2
         T2: read x [1]",
        "T1: append x 1, append x 2
         T2: read x [1 2]
         T3: read x []",
    ),
    (
        "G1b",
        "T1: write x 1, write x 2
         T2: read x 1",
        "T1: write x 1, write x 2
         T2: read x 2",
    ),
    (
        "incompatible-order",
        "T1: append x 1
         T2: append x 2
         T3: read x [1]
         T4: read x [2]",
        "T1: append x 1
         T2: append x 2
         T3: read x [1]
         T4: read x [1 2]",
    ),
    (
        "disordered-appends",
        "T1: append x 1, append x 2
         T2: append x 3
         T3: read x [2 1 3]",
        "T1!: append x 1, append x 2
         T2: append x 2
         T3: read x [2]",
    ),
    (
        "future-read",
        "T1: read x [1], append x 1",
        "T1: append x 1, read x [1]",
    ),
    (
        "future-read",
        "T1: read x 1, write x 1",
        "T1: write x 1, read x 1",
    ),
    (
        "G1c",
        "T1: append x 1, read y [2]
         T2: append y 2, read x [1]",
        "T1: append x 1, read y []
         T2: append y 2, read x [1]",
    ),
    (
        "G1c",
        "T1: write x 1, read y 2
         T2: write y 2, read x 1",
        "T1: write x 1, read y nil
         T2: write y 2, read x 1",
    ),
    (
        "internal",
        "T1: append x 1, read x []",
        "T1: append x 1, read x [1]
         T2: append x 2, read x unseen",
    ),
    (
        "internal G-single",
        "T1: append x 1
         T2: read x [], read x [1]",
        "T1: append x 1
         T2: read x [], read x []",
    ),
    (
        "internal",
        "T1: write x 1, read x nil",
        "T1: write x 1, read x 1",
    ),
    (
        "OTV G-single",
        "T1: append x 1, append y 1
         T2: read x [1], read y []",
        "T1: append x 1, append y 1
         T2: read x [1], read y [1]",
    ),
    (
        "fractured-read G-single",
        "T1: write x 1, write y 1
         T2: read y nil, read x 1",
        "T1: write x 1, write y 1
         T2: read y nil, read x nil",
    ),
    (
        "lost-update G-single",
        "T1: read x [], append x 1
         T2: read x [], append x 2",
        "T1: read x [], append x 1
         T2: read x [1], append x 2",
    ),
    (
        "lost-update G-single",
        "T1: write x 1
         T2: read x 1, write x 2
         T3: read x 1, write x 3",
        "T1: write x 1
         T2: read x 1, write x 2
         T3: read x 2, write x 3",
    ),
    // Read skew over two keys.
    (
        "G-single",
        "T1: append x 1
         T2: read x [1], append y 1
         T3: read y [1], read x []",
        "T1: append x 1
         T2: read x [1], append y 1
         T3: read y [], read x [1]",
    ),
    // Long fork: two readers see two writers in two orders.
    (
        "G-nonadjacent",
        "T1: append x 1
         T2: append y 2
         T3: read x [1], read y []
         T4: read x [], read y [2]",
        "T1: append x 1
         T2: append y 2
         T3: read x [1], read y []
         T4: read x [1], read y [2]",
    ),
    // Write skew.
    (
        "G2-item",
        "T1: read x [], append y 1
         T2: read y [], append x 2",
        "T1: read x [], append y 1
         T2: read y [1], append x 2",
    ),
    (
        "G0-process",
        "T1 c1 [0,1]: append x 1
         T2 c1 [1,2]: append x 2
         T3: read x [2 1]",
        "T1 c1 [0,1]: append x 1
         T2 c1 [1,2]: append x 2
         T3: read x [1 2]",
    ),
    (
        "G1c-process",
        "T1 c1 [0,1]: read x [1]
         T2 c1 [1,2]: append x 1",
        "T1 c1 [0,1]: read x [1]
         T2 c2 [1,2]: append x 1",
    ),
    (
        "G-single-process",
        "T1 c1 [0,1]: append x 1
         T2 c1 [1,2]: read x []",
        "T1 c1 [0,1]: append x 1
         T2 c2 [1,2]: read x []",
    ),
    (
        "G-nonadjacent-process",
        "T1 c1 [0,1]: append x 1
         T2 c1 [1,2]: read y []
         T3 c3 [0,1]: append y 3
         T4 c3 [1,2]: read x []",
        "T1 c1 [0,1]: append x 1
         T2 c1 [1,2]: read y []
         T3 c3 [0,1]: append y 3
         T4 c3 [1,2]: read x [1]",
    ),
    (
        "G2-item-process",
        "T1 c1 [1,2]: read x []
         T2: append x 2, read y []
         T3 c1 [0,1]: append y 3",
        "T1 c1 [1,2]: read x []
         T2: append x 2, read y [3]
         T3 c1 [0,1]: append y 3",
    ),
    (
        "G0-realtime",
        "T1 [0,1]: append x 1
         T2 [2,3]: append x 2
         T3: read x [2 1]",
        "T1 [0,2]: append x 1
         T2 [2,3]: append x 2
         T3: read x [2 1]",
    ),
    (
        "G1c-realtime",
        "T1 [0,1]: read x [1]
         T2 [2,3]: append x 1",
        "T1 [0,2]: read x [1]
         T2 [2,3]: append x 1",
    ),
    (
        "G-single-realtime",
        "T1 [0,1]: append x 1
         T2 [2,3]: read x []",
        "T1? [0,1]: append x 1
         T2 [2,3]: read x []
         T3 [4,5]: read x [1]",
    ),
    (
        "G-nonadjacent-realtime",
        "T1 [0,1]: append x 1
         T2 [2,9]: read y []
         T3 [0,9]: append y 3
         T4 [0,9]: read x [], read y [3]",
        "T1 [0,2]: append x 1
         T2 [2,9]: read y []
         T3 [0,9]: append y 3
         T4 [0,9]: read x [], read y [3]",
    ),
    (
        "G2-item-realtime",
        "T1 [3,9]: read x []
         T2 [0,9]: append x 2, read y []
         T3 [0,2]: append y 3",
        "T1 [3,9]: read x []
         T2 [0,9]: append x 2, read y []
         T3 [0,3]: append y 3",
    ),
];

#[test]
fn unread_appends_come_after_all_that_was_read() {
    let unread = "
        T1: append x 1
        T2: append x 2, read y [3]
        T3: append y 3, read x [1]
        T4: read x [1], append z 4
        T5: read z [4], read x [1]";
    assert_eq!(names(unread), [""; 0]);
    let circle = "
        T1: append x 1, read y [3]
        T2: append x 2, append y 3
        T3: read x [1]";
    assert_eq!(names(circle), ["G1c", "G-single"]);
}

#[test]
fn an_unknown_transaction_happened_as_a_whole_if_any_of_it_was_read() {
    let seen = "
        T1?: append x 1, append y 1
        T2: read x [1], read y []";
    assert_eq!(names(seen), ["OTV", "G-single"]);
    let unseen = "
        T1?: append x 1, append y 1
        T2: read x [], read y []
        T3: append x 2, append y 2";
    assert_eq!(names(unseen), [""; 0]);
}

#[test]
fn the_order_of_calls_tells_the_order_of_registers_where_it_may() {
    let kinds = |text: &str, sources| {
        let found = anomalies(&history(text), sources, Budget::default());
        let kinds = found.iter().map(|anomaly| anomaly.kind.name());
        kinds.collect::<Vec<_>>()
    };
    let plain = Sources::default();
    let (mut sessions, mut real_time) = (plain, plain);
    sessions.sessions = true;
    real_time.real_time = true;
    let session = "
        T1 c1 [0,1]: write x 1
        T2 c1 [1,2]: write x 2, write y 2
        T3: read y 2, read x 1";
    // Who sees the session's second write sees no older one if it sees transactions whole.
    assert_eq!(kinds(session, plain), ["G-single-process"]);
    let all = ["fractured-read", "G-single", "G-single-process"];
    assert_eq!(kinds(session, sessions), all);
    assert_eq!(kinds(session, real_time), ["G-single-process"]);
    let time = session.replace("c1 [1,2]", "c2 [2,3]");
    assert_eq!(kinds(&time, sessions), ["G-single-realtime"]);
    let all = ["fractured-read", "G-single", "G-single-realtime"];
    assert_eq!(kinds(&time, real_time), all);
}

#[test]
fn a_stale_read_of_a_register_is_found_where_values_must_follow_calls() {
    use ConsistencyModel::{Serializable, StrictSerializable, StrongSessionSerializable};
    let broken = |model, text: &str| check(model, text).counterexample().cloned();
    let stale = "
        T1 [0,1]: write x 1
        T2 [2,3]: write x 2
        T3 [4,5]: read x 1";
    let found = broken(StrictSerializable, stale).expect("a stale read");
    assert_eq!(found.part, "G0-realtime");
    assert!(found.sentence.ends_with(": not strict-serializable."));
    let reasons: Vec<&str> = found.reasons.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "op 1 wrote 1 to x, and op 2 wrote 2 to x after that \
             (op 1 returned at 1, op 2 was called at 2)",
            "op 2 wrote 2 to x, and op 1 wrote 1 to x after that \
             (op 2 returned at 3, op 3, which read x as 1, was called at 4)",
            "each comes before the next: op 1, op 2, op 1",
        ]
    );
    assert_eq!(broken(StrongSessionSerializable, stale), None);
    assert_eq!(broken(Serializable, stale), None);
    for fresh in [
        stale.replace("read x 1", "read x 2"),
        // Concurrent writes replace one another in either order.
        stale.replace("[2,3]", "[1,3]"),
        // What has an unknown outcome may take effect late, or never.
        stale.replace("T1 [0,1]", "T1? [0,1]"),
    ] {
        assert_eq!(broken(StrictSerializable, &fresh), None, "{fresh}");
    }
    let session = "
        T1 c1 [0,9]: write x 1
        T2 c2 [0,9]: write x 2
        T3 c3 [0,1]: read x 1
        T4 c3 [2,3]: read x 2
        T5 c4 [0,1]: read x 2
        T6 c4 [2,3]: read x 1";
    let found = broken(StrongSessionSerializable, session).expect("two orders");
    assert_eq!(found.part, "G0-process");
    assert_eq!(broken(Serializable, session), None);
    let one_order = session.replace("[2,3]: read x 1", "[2,3]: read x 2");
    assert_eq!(broken(StrongSessionSerializable, &one_order), None);
}

#[test]
fn keys_that_cannot_be_judged_leave_the_verdict_open() {
    let unknown = |text: &str| match check(ConsistencyModel::default(), text) {
        Verdict::Unknown(Shortfall::LeftOut(why)) => why,
        verdict => panic!("{verdict:?}"),
    };
    assert_eq!(
        unknown(
            "T1: append x 1
             T2: append x 1
             T3: read x [1]
             T4: read y [2]
             T5: append y 2"
        ),
        "key x was given one value twice, so nothing can be said of it"
    );
    assert_eq!(
        unknown(
            "T1: append x 1
             T2: read x 1"
        ),
        "key x is both a list and a register, so nothing can be said of it"
    );
}

#[test]
fn transactions_that_never_met_exercise_nothing() {
    let apart = "T1: append x 1
         T2: read y []";
    let verdict = check(ConsistencyModel::default(), apart);
    let nothing = "no transaction read or replaced what another wrote".to_owned();
    assert_eq!(
        verdict,
        Verdict::Unknown(Shortfall::NothingExercised(nothing))
    );
}

#[test]
fn weaker_models_are_asked_no_more_than_they_promise() {
    let skew = "
        T1: read x [], append y 1
        T2: read y [], append x 2";
    for model in ConsistencyModel::ALL {
        let broken = check(model, skew).counterexample().is_some();
        let denied = model.implies(ConsistencyModel::RepeatableRead);
        assert_eq!(broken, denied, "{model}");
    }
}

#[test]
fn without_a_budget_no_broken_model_passes() {
    for (kinds, broken, _) in EXAMPLES {
        let history = history(broken);
        for model in ConsistencyModel::ALL {
            let check = |states| Cycles::new(model).check(&history, Budget { states });
            let (all, none) = (check(u64::MAX), check(0));
            if all.counterexample().is_none() {
                assert!(none.counterexample().is_none());
            } else if none.counterexample().is_none() {
                assert!(matches!(none, Verdict::Unknown(_)), "{model}: {kinds}");
                let models = [
                    ConsistencyModel::ReadAtomic,
                    ConsistencyModel::MonotonicAtomicView,
                ];
                assert!(models.contains(&model), "{model}: {kinds}");
            }
        }
    }
}
