//! `dyno flaws` as a user meets it.

use std::collections::BTreeSet;
use std::fs;

use super::{code, dyno, folder, stderr, stdout};

#[test]
fn a_flaw_is_found_told_saved_and_replayed() {
    let folder = folder("flaws");
    let out = folder.to_string_lossy().into_owned();
    let args = ["flaws", "--short", "--flaw", "forget-hints", "--out", &out];
    let output = dyno(&args);
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}{}", stderr(&output));
    assert!(
        said.contains("\nhinted handoff\n  forget-hints  handoff-delivery"),
        "{said}"
    );
    assert!(
        said.contains("\nfound         1 of 1 flaws; 1 from every base\n"),
        "{said}"
    );
    let files = fs::read_dir(&folder).expect("it is there");
    let files = files.map(|file| file.expect("readable").file_name().into_string());
    let files: BTreeSet<String> = files.map(|name| name.expect("text")).collect();
    let expected =
        ["flaws", "flaws.html", "flaws.json", "flaws.md", "flaws.txt"].map(str::to_owned);
    assert_eq!(files, expected.into());
    let page = fs::read_to_string(folder.join("flaws.html")).expect("it is text");
    assert!(
        page.contains("href=\"./flaws/forget-hints.html\""),
        "{page}"
    );
    let report = fs::read_to_string(folder.join("flaws/forget-hints.html")).expect("it is text");
    assert!(report.contains("The wrong decision"), "{report}");
    let saved = fs::read_to_string(folder.join("flaws.txt")).expect("it is text");
    assert!(said.starts_with(&saved), "{saved}");
    let bundle = folder.join("flaws/forget-hints.json");
    let bundle = bundle.to_string_lossy();
    let replayed = dyno(&["replay", &bundle]);
    assert_eq!(code(&replayed), 10, "{}", stdout(&replayed));
    let healthy = dyno(&["replay", &bundle, "--flaw", "none"]);
    assert_eq!(code(&healthy), 0, "{}", stdout(&healthy));
}

#[test]
fn a_flaw_that_is_missed_ends_with_10_and_is_named() {
    let folder = folder("flaws-missed");
    let out = folder.to_string_lossy().into_owned();
    let args = [
        "flaws",
        "--flaw",
        "skip-small-differences",
        "--bases",
        "2",
        "--runs",
        "1",
        "--out",
        &out,
    ];
    let with = |format: &str| dyno(&[&args[..], &["--format", format]].concat());
    let output = with("json");
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("it is JSON");
    assert_eq!((code(&output), &json["exit"]), (10, &10.into()));
    assert_eq!(
        json["summary"]["missed"],
        serde_json::json!(["skip-small-differences"])
    );
    assert_eq!(json["flaws"][0]["of"], 2);
    let output = with("markdown");
    let said = stdout(&output);
    assert_eq!(code(&output), 10);
    assert!(
        said.contains("\n- missed: skip-small-differences\n"),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(folder.join("flaws.md")).expect("it is text"),
        said
    );
}
