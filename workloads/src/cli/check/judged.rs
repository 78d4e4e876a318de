//! Which promises of a recording are judged, what came of it, and with which exit code it ends.

use std::time::Instant;

use checker::{
    Budget, Checker, Counterexample, Domain, History, Promise, Reason, Shortfall, Verdict,
};

use crate::cli::exit::Exit;
use crate::cli::output::told_more;
use crate::cli::status::Status;

/// One promise that can be judged of a recording.
pub(super) struct Judge<'h> {
    promise: Promise,
    made: bool,
    follows: bool,
    verdict: Box<dyn Fn(Budget) -> Verdict + 'h>,
}

impl<'h> Judge<'h> {
    /// A promise that an object of this model makes: unless others are asked for, it decides.
    pub(super) fn made<D: Domain>(history: &'h History<D>, checker: impl Checker<D> + 'h) -> Self {
        Judge {
            made: true,
            ..Judge::beside(history, checker)
        }
    }

    /// A promise that not every store of such objects makes: told, but decisive only where asked for.
    pub(super) fn beside<D: Domain>(
        history: &'h History<D>,
        checker: impl Checker<D> + 'h,
    ) -> Self {
        Judge::of(checker.promise(), false, move |budget| {
            checker.check(history, budget)
        })
    }

    /// A promise that is judged in some way of its own.
    pub(super) fn of(
        promise: Promise,
        made: bool,
        verdict: impl Fn(Budget) -> Verdict + 'h,
    ) -> Self {
        Judge {
            promise,
            made,
            follows: false,
            verdict: Box::new(verdict),
        }
    }

    /// The same promise, which in this recording holds wherever a stronger one does.
    pub(super) fn follows(self, follows: bool) -> Self {
        Judge { follows, ..self }
    }

    pub(super) fn promise(&self) -> Promise {
        self.promise
    }
}

/// One promise that was judged.
pub(super) struct Judged {
    pub(super) promise: Promise,
    /// Whether the verdict decides how the command ends.
    pub(super) decisive: bool,
    /// Whether it holds wherever a stronger promise does.
    follows: bool,
    pub(super) stand: Stand,
}

/// How it stands with one promise.
pub(super) enum Stand {
    /// It was judged by itself.
    Verdict(Verdict),
    /// It holds because this stronger promise holds.
    Follows(Promise),
}

/// How many states the judge of a promise that nobody asked for may visit.
const BESIDE_STATES: u64 = 1_000_000;

/// Judges the promises asked for, or all of them.
pub(super) fn judge(judges: &[Judge<'_>], asked: &[Promise], budget: Budget) -> Vec<Judged> {
    let mut judged: Vec<Judged> = Vec::new();
    let chosen = judges
        .iter()
        .filter(|judge| asked.is_empty() || asked.contains(&judge.promise()));
    for judge in chosen {
        let decisive = judge.made || !asked.is_empty();
        let states = if decisive {
            budget.states
        } else {
            budget.states.min(BESIDE_STATES)
        };
        let stronger = judged.iter().find(|known| {
            let held = matches!(known.stand, Stand::Verdict(Verdict::Valid(_)));
            held && implies(known.promise, judge.promise())
        });
        let stand = match stronger {
            Some(stronger) if judge.follows && !decisive => Stand::Follows(stronger.promise),
            _ => {
                let began = Instant::now();
                let what = format!("judge {}", judge.promise);
                let verdict =
                    Status::during(|| what.clone(), || (judge.verdict)(Budget { states }));
                told_more(1, || {
                    format!("{what}  {:.1} s", began.elapsed().as_secs_f64())
                });
                Stand::Verdict(verdict)
            }
        };
        judged.push(Judged {
            promise: judge.promise(),
            decisive,
            follows: judge.follows,
            stand,
        });
    }
    by_what_is_weaker(&mut judged);
    judged
}

/// Whether every history that keeps the first promise keeps the second.
fn implies(strong: Promise, weak: Promise) -> bool {
    use Promise::{
        Causal, CausalConvergence, CausalMemory, Linearizable, MonotonicReads, MonotonicWrites,
        ReadYourWrites, Regular, Sequential, WritesFollowReads,
    };
    match strong {
        Linearizable => matches!(
            weak,
            Sequential
                | Regular
                | ReadYourWrites
                | MonotonicReads
                | MonotonicWrites
                | WritesFollowReads
                | Causal
                | CausalConvergence
                | CausalMemory
        ),
        CausalConvergence | CausalMemory => weak == Causal,
        _ => false,
    }
}

/// What a search could not decide is broken where something weaker is.
fn by_what_is_weaker(judged: &mut [Judged]) {
    let broken: Vec<Counterexample> = judged
        .iter()
        .filter(|one| one.follows)
        .filter_map(|one| match &one.stand {
            Stand::Verdict(verdict) => verdict.counterexample().cloned(),
            Stand::Follows(_) => None,
        })
        .collect();
    for one in judged {
        let Stand::Verdict(Verdict::Unknown(Shortfall::OutOfBudget { .. })) = &one.stand else {
            continue;
        };
        let weaker = broken
            .iter()
            .find(|found| implies(one.promise, found.promise));
        if let Some(found) = weaker {
            let mut found = found.clone();
            found.part = format!("not even {}", found.promise);
            found.cause = format!("{}: {}", one.promise, found.cause);
            found.reasons.push(Reason {
                text: format!("{} promises {} as well", one.promise, found.promise),
                ops: Vec::new(),
            });
            found.promise = one.promise;
            one.stand = Stand::Verdict(Verdict::Invalid(Box::new(found)));
        }
    }
}

/// What broke the promise, if it was judged and is broken.
pub(super) fn counterexample(one: &Judged) -> Option<&Counterexample> {
    match &one.stand {
        Stand::Verdict(verdict) => verdict.counterexample(),
        Stand::Follows(_) => None,
    }
}

/// With which exit code one promise alone would end.
pub(super) fn alone(stand: &Stand) -> Exit {
    match stand {
        Stand::Follows(_) | Stand::Verdict(Verdict::Valid(_)) => Exit::Fine,
        Stand::Verdict(Verdict::Invalid(_)) => Exit::Violated,
        Stand::Verdict(Verdict::Unknown(why)) if why.is_idle() => Exit::Idle,
        Stand::Verdict(Verdict::Unknown(_)) => Exit::Undecided,
    }
}

/// A promise that nothing could have broken counts where it was asked for by name, or is all there is.
pub(super) fn worst(judged: &[Judged], by_name: bool) -> Exit {
    let decisive = judged.iter().filter(|one| one.decisive);
    let exits = decisive.map(|one| alone(&one.stand));
    let told = exits.filter(|exit| by_name || *exit != Exit::Idle).min();
    told.unwrap_or(Exit::Idle)
}
