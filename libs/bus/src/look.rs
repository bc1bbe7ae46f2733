//! A look at the broker from outside any service. It changes nothing.

use std::time::Duration;

use async_nats::{
    ServerAddr,
    jetstream::{self, ErrorCode, context::GetStreamErrorKind},
};
use boot::{ServerUrl, StartError};
use futures::TryStreamExt as _;

use crate::{connect::credentials, stream::STREAM};

/// Who looks does not wait longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The stream as it stands.
#[derive(Clone, Debug)]
pub struct Look {
    pub messages: u64,
    /// Servers that keep it.
    pub replicas: usize,
    pub listeners: Vec<Listener>,
}

/// A durable consumer.
#[derive(Clone, Debug)]
pub struct Listener {
    pub name: String,
    /// Events before it: not yet handed out, or handed out and not acknowledged.
    pub waiting: u64,
}

/// Looks at the stream on `url`, which the setting `setting` holds. None: there is no stream yet.
///
/// # Errors
/// The URL is none, the server does not answer, or it has no JetStream.
pub async fn look(url: &str, setting: &str) -> Result<Option<Look>, StartError> {
    let url = ServerUrl::new(setting, url);
    let server: ServerAddr = url.url().parse().map_err(|error: std::io::Error| {
        StartError::setting(setting, format!("is not a NATS URL ({error})"), "write nats://host:4222")
    })?;
    url.password()?;
    let away = |error: boot::BoxError| StartError::dependency("NATS", setting, error);
    let client = credentials(url, &server)
        .name("mizan doctor")
        .connection_timeout(PATIENCE)
        .connect(server)
        .await
        .map_err(|error| away(error.into()))?;
    let jetstream = jetstream::ContextBuilder::new().timeout(PATIENCE).build(client);
    let stream = match jetstream.get_stream(STREAM).await {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                GetStreamErrorKind::JetStream(said) if said.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                    Ok(None)
                }
                GetStreamErrorKind::JetStream(_)
                | GetStreamErrorKind::EmptyName
                | GetStreamErrorKind::Request
                | GetStreamErrorKind::InvalidStreamName => Err(away(error.into())),
            };
        }
    };
    let known: Vec<_> = stream.consumers().try_collect().await.map_err(|error| away(error.into()))?;
    let listeners = known.into_iter().map(|info| {
        let unacknowledged = u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX);
        Listener { name: info.name, waiting: info.num_pending.saturating_add(unacknowledged) }
    });
    let info = stream.cached_info();
    Ok(Some(Look {
        messages: info.state.messages,
        replicas: info.config.num_replicas,
        listeners: listeners.collect(),
    }))
}
