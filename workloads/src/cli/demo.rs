//! `dyno demo`: a planted bug, found, minimized and explained in seconds.

use super::args::{Demo, Hunt};
use super::exit::Exit;
use super::hunt;
use super::output::say;

pub(super) fn demo(args: &Demo) -> Result<Exit, String> {
    let hunted = Hunt::of_demo(args);
    say(
        "demo      a Dynamo in which read repair overwrites what a replica holds, instead of merging with it\n",
    );
    let exit = hunt::hunt(&hunted)?;
    say(
        "\nNext: test a store of your own. `cargo doc --open -p dynamometer` begins with a test of 20 lines.\n",
    );
    Ok(exit)
}
