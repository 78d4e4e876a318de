//! What a cluster of processes shows of a failure: the same judges, with what is seen of disks at two looks.

use std::collections::BTreeMap;

use checker::kv::Kv;
use checker::note::{Node, Setup, Version};
use checker::{Budget, Entry, History, Note, Promise, Time};

use super::clients::from_outside;
use crate::drive::Run;
use crate::matrix;
use crate::plan::Plan;

/// The part of a history that the same plan leaves when processes run it: calls, answers, what was done to the
/// cluster, claims about roots, and what the disks hold when the faults have ended and when the store counts
/// as mended. Nothing of what they hold in between, of messages, and of what nodes count.
pub fn as_processes_show_it(history: &History<Kv>) -> History<Kv> {
    let mut shown = Shown::default();
    for entry in history.entries() {
        shown.follow(entry);
    }
    History::new(shown.entries).expect("calls and their order are as they were")
}

/// The promises that a run breaks as far as processes would show it, in the order of reports.
pub fn broken_to_processes(plan: &Plan, run: &Run, budget: Budget) -> Vec<Promise> {
    let made = matrix::made(plan, &run.history);
    let shown = as_processes_show_it(&run.history);
    let verdicts = matrix::judge(plan.shape, &shown, &made, budget);
    let broken = verdicts.into_iter();
    let broken = broken.filter(|(_, verdict)| verdict.counterexample().is_some());
    broken.map(|(promise, _)| promise).collect()
}

/// What disks hold, and what of that was shown.
#[derive(Default)]
struct Shown {
    entries: Vec<Entry<Kv>>,
    data: BTreeMap<(String, Node), Vec<Version>>,
    hints: BTreeMap<(String, Node, Node), Vec<Version>>,
    /// The owners of keys that were named anew.
    owners: BTreeMap<String, Vec<Node>>,
    begun: bool,
    looked: bool,
}

impl Shown {
    fn follow(&mut self, entry: Entry<Kv>) {
        let Entry::Note { at, note } = entry else {
            self.begun = true;
            self.entries.push(entry);
            return;
        };
        match note {
            Note::Setup(setup) => {
                let sampled = true;
                let note = Note::Setup(Setup { sampled, ..setup });
                self.entries.push(Entry::Note { at, note });
            }
            Note::Owners { key, nodes } if self.begun || at > Time(0) => {
                self.owners.insert(key, nodes);
            }
            Note::Durable {
                node,
                key,
                versions,
            } => {
                self.data.insert((key, node), versions);
            }
            Note::Hint {
                holder,
                owner,
                key,
                versions,
            } => {
                self.hints.insert((key, holder, owner), versions);
            }
            Note::HintDropped { holder, owner, key } | Note::HintExpired { holder, owner, key } => {
                self.hints.insert((key, holder, owner), Vec::new());
            }
            Note::Healed => {
                self.look(at);
                self.entries.push(Entry::Note { at, note });
            }
            Note::Root { .. } | Note::Quiet => {
                if !self.looked {
                    let owners = std::mem::take(&mut self.owners);
                    for (key, nodes) in owners {
                        let note = Note::Owners { key, nodes };
                        self.entries.push(Entry::Note { at, note });
                    }
                    self.look(at);
                    self.looked = true;
                }
                self.entries.push(Entry::Note { at, note });
            }
            note if from_outside(&note) || matches!(note, Note::Owners { .. }) => {
                self.entries.push(Entry::Note { at, note });
            }
            _ => {}
        }
    }

    /// Tells what is new since the look before.
    fn look(&mut self, at: Time) {
        for ((key, node), versions) in std::mem::take(&mut self.data) {
            let note = Note::Durable {
                node,
                key,
                versions,
            };
            self.entries.push(Entry::Note { at, note });
        }
        for ((key, holder, owner), versions) in std::mem::take(&mut self.hints) {
            let note = if versions.is_empty() {
                Note::HintDropped { holder, owner, key }
            } else {
                Note::Hint {
                    holder,
                    owner,
                    key,
                    versions,
                }
            };
            self.entries.push(Entry::Note { at, note });
        }
    }
}

#[cfg(test)]
mod tests {
    use checker::Verdict;
    use dynamo_core::Flaw;

    use super::*;
    use crate::catalogue::broken_to_clients;
    use crate::preset::Preset;
    use crate::target::Target;
    use crate::world::World;

    #[test]
    fn processes_show_nothing_broken_of_a_healthy_store() {
        for preset in Preset::all() {
            for seed in 0..30 {
                for world in World::ALL {
                    let plan = world.plan(preset, seed);
                    let run = Target::default().run(&plan).expect("it runs");
                    let broken = broken_to_processes(&plan, &run, Budget::default());
                    assert_eq!(broken, [], "{} {seed} {}", preset.name(), world.name());
                }
            }
        }
    }

    #[test]
    fn two_looks_are_enough_to_see_that_replicas_become_equal_and_never_for_hints() {
        let held = |promise: Promise| {
            let holds = |seed: &u64| {
                let plan = World::Cluster.plan(Preset::Dynamo, *seed);
                let run = Target::default().run(&plan).expect("it runs");
                let shown = as_processes_show_it(&run.history);
                let verdicts = matrix::judge(plan.shape, &shown, &[promise], Budget::default());
                matches!(verdicts.as_slice(), [(_, Verdict::Valid(_))])
            };
            (0..40).filter(holds).count()
        };
        for promise in [Promise::ClockCausality, Promise::Convergence] {
            assert!(held(promise) > 0, "{promise}");
        }
        assert_eq!(held(Promise::HandoffDelivery), 0);
    }

    #[test]
    fn a_look_shows_more_than_clients_see() {
        let flaw = Some(Flaw::KeepDeliveredHint);
        let shown = (0..200).find(|seed| {
            let plan = World::Cluster.plan(Preset::Dynamo, *seed);
            let run = Target { flaw }.run(&plan).expect("it runs");
            let broken = broken_to_processes(&plan, &run, Budget::default());
            let clients = broken_to_clients(&plan, &run, Budget::default());
            broken.contains(&Promise::HandoffDelivery) && clients.is_empty()
        });
        assert!(shown.is_some());
    }
}
