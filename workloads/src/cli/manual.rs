//! `dyno completions` and `dyno man`: from the same table as the help.

use std::fs;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use super::exit::Exit;
use super::output::{say, tell};

/// Completions for a shell, to be sourced.
pub(super) fn completions(mut command: Command, shell: Shell) -> Result<Exit, String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "dyno", &mut script);
    say(&String::from_utf8(script).map_err(|why| why.to_string())?);
    Ok(Exit::Fine)
}

/// `dyno.1`, and a page for each command.
pub(super) fn pages(command: Command, out: &Path) -> Result<Exit, String> {
    let wrong = |why| format!("cannot write {}: {why}", out.display());
    fs::create_dir_all(out).map_err(wrong)?;
    clap_mangen::generate_to(command, out).map_err(wrong)?;
    tell(&format!("wrote {}\n", out.join("dyno.1").display()));
    Ok(Exit::Fine)
}
