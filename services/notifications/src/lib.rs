//! What people and agencies are told: receipts by e-mail, webhooks. See `README.md`.

mod agencies;
mod app;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
mod letter;
mod metrics;
mod out;
mod store;
mod worker;

use std::{net::SocketAddr, sync::Arc};

use boot::{Context, StartError, seal::MasterKey};
use bus::Bus;
use pg::Pg;
use tokio::sync::Notify;

pub use config::Settings;
pub use domain::address::{AllowList, NotANetwork};
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

/// What every use case is handed. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Notifications {
    pub ctx: Context,
    pub pg: Pg,
    pub master: MasterKey,
    pub mailer: out::smtp::Mailer,
    pub caller: out::webhook::Caller,
    pub agencies: agencies::Agencies,
    pub letters: letter::Letters,
    pub quiet: domain::quiet::Quiet,
    pub retry_scale_percent: u32,
    pub metrics: metrics::Metrics,
    pub bells: Arc<Bells>,
}

/// Wake the workers after a commit; forgetting one costs half a second.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    pub email: Notify,
    pub webhook: Notify,
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
/// A setting is wrong, the master key cannot be read, Postgres or NATS is away, migrations are pending, a port is taken.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let svc = connect(&settings, ctx).await?;
    let bus = Bus::connect(&settings.nats_url, &ctx.setting("NATS_URL"), ctx).await?;
    let grpc = boot::grpc::serve(ctx, settings.grpc_addr, grpc::routes(&svc)).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    events::listen(&svc, &bus);
    worker::start(&svc);
    ctx.health.started();
    tracing::info!(%grpc, %health, "notifications is open");
    Ok(Running { grpc, health })
}

async fn connect(settings: &Settings, ctx: &Context) -> Result<Notifications, StartError> {
    let master = MasterKey::from_file(&ctx.setting("MASTER_KEY_FILE"), &settings.master_key_file)?;
    let mailer = out::smtp::Mailer::new(ctx, settings)?;
    let caller = out::webhook::Caller::new(&settings.webhook_allow_private)?;
    let channel = boot::grpc::channel(&settings.catalogue_url)?;
    let agencies = agencies::Agencies::new(channel, ctx.clock.clone());
    let letters = letter::Letters::load().map_err(StartError::bug)?;
    let pg = Pg::connect(&settings.database_url, &ctx.setting("DATABASE_URL"), CONNECTIONS).await?;
    pg.check_migrated(&MIGRATOR).await?;
    pg.watch(ctx);
    Ok(Notifications {
        ctx: ctx.clone(),
        pg,
        master,
        mailer,
        caller,
        agencies,
        letters,
        quiet: domain::quiet::Quiet {
            from_hour: settings.quiet_from_hour,
            until_hour: settings.quiet_until_hour,
        },
        retry_scale_percent: settings.retry_scale_percent,
        metrics: metrics::Metrics::register(ctx),
        bells: Arc::default(),
    })
}

/// The graph of `noun`'s states, in dot.
pub fn states_dot(noun: &str) -> Option<String> {
    (noun == "delivery").then(domain::sending::dot)
}
