//! Looking at an upload: what was found, what is wrong, the rows to correct.

use ids::{AgencyId, UploadId};
use proto::invoicing::v1 as pb;

use super::{Invoicing, blocking};
use crate::domain::correction;
use crate::domain::upload::Upload;
use crate::store::upload_error::UploadError;
use crate::{Error, person, sentences, store, wire};

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

/// Every error, with its sentence in both languages.
///
/// # Errors
/// `UploadUnknown`.
pub async fn errors(svc: &Invoicing, agency: &AgencyId, id: UploadId) -> Result<Vec<pb::UploadError>, Error> {
    let (_, errors) = upload_and_errors(svc, agency, id).await?;
    let wired = errors.into_iter().map(|error| pb::UploadError {
        row: error.row,
        column: error.column,
        message: Some(wire::local(&sentences::fault(&svc.texts, &error.code, &error.details))),
        code: error.code,
    });
    Ok(wired.collect())
}

/// The rows at fault, as a file in the form the upload came in.
///
/// # Errors
/// `UploadUnknown`, `UploadHasNoErrors`, `SheetGone`.
pub async fn corrections(
    svc: &Invoicing,
    agency: &AgencyId,
    id: UploadId,
) -> Result<pb::GetCorrectionsResponse, Error> {
    let (upload, errors) = upload_and_errors(svc, agency, id).await?;
    if errors.is_empty() {
        return Err(Error::UploadHasNoErrors);
    }
    let mut tx = svc.pg.read().await?;
    let stored = store::upload::sheet(&mut tx, agency, id).await?;
    tx.commit().await?;
    if stored.wrapped_key.is_empty() {
        return Err(Error::SheetGone);
    }
    let key = svc.master.unwrap(&stored.wrapped_key);
    let key = key.map_err(|source| Error::Sealed { table: "upload", source })?;
    let texts = svc.texts.clone();
    let file = blocking(move || {
        let sheet = person::open_sheet(&key, id, &stored.sealed)?;
        let remarks: Vec<_> = errors.iter().map(|error| sentences::remark(&texts, error)).collect();
        Ok::<_, Error>(correction::write(&sheet, &remarks)?)
    })
    .await??;
    let stem = upload.file_name.rsplit_once('.').map_or(upload.file_name.as_str(), |(stem, _)| stem);
    Ok(pb::GetCorrectionsResponse {
        file_name: format!("{stem}-corrections.{}", file.extension),
        content_type: file.content_type.to_owned(),
        content: file.content,
    })
}

async fn upload_and_errors(
    svc: &Invoicing,
    agency: &AgencyId,
    id: UploadId,
) -> Result<(Upload, Vec<UploadError>), Error> {
    let mut tx = svc.pg.read().await?;
    let upload = store::upload::get(&mut tx, agency, id).await?;
    let errors = store::upload_error::list(&mut tx, id).await?;
    tx.commit().await?;
    Ok((upload, errors))
}
