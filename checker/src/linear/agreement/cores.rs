//! What an explanation keeps of an impossible part is impossible, and nothing of it is needless.

use super::super::part::{Step, parts};
use super::super::relax::Trials;
use super::super::search::Search;
use super::generated::{Spread, append, register, siblings};
use crate::history::History;
use crate::luck::Luck;
use crate::model::agreement::histories::{counter, queue, set};
use crate::model::{Appends, Counters, Model, MultiValue, Queues, Registers, Sets};
use crate::register::Value;

/// Whether these steps have an order, tried with every choice of those that may be left out.
fn weakest_order<M: Model>(model: &M, core: &[Step<'_, M::Domain>]) -> bool {
    let relaxed: Vec<usize> = (0..core.len())
        .filter(|&step| !core[step].strict && core[step].until.is_some())
        .collect();
    (0..1_u32 << relaxed.len()).any(|chosen| {
        let kept = core.iter().enumerate().filter(|(step, _)| {
            let place = relaxed.iter().position(|relaxed| relaxed == step);
            place.is_none_or(|place| chosen >> place & 1 == 1)
        });
        let steps: Vec<_> = kept.map(|(_, step)| *step).collect();
        ordered(model, &model.initial(), &steps)
    })
}

fn ordered<M: Model>(model: &M, state: &M::State, left: &[Step<'_, M::Domain>]) -> bool {
    if left.iter().all(|step| step.until.is_none()) {
        return true;
    }
    (0..left.len()).any(|next| {
        let step = left[next];
        let late =
            |other: &Step<'_, M::Domain>| other.until.is_some_and(|until| until < step.op.invoked);
        if left.iter().any(late) {
            return false;
        }
        let mut rest = left.to_vec();
        rest.remove(next);
        let after = model.step(state, &step.op.call, step.ret);
        after.is_some_and(|after| ordered(model, &after, &rest))
    })
}

const NIL: Registers = Registers {
    initial: Value::Nil,
};

fn assert_core_is_a_core<M: Model>(model: &M, history: &History<M::Domain>) -> bool {
    let parts = parts(model, history);
    let mut broken = false;
    for part in &parts {
        let steps = part.steps();
        let mut search = Search::new(model, &steps);
        if search.advance(u64::MAX) == Some(true) {
            continue;
        }
        broken = true;
        let core = Trials::new(model, u64::MAX, u64::MAX).core(&steps, search.barrier());
        assert!(!weakest_order(model, &core), "{core:#?} of {history:#?}");
        for step in 0..core.len() {
            let mut weaker = core.clone();
            if weaker[step].strict {
                weaker[step] = weaker[step].relaxed();
                assert!(
                    weakest_order(model, &weaker),
                    "{step} is needless in {core:#?}"
                );
            }
        }
    }
    broken
}

#[test]
fn a_core_has_no_order_and_nothing_needless() {
    let mut broken = [0; 6];
    for seed in 200_000..203_000 {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(5), luck.below(5));
        let history = register(luck, count, unknown, Spread::Few);
        broken[0] += u32::from(assert_core_is_a_core(&NIL, &history));
        let history = append(luck, count, unknown, Spread::Few);
        broken[1] += u32::from(assert_core_is_a_core(&Appends, &history));
        let history = siblings(luck, count, unknown);
        let model = MultiValue::of(&history).expect("contexts name earlier operations");
        broken[2] += u32::from(assert_core_is_a_core(&model, &history));
        let history = queue(luck, count);
        broken[3] += u32::from(assert_core_is_a_core(&Queues, &history));
        let history = counter(luck, count);
        let model = Counters { initial: 5 };
        broken[4] += u32::from(assert_core_is_a_core(&model, &history));
        let history = set(luck, count);
        broken[5] += u32::from(assert_core_is_a_core(&Sets, &history));
    }
    assert!(broken.iter().all(|&count| count > 300), "{broken:?}");
}
