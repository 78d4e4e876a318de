//! Causal memory: whether each session can explain all that it read by one order.

use super::causal::{CIRCULAR, INITIAL_AFTER, INVENTION, OVERWRITTEN, causal, inventions, missing};
use super::explain::{Story, initial_after};
use super::pasts::{Overfull, pasts};
use super::path::{Step, Why, path};
use super::study::{Study, out_of_budget, trace, verdict};
use super::trace::Trace;
use super::walk::{Conflict, Conflicts};
use crate::evidence::{Finding, Findings};
use crate::history::History;
use crate::register::{Register, Value};
use crate::verdict::{Budget, Checker, Promise, Shortfall, Verdict};

/// Holds registers against causal memory (CM): [`Causal`](super::Causal), and for each session there is
/// one order of its past in which every one of its reads sees the last write.
///
/// Broken exactly when, for a session, the least order that contains its past, and puts every write
/// before what a read saw that comes after both, goes in a circle or puts a write before a read of the
/// initial value (Bouajjani and others, POPL 2017, bad patterns of CM).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausalMemory {
    /// What a register holds before its first write.
    pub initial: Value,
}

const NO_ORDER: usize = 4;
const INITIAL_IN_NONE: usize = 5;

const PARTS: [&str; 6] = {
    let mut parts = [""; 6];
    parts[CIRCULAR] = "circular";
    parts[INVENTION] = "invention";
    parts[INITIAL_AFTER] = "initial value after a write";
    parts[OVERWRITTEN] = "write after a later one";
    parts[NO_ORDER] = "no order for a session";
    parts[INITIAL_IN_NONE] = "initial value after a write in every order";
    parts
};

impl Checker<Register> for CausalMemory {
    fn promise(&self) -> Promise {
        Promise::CausalMemory
    }

    /// O(n · (sessions + sessions writing a key)) for the past, and once more for each round of each
    /// session that saw a write with another in its past; a state for each operation visited.
    fn check(&self, history: &History<Register>, budget: Budget) -> Verdict {
        let mut findings = Findings::new(Promise::CausalMemory, &PARTS);
        let trace = trace(history, &self.initial, &mut findings);
        let missing = missing(&trace);
        inventions(&trace, &mut findings);
        let short = match Study::new(&trace, budget) {
            Ok(study) => {
                causal(&trace, &study, &mut findings);
                match study.found.circle {
                    None => sessions(&trace, &study, budget, &mut findings).err(),
                    Some(_) => None,
                }
            }
            Err(shortfall) => Some(shortfall),
        };
        verdict(&trace, findings, missing, short)
    }
}

/// Holds every session against the least order that its reads leave.
fn sessions(
    trace: &Trace<'_>,
    study: &Study,
    budget: Budget,
    findings: &mut Findings,
) -> Result<(), Shortfall> {
    let mut spent = study.writes.states(trace.nodes.len() as u64);
    let mut conflicts = study.found.conflicts.clone();
    // Without conflicts of its own a session's order is its past, and that is in order.
    conflicts.sort_unstable_by_key(|one| {
        (
            trace.node(one.reader).lane,
            one.reader,
            one.after,
            one.before,
        )
    });
    let mut rounds = 0;
    for own in
        conflicts.chunk_by(|one, two| trace.node(one.reader).lane == trace.node(two.reader).lane)
    {
        let lane = trace.node(own[0].reader).lane;
        let chain = Chain::new(trace, lane);
        let mut known: Vec<Conflict> = conflicts
            .iter()
            .filter(|one| chain.has(trace, one.reader))
            .copied()
            .collect();
        loop {
            spent += study.writes.states(chain.nodes);
            if spent > budget.states {
                return Err(out_of_budget(trace, budget.states));
            }
            rounds += 1;
            let before = Conflicts::new(trace, known.clone());
            let watched = |node: u32| chain.has(trace, node);
            let found = match pasts(trace, &study.writes, &before, Some(&chain.within), watched) {
                Ok(found) => found,
                Err(Overfull) => return Err(study.writes.out_of_memory(trace)),
            };
            if let Some(circle) = found.circle {
                findings.report(NO_ORDER, || no_order(trace, &circle, &before, lane));
                return Ok(());
            }
            if let Some(&(reader, write)) = found.initial.iter().min() {
                findings.report(INITIAL_IN_NONE, || {
                    initial_in_none(trace, (reader, write), &before)
                });
                return Ok(());
            }
            if found.conflicts.is_empty() {
                break;
            }
            known.extend(found.conflicts);
        }
    }
    findings.count("rounds", rounds);
    Ok(())
}

/// The nodes of one session, or of one up to a write of unknown outcome, and their past.
struct Chain {
    lane: u32,
    /// The session's lane and how many of its nodes belong to the chain.
    session: (u32, u32),
    /// How many nodes of each lane are in the past.
    within: Vec<u32>,
    /// How many nodes that are together.
    nodes: u64,
}

impl Chain {
    fn new(trace: &Trace<'_>, lane: u32) -> Self {
        let mut within = vec![0; trace.lanes() as usize];
        let mut open: Vec<u32> = trace.lane(lane).last().copied().into_iter().collect();
        while let Some(node) = open.pop() {
            let of = trace.node(node);
            let known = &mut within[of.lane as usize];
            for &node in trace.lane(of.lane)[..=of.seat as usize]
                .iter()
                .skip(*known as usize)
            {
                open.extend(trace.source(node));
                open.extend(trace.lead(node));
            }
            *known = (*known).max(of.seat + 1);
        }
        let last = trace.lane(lane).last().copied();
        let lead = last.and_then(|last| trace.lead(last));
        let session = lead.map_or((lane, within[lane as usize]), |lead| {
            (trace.node(lead).lane, trace.node(lead).seat + 1)
        });
        let nodes = within.iter().map(|&count| u64::from(count)).sum();
        Chain {
            lane,
            session,
            within,
            nodes,
        }
    }

    /// Whether the node is one of the chain itself.
    fn has(&self, trace: &Trace<'_>, node: u32) -> bool {
        let of = trace.node(node);
        of.lane == self.lane || (of.lane == self.session.0 && of.seat < self.session.1)
    }
}

fn no_order(trace: &Trace<'_>, circle: &[Step], conflicts: &Conflicts, lane: u32) -> Finding {
    let starts = circle
        .iter()
        .filter(|step| matches!(step.why, Why::Conflict(_)));
    let circles = starts.filter_map(|&step| {
        let mut circle = path(trace, conflicts, step.to, step.from)?;
        circle.push(step);
        Some(circle)
    });
    let shortest = circles.min_by_key(Vec::len);
    let circle = shortest.as_deref().unwrap_or(circle);
    let mut story = Story::new(trace);
    let who = story.session(trace.lane(lane)[0]);
    story.within(circle, conflicts);
    let nodes: Vec<u32> = circle.iter().map(|step| step.from).collect();
    story.fact(
        format!("each comes before the next, and the last before the first, if one order explains all that {who} saw"),
        &nodes,
    );
    let (first, last) = (
        story.name(circle[0].from),
        story.name(nodes[nodes.len() - 1]),
    );
    let sentence = format!(
        "No one order explains what {who} saw: {first} and {last} each come before the other."
    );
    story.finding(sentence, circle[0].from, "")
}

fn initial_in_none(
    trace: &Trace<'_>,
    (reader, write): (u32, u32),
    conflicts: &Conflicts,
) -> Finding {
    let Some(way) = path(trace, conflicts, write, reader) else {
        return initial_after(trace, reader, write);
    };
    let mut story = Story::new(trace);
    story.within(&way, conflicts);
    let (read, wrote, who) = (story.name(reader), story.name(write), story.session(reader));
    story.fact(
        format!("so in every order that explains what {who} saw, {wrote} comes before {read}, which saw the initial value"),
        &[reader, write],
    );
    let sentence = format!(
        "No one order explains what {who} saw: {read} saw the initial value, and {wrote} comes before it."
    );
    story.finding(sentence, reader, "")
}
