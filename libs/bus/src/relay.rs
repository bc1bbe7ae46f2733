//! The relay: claims unpublished envelopes, publishes what is in them, marks them.
//!
//! It claims by a lease in the row, so that no transaction is open while it talks to NATS. Whatever dies in between, the
//! envelope is claimed again when the lease is over, and sent again: consumers know each event by its id. For the same reason
//! claims and marks do not wait for the disk: a crash of Postgres that forgets one only makes events go out once more.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::Context;
use boot::{BoxError, Clock};
use pg::Pg;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    metrics::Metrics,
    outbox, publish,
    sent::{self, Sent, Store},
    stream,
};

/// The relay looks by itself this often, if nobody rings.
const POLL: Duration = Duration::from_millis(250);
/// After a ring it waits so long for more: under load one round serves many transactions, and an event is in no hurry.
const LINGER: Duration = Duration::from_millis(20);
/// The wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);
/// How often it looks whether the broker still has what we sent, and how old the outbox is.
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
    store: Option<Store>,
    /// How many connections there were at that look.
    connections: u64,
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
                    known.store = None; // look at the store before anything else
                    PAUSE
                }
            };
            if last {
                return;
            }
            tokio::select! {
                () = self.waits.sleep(wait) => {}
                // After a full batch there is more already, and nothing to linger for.
                () = self.bell.notified(), if wait == POLL => self.waits.sleep(LINGER).await,
                () = stopping.cancelled() => {}
            }
        }
    }

    /// One claim. `true` when there may be more.
    async fn round(&self, known: &mut Known) -> Result<bool, BoxError> {
        let store = self.look(known).await?;
        let Some(batch) = self.claim(store).await? else {
            known.store = None;
            return Ok(true);
        };
        if batch.is_empty() {
            return Ok(false);
        }
        let mut outcome = publish::all(&self.jetstream, &self.source, batch).await;
        if publish::connections(&self.jetstream) != known.connections {
            // Some may have been acknowledged by a broker that then died and lost them, and the next look could no longer
            // tell once others have filled their places.
            outcome.doubt("the connection to NATS changed before all was acknowledged");
        }
        if !self.settle(&outcome, store).await? {
            known.store = None;
        }
        self.metrics.published.inc_by(outcome.events);
        let claimed = outcome.published.len() + outcome.unpublished.len();
        match outcome.error {
            Some(error) => Err(error),
            None => Ok(i64::try_from(claimed).is_ok_and(|claimed| claimed == outbox::BATCH)),
        }
    }

    /// The broker's store, looked at every [`LOOK`] and after each new connection. What it may have lost goes out again.
    async fn look(&self, known: &mut Known) -> Result<Store, BoxError> {
        let now = self.waits.monotonic();
        let connections = publish::connections(&self.jetstream);
        let fresh = known.connections == connections && now.saturating_sub(known.looked) < LOOK;
        if let Some(store) = known.store.filter(|_| fresh) {
            return Ok(store);
        }
        known.store = None;
        (known.looked, known.connections) = (now, connections);
        self.metrics.connected.set(i64::from(publish::is_connected(&self.jetstream)));
        self.measure().await?;
        if !publish::is_connected(&self.jetstream) {
            return Err("NATS is not connected".into());
        }
        let store = self.compare().await?;
        if known.forgot == Duration::ZERO || now.saturating_sub(known.forgot) > FORGET {
            self.forget().await?;
            known.forgot = now;
        }
        known.store = Some(store);
        Ok(store)
    }

    /// Compares what the broker has with what it acknowledged.
    async fn compare(&self) -> Result<Store, BoxError> {
        // Read before the broker is asked: what a replica marks in between must not look like a loss.
        let sent = self.sent().await?;
        let stream = stream::ensure(&self.jetstream).await?;
        let made_at = stream::created_at(&stream);
        let same = sent.filter(|sent| sent.store.made_at == made_at);
        if let Some(sent) = &same
            && stream::still_has(&stream, sent).await?
        {
            return Ok(sent.store);
        }
        let now = self.clock.now();
        let mut tx = self.pg.begin().await?;
        let (again, why) = if let Some(Sent { store, .. }) = same {
            let (last_seq, last_at) = stream::end(&stream);
            let again = sent::resend_lost(&mut tx, store, last_seq, last_at, now).await?;
            (again, "the store of NATS has lost its end")
        } else {
            let again = sent::resend_if_new(&mut tx, made_at, now).await?;
            (again, "the store of NATS is a new one")
        };
        let sent = sent::known(&mut tx).await?;
        tx.commit().await?;
        if again > 0 {
            self.metrics.sent_again.inc_by(again);
            tracing::warn!(service = self.source, again, why, "sending events again");
        }
        Ok(sent.ok_or("the outbox knows no store")?.store)
    }

    async fn sent(&self) -> Result<Option<Sent>, pg::Error> {
        let mut tx = self.pg.read().await?;
        sent::known(&mut tx).await
    }

    /// None if the store has lost something since `store` was looked at: what a replica has unmarked since would be sent,
    /// not be marked, and be sent once more.
    async fn claim(&self, store: Store) -> Result<Option<Vec<crate::event::Outgoing>>, pg::Error> {
        let mut tx = self.pg.begin_forgettable().await?;
        let batch = outbox::claim(&mut tx).await?;
        if !batch.is_empty() && sent::known(&mut tx).await?.is_none_or(|sent| sent.store != store) {
            tx.rollback().await?;
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(batch))
    }

    /// False if the store has lost something meanwhile: then nothing is marked.
    async fn settle(&self, outcome: &publish::Outcome, store: Store) -> Result<bool, pg::Error> {
        let mut tx = self.pg.begin_forgettable().await?;
        let marked =
            outbox::mark(&mut tx, &outcome.published, outcome.highest, store, self.clock.now()).await?;
        if !marked {
            outbox::release(&mut tx, &outcome.published).await?;
        }
        outbox::release(&mut tx, &outcome.unpublished).await?;
        tx.commit().await?;
        Ok(marked)
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
        loop {
            let mut tx = self.pg.begin().await?;
            let more = outbox::forget(&mut tx, self.clock.now()).await?;
            tx.commit().await?;
            if !more {
                return Ok(());
            }
        }
    }
}
