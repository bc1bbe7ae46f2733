//! API clients and their keys. See `README.md`.

mod app;
mod command;
mod config;
mod domain;
mod error;
mod grpc;
mod store;

use std::net::SocketAddr;

use boot::{Clock, Context, Ids, StartError, Tasks};
use pg::Pg;
use proto::identity::v1::identity_service_server::IdentityServiceServer;
use tonic::service::Routes;

pub use command::{CreateKeyArgs, create_key_command};
pub use config::Settings;
pub use error::Error;

/// The tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Connections to Postgres at most.
const CONNECTIONS: u32 = 16;

/// What every use case may use.
#[derive(Clone)]
pub(crate) struct Identity {
    pg: Pg,
    clock: Clock,
    ids: Ids,
    tasks: Tasks,
}

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
/// A port is taken; Postgres is away or not migrated.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let pg = Pg::connect(&settings.database_url, &ctx.setting("DATABASE_URL"), CONNECTIONS).await?;
    pg.check_migrated(&MIGRATOR).await?;
    pg.watch(ctx);
    let svc = Identity { pg, clock: ctx.clock.clone(), ids: ctx.ids.clone(), tasks: ctx.tasks.clone() };
    let routes = Routes::new(IdentityServiceServer::new(svc));
    let grpc = boot::grpc::serve(ctx, settings.grpc_addr, routes).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%grpc, "identity is open");
    Ok(Running { grpc, health })
}
