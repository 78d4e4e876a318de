//! Registers, and what all objects of Jepsen's histories have in common, by examples.

use super::*;
use crate::history::History;
use crate::import::{Format, Import, ImportError, Imported, Options, read};
use crate::note::Note;

fn import(text: &str, options: Options) -> Result<Import, ImportError> {
    read(text.as_bytes(), Format::JepsenEdn, options)
}

fn history(import: Import) -> History<Register> {
    match import.history {
        Imported::Register(history) => history,
        other => panic!("{other:?} is no register history"),
    }
}

fn labels(text: &str) -> Vec<String> {
    let import = import(text, Options::default()).expect(text);
    let labels = history(import);
    labels
        .ops()
        .iter()
        .map(|op| format!("{} {}", op.process, op.label()))
        .collect()
}

fn error(text: &str) -> String {
    import(text, Options::default())
        .expect_err(text)
        .to_string()
}

fn op(process: u64, kind: &str, f: &str, value: &str) -> String {
    format!("{{:process {process}, :type :{kind}, :f :{f}, :value {value}}}\n")
}

#[test]
fn every_outcome_is_read() {
    let text = [
        op(0, "invoke", "write", "3"),
        op(0, "ok", "write", "3"),
        op(0, "invoke", "read", "nil"),
        op(0, "ok", "read", "3"),
        op(0, "invoke", "cas", "[3 4]"),
        op(0, "fail", "cas", "[3 4]"),
        op(0, "invoke", "write", "-5"),
        op(0, "info", "write", "-5"),
        op(0, "invoke", "cas", "(1 2)"),
        op(0, "ok", "cas", "(1 2)"),
        op(1, "invoke", "read", "nil"),
    ]
    .concat();
    let expected = [
        "c0 write 3 → ok",
        "c0 read → 3",
        "c0 cas 3 4 failed",
        "c0 write -5 ?",
        "c0 cas 1 2 → ok",
        "c1 read ?",
    ];
    assert_eq!(labels(&text), expected);
    for variant in [
        format!("[{text}]"),
        format!("(\n{text})"),
        text.replace("}\n", "},\r\n"),
        text.replace(", :", " :").replace('\n', " "),
        format!("\u{feff}; a comment\n{}", text.trim_end()),
        text.replace('{', "#jepsen.history.Op{"),
        text.replace(
            "{:",
            "{:time 5, :error [:a/b \"c\" 1.5M #inst \"x\"], #_ #_ :value 9 :",
        ),
    ] {
        assert_eq!(labels(&variant), labels(&text), "{variant}");
    }
}

#[test]
fn a_file_on_one_line_still_has_an_order() {
    let text = [
        op(0, "invoke", "write", "1"),
        op(0, "ok", "write", "1"),
        op(1, "invoke", "read", "nil"),
    ];
    let import = import(&text.concat().replace('\n', " "), Options::default()).expect("EDN");
    assert!(import.lines.iter().eq([1, 1, 1]));
    let history = history(import);
    assert!(history.ops()[0].precedes(&history.ops()[1]));
}

#[test]
fn times_and_lines_are_those_of_the_file() {
    let text = format!(
        ";\n\n{}\n{}",
        op(0, "invoke", "write", "1"),
        op(0, "ok", "write", "1")
    );
    let import = import(&text, Options::default()).expect("EDN");
    assert!(import.lines.iter().eq([3, 5]));
    let times: Vec<_> = history(import)
        .entries()
        .map(|entry| entry.at().0)
        .collect();
    assert_eq!(times, [3, 5]);
}

#[test]
fn nil_is_what_the_user_says() {
    let text = [op(0, "invoke", "read", "nil"), op(0, "ok", "read", "nil")].concat();
    assert_eq!(labels(&text), ["c0 read → unseen"]);
    let nil = Some(NilMeaning::Value);
    let options = Options {
        nil,
        ..Options::default()
    };
    let read = history(import(&text, options).expect("EDN"));
    assert_eq!(read.ops()[0].label(), "read → nil");
}

#[test]
fn values_of_any_kind_are_told_apart() {
    let written = |value: &str| {
        let text = op(0, "invoke", "write", value);
        history(import(&text, Options::default()).expect(value)).ops()[0]
            .call
            .action
            .clone()
    };
    let text = |text: &str| Action::Write(Value::Text(text.into()));
    assert_eq!(written("3N"), Action::Write(Value::Int(3)));
    assert_eq!(written("0xFF"), Action::Write(Value::Int(255)));
    assert_eq!(written("nil"), Action::Write(Value::Nil));
    assert_eq!(written("\"nil\""), text("nil"));
    assert_eq!(written("1.5"), text("1.5"));
    assert_eq!(written(":a/b"), text(":a/b"));
    assert_eq!(
        written("99999999999999999999"),
        text("99999999999999999999")
    );
    assert_eq!(written("{:b 1, :a 2}"), written("{:a 2 :b 1}"));
    assert_eq!(written("(1 2 3)"), written("[1 2 3]"));
    assert_eq!(written("#{(1)}"), written("#{[1]}"));
    assert_eq!(
        written("+99999999999999999999N"),
        text("99999999999999999999")
    );
    assert_eq!(written("1.00"), text("1.0"));
    assert_ne!(written("1.0M"), written("1.0"));
    let both = [
        op(0, "invoke", "write", "\":a\""),
        op(1, "invoke", "write", ":a"),
    ]
    .concat();
    assert_eq!(
        error(&both),
        "line 2, column 1: a string and another form are both written :a and cannot be told apart"
    );
}

#[test]
fn pairs_are_keyed_only_if_all_of_them_can_be() {
    let keyed = [
        op(0, "invoke", "write", "[\"x\" 1]"),
        op(1, "invoke", "cas", "[\"x\" [1 2]]"),
        op(0, "ok", "write", "[\"x\" 1]"),
        op(2, "invoke", "read", "[:y nil]"),
        op(2, "ok", "read", "[:y nil]"),
        op(1, "info", "cas", ":timed-out"),
    ]
    .concat();
    let read = import(&keyed, Options::default()).expect("EDN");
    assert!(read.keyed);
    let expected = ["c0 write x 1 → ok", "c1 cas x 1 2 ?", "c2 read :y → unseen"];
    assert_eq!(labels(&keyed), expected);

    let cas = [op(0, "invoke", "cas", "[1 2]"), op(0, "ok", "cas", "[1 2]")].concat();
    assert!(!import(&cas, Options::default()).expect("EDN").keyed);
    let forced = Options {
        keyed: Some(true),
        ..Options::default()
    };
    assert_eq!(
        import(&cas, forced).expect_err("no keys").to_string(),
        "line 1, column 1: `:f :cas` takes [key [old new]], found [1 2]"
    );
    let plain = Options {
        keyed: Some(false),
        ..Options::default()
    };
    let writes = op(0, "invoke", "write", "[1 2]");
    assert!(import(&writes, Options::default()).expect("EDN").keyed);
    let read = import(&writes, plain).expect("EDN");
    assert!(!read.keyed);
    assert_eq!(history(read).ops()[0].label(), "write [1 2] ?");
}

#[test]
fn keys_that_are_only_sometimes_there_are_an_error_not_one_register() {
    let text = [
        op(0, "invoke", "read", "[1 nil]"),
        op(1, "invoke", "read", "nil"),
    ]
    .concat();
    assert_eq!(
        error(&text),
        "line 1, column 1: `:f :read` takes no collection in a call, found [1 nil]"
    );
    let other = [
        op(0, "invoke", "read", "[1 nil]"),
        op(0, "ok", "read", "[2 5]"),
    ]
    .concat();
    assert_eq!(
        error(&other),
        "line 2, column 1: this returns [2 5], but line 1 called read 1"
    );
}

#[test]
fn a_key_beside_the_value_names_the_register() {
    let text = "{:process 0 :type :invoke :f :write :key \"x\" :value 1}
                {:process 0 :type :ok :f :write :value 1}";
    assert_eq!(labels(text), ["c0 write x 1 → ok"]);
    // A field of this name that only some calls have is none that matters.
    let extra = "{:process 0 :type :invoke :f :write :key \"x\" :value 1}
                 {:process 0 :type :ok :f :write :key \"x\" :value 1}
                 {:process 0 :type :invoke :f :write :value 2}";
    assert_eq!(labels(extra), ["c0 write 1 → ok", "c0 write 2 ?"]);
    let pairs = extra
        .replace(":value 1", ":value [7 1]")
        .replace(":value 2", ":value [7 2]");
    assert_eq!(labels(&pairs), ["c0 write 7 1 → ok", "c0 write 7 2 ?"]);
}

#[test]
fn indices_give_the_order_when_all_have_one() {
    let text = "{:index 2 :process 0 :type :invoke :f :read}
                {:index 0 :process 0 :type :invoke :f :write :value 1}
                {:index 1 :process 0 :type :ok :f :write :value 1}";
    assert_eq!(labels(text), ["c0 write 1 → ok", "c0 read ?"]);
    let twice = text.replace(":index 2", ":index 1");
    assert_eq!(
        error(&twice),
        "line 3, column 17: `:index 1` is given to a second operation"
    );
    let unset = text.replace(":index 2", ":index -1");
    assert_eq!(
        error(&unset),
        "line 2, column 17: process 0 calls while its call of line 1 is still open"
    );
}

#[test]
fn a_nemesis_leaves_notes() {
    let step =
        |f: &str| format!("{{:process :nemesis, :type :info, :f {f}, :value {{1 #{{2}}}}}}\n");
    let steps = [
        ":start-partition",
        ":start-partition",
        ":other",
        ":stop-partition",
        ":start",
    ];
    let text = steps.map(step).concat() + &op(0, "invoke", "read", "nil");
    let read = history(import(&text, Options::default()).expect("EDN"));
    let fault = |what: &str, begins| Note::Fault {
        what: what.into(),
        begins,
    };
    let expected = [
        fault("partition", true),
        fault("partition", false),
        fault("fault", true),
    ];
    assert_eq!(
        read.notes()
            .map(|(_, note)| note.clone())
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(read.ops().len(), 1);
}

#[test]
fn every_wrong_operation_is_named_with_its_line() {
    let good = op(0, "invoke", "write", "1");
    for (line, message) in [
        (
            "{:process 1 :type :ok :f :read}",
            "process 1 returns but has no open call",
        ),
        (
            "{:process 1 :type :info :f :read}",
            "process 1 returns but has no open call",
        ),
        (
            "{:process 0 :type :invoke :f :read}",
            "process 0 calls while its call of line 1 is still open",
        ),
        (
            "{:process 0 :type :ok :f :read}",
            "this returns :read, but line 1 called write 1",
        ),
        (
            "{:process 1 :type :invoke :f :txn}",
            "`:f :txn` is not a register operation, but one of txn",
        ),
        (
            "{:process 1 :type :invoke :f :txn :value [[:r 1 nil]]}",
            "`:f :txn` is not a register operation, but one of txn",
        ),
        (
            "{:type :invoke :value [[:append 253 1]]}",
            "this operation has no `:process`",
        ),
        ("{:process 1 :type :invoke}", "this operation has no `:f`"),
        ("{:process 1 :f :read}", "this operation has no `:type`"),
        (
            "{:type :invoke :f :read}",
            "this operation has no `:process`",
        ),
        (
            "{:process 1 :process 2 :f :read}",
            "this operation has `:process` twice",
        ),
        (
            "{:process 1 :type :began :f :read}",
            "`:type :began` is none of :invoke, :ok, :fail, :info",
        ),
        (
            "{:process \"0\" :type :invoke :f :read}",
            "`:process \"0\"` is not the number of a client",
        ),
        (
            "{:process 1 :type :invoke :f :cas :value 3}",
            "`:f :cas` takes [old new], found 3",
        ),
        (
            "{:process 1 :type :invoke :f :cas :value [1 2 3]}",
            "`:f :cas` takes [old new], found [1 2 3]",
        ),
        ("[1 2]", "expected an operation as a map, found [1 2]"),
        ("{:process 1 :type", "this map is never closed"),
        ("{:process 1 :type}", "this map has a key without a value"),
        ("}", "`}` closes nothing"),
    ] {
        let said = error(&format!("{good}{line}"));
        let (place, said) = said.split_once(": ").expect("a place in front");
        assert!(place.starts_with("line 2, column "), "{place}: {said}");
        assert_eq!(said, message);
    }
}

#[test]
fn a_file_with_nothing_in_it_is_an_error() {
    for text in [
        "",
        " \r\n\t",
        "\u{feff}",
        "; only a comment",
        "[]",
        "()",
        "#_{:process 0}",
    ] {
        assert_eq!(
            error(text),
            "line 1, column 1: there is nothing in it",
            "{text:?}"
        );
    }
}
