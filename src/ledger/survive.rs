//! What runs by itself goes on after a panic: a bug costs one round of it, not all that follow.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Runs one round of what is repeated for ever. `None`: it panicked, which the log says.
pub async fn survived<T>(what: &'static str, round: impl Future<Output = T>) -> Option<T> {
    let done = AssertUnwindSafe(round).catch_unwind().await;
    if done.is_err() {
        tracing::error!(what, "a round panicked; the next one comes all the same");
    }
    done.ok()
}
