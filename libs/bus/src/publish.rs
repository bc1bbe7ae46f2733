//! Publishing a batch: all are sent, then all acknowledgements are awaited.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use async_nats::{connection::State, jetstream::Context};
use boot::BoxError;
use futures::future::join_all;

use crate::{event::Outgoing, sent::Acked};

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Envelopes whose every event is acknowledged.
    pub(crate) published: Vec<i64>,
    /// How many events that are.
    pub(crate) events: u64,
    /// The event of `published` with the highest place in the store.
    pub(crate) highest: Option<Acked>,
    /// Envelopes with an event that is not acknowledged: perhaps stored. Sending them again is safe.
    pub(crate) unpublished: Vec<i64>,
    /// Why the first of them was not.
    pub(crate) error: Option<BoxError>,
}

impl Outcome {
    /// What was acknowledged counts for nothing.
    pub(crate) fn doubt(&mut self, why: &'static str) {
        (self.events, self.highest) = (0, None);
        self.unpublished.append(&mut self.published);
        self.error.get_or_insert_with(|| why.into());
    }
}

pub(crate) async fn all(jetstream: &Context, source: &str, batch: Vec<Outgoing>) -> Outcome {
    let mut error = None;
    let mut envelopes: BTreeMap<i64, Envelope> = BTreeMap::new();
    let mut sent = Vec::with_capacity(batch.len());
    for outgoing in batch {
        let (id, event) = (outgoing.envelope_id, outgoing.event.event_id);
        let envelope = envelopes.entry(id).or_default();
        envelope.events += 1;
        if error.is_some() {
            continue;
        }
        let (subject, message) = outgoing.into_message(source);
        match jetstream.send_publish(subject, message).await {
            Ok(acknowledgement) => sent.push(async move { (id, event, acknowledgement.await) }),
            Err(failed) => error = Some(failed.into()),
        }
    }
    for (id, event, acknowledgement) in join_all(sent).await {
        match acknowledgement {
            Ok(stored) => {
                let acked = Acked { seq: i64::try_from(stored.sequence).unwrap_or(i64::MAX), event };
                envelopes.entry(id).or_default().add(acked);
            }
            Err(failed) => {
                error.get_or_insert(failed.into());
            }
        }
    }
    let mut outcome = Outcome { error, ..Outcome::default() };
    for (id, envelope) in envelopes {
        if envelope.acked < envelope.events {
            outcome.unpublished.push(id);
            continue;
        }
        outcome.published.push(id);
        outcome.events += envelope.events;
        outcome.highest = outcome.highest.max(envelope.highest);
    }
    outcome
}

/// What became of an envelope.
#[derive(Debug, Default)]
struct Envelope {
    events: u64,
    acked: u64,
    highest: Option<Acked>,
}

impl Envelope {
    fn add(&mut self, acked: Acked) {
        self.acked += 1;
        self.highest = self.highest.max(Some(acked));
    }
}

/// While the connection is down the client would only pile messages up.
pub(crate) fn is_connected(jetstream: &Context) -> bool {
    matches!(jetstream.client().connection_state(), State::Connected)
}

/// How many connections there were so far: another number means that the broker may have died in between.
pub(crate) fn connections(jetstream: &Context) -> u64 {
    jetstream.client().statistics().connects.load(Ordering::Relaxed)
}
