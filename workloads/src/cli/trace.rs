//! `dyno trace`: how runs go, as numbers that two builds, machines and processes can compare.

use super::args::{Chosen, Trace};
use super::exit::Exit;
use super::output::{say, say_line};
use crate::campaign::Seeds;
use crate::catalogue::parallel::each;
use crate::elsewhere::{Told, Way};
use crate::preset::Preset;
use crate::target::Target;

pub(super) fn trace(args: &Trace) -> Result<Exit, String> {
    let target = Target { flaw: args.flaw };
    let seeds = if args.seeds.is_empty() {
        let base = Seeds::Base(args.seed_base);
        (0..args.runs).map(|run| base.seed(run)).collect()
    } else {
        args.seeds.clone()
    };
    let presets = match args.preset {
        Chosen::One(preset) => vec![preset],
        Chosen::All => Preset::all().collect(),
    };
    for preset in presets {
        if args.events {
            for &seed in &seeds {
                for event in target.events(&preset.plan(seed)) {
                    say_line(&event);
                }
            }
            continue;
        }
        if args.preset == Chosen::All {
            say(&format!("{}\n", preset.name()));
        }
        let run = |seed: &u64| {
            let run = target.run(&preset.plan(*seed));
            let run = run.map_err(|why| format!("seed {seed:#018x}: {why}"))?;
            let (seed, way) = (*seed, Way::of(&run));
            Ok::<_, String>(Told { seed, way })
        };
        for told in each(&seeds, args.at_once(), run, |_| ()) {
            say_line(&told?);
        }
    }
    Ok(Exit::Fine)
}
