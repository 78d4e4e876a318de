//! Bundles in the formats of others, and what readers that are not ours make of them.

mod edn;
mod goldens;
mod plain;
mod schema;
mod shiviz;
mod trace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use checker::History;
use checker::kv::Kv;
use checker::report::Bundle;
use serde_json::Value;

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/pages")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Bundles that were kept, by name, as JSON.
fn kept() -> Vec<(String, Value)> {
    let files = fs::read_dir(pages()).expect("the folder is part of the project");
    let paths = files.map(|file| file.expect("it was listed").path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 6, "{} bundles", paths.len());
    let named = paths.iter().map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy();
        let json = serde_json::from_str(&read(path)).expect("it is JSON");
        (name.into_owned(), json)
    });
    named.collect()
}

fn bundle(json: &Value) -> (Bundle, History<Kv>) {
    Bundle::read(json.to_string().as_bytes()).expect("it is a bundle")
}

/// What a store may be asked to keep, and a format may take for something else.
const HOSTILE: [&str; 9] = [
    "a\"b'c\\d`e",
    "line\nbreak\r\nand\ttab",
    "</script><!-- ]]> &amp; <b>",
    "n0 {\"n0\":99}\nn1 {\"n1\":1}\nreceives",
    "\u{2028}\u{2029}\u{feff}\u{fffd}\u{10ffff}",
    "```\n### heading | @all ````",
    "",
    "; #_ {:a 1} \\newline :nemesis",
    "Zażółć 鍵 🗝",
];

/// What commands terminals, and what JSON and XML escape or have no place for.
const CONTROLS: &str = "\u{0}\u{1}\u{8}\u{b}\u{c}\u{1b}[31m\u{7f}\u{85}";

/// A kept bundle whose keys and values begin with this word, wherever they are named.
fn with(json: &Value, word: &str) -> Value {
    match json {
        Value::String(text) => {
            let mut text = text.clone();
            for number in 0..=9 {
                text = text.replace(&format!("k{number}"), &format!("{word}k"));
                text = text.replace(&format!("v{number}"), &format!("{word}v{number}"));
            }
            text.into()
        }
        Value::Array(all) => all.iter().map(|one| with(one, word)).collect(),
        Value::Object(all) => {
            let all = all.iter();
            let all = all.map(|(name, one)| (name.clone(), with(one, word)));
            Value::Object(all.collect())
        }
        other => other.clone(),
    }
}

/// All kept bundles, and each with each hostile word.
fn all() -> Vec<(String, Value)> {
    let kept = kept();
    let mut all = kept.clone();
    for (name, json) in &kept {
        for word in HOSTILE.iter().chain([&CONTROLS]) {
            all.push((format!("{name} of {word:?}"), with(json, word)));
        }
    }
    all
}

/// What a program prints that reads this file as its last argument; `None` where it is not installed.
fn printed(program: &str, arguments: &[&str], name: &str, text: &str) -> Option<String> {
    let mut asked = Command::new(program);
    let asked = asked.arg("--version").stdout(Stdio::null()).status();
    if !asked.is_ok_and(|status| status.success()) {
        println!("not read by {program}, which is not installed");
        return None;
    }
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).expect("it can be written");
    let output = Command::new(program).args(arguments).arg(&file).output();
    let output = output.expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program}: {said}");
    Some(String::from_utf8(output.stdout).expect("it prints text"))
}
