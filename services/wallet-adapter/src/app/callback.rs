//! A provider tells something. It is a hint: nothing but "ask now" follows from it.

use crate::{Adapter, Error, domain::reference, events, store, store::callback::Verified};

/// What became of a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Kept, and told if it is about an attempt of ours.
    New,
    /// The same was kept before; nothing more happens.
    Again,
    /// Its signature is not the provider's. Kept as evidence; nobody is told.
    Forged,
}

/// Keeps a callback and tells the others, in one transaction.
///
/// # Errors
/// `ProviderUnknown`, `Database`: the provider shall send it again.
pub async fn receive(
    adapter: Adapter,
    provider: &'static str,
    signature: String,
    body: Vec<u8>,
) -> Result<Heard, Error> {
    let provider = adapter.provider(provider)?;
    let now = adapter.clock.now();
    let mut tx = adapter.pg.begin().await?;
    let hint = match provider.read_callback(&signature, &body) {
        Ok(hint) => hint,
        Err(forged) => {
            tracing::warn!(provider = provider.name(), error = %forged, "a callback was refused");
            store::callback::refuse(&mut tx, provider.name(), &body, &signature, now).await?;
            tx.commit().await?;
            return Ok(Heard::Forged);
        }
    };
    let attempt = match reference::to_attempt(&hint.reference) {
        Some(attempt) if store::exchange::is_ours(&mut tx, provider.name(), attempt).await? => Some(attempt),
        _ => None,
    };
    let callback = Verified {
        callback_id: adapter.ids.uuid(now),
        provider: provider.name(),
        hint: &hint,
        attempt,
        body: &body,
        signature: &signature,
        received_at: now,
    };
    if !store::callback::first_time(&mut tx, &callback).await? {
        return Ok(Heard::Again);
    }
    if let Some(attempt) = attempt {
        let number = store::callback::number(&mut tx, attempt).await?;
        let event = events::callback_received(adapter.ids.uuid(now), provider.name(), attempt, number);
        bus::outbox::push(&mut tx, &[event], now).await?;
    }
    tx.commit().await?;
    adapter.bus.ring();
    Ok(Heard::New)
}
