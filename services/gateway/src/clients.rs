//! The services behind the API.
use std::time::Duration;

use boot::StartError;
use boot::grpc::{Channel, channel, channel_waiting};
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::invoicing::v1::document_service_client::DocumentServiceClient;
use proto::invoicing::v1::invoice_draft_service_client::InvoiceDraftServiceClient;
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::invoicing::v1::upload_service_client::UploadServiceClient;
use proto::notifications::v1::notification_service_client::NotificationServiceClient;
use proto::payments::v1::ledger_service_client::LedgerServiceClient;
use proto::payments::v1::payment_service_client::PaymentServiceClient;

use crate::Settings;

/// The longest a file may take on its way; its receiver gives up a little earlier.
const FILE_TIMEOUT: Duration = Duration::from_mins(11);

/// One client a gRPC service. Connections are made when they are needed and mended by themselves.
#[derive(Clone)]
pub(crate) struct Clients {
    pub identity: IdentityServiceClient<Channel>,
    pub invoices: InvoiceServiceClient<Channel>,
    pub drafts: InvoiceDraftServiceClient<Channel>,
    pub documents: DocumentServiceClient<Channel>,
    pub uploads: UploadServiceClient<Channel>,
    pub payments: PaymentServiceClient<Channel>,
    pub ledger: LedgerServiceClient<Channel>,
    pub notifications: NotificationServiceClient<Channel>,
}

impl Clients {
    /// # Errors
    /// A URL is none.
    pub fn connect(settings: &Settings) -> Result<Clients, StartError> {
        let invoicing = channel(&settings.invoicing_url)?;
        let payments = channel(&settings.payments_url)?;
        Ok(Clients {
            identity: IdentityServiceClient::new(channel(&settings.identity_url)?),
            invoices: InvoiceServiceClient::new(invoicing.clone()),
            drafts: InvoiceDraftServiceClient::new(invoicing.clone()),
            documents: DocumentServiceClient::new(invoicing),
            uploads: UploadServiceClient::new(channel_waiting(&settings.invoicing_url, FILE_TIMEOUT)?),
            payments: PaymentServiceClient::new(payments.clone()),
            ledger: LedgerServiceClient::new(payments),
            notifications: NotificationServiceClient::new(channel(&settings.notifications_url)?),
        })
    }
}
