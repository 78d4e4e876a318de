//! What a session must still see: its own writes, its reads, and what others knew of whom it had read.

use rustc_hash::FxHashMap;

use super::chains::Chains;
use super::explain::Story;
use super::overwritten::{Order, overwritten};
use super::study::Study;
use super::trace::{INITIAL, Kind, NONE, Trace};
use crate::evidence::{Finding, Findings};

/// Which of the four session guarantees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
}

const INITIAL_VALUE: usize = 0;
const OLDER: usize = 1;
const BACK_AND_FORTH: usize = 2;

/// Holds one guarantee against one history.
pub(super) struct Judge<'t, 'h> {
    guarantee: Guarantee,
    trace: &'t Trace<'h>,
    /// By key and session what obliges: acknowledged writes, or reads.
    duties: Chains,
    /// All reads, by session.
    reads: Vec<Vec<u32>>,
}

/// Why a read must not go back behind a node.
#[derive(Clone, Copy, Debug)]
struct Duty {
    /// The write or read of the same key that obliges.
    node: u32,
    /// The write after it, and the read by which the session knows of that write.
    by: Option<(u32, u32)>,
}

/// A read that went back although it was obliged not to.
type Broken = (u32, Duty);

impl<'t, 'h> Judge<'t, 'h> {
    pub(super) fn new(guarantee: Guarantee, trace: &'t Trace<'h>) -> Self {
        let (mut entries, mut reads) = (Vec::new(), vec![Vec::new(); trace.sessions as usize]);
        for (number, node) in trace.nodes.iter().enumerate() {
            let session = trace.session(number as u32);
            // What is of unknown outcome comes before nothing in its session.
            let obliges = match guarantee {
                Guarantee::ReadYourWrites | Guarantee::MonotonicWrites => {
                    node.kind == Kind::Acknowledged
                }
                Guarantee::MonotonicReads | Guarantee::WritesFollowReads => {
                    node.reads() && node.kind != Kind::Unknown
                }
            };
            if obliges {
                entries.push((node.key, session, number as u32));
            }
            if node.reads() {
                reads[session as usize].push(number as u32);
            }
        }
        Judge {
            guarantee,
            trace,
            duties: Chains::new(trace.keys, trace.sessions, &entries),
            reads,
        }
    }

    /// Reports a read of the initial value that was obliged to see more, and says how many reads were
    /// obliged at all. O(n · sessions of a key).
    pub(super) fn initial(&self, findings: &mut Findings) -> u64 {
        // The first duty of each chain that obliges to see a write.
        let first: Vec<u32> = (0..self.duties.len())
            .map(|chain| {
                let nodes = self.duties.nodes(chain).iter();
                let mut nodes = nodes.filter(|&&node| self.obliging(node) != INITIAL);
                nodes.next().copied().unwrap_or(NONE)
            })
            .collect();
        let (mut exercised, mut broken) = (0, None);
        for session in 0..self.trace.sessions {
            self.obliged(session, &self.reads[session as usize], |read, duties| {
                let mut obliged = false;
                for (chain, upto, by) in duties {
                    obliged |= self.duties.nodes(chain)[0] < upto;
                    if first[chain] < upto && self.trace.node(read).source == INITIAL {
                        let node = first[chain];
                        keep(&mut broken, (read, Duty { node, by }));
                    }
                }
                exercised += u64::from(obliged);
            });
        }
        if let Some(broken) = broken {
            findings.report(INITIAL_VALUE, || self.explain(broken));
        }
        exercised
    }

    /// Reports a read of a write in the past of one that it was obliged to see. O(n · (lanes + sessions
    /// of a key)) where causal convergence is broken, else nothing.
    pub(super) fn older(&self, study: &Study, findings: &mut Findings) {
        let Some(unordered) = &study.unordered else {
            return;
        };
        let order = Order::new(self.trace);
        let mut broken = None;
        overwritten(
            self.trace,
            &order,
            &unordered.involved,
            |_, reach, known| {
                let mut prefixes: FxHashMap<usize, Vec<u32>> = FxHashMap::default();
                let mut readers: Vec<(u32, u32)> = known
                    .iter()
                    .map(|one| (self.trace.session(one.reader), one.reader))
                    .collect();
                readers.sort_unstable();
                readers.dedup();
                for same in readers.chunk_by(|one, two| one.0 == two.0) {
                    let reads: Vec<u32> = same.iter().map(|&(_, read)| read).collect();
                    self.obliged(same[0].0, &reads, |read, duties| {
                        let seat = self.trace.node(self.trace.node(read).source).seat;
                        for (chain, upto, by) in duties {
                            let prefix = prefixes.entry(chain);
                            let prefix = prefix.or_insert_with(|| self.prefix(chain, reach));
                            let highest = &prefix[..self.duties.below(chain, upto)];
                            if highest.last().is_some_and(|&highest| highest > seat) {
                                let first = highest.partition_point(|&reached| reached <= seat);
                                let node = self.duties.nodes(chain)[first];
                                keep(&mut broken, (read, Duty { node, by }));
                            }
                        }
                    });
                }
            },
        );
        if let Some(broken) = broken {
            findings.report(OLDER, || self.explain(broken));
        }
        if self.guarantee == Guarantee::MonotonicReads {
            self.back_and_forth(findings);
        }
    }

    /// The write that a duty obliges to see.
    fn obliging(&self, node: u32) -> u32 {
        match self.guarantee {
            Guarantee::ReadYourWrites | Guarantee::MonotonicWrites => node,
            Guarantee::MonotonicReads | Guarantee::WritesFollowReads => {
                self.trace.node(node).source
            }
        }
    }

    /// For each duty of a chain how far the chain up to it has reached into a lane.
    fn prefix(&self, chain: usize, reach: &[u32]) -> Vec<u32> {
        let mut highest = 0;
        let nodes = self.duties.nodes(chain).iter();
        let prefix = nodes.map(|&node| {
            let write = self.obliging(node);
            if write != INITIAL {
                highest = highest.max(reach[write as usize]);
            }
            highest
        });
        prefix.collect()
    }

    /// For each of these reads of a session, the chains of duties that oblige it: those of the chain that
    /// are numbered below a node, by a write and the read that saw it.
    fn obliged(
        &self,
        session: u32,
        reads: &[u32],
        mut each: impl FnMut(u32, &mut dyn Iterator<Item = (usize, u32, Option<(u32, u32)>)>),
    ) {
        let own = matches!(
            self.guarantee,
            Guarantee::ReadYourWrites | Guarantee::MonotonicReads
        );
        if own {
            for &read in reads {
                let chain = self.duties.find(self.trace.node(read).key, session);
                each(
                    read,
                    &mut chain.map(|chain| (chain, read, None)).into_iter(),
                );
            }
            return;
        }
        let mut known = Known::default();
        let mut before = self.reads[session as usize].iter().copied().peekable();
        for &read in reads {
            while let Some(earlier) = before.next_if(|&earlier| earlier < read) {
                known.learn(self.trace, session, earlier);
            }
            let key = self.trace.node(read).key;
            let chains = self.duties.of(key);
            // Whichever are fewer: the sessions known of, or those with duties on the key.
            if known.of.len() < chains.len() {
                let duties = known.of.iter().filter_map(|&(of, write, by)| {
                    Some((self.duties.find(key, of)?, write, Some((write, by))))
                });
                each(read, &mut duties.into_iter());
            } else {
                let duties = chains.filter_map(|chain| {
                    let of = self.duties.group(chain);
                    let place = known.of.binary_search_by_key(&of, |&(of, ..)| of).ok()?;
                    let (_, write, by) = known.of[place];
                    Some((chain, write, Some((write, by))))
                });
                each(read, &mut duties.into_iter());
            }
        }
    }

    /// Reports a session that read a value, another, and the first again; O(reads · log).
    fn back_and_forth(&self, findings: &mut Findings) {
        let mut found: Option<(u32, u32, u32)> = None;
        let key = |read: u32| self.trace.node(read).key;
        for reads in &self.reads {
            let mut reads = reads.clone();
            reads.sort_by_key(|&read| key(read));
            for reads in reads.chunk_by(|&one, &two| key(one) == key(two)) {
                let back = self.back(reads);
                let earlier =
                    back.filter(|&(.., read)| found.is_none_or(|(.., known)| read < known));
                found = earlier.or(found);
            }
        }
        let Some((first, between, read)) = found else {
            return;
        };
        findings.report(BACK_AND_FORTH, || {
            let mut story = Story::new(self.trace);
            let who = story.session(read);
            let [one, two, three] = [first, between, read].map(|node| story.name(node));
            story.fact(
                format!("{who} called {one}, then {two}, then {three}"),
                &[first, between, read],
            );
            let writes = [first, between].map(|node| self.trace.node(node).source);
            let [old, new] = writes.map(|write| story.name(write));
            story.fact(
                format!("{one} and {three} saw what {old} wrote, {two} what {new} wrote"),
                &[first, read, between, writes[0], writes[1]],
            );
            story.fact(
                "each value was written once, so one of the two is the older".into(),
                &writes,
            );
            let sentence =
                format!("{who} went back: {three} returned to what {one} had seen before {two}.");
            story.finding(sentence, read, "")
        });
    }

    /// The first of these reads of one session and key that returns to what the session had read before
    /// another value, and the two before it.
    fn back(&self, reads: &[u32]) -> Option<(u32, u32, u32)> {
        let mut first: FxHashMap<u32, u32> = FxHashMap::default();
        let mut last: Option<u32> = None;
        let told = |read: u32| self.trace.source(read);
        for &read in reads {
            if let (Some(source), Some(last)) = (told(read), last)
                && let Some(&first) = first.get(&source)
                && told(last).is_some_and(|between| between != source)
            {
                return Some((first, last, read));
            }
            // What is of unknown outcome comes before nothing in its session.
            if self.trace.node(read).kind != Kind::Unknown {
                first.entry(self.trace.node(read).source).or_insert(read);
                last = Some(read);
            }
        }
        None
    }

    fn explain(&self, (read, duty): Broken) -> Finding {
        let trace = self.trace;
        let mut story = Story::new(trace);
        let (name, who) = (story.name(read), story.session(read));
        let what = story.name(duty.node);
        let write = self.obliging(duty.node);
        match (self.guarantee, duty.by) {
            (Guarantee::ReadYourWrites, _) => story.fact(
                format!("{who} called {name} after its {what}, which was acknowledged"),
                &[duty.node, read],
            ),
            (_, None) => story.fact(
                format!("{who} called {name} after its {what}"),
                &[duty.node, read],
            ),
            (_, Some((then, by))) => {
                let (other, later, saw) = (story.session(then), story.name(then), story.name(by));
                story.fact(
                    format!("{other} called {later} after its {what}"),
                    &[duty.node, then],
                );
                story.fact(
                    format!("{saw} of {who} saw what {later} wrote"),
                    &[then, by],
                );
                story.fact(format!("{who} called {name} after {saw}"), &[by, read]);
            }
        }
        let source = trace.source(read);
        let than = story.name(write);
        if write != duty.node {
            story.fact(format!("{what} saw what {than} wrote"), &[write, duty.node]);
        }
        let saw = match source {
            None => "the initial value".to_string(),
            Some(source) => {
                story.way(source, write);
                format!("what {} wrote", story.name(source))
            }
        };
        let nodes: Vec<u32> = [read, write].into_iter().chain(source).collect();
        story.fact(
            format!("{name} saw {saw}, which is older than {than}"),
            &nodes,
        );
        let sentence = match self.guarantee {
            Guarantee::ReadYourWrites => {
                format!("{who} did not see its own write: {name} is older than {what}.")
            }
            Guarantee::MonotonicReads => {
                format!("{who} went back: {name} is older than what {what} had seen.")
            }
            Guarantee::MonotonicWrites => format!(
                "{who} saw a later write of a session and missed an earlier one: {name} is older than {what}."
            ),
            Guarantee::WritesFollowReads => format!(
                "{who} saw a write and missed what its session had seen: {name} is older than what {what} had seen."
            ),
        };
        story.finding(sentence, read, "")
    }
}

/// Keeps the broken read that was called first.
fn keep(broken: &mut Option<Broken>, found: Broken) {
    if broken.is_none_or(|(known, _)| found.0 < known) {
        *broken = Some(found);
    }
}

/// For each other session the last of its writes that a session has seen, and the read that saw it;
/// sorted by session.
#[derive(Debug, Default)]
struct Known {
    of: Vec<(u32, u32, u32)>,
}

impl Known {
    fn learn(&mut self, trace: &Trace<'_>, session: u32, read: u32) {
        let Some(write) = trace.source(read) else {
            return;
        };
        let of = trace.session(write);
        if of == session || trace.node(read).kind == Kind::Unknown {
            return;
        }
        match self.of.binary_search_by_key(&of, |&(of, ..)| of) {
            Ok(place) if self.of[place].1 < write => self.of[place] = (of, write, read),
            Ok(_) => {}
            Err(place) => self.of.insert(place, (of, write, read)),
        }
    }
}
