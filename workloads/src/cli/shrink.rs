//! `dyno shrink`: the same failure, by fewer calls and faults.

use std::fs;

use checker::Budget;
use checker::report::Size;

use super::args::Shrink;
use super::exit::Exit;
use super::input;
use super::output::{fail, say_line, tell};
use super::status::Status;
use crate::bundle::{self, Unexplained, Unplayable};
use crate::units::grouped as number;

pub(super) fn shrink(args: &Shrink) -> Result<Exit, String> {
    let name = args.file.display();
    let (recorded, _) = input::bundle(&args.file)?;
    let title = recorded.title();
    let small = match Status::during(
        || "shrink".into(),
        || bundle::smaller(&recorded, args.replays, Budget::default()),
    ) {
        Ok(small) => small,
        Err(Unexplained::Unbroken) => {
            tell(&format!("nothing to shrink: {title}\n"));
            return Ok(Exit::Fine);
        }
        Err(Unexplained::Gone) => {
            say_line(&format!("{title}: it does not fail that way any more"));
            return Ok(Exit::TwoWays);
        }
        Err(Unexplained::Unplayable(Unplayable::Undriven(why))) => {
            fail(&format!("cannot run {name}: {why}"));
            return Ok(Exit::Target);
        }
        Err(why) => return Err(format!("cannot shrink {name}: {why}")),
    };
    let beside = || args.file.with_extension("small.json");
    let to = args.out.clone().unwrap_or_else(beside);
    let to_name = to.display();
    fs::write(&to, small.write()).map_err(|why| format!("cannot write {to_name}: {why}"))?;
    let sizes = small.size.map_or(String::new(), sizes);
    say_line(&format!(
        "✗ {title}  {}\n\n  {sizes}\n\n  replay    dyno replay {to_name}",
        small.fingerprint()
    ));
    Ok(Exit::Violated)
}

fn sizes(size: Size) -> String {
    let ((calls, faults, nodes), (of_calls, of_faults, of_nodes)) = (size.minimized, size.found);
    format!(
        "size      {calls} of {of_calls} calls, {faults} of {of_faults} faults, {nodes} of {of_nodes} nodes; {} \
         replays in all",
        number(u64::from(size.replays))
    )
}
