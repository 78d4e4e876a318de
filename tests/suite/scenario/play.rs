//! Which word is which command, and the play from first to last.

use super::arguments::Arguments;
use super::script::{Mistake, Script};
use super::stage::Stage;
use super::{act, membership, show};

/// What a command printed, or why it is no command.
pub(super) type Told = Result<Vec<String>, String>;

/// Plays all commands; what each of them printed, in order.
pub(super) fn play(script: &Script) -> Result<Vec<Vec<String>>, Mistake> {
    let mut stage = None;
    let told = script.steps().map(|step| {
        let told = follow(&mut stage, &step.command);
        told.map_err(|why| Mistake::new(step.line, format!("{}: {why}", step.command)))
    });
    told.collect()
}

fn follow(stage: &mut Option<Stage>, line: &str) -> Told {
    let (command, mut arguments) = Arguments::parse(line)?;
    let told = if command == "cluster" {
        *stage = Some(Stage::new(&mut arguments)?);
        Vec::new()
    } else {
        let stage = stage.as_mut().ok_or("first comes the cluster")?;
        perform(stage, &command, &mut arguments)?
    };
    arguments.finish()?;
    Ok(told)
}

fn perform(stage: &mut Stage, command: &str, arguments: &mut Arguments) -> Told {
    match command {
        "get" => act::get(stage, arguments),
        "put" => act::put(stage, arguments),
        "delete" => act::delete(stage, arguments),
        "garble" => act::garble(stage, arguments),
        "crash" => act::crash(stage, arguments),
        "restart" => act::restart(stage, arguments),
        "cut" => act::cut(stage, arguments),
        "heal" => {
            stage.world.heal();
            Ok(Vec::new())
        }
        "lose-disk" => act::lose_disk(stage, arguments),
        "forget" => act::forget(stage, arguments),
        "ahead" => act::ahead(stage, arguments),
        "run" => act::run(stage, arguments),
        "join" => membership::join(stage, arguments),
        "leave" => membership::leave(stage, arguments),
        "members" => membership::members(stage, arguments),
        "gossip" => Ok(membership::gossip(stage)),
        "disks" => show::disks(stage, arguments),
        "clocks" => show::clocks(stage, arguments),
        "messages" => Ok(show::messages(stage)),
        "owners" => show::owners(stage, arguments),
        "roots" => show::roots(stage, arguments),
        _ => Err(format!("there is no command {command:?}")),
    }
}
