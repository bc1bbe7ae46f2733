//! Publishing a batch: all are sent, then all acknowledgements are awaited.

use std::sync::atomic::Ordering;

use async_nats::{connection::State, jetstream::Context};
use boot::BoxError;
use futures::future::join_all;
use uuid::Uuid;

use crate::{event::Outgoing, sent::Acked};

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) published: Vec<Uuid>,
    /// The one of `published` with the highest place in the store.
    pub(crate) highest: Option<Acked>,
    /// Not acknowledged: perhaps stored. Sending them again is safe.
    pub(crate) unpublished: Vec<Uuid>,
    /// Why the first of them was not.
    pub(crate) error: Option<BoxError>,
}

impl Outcome {
    /// What was acknowledged counts for nothing.
    pub(crate) fn doubt(&mut self, why: &'static str) {
        self.highest = None;
        self.unpublished.append(&mut self.published);
        self.error.get_or_insert_with(|| why.into());
    }
}

pub(crate) async fn all(jetstream: &Context, source: &str, batch: Vec<Outgoing>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut sent = Vec::with_capacity(batch.len());
    for outgoing in batch {
        let id = outgoing.event.event_id;
        if outcome.error.is_some() {
            outcome.unpublished.push(id);
            continue;
        }
        let (subject, message) = outgoing.into_message(source);
        match jetstream.send_publish(subject, message).await {
            Ok(acknowledgement) => sent.push(async move { (id, acknowledgement.await) }),
            Err(error) => {
                outcome.unpublished.push(id);
                outcome.error = Some(error.into());
            }
        }
    }
    for (id, acknowledgement) in join_all(sent).await {
        match acknowledgement {
            Ok(stored) => {
                outcome.published.push(id);
                let acked = Acked { seq: i64::try_from(stored.sequence).unwrap_or(i64::MAX), event: id };
                if outcome.highest.is_none_or(|highest| highest.seq < acked.seq) {
                    outcome.highest = Some(acked);
                }
            }
            Err(error) => {
                outcome.unpublished.push(id);
                outcome.error.get_or_insert(error.into());
            }
        }
    }
    outcome
}

/// While the connection is down the client would only pile messages up.
pub(crate) fn is_connected(jetstream: &Context) -> bool {
    matches!(jetstream.client().connection_state(), State::Connected)
}

/// How many connections there were so far: another number means that the broker may have died in between.
pub(crate) fn connections(jetstream: &Context) -> u64 {
    jetstream.client().statistics().connects.load(Ordering::Relaxed)
}
