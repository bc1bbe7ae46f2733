//! Invoices: files of bills in, documents with gapless numbers out. See `README.md`.

mod app;
mod catalogue;
mod config;
mod document;
mod domain;
mod error;
mod events;
mod grpc;
mod notifications;
mod payments;
mod person;
mod sentences;
mod store;
mod wire;
mod worker;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use boot::{Context, StartError};
use bus::Bus;
use pg::Pg;
use tokio::sync::Semaphore;

pub use app::Invoicing;
pub use config::Settings;
pub use domain::states::states_dot;
pub use error::Error;

/// The tables of this service.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Connections to Postgres at most.
const CONNECTIONS: u32 = 16;

/// Where the started service listens.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub grpc: SocketAddr,
    pub health: SocketAddr,
}

/// Runs the service until the process stops.
///
/// # Errors
/// As [`start`].
pub async fn run(settings: Settings, ctx: Context) -> Result<(), StartError> {
    start(settings, &ctx).await?;
    ctx.tasks.stopping().cancelled_owned().await;
    Ok(())
}

/// Starts the service and says where it listens; it ends with `ctx.tasks`.
///
/// # Errors
/// The master key cannot be read, Postgres or NATS is away, migrations are pending, a port is taken.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let invoicing = connect(&settings, ctx).await?;
    let grpc = boot::grpc::serve(ctx, settings.grpc_addr, grpc::routes(&invoicing)).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%grpc, %health, "invoicing is open");
    Ok(Running { grpc, health })
}

async fn connect(settings: &Settings, ctx: &Context) -> Result<Invoicing, StartError> {
    let master =
        boot::seal::MasterKey::from_file(&ctx.setting("MASTER_KEY_FILE"), &settings.master_key_file)?;
    let catalogue = catalogue::Catalogue::new(boot::grpc::channel(&settings.catalogue_url)?);
    let payments = payments::Payments::new(boot::grpc::channel(&settings.payments_url)?);
    let notifications = notifications::Notifications::new(boot::grpc::channel(&settings.notifications_url)?);
    let texts = sentences::load().map_err(StartError::bug)?;
    let pg = Pg::connect(&settings.database_url, &ctx.setting("DATABASE_URL"), CONNECTIONS).await?;
    pg.check_migrated(&MIGRATOR).await?;
    pg.watch(ctx);
    let bus = Bus::connect(&settings.nats_url, &ctx.setting("NATS_URL"), ctx).await?;
    bus.relay(pg.clone(), "invoicing");
    let max_upload_bytes = settings.max_upload_bytes;
    let press = Arc::new(document::Press::new().map_err(StartError::bug)?);
    let document_texts = Arc::new(document::texts().map_err(StartError::bug)?);
    let upload_room = Arc::new(Semaphore::new(app::UPLOADS_AT_ONCE));
    let ctx = ctx.clone();
    let press_room = Arc::new(Semaphore::new(app::PRINTS_AT_ONCE));
    let portal_url = settings.portal_url.trim_end_matches('/').into();
    let invoicing = Invoicing {
        ctx,
        pg,
        bus,
        catalogue,
        payments,
        notifications,
        reminder_days: settings.reminder_days.clone().into(),
        notice_bell: Arc::default(),
        draft_bell: Arc::default(),
        master,
        texts,
        max_upload_bytes,
        sheets_kept: Duration::from_hours(24 * u64::from(settings.sheets_kept_days)),
        upload_room,
        workbook_room: Arc::new(Semaphore::new(1)),
        rows_room: Arc::new(Semaphore::new(app::ROWS_AT_ONCE)),
        gates: Arc::default(),
        press,
        document_texts,
        press_room,
        portal_url,
    };
    events::listen(&invoicing);
    worker::start(&invoicing);
    Ok(invoicing)
}
