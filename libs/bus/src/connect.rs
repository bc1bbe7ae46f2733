//! The connection to NATS.

use std::{sync::Arc, time::Duration};

use async_nats::{Auth, AuthError, ConnectOptions, Event as Connection, ServerAddr, jetstream};
use boot::{Clock, Context, ServerUrl, StartError};
use pg::Pg;
use tokio::sync::Notify;

use crate::{
    consumer::{Consumer, ConsumerConfig, HandlerError},
    event::Received,
    metrics::Metrics,
    relay::Relay,
    stream,
};

/// A server that does not take a connection by then is away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Answers of JetStream, acknowledgements too.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that swallows this is dead, and is made anew.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// A service's connection to its events. Clones share it.
///
/// Readiness does not depend on it: while NATS is away, facts are kept and only their telling waits.
#[derive(Clone, Debug)]
pub struct Bus {
    jetstream: jetstream::Context,
    ctx: Context,
    metrics: Metrics,
    bell: Arc<Notify>,
}

impl Bus {
    /// Connects to `url`, which the setting `setting` holds, and makes the stream if it is missing.
    ///
    /// # Errors
    /// The URL is none, the server does not answer, or it has no JetStream.
    pub async fn connect(url: &str, setting: &str, ctx: &Context) -> Result<Bus, StartError> {
        let url = ServerUrl::new(setting, url);
        let server: ServerAddr = url.url().parse().map_err(|error: std::io::Error| {
            StartError::setting(setting, format!("is not a NATS URL ({error})"), "write nats://host:4222")
        })?;
        url.password()?;
        let away = |error: boot::BoxError| StartError::dependency("NATS", setting, error);
        let service = ctx.service;
        let client = credentials(url, &server)
            .name(format!("mizan {service}"))
            .connection_timeout(CONNECT_TIMEOUT)
            .ping_interval(PING_INTERVAL)
            .reconnect_delay_callback(|tries| Duration::from_millis(50).saturating_mul(1 << tries.min(5)))
            .event_callback(move |event| async move { log(service, &event) })
            .connect(server)
            .await
            .map_err(|error| away(error.into()))?;
        let jetstream = jetstream::ContextBuilder::new().timeout(ANSWER_TIMEOUT).build(client);
        stream::ensure(&jetstream).await.map_err(away)?;
        Ok(Bus { jetstream, ctx: ctx.clone(), metrics: Metrics::register(ctx), bell: Arc::default() })
    }

    /// Starts the relay, which publishes the outbox in `pg` until the service stops. `source` is the service's name.
    pub fn relay(&self, pg: Pg, source: &str) {
        let relay = Relay {
            jetstream: self.jetstream.clone(),
            pg,
            source: source.to_owned(),
            clock: self.ctx.clock.clone(),
            waits: Clock::system(),
            metrics: self.metrics.clone(),
            bell: self.bell.clone(),
        };
        self.ctx.tasks.spawn("outbox relay", relay.run(self.ctx.tasks.stopping()));
    }

    /// Wakes the relay: call it after the commit. Forgetting it costs a quarter of a second.
    pub fn ring(&self) {
        self.bell.notify_one();
    }

    /// Starts a durable consumer, which calls `handler` for each event until the service stops: at least once, in any
    /// order, up to `at_once` in parallel. `Ok` is acknowledged; after an error the event comes again, without end.
    pub fn consume<H, F>(&self, config: ConsumerConfig<'_>, handler: H)
    where
        H: Fn(Received) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let consumer =
            Consumer::new(config, self.jetstream.clone(), self.ctx.tasks.clone(), self.metrics.clone());
        self.ctx.tasks.spawn("consumer", consumer.run(Arc::new(handler)));
    }
}

/// The user and password of the URL, or the password that its file holds at each new connection. The client does not take
/// them from the URL by itself.
pub(crate) fn credentials(url: ServerUrl, server: &ServerAddr) -> ConnectOptions {
    let user = server.username().map(str::to_owned);
    let written = server.password().map(str::to_owned);
    ConnectOptions::with_auth_callback(move |_nonce| {
        let mut auth = Auth::new();
        auth.username.clone_from(&user);
        let held = url.password().map(|password| password.map(|password| password.expose().clone()));
        let held = held.map_err(|error| AuthError::new(error.to_string()));
        let written = written.clone();
        async move {
            auth.password = held?.or(written);
            Ok(auth)
        }
    })
}

fn log(service: &'static str, event: &Connection) {
    if matches!(event, Connection::Connected) {
        tracing::info!(service, "connected to NATS");
    } else {
        tracing::warn!(service, %event, "the connection to NATS changed");
    }
}
