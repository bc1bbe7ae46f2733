//! What we tell others.

use bus::Event;
use ids::AttemptId;
use prost::Message as _;
use proto::wallet::v1::CallbackReceived;
use uuid::Uuid;

/// A provider told something new about an attempt: its `number`-th callback.
pub fn callback_received(event_id: Uuid, provider: &str, attempt: AttemptId, number: i64) -> Event {
    let body = CallbackReceived { provider: provider.to_owned(), attempt_id: attempt.to_string() };
    Event {
        event_id,
        subject: "mizan.wallet-adapter.callback.received".to_owned(),
        aggregate: attempt.to_string(),
        version: number,
        body: body.encode_to_vec(),
    }
}
