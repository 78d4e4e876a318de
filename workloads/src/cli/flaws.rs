//! `dyno flaws`: the catalogue of known flaws, hunted by the campaigns that healthy stores pass.

use std::fs;
use std::path::Path;
use std::time::Duration;

use checker::report::{Bundle, html};
use dynamo_core::Flaw;

use super::args::{Flaws, TableFormat};
use super::exit::Exit;
use super::hunt::{cores, number};
use super::interrupt;
use super::output::{is_quiet, say, say_line, told_more};
use super::status::Status;
use crate::campaign::{self, Trouble};
use crate::catalogue::worlds::{self, InBoth, Real, Worlds};
use crate::catalogue::{Effort, Hunts, Progress, Row, Table};
use crate::plan::Plan;
use crate::target::Target;
use crate::world::World;

pub(super) fn flaws(args: &Flaws) -> Result<Exit, String> {
    if args.world == World::Cluster {
        return in_both_worlds(args);
    }
    let hunts = hunts(args);
    let all = (hunts.flaws.len(), hunts.bases as usize);
    let mut shown = Status::new();
    let rows = hunts.run(|progress| shown.show(|since| status(all, *progress, since)));
    shown.clear();
    let table = Table { hunts, rows };
    more(&table.rows);
    let exit = exit(&table);
    let human = table.human();
    let json = table.json(exit.number()).to_string() + "\n";
    let markdown = table.markdown();
    save(
        &args.out,
        &table,
        &[
            ("txt", &human),
            ("json", &json),
            ("md", &markdown),
            ("html", &table.page()),
        ],
    )?;
    match args.format {
        TableFormat::Human if is_quiet() => {
            for flaw in table.missed() {
                say_line(&format!("✗ missed {flaw}"));
            }
            trouble(&table);
        }
        TableFormat::Human => {
            say(&human);
            say_line(&format!(
                "\nsaved         {}",
                args.out.join("flaws.{html,txt,json,md}, flaws").display()
            ));
            trouble(&table);
        }
        TableFormat::Json => say(&json),
        TableFormat::Markdown => say(&markdown),
    }
    Ok(exit)
}

fn hunts(args: &Flaws) -> Hunts {
    let (time, runs, bases, effort) = if args.short {
        (120, 5_000, 1, Effort::SHORT)
    } else {
        (60, 20_000, 20, Effort::FULL)
    };
    Hunts {
        flaws: if args.only.is_empty() {
            Flaw::ALL.to_vec()
        } else {
            let chosen = Flaw::ALL.iter().filter(|flaw| args.only.contains(flaw));
            chosen.copied().collect()
        },
        seed_base: args.seed_base,
        bases: args.bases.unwrap_or(bases),
        runs: args.runs.unwrap_or(runs),
        time: Some(args.budget.unwrap_or(Duration::from_secs(time))),
        jobs: args.jobs.map_or_else(cores, usize::from),
        effort,
    }
}

/// Seeks failing plans in the simulator, and runs them on processes.
fn in_both_worlds(args: &Flaws) -> Result<Exit, String> {
    if args.format == TableFormat::Json {
        return Err("--format json needs --target core".into());
    }
    interrupt::listen();
    let worlds = Worlds {
        flaws: hunts(args).flaws,
        seed_base: args.seed_base,
        runs: args.runs.unwrap_or(2_000),
        plans: 3,
        shrink: 500,
        tries: args.tries,
    };
    let (all, mut done) = (worlds.flaws.len(), 0);
    let on_processes = |target: Target, plan: &Plan| World::Cluster.run(target, plan);
    let rows = worlds.run(&on_processes, |row| {
        done += 1;
        told_more(1, || format!("{done} / {all}  {}", worlds::line(row)));
    });
    let (human, markdown) = (worlds::human(&rows), worlds::markdown(&rows));
    fs::create_dir_all(&args.out)
        .map_err(|why| format!("cannot write {}: {why}", args.out.display()))?;
    for (extension, text) in [("txt", &human), ("md", &markdown)] {
        let path = args.out.join(format!("flaws-on-processes.{extension}"));
        fs::write(&path, text).map_err(|why| format!("cannot write {}: {why}", path.display()))?;
    }
    say(match args.format {
        TableFormat::Markdown => &markdown,
        _ => &human,
    });
    Ok(if campaign::is_interrupted() {
        Exit::Interrupted
    } else {
        exit_of(&rows)
    })
}

fn exit_of(rows: &[InBoth]) -> Exit {
    let exits = rows.iter().map(|row| match row.real {
        Real::Trouble(_) => Exit::Target,
        Real::Missed { .. } if row.real.takes_virtual_time() => Exit::Fine,
        Real::Missed { .. } | Real::Unsound(_) => Exit::Violated,
        Real::Caught { .. } | Real::Never(_) => Exit::Fine,
    });
    let worst = exits.filter(|exit| *exit != Exit::Fine).min();
    worst.unwrap_or(Exit::Fine)
}

/// How far it is, of so many flaws and bases.
fn status((flaws, bases): (usize, usize), progress: Progress, since: Duration) -> String {
    let number = |count: usize| number(count as u64);
    let Progress {
        hunts,
        found,
        flaws: done,
    } = progress;
    let (all, since) = (flaws * bases, since.as_secs());
    if hunts < all {
        let (hunts, all, found) = (number(hunts), number(all), number(found));
        format!("flaws  {since} s   campaigns {hunts} / {all}   found {found}")
    } else {
        format!(
            "flaws  {since} s   explained {} / {}",
            number(done),
            number(flaws)
        )
    }
}

/// What those hear who asked for more: of campaigns that found nothing, and of each.
fn more(rows: &[Row]) {
    for row in rows {
        for hunt in &row.hunts {
            let (flaw, base, runs) = (row.flaw, hunt.base, number(hunt.runs));
            let said =
                |what: String| format!("{flaw}  seed base {base:#018x}  {what} in {runs} runs");
            match &hunt.caught {
                None => told_more(1, || said("✗ not found".into())),
                Some(caught) => {
                    let broken = caught.broken.first().map_or("", |promise| promise.name());
                    told_more(2, || {
                        said(format!(
                            "✓ found: seed {:#018x} breaks {broken}",
                            caught.seed
                        ))
                    });
                }
            }
        }
    }
}

fn exit(table: &Table) -> Exit {
    let troubles = table.rows.iter().filter_map(|row| row.trouble());
    let troubles = troubles.map(|trouble| match trouble {
        Trouble::Undriven(..) => Exit::Target,
        Trouble::TwoWays(..) => Exit::TwoWays,
    });
    let missed = (!table.missed().is_empty()).then_some(Exit::Violated);
    troubles.chain(missed).min().unwrap_or(Exit::Fine)
}

fn trouble(table: &Table) {
    for row in &table.rows {
        match row.trouble() {
            Some(Trouble::Undriven(seed, why)) => say_line(&format!(
                "{}: it could not be driven with seed {seed:#018x}: {why}",
                row.flaw
            )),
            Some(Trouble::TwoWays(seed, _)) => say_line(&format!(
                "{}: it is not deterministic: seed {seed:#018x} gave two runs",
                row.flaw
            )),
            None => {}
        }
    }
}

fn save(out: &Path, table: &Table, texts: &[(&str, &str)]) -> Result<(), String> {
    let bundles = out.join("flaws");
    fs::create_dir_all(&bundles)
        .map_err(|why| format!("cannot write {}: {why}", bundles.display()))?;
    let write = |path: &Path, text: &str| {
        fs::write(path, text).map_err(|why| format!("cannot write {}: {why}", path.display()))
    };
    for (extension, text) in texts {
        write(&out.join(format!("flaws.{extension}")), text)?;
    }
    for row in &table.rows {
        if let Some(bundle) = &row.bundle {
            let (name, text) = (row.flaw, bundle.write());
            write(&bundles.join(format!("{name}.json")), &text)?;
            if let Ok((bundle, history)) = Bundle::read(text.as_bytes()) {
                let page = html(&bundle, &history);
                write(&bundles.join(format!("{name}.html")), &page)?;
            }
        }
    }
    Ok(())
}
