//! The clerk confirms: every valid row of a file becomes an invoice, all or none.

use boot::Call;
use ids::UploadId;
use money::Money;
use pg::Tx;
use prost::Message as _;
use proto::invoicing::v1::IssueUploadResponse;

use super::issue::{Origin, issue, lock_numbers};
use super::{Invoicing, decoded};
use crate::domain::upload::{self, Upload};
use crate::store::idempotency::{self, Claim};
use crate::{Error, store, wire};

/// What the clerk read on the page and agreed to.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed {
    pub upload: UploadId,
    pub count: i32,
    pub total: Money,
}

/// Issues the upload, if count and total are what is stored.
///
/// # Errors
/// `UploadUnknown`, `UploadState`, `ConfirmationDiffers`, `KeyReused`.
pub async fn confirm(svc: Invoicing, call: Call, confirmed: Confirmed) -> Result<IssueUploadResponse, Error> {
    let body = [confirmed.upload.to_string(), confirmed.count.to_string(), confirmed.total.to_string()];
    let claim = svc.claim(&call, "IssueUpload", &body.each_ref().map(String::as_str))?;
    let answer = pg::retry(|| attempt(&svc, &call, confirmed, &claim)).await?;
    svc.bus.ring();
    Ok(answer)
}

async fn attempt(
    svc: &Invoicing,
    call: &Call,
    confirmed: Confirmed,
    claim: &Claim,
) -> Result<IssueUploadResponse, Error> {
    let agency = call.agency()?;
    let mut tx = svc.pg.begin().await?;
    if let Some(first) = idempotency::claim(&mut tx, claim, svc.ctx.clock.now()).await? {
        return decoded(&first);
    }
    let before = store::upload::lock(&mut tx, agency, confirmed.upload).await?;
    let state = upload::issue(before.state, before.valid).map_err(Error::UploadState)?;
    let numbers = lock_numbers(svc, &mut tx, agency).await?;
    let (lost, lost_fils) = store::upload_row::refuse_used_references(&mut tx, agency, &before).await?;
    if lost > 0 {
        let left = without(&before, lost, lost_fils)?;
        return keep_and_refuse(tx, (&before, &left), confirmed, claim).await;
    }
    if confirmed.count != before.valid || confirmed.total != before.valid_total {
        return Err(differs(confirmed, &before));
    }

    let rows = store::upload_row::take(&mut tx, before.id).await?;
    let origin = Origin { agency, agency_name: &before.agency_name, upload: Some(before.id) };
    let invoices = issue(svc, &mut tx, (&origin, numbers), rows).await?;
    let issued = i32::try_from(invoices.len()).unwrap_or(i32::MAX);
    let after = Upload { state, issued, ..before.clone() };
    store::upload::save(&mut tx, &before, &after).await?;
    let answer = IssueUploadResponse { upload: Some(wire::upload(&after)) };
    idempotency::keep(&mut tx, claim, &answer.encode_to_vec()).await?;
    tx.commit().await?;
    Ok(answer)
}

/// The upload after rows lost their references to other bills.
fn without(before: &Upload, lost: i32, lost_fils: i64) -> Result<Upload, Error> {
    let valid_total = before.valid_total.checked_sub(Money::fils(lost_fils));
    let valid_total = valid_total.map_err(boot::Problem::internal)?;
    let (valid, errors) = (before.valid - lost, before.errors + lost);
    Ok(Upload { valid, errors, valid_total, ..before.clone() })
}

/// Keeps what was learnt, so that the clerk sees it on the next look, and refuses this confirmation.
async fn keep_and_refuse(
    mut tx: Tx,
    (before, left): (&Upload, &Upload),
    confirmed: Confirmed,
    claim: &Claim,
) -> Result<IssueUploadResponse, Error> {
    store::upload::save(&mut tx, before, left).await?;
    idempotency::release(&mut tx, claim).await?;
    tx.commit().await?;
    Err(differs(confirmed, left))
}

fn differs(confirmed: Confirmed, upload: &Upload) -> Error {
    Error::ConfirmationDiffers {
        confirmed_count: confirmed.count,
        confirmed_total: confirmed.total,
        count: upload.valid,
        total: upload.valid_total,
    }
}
