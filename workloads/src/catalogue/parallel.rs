//! Tasks that do not depend on one another, some at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How often whoever waits is told how far it is.
const TICK: Duration = Duration::from_millis(100);

/// Does all tasks, so many at a time, and gives the results in the order of the tasks. `tick` is called on the
/// caller's thread with each result, and with none when some time has passed.
pub(crate) fn each<T: Sync, R: Send>(
    tasks: &[T],
    jobs: usize,
    work: impl Fn(&T) -> R + Sync,
    mut tick: impl FnMut(Option<&R>),
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let mut results: Vec<(usize, R)> = Vec::new();
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (next, work, send) = (&next, &work, send.clone());
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(index) else { return };
                    if send.send((index, work(task))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        loop {
            match receive.recv_timeout(TICK) {
                Ok((index, result)) => {
                    tick(Some(&result));
                    results.push((index, result));
                }
                Err(RecvTimeoutError::Timeout) => tick(None),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_tasks_whoever_did_them() {
        let tasks: Vec<u64> = (0..40).collect();
        for jobs in [0, 1, 3] {
            let mut seen = 0;
            let squares = each(
                &tasks,
                jobs,
                |task| task * task,
                |done| seen += usize::from(done.is_some()),
            );
            assert_eq!(seen, tasks.len());
            let expected: Vec<u64> = tasks.iter().map(|task| task * task).collect();
            assert_eq!(squares, expected);
        }
        assert!(each(&[0_u8; 0], 2, |_| (), |_| ()).is_empty());
    }
}
