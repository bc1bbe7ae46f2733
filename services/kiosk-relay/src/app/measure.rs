//! What only the database knows of devices and their cash, read now and then. Every replica reads the same.

use std::time::Duration;

use boot::Clock;
use time::OffsetDateTime;

use super::Relay;
use crate::{Error, store};

/// How often it is read.
const MEASURE: Duration = Duration::from_secs(10);
/// A device that was not heard for so long is silent.
const SILENT_AFTER: Duration = Duration::from_mins(15);

/// Reads until the relay stops.
pub async fn run(relay: Relay) {
    let (waits, stopping) = (Clock::system(), relay.tasks.stopping());
    while !stopping.is_cancelled() {
        if let Err(error) = measure(&relay).await {
            tracing::debug!(error = boot::start_error::chain(&error), "devices are not measured");
        }
        tokio::select! {
            () = waits.sleep(MEASURE) => {}
            () = stopping.cancelled() => {}
        }
    }
}

async fn measure(relay: &Relay) -> Result<(), Error> {
    let now = relay.clock.now();
    let mut tx = relay.pg.read().await?;
    let groups = store::device::groups(&mut tx, now - SILENT_AFTER).await?;
    let cash = store::device::oldest_cash(&mut tx).await?;
    tx.rollback().await?;
    let age = |since: Option<OffsetDateTime>| since.map_or(0, |since| (now - since).whole_seconds().max(0));
    for state in ["registered", "pending", "active", "quarantined"] {
        let devices = groups.iter().find(|group| group.state == state).map_or(0, |group| group.devices);
        relay.metrics.devices(state, devices);
    }
    let active = groups.iter().find(|group| group.state == "active");
    relay.metrics.devices_silent.set(active.map_or(0, |group| group.silent));
    relay.metrics.silent_longest_seconds.set(age(active.and_then(|group| group.most_silent_since)));
    relay.metrics.cash_oldest_seconds.set(age(cash));
    Ok(())
}
