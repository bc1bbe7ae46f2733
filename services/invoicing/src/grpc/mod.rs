//! The RPCs: convert, call, convert. No rules.

mod documents;
mod finding;
mod invoices;
mod privacy;
mod uploads;

use proto::invoicing::v1::document_service_server::DocumentServiceServer;
use proto::invoicing::v1::finding_service_server::FindingServiceServer;
use proto::invoicing::v1::invoice_service_server::InvoiceServiceServer;
use proto::invoicing::v1::privacy_service_server::PrivacyServiceServer;
use proto::invoicing::v1::upload_service_server::UploadServiceServer;
use tonic::service::Routes;

use crate::app::Invoicing;

/// All services.
pub fn routes(svc: &Invoicing) -> Routes {
    Routes::new(InvoiceServiceServer::new(invoices::Invoices(svc.clone())))
        .add_service(UploadServiceServer::new(uploads::Uploads(svc.clone())))
        .add_service(DocumentServiceServer::new(documents::Documents(svc.clone())))
        .add_service(PrivacyServiceServer::new(privacy::Privacy(svc.clone())))
        .add_service(FindingServiceServer::new(finding::Finding(svc.clone())))
}
