//! Known answers for who supersedes whom, and the chains against the transitive closure.

use std::fmt::Write as _;

use super::Order;
use crate::evidence::sketch::sketch;
use crate::luck::Luck;

#[test]
fn the_chains_say_what_the_transitive_closure_says() {
    let mut luck = Luck(3);
    for _ in 0..500 {
        let count = 1 + luck.place(12);
        let mut text = String::new();
        let mut below: Vec<Vec<bool>> = Vec::new();
        for write in 0..count {
            let mut all = vec![false; count];
            let mut context = String::new();
            for earlier in (0..write)
                .filter(|_| luck.place(4) == 0)
                .collect::<Vec<_>>()
            {
                let sign = if context.is_empty() { "ctx=" } else { "+" };
                write!(context, "{sign}w{earlier}").expect("a string takes everything");
                all[earlier] = true;
                for deeper in 0..write {
                    all[deeper] |= below[earlier][deeper];
                }
            }
            let (at, to) = (2 * write, 2 * write + 1);
            writeln!(
                text,
                "[{at},{to}] s put x v{write} {context} -> ok as w{write}"
            )
            .expect("a string takes everything");
            below.push(all);
        }
        let history = sketch(&text);
        let order = Order::new(&history);
        let key = &order.keys[0];
        let mut ordered = 0;
        for (above, all) in below.iter().enumerate() {
            for (write, &is_below) in all.iter().enumerate() {
                assert_eq!(key.before(write, above), is_below, "{text}");
                assert_eq!(key.possibly_before(write, above), is_below, "{text}");
                ordered += u64::from(is_below);
            }
        }
        let pairs = (count * (count - 1) / 2) as u64;
        assert_eq!(key.pairs(|_| true), (ordered, pairs - ordered));
    }
}

#[test]
fn two_blind_puts_of_one_session_are_concurrent() {
    let history = sketch("[0,1] s put x a -> ok\n [2,3] s put x b -> ok");
    let order = Order::new(&history);
    assert!(!order.keys[0].before(0, 1) && !order.keys[0].before(1, 0));
}

#[test]
fn a_context_of_another_key_supersedes_nothing() {
    let history = sketch("[0,1] s put y a -> ok as p\n [2,3] s put x b ctx=p -> ok");
    let order = Order::new(&history);
    assert!(order.keys.iter().all(|key| key.seen(0).is_empty()));
}

#[test]
fn a_client_holds_no_context_of_a_call_that_was_not_answered() {
    let history = sketch("[0,-] s put x a -> info as p\n [2,3] t put x b ctx=p -> ok");
    let order = Order::new(&history);
    assert!(!order.keys[0].before(0, 1));
}

#[test]
fn contexts_in_a_circle_neither_hang_nor_panic() {
    let history = sketch("[0,1] s put x a ctx=#1 -> ok\n [0,1] t put x b ctx=#0 -> ok");
    let order = Order::new(&history);
    assert!(order.keys[0].covers(0, 0) && order.keys[0].covers(1, 1));
}

#[test]
fn a_delete_may_hide_only_where_it_had_been_called_and_supersedes_nothing_returned() {
    let history = sketch(
        "[0,1] s put x a -> ok as p
         [2,3] s del x ctx=p -> ok
         [4,5] t get x -> {} as g
         [6,7] t put x b ctx=g -> ok
         [4,5] u get x -> {a} as h
         [6,7] u put x c ctx=h -> ok",
    );
    let order = Order::new(&history);
    let key = &order.keys[0];
    assert!(key.possibly_before(0, 2) && key.possibly_before(1, 2));
    assert!(!key.before(0, 2));
    assert!(key.before(0, 3) && !key.possibly_before(1, 3));
}
