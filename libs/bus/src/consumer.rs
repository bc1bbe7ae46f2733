//! A durable consumer: survives restarts of NATS, and makes itself anew when its stream or it is gone.

use std::{fmt, sync::Arc, time::Duration};

use async_nats::jetstream::{
    AckKind, Context, Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use boot::{BoxError, Clock, Tasks, start_error::chain};
use futures::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use tracing::Instrument as _;

use crate::{event::Received, lag::Watched, metrics::Metrics, stream};

/// An event that is neither acknowledged nor said to be at work after this time comes again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// How often a slow handler's event is said to be at work.
const PROGRESS: Duration = Duration::from_secs(10);
/// A failed event comes again after 1 s, 2 s, 4 s … and at most this.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// The broker proves in this rhythm that it still knows of us; two missing beats, and we subscribe anew.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// The wait before trying to subscribe again.
const PAUSE: Duration = Duration::from_millis(500);

/// What a consumer listens to.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerConfig<'a> {
    /// Its durable name, unique in the platform: `<service>-<what it hears>`.
    pub name: &'a str,
    /// Subjects; may end in `.>`. They must not overlap.
    pub subjects: &'a [&'a str],
    /// Events handled in parallel at most; at least 1.
    pub at_once: usize,
}

/// Why an event could not be handled; it comes again. Any error becomes one by `?`.
#[derive(Debug)]
pub struct HandlerError(BoxError);

impl HandlerError {
    /// For a cause that is only a text.
    pub fn new(error: impl Into<BoxError>) -> HandlerError {
        HandlerError(error.into())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> HandlerError {
        HandlerError(error.into())
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(self.0.as_ref()))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Consumer {
    name: String,
    subjects: Vec<String>,
    at_once: usize,
    jetstream: Context,
    tasks: Tasks,
    /// Real time: waiting must go on while a test holds the service's clock.
    waits: Clock,
    metrics: Metrics,
}

impl Consumer {
    pub(crate) fn new(
        config: ConsumerConfig<'_>,
        jetstream: Context,
        tasks: Tasks,
        metrics: Metrics,
    ) -> Consumer {
        Consumer {
            name: config.name.to_owned(),
            subjects: config.subjects.iter().map(|&subject| subject.to_owned()).collect(),
            at_once: config.at_once.max(1),
            jetstream,
            tasks,
            waits: Clock::system(),
            metrics,
        }
    }

    /// Listens until the service stops; then finishes what it has begun. Says meanwhile how far it is behind.
    pub(crate) async fn run<H, F>(self, handler: Arc<H>)
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let Consumer { name, subjects, jetstream, metrics, waits, .. } = &self;
        let watched = Watched { name, subjects, jetstream, metrics, waits };
        tokio::join!(self.hear(&handler), watched.run(self.tasks.stopping()));
    }

    async fn hear<H, F>(&self, handler: &Arc<H>)
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let stopping = self.tasks.stopping();
        let mut healthy = true;
        while !stopping.is_cancelled() {
            let lost = match self.subscribe().await {
                Ok(messages) => {
                    if !healthy {
                        tracing::info!(consumer = self.name, "hears events again");
                    }
                    healthy = true;
                    self.listen(messages, handler).await
                }
                Err(error) => Some(error),
            };
            if let Some(error) = lost.filter(|_| healthy) {
                healthy = false;
                tracing::warn!(
                    consumer = self.name,
                    why = chain(error.as_ref()),
                    "hears no events, subscribing anew"
                );
            }
            tokio::select! {
                () = self.waits.sleep(PAUSE) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    async fn subscribe(&self) -> Result<pull::Stream, BoxError> {
        let stream = stream::ensure(&self.jetstream).await?;
        let wanted = pull::Config {
            durable_name: Some(self.name.clone()),
            filter_subjects: self.subjects.clone(),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_deliver: -1, // never a silent drop
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(wanted).await?;
        let messages =
            consumer.stream().max_messages_per_batch(self.at_once).heartbeat(HEARTBEAT).messages().await?;
        Ok(messages)
    }

    /// Handles messages until the service stops (`None`) or the subscription breaks.
    async fn listen<H, F>(&self, mut messages: pull::Stream, handler: &Arc<H>) -> Option<BoxError>
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let stopping = self.tasks.stopping();
        let mut at_work = FuturesUnordered::new();
        let lost = loop {
            tokio::select! {
                biased;
                () = stopping.cancelled() => break None,
                Some(()) = at_work.next() => {}
                next = messages.next(), if at_work.len() < self.at_once => match next {
                    Some(Ok(message)) => at_work.push(self.handle(message, handler.clone())),
                    Some(Err(error)) => break Some(error.into()),
                    None => break Some("the subscription ended".into()),
                },
            }
        };
        while let Some(()) = at_work.next().await {}
        // What was fetched and not begun: somebody else may have it at once.
        while let Some(Some(Ok(message))) = messages.next().now_or_never() {
            self.answer(&message, AckKind::Nak(None)).await;
        }
        lost
    }

    async fn handle<H, F>(&self, message: Message, handler: Arc<H>)
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let received = match Received::read(&message) {
            Ok(received) => received,
            Err(error) => {
                tracing::error!(consumer = self.name, subject = %message.subject, %error, "not an event of ours");
                return self.answer(&message, AckKind::Term).await;
            }
        };
        let delivered = message.info().map_or(1, |info| info.delivered);
        if delivered > 1 {
            self.metrics.redelivered(&self.name);
        }
        let span = self.span(&received);
        // Its own task: a panic is an error of this event only, and the effect is never half-way cancelled.
        let work = async move { handler(received).await }.instrument(span.clone());
        let outcome = self.while_at_work(&message, self.tasks.run(work)).instrument(span.clone()).await;
        match outcome {
            Ok(Ok(())) => {
                self.metrics.consumed(&self.name);
                self.answer(&message, AckKind::Ack).await;
            }
            Ok(Err(error)) => self.again(&message, delivered, &error).instrument(span).await,
            Err(panicked) => self.again(&message, delivered, &panicked.into()).instrument(span).await,
        }
    }

    /// Waits for `work`, and tells the broker in between that it goes on.
    async fn while_at_work<T>(&self, message: &Message, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = self.waits.sleep(PROGRESS) => self.answer(message, AckKind::Progress).await,
            }
        }
    }

    async fn again(&self, message: &Message, delivered: i64, error: &HandlerError) {
        let wait = backoff(delivered);
        let seconds = wait.as_secs();
        tracing::warn!(consumer = self.name, %error, delivered, seconds, "an event failed and comes again");
        self.metrics.failed(&self.name);
        self.answer(message, AckKind::Nak(Some(wait))).await;
    }

    /// An answer that gets lost only costs a redelivery.
    async fn answer(&self, message: &Message, kind: AckKind) {
        if let Err(error) = message.ack_with(kind).await {
            tracing::debug!(consumer = self.name, %error, "an acknowledgement was not sent");
        }
    }

    fn span(&self, received: &Received) -> tracing::Span {
        let event = &received.event;
        let span = tracing::info_span!(
            "consume",
            otel.name = format!("process {}", event.subject),
            otel.kind = "consumer",
            messaging.system = "nats",
            messaging.destination.name = event.subject,
            messaging.consumer.group.name = self.name,
            messaging.message.id = %event.event_id,
            mizan.aggregate = event.aggregate,
        );
        if let Some(traceparent) = &received.traceparent {
            boot::trace::continue_from(&span, traceparent);
        }
        span
    }
}

/// The wait before delivery `delivered + 1`.
fn backoff(delivered: i64) -> Duration {
    let doublings = u32::try_from(delivered.clamp(1, 6) - 1).unwrap_or_default();
    Duration::from_secs(1).saturating_mul(1 << doublings).min(LONGEST_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_thirty_seconds() {
        let waits: Vec<u64> = [1, 2, 3, 4, 5, 6, 7, 9_000].map(|n| backoff(n).as_secs()).to_vec();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
