//! Completions and values that say something else than a judge may rely on.

use super::objects::{error, import, import_as, labels, lines};
use crate::import::{Object, Options};

#[test]
fn what_a_completion_repeats_is_what_was_called() {
    for (call, answers, wrong) in [
        ("write 5", ["write 5", "write nil"], "write 6"),
        (
            "write [1 5]",
            ["write (1 5)", "write [1 nil]"],
            "write [2 5]",
        ),
        ("write [1 5]", ["write [1 5]", "write nil"], "write [1 6]"),
        ("cas [1 2]", ["cas [1 2]", "cas nil"], "cas [1 3]"),
        ("enqueue 1", ["enqueue 1", "enqueue nil"], "enqueue 2"),
        ("remove :a", ["remove :a", "remove nil"], "remove :b"),
        ("add :a", ["add :a", "add nil"], "add true"),
    ] {
        for answer in answers {
            import(&lines(&[
                &format!("0 invoke {call}"),
                &format!("0 ok {answer}"),
            ]));
        }
        let said = error(&lines(&[
            &format!("0 invoke {call}"),
            &format!("0 ok {wrong}"),
        ]));
        assert!(
            said.starts_with("line 2, column 1: this returns "),
            "{said}"
        );
        // What did not happen, or may not have, is not held against anything.
        for end in ["fail", "info"] {
            import(&lines(&[
                &format!("0 invoke {call}"),
                &format!("0 {end} {wrong}"),
            ]));
        }
    }
    let counter = ["0 invoke read", "0 ok read 0", "0 invoke add 1"];
    let said = error(&lines(&[&counter[..], &["0 ok add 2"]].concat()));
    assert_eq!(
        said,
        "line 4, column 1: this returns :add 2, but line 3 called add 1"
    );
    let beside = "{:process 0 :type :invoke :f :write :key 1 :value 5}
                  {:process 0 :type :ok :f :write :key 2 :value 5}";
    assert_eq!(
        error(beside),
        "line 2, column 19: this returns 2 5, but line 1 called write 1 5"
    );
}

#[test]
fn what_was_not_printed_readably_is_no_value() {
    let object = "#object [clojure.lang.PersistentTreeSet \"x\"]";
    for (call, ok) in [
        ("add 1", "read"),
        ("write 1", "read"),
        ("txn [[:r 1 nil] [:append 1 7]]", "txn"),
        ("enqueue 1", "drain"),
    ] {
        let value = match ok {
            "txn" => format!("[[:r 1 {object}] [:append 1 7]]"),
            _ => object.to_owned(),
        };
        let (invoke, ask) = (format!("0 invoke {call}"), format!("1 invoke {ok}"));
        let ask = if ok == "txn" {
            "1 invoke txn [[:r 1 nil] [:append 1 7]]".to_owned()
        } else {
            ask
        };
        let operations = [invoke, ask, format!("1 ok {ok} {value}")];
        let operations = operations.iter().map(String::as_str);
        let options = Options {
            object: (call == "add 1").then_some(Object::Set),
            ..Options::default()
        };
        let said = import_as(&lines(&operations.collect::<Vec<_>>()), options);
        assert_eq!(
            said.expect_err("nothing to read").to_string(),
            format!(
                "line 3, column 1: {object} was not printed readably: nothing tells what it holds"
            )
        );
    }
    let tagged = lines(&["0 invoke add 1", "1 invoke read", "1 ok read #my/set [1]"]);
    assert_eq!(labels(&import(&tagged))[1], "c1 read → {1}");
}
