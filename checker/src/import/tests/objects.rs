//! Every object of Jepsen's and Elle's histories, right and wrong, by examples.

use crate::history::History;
use crate::import::{Format, Import, ImportError, Imported, NilMeaning, Object, Options, read};
use crate::txn::Txn;
use crate::{Domain, Op};

pub(super) fn import_as(text: &str, options: Options) -> Result<Import, ImportError> {
    read(text.as_bytes(), Format::JepsenEdn, options)
}

pub(super) fn import(text: &str) -> Import {
    import_as(text, Options::default()).unwrap_or_else(|why| panic!("{why}: {text}"))
}

pub(super) fn error(text: &str) -> String {
    import_as(text, Options::default())
        .expect_err(text)
        .to_string()
}

/// A line for each word: process, type, f and value.
pub(super) fn lines(operations: &[&str]) -> String {
    let line = |operation: &&str| {
        let mut words = operation.splitn(4, ' ');
        let mut word = || words.next().unwrap_or("nil");
        let (process, kind, f, value) = (word(), word(), word(), word());
        format!("{{:process {process}, :type :{kind}, :f :{f}, :value {value}}}\n")
    };
    operations.iter().map(line).collect()
}

fn labelled<D: Domain>(history: &History<D>) -> Vec<String> {
    let label = |op: &Op<D>| format!("{} {}", op.process, op.label());
    history.ops().iter().map(label).collect()
}

pub(super) fn labels(import: &Import) -> Vec<String> {
    match &import.history {
        Imported::Register(history) => labelled(history),
        Imported::Set(history) => labelled(history),
        Imported::Counter(history) => labelled(history),
        Imported::Queue(history) => labelled(history),
        Imported::Mutex(history) => labelled(history),
        Imported::Txn(history) => labelled(history),
        Imported::Append(history) => labelled(history),
        Imported::Kv(history) => labelled(history),
    }
}

#[test]
fn sets_are_read() {
    let text = lines(&[
        "0 invoke add 1",
        "0 ok add 1",
        "0 invoke add :b",
        "0 fail add :b",
        "1 invoke add 2",
        "1 info add 2",
        "2 invoke read",
        "2 ok read #{1 2}",
        "2 invoke read",
        "2 ok read nil",
        "2 invoke contains 1",
        "2 ok contains true",
        "2 invoke remove 1",
        "2 ok remove 1",
    ]);
    let read = import(&text);
    assert_eq!((read.object, read.keyed), (Object::Set, false));
    assert_eq!(
        labels(&read),
        [
            "c0 add 1 → ok",
            "c0 add :b failed",
            "c1 add 2 ?",
            "c2 read → {1 2}",
            "c2 read → unseen",
            "c2 contains 1 → yes",
            "c2 remove 1 → ok",
        ]
    );
}

#[test]
fn a_read_tells_a_counter_from_a_set() {
    let adds = ["0 invoke add 1", "0 ok add 1"];
    let with = |answer| lines(&[&adds[..], &["1 invoke read", answer]].concat());
    let counter = import(&with("1 ok read 1"));
    assert_eq!(labels(&counter), ["c0 add 1 → ok", "c1 read → 1"]);
    assert_eq!(counter.object, Object::Counter);
    assert_eq!(import(&with("1 ok read [1]")).object, Object::Set);
    let open = with("1 info read");
    let both = "set, counter all have these operations, and nothing tells which it is: say so";
    assert_eq!(error(&open), format!("line 1, column 1: {both}"));
    assert_eq!(
        error(&with("1 ok read nil")),
        format!("line 1, column 1: {both}")
    );
    for object in [Object::Set, Object::Counter] {
        let options = Options {
            object: Some(object),
            ..Options::default()
        };
        assert_eq!(import_as(&open, options).expect("said so").object, object);
    }
    // A fresh set, counter and register answer differently, so reads alone are not judged.
    for (answer, left) in [
        ("1 ok read 0", "register, counter"),
        ("1 ok read #{}", "register, set"),
    ] {
        assert_eq!(
            error(&lines(&["1 invoke read", answer])),
            format!(
                "line 1, column 1: {left} all have these operations, and nothing tells which it is: say so"
            )
        );
    }
    let word = lines(&["1 invoke read", "1 ok read :x"]);
    assert_eq!(import(&word).object, Object::Register);
    assert_eq!(
        error(&with("1 ok read 2.0")),
        "line 4, column 1: `:f :read` takes a whole number of 64 bits, found 2.0"
    );
    let first = lines(&["1 invoke read", "1 ok read 0", "0 invoke add -3"]);
    assert_eq!(import(&first).object, Object::Counter);
    let named = lines(&["0 invoke add :x"]);
    assert_eq!(import(&named).object, Object::Set);
    assert_eq!(
        error(&(with("1 ok read 1") + &lines(&["0 invoke add 1.5"]))),
        "line 5, column 1: `:f :add` takes a whole number of 64 bits, found 1.5"
    );
}

#[test]
fn locks_are_read() {
    let text = lines(&[
        "0 invoke acquire",
        "1 invoke acquire",
        "0 ok acquire {:fence 3}",
        "0 invoke release",
        "0 ok release",
        "1 fail acquire",
    ]);
    let read = import(&text);
    assert_eq!(read.object, Object::Mutex);
    let expected = ["c0 acquire → ok", "c1 acquire failed", "c0 release → ok"];
    assert_eq!(labels(&read), expected);
    let keyed = lines(&["0 invoke acquire [:a nil]", "0 ok acquire [:a nil]"]);
    assert_eq!(labels(&import(&keyed)), ["c0 acquire :a → ok"]);
    let partly = keyed + &lines(&["0 invoke release"]);
    assert_eq!(
        error(&partly),
        "line 1, column 1: `:f :acquire` takes no collection in a call, found [:a nil]"
    );
}

#[test]
fn a_drain_claims_each_of_its_elements_within_its_time() {
    let text = lines(&[
        "0 invoke enqueue 1",
        "0 ok enqueue 1",
        "1 invoke enqueue 2",
        "1 ok enqueue 2",
        "0 invoke enqueue 3",
        "0 fail enqueue 3",
        "2 invoke drain",
        "0 invoke dequeue",
        "0 fail dequeue",
        "2 ok drain [2 1]",
        "2 invoke dequeue",
    ]);
    let Imported::Queue(history) = import(&text).history else {
        panic!("a queue");
    };
    assert_eq!(
        labelled(&history),
        [
            "c0 enqueue 1 → ok",
            "c1 enqueue 2 → ok",
            "c0 enqueue 3 failed",
            "c3 dequeue → 2",
            "c4 dequeue → 1",
            "c0 dequeue failed",
            "c2 dequeue ?",
        ]
    );
    let [one, two] = [&history.ops()[3], &history.ops()[4]];
    assert_eq!((one.invoked, one.returned), (two.invoked, two.returned));
    assert!(!one.precedes(two) && !two.precedes(one));
    assert!(one.precedes(&history.ops()[6]));
    assert!(history.ops().iter().zip(0..).all(|(op, id)| op.id.0 == id));
}

#[test]
fn a_drain_of_unknown_outcome_may_have_taken_whatever_is_left() {
    let queue = [
        "0 invoke enqueue 1",
        "0 ok enqueue 1",
        "0 invoke enqueue 2",
        "0 info enqueue 2",
        "1 invoke enqueue 3",
        "1 ok enqueue 3",
        "1 invoke dequeue",
        "1 ok dequeue 1",
    ];
    for end in [
        &["2 invoke drain"][..],
        &["2 invoke drain", "2 info drain"],
        &["2 invoke drain", "2 ok drain nil"],
    ] {
        let read = import(&lines(&[&queue[..], end].concat()));
        assert_eq!(
            labels(&read)[4..],
            ["c3 dequeue ?", "c4 dequeue ?"],
            "{end:?}"
        );
    }
    // Two that overlap may together have taken no more than the first of them alone.
    let two = ["2 invoke drain", "3 invoke drain", "3 info drain"];
    let read = import(&lines(&[&queue[..], &two].concat()));
    assert_eq!(labels(&read)[4..], ["c4 dequeue ?", "c5 dequeue ?"]);
    for end in [
        ["2 invoke drain", "2 fail drain"],
        ["2 invoke drain", "2 ok drain []"],
    ] {
        let read = import(&lines(&[&queue[..], &end].concat()));
        assert_eq!(labels(&read).len(), 4, "{end:?}");
    }
}

#[test]
fn a_dequeue_of_nil_is_empty_only_if_the_user_says_so() {
    let text = lines(&["0 invoke dequeue", "0 ok dequeue nil"]);
    assert_eq!(labels(&import(&text)), ["c0 dequeue ?"]);
    let options = Options {
        nil: Some(NilMeaning::Value),
        ..Options::default()
    };
    assert_eq!(
        labels(&import_as(&text, options).expect("EDN")),
        ["c0 dequeue → empty"]
    );
}

#[test]
fn every_object_can_have_keys() {
    for (text, label) in [
        (
            "0 invoke add [:k 1]\n0 ok add [:k 1]\n1 invoke read [:k nil]\n1 ok read [:k [1]]",
            "c1 read :k → {1}",
        ),
        (
            "0 invoke add [:k 1]\n0 ok add [:k 1]\n1 invoke read [:k nil]\n1 ok read [:k 1]",
            "c1 read :k → 1",
        ),
        (
            "0 invoke enqueue [:k 1]\n0 ok enqueue [:k 1]\n1 invoke dequeue [:k nil]\n1 ok dequeue [:k 1]",
            "c1 dequeue :k → 1",
        ),
        (
            "0 invoke enqueue [:k 1]\n0 ok enqueue [:k 1]\n1 invoke drain [:k nil]\n1 ok drain [:k [1]]",
            "c2 dequeue :k → 1",
        ),
        (
            "0 invoke acquire [:k nil]\n0 ok acquire [:k nil]",
            "c0 acquire :k → ok",
        ),
        (
            "0 invoke txn [:k [[:r 1 nil] [:w 1 2]]]\n0 ok txn [:k [[:r 1 5] [:w 1 2]]]",
            "c0 read [:k 1] → 5, write [:k 1] 2",
        ),
    ] {
        let operations: Vec<&str> = text.lines().collect();
        let read = import(&lines(&operations));
        assert!(read.keyed, "{text}");
        assert_eq!(
            labels(&read).last().map(String::as_str),
            Some(label),
            "{text}"
        );
    }
}

fn txns(text: &str) -> History<Txn> {
    match import(text).history {
        Imported::Txn(history) => history,
        other => panic!("{other:?} is no history of transactions"),
    }
}

#[test]
fn nothing_read_is_an_empty_list_or_nil_by_what_the_file_does_with_keys() {
    let lists = lines(&[
        "0 invoke txn [[:r 1 nil] [:append 1 7]]",
        "1 invoke txn [[:r 1 nil] [:r 2 nil]]",
        "0 ok txn [[:r 1 nil] [:append 1 7]]",
        "1 ok txn [[:r 1 [7]] [:r 2 []]]",
    ]);
    assert_eq!(
        labelled(&txns(&lists)),
        ["c0 read 1 → [], append 1 7", "c1 read 1 → [7], read 2 → []"]
    );
    let registers = lists
        .replace("append", "w")
        .replace("[7]", "7")
        .replace("[]", "nil");
    assert_eq!(
        labelled(&txns(&registers)),
        ["c0 read 1 → nil, write 1 7", "c1 read 1 → 7, read 2 → nil"]
    );
    let both = lists.clone() + &lines(&["0 invoke txn [[:w 2 1]]", "0 ok txn [[:w 2 1]]"]);
    assert_eq!(
        labelled(&txns(&both)),
        [
            "c0 read 1 → [], append 1 7",
            "c1 read 1 → [7], read 2 → []",
            "c0 write 2 1"
        ]
    );
    let unknown = "0 invoke txn [[:r 5 nil]]\n0 ok txn [[:r 5 nil]]";
    let both = lines(&unknown.lines().collect::<Vec<_>>()) + &both;
    assert_eq!(labelled(&txns(&both))[0], "c0 read 5 → unseen");
}

#[test]
fn transactions_need_neither_name_nor_process() {
    let text = "{:index 0 :type :invoke :value [[:append 1 2] [:r 3 nil]]}
                {:index 1 :type :ok     :value [[:append 1 2] [:r 3 [4]]]}
                {:index 2 :type :invoke, :value [[:append 3 4]]}
                {:index 3 :type :info, :value [[:append 3 4]]}";
    let history = txns(text);
    assert_eq!(
        labelled(&history),
        ["c0 append 1 2, read 3 → [4]", "c1 append 3 4 ?"]
    );
    assert!(history.ops()[0].precedes(&history.ops()[1]));
    let third = text.replace(":index 3 :type :info", ":index 3 :type :invoke");
    assert!(error(&third).ends_with(
        "this calls while the call of line 3 is open, and no `:process` tells them apart"
    ));
    let numbered = text.replace(":index 2", ":index 2 :process 4");
    assert!(error(&numbered).ends_with("a `:process`, but that of line 1 has none"));
    let again = text.replace(":index 2 :type :invoke", ":index 2 :type :ok");
    assert!(error(&again).ends_with("this returns, but no call is open"));
}

#[test]
fn completions_alone_say_nothing_about_time() {
    let text = "{:index 0 :process 0 :type :ok :value [[:append 1 2]]}
                {:index 1 :process 1 :type :ok :value [[:r 1 [2]]]}
                {:index 2 :process 0 :type :info :value [[:append 1 3]]}
                {:index 3 :process 1 :type :fail :value [[:append 1 4]]}";
    let read = import(text);
    assert!(!read.timed && import(&text.replace(":ok", ":invoke")).timed);
    let history = txns(text);
    assert_eq!(
        labelled(&history),
        [
            "c0 append 1 2",
            "c1 read 1 → [2]",
            "c0 append 1 3 ?",
            "c1 append 1 4 failed"
        ]
    );
    let ops = history.ops();
    assert!(
        ops.iter()
            .all(|one| ops.iter().all(|other| !one.precedes(other)))
    );
    let called = text.replace(
        ":index 3 :process 1 :type :fail",
        ":index 3 :process 1 :type :invoke",
    );
    assert!(error(&called).ends_with("this calls, but line 1 returned what no line called"));
}

#[test]
fn a_transaction_answers_what_it_was_asked() {
    let call = "0 invoke txn [[:r 1 nil] [:append 1 7]]";
    for (answer, message) in [
        (
            "0 ok txn [[:r 1 nil]]",
            "this returns [[:r 1 nil]], but line 1 called read 1, append 1 7",
        ),
        (
            "0 ok txn [[:r 2 nil] [:append 1 7]]",
            "this returns [[:r 2 nil] [:append 1 7]], but line 1 called read 1, append 1 7",
        ),
        (
            "0 ok txn [[:r 1 3] [:append 1 7]]",
            "`:f :txn` takes a list where a list is read, found 3",
        ),
        (
            "0 ok txn 5",
            "`:f :txn` takes a list of [:r key value], [:w key value], [:append key value], found 5",
        ),
        (
            "1 invoke txn [[:inc 1 2]]",
            "`:f :txn` takes a list of [:r key value], [:w key value], [:append key value], found [[:inc 1 2]]",
        ),
        (
            "1 invoke read",
            "`:f :read` is not a txn operation, but one of register, set, counter",
        ),
    ] {
        assert_eq!(
            error(&lines(&[call, answer])),
            format!("line 2, column 1: {message}")
        );
    }
    let unrecorded = lines(&[call, "0 ok txn nil"]);
    assert_eq!(
        labelled(&txns(&unrecorded)),
        ["c0 read 1 → unseen, append 1 7"]
    );
}

#[test]
fn wrong_operations_name_the_objects_that_have_them() {
    for (first, wrong, message) in [
        (
            "0 invoke write 1",
            "1 invoke add 2",
            "`:f :add` is not a register operation, but one of set, counter",
        ),
        (
            "0 invoke acquire",
            "1 invoke dequeue",
            "`:f :dequeue` is not a mutex operation, but one of queue",
        ),
        (
            "0 invoke enqueue 1",
            "1 invoke poll",
            "`:f :poll` is not a queue operation",
        ),
        (
            "0 invoke remove 1",
            "1 invoke write 2",
            "`:f :write` is not a set operation, but one of register",
        ),
    ] {
        assert_eq!(
            error(&lines(&[first, wrong])),
            format!("line 2, column 1: {message}")
        );
    }
    let options = Options {
        object: Some(Object::Mutex),
        ..Options::default()
    };
    let said = import_as(&lines(&["0 invoke write 1"]), options).expect_err("no lock");
    assert_eq!(
        said.to_string(),
        "line 1, column 1: `:f :write` is not a mutex operation, but one of register"
    );
    let options = Options {
        object: Some(Object::Kv),
        ..Options::default()
    };
    let said = import_as(&lines(&["0 invoke write 1"]), options).expect_err("no siblings");
    assert_eq!(
        said.to_string(),
        "line 1, column 1: a recording as jepsen-edn is about register, set, counter, queue, mutex, \
         txn, not about kv"
    );
}

#[test]
fn what_is_wrong_under_a_guess_may_be_right_under_the_next() {
    // Read by key, two different keys would be the same text.
    let text = lines(&[
        "0 invoke add [:a 3]",
        "0 ok add [:a 3]",
        "0 invoke add [\":a\" 4]",
        "1 invoke read",
        "1 ok read [[:a 3]]",
    ]);
    let read = import(&text);
    assert_eq!(
        labels(&read),
        [
            "c0 add [:a 3] → ok",
            "c0 add [\":a\" 4] ?",
            "c1 read → {[:a 3]}"
        ]
    );
    // In the order of the file, a return would stand before its call.
    let text = "{:index 1 :process 0 :type :ok :f :add :value 1}
                {:index 2 :process 1 :type :invoke :f :read}
                {:index 3 :process 1 :type :ok :f :read :value 1}
                {:index 0 :process 0 :type :invoke :f :add :value 1}";
    assert_eq!(labels(&import(text)), ["c0 add 1 → ok", "c1 read → 1"]);
}

#[test]
fn a_list_of_operations_is_the_whole_file() {
    let one = lines(&["0 invoke acquire"]);
    for (text, message) in [
        (
            format!("[{one}] {one}"),
            "line 2, column 3: the list of operations was closed before this",
        ),
        (
            format!("({one}]"),
            "line 2, column 1: `]` closes what `(` opened",
        ),
        (
            format!("\n [{one}"),
            "line 2, column 2: this vector is never closed",
        ),
        (
            format!("#{{{one}}}"),
            "line 1, column 1: expected an operation as a map, found #{{:f :acquire :process 0 :type :invoke :value nil}}",
        ),
    ] {
        assert_eq!(error(&text), message);
    }
    for text in [
        format!("#a/b #c [#_ [1] {one} #_ #_ 1 2] ; end"),
        format!("#_ x ({one})"),
    ] {
        assert_eq!(labels(&import(&text)), ["c0 acquire ?"]);
    }
}
