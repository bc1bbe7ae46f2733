//! The channel to another service.

use std::time::Duration;

use tonic::{
    Request, Status,
    metadata::MetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::Endpoint,
};

use super::Balanced;
use crate::{StartError, trace};

/// A connection that is not there by then will not come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A dead peer is noticed after at most the sum of these two, also while no call runs.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest any call between services may take; callers set shorter deadlines themselves.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A channel whose calls carry the caller's trace, to the replica that is least busy with us.
pub type Channel = InterceptedService<Balanced, Traced>;

/// Puts the current span's `traceparent` into each call's metadata.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traced;

impl Interceptor for Traced {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let traceparent = trace::traceparent().and_then(|text| MetadataValue::try_from(text).ok());
        if let Some(traceparent) = traceparent {
            request.metadata_mut().insert("traceparent", traceparent);
        }
        Ok(request)
    }
}

/// A channel to `url` (`http://host:port`; with [`crate::tls`] set up, over TLS) that connects when it is first used, and
/// again when a connection breaks. A name with several addresses is a service with so many replicas: see [`Balanced`]. A call
/// that got no answer in time is *unknown*, not failed.
///
/// # Errors
/// [`StartError::Setting`] when `url` is not one.
pub fn channel(url: &str) -> Result<Channel, StartError> {
    channel_waiting(url, CALL_TIMEOUT)
}

/// As [`channel`], for calls that carry a long file and may take up to `call_timeout`.
///
/// # Errors
/// As [`channel`].
pub fn channel_waiting(url: &str, call_timeout: Duration) -> Result<Channel, StartError> {
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|error| {
        StartError::setting("the URL of a service", format!("`{url}`: {error}"), "use http://host:port")
    })?;
    let endpoint = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(call_timeout)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    Ok(InterceptedService::new(Balanced::new(endpoint), Traced))
}
