//! The payer's pages: find a bill, see it, pay it, know the outcome. Plain HTML in both languages. See `README.md`.

mod config;
mod form;
mod http;
mod view;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use boot::grpc::{Channel, channel};
use boot::{Context, Ids, StartError};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use proto::catalogue::v1::price_list_service_client::PriceListServiceClient;
use proto::invoicing::v1::document_service_client::DocumentServiceClient;
use proto::invoicing::v1::finding_service_client::FindingServiceClient;
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::notifications::v1::notification_service_client::NotificationServiceClient;
use proto::payments::v1::payment_service_client::PaymentServiceClient;

pub use config::Settings;

use crate::form::Seal;

/// What every page may use.
#[derive(Clone)]
pub(crate) struct App {
    pub invoices: InvoiceServiceClient<Channel>,
    pub finding: FindingServiceClient<Channel>,
    pub documents: DocumentServiceClient<Channel>,
    pub payments: PaymentServiceClient<Channel>,
    pub notifications: NotificationServiceClient<Channel>,
    pub prices: PriceListServiceClient<Channel>,
    pub ids: Ids,
    pub seal: Arc<Seal>,
    /// Counts unknown references by address.
    pub unknown: Arc<DefaultKeyedRateLimiter<IpAddr>>,
}

/// Where the started portal listens.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub http: SocketAddr,
    pub health: SocketAddr,
}

/// Runs the portal until the process stops.
///
/// # Errors
/// As [`start`].
pub async fn run(settings: Settings, ctx: Context) -> Result<(), StartError> {
    start(settings, &ctx).await?;
    ctx.tasks.stopping().cancelled_owned().await;
    Ok(())
}

/// Starts the portal and says where it listens; it ends with `ctx.tasks`.
///
/// # Errors
/// A port is taken, a URL is none, or the key file cannot be read.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let invoicing = channel(&settings.invoicing_url)?;
    let payments = channel(&settings.payments_url)?;
    let a_minute = NonZeroU32::new(settings.unknown_per_minute).unwrap_or(NonZeroU32::MIN);
    let app = App {
        invoices: InvoiceServiceClient::new(invoicing.clone()),
        finding: FindingServiceClient::new(invoicing.clone()),
        documents: DocumentServiceClient::new(invoicing),
        payments: PaymentServiceClient::new(payments),
        notifications: NotificationServiceClient::new(channel(&settings.notifications_url)?),
        prices: PriceListServiceClient::new(channel(&settings.catalogue_url)?),
        ids: ctx.ids.clone(),
        seal: Arc::new(Seal::new(&ctx.setting("FORM_KEY_FILE"), settings.form_key_file, &ctx.ids)?),
        unknown: Arc::new(RateLimiter::keyed(Quota::per_minute(a_minute))),
    };
    let http = boot::http::serve(ctx, "pages", settings.http_addr, http::router(app)).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%http, "the payer's pages are open");
    Ok(Running { http, health })
}
