//! Rules of the house that matter are tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Every Rust file below a folder of the project, with its path from the root.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder is readable") {
            let path = entry.expect("the entry is readable").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.sort();
    let named = files.into_iter().map(|path| {
        let name = path.strip_prefix(root()).expect("it is below the root");
        (name.to_string_lossy().into_owned(), read(&path))
    });
    named.collect()
}

fn all_files() -> Vec<(String, String)> {
    ["dynamo-core", "checker", "workloads", "tests"]
        .into_iter()
        .flat_map(rust_files)
        .collect()
}

/// The names under every `[…dependencies]` heading of a member's manifest.
fn dependencies(member: &str) -> BTreeSet<String> {
    let manifest = read(&root().join(member).join("Cargo.toml"));
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
        } else if let (true, Some((name, _))) = (inside, line.split_once('=')) {
            names.insert(name.trim().split('.').next().unwrap_or_default().to_owned());
        }
    }
    names
}

#[test]
fn judge_and_accused_do_not_know_each_other() {
    let forbidden = [
        (
            "dynamo-core",
            vec!["checker", "dynamometer-checker", "dynamometer"],
        ),
        ("checker", vec!["dynamo-core", "dynamometer", "tokio"]),
        ("workloads", vec!["dynamometer-tests"]),
    ];
    for (member, absent) in forbidden {
        let found = dependencies(member);
        assert!(!found.is_empty(), "{member} has dependencies");
        for name in absent {
            assert!(!found.contains(name), "{member} must not depend on {name}");
        }
    }
    for (name, text) in rust_files("checker/src") {
        assert!(!text.contains("dynamo_core"), "{name} names the accused");
    }
    for (name, text) in rust_files("dynamo-core") {
        assert!(!text.contains("checker::"), "{name} names the judge");
    }
}

#[test]
fn each_package_stands_in_its_place() {
    let places = [
        ("proptest", "tests/suite/promises.rs", "proptest!"),
        ("proptest", "workloads/src/strategy.rs", "use proptest::"),
        (
            "quickcheck",
            "workloads/src/arbitrary.rs",
            "use quickcheck::",
        ),
        ("petgraph", "checker/src/graph.rs", "petgraph::"),
        ("loom", "tests/loom/main.rs", "loom::model"),
        ("tokio", "workloads/src/subject/live.rs", "tokio::"),
        ("serde", "workloads/src/plan.rs", "Serialize, Deserialize"),
        (
            "serde",
            "checker/src/history/entry.rs",
            "Serialize, Deserialize",
        ),
        (
            "serde",
            "checker/src/report/bundle.rs",
            "Serialize, Deserialize",
        ),
    ];
    for (package, file, sign) in places {
        assert!(
            read(&root().join(file)).contains(sign),
            "{file} no longer uses {package}"
        );
    }
    let laws = rust_files("dynamo-core");
    assert!(
        laws.iter().any(|(_, text)| text.contains("quickcheck")),
        "laws by quickcheck"
    );
}

#[test]
fn the_graph_library_is_named_in_one_file() {
    for (name, text) in rust_files("checker/src") {
        let allowed = name == "checker/src/graph.rs";
        assert!(
            allowed || !text.contains("petgraph::"),
            "{name} names petgraph"
        );
    }
}

#[test]
fn the_core_is_pure() {
    let impure = [
        "std::time",
        "Instant",
        "SystemTime",
        "std::thread",
        "HashMap",
        "HashSet",
        "tokio",
    ];
    // What hosts a node is not the node.
    let hosts =
        ["src/server/", "src/shared/", "src/sync.rs"].map(|room| format!("dynamo-core/{room}"));
    for (name, text) in rust_files("dynamo-core/src") {
        let is_host = hosts.iter().any(|host| name.starts_with(host));
        for word in impure.iter().filter(|_| !is_host) {
            assert!(!text.contains(word), "{name} says {word}");
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    for (name, text) in all_files() {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! "), "{name} begins with {first:?}");
        let lines = text.lines().count();
        assert!(lines <= 600, "{name} has {lines} lines");
        assert_eq!(
            long_functions(&text),
            [],
            "{name}: line and length of long functions"
        );
    }
}

/// Functions of more than 70 lines: from `fn` to the brace that closes at the same indentation.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut long = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let is_fn = function(code);
        // A declaration has no body, or an empty one.
        if !is_fn || line.ends_with([';', '}']) {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|line| *line == closing);
        if let Some(length) = end.map(|end| end + 1).filter(|length| *length > 70) {
            long.push((start + 1, length));
        }
    }
    long
}

/// Whether a function begins on this line, whoever may see it.
fn function(code: &str) -> bool {
    let mut code = code;
    if let Some(public) = code.strip_prefix("pub") {
        let public = public.trim_start();
        let limit = public
            .strip_prefix('(')
            .and_then(|limit| limit.split_once(')'));
        code = limit.map_or(public, |(_, after)| after).trim_start();
    }
    for word in ["const ", "async ", "unsafe "] {
        code = code.strip_prefix(word).unwrap_or(code);
    }
    code.starts_with("fn ")
}

#[test]
fn the_length_of_functions_is_seen() {
    let body = "    let x = 1;\n".repeat(69);
    assert_eq!(
        long_functions(&format!("fn long() {{\n{body}}}\n")),
        [(1, 71)]
    );
    let body = "    let x = 1;\n".repeat(68);
    assert_eq!(long_functions(&format!("fn fits() {{\n{body}}}\n")), []);
    for line in [
        "fn f()",
        "pub fn f()",
        "pub(in crate::cli) const fn f()",
        "pub(super) async fn f()",
    ] {
        assert!(function(line), "{line}");
    }
    for line in [
        "let f = fn_of(x);",
        "public fn",
        "// fn f()",
        "pub struct F;",
    ] {
        assert!(!function(line), "{line}");
    }
}

#[test]
fn nothing_points_at_one_machine() {
    let places = ["/wor", "/ro", "/tm", "/ho"]
        .iter()
        .zip(["k/", "ot/", "p/", "me/"]);
    let words: Vec<String> = places.map(|(one, two)| format!("{one}{two}")).collect();
    for (name, text) in all_files() {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{name} contains {word}");
        }
    }
}

#[test]
fn nothing_is_left_unfinished() {
    let words: Vec<String> = [
        ("to", "do!("),
        ("unimple", "mented!("),
        ("FIX", "ME"),
        ("#[ign", "ore"),
    ]
    .iter()
    .map(|(one, two)| format!("{one}{two}"))
    .collect();
    for (name, text) in all_files() {
        for word in &words {
            assert!(!text.contains(word.as_str()), "{name} contains {word}");
        }
    }
}

#[test]
fn the_top_level_is_what_it_was_agreed_to_be() {
    let agreed = [
        ".cargo",
        ".ci",
        ".git",
        ".github",
        ".gitignore",
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "checker",
        "dynamo-core",
        "target",
        "tests",
        "workloads",
    ];
    for entry in fs::read_dir(root()).expect("the root is readable") {
        let name = entry.expect("the entry is readable").file_name();
        let name = name.to_string_lossy();
        assert!(
            agreed.contains(&name.as_ref()),
            "{name} lies at the top level"
        );
    }
}

#[test]
fn every_file_is_part_of_a_crate() {
    let files = all_files();
    for (name, _) in &files {
        let path = Path::new(name);
        let stem = path
            .file_stem()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        let folder = path.parent().expect("a file has a folder");
        let root = ["lib", "main", "build"].contains(&stem.as_str())
            || folder.ends_with("bin")
            || folder.ends_with("examples")
            || folder.ends_with("benches")
            || (folder.ends_with("tests") && !folder.ends_with("src/tests"));
        if root {
            continue;
        }
        let module = if stem == "mod" {
            folder
                .file_name()
                .expect("a folder has a name")
                .to_string_lossy()
                .into_owned()
        } else {
            stem.clone()
        };
        let declared = files.iter().any(|(other, text)| {
            other != name
                && text.lines().any(|line| {
                    let line = line.trim();
                    line.ends_with(&format!("mod {module};"))
                        || line.contains(&format!("/{module}.rs\""))
                })
        });
        assert!(declared, "{name} is declared nowhere");
    }
}
