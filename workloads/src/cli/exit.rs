//! Exit codes: what a script can tell apart.

use std::fmt::Write;
use std::process::ExitCode;

use crate::standing::Standing;

/// How a command ended. The worst comes first when several apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// The target could not be built or driven.
    Target,
    /// A promise is violated, or a flaw of the catalogue was missed.
    Violated,
    /// A run is not deterministic, or equal sources do not reproduce their own bundle.
    TwoWays,
    /// It was asked to end early; what it says is of what was done until then.
    Interrupted,
    /// Nothing is violated, but something is undecided, or an exploration was cut short.
    Undecided,
    /// A promise that was asked for had no chance to be broken.
    Idle,
    /// Nothing is violated.
    Fine,
}

impl Exit {
    /// How one promise alone would have it.
    pub(super) fn of(standing: &Standing) -> Self {
        if standing.broken > 0 {
            Exit::Violated
        } else if standing.undecided > 0 {
            Exit::Undecided
        } else if standing.held == 0 {
            Exit::Idle
        } else {
            Exit::Fine
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Exit::Target => 12,
            Exit::Violated => 10,
            Exit::TwoWays => 13,
            Exit::Interrupted => 130,
            Exit::Undecided => 11,
            Exit::Idle => 14,
            Exit::Fine => 0,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}

/// Bad usage, or input that cannot be read.
pub(super) const USAGE: u8 = 2;

/// A broken invariant of our own.
pub(super) const INTERNAL: u8 = 70;

/// An exit code, and what it says.
pub(super) struct Row {
    pub(super) code: u8,
    /// In a few words.
    short: &'static str,
    /// In a sentence.
    pub(super) means: &'static str,
    /// What it says of commands of which it says something else.
    of: &'static [(&'static str, &'static str)],
}

/// All exit codes, the worst first: it wins where several apply.
pub(super) const TABLE: [Row; 9] = [
    Row {
        code: INTERNAL,
        short: "internal error",
        means: "dyno itself is broken: please report it. What was saved until then is valid",
        of: &[],
    },
    Row {
        code: USAGE,
        short: "usage or unreadable input",
        means: "a flag, a variable, dyno.toml or a file cannot be understood; nothing was judged",
        of: &[],
    },
    Row {
        code: 12,
        short: "target could not be driven",
        means: "the target could not be driven, so nothing is said of its promises",
        of: &[
            ("merge", "a shard is missing"),
            ("node", "the disk or an address cannot be used"),
        ],
    },
    Row {
        code: 10,
        short: "violated",
        means: "a promise is violated",
        of: &[
            ("replay", "reproduced: it fails as recorded"),
            ("explain", "explained"),
            ("shrink", "the bundle that was written fails as before"),
            ("flaws", "a flaw was missed"),
        ],
    },
    Row {
        code: 13,
        short: "not deterministic or not reproduced",
        means: "two runs of one seed differ, or a bundle does not run as recorded",
        of: &[
            ("explain", "it does not fail that way any more"),
            ("shrink", "it does not fail that way any more"),
        ],
    },
    Row {
        code: 130,
        short: "interrupted",
        means: "interrupted by Ctrl-C; what is said is of what was done until then",
        of: &[],
    },
    Row {
        code: 11,
        short: "undecided",
        means: "nothing is violated, but something could not be decided; hunt --undecided pass makes it 0",
        of: &[(
            "explore",
            "nothing is violated, but the search was cut short",
        )],
    },
    Row {
        code: 14,
        short: "nothing exercised",
        means: "a promise that was asked for never had a chance to be broken, or nothing was run",
        of: &[],
    },
    Row {
        code: 0,
        short: "nothing violated",
        means: "checked, and nothing is violated",
        of: &[
            ("replay", "the promise now holds"),
            ("explain", "nothing to explain"),
            ("shrink", "nothing to shrink"),
            ("flaws", "each flaw was found"),
            ("report", "written"),
            ("node", "it was told to stop"),
            ("export", "written"),
            ("pin", "written"),
            ("config", "told"),
            ("trace", "told"),
        ],
    },
];

/// Those of commands that judge nothing.
const WRITERS: [&str; 5] = ["report", "export", "pin", "config", "trace"];

/// What the help of a command says about its exit codes.
pub(super) fn of(command: &str) -> String {
    let possible = |row: &&Row| {
        let writes = WRITERS.contains(&command);
        !writes || row.code == 0 || row.code == USAGE || row.code == INTERNAL
    };
    let rows = TABLE.iter().rev().filter(possible);
    let said = rows.map(|row| {
        let own = row.of.iter().find(|(name, _)| *name == command);
        format!("{} {}", row.code, own.map_or(row.short, |(_, says)| says))
    });
    let said: Vec<String> = said.collect();
    format!("Exit codes: {}.\nSee dyno help exit-codes.", lines(&said))
}

/// What the help of all commands says about them.
pub(super) fn short() -> String {
    of("")
}

/// The whole table, for `dyno help exit-codes`.
pub(super) fn topic() -> String {
    let mut out = String::from("code  what it says\n");
    for row in TABLE.iter().rev() {
        let _ = writeln!(out, "{:>4}  {}", row.code, row.means);
        for (command, says) in row.of {
            let _ = writeln!(out, "        {command}: {says}");
        }
    }
    let worst: Vec<String> = TABLE.iter().map(|row| row.code.to_string()).collect();
    let _ = writeln!(out, "\nThe worst wins: {}.", worst.join(", "));
    out
}

/// Items with commas, in lines of at most 100 columns.
fn lines(items: &[String]) -> String {
    let mut out = String::new();
    let mut column = "Exit codes: ".len();
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            let breaks = column + item.len() + 3 > 100;
            out.push_str(if breaks { ",\n" } else { ", " });
            column = if breaks { 0 } else { column + 2 };
        }
        out.push_str(item);
        column += item.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_exit_in_the_order_in_which_they_win() {
        let exits = [
            Exit::Target,
            Exit::Violated,
            Exit::TwoWays,
            Exit::Interrupted,
            Exit::Undecided,
            Exit::Idle,
            Exit::Fine,
        ];
        assert!(exits.is_sorted());
        let codes = exits.map(Exit::number);
        assert_eq!(
            TABLE[2..].iter().map(|row| row.code).collect::<Vec<_>>(),
            codes
        );
        assert_eq!([TABLE[0].code, TABLE[1].code], [INTERNAL, USAGE]);
    }
}
