//! Agencies, what they charge, and the price of anything on any day. See `README.md`.

mod app;
mod command;
mod config;
mod domain;
mod error;
mod grpc;
mod sentences;
mod store;

use std::{net::SocketAddr, sync::Arc};

use boot::locale::{Lang, Texts};
use boot::{Clock, Context, StartError, Tasks};
use pg::Pg;
use proto::catalogue::v1::catalogue_service_server::CatalogueServiceServer;
use proto::catalogue::v1::channel_policy_service_server::ChannelPolicyServiceServer;
use proto::catalogue::v1::fee_draft_service_server::FeeDraftServiceServer;
use proto::catalogue::v1::price_list_service_server::PriceListServiceServer;
use tonic::service::Routes;

pub use command::{CommandError, ImportArgs, import_command};
pub use config::Settings;
pub use domain::states::states_dot;
pub use error::Error;

/// The tables.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Connections to Postgres at most.
const CONNECTIONS: u32 = 16;

/// What every use case may use.
#[derive(Clone)]
pub(crate) struct Catalogue {
    pg: Pg,
    clock: Clock,
    tasks: Tasks,
    texts: Arc<Texts>,
    cache: Arc<app::quote::Cache>,
    /// Payers hear of a channel's end so many days before.
    notice_days: u16,
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
    let svc = Catalogue {
        pg,
        clock: ctx.clock.clone(),
        tasks: ctx.tasks.clone(),
        texts: Arc::new(texts().map_err(StartError::bug)?),
        cache: Arc::default(),
        notice_days: settings.policy_notice_days,
    };
    let routes = Routes::new(CatalogueServiceServer::new(svc.clone()))
        .add_service(FeeDraftServiceServer::new(svc.clone()))
        .add_service(PriceListServiceServer::new(svc.clone()))
        .add_service(ChannelPolicyServiceServer::new(svc));
    let grpc = boot::grpc::serve(ctx, settings.grpc_addr, routes).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%grpc, "catalogue is open");
    Ok(Running { grpc, health })
}

/// The sentences. Without isolation marks: they go into documents and API answers as well as onto pages.
fn texts() -> Result<Texts, boot::locale::Error> {
    Texts::load(&[
        (Lang::En, include_str!("../../../locales/en/catalogue.ftl")),
        (Lang::Ar, include_str!("../../../locales/ar/catalogue.ftl")),
    ])
}
