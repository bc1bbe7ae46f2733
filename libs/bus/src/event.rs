//! An event and its form on the wire: the body is protobuf, all that is about it travels in headers.

use async_nats::{HeaderMap, HeaderValue, header::NATS_MESSAGE_ID, jetstream::message::PublishMessage};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// The W3C trace context of the fact.
const TRACEPARENT: &str = "traceparent";
/// Which thing the fact is about, and the how manieth fact about it this is.
const AGGREGATE: &str = "mizan-aggregate";
const VERSION: &str = "mizan-version";

/// One fact, told to whoever wants to know. It holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub event_id: Uuid,
    /// `mizan.<service>.<noun>.<what happened>`.
    pub subject: String,
    /// The id of what it is about.
    pub aggregate: String,
    /// Steps of that aggregate so far, from 1: sorts its events, which may come in any order.
    pub version: i64,
    /// The protobuf message that the subject's comment names.
    pub body: Vec<u8>,
}

/// An event as a consumer gets it. The span around the handler already continues `traceparent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub event: Event,
    pub traceparent: Option<String>,
}

/// A message on our subjects that no relay of ours wrote.
#[derive(Debug, thiserror::Error)]
#[error("the header {0} is missing or unreadable")]
pub(crate) struct Foreign(&'static str);

/// An event on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The row of the outbox that holds it.
    pub envelope_id: i64,
    pub event: Event,
    pub traceparent: Option<String>,
    pub created_at: OffsetDateTime,
}

impl Outgoing {
    /// The message for JetStream, with CloudEvents attributes in its headers. `source` is the service.
    pub(crate) fn into_message(self, source: &str) -> (String, PublishMessage) {
        let Event { event_id, subject, aggregate, version, body } = self.event;
        let id = event_id.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(NATS_MESSAGE_ID, id.as_str());
        headers.insert("ce-id", id.as_str());
        headers.insert("ce-specversion", "1.0");
        headers.insert("ce-type", subject.as_str());
        headers.insert("ce-source", format!("/mizan/{source}"));
        headers.insert("content-type", "application/protobuf");
        headers.insert(AGGREGATE, aggregate);
        headers.insert(VERSION, version.to_string());
        if let Ok(time) = self.created_at.format(&Rfc3339) {
            headers.insert("ce-time", time);
        }
        if let Some(traceparent) = self.traceparent {
            headers.insert(TRACEPARENT, traceparent);
        }
        (subject, PublishMessage::build().headers(headers).payload(body.into()))
    }
}

impl Received {
    pub(crate) fn read(message: &async_nats::Message) -> Result<Received, Foreign> {
        let header = |name: &'static str| {
            message.headers.as_ref().and_then(|h| h.get(name)).map(HeaderValue::as_str).ok_or(Foreign(name))
        };
        let event = Event {
            event_id: header("ce-id")?.parse().map_err(|_not_a_uuid| Foreign("ce-id"))?,
            subject: message.subject.to_string(),
            aggregate: header(AGGREGATE)?.to_owned(),
            version: header(VERSION)?.parse().map_err(|_not_a_number| Foreign(VERSION))?,
            body: message.payload.to_vec(),
        };
        Ok(Received { event, traceparent: header(TRACEPARENT).ok().map(str::to_owned) })
    }
}
