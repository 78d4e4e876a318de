//! Tests of one's own store as their author meets them: what a failure says, and how it is seen again.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use dynamometer::prelude::*;
use proptest::test_runner::{Config, TestRunner};

mod core;
mod first_test;
mod recordings;
mod running;

/// One node and the versions of its keys, by number; a context is the newest number of all.
#[derive(Default)]
struct Shelf {
    versions: Vec<(u64, Vec<u8>, Vec<u8>)>,
    newest: u64,
    /// The sin: a put replaces what it has not seen, too.
    forgets: bool,
}

impl Shelf {
    fn start(_: &Boot<'_>) -> Self {
        Shelf::default()
    }

    fn forgetful(_: &Boot<'_>) -> Self {
        Shelf {
            forgets: true,
            ..Shelf::default()
        }
    }

    fn end(&mut self, key: &[u8], context: Option<Vec<u8>>) {
        let seen = context.and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
        let seen = if self.forgets {
            self.newest
        } else {
            seen.unwrap_or(0)
        };
        self.versions
            .retain(|(version, of, _)| of != key || *version > seen);
    }

    fn answer(&mut self, request: Request) -> Reply {
        match request {
            Request::Get { key } => {
                let values = self.versions.iter().filter(|(_, of, _)| *of == key);
                Reply::Values {
                    values: values.map(|(_, _, value)| value.clone()).collect(),
                    context: self.newest.to_le_bytes().to_vec(),
                }
            }
            Request::Put {
                key,
                value,
                context,
            } => {
                self.end(&key, context);
                self.newest += 1;
                self.versions.push((self.newest, key, value));
                Reply::Stored
            }
            Request::Delete { key, context } => {
                if context.is_some() {
                    self.end(&key, context);
                }
                Reply::Stored
            }
        }
    }
}

impl Replica for Shelf {
    type Message = ();

    fn handle(&mut self, _: Time, input: Input<()>, out: &mut Vec<Output<()>>) {
        if let Input::Request { id, request } = input {
            let reply = self.answer(request);
            out.push(Output::Reply { id, reply });
        }
    }
}

type Start = fn(&Boot<'_>) -> Shelf;

/// A store without a disk is tested without crashes.
fn shelf(start: Start) -> Test<Simulated<Start, Shelf>> {
    let test = simulate(start).keeps_siblings().without(&["crash"]);
    test.nodes(1).runs(20).seed_base(1)
}

const WHAT: &str = "LIBRARY_TEST";
const PINS: &str = "LIBRARY_PINS";

/// What [`child`] runs as: a test of a store, in a process of its own.
#[test]
fn child() {
    let pins = env::var_os(PINS).map_or_else(|| PathBuf::from("no-pins"), PathBuf::from);
    match env::var(WHAT).unwrap_or_default().as_str() {
        "" => {}
        "sound" => drop(shelf(Shelf::start).pins(pins).check()),
        "forgetful" => drop(shelf(Shelf::forgetful).pins(pins).check()),
        "two nodes" => {
            let test = shelf(Shelf::start).nodes(2).quorum(1, 1, 1);
            drop(test.pins(pins).check());
        }
        "plans" => {
            let (test, mut cases) = (shelf(Shelf::start), 0);
            let cases_of = std::cell::RefCell::new(&mut cases);
            let mut runner = TestRunner::new(Config::default());
            let ran = runner.run(&test.plans(), |plan| {
                **cases_of.borrow_mut() += 1;
                Ok(test.holds(&plan)?)
            });
            ran.expect("the store is sound");
            println!("cases {cases}");
        }
        other => panic!("no such child: {other}"),
    }
}

/// Runs [`child`] as this, with these variables.
fn run(what: &str, variables: &[(&str, &str)]) -> process::Output {
    let mut command = Command::new(env::current_exe().expect("this test runs"));
    command.args(["--exact", "child", "--nocapture"]);
    for name in [
        "DYNO_REPLAY",
        "DYNO_SEED",
        "DYNO_RUNS",
        "DYNO_BUDGET",
        "DYNO_OUT",
    ] {
        command.env_remove(name);
    }
    command.env(WHAT, what).env("RUST_BACKTRACE", "1");
    command.envs(variables.iter().copied());
    command.output().expect("the test can be run")
}

fn passes(what: &str, variables: &[(&str, &str)]) -> String {
    let output = run(what, variables);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", stderr(&output));
    said
}

fn fails(what: &str, variables: &[(&str, &str)]) -> String {
    let output = run(what, variables);
    assert!(!output.status.success());
    stderr(&output)
}

fn stderr(output: &process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the folder can be made");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("folders of tests have plain names")
}

/// What stands behind a label.
fn field<'a>(message: &'a str, label: &str) -> &'a str {
    let label = format!("  {label:<9} ");
    let mut lines = message.lines();
    let line = lines.find_map(|line| line.strip_prefix(label.as_str()));
    line.unwrap_or_else(|| panic!("no {label:?} in {message}"))
}

/// The bundle of the forgetful store, and what its test said.
fn found(out: &Path) -> (String, PathBuf) {
    let message = fails("forgetful", &[("DYNO_OUT", text(out))]);
    let page = PathBuf::from(field(&message, "report"));
    let text = fs::read_to_string(&page).expect("the page is there");
    assert!(
        text.starts_with("<!doctype html>") && text.ends_with("</html>\n"),
        "{message}"
    );
    (message, page.with_extension("json"))
}

fn dyno(args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dyno")).args(args).output();
    let output = output.expect("the command runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
    (output.status.code().expect("it was not killed"), said)
}

#[test]
fn a_failure_begins_with_its_sentence_and_ends_with_its_place() {
    let out = folder("library-message");
    let (message, bundle) = found(&out);
    let first = message.lines().next().unwrap_or_default();
    assert!(
        first.starts_with(
            "Error: sibling-preservation (lost write) violated: An acknowledged write"
        ),
        "{message}"
    );
    assert!(message.lines().count() <= 40, "{message}");
    assert!(
        field(&message, "size").starts_with("2 calls, 0 faults, 1 node (from "),
        "{message}"
    );
    assert!(bundle.starts_with(&out) && bundle.is_file(), "{message}");
    assert_eq!(
        field(&message, "replay"),
        format!(
            "DYNO_REPLAY={} cargo test -p dynamometer --test library -- --exact child",
            bundle.display()
        )
    );
    assert!(
        field(&message, "at").contains("tests/library/main.rs:"),
        "{message}"
    );
    assert!(!message.contains("stack backtrace"), "{message}");
}

#[test]
fn a_bundle_fails_again_as_it_failed_and_holds_once_the_store_is_mended() {
    let (message, bundle) = found(&folder("library-replay"));
    let replay = [("DYNO_REPLAY", text(&bundle))];
    assert_eq!(fails("forgetful", &replay), message);
    assert!(passes("sound", &replay).contains("sibling-preservation (lost write) holds now"));
    let other = fails("two nodes", &replay);
    assert!(other.contains("its cluster is not this test's"), "{other}");
    let gone = fails("sound", &[("DYNO_REPLAY", "gone.json")]);
    assert!(gone.starts_with("Error: cannot replay gone.json"), "{gone}");
    let (code, said) = dyno(&["replay", text(&bundle)]);
    assert_eq!(code, 2);
    assert!(
        said.contains("recorded by the test library::child"),
        "{said}"
    );
}

#[test]
fn a_seed_is_run_again_and_wrong_values_are_refused() {
    let out = folder("library-seed");
    let (message, _) = found(&out);
    let seed = field(&message, "seed");
    let again = fails(
        "forgetful",
        &[("DYNO_SEED", seed), ("DYNO_OUT", text(&out))],
    );
    assert_eq!(again, message);
    let refused = fails("sound", &[("DYNO_RUNS", "0")]);
    assert!(refused.starts_with("Error: DYNO_RUNS=0 is refused: it must be at least 1\n"));
    let runs = passes("sound", &[("DYNO_RUNS", "3")]);
    assert!(runs.contains("runs 3   pins 0"), "{runs}");
}

#[test]
fn a_pin_runs_first_and_never_passes_silently() {
    let (message, bundle) = found(&folder("library-pin"));
    let pins = folder("library-pins");
    let (code, said) = dyno(&["pin", text(&bundle), "--dir", text(&pins)]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("the test library::child runs it first"),
        "{said}"
    );
    let set = [(PINS, text(&pins))];
    let broken = fails("forgetful", &set);
    assert_eq!(broken.lines().next(), message.lines().next());
    assert!(
        field(&broken, "note").ends_with("is pinned: it was broken before"),
        "{broken}"
    );
    assert!(passes("sound", &set).contains("runs 20   pins 1"));
    let stale = fails("two nodes", &set);
    assert!(stale.starts_with("Error: stale pin "), "{stale}");
    assert!(stale.contains("its cluster is not this test's"), "{stale}");
    fs::write(pins.join("torn.json"), "{").expect("the folder is there");
    let stale = fails("sound", &set);
    assert!(
        stale.starts_with("Error: stale pin ") && stale.contains("torn.json: it is not a bundle")
    );
    let core = fs::read_to_string(&bundle).expect("it was written");
    let core = core.replace("test library::child", "core");
    fs::write(pins.join("torn.json"), &core).expect("the folder is there");
    assert!(fails("sound", &set).contains("no test runs it"));
    let core = pins.join("torn.json");
    assert_eq!(dyno(&["pin", text(&core), "--dir", text(&pins)]).0, 2);
}

#[test]
fn a_bundle_that_cannot_be_written_is_told() {
    let out = folder("library-unwritten").join("file");
    fs::write(&out, "no folder").expect("the folder is there");
    let message = fails("forgetful", &[("DYNO_OUT", text(&out))]);
    assert!(
        field(&message, "report").contains("cannot write"),
        "{message}"
    );
    // `{"format":"dyno/1"`
    assert!(message.contains("\neyJmb3JtYXQiOiJkeW5vLzEi"), "{message}");
}

#[test]
fn proptest_decides_how_many_plans_and_shows_our_replay_line() {
    assert!(passes("plans", &[("PROPTEST_CASES", "7")]).contains("cases 7"));
    let test = shelf(Shelf::forgetful).out(folder("library-proptest"));
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let ran = TestRunner::new(config).run(&test.plans(), |plan| Ok(test.holds(&plan)?));
    let said = ran.expect_err("it forgets").to_string();
    assert!(
        said.contains("Error: sibling-preservation (lost write) violated"),
        "{said}"
    );
    assert!(said.contains("  replay    DYNO_REPLAY="), "{said}");
}

#[test]
fn quickcheck_plans_run_on_any_cluster() {
    #[expect(clippy::needless_pass_by_value, reason = "as quickcheck calls it")]
    fn sound(plan: Plan) -> Result<(), Box<Failed>> {
        shelf(Shelf::start).holds(&plan)
    }
    let mut quick = quickcheck::QuickCheck::new().tests(20);
    quick.quickcheck(sound as fn(Plan) -> Result<(), Box<Failed>>);
}

#[test]
fn a_store_that_is_not_deterministic_or_panics_is_told_so() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static STARTS: AtomicU64 = AtomicU64::new(0);
    let wavering = |_: &Boot<'_>| Shelf {
        newest: STARTS.fetch_add(1, Ordering::Relaxed),
        ..Shelf::default()
    };
    let test = simulate(wavering).keeps_siblings().without(&["crash"]);
    let failed = test.nodes(1).runs(3).run().expect_err("contexts differ");
    assert_eq!(failed.cause(), Cause::TwoWays, "{failed}");
    let brittle = |boot: &Boot<'_>| {
        assert!(boot.now < Time(1_000), "no restart was thought of");
        Shelf::default()
    };
    let test = simulate(brittle).keeps_siblings().nodes(1).seed_base(1);
    let failed = test.run().expect_err("some node restarts");
    assert_eq!(failed.cause(), Cause::Panicked, "{failed}");
    let said = failed.to_string();
    assert!(
        said.starts_with("Error: the store panicked: no restart was thought of"),
        "{said}"
    );
    let seed = field(&said, "replay");
    assert!(seed.starts_with("DYNO_SEED=0x"), "{said}");
}

#[test]
fn a_store_that_refuses_everything_exercises_nothing() {
    struct Deaf;
    impl Replica for Deaf {
        type Message = ();
        fn handle(&mut self, _: Time, input: Input<()>, out: &mut Vec<Output<()>>) {
            if let Input::Request { id, .. } = input {
                let reply = Reply::Refused("no".into());
                out.push(Output::Reply { id, reply });
            }
        }
    }
    let test = simulate(|_| Deaf).keeps_siblings().runs(20).seed_base(1);
    let failed = test.run().expect_err("nothing could break");
    assert_eq!(failed.cause(), Cause::Idle, "{failed}");
    let misused = simulate(|_| Deaf).keeps_siblings().without(&["meteor"]);
    let failed = misused.run().expect_err("there is no such fault");
    assert!(
        failed.to_string().contains("there is no fault \"meteor\""),
        "{failed}"
    );
}

#[test]
fn the_command_knows_the_variables() {
    for args in [&["env"][..], &["help", "env"]] {
        let (code, said) = dyno(args);
        assert_eq!(code, 0);
        assert!(said.contains("DYNO_REPLAY  FILE "), "{said}");
    }
}
