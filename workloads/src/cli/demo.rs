//! `dyno demo`: a planted bug, found, minimized and explained in seconds.

use super::args::{Demo, Hunt};
use super::exit::Exit;
use super::hunt;
use super::output::tell;

pub(super) fn demo(args: &Demo) -> Result<Exit, String> {
    let hunted = Hunt::of_demo(args);
    tell(
        "demo      a Dynamo with a planted bug: a replica overwrites what it holds with what a put brings\n",
    );
    let exit = hunt::hunt(&hunted)?;
    tell("\nNext: test a store of your own: dyno help first-test prints a first test to copy.\n");
    Ok(exit)
}
