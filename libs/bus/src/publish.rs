//! Publishing a batch: all are sent, then all acknowledgements are awaited.

use async_nats::{connection::State, jetstream::Context};
use boot::BoxError;
use futures::future::join_all;
use uuid::Uuid;

use crate::event::Outgoing;

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) published: Vec<Uuid>,
    /// Not acknowledged: perhaps stored. Sending them again is safe.
    pub(crate) unpublished: Vec<Uuid>,
    /// Why the first of them was not.
    pub(crate) error: Option<BoxError>,
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
            Ok(_stored) => outcome.published.push(id),
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
