//! What is done by the clock.

use std::time::Duration;

use crate::app::{Invoicing, amend, invoice_draft, late, notices, upload_work};
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

/// Takes up amendments whose asker died, until the service stops.
pub fn take_up_amendments(svc: &Invoicing) {
    let svc = svc.clone();
    svc.ctx.tasks.clone().spawn("take up amendments", async move {
        let stopping = svc.ctx.tasks.stopping();
        loop {
            tokio::select! {
                () = svc.ctx.clock.sleep(LOOK_FOR_AMENDMENTS) => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = amend::take_up(&svc, svc.ctx.clock.now() - ASKER_DIES_IN).await {
                tracing::warn!(%error, "amendments wait on");
            }
        }
    });
}

/// How often late bills are looked for: soon after midnight they say what they cost.
const LOOK_FOR_LATE: Duration = Duration::from_mins(10);

/// Charges late bills until the service stops.
pub fn charge_late(svc: &Invoicing) {
    let svc = svc.clone();
    svc.ctx.tasks.clone().spawn("charge late bills", async move {
        let stopping = svc.ctx.tasks.stopping();
        loop {
            tokio::select! {
                () = svc.ctx.clock.sleep(LOOK_FOR_LATE) => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = late::charge_all(&svc).await {
                tracing::warn!(%error, "late bills are charged later");
            }
        }
    });
}

/// How often payers to be told are looked for, when nobody rings.
const LOOK_FOR_NOTICES: Duration = Duration::from_mins(10);

/// Tells payers of their bills until the service stops.
pub fn tell_payers(svc: &Invoicing) {
    let svc = svc.clone();
    svc.ctx.tasks.clone().spawn("tell payers", async move {
        let stopping = svc.ctx.tasks.stopping();
        loop {
            tokio::select! {
                () = svc.ctx.clock.sleep(LOOK_FOR_NOTICES) => {}
                () = svc.notice_bell.notified() => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = notices::tell_all(&svc).await {
                tracing::warn!(%error, "payers are told later");
            }
        }
    });
}

/// How often approved drafts are looked for, when nobody rings.
const LOOK_FOR_DRAFTS: Duration = Duration::from_mins(10);

/// Issues approved drafts on their day until the service stops.
pub fn issue_drafts(svc: &Invoicing) {
    let svc = svc.clone();
    svc.ctx.tasks.clone().spawn("issue drafts", async move {
        let stopping = svc.ctx.tasks.stopping();
        loop {
            tokio::select! {
                () = svc.ctx.clock.sleep(LOOK_FOR_DRAFTS) => {}
                () = svc.draft_bell.notified() => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = invoice_draft::issue_due(&svc).await {
                tracing::warn!(%error, "approved invoices are issued later");
            }
        }
    });
}

/// How often uploads without a worker are looked for.
const LOOK_FOR_UPLOADS: Duration = Duration::from_secs(10);
/// Pieces of a file that no upload has by then were never wanted.
const STRAYS_LAST: Duration = Duration::from_hours(1);

/// Takes up uploads whose worker died, until the service stops.
pub fn take_up_uploads(svc: &Invoicing) {
    let svc = svc.clone();
    svc.ctx.tasks.clone().spawn("take up uploads", async move {
        let stopping = svc.ctx.tasks.stopping();
        loop {
            tokio::select! {
                () = svc.ctx.clock.sleep(LOOK_FOR_UPLOADS) => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = upload_work::take_up(&svc).await {
                tracing::warn!(%error, "uploads wait on");
            }
        }
    });
}

/// Forgets old idempotency keys and the cells of old files until the service stops.
pub fn forget_old(svc: &Invoicing) {
    let svc = svc.clone();
    svc.ctx.tasks.clone().spawn("forget old keys and sheets", async move {
        let stopping = svc.ctx.tasks.stopping();
        loop {
            tokio::select! {
                () = svc.ctx.clock.sleep(LOOK) => {}
                () = stopping.cancelled() => return,
            }
            if let Err(error) = forget(&svc).await {
                tracing::warn!(%error, "old idempotency keys and sheets stay for another hour");
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
