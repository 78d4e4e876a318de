//! `dyno demo`: a planted bug, found, minimized and explained in seconds.

use super::args::{Demo, Hunt};
use super::exit::Exit;
use super::hunt;
use super::output::say;

pub(super) fn demo(args: &Demo) -> Result<Exit, String> {
    let hunted = Hunt::of_demo(args);
    say(
        "demo      a Dynamo with a planted bug: a replica overwrites what it holds with what a put brings\n",
    );
    let exit = hunt::hunt(&hunted)?;
    say(
        "\nNext: test a store of your own. `cargo doc --open -p dynamometer` begins with a test of 20 lines.\n",
    );
    Ok(exit)
}
