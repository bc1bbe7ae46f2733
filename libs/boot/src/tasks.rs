//! Work that must end even when its caller has gone, and that is waited for when the process stops.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures::FutureExt as _;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

/// The running work of a process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    stopping: CancellationToken,
    failed: Arc<OnceLock<&'static str>>,
}

/// The task panicked, or the runtime went away under it: how far it came is not known.
#[derive(Debug, thiserror::Error)]
#[error("a task ended without an answer; its outcome is not known")]
pub struct Panicked;

impl Tasks {
    /// No work yet.
    pub fn new() -> Tasks {
        Tasks::default()
    }

    /// Runs `work` on its own and waits for it. When the caller stops waiting (its client hung up), the
    /// work goes on to its end.
    ///
    /// # Errors
    /// [`Panicked`]: the outcome is not known.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Panicked> {
        let guarded = AssertUnwindSafe(work).catch_unwind().in_current_span();
        match self.tracker.spawn(guarded).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(panic)) => {
                tracing::error!(panic = panic_text(panic.as_ref()), "a task panicked");
                Err(Panicked)
            }
            Err(gone) => {
                tracing::error!(%gone, "the runtime stopped under a task");
                Err(Panicked)
            }
        }
    }

    /// Starts a loop the process cannot do without. It watches [`Tasks::stopping`] and returns then. When
    /// it panics the whole process stops with code 70: a dead worker must not look alive.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let tasks = self.clone();
        self.tracker.spawn(async move {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                tracing::error!(
                    task = name,
                    panic = panic_text(panic.as_ref()),
                    "a worker panicked, stopping"
                );
                tasks.failed.get_or_init(|| name);
                tasks.stop();
            }
        });
    }

    /// Starts one of many short works (a connection, a delivery). A panic is logged and ends only this one.
    pub fn spawn_one(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(async move {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                tracing::error!(task = name, panic = panic_text(panic.as_ref()), "a task panicked");
            }
        });
    }

    /// Cancelled when the process shall stop: loops return, servers take no new calls.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Cancelled a little before [`Tasks::stopping`]: not ready any more, but still serving those who have
    /// not heard of it.
    pub fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Says that the process is about to stop.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Stops the process's loops and servers.
    pub fn stop(&self) {
        self.draining.cancel();
        self.stopping.cancel();
    }

    /// The first worker that panicked.
    pub fn failed(&self) -> Option<&'static str> {
        self.failed.get().copied()
    }

    /// Stops, then waits for everything that runs, at most `budget`. False when something still ran.
    pub async fn finish(&self, budget: Duration) -> bool {
        self.stop();
        self.tracker.close();
        tokio::time::timeout(budget, self.tracker.wait()).await.is_ok()
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no text")
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_its_caller_is_dropped_and_finish_waits_for_it() {
        let tasks = Tasks::new();
        let (go, gate) = oneshot::channel::<()>();
        let (done, mut seen) = oneshot::channel();

        let mut caller = Box::pin(tasks.run(async move {
            gate.await.unwrap();
            done.send("booked").unwrap();
        }));
        assert!(futures::poll!(caller.as_mut()).is_pending());
        drop(caller);

        assert!(!tasks.finish(Duration::from_millis(10)).await, "the work still waits at its gate");
        go.send(()).unwrap();
        assert!(tasks.finish(Duration::from_secs(5)).await);
        assert_eq!(seen.try_recv(), Ok("booked"));
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_not_the_end_of_the_caller() {
        let tasks = Tasks::new();
        assert!(tasks.run(async { panic!("no") }).await.is_err());
        assert!(!tasks.stopping().is_cancelled());
    }

    #[tokio::test]
    async fn a_worker_that_panics_stops_the_process_and_one_of_many_does_not() {
        let tasks = Tasks::new();
        tasks.spawn_one("connection", async { panic!("no") });
        tasks.spawn("relay", {
            let stopping = tasks.stopping();
            async move { stopping.cancelled().await }
        });
        tokio::task::yield_now().await;
        assert!(!tasks.stopping().is_cancelled());

        tasks.spawn("sweep", async { panic!("no") });
        tasks.stopping().cancelled().await;
        assert_eq!(tasks.failed(), Some("sweep"));
    }
}
