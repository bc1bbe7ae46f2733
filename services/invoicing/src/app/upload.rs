//! Looking at an upload: what was found, and what is wrong.

use boot::Problem;
use ids::{AgencyId, UploadId};
use proto::invoicing::v1 as pb;
use tonic::Code;

use super::Invoicing;
use crate::{Error, sentences, store, wire};

/// An upload of the agency.
///
/// # Errors
/// `UploadUnknown`.
pub async fn get(svc: &Invoicing, agency: &AgencyId, id: UploadId) -> Result<pb::Upload, Error> {
    let mut tx = svc.pg.read().await?;
    let upload = store::upload::get(&mut tx, agency, id).await?;
    tx.commit().await?;
    Ok(wire::upload(&upload))
}

/// Errors in one answer unless the caller asks for fewer.
const MAX_ERRORS: i64 = 1_000;

/// Errors behind the cell `after` (`row.column`; empty: from the first), with their sentences in both languages.
///
/// # Errors
/// `UploadUnknown`; `after` is no cell.
pub async fn errors(
    svc: &Invoicing,
    agency: &AgencyId,
    id: UploadId,
    (after, limit): (&str, i32),
) -> Result<pb::ListUploadErrorsResponse, Error> {
    let limit = if limit > 0 { MAX_ERRORS.min(i64::from(limit)) } else { MAX_ERRORS };
    let mut tx = svc.pg.read().await?;
    store::upload::get(&mut tx, agency, id).await?;
    let mut errors = store::upload_error::list(&mut tx, id, place(after)?, limit + 1).await?;
    tx.commit().await?;
    let more = errors.len() > usize::try_from(limit).unwrap_or_default();
    if more {
        errors.pop();
    }
    let last = errors.last().filter(|_| more);
    let next_after = last.map(|error| format!("{}.{}", error.row, error.column)).unwrap_or_default();
    let errors = errors.into_iter().map(|error| pb::UploadError {
        row: error.row,
        column: error.column,
        message: Some(wire::local(&sentences::fault(&svc.texts, &error.code, &error.details))),
        code: error.code,
    });
    Ok(pb::ListUploadErrorsResponse { errors: errors.collect(), next_after })
}

fn place(after: &str) -> Result<(i32, i32), Error> {
    if after.is_empty() {
        return Ok((0, 0));
    }
    let parts =
        after.split_once('.').and_then(|(row, column)| Some((row.parse().ok()?, column.parse().ok()?)));
    let detail = "after is what an earlier answer gave as next_after";
    let wrong = || Problem::new(Code::InvalidArgument, "field_invalid", detail).field("after");
    parts.ok_or_else(|| wrong().into())
}
