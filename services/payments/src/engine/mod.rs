//! The posting engine: commands wait in lanes, and each lane commits all that wait in one transaction.
//!
//! | round trips of a batch, whatever its size | |
//! |---|---|
//! | `BEGIN` | 1 |
//! | receivables, payments, attempts, work, cash …, keys: those that some command needs | 1 each |
//! | what changed, a statement a table; outbox; seal | 1 each |
//! | `COMMIT` | 1 |
//!
//! A payment that a channel tells of, alone in its batch: 11 round trips.
//!
//! An idle engine takes one command at a time (the latency of one commit); under load a batch grows, and with it the
//! throughput. There is no timer.

mod batch;
mod fair;
mod fold;
mod lane;
pub mod seal;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use boot::{Clock, Context};
use bus::Bus;
use pg::Pg;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::{
    Error, config,
    domain::{Command, channel::Policies, decide::Rules},
    metrics::Metrics,
};

/// Takes commands. Clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    lanes: Arc<[mpsc::Sender<Job>]>,
    metrics: Metrics,
    /// Real time: a queue's age must not stand still while a test holds the service's clock.
    waits: Clock,
}

/// What an engine is built on.
#[derive(Clone, Debug)]
pub struct Parts {
    pub pg: Pg,
    pub bus: Bus,
    pub rules: Rules,
    /// As the catalogue last told.
    pub policies: watch::Receiver<Arc<Policies>>,
    pub settings: config::Engine,
    pub metrics: Metrics,
    /// Rung when a batch left work for the worker.
    pub work: Arc<Notify>,
}

/// A command's idempotency key, within who asked.
#[derive(Clone, Debug)]
pub struct Key {
    pub scope: String,
    pub key: String,
    /// SHA-256 of the request.
    pub body_hash: Vec<u8>,
}

/// What a caller is told once the command is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done,
    /// An encoded response: the same bytes for every replay of its key.
    Bytes(Vec<u8>),
}

#[derive(Debug)]
struct Job {
    command: Command,
    key: Option<Key>,
    traceparent: Option<String>,
    queued_at: Duration,
    answer: oneshot::Sender<Result<Answer, Error>>,
}

impl Engine {
    /// Starts the lanes, which run until the service stops.
    pub fn start(ctx: &Context, parts: &Parts) -> Engine {
        let waits = Clock::system();
        let length = usize::from(parts.settings.queue_length);
        let lanes = (0..parts.settings.lanes).map(|_lane| {
            let (queue, inbox) = mpsc::channel(length);
            parts.metrics.watch_queue(queue.downgrade());
            let lane = lane::Lane::new(ctx, parts.clone(), waits.clone());
            ctx.tasks.spawn("posting lane", lane.run(inbox, ctx.tasks.stopping()));
            queue
        });
        Engine { lanes: lanes.collect(), metrics: parts.metrics.clone(), waits }
    }

    /// Hands a command in and waits until its outcome is durable. Dropping this future does not stop the command.
    ///
    /// # Errors
    /// `Refused`, `KeyReused`, `Overloaded`: nothing changed. `CommitUnknown`: ask again with the same key.
    pub async fn submit(&self, command: Command, key: Option<Key>) -> Result<Answer, Error> {
        let begun = self.waits.monotonic();
        let outcome = self.hand_in(command, key).await;
        self.metrics.posted(word(&outcome), self.waits.monotonic().saturating_sub(begun));
        outcome
    }

    async fn hand_in(&self, command: Command, key: Option<Key>) -> Result<Answer, Error> {
        let (answer, answered) = oneshot::channel();
        let patient = !command.may_be_shed();
        let lane = self.lane(command.lane_key());
        let (traceparent, queued_at) = (boot::trace::traceparent(), self.waits.monotonic());
        let job = Job { command, key, traceparent, queued_at, answer };
        match lane.try_send(job) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(job)) if patient => {
                lane.send(job).await.map_err(|_stopping| Error::Overloaded)?;
            }
            Err(mpsc::error::TrySendError::Full(_) | mpsc::error::TrySendError::Closed(_)) => {
                return Err(Error::Overloaded);
            }
        }
        answered.await.unwrap_or(Err(Error::Panicked))
    }

    fn lane(&self, key: &str) -> &mpsc::Sender<Job> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let lanes = u64::try_from(self.lanes.len()).unwrap_or(1);
        let at = usize::try_from(hasher.finish() % lanes).unwrap_or_default();
        self.lanes.get(at).or_else(|| self.lanes.first()).expect("an engine has at least one lane")
    }
}

/// What became of a command, for the metric.
fn word(outcome: &Result<Answer, Error>) -> &'static str {
    match outcome {
        Ok(_) => "done",
        Err(Error::Refused(_) | Error::KeyReused) => "refused",
        Err(Error::Overloaded) => "overloaded",
        Err(Error::CommitUnknown) => "unknown",
        Err(_) => "failed",
    }
}
