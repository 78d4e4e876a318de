//! The checker of transactions: what was found, held against what the store promises.

use super::anomaly::{Anomaly, AnomalyKind, Extent, NAMES};
use super::book::{Book, Fate};
use super::edges::{Graph, Link};
use super::explain::Facts;
use super::fractured;
use super::inferred::Inferred;
use super::models::ConsistencyModel;
use super::order::{link_real_time, link_sessions};
use super::search::{Search, kind};
use super::whole;
use crate::evidence::{Finding, Findings};
use crate::history::{History, Time};
use crate::txn::{Ask, Txn};
use crate::verdict::{Budget, Checker, Counters, Promise, Shortfall, Verdict};

/// From what the order of a register's values is inferred. Lists need none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// A transaction that reads a key and then writes it replaces what it had read. On unless said
    /// otherwise: every model from read committed on keeps it.
    pub writes_follow_reads: bool,
    /// The transactions of a session meet the versions of each key in their order. Only for stores that
    /// promise it of each key by itself; [`Cycles`] infers it wherever its model promises as much.
    pub sessions: bool,
    /// Transactions that do not overlap meet the versions of each key in the order of time. Only for
    /// stores of which each key by itself is linearizable; [`Cycles`] infers it for strict serializability.
    pub real_time: bool,
}

impl Default for Sources {
    fn default() -> Self {
        Sources {
            writes_follow_reads: true,
            sessions: false,
            real_time: false,
        }
    }
}

/// Judges transactions over lists and registers by their dependencies (Kingsbury, Alvaro, "Elle", VLDB
/// 2020; Adya, "Weak Consistency", 1999).
///
/// A "no" is certain: something was found that the consistency model forbids, whatever the store did
/// inside. A "yes" says that nothing was found. For lists whose every append was read that is proof;
/// where appends were never read, or for registers whose values replaced one another unread, an order
/// may be impossible for reasons that no dependency shows.
///
/// The model is [`ConsistencyModel::StrictSerializable`] unless said otherwise, as for Elle: what is
/// acknowledged before a transaction is called comes before it. A store that does not promise that
/// is to be asked for [`ConsistencyModel::Serializable`] or less. Where one serial order has to follow
/// time, or sessions, the values of a register replaced one another in that order too, and what cannot be
/// reconciled with it is a "no".
///
/// - A transaction of unknown outcome happened if some of its writes were read, else it may not have.
///   It comes before nothing by the order of calls, and its reads say nothing.
/// - The first value of a register is nil. A key that is both a list and a register, that is given one
///   value twice or read in two orders, or a register that is written nil, is not judged, and without
///   a "no" from elsewhere the verdict is unknown.
///
/// O(parts + elements read + edges) time, some 100 bytes a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cycles {
    model: ConsistencyModel,
    sources: Sources,
}

impl Cycles {
    /// Judges by what this model forbids.
    pub fn new(model: ConsistencyModel) -> Self {
        Cycles {
            model,
            sources: Sources::default(),
        }
    }

    /// Infers the order of registers from these sources.
    #[must_use]
    pub fn with_sources(self, sources: Sources) -> Self {
        Cycles { sources, ..self }
    }
}

impl Cycles {
    /// What only the order of registers' values shows that follows from the order of calls: it denies the
    /// model that is asked for, and not what weaker models are denied by.
    fn against_calls(self, history: &History<Txn>, budget: Budget) -> Vec<Anomaly> {
        let sources = self.model.sources(self.sources);
        let mut asks = history.ops().iter().flat_map(|op| &op.call.0);
        if sources == self.sources || !asks.any(|ask| matches!(ask, Ask::Write(..))) {
            return Vec::new();
        }
        let extent = self.model.extent();
        let forbidden = |kind| self.model.forbids(kind);
        let judged = judge(history, sources, self.model.looks(), budget, forbidden);
        let found = judged.anomalies.into_iter();
        let mut found: Vec<Anomaly> = found.filter(|one| forbidden(one.kind)).collect();
        for anomaly in &mut found {
            if let AnomalyKind::Cycle(shape, _) = anomaly.kind {
                anomaly.kind = AnomalyKind::Cycle(shape, extent);
            }
            anomaly.sentence = format!("{}: not {}.", anomaly.kind.words(), self.model);
        }
        found
    }
}

impl Checker<Txn> for Cycles {
    fn promise(&self) -> Promise {
        Promise::Cycles
    }

    /// The budget counts edges on the search for short cycles, which changes no verdict, and parts of
    /// transactions on the search for fractured reads, on which read atomic and weaker models depend.
    fn check(&self, history: &History<Txn>, budget: Budget) -> Verdict {
        let forbidden = |kind| self.model.forbids(kind);
        let judged = judge(history, self.sources, self.model.looks(), budget, forbidden);
        let mut findings = Findings::new(Promise::Cycles, &NAMES);
        findings.exercised = judged.exercised;
        let found = judged.anomalies.into_iter();
        let mut found: Vec<Anomaly> = found.filter(|one| forbidden(one.kind)).collect();
        if found.is_empty() {
            found = self.against_calls(history, budget);
        }
        for anomaly in found {
            findings.report(anomaly.kind.rank(), || Finding {
                sentence: anomaly.sentence,
                key: anomaly.key,
                ops: anomaly.ops,
                reasons: anomaly.reasons,
                kind: "",
            });
        }
        let nothing = "no transaction read or replaced what another wrote";
        let missing = (!judged.met && judged.unjudged.is_none()).then(|| nothing.into());
        let unknown = findings.exercised["unknown transactions"];
        match findings.verdict(missing) {
            Verdict::Valid(_) if judged.spent && forbidden(AnomalyKind::ObservedVanishes) => {
                Verdict::Unknown(Shortfall::OutOfBudget {
                    part: "fractured reads".into(),
                    states: budget.states,
                    unknown,
                    window: Some(window(history)),
                    pending: 0,
                })
            }
            Verdict::Valid(witness) => match judged.unjudged {
                Some(why) => Verdict::Unknown(Shortfall::LeftOut(why)),
                None => Verdict::Valid(witness),
            },
            verdict => verdict,
        }
    }
}

/// The first anomaly of each kind that was found, the gravest first.
///
/// It searches for all kinds, also those that need the order of sessions and real time. A history is
/// consistent with every model that none of them [denies](Anomaly::denies), as far as can be told.
pub fn anomalies(history: &History<Txn>, sources: Sources, budget: Budget) -> Vec<Anomaly> {
    let looks = ConsistencyModel::StrictSerializable.looks();
    judge(history, sources, looks, budget, |_| false).anomalies
}

/// The first call and the last return: fractured reads are looked for all over a history.
fn window(history: &History<Txn>) -> (Time, Time) {
    let ops = history.ops();
    let first = ops.first().map_or(Time(0), |op| op.invoked);
    let last = ops.iter().filter_map(|op| op.returned).max();
    (first, last.unwrap_or(first))
}

struct Judged {
    anomalies: Vec<Anomaly>,
    exercised: Counters,
    /// Whether any transaction depends on another by what it read or wrote.
    met: bool,
    /// Whether the budget ended before all fractured reads were looked for.
    spent: bool,
    unjudged: Option<String>,
}

/// Looks for anomalies up to an extent, and by whole transactions if that may be, the gravest first, until one
/// `settles` the verdict.
fn judge(
    history: &History<Txn>,
    sources: Sources,
    (extent, by_whole): (Extent, bool),
    budget: Budget,
    settles: impl Fn(AnomalyKind) -> bool,
) -> Judged {
    let book = Book::new(history);
    let mut inferred = Inferred::new(&book, sources);
    let exercised = exercised(&book, &inferred);
    let enough = !by_whole || whole::link(&book, &mut inferred, budget.states);
    let met = ["write-read", "write-write", "read-write"]
        .iter()
        .any(|name| exercised[*name] > 0);
    if extent >= Extent::Session {
        link_sessions(&book, &mut inferred.edges);
    }
    if extent >= Extent::RealTime {
        link_real_time(&book, &mut inferred.edges);
    }
    let Inferred {
        edges,
        mut found,
        versions,
        unjudged,
        ..
    } = inferred;
    let graph: Graph = edges.graph();
    let search = Search::new(&graph, budget.states);
    drop(graph);
    let knots = search.tied(Extent::Data);
    let spent = !fractured::find(&book, &versions, knots, &mut found, budget.states) || !enough;
    if let Some(cycle) = search.in_part() {
        let kind = AnomalyKind::FracturedRead;
        found.report(kind, || Facts::new(&book).cycle(kind, &cycle, &versions));
    }
    for (shape, extent) in Search::searches() {
        let wanted = AnomalyKind::Cycle(shape, extent);
        let settled = AnomalyKind::all().take_while(|&kind| kind != wanted);
        if settled
            .into_iter()
            .any(|kind| found.has(kind) && settles(kind))
        {
            break;
        }
        if let Some(cycle) = search.search(shape, extent) {
            let kind = kind(&cycle);
            found.report(kind, || Facts::new(&book).cycle(kind, &cycle, &versions));
        }
    }
    let skipped = |(key, why)| format!("key {} {why}, so nothing can be said of it", book.key(key));
    Judged {
        anomalies: found.sorted(),
        exercised,
        met,
        spent,
        unjudged: unjudged.map(skipped),
    }
}

fn exercised(book: &Book<'_>, inferred: &Inferred) -> Counters {
    let fates = (0..book.ops.len() as u32).map(|txn| book.fate(txn));
    let count = |fate| fates.clone().filter(|&one| one == fate).count() as u64;
    let edges = |link| inferred.edges.count(link);
    let counts = [
        ("committed transactions", count(Fate::Committed)),
        ("unknown transactions", count(Fate::Unknown)),
        ("read-write", edges(Link::Rw) + edges(Link::Update)),
        ("write-read", edges(Link::Wr)),
        ("write-write", edges(Link::Ww)),
    ];
    let counts = counts.into_iter();
    counts
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}
