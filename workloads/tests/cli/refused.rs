//! Settings that cannot be meant are refused, with their place.

use super::settings::{done, here, profile};
use super::{code, folder, stderr, stdout};

/// What is in `dyno.toml`, and what is said of it.
const FILES: [(&str, &str); 15] = [
    (
        "[profile.ci]\n  bugdet = \"5m\"",
        "dyno.toml:2:3: unknown key bugdet; did you mean budget?",
    ),
    (
        "[profile.ci]\nbudget = 5",
        "dyno.toml:2:10: budget is a string, and this is of type integer",
    ),
    (
        "[profile.ci]\nbudget = \"5\"",
        "dyno.toml:2:10: its unit is ms, s, m or h, as in 30s",
    ),
    (
        "[profile.ci]\npreset = \"weka\"",
        "dyno.toml:2:10: there is no weka; did you mean weak?",
    ),
    (
        "[profile.ci]\nflaw = \"teapot\"",
        "dyno.toml:2:8: there is no teapot",
    ),
    (
        "[profile.ci]\nformat = \"teapot\"",
        "dyno.toml:2:10: there is no teapot, but human, json, markdown, junit",
    ),
    ("[profile.ci]\nruns = 0", "dyno.toml:2:8: 0 is not in 1.."),
    ("[profile.ci]\nquiet = 3", "dyno.toml:2:9: it is 0, 1 or 2"),
    ("[profile.ci]\nout = \"\"", "dyno.toml:2:7: it is empty"),
    (
        "[profile.ci]\nproperty = [\"convergence\", \"nothing\"]",
        "dyno.toml:2:12: there is no nothing",
    ),
    (
        "[profile.ci]\nseed = 7",
        "dyno.toml:2:1: seed is different in every run: say it with --seed or DYNO_SEED",
    ),
    (
        "[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"",
        "dyno.toml:4:12: profiles inherit one another",
    ),
    (
        "[profile.a]\ninherits = \"defualt\"\n[profile.default]",
        "dyno.toml:2:12: there is no profile defualt; did you mean default?",
    ),
    ("[profile.ci\n", "dyno.toml:1:12: "),
    (
        "[proflie.ci]\n",
        "dyno.toml:1:2: unknown table proflie: there is only [profile.NAME]",
    ),
];

/// A call, the variables that are set, and what is said of them.
type Refused = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static str,
);

const CALLS: &[Refused] = &[
    (
        &["hunt", "--profile", "nigth"],
        &[],
        "--profile asks for the profile nigth, which is not in dyno.toml; did you mean night?",
    ),
    (
        &["hunt"],
        &[("DYNO_PROFILE", "teapot")],
        "DYNO_PROFILE asks for the profile teapot, which is not in dyno.toml: it has default, night",
    ),
    (
        &["hunt", "--config", "none.toml"],
        &[],
        "cannot read none.toml: ",
    ),
    (
        &["hunt"],
        &[("DYNO_BUDGET", "30")],
        "DYNO_BUDGET=30 is refused: its unit is ms, s, m or h",
    ),
    (
        &["hunt"],
        &[("DYNO_PRESET", "weka")],
        "DYNO_PRESET=weka is refused: there is no weka; did you mean weak?",
    ),
    (
        &["hunt"],
        &[("DYNO_KEEP_GOING", "perhaps")],
        "DYNO_KEEP_GOING=perhaps is refused",
    ),
    (
        &["hunt"],
        &[("DYNO_OUT", "")],
        "DYNO_OUT= is refused: it is empty",
    ),
    (
        &["explore"],
        &[("DYNO_COLOR", "red")],
        "DYNO_COLOR=red is refused",
    ),
    (
        &["hunt"],
        &[("DYNO_SEED", "7"), ("DYNO_RUNS", "9")],
        "DYNO_SEED and DYNO_RUNS exclude each other",
    ),
    (
        &["config", "--", "--bugdet", "5m"],
        &[],
        "error: unexpected argument '--bugdet'",
    ),
];

#[test]
fn what_is_wrong_in_a_file_is_refused_with_its_place() {
    let folder = folder("wrong-file");
    for (text, says) in FILES {
        profile(&folder, text);
        // Also of commands that obey little of it, and of profiles that are not used.
        for command in [
            &["hunt"][..],
            &["config"],
            &["explore", "--program", "put@0"],
        ] {
            let output = done(here(&folder, command));
            assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{text}");
            let said = stderr(&output);
            let begins = format!("error: {says}");
            assert!(said.starts_with(&begins), "{text}: {said}");
        }
    }
}

#[test]
fn what_is_wrong_in_variables_and_flags_is_refused_by_name() {
    let folder = folder("wrong-call");
    profile(
        &folder,
        "[profile.default]\nseed-base = 1\n[profile.night]\n",
    );
    for (args, set, says) in CALLS {
        let mut command = here(&folder, args);
        command.envs(set.iter().copied());
        let output = done(command);
        assert_eq!(code(&output), 2, "{args:?}: {}", stdout(&output));
        let said = stderr(&output);
        assert!(said.contains(says), "{args:?} {set:?}: {said}");
    }
}
