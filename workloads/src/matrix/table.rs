//! Which cell of the matrix says what, row by row.

use checker::Promise;

use super::contexts::Contexts;
use super::row::Row;

/// What is promised, and of which sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// A read sees everything that was acknowledged before it began.
    Regular,
    /// A session sees its own acknowledged writes.
    ReadYourWrites,
    /// A session does not lose sight of what it has seen.
    MonotonicReads,
    /// Nobody loses sight of what anybody had seen before: no new-old inversion.
    NoInversion,
    /// Monotonic writes of sessions whose contexts cover their past.
    MonotonicWrites,
    /// Monotonic writes of all sessions.
    MonotonicWritesBlind,
    /// Writes follow reads of sessions whose contexts cover their past.
    WritesFollowReads,
    /// Writes follow reads of all sessions.
    WritesFollowReadsBlind,
    /// Causal consistency of one key, of sessions whose contexts cover their past.
    CausalOneKey,
    /// Causal consistency of one key, of all sessions.
    CausalOneKeyBlind,
    /// Causal consistency of several keys, of sessions that read each key just before they put it.
    CausalKeys,
    /// Causal consistency of several keys, of all sessions.
    CausalKeysBlind,
    /// There is one order of all operations, within their intervals, that explains every answer.
    Linearizable,
}

impl Column {
    /// In the order of the table.
    pub const ALL: [Column; 13] = [
        Column::Regular,
        Column::ReadYourWrites,
        Column::MonotonicReads,
        Column::NoInversion,
        Column::MonotonicWrites,
        Column::MonotonicWritesBlind,
        Column::WritesFollowReads,
        Column::WritesFollowReadsBlind,
        Column::CausalOneKey,
        Column::CausalOneKeyBlind,
        Column::CausalKeys,
        Column::CausalKeysBlind,
        Column::Linearizable,
    ];

    /// The promise that it is about. What nobody loses sight of has no name of its own.
    pub fn promise(self) -> Option<Promise> {
        Some(match self {
            Column::Regular => Promise::Regular,
            Column::ReadYourWrites => Promise::ReadYourWrites,
            Column::MonotonicReads => Promise::MonotonicReads,
            Column::NoInversion => return None,
            Column::MonotonicWrites | Column::MonotonicWritesBlind => Promise::MonotonicWrites,
            Column::WritesFollowReads | Column::WritesFollowReadsBlind => {
                Promise::WritesFollowReads
            }
            Column::CausalOneKey
            | Column::CausalOneKeyBlind
            | Column::CausalKeys
            | Column::CausalKeysBlind => Promise::Causal,
            Column::Linearizable => Promise::Linearizable,
        })
    }

    /// The sessions that it is about.
    pub fn contexts(self) -> Contexts {
        match self {
            Column::MonotonicWrites | Column::WritesFollowReads | Column::CausalOneKey => {
                Contexts::Covering
            }
            Column::CausalKeys => Contexts::ReadFirst,
            _ => Contexts::Blind,
        }
    }

    /// Whether it is about several keys.
    pub fn spans_keys(self) -> bool {
        matches!(self, Column::CausalKeys | Column::CausalKeysBlind)
    }

    /// The words for the head of a table.
    pub fn name(self) -> &'static str {
        match self {
            Column::Regular => "regular",
            Column::ReadYourWrites => "RYW",
            Column::MonotonicReads => "MR",
            Column::NoInversion => "no inversion",
            Column::MonotonicWrites => "MW with",
            Column::MonotonicWritesBlind => "MW blind",
            Column::WritesFollowReads => "WFR with",
            Column::WritesFollowReadsBlind => "WFR blind",
            Column::CausalOneKey => "causal, one key, with",
            Column::CausalOneKeyBlind => "… blind",
            Column::CausalKeys => "causal, keys, read first",
            Column::CausalKeysBlind => "… not",
            Column::Linearizable => "linearizable",
        }
    }
}

/// What one configuration says of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// It must hold.
    Must,
    /// It holds of each answer by itself: whoever is shown a write is shown what its session knew. But a
    /// session that loses sight of the write later loses sight of that with it, and a judge who goes by
    /// all that a session has seen calls it broken.
    ByAnswer,
    /// It may be broken; the name of the smallest scenario, `""` where none was named.
    May(&'static str),
    /// Nothing is said.
    Unsaid,
}

impl Cell {
    /// How many calls its smallest scenario has, where it has a name.
    pub fn calls(self) -> Option<usize> {
        let Cell::May(scenario) = self else {
            return None;
        };
        Some(match scenario {
            "V9" | "V11" => 2,
            "V1" | "V2" | "V3" | "V7" | "V12" => 3,
            "V4" | "V8" | "V10" => 4,
            "V5" | "V6" => 5,
            _ => return None,
        })
    }

    /// The sign of this cell in a table.
    pub fn sign(self) -> &'static str {
        match self {
            Cell::Must => "✓",
            Cell::ByAnswer => "✓¹",
            Cell::May("") => "✗",
            Cell::May(scenario) => scenario,
            Cell::Unsaid => "–",
        }
    }
}

const MUST: Cell = Cell::Must;
const ALONE: Cell = Cell::ByAnswer;
const MAY: Cell = Cell::May("");
const NONE: Cell = Cell::Unsaid;
const V1: Cell = Cell::May("V1");
const V2: Cell = Cell::May("V2");
const V3: Cell = Cell::May("V3");
const V4: Cell = Cell::May("V4");
const V5: Cell = Cell::May("V5");
const V6: Cell = Cell::May("V6");
const V7: Cell = Cell::May("V7");
const V8: Cell = Cell::May("V8");
const V9: Cell = Cell::May("V9");
const V10: Cell = Cell::May("V10");
const V11: Cell = Cell::May("V11");
const V12: Cell = Cell::May("V12");

impl Row {
    /// The cells of this row, in the order of [`Column::ALL`].
    #[rustfmt::skip]
    pub fn cells(self) -> [Cell; 13] {
        match self {
            Row::S1 => [MUST, MUST, V1, V1, MUST, V3, ALONE, V4, V1, V1, V5, V5, V1],
            Row::S2 => [MUST, MUST, MUST, MUST, MUST, V3, MUST, V4, MUST, V3, MUST, V6, V7],
            Row::S3 => [MUST, MUST, V2, V2, MUST, MUST, ALONE, MAY, V2, V2, V5, V5, V2],
            Row::S4 => [MUST, MUST, MUST, MUST, MUST, MUST, MUST, MUST, MUST, MUST, MUST, MUST, V8],
            Row::S5 => [MUST, MUST, MUST, MUST, MUST, V3, MUST, MAY, MUST, V3, MUST, V6, V7],
            Row::S6 => [V9, V9, MAY, MAY, ALONE, MAY, ALONE, MAY, V9, V9, MAY, MAY, V9],
            Row::S7 => [MAY, MUST, MUST, MAY, MUST, MAY, MUST, MAY, MUST, MAY, V10, V10, MAY],
            Row::S8 => [MUST, MUST, MUST, MAY, MUST, MUST, MUST, MAY, MUST, MAY, V5, V5, MAY],
            Row::S9 => [MUST, MUST, V1, MAY, MUST, MAY, ALONE, MAY, MAY, MAY, MAY, MAY, MAY],
            Row::S10 => [V11, V11, MAY, MAY, ALONE, MAY, ALONE, MAY, V11, V11, MAY, MAY, V11],
            Row::S11 => [V11, V11, MUST, MUST, MUST, MAY, MUST, MAY, MAY, MAY, MAY, MAY, MAY],
            Row::L1 => [MUST, MUST, V1, V1, NONE, NONE, NONE, NONE, V1, V1, V5, V5, V1],
            Row::L2 | Row::L3w | Row::L4 => [MUST; 13],
            Row::L3 => [MUST, MUST, V2, MAY, NONE, NONE, NONE, NONE, MAY, MAY, MAY, MAY, MAY],
            Row::L5 => [V9, MAY, MAY, MAY, NONE, NONE, NONE, NONE, MAY, MAY, MAY, MAY, MAY],
            Row::L6 => [MAY, MUST, MUST, MAY, NONE, NONE, NONE, NONE, MUST, MUST, V10, V10, MAY],
            // By timestamps its reads are monotonic; by what clients see, nobody can tell.
            Row::L7 => [V12, V12, NONE, NONE, NONE, NONE, NONE, NONE, V12, V12, MAY, MAY, V12],
            Row::L8 => [V11, V11, MAY, MAY, NONE, NONE, NONE, NONE, MAY, MAY, MAY, MAY, MAY],
        }
    }

    /// What this row says of one column.
    pub fn cell(self, column: Column) -> Cell {
        self.cells()[column as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as the page of this module prints it: a row's name, its words, its cells.
    fn printed() -> Vec<Vec<String>> {
        let page = include_str!("mod.rs");
        let lines = page.lines().filter_map(|line| line.strip_prefix("//! | "));
        let cells = |line: &str| {
            let line = line.trim_end_matches(" |");
            line.split(" | ").map(str::to_owned).collect()
        };
        lines.map(cells).collect()
    }

    #[test]
    fn the_page_of_the_module_prints_the_table() {
        let head = ["row", "configuration"].map(str::to_owned);
        let names = Column::ALL.map(|column| column.name().to_owned());
        let mut expected = vec![[&head[..], &names[..]].concat()];
        for row in Row::ALL {
            let head = [row.name().to_owned(), row.words().to_owned()];
            let cells = row.cells().map(|cell| cell.sign().to_owned());
            expected.push([&head[..], &cells[..]].concat());
        }
        assert_eq!(printed(), expected);
    }

    #[test]
    fn columns_stand_where_their_number_says() {
        for (index, column) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column as usize, index);
        }
    }

    #[test]
    fn more_is_promised_to_fewer_sessions_and_linearizable_is_everything() {
        for row in Row::ALL {
            let must = |column| row.cell(column) == Cell::Must;
            for (with, blind) in [
                (Column::MonotonicWrites, Column::MonotonicWritesBlind),
                (Column::WritesFollowReads, Column::WritesFollowReadsBlind),
                (Column::CausalOneKey, Column::CausalOneKeyBlind),
                (Column::CausalKeys, Column::CausalKeysBlind),
                // One key is one of several.
                (Column::CausalOneKeyBlind, Column::CausalKeysBlind),
            ] {
                assert!(must(with) || !must(blind), "{row} {with:?} {blind:?}");
            }
            for (weaker, stronger) in [
                (Column::ReadYourWrites, Column::Regular),
                (Column::MonotonicReads, Column::NoInversion),
                (Column::ReadYourWrites, Column::CausalOneKeyBlind),
                (Column::MonotonicReads, Column::CausalOneKeyBlind),
                (Column::MonotonicWritesBlind, Column::CausalOneKeyBlind),
                (Column::WritesFollowReadsBlind, Column::CausalOneKeyBlind),
                (Column::MonotonicWrites, Column::CausalOneKey),
                (Column::WritesFollowReads, Column::CausalOneKey),
            ] {
                let unsaid = row.cell(weaker) == Cell::Unsaid;
                assert!(
                    unsaid || must(weaker) || !must(stronger),
                    "{row} {weaker:?}"
                );
            }
            // What was acknowledged stays in sight where reads are regular, and what was seen where they
            // are monotonic.
            let seen = must(Column::MonotonicReads);
            for (column, stays) in [
                (Column::MonotonicWrites, seen || must(Column::Regular)),
                (Column::WritesFollowReads, seen),
            ] {
                let alone = row.cell(column) == Cell::ByAnswer;
                assert_eq!(alone, row.keeps_siblings() && !stays, "{row} {column:?}");
            }
            if must(Column::Linearizable) {
                assert_eq!(row.cells(), [Cell::Must; 13], "{row}");
            }
        }
    }
}
