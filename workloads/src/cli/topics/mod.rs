//! `dyno help`: commands and topics.

mod configuration;
mod faults;
mod properties;

use std::fmt::Write;

use super::args::{Help, command};
use super::exit::{self, Exit};
use super::output::{print, say};

/// Something to read about.
pub(super) struct Topic {
    pub(super) name: &'static str,
    /// In one line.
    pub(super) about: &'static str,
    text: fn() -> String,
}

/// All there are.
pub(super) const ALL: [Topic; 8] = [
    Topic {
        name: "first-test",
        about: "A first test of a store of your own, to copy",
        text: first_test,
    },
    Topic {
        name: "properties",
        about: "The promises that are judged, and the presets that make them",
        text: properties::text,
    },
    Topic {
        name: "faults",
        about: "What goes wrong in a simulated cluster",
        text: faults::text,
    },
    Topic {
        name: "seeds",
        about: "What a seed repeats, and how to repeat a run",
        text: || include_str!("seeds.txt").into(),
    },
    Topic {
        name: "determinism",
        about: "Why a run is not repeatable, and what to do about it",
        text: || include_str!("determinism.txt").into(),
    },
    Topic {
        name: "configuration",
        about: "Flags, variables and the profiles of dyno.toml",
        text: configuration::text,
    },
    Topic {
        name: "ci",
        about: "Shards, budgets and reports in continuous integration",
        text: ci,
    },
    Topic {
        name: "exit-codes",
        about: "What a script can tell apart",
        text: exit::topic,
    },
];

/// Prints the help of a command, or a topic.
pub(super) fn help(args: &Help) -> Result<Exit, String> {
    let asked = match args.of.as_deref() {
        None => vec!["dyno", "--help"],
        Some(name) => match ALL.iter().find(|topic| topic.name == name) {
            Some(topic) => {
                say(&(topic.text)());
                return Ok(Exit::Fine);
            }
            None => vec!["dyno", name, "--help"],
        },
    };
    // What is asked for in this way is help, never a call.
    let help = command().try_get_matches_from(&asked).err();
    let help = help.ok_or("there is no such help")?.render();
    print(&help, false);
    if args.of.is_none() {
        say(&format!("\n{}", list()));
    }
    Ok(Exit::Fine)
}

fn list() -> String {
    let mut out = String::from("Topics (dyno help TOPIC):\n");
    for topic in &ALL {
        let _ = writeln!(out, "  {:<14} {}", topic.name, topic.about);
    }
    out
}

/// A file of our own tests, so that it compiles and passes.
fn first_test() -> String {
    let file = include_str!("../../../tests/library/first_test.rs");
    format!(
        "Add dynamometer to the [dev-dependencies] of your crate, put this into tests/dyno.rs, and run cargo test.\n\
         It is a store of one node; yours takes the place of Shelf.\n\n{file}\n\
         When it fails, the message ends with the command that runs the failure again; dyno pin BUNDLE makes it\n\
         a regression test. The documentation of dynamometer::prelude goes on from here.\n"
    )
}

fn ci() -> String {
    let codes = exit::TABLE.iter().rev();
    let codes: Vec<String> = codes
        .map(|row| format!("  {:>3}  {}", row.code, row.means))
        .collect();
    format!(
        "{}\n{}\n",
        include_str!("ci.txt").trim_end(),
        codes.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_fits_a_screen_in_width() {
        for topic in &ALL {
            let text = (topic.text)();
            assert!(text.ends_with('\n'), "{}", topic.name);
            for line in text.lines() {
                assert!(line.chars().count() <= 120, "{}: {line}", topic.name);
            }
        }
    }

    #[test]
    fn no_topic_is_called_as_a_command() {
        let commands = command();
        for topic in &ALL {
            assert!(
                commands.find_subcommand(topic.name).is_none(),
                "{}",
                topic.name
            );
        }
    }

    #[test]
    fn every_command_that_a_topic_names_is_one() {
        let commands = command();
        for topic in &ALL {
            let text = (topic.text)();
            for line in text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("dyno "))
            {
                let name = line.split_whitespace().next().unwrap_or_default();
                assert!(
                    commands.find_subcommand(name).is_some(),
                    "{}: {line}",
                    topic.name
                );
            }
        }
    }
}
