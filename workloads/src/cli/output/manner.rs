//! In which manner things are printed: colours, signs, how much.

use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, stderr, stdout};
use std::sync::{PoisonError, RwLock};

use clap::ValueEnum;

/// When there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum When {
    /// On a terminal, unless the environment says otherwise
    #[default]
    Auto,
    /// Everywhere
    Always,
    /// Nowhere
    Never,
}

/// Who reads what is on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) enum Kind {
    /// People.
    #[default]
    Human,
    /// People, later and elsewhere: no colours.
    Markdown,
    Json,
    Xml,
    /// A file of some other format, which is printed as it is.
    Document,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Manner {
    pub(in crate::cli) color: When,
    /// Only ASCII; if nothing is said, where nothing else can be shown.
    pub(in crate::cli) ascii: Option<bool>,
    pub(in crate::cli) quiet: u8,
    pub(in crate::cli) verbose: u8,
    pub(in crate::cli) kind: Kind,
}

/// Where colours are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Colours {
    pub(super) on_stdout: bool,
    pub(super) on_stderr: bool,
}

/// What follows from that, here.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Settled {
    pub(super) colours: Colours,
    pub(in crate::cli) ascii: bool,
    pub(in crate::cli) quiet: u8,
    pub(in crate::cli) verbose: u8,
    pub(super) kind: Kind,
    /// Whether a line on stderr can be written over.
    pub(in crate::cli) people: bool,
}

static SETTLED: RwLock<Option<Settled>> = RwLock::new(None);

/// Prints in this manner from now on.
pub(in crate::cli) fn settle(manner: Manner) {
    let look = |name: &str| env::var_os(name);
    let terminal = |is: bool| is && !dumb(&look);
    let people = terminal(stderr().is_terminal());
    let settled = Settled {
        colours: Colours {
            on_stdout: manner.kind == Kind::Human
                && colours(manner.color, &look, terminal(stdout().is_terminal())),
            on_stderr: colours(manner.color, &look, people),
        },
        ascii: manner.ascii.unwrap_or_else(|| needs_ascii(&look)),
        quiet: manner.quiet,
        verbose: manner.verbose,
        kind: manner.kind,
        people,
    };
    let mut known = SETTLED.write().unwrap_or_else(PoisonError::into_inner);
    *known = Some(settled);
}

/// The manner in force.
pub(in crate::cli) fn manner() -> Settled {
    let known = *SETTLED.read().unwrap_or_else(PoisonError::into_inner);
    known.unwrap_or_default()
}

/// What the arguments and variables say of it as far as that can be told before they are understood: for the messages that
/// say why they are not, and for help.
pub(in crate::cli) fn early(args: &[OsString]) -> Manner {
    let said = |name| env::var(name).unwrap_or_default();
    let mut manner = Manner {
        color: When::from_str(&said("DYNO_COLOR"), false).unwrap_or_default(),
        ascii: match said("DYNO_ASCII").as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        ..Manner::default()
    };
    let mut args = args.iter().skip(1).filter_map(|arg| arg.to_str());
    while let Some(arg) = args.next() {
        match arg {
            "--" => break,
            "--ascii" | "--ascii=true" => manner.ascii = Some(true),
            "--ascii=false" => manner.ascii = Some(false),
            "--color" => {
                if let Some(said) = args.next() {
                    manner.color = When::from_str(said, false).unwrap_or_default();
                }
            }
            _ => {
                if let Some(said) = arg.strip_prefix("--color=") {
                    manner.color = When::from_str(said, false).unwrap_or_default();
                }
            }
        }
    }
    manner
}

type Look<'l> = &'l dyn Fn(&str) -> Option<OsString>;

fn said(look: Look<'_>, name: &str) -> Option<OsString> {
    look(name).filter(|value| !value.is_empty())
}

fn dumb(look: Look<'_>) -> bool {
    said(look, "TERM").is_some_and(|term| term == "dumb")
}

/// Whether there are colours: what was asked for, then the conventions of the environment, then the terminal.
fn colours(asked: When, look: Look<'_>, terminal: bool) -> bool {
    match asked {
        When::Always => return true,
        When::Never => return false,
        When::Auto => {}
    }
    if said(look, "NO_COLOR").is_some() {
        return false;
    }
    if said(look, "CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    match said(look, "CARGO_TERM_COLOR") {
        Some(value) if value == "always" => true,
        Some(value) if value == "never" => false,
        _ => terminal,
    }
}

/// Whether the terminal or the locale can show nothing else. A locale of which nothing is said can.
fn needs_ascii(look: Look<'_>) -> bool {
    if dumb(look) {
        return true;
    }
    // The first of these that says anything decides, as in POSIX.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = locale.iter().find_map(|name| said(look, name));
    locale.is_some_and(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'s>(set: &'s [(&'s str, &'s str)]) -> impl Fn(&str) -> Option<OsString> + 's {
        |name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).into())
        }
    }

    #[test]
    fn what_is_asked_for_goes_before_the_environment_and_that_before_the_terminal() {
        let (no, force) = (("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1"));
        let (always, never) = (
            ("CARGO_TERM_COLOR", "always"),
            ("CARGO_TERM_COLOR", "never"),
        );
        for (asked, set, terminal, expected) in [
            (When::Always, &[no][..], false, true),
            (When::Never, &[force], true, false),
            (When::Auto, &[no, force, always], true, false),
            (When::Auto, &[force, never], false, true),
            (When::Auto, &[("CLICOLOR_FORCE", "0")], false, false),
            (When::Auto, &[always], false, true),
            (When::Auto, &[never], true, false),
            (When::Auto, &[("NO_COLOR", "")], true, true),
            (When::Auto, &[], true, true),
            (When::Auto, &[], false, false),
        ] {
            assert_eq!(
                colours(asked, &with(set), terminal),
                expected,
                "{asked:?} {set:?}"
            );
        }
    }

    #[test]
    fn signs_are_shown_where_they_can_be() {
        for (set, expected) in [
            (&[][..], false),
            (&[("LANG", "de_DE.UTF-8")], false),
            (&[("LANG", "C.utf8")], false),
            (&[("LANG", "C")], true),
            (&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")], true),
            (
                &[("LC_ALL", ""), ("LC_CTYPE", "en_US.UTF-8"), ("LANG", "C")],
                false,
            ),
            (&[("TERM", "dumb"), ("LANG", "en_US.UTF-8")], true),
        ] {
            assert_eq!(needs_ascii(&with(set)), expected, "{set:?}");
        }
    }
}
