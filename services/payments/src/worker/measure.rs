//! What only the database knows of how the service does, read now and then. Every replica reads the same.

use std::time::Duration;

use boot::Clock;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::{Error, Payments, books::day, domain::case::Kind, store};

/// How often what must be seen at once is read: each from the top of an index.
const OFTEN: Duration = Duration::from_secs(2);
/// Providers that the settings do not name any more, and that still owe an answer.
const UNLISTED: &str = "unlisted";
/// Every so many of those looks, what has time is read too.
const SELDOM: u32 = 5;

/// Reads until `stopping`. Apart from the worker, so that one that hangs is seen.
pub async fn run(svc: Payments, stopping: CancellationToken) {
    let waits = Clock::system();
    let mut look: u32 = 0;
    while !stopping.is_cancelled() {
        let measured = async {
            often(&svc).await?;
            if look.is_multiple_of(SELDOM) {
                seldom(&svc).await?;
            }
            Ok::<(), Error>(())
        };
        measured.await.unwrap_or_else(|error| tracing::debug!(%error, "cannot measure"));
        look = look.wrapping_add(1);
        tokio::select! {
            () = waits.sleep(OFTEN) => {}
            () = stopping.cancelled() => {}
        }
    }
}

async fn often(svc: &Payments) -> Result<(), Error> {
    let now = svc.clock.now();
    let mut tx = svc.pg.read().await?;
    let doubt = store::attempt::oldest_doubt(&mut tx).await?;
    let due = store::work::due(&mut tx, now).await?;
    let unposted = store::work::oldest_unposted(&mut tx, now).await?;
    tx.rollback().await?;
    svc.metrics.unknown_oldest_seconds.set(age(now, doubt));
    for provider in svc.providers.iter().map(String::as_str).chain([UNLISTED]) {
        let of_provider = due.iter().filter(|due| provider == listed(svc, &due.provider));
        let oldest_at = of_provider.clone().map(|due| due.oldest_at).min();
        svc.metrics.due(provider, of_provider.map(|due| due.items).sum(), age(now, oldest_at));
    }
    svc.metrics.unposted_oldest_seconds.set(age(now, unposted));
    svc.metrics.look_at_queues();
    Ok(())
}

/// The label of `provider`.
fn listed<'p>(svc: &Payments, provider: &'p str) -> &'p str {
    if svc.providers.iter().any(|listed| listed == provider) { provider } else { UNLISTED }
}

async fn seldom(svc: &Payments) -> Result<(), Error> {
    let now = svc.clock.now();
    let mut tx = svc.pg.read().await?;
    let open = store::case::open_by_kind(&mut tx).await?;
    let difference = store::ledger::difference(&mut tx).await?;
    let unclosed = match store::day::last(&mut tx).await? {
        Some(last) => day::after(last),
        None => store::day::first_sealed_at(&mut tx).await?.map(day::of),
    };
    tx.rollback().await?;
    for kind in Kind::ALL {
        let of_kind = open.iter().find(|open| open.kind == kind.name());
        let cases = of_kind.map_or(0, |open| open.cases);
        svc.metrics.cases(kind.name(), cases, age(now, of_kind.map(|open| open.oldest_at)));
    }
    svc.metrics.books_difference_fils.set(difference);
    svc.metrics.day_unclosed_seconds.set(age(now, unclosed.map(day::ends)));
    Ok(())
}

/// Whole seconds since then; 0 when there is no then, or it is still to come.
fn age(now: OffsetDateTime, since: Option<OffsetDateTime>) -> i64 {
    since.map_or(0, |since| (now - since).whole_seconds().max(0))
}
