//! The one stream all events go through.

use std::time::Duration;

use async_nats::{
    HeaderValue,
    header::NATS_MESSAGE_ID,
    jetstream::{
        Context,
        stream::{Config, DiscardPolicy, RawMessageErrorKind, RetentionPolicy, StorageType, Stream},
    },
};
use time::OffsetDateTime;

use crate::{outbox::RETENTION, sent::Sent};

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

/// The place of its last message, and when that was written.
pub(crate) fn end(stream: &Stream) -> (i64, OffsetDateTime) {
    let state = &stream.cached_info().state;
    (i64::try_from(state.last_sequence).unwrap_or(i64::MAX), state.last_timestamp)
}

/// Whether this store still has what it acknowledged last. Its end alone does not tell: after a loss, events of other
/// services may have taken the same places.
pub(crate) async fn still_has(stream: &Stream, sent: &Sent) -> Result<bool, boot::BoxError> {
    let state = &stream.cached_info().state;
    let seq = u64::try_from(sent.acked_seq)?;
    if state.last_sequence < seq {
        return Ok(false);
    }
    let Some(event) = sent.acked_event.filter(|_| seq >= state.first_sequence) else { return Ok(true) };
    match stream.get_raw_message(seq).await {
        Ok(message) => {
            let id = message.headers.get(NATS_MESSAGE_ID).map(HeaderValue::as_str);
            Ok(id == Some(event.to_string().as_str()))
        }
        // Aged out, or removed by an operator: a loss cuts the end off, it makes no hole.
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}
