//! Work on many parts at once, with a result that does not depend on how many threads there are.

use std::sync::PoisonError;

use crate::sync::Mutex;

/// Histories with fewer operations stay on one thread: starting another takes longer.
const OPS_SHARED: usize = 20_000;

/// How many threads to use for this many parts with that many operations in all.
pub(crate) fn threads(parts: usize, ops: usize) -> usize {
    if parts < 2 || ops < OPS_SHARED {
        return 1;
    }
    let known = std::thread::available_parallelism().map_or(1, Into::into);
    known.min(parts)
}

/// What `work` makes of each item, in the order of the items, up to the first result that `ends` it.
///
/// Items behind that one may be worked on or not. What is returned is the same for any number of
/// threads.
pub(crate) fn each<T: Send, R: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
    ends: impl Fn(&R) -> bool + Sync,
) -> Vec<R> {
    if threads < 2 {
        return alone(items, work, ends);
    }
    let queue = Mutex::new((items.into_iter().enumerate(), usize::MAX));
    // A thread that panicked takes the whole verdict with it when it is joined.
    let shared = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let turn = || {
        let mut done: Vec<(usize, R)> = Vec::new();
        loop {
            let (number, item) = {
                let (items, end) = &mut *shared();
                match items.next() {
                    Some((number, item)) if number <= *end => (number, item),
                    _ => break,
                }
            };
            let result = work(item);
            if ends(&result) {
                let (_, end) = &mut *shared();
                *end = number.min(*end);
            }
            done.push((number, result));
        }
        done
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let crew: Vec<_> = (0..threads).map(|_| scope.spawn(turn)).collect();
        let joined = crew.into_iter().map(|one| match one.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.flatten().collect()
    });
    all.sort_unstable_by_key(|(number, _)| *number);
    let (_, last) = *shared();
    let kept = all.into_iter().filter(|(number, _)| *number <= last);
    kept.map(|(_, result)| result).collect()
}

/// The same without other threads.
fn alone<T, R>(items: Vec<T>, work: impl Fn(T) -> R, ends: impl Fn(&R) -> bool) -> Vec<R> {
    let mut done = Vec::with_capacity(items.len());
    for item in items {
        let result = work(item);
        let last = ends(&result);
        done.push(result);
        if last {
            break;
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_do_not_depend_on_the_number_of_threads() {
        for ending in [vec![], vec![70], vec![3, 90], vec![0]] {
            let items: Vec<u64> = (0..100).collect();
            let work = |item: u64| (0..item * 50).fold(item, |sum, one| sum ^ one.wrapping_mul(3));
            let expected: Vec<u64> = items.iter().map(|&item| work(item)).collect();
            let end = ending.first().map_or(100, |&end| end + 1);
            for threads in [1, 2, 7] {
                let ends = |&(item, _): &(usize, u64)| ending.contains(&item);
                let numbered = items.iter().copied().enumerate().collect();
                let found = each(
                    threads,
                    numbered,
                    |(number, item)| (number, work(item)),
                    ends,
                );
                let found: Vec<u64> = found.into_iter().map(|(_, result)| result).collect();
                assert_eq!(found, expected[..end], "{ending:?} {threads}");
            }
        }
    }

    #[test]
    fn one_thread_is_this_one_and_stops_where_the_result_ends() {
        let here = std::thread::current().id();
        let done = Mutex::new(0);
        let work = |item: u64| {
            *done.lock().expect("nobody panics") += 1;
            (item, std::thread::current().id() == here)
        };
        let found = each(1, (0..100).collect(), work, |&(item, _)| item == 3);
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|&(_, here)| here));
        assert_eq!(
            *done.lock().expect("nobody panics"),
            4,
            "the rest is not looked at"
        );
        let found = each(3, (0..100).collect(), work, |_| false);
        assert!(found.iter().all(|&(_, here)| !here));
    }

    #[test]
    fn small_histories_stay_on_one_thread() {
        assert_eq!(threads(0, 1_000_000), 1);
        assert_eq!(threads(1, 1_000_000), 1);
        assert_eq!(threads(100, OPS_SHARED - 1), 1);
        assert!(threads(100, OPS_SHARED) <= 100);
    }
}
