//! The corpus of recordings: each file is read, or refused, as its table says.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::history::History;
use crate::import::{Format, Imported, Options, read_file};
use crate::{Domain, Op};

pub(in crate::import) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/import")
}

/// Whole files of our own, each right in its format.
pub(in crate::import) fn samples() -> Vec<(Format, String)> {
    let rows = table("reads");
    let sample = |row: &Vec<String>| {
        let text = fs::read_to_string(folder().join("reads").join(&row[0]));
        let format = row[1].parse().expect("a format");
        (format, text.expect("the file is there"))
    };
    rows.iter().map(sample).collect()
}

/// The rows of a table, which names every file of its folder.
fn table(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder().join(name).with_extension("tsv"));
    let text = text.expect("the table is there");
    let cells = |row: &str| row.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<_> = text.lines().skip(1).map(cells).collect();
    let named: BTreeSet<_> = rows.iter().map(|row| row[0].clone()).collect();
    let files = fs::read_dir(folder().join(name)).expect("the folder is there");
    let files = files.map(|file| file.expect("a file").file_name().into_string());
    let files: BTreeSet<_> = files.map(|name| name.expect("a name")).collect();
    assert_eq!(named, files);
    rows
}

fn operations<D: Domain>(history: &History<D>) -> (usize, String) {
    let first = history.ops().first().map(Op::label);
    (history.ops().len(), first.unwrap_or_default())
}

#[test]
fn every_file_is_read_as_its_table_says() {
    for row in table("reads") {
        let file = fs::File::open(folder().join("reads").join(&row[0])).expect("the file is there");
        let import = read_file(file, None, Options::default(), &mut |_| ());
        let import = import.unwrap_or_else(|why| panic!("{}: {why}", row[0]));
        let (count, first) = match &import.history {
            Imported::Register(history) => operations(history),
            Imported::Set(history) => operations(history),
            Imported::Counter(history) => operations(history),
            Imported::Queue(history) => operations(history),
            Imported::Mutex(history) => operations(history),
            Imported::Txn(history) => operations(history),
            Imported::Append(history) => operations(history),
            Imported::Kv(history) => operations(history),
        };
        let said = |truth: bool| if truth { "yes" } else { "no" }.to_owned();
        let found = vec![
            row[0].clone(),
            import.format.to_string(),
            import.object.to_string(),
            said(import.keyed),
            said(import.timed),
            count.to_string(),
            first,
        ];
        assert_eq!(found, row);
    }
}

#[test]
fn every_broken_file_is_refused_as_its_table_says() {
    for row in table("refuses") {
        let file = fs::File::open(folder().join("refuses").join(&row[0]));
        let import = read_file(
            file.expect("it is there"),
            None,
            Options::default(),
            &mut |_| (),
        );
        let wrong = import.map(|import| import.object).expect_err(&row[0]);
        assert_eq!(vec![row[0].clone(), wrong.to_string()], row);
    }
}
