//! Devices: their enrolment, their signed journals, and the cash those bring. See `README.md`.

mod app;
mod ca;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
mod http;
mod metrics;
mod store;

use std::{net::SocketAddr, sync::Arc};

use boot::{Context, StartError};
use bus::Bus;
use pg::Pg;
use proto::{
    kiosk::v1::device_service_server::DeviceServiceServer,
    payments::v1::payment_service_client::PaymentServiceClient,
};
use tonic::service::Routes;

pub use config::Settings;
pub use error::Error;

/// The tables of devices and journals.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Connections to Postgres at most.
const CONNECTIONS: u32 = 16;

/// Where the started relay listens.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub grpc: SocketAddr,
    pub device: SocketAddr,
    pub health: SocketAddr,
}

/// The states of `device` as a graph in dot; none for other nouns.
pub fn states_dot(noun: &str) -> Option<String> {
    (noun == "device").then(domain::device::graph)
}

/// Runs the relay until the process stops.
///
/// # Errors
/// As [`start`].
pub async fn run(settings: Settings, ctx: Context) -> Result<(), StartError> {
    start(settings, &ctx).await?;
    ctx.tasks.stopping().cancelled_owned().await;
    Ok(())
}

/// Starts the relay and says where it listens; it ends with `ctx.tasks`.
///
/// # Errors
/// A setting is wrong, a port is taken, Postgres or NATS is away, the database is not migrated.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let now = ctx.clock.now();
    let ca = ca::DeviceCa::open(&settings.ca_dir, &ctx.setting("CA_DIR"), &ctx.ids, now)?;
    let tls = ca.server(&settings.device_names, &ctx.ids, now).map_err(|error| {
        let what = format!("no certificate for these names: {}", boot::start_error::chain(error.as_ref()));
        StartError::setting(
            ctx.setting("DEVICE_NAMES"),
            what,
            "write host names and addresses, separated by commas",
        )
    })?;
    let pg = Pg::connect(&settings.database_url, &ctx.setting("DATABASE_URL"), CONNECTIONS).await?;
    pg.check_migrated(&MIGRATOR).await?;
    pg.watch(ctx);
    let bus = Bus::connect(&settings.nats_url, &ctx.setting("NATS_URL"), ctx).await?;
    bus.relay(pg.clone(), "kiosk-relay");
    let relay = app::Relay {
        pg,
        bus,
        clock: ctx.clock.clone(),
        ids: ctx.ids.clone(),
        tasks: ctx.tasks.clone(),
        ca: Arc::new(ca),
        payments: PaymentServiceClient::new(boot::grpc::channel(&settings.payments_url)?),
        metrics: metrics::Metrics::register(ctx),
    };
    ctx.tasks.spawn("measures", app::measure::run(relay.clone()));
    let device = http::serve(ctx, settings.device_addr, tls, http::router(relay.clone())).await?;
    let routes = Routes::new(DeviceServiceServer::new(grpc::Devices { relay }));
    let grpc = boot::grpc::serve(ctx, settings.grpc_addr, routes).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%device, %grpc, "kiosk-relay is open");
    Ok(Running { grpc, device, health })
}
