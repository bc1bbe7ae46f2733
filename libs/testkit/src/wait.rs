//! Waiting for a fact instead of for a time.

use std::time::Duration;

use tokio::time::Instant;

/// Asks `look` every 10 ms until it says `Some`, and returns that.
///
/// # Panics
/// When `within` has passed first: the test fails with `fact` in its message.
#[expect(clippy::panic, reason = "a test that waits in vain has failed")]
pub async fn wait_for<T>(fact: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        // A look that hangs must not hang the test.
        match tokio::time::timeout_at(deadline, look()).await {
            Ok(Some(found)) => return found,
            Ok(None) if Instant::now() < deadline => pause().await,
            Ok(None) | Err(_) => panic!("waited {within:?} in vain for: {fact}"),
        }
    }
}

/// 10 ms of real time.
#[expect(clippy::disallowed_methods, reason = "tests watch real servers, which live in real time")]
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}
