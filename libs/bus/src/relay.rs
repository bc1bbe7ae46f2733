//! The relay: claims unpublished rows, publishes them, marks them.
//!
//! It claims by a lease in the row, so that no transaction is open while it talks to NATS. Whatever dies in between, the
//! row is claimed again when the lease is over, and sent again: consumers know it by its id.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use boot::{BoxError, Clock};
use pg::Pg;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{metrics::Metrics, outbox, publish, stream};

/// The relay looks by itself this often, if nobody rings.
const POLL: Duration = Duration::from_millis(250);
/// The wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// How often it looks whether the broker still has the same store, and how old the outbox is.
const LOOK: Duration = Duration::from_secs(2);
/// How often rows past their retention are deleted.
const FORGET: Duration = Duration::from_mins(15);

#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) jetstream: Context,
    pub(crate) pg: Pg,
    pub(crate) source: String,
    /// The service's time, for what is written.
    pub(crate) clock: Clock,
    /// Real time, for waiting: polling must go on while a test holds the service's clock.
    pub(crate) waits: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) bell: Arc<Notify>,
}

/// The broker's store that is known to be there.
#[derive(Debug, Default)]
struct Known {
    stream: Option<OffsetDateTime>,
    looked: Duration,
    forgot: Duration,
}

impl Relay {
    /// Publishes until `stopping`, and once more then, so that little waits for the next start.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let mut known = Known::default();
        let mut healthy = true;
        loop {
            let last = stopping.is_cancelled();
            let wait = match self.round(&mut known).await {
                Ok(full) => {
                    if !healthy {
                        tracing::info!(service = self.source, "the outbox is published again");
                    }
                    healthy = true;
                    if full { Duration::ZERO } else { POLL }
                }
                Err(error) => {
                    if healthy {
                        let why = boot::start_error::chain(error.as_ref());
                        tracing::warn!(service = self.source, why, "the outbox waits");
                    }
                    healthy = false;
                    known.stream = None; // look at the store before anything else
                    PAUSE
                }
            };
            if last {
                return;
            }
            tokio::select! {
                () = self.waits.sleep(wait) => {}
                () = self.bell.notified(), if healthy => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    /// One claim. `true` when there may be more.
    async fn round(&self, known: &mut Known) -> Result<bool, BoxError> {
        let stream = self.look(known).await?;
        let batch = self.claim().await?;
        let count = batch.len();
        if batch.is_empty() {
            return Ok(false);
        }
        let outcome = publish::all(&self.jetstream, &self.source, batch).await;
        self.settle(&outcome.published, &outcome.unpublished, stream).await?;
        self.metrics.published.inc_by(u64::try_from(outcome.published.len()).unwrap_or_default());
        match outcome.error {
            Some(error) => Err(error),
            None => Ok(i64::try_from(count).is_ok_and(|count| count == outbox::BATCH)),
        }
    }

    /// The broker's store, looked at every [`LOOK`]. If it is a new one, everything of the retention goes out again.
    async fn look(&self, known: &mut Known) -> Result<OffsetDateTime, BoxError> {
        let now = self.waits.monotonic();
        if let Some(stream) = known.stream.filter(|_| now.saturating_sub(known.looked) < LOOK) {
            return Ok(stream);
        }
        known.looked = now;
        self.measure().await?;
        if !publish::is_connected(&self.jetstream) {
            return Err("NATS is not connected".into());
        }
        let stream = stream::created_at(&stream::ensure(&self.jetstream).await?);
        if known.stream != Some(stream) {
            let mut tx = self.pg.begin().await?;
            let again = outbox::resend_if_new(&mut tx, stream, self.clock.now()).await?;
            tx.commit().await?;
            if again > 0 {
                tracing::warn!(
                    service = self.source,
                    again,
                    "the store of NATS is a new one, sending events again"
                );
            }
        }
        if known.forgot == Duration::ZERO || now.saturating_sub(known.forgot) > FORGET {
            self.forget().await?;
            known.forgot = now;
        }
        known.stream = Some(stream);
        Ok(stream)
    }

    async fn claim(&self) -> Result<Vec<crate::event::Outgoing>, pg::Error> {
        let mut tx = self.pg.begin().await?;
        let batch = outbox::claim(&mut tx).await?;
        tx.commit().await?;
        Ok(batch)
    }

    async fn settle(
        &self,
        published: &[Uuid],
        unpublished: &[Uuid],
        stream: OffsetDateTime,
    ) -> Result<(), pg::Error> {
        let mut tx = self.pg.begin().await?;
        outbox::mark(&mut tx, published, stream, self.clock.now()).await?;
        outbox::release(&mut tx, unpublished).await?;
        tx.commit().await
    }

    async fn measure(&self) -> Result<(), pg::Error> {
        let mut tx = self.pg.read().await?;
        let oldest = outbox::oldest_unpublished(&mut tx).await?;
        tx.rollback().await?;
        let age = oldest.map_or(0, |since| (self.clock.now() - since).whole_seconds().max(0));
        self.metrics.oldest_seconds.set(age);
        Ok(())
    }

    async fn forget(&self) -> Result<(), pg::Error> {
        let mut tx = self.pg.begin().await?;
        outbox::forget(&mut tx, self.clock.now()).await?;
        tx.commit().await
    }
}
