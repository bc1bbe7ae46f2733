//! What is done by the clock.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Notify;

use crate::app::{Invoicing, amend, expiry, invoice_draft, late, notices, upload_work};
use crate::{Error, store};

/// An idempotency key answers this long; after that the reference does, which is used once for ever.
const KEYS_LAST: Duration = Duration::from_hours(30 * 24);
/// How often old keys are looked for.
const LOOK: Duration = Duration::from_hours(1);
/// Keys forgotten in one transaction.
const AT_ONCE: i64 = 1_000;

/// An amendment whose answer was not noted for so long has lost its asker.
const ASKER_DIES_IN: Duration = Duration::from_secs(30);
/// How often they are looked for.
const LOOK_FOR_AMENDMENTS: Duration = Duration::from_secs(10);

/// How often late bills are looked for: soon after midnight they say what they cost.
const LOOK_FOR_LATE: Duration = Duration::from_mins(10);
/// How often bills whose last day is over are looked for.
const LOOK_FOR_ENDED: Duration = Duration::from_mins(10);
/// How often payers to be told are looked for, when nobody rings.
const LOOK_FOR_NOTICES: Duration = Duration::from_mins(10);
/// How often approved drafts are looked for, when nobody rings.
const LOOK_FOR_DRAFTS: Duration = Duration::from_mins(10);
/// How often uploads without a worker are looked for.
const LOOK_FOR_UPLOADS: Duration = Duration::from_secs(10);
/// Pieces of a file that no upload has by then were never wanted.
const STRAYS_LAST: Duration = Duration::from_hours(1);

/// Starts all of it; it ends with the service's tasks.
pub fn start(svc: &Invoicing) {
    // Nobody rings this one.
    let silent = Arc::new(Notify::new());
    let by_clock = |name, every, work| again(svc, name, (every, silent.clone()), work);
    by_clock("forget old keys and sheets", LOOK, |svc| async move { forget(&svc).await }.boxed());
    by_clock("take up amendments", LOOK_FOR_AMENDMENTS, |svc| {
        async move { amend::take_up(&svc, svc.ctx.clock.now() - ASKER_DIES_IN).await.map(drop) }.boxed()
    });
    by_clock("take up uploads", LOOK_FOR_UPLOADS, |svc| {
        async move { upload_work::take_up(&svc).await }.boxed()
    });
    by_clock("charge late bills", LOOK_FOR_LATE, |svc| async move { late::charge_all(&svc).await }.boxed());
    by_clock("end bills", LOOK_FOR_ENDED, |svc| async move { expiry::end_all(&svc).await }.boxed());
    let bell = svc.notice_bell.clone();
    again(svc, "tell payers", (LOOK_FOR_NOTICES, bell), |svc| {
        async move { notices::tell_all(&svc).await }.boxed()
    });
    let bell = svc.draft_bell.clone();
    again(svc, "issue drafts", (LOOK_FOR_DRAFTS, bell), |svc| {
        async move { invoice_draft::issue_due(&svc).await }.boxed()
    });
}

type Work = fn(Invoicing) -> BoxFuture<'static, Result<(), Error>>;

/// Does some work at once, every so often, and when its bell rings, until the service stops. What fails is done with the next look.
fn again(svc: &Invoicing, name: &'static str, (every, bell): (Duration, Arc<Notify>), work: Work) {
    let svc = svc.clone();
    svc.ctx.tasks.clone().spawn(name, async move {
        let stopping = svc.ctx.tasks.stopping();
        loop {
            if let Err(error) = work(svc.clone()).await {
                tracing::warn!(%error, "`{name}` did not end well; it comes again");
            }
            tokio::select! {
                () = svc.ctx.clock.sleep(every) => {}
                () = bell.notified() => {}
                () = stopping.cancelled() => return,
            }
        }
    });
}

async fn forget(svc: &Invoicing) -> Result<(), Error> {
    let mut tx = svc.pg.begin().await?;
    let sheets = store::privacy::forget_old_sheets(&mut tx, svc.ctx.clock.now() - svc.sheets_kept).await?;
    store::upload_piece::forget_strays(&mut tx, svc.ctx.clock.now() - STRAYS_LAST).await?;
    tx.commit().await?;
    if sheets > 0 {
        tracing::info!(sheets, "cells of old files are destroyed");
    }
    loop {
        let mut tx = svc.pg.begin().await?;
        let forgotten = store::idempotency::forget(&mut tx, svc.ctx.clock.now() - KEYS_LAST, AT_ONCE).await?;
        tx.commit().await?;
        if forgotten == 0 {
            return Ok(());
        }
    }
}
