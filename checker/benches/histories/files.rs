//! Recordings of others, where they lie beside the project.

use std::path::Path;

use checker::append::Append;
use checker::import::{self, Format, Imported, Options};
use checker::register::{Register, Value};
use checker::{Budget, Checker, Verdict};
use checker::{History, linear::Linearizable, model::Appends, model::Registers};

/// A parsed recording of registers or strings.
pub(crate) enum Recording {
    Registers(Value, History<Register>),
    Strings(History<Append>),
}

impl Recording {
    /// Whether it is linearizable; no explanation.
    pub(crate) fn holds(&self) -> Option<bool> {
        let budget = Budget::default();
        match self {
            Recording::Registers(initial, history) => {
                let initial = initial.clone();
                Linearizable::new(Registers { initial }).holds(history, budget)
            }
            Recording::Strings(history) => Linearizable::new(Appends).holds(history, budget),
        }
    }

    /// The verdict with its explanation.
    pub(crate) fn check(&self) -> Verdict {
        let budget = Budget::default();
        match self {
            Recording::Registers(initial, history) => {
                let initial = initial.clone();
                Linearizable::new(Registers { initial }).check(history, budget)
            }
            Recording::Strings(history) => Linearizable::new(Appends).check(history, budget),
        }
    }
}

/// The recordings whose names begin like this, with the verdicts that their projects state; none if
/// the folder is absent.
pub(crate) fn recordings(begin: &str) -> Vec<(String, Recording, bool)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories");
    let Ok(table) = std::fs::read_to_string(folder.join("expected.tsv")) else {
        return Vec::new();
    };
    let rows = table.lines().skip(1).filter(|row| row.starts_with(begin));
    let read = rows.map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        let bytes = std::fs::read(folder.join(cells[0])).expect("the recording is there");
        let format = Format::recognise(&bytes).expect("its format is known");
        let read = import::read(&bytes, format, Options::default());
        let recording = match read.expect("the recording can be read").history {
            Imported::Register(history) => {
                let initial = cells[2].parse().map_or(Value::Nil, Value::Int);
                Recording::Registers(initial, history)
            }
            Imported::Append(history) => Recording::Strings(history),
            _ => panic!("{row} is no recording of registers or strings"),
        };
        (cells[0].to_owned(), recording, cells[3] == "valid")
    });
    read.collect()
}
