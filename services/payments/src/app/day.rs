//! Closing business days, one after the other, while payments go on.

use std::time::Duration;

use boot::{Clock, Problem};
use time::Date;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::{
    Error, Payments,
    books::day,
    store::{
        self,
        day::{Closed, Part},
        ledger::Balance,
    },
};

/// How often we look whether a day is over.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A day is closed so long after its end: a batch that was under way at midnight is kept by then, and is of its own day.
const CLOSES_AFTER: Duration = Duration::from_secs(10);

/// Closes every day that is over, until `stopping`. Each replica does; the first wins.
pub async fn close_days(svc: Payments, stopping: CancellationToken) {
    let clock = Clock::system();
    while !stopping.is_cancelled() {
        match close_next(&svc).await {
            Ok(Some(closed)) => {
                tracing::info!(day = %closed.business_date, journals = closed.journals, "a business day is closed");
                continue;
            }
            Ok(None) => {}
            Err(error) if error.constraint() == Some("day_close_pkey") => {
                tracing::debug!("another replica has closed the day");
            }
            Err(error) => tracing::warn!(%error, "cannot close the day"),
        }
        tokio::select! {
            () = clock.sleep(LOOK_EVERY) => {}
            () = stopping.cancelled() => {}
        }
    }
}

/// Closes the day after the last closed one, or the first; none when it is not over.
async fn close_next(svc: &Payments) -> Result<Option<Closed>, Error> {
    let now = svc.clock.now();
    let mut tx = svc.pg.begin().await?;
    let date = match store::day::last(&mut tx).await? {
        Some(last) => day::after(last),
        None => store::day::first_sealed_at(&mut tx).await?.map(day::of),
    };
    let Some(date) = date.filter(|date| day::ends(*date) + CLOSES_AFTER <= now) else {
        tx.rollback().await?;
        return Ok(None);
    };
    let parts: Vec<Part> = store::day::parts(&mut tx, day::ends(date)).await?;
    let closed = store::day::close(&mut tx, date, &parts, now).await?;
    tx.commit().await?;
    Ok(Some(closed))
}

/// A closed day, and what every account stood at when it ended.
///
/// # Errors
/// A `Problem`: the day is not closed; the database.
pub async fn get(svc: &Payments, date: Date) -> Result<(Closed, Vec<Balance>), Error> {
    let mut tx = svc.pg.read().await?;
    let closed = store::day::get(&mut tx, date).await?;
    let balances = store::day::balances(&mut tx, date).await?;
    tx.rollback().await?;
    let closed = closed.ok_or_else(|| {
        let detail = "A business day is closed shortly after midnight in Bahrain, after the days before it.";
        Problem::new(Code::NotFound, "day_not_closed", detail).field("business_date")
    })?;
    Ok((closed, balances))
}
