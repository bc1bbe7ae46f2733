//! What a leader shows to the platform with each call.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// The number of a leader, good until its lease may be taken. Clones share it.
#[derive(Clone, Debug)]
pub struct Fence(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: String,
    number: AtomicI64,
    /// Milliseconds of the monotonic clock; 0: not leading.
    until_ms: AtomicU64,
    /// The largest number that the platform has seen from others of this name.
    seen: AtomicI64,
    behind: Notify,
}

impl Fence {
    /// Of nobody who leads.
    pub fn new(writer: impl Into<String>) -> Fence {
        Fence(Arc::new(Inner {
            writer: writer.into(),
            number: AtomicI64::new(0),
            until_ms: AtomicU64::new(0),
            seen: AtomicI64::new(0),
            behind: Notify::new(),
        }))
    }

    /// Numbers of different writers are not compared.
    pub fn writer(&self) -> &str {
        &self.0.writer
    }

    /// None: the lease has run out, and nothing more may be written.
    pub fn number(&self, now: Duration) -> Option<i64> {
        let until = Duration::from_millis(self.0.until_ms.load(Ordering::Acquire));
        (now < until).then(|| self.0.number.load(Ordering::Acquire))
    }

    /// Leads as `number` until `until`.
    pub fn hold(&self, number: i64, until: Duration) {
        self.0.number.store(number, Ordering::Release);
        self.0.until_ms.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// Leads no more.
    pub fn drop_it(&self) {
        self.0.until_ms.store(0, Ordering::Release);
    }

    /// The platform has seen this number: a Lease that was made anew counts from the beginning, and who holds it must go past.
    pub fn surpass(&self, seen: i64) {
        self.0.seen.fetch_max(seen, Ordering::AcqRel);
        self.0.behind.notify_one();
    }

    /// The largest number that the platform has seen, as far as it has said.
    pub fn seen(&self) -> i64 {
        self.0.seen.load(Ordering::Acquire)
    }

    /// Waits until the platform has refused the number.
    pub async fn behind(&self) {
        self.0.behind.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_by_itself_and_at_once_when_it_is_dropped() {
        let (fence, at) = (Fence::new("mizan/operator"), Duration::from_secs);
        assert_eq!(fence.number(at(0)), None);
        fence.hold(7, at(10));
        assert_eq!((fence.number(at(9)), fence.number(at(10))), (Some(7), None));
        fence.hold(7, at(20));
        fence.drop_it();
        assert_eq!(fence.number(at(11)), None);
    }
}
