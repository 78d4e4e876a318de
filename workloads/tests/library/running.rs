//! A running store behind an async client of one's own.

use std::sync::{Arc, Mutex};

use dynamometer::prelude::*;

/// A connection to a store that keeps one value a key.
struct Link {
    store: Arc<Mutex<Disk>>,
    /// The sin: puts are acknowledged and dropped.
    drops: bool,
}

impl Client for Link {
    async fn get(&mut self, key: &[u8]) -> Result<Answered, ClientError> {
        let store = self.store.lock().expect("no call panics");
        let values = store.get(key).cloned().into_iter().collect();
        let context = Vec::new();
        Ok(Answered { values, context })
    }

    async fn put(
        &mut self,
        key: &[u8],
        value: &[u8],
        _context: Option<&[u8]>,
    ) -> Result<(), ClientError> {
        let mut store = self.store.lock().expect("no call panics");
        if !self.drops {
            store.insert(key.to_vec(), value.to_vec());
        }
        Ok(())
    }
}

/// Its one node, asked through a client that may have the sin.
fn link(drops: bool) -> impl Fn(u32) -> std::future::Ready<Result<Link, ClientError>> {
    let store = Arc::default();
    move |_| {
        let store = Arc::clone(&store);
        std::future::ready(Ok(Link { store, drops }))
    }
}

const SETTLES: Duration = Duration::from_millis(5);

#[test]
fn the_last_writer_wins_in_a_running_store_and_its_runs_do_not_meet() {
    let promises = [Promise::SiblingPreservation, Promise::Linearizable];
    let test = live(1, link(false)).last_writer_wins().promises(promises);
    // What an earlier run left under the same names would be invented in the next.
    let held = test.settles_within(SETTLES).runs(3).seed_base(5).check();
    assert_eq!(held.runs, 3);
    assert!(
        held.promises.values().all(|chances| chances.held > 0),
        "{held}"
    );
}

#[test]
fn a_running_store_that_drops_puts_is_caught() {
    let out = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("library-running");
    let test = live(1, link(true)).keeps_siblings().settles_within(SETTLES);
    let failed = test.runs(1).replays(6).out(out).run();
    let failed = failed.expect_err("what was put is not there");
    let found = failed.counterexample().expect("a promise was broken");
    assert_eq!(found.title(), "sibling-preservation (lost write)");
    assert!(
        failed
            .to_string()
            .contains("a running store is not deterministic"),
        "{failed}"
    );
    assert!(failed.bundle().is_some_and(std::path::Path::is_file));
}

#[test]
fn a_store_that_cannot_be_reached_is_no_sound_store() {
    let nobody = |_| {
        let refused = ClientError::DidNotHappen("connection refused".into());
        std::future::ready(Err::<Link, ClientError>(refused))
    };
    let test = live(1, nobody).keeps_siblings().settles_within(SETTLES);
    let failed = test.runs(20).run().expect_err("nothing could break");
    assert_eq!(failed.cause(), Cause::Idle);
    let said = failed.to_string();
    assert!(
        said.contains("the first that failed: connection refused"),
        "{said}"
    );
}
