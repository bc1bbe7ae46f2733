//! How far a consumer is behind: asked of the broker, which knows it for all replicas together.

use std::time::Duration;

use async_nats::jetstream::{
    Context,
    stream::{RawMessageErrorKind, Stream},
};
use boot::{BoxError, Clock};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::{metrics::Metrics, stream::STREAM};

/// How often the broker is asked.
const LOOK: Duration = Duration::from_secs(10);

/// A consumer that is watched.
#[derive(Debug)]
pub(crate) struct Watched<'a> {
    pub(crate) name: &'a str,
    pub(crate) subjects: &'a [String],
    pub(crate) jetstream: &'a Context,
    pub(crate) metrics: &'a Metrics,
    /// Real time, as the broker's.
    pub(crate) waits: &'a Clock,
}

impl Watched<'_> {
    /// Measures until `stopping`. What cannot be asked keeps its last figure; that NATS is away is another metric.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        self.metrics.begin(self.name);
        while !stopping.is_cancelled() {
            tokio::select! {
                () = self.waits.sleep(LOOK) => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = self.measure().await {
                tracing::debug!(consumer = self.name, error, "it is not known how far it is behind");
            }
        }
    }

    async fn measure(&self) -> Result<(), BoxError> {
        let stream = self.jetstream.get_stream(STREAM).await?;
        let info = stream.consumer_info(self.name).await?;
        let waiting = info.num_pending.saturating_add(u64::try_from(info.num_ack_pending)?);
        let oldest = match waiting {
            0 => None,
            _some => self.oldest(&stream, info.ack_floor.stream_sequence.saturating_add(1)).await?,
        };
        let age = oldest.map_or(0, |at| (self.waits.now() - at).whole_seconds().max(0));
        self.metrics.behind(self.name, i64::try_from(waiting)?, age);
        Ok(())
    }

    /// When the first event from `seq` on was told that this consumer hears: all before it are acknowledged.
    async fn oldest(&self, stream: &Stream, seq: u64) -> Result<Option<OffsetDateTime>, BoxError> {
        let mut oldest: Option<OffsetDateTime> = None;
        for subject in self.subjects {
            match stream.get_first_raw_message_by_subject(subject, seq).await {
                Ok(message) => oldest = Some(oldest.map_or(message.time, |known| known.min(message.time))),
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(oldest)
    }
}
