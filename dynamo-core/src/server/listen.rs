//! Connections that come in: at most so many at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long to wait where the system has no room for a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections until it is to stop, then waits until all have ended. More than `most` wait to be let
/// in. Dropped, it ends them all.
pub(super) async fn listen<S: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    most: usize,
    stop: impl Future<Output = ()>,
    mut serve: impl FnMut(TcpStream) -> S,
) {
    let room = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    let taking = async {
        // Nobody closes the semaphore.
        while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let serving = serve(stream);
            connections.spawn(async move {
                serving.await;
                drop(permit);
            });
        }
    };
    tokio::select! {
        () = taking => {}
        () = stop => {}
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}
