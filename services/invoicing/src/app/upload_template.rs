//! Files with the right columns, for clerks to fill.

use ids::AgencyId;
use proto::invoicing::v1 as pb;

use super::{Invoicing, blocking};
use crate::domain::correction::WriteError;
use crate::domain::payer::Language;
use crate::domain::upload::template;
use crate::domain::upload_row::{Code, Fault, Field};
use crate::{Error, sentences};

/// What a clerk works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateForm {
    Workbook,
    Csv,
}

/// The columns that bills of a service have.
///
/// # Errors
/// `service_unknown`; the catalogue does not answer.
pub async fn file(
    svc: &Invoicing,
    agency: &AgencyId,
    service_code: &str,
    (language, form): (Language, TemplateForm),
) -> Result<pb::Document, Error> {
    let mut services = svc.catalogue.fee_services(agency).await?;
    let Some(service) = services.remove(service_code) else {
        let mut known: Vec<String> = services.into_keys().collect();
        known.sort_unstable();
        let fault = Fault::new(Field::Service, Code::ServiceUnknown).with("allowed", known.join(", "));
        let details = fault.details.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let detail = sentences::fault(&svc.texts, fault.code.name(), &details).en;
        return Err(Error::Row { code: fault.code.name(), field: "service_code".to_owned(), detail });
    };
    Ok(match form {
        TemplateForm::Csv => pb::Document {
            file_name: format!("bills-{service_code}.csv"),
            media_type: "text/csv; charset=utf-8".to_owned(),
            content: template::csv(&service, language).into_bytes(),
        },
        TemplateForm::Workbook => pb::Document {
            file_name: format!("bills-{service_code}.xlsx"),
            media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
            content: blocking(move || template::workbook(&service, language))
                .await?
                .map_err(WriteError::from)?,
        },
    })
}
