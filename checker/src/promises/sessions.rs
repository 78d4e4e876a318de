//! The promises about reads, over one index, in as few readings as possible.

#[cfg(test)]
#[path = "agreement.rs"]
mod agreement;

use crate::causal::{self, Conflicts, Pasts};
use crate::history::History;
use crate::kv::Kv;
use crate::order::{Course, Misses, Order, Watch, survey, sweep, watching};
use crate::regular::{self, Acknowledgements};
use crate::session::{self, Guarantee, Guarantees, Own, Through};
use crate::verdict::{Promise, Shortfall, Verdict};

/// How many writes that reads miss are kept for each operation, all in all.
const MISSED_KEPT: usize = 4;

/// What was seen of the four guarantees of sessions, of causal and of regular.
pub(crate) struct Sessions {
    course: Course,
    guarantees: Guarantees,
    conflicts: Conflicts,
    pasts: Option<Pasts>,
    acknowledgements: Option<Acknowledgements>,
}

/// What is asked for.
#[derive(Clone, Copy)]
struct Asked {
    own: [bool; 2],
    through: [bool; 2],
    causal: bool,
    regular: bool,
}

impl Asked {
    fn of(promises: &[Promise]) -> Self {
        let asked = |one: Guarantee| promises.contains(&one.promise());
        let [own_writes, own_reads, writes, follows] = Guarantee::ALL.map(asked);
        Asked {
            own: [own_writes, own_reads],
            through: [writes, follows],
            causal: promises.contains(&Promise::Causal),
            regular: promises.contains(&Promise::Regular),
        }
    }

    /// Whether anything is asked about more than one key.
    fn across(self) -> bool {
        self.causal || self.through.contains(&true)
    }
}

impl Sessions {
    /// The verdict on one of these promises alone.
    pub(crate) fn one(history: &History<Kv>, promise: Promise) -> Verdict {
        let mut order = Order::new(history);
        Sessions::follow(&mut order, &[promise]).verdict(&order, promise)
    }

    /// Looks at all keys, one by one, and then, where something may be found, at all sessions together.
    ///
    /// Whoever breaks monotonic writes or writes follow reads breaks causal consistency with the same read, so
    /// that they are looked at only from where it is broken on. And where no read misses anything, nothing is
    /// broken that is about what reads miss.
    pub(crate) fn follow(order: &mut Order<'_>, promises: &[Promise]) -> Self {
        let kept = MISSED_KEPT * order.places();
        Sessions::keeping(kept, order, Asked::of(promises))
    }

    fn keeping(kept: usize, order: &mut Order<'_>, asked: Asked) -> Self {
        let course = if asked.across() || asked.own.contains(&true) {
            Course::of(order)
        } else {
            Course::Recorded
        };
        let mut seen = Sessions {
            guarantees: Guarantees {
                own: Own::new(order, asked.own),
                through: None,
            },
            conflicts: Conflicts::default(),
            pasts: None,
            acknowledgements: asked.regular.then(|| Acknowledgements::new(order)),
            course,
        };
        let mut misses = Misses::new(kept);
        seen.look(order, asked, &mut misses);
        if asked.across() {
            misses.sort();
            seen.connect(order, asked, &misses);
        }
        seen
    }

    /// Looks at all keys.
    fn look(&mut self, order: &mut Order<'_>, asked: Asked, misses: &mut Misses) {
        let Sessions {
            course,
            guarantees,
            conflicts,
            acknowledgements,
            ..
        } = self;
        let own = asked.across() || asked.own.contains(&true);
        // Times are what regular is about, so it is about the recording.
        let recorded = matches!(course, Course::Recorded);
        let regular = acknowledgements
            .as_mut()
            .map(|watch| watch as &mut dyn Watch);
        let (together, apart) = if recorded {
            (regular, None)
        } else {
            (None, regular)
        };
        let mut watches = watching([
            own.then_some(&mut guarantees.own as &mut dyn Watch),
            asked.causal.then_some(conflicts as &mut dyn Watch),
            asked.across().then_some(misses as &mut dyn Watch),
            together,
        ]);
        if !watches.is_empty() {
            survey(order, course, &mut watches);
        }
        if let Some(watch) = apart {
            survey(order, &Course::Recorded, &mut [watch]);
        }
    }

    /// Looks at all sessions together.
    fn connect(&mut self, order: &mut Order<'_>, asked: Asked, misses: &Misses) {
        let circular = matches!(self.course, Course::Circular(_));
        let own = &self.guarantees.own;
        let met = own.met_any() || !asked.causal;
        if !circular && (!misses.none() || !met) {
            let mut pasts = Pasts::new(order, &self.course, misses, met);
            sweep(order, &self.course, misses, &mut [&mut pasts]);
            self.pasts = Some(pasts);
        }
        let missed = self.pasts.as_ref().and_then(Pasts::missed);
        let since = if circular {
            (!misses.none()).then_some(0)
        } else {
            missed.map(|missed| missed.at)
        };
        let all = own.met_others();
        let met = [0, 1].map(|of| all[of] || !asked.through[of]);
        if asked.through.contains(&true) && (since.is_some() || met != [true; 2]) {
            let since = since.unwrap_or(usize::MAX);
            let asked = (asked.through, met);
            let mut through = Through::new(order, &self.course, asked, (misses, since));
            sweep(order, &self.course, misses, &mut [&mut through]);
            self.guarantees.through = Some(through);
        }
    }

    /// The verdict on one of the promises that were asked for.
    pub(crate) fn verdict(&self, order: &Order<'_>, promise: Promise) -> Verdict {
        if promise != Promise::Causal
            && let Some(key) = order.keys.iter().find(|key| key.circular)
        {
            let why = format!(
                "contexts of key {} go in a circle, so that nothing says what a read covers",
                key.name
            );
            return Verdict::Unknown(Shortfall::LeftOut(why));
        }
        let of = |one: &Guarantee| one.promise() == promise;
        match (Guarantee::ALL.into_iter().find(of), &self.acknowledgements) {
            (Some(guarantee), _) => session::verdict(order, &self.guarantees, guarantee),
            (None, Some(watch)) if promise == Promise::Regular => regular::verdict(order, watch),
            _ => {
                let met = self.pasts.as_ref().is_some_and(Pasts::met);
                let seen = causal::Seen {
                    course: &self.course,
                    conflict: self.conflicts.found(),
                    missed: self.pasts.as_ref().and_then(Pasts::missed),
                    met: met || self.guarantees.own.met_any(),
                };
                causal::verdict(order, seen)
            }
        }
    }
}
