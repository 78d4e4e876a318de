//! Processor time of the bench: `cargo bench -p dynamometer --bench sim -- [row]`.

use checker::{Budget, Time};
use dynamometer::campaign::Seeds;
use dynamometer::drive::drive;
use dynamometer::fault::FaultSchedule;
use dynamometer::load;
use dynamometer::matrix;
use dynamometer::plan::{Call, Plan, Shape, Step};
use dynamometer::subject::Subject;
use dynamometer::subject::reference::Reference;
use dynamometer::target::Target;

/// Seconds for which this thread was on a processor, where the system says so.
fn cpu() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = told.split(' ').next();
    first.and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// What a row counts, and how long it took.
#[derive(Default)]
struct Row {
    operations: u64,
    events: u64,
    histories: u64,
    seconds: f64,
}

impl Row {
    fn print(&self, name: &str) {
        let rate = |count: u64| count as f64 / self.seconds;
        println!(
            "{name}: {:.0} operations/s, {:.2} M events/s, {:.0} histories/s",
            rate(self.operations),
            rate(self.events) / 1e6,
            rate(self.histories)
        );
    }
}

/// Runs plans until three seconds are spent, or exactly so many.
fn measure(exact: Option<u64>, plan: impl Fn(u64) -> Plan, judged: bool) -> Row {
    let mut row = Row::default();
    let start = cpu();
    while exact.map_or(cpu() - start < 3.0, |exact| row.histories < exact) {
        let plan = plan(Seeds::Base(1).seed(row.histories));
        let mut subject = Reference::new(plan.seed, plan.shape, None);
        let run = drive(&plan, &mut subject).expect("the reference runs every plan");
        row.events += subject.events();
        row.operations += run.history.ops().len() as u64;
        row.histories += 1;
        if judged {
            let made = matrix::made(&plan, &run.history);
            let verdicts = matrix::judge(plan.shape, &run.history, &made, Budget::default());
            assert!(
                verdicts
                    .iter()
                    .all(|(_, verdict)| verdict.counterexample().is_none())
            );
        }
    }
    row.seconds = cpu() - start;
    row
}

fn usual() -> Shape {
    Shape {
        nodes: 5,
        n: 3,
        r: 2,
        w: 2,
        ..load::shape(1)
    }
}

/// Many calls of ten clients on a cluster of five, three windows of faults among them.
fn long(seed: u64) -> Plan {
    let plan = load::plan(seed);
    // Each client reads a key and then replaces what it read.
    let steps = (0..20_000_u32).map(|id| {
        let (client, round) = (id % 10, id / 10);
        let key = format!("k{}", (round / 2 * 10 + client) % 40);
        let call = match round % 2 {
            0 => Call::Get { key },
            _ => Call::Put {
                key,
                context: Some(id + 1 - 10),
            },
        };
        Step {
            id: id + 1,
            at: Time(u64::from(id) * 100),
            client,
            via: id % 5,
            call,
        }
    });
    Plan {
        shape: usual(),
        steps: steps.collect(),
        ..plan
    }
}

/// How many simulated seconds a cluster of five without calls gets through in one.
fn idle(seconds: u64) {
    let start = cpu();
    let mut subject = Reference::new(1, usual(), None);
    let until = Time(seconds * 1_000_000);
    let mut out = Vec::new();
    while subject.advance(until, &mut out) < until {
        out.clear();
    }
    let spent = cpu() - start;
    println!(
        "idle: {:.0} simulated seconds/s, {} events each",
        seconds as f64 / spent,
        subject.events() / seconds
    );
}

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let asked = |row: &str| words.is_empty() || words.iter().any(|word| word == row);
    let exact = words
        .iter()
        .find_map(|word| word.strip_prefix('=')?.parse().ok());
    if asked("long") {
        measure(exact, long, false).print("long");
    }
    if asked("calm") {
        let calm = |seed| Plan {
            faults: FaultSchedule::default(),
            ..long(seed)
        };
        measure(exact, calm, false).print("calm");
    }
    if asked("short") {
        measure(exact, load::plan, false).print("short");
    }
    if asked("judged") {
        measure(exact, load::plan, true).print("judged");
    }
    if asked("generate") {
        let start = cpu();
        let steps: usize = (0..20_000).map(|seed| load::plan(seed).steps.len()).sum();
        let spent = cpu() - start;
        println!("generate: {:.0} plans/s, {steps} steps", 20_000.0 / spent);
    }
    if asked("idle") {
        idle(exact.unwrap_or(500));
    }
    if asked("target") {
        let start = cpu();
        let target = Target::default();
        let runs = exact.unwrap_or(2_000);
        for run in 0..runs {
            let _ = target.run(&load::plan(Seeds::Base(1).seed(run)));
        }
        println!("target: {:.0} runs/s", runs as f64 / (cpu() - start));
    }
}
