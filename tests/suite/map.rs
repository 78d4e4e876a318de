//! The page of the core maps the paper to modules, choices and tests: all of them exist.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below a folder, with its path from there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is part of the project");
    let paths = entries.map(|entry| entry.expect("it was listed").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// The rows of the table, each with its five cells.
fn rows(page: &str) -> Vec<Vec<String>> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows = rows.filter(|row| row.starts_with('§') || row.starts_with('('));
    rows.map(|row| row.split(" | ").map(str::to_owned).collect())
        .collect()
}

/// What stands between backticks, with `a/{b,c}.rs` written out.
fn quoted(cell: &str) -> Vec<String> {
    let words = cell.split('`').skip(1).step_by(2);
    words
        .flat_map(|word| match (word.split_once('{'), word.split_once('}')) {
            (Some((before, _)), Some((inner, after))) => {
                let inner = inner.split_once('{').map_or("", |(_, inner)| inner);
                let each = inner.split(',');
                each.map(|one| format!("{before}{one}{after}")).collect()
            }
            _ => vec![word.to_owned()],
        })
        .collect()
}

#[test]
fn every_mechanism_is_mapped_to_modules_and_tests_that_exist() {
    let core = root().join("dynamo-core");
    let page = fs::read_to_string(core.join("src/lib.rs")).expect("the core has a page");
    let rows = rows(&page);
    assert!(rows.len() >= 18, "{} mechanisms", rows.len());
    let sources = [files(&core.join("src")), files(&core.join("tests"))].concat();
    let texts: Vec<String> = sources
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    let stories = root().join("tests/scenarios");
    for row in &rows {
        assert_eq!(row.len(), 5, "{row:?}");
        for module in quoted(&row[2]) {
            assert!(core.join("src").join(&module).exists(), "{module}");
        }
        let shown = quoted(&row[4]);
        assert!(!shown.is_empty(), "{row:?}");
        for name in shown {
            let found = match name.rsplit_once('.') {
                Some((_, "txt")) => stories.join(&name).exists(),
                Some(_) => sources.iter().any(|path| path.ends_with(&name)),
                None => {
                    let test = format!("fn {name}()");
                    texts.iter().any(|text| text.contains(&test))
                }
            };
            assert!(found, "{name} shows nothing");
        }
    }
}
