//! Commands that look for violations.

use std::path::PathBuf;
use std::time::Duration;

use checker::Promise;
use clap::{Args, ValueEnum};
use dynamo_core::{Flaw, ReadRepair};

use super::{Chosen, Demo, Format, Github, HuntFormat, Shard, Undecided};
use crate::cli::exit;
use crate::cli::hunt::cores;
use crate::cli::values::{flaws, presets, promises, repairs, shard, worlds};
use crate::explore::Program;
use crate::preset::Preset;
use crate::units::{duration, number};
use crate::world::World;

#[derive(Debug, Args)]
#[command(after_help = exit::of("hunt"))]
pub(in crate::cli) struct Hunt {
    /// Stop after this many runs [default: none; 1,000 if there is no --budget either, 20 on a cluster]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) runs: Option<u64>,
    /// Stop after this much time: 500ms, 30s, 5m, 1h; with --preset all, for each preset
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) budget: Option<Duration>,
    /// Do this one run: decimal or 0x…
    #[arg(long, value_name = "SEED", value_parser = number, conflicts_with_all = ["seed_base", "runs"])]
    pub(in crate::cli) seed: Option<u64>,
    /// The seed that all runs' seeds are made from [default: random, and printed]
    #[arg(long, value_name = "SEED", value_parser = number)]
    pub(in crate::cli) seed_base: Option<u64>,
    /// Where plans are run: on the core in the simulator, or on a cluster of processes in real time
    #[arg(long = "target", value_name = "WHERE", value_parser = worlds(), default_value = "core")]
    pub(in crate::cli) world: World,
    /// Which clusters and calls, and so which promises; all runs each in turn
    #[arg(long, value_name = "NAME", value_parser = presets(), default_value = "dynamo")]
    pub(in crate::cli) preset: Chosen,
    /// Switch on a known flaw of the reference store; dyno flaws hunts all, a wrong name lists them
    #[arg(long, value_name = "NAME", value_parser = flaws(), hide_possible_values = true)]
    pub(in crate::cli) flaw: Option<Flaw>,
    /// Judge only these promises [default: all that the preset makes]
    #[arg(long = "property", value_name = "PROMISE", value_parser = promises(&HUNTED))]
    pub(in crate::cli) promises: Vec<Promise>,
    /// Runs at the same time; the result does not depend on it [default: one a core; 1 on a cluster]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Do every N-th run only, beginning with the I-th: 3/8; dyno merge joins the shards, which go on after
    /// failures
    #[arg(long, value_name = "I/N", value_parser = shard, conflicts_with = "seed")]
    pub(in crate::cli) shard: Option<Shard>,
    /// Go on after a failure, and report each cause once, with the smallest of its counterexamples [default:
    /// with --shard]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true",
        hide_possible_values = true)]
    pub(in crate::cli) keep_going: Option<bool>,
    /// Whether the exit code is 11 if nothing is violated and something could not be decided
    #[arg(long, value_enum, default_value_t = Undecided::Fail)]
    pub(in crate::cli) undecided: Undecided,
    /// How many states the judgement of one promise may visit before it is not decided
    #[arg(long = "check-budget", value_name = "STATES", default_value_t = checker::Budget::default().states)]
    pub(in crate::cli) states: u64,
    /// Where bundles go, and hunt.json, summary.md and junit.xml
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(in crate::cli) out: PathBuf,
    /// What stdout gets; json is one object a line for each preset
    #[arg(long, value_enum, default_value_t = HuntFormat::Human)]
    pub(in crate::cli) format: HuntFormat,
    /// Whether GitHub gets annotations and a summary of the job [auto: in its jobs]
    #[arg(long, value_enum, default_value_t = Github::Auto)]
    pub(in crate::cli) github: Github,
}

impl Hunt {
    /// How many runs at most, if there is a limit.
    pub(in crate::cli) fn runs_max(&self) -> Option<u64> {
        let runs = match self.world {
            World::Simulator => RUNS,
            World::Cluster => RUNS_OF_CLUSTERS,
        };
        self.runs.or(self.budget.is_none().then_some(runs))
    }

    /// How many runs at the same time.
    pub(in crate::cli) fn at_once(&self) -> usize {
        let usual = || match self.world {
            World::Simulator => cores(),
            World::Cluster => 1,
        };
        self.jobs.map_or_else(usual, usize::from)
    }

    /// Whether it goes on after a failure.
    pub(in crate::cli) fn goes_on(&self) -> bool {
        self.shard.is_some() || self.keep_going == Some(true)
    }

    /// The hunt of `dyno demo`.
    pub(in crate::cli) fn of_demo(demo: &Demo) -> Hunt {
        Hunt {
            runs: None,
            budget: Some(Duration::from_secs(10)),
            seed: None,
            seed_base: Some(1),
            world: World::Simulator,
            preset: Chosen::One(Preset::Dynamo),
            flaw: Some(Flaw::ReplicateOverwrites),
            promises: Vec::new(),
            jobs: None,
            shard: None,
            keep_going: None,
            undecided: Undecided::Fail,
            states: checker::Budget::default().states,
            out: demo.out.clone(),
            format: HuntFormat::Human,
            github: Github::Off,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("explore"))]
pub(in crate::cli) struct Explore {
    /// What the clients do, as in 'put@0 get@1 / get@2 put+@2' [default: all programs up to --calls]
    #[arg(long, value_name = "CALLS", conflicts_with_all = ["calls", "clients", "deletes"])]
    pub(in crate::cli) program: Option<Program>,
    /// At most this many calls, of all clients together
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=6))]
    pub(in crate::cli) calls: u8,
    /// At most this many clients
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(in crate::cli) clients: u8,
    /// Delete what was read, too
    #[arg(long)]
    pub(in crate::cli) deletes: bool,
    /// How many nodes the cluster has
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(in crate::cli) nodes: u32,
    /// Replicas of a key
    #[arg(short, value_name = "N", long = "n", default_value_t = 3)]
    pub(in crate::cli) n: u32,
    /// Answers that a get waits for
    #[arg(short, value_name = "R", long = "r", default_value_t = 2)]
    pub(in crate::cli) r: u32,
    /// Durable copies that a put waits for
    #[arg(short, value_name = "W", long = "w", default_value_t = 2)]
    pub(in crate::cli) w: u32,
    /// Who waits for read repair: off, after, responders or quorum
    #[arg(long, value_name = "WHO", value_parser = repairs(), default_value = "after")]
    pub(in crate::cli) repair: ReadRepair,
    /// Whether the last writer wins
    #[arg(long)]
    pub(in crate::cli) last_writer: bool,
    /// Whether nodes stand in for owners that seem down
    #[arg(long)]
    pub(in crate::cli) sloppy: bool,
    /// How many crashes there may be in one schedule
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) crashes: u8,
    /// How many timers may strike while anything is under way
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) timeouts: u8,
    /// How many messages may get lost
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) losses: u8,
    /// How many messages may come twice
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) repeats: u8,
    /// Switch on a known flaw of the reference store; dyno flaws hunts all, a wrong name lists them
    #[arg(long, value_name = "NAME", value_parser = flaws(), hide_possible_values = true)]
    pub(in crate::cli) flaw: Option<Flaw>,
    /// Judge only these promises [default: all that are made]
    #[arg(long = "property", value_name = "PROMISE", value_parser = promises(&HUNTED))]
    pub(in crate::cli) promises: Vec<Promise>,
    /// How many states of one program are kept before the search is cut short
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) states: u64,
    /// Programs at the same time; the result does not depend on it [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(in crate::cli) jobs: Option<u16>,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

/// What stdout gets of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TableFormat {
    Human,
    Json,
    Markdown,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("flaws"))]
pub(in crate::cli) struct Flaws {
    /// Where: on the core in the simulator; or, of the plans that fail there, on a cluster of processes too
    #[arg(long = "target", value_name = "WHERE", value_parser = worlds(), default_value = "core")]
    pub(in crate::cli) world: World,
    /// How many runs on processes a flaw has at most, with --target cluster
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), default_value = "50")]
    pub(in crate::cli) tries: u32,
    /// Hunt only these; a wrong name lists them [default: all]
    #[arg(long = "flaw", value_name = "NAME", value_parser = flaws(), hide_possible_values = true)]
    pub(in crate::cli) only: Vec<Flaw>,
    /// How long each campaign lasts at most: 500ms, 30s, 5m, 1h [default: 60s; 2m with --short]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) budget: Option<Duration>,
    /// How many runs each campaign has at most [default: 20,000; 5,000 with --short]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) runs: Option<u64>,
    /// How many campaigns each flaw has, with seeds of their own [default: 20; 1 with --short]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(in crate::cli) bases: Option<u32>,
    /// The seed that the campaigns' seeds are made from
    #[arg(long, value_name = "SEED", value_parser = number, default_value = "7")]
    pub(in crate::cli) seed_base: u64,
    /// Campaigns at the same time; the result does not depend on it, times do [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Each flaw once, with little explanation
    #[arg(long)]
    pub(in crate::cli) short: bool,
    /// What stdout gets; all three are saved
    #[arg(long, value_enum, default_value_t = TableFormat::Human)]
    pub(in crate::cli) format: TableFormat,
    /// Where flaws.txt, flaws.json, flaws.md and the bundles in flaws/ go
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(in crate::cli) out: PathBuf,
}

/// Runs when neither `--runs` nor `--budget` says how long.
const RUNS: u64 = 1_000;

/// The same on a cluster, where each takes seconds.
const RUNS_OF_CLUSTERS: u64 = 20;

/// The promises that can be held against the reference store.
static HUNTED: std::sync::LazyLock<Vec<Promise>> = std::sync::LazyLock::new(|| {
    let dynamo = crate::preset::PROMISES.into_iter();
    dynamo.chain(crate::preset::MATRIX).collect()
});
