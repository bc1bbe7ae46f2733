//! The one stream all events go through.

use std::time::Duration;

use async_nats::jetstream::{
    Context,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream},
};
use time::OffsetDateTime;

use crate::outbox::RETENTION;

/// The name of the stream.
pub const STREAM: &str = "MIZAN";

/// A message with the same id inside this time is stored once.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);

/// The stream, made if it is missing. An existing one keeps the configuration that its operator gave it (replicas).
pub(crate) async fn ensure(jetstream: &Context) -> Result<Stream, boot::BoxError> {
    let wanted = Config {
        name: STREAM.to_owned(),
        subjects: vec!["mizan.>".to_owned()],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_age: RETENTION,
        duplicate_window: DUPLICATE_WINDOW,
        ..Config::default()
    };
    Ok(jetstream.get_or_create_stream(wanted).await?)
}

/// When this store was made, as Postgres can keep it: another time means another, empty store.
pub(crate) fn created_at(stream: &Stream) -> OffsetDateTime {
    let at = stream.cached_info().created;
    at.replace_microsecond(at.microsecond()).unwrap_or(at)
}
