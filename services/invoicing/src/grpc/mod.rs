//! The RPCs: convert, call, convert. No rules.

mod calendar;
mod documents;
mod finding;
mod invoice_drafts;
mod invoices;
mod privacy;
mod uploads;

use boot::{Call, Problem};
use proto::invoicing::v1::calendar_service_server::CalendarServiceServer;
use proto::invoicing::v1::document_service_server::DocumentServiceServer;
use proto::invoicing::v1::finding_service_server::FindingServiceServer;
use proto::invoicing::v1::invoice_draft_service_server::InvoiceDraftServiceServer;
use proto::invoicing::v1::invoice_service_server::InvoiceServiceServer;
use proto::invoicing::v1::privacy_service_server::PrivacyServiceServer;
use proto::invoicing::v1::upload_service_server::UploadServiceServer;
use time::{Date, macros::format_description};
use tonic::service::Routes;
use tonic::{Code, Request};

use crate::app::Invoicing;

/// All services.
pub fn routes(svc: &Invoicing) -> Routes {
    Routes::new(InvoiceServiceServer::new(invoices::Invoices(svc.clone())))
        .add_service(UploadServiceServer::new(uploads::Uploads(svc.clone())))
        .add_service(CalendarServiceServer::new(calendar::Calendar(svc.clone())))
        .add_service(InvoiceDraftServiceServer::new(invoice_drafts::InvoiceDrafts(svc.clone())))
        .add_service(DocumentServiceServer::new(documents::Documents(svc.clone())))
        .add_service(PrivacyServiceServer::new(privacy::Privacy(svc.clone())))
        .add_service(FindingServiceServer::new(finding::Finding(svc.clone())))
}

/// A call whose caller has a name: it will stand where people look for who did it.
fn by_name<T>(request: &Request<T>) -> Result<Call, Problem> {
    let call = Call::from_metadata(request.metadata())?;
    if call.actor.trim().is_empty() || call.actor == "anonymous" {
        let detail = "Say who asks, in the metadata `mizan-actor`.";
        return Err(Problem::new(Code::InvalidArgument, "actor_missing", detail).field("mizan-actor"));
    }
    Ok(call)
}

fn date(field: &str, text: &str) -> Result<Date, Problem> {
    let read = Date::parse(text, format_description!("[year]-[month]-[day]"));
    read.ok().ok_or_else(|| {
        let detail = format!("`{field}` is no date; write it like 2026-01-31.");
        Problem::new(Code::InvalidArgument, "field_invalid", detail).field(field)
    })
}
