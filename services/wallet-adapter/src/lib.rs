//! The only way to wallet providers: every request and answer is evidence before it is believed. See `README.md`.

mod app;
mod config;
mod domain;
mod error;
mod events;
mod grpc;
mod http;
mod providers;
mod store;

use std::{net::SocketAddr, sync::Arc};

use boot::{Clock, Context, Ids, Lang, StartError, Tasks, locale::Texts};
use bus::Bus;
use pg::Pg;
use proto::wallet::v1::wallet_service_server::WalletServiceServer;
use tokio::sync::Semaphore;
use tonic::service::Routes;

pub use config::Settings;
use domain::qr::Payee;
pub use error::Error;
pub use providers::{Capabilities, Flow};
use providers::{Provider, benefit_pay::BenefitPay};

/// The tables of evidence.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Connections to Postgres at most.
const CONNECTIONS: u32 = 16;
/// Calls to providers at once at most; more are refused before anything is sent.
const AT_ONCE: usize = 256;

/// What every use case may use.
#[derive(Clone)]
pub(crate) struct Adapter {
    pg: Pg,
    bus: Bus,
    clock: Clock,
    ids: Ids,
    tasks: Tasks,
    http: reqwest::Client,
    providers: Arc<[Provider]>,
    room: Arc<Semaphore>,
    payee: Arc<Payee>,
    callback_url: Arc<str>,
}

impl Adapter {
    /// The provider of that name.
    fn provider(&self, name: &str) -> Result<&Provider, Error> {
        let found = self.providers.iter().find(|provider| provider.name() == name);
        found.ok_or_else(|| Error::ProviderUnknown(name.to_owned()))
    }
}

/// Where the started service listens.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub grpc: SocketAddr,
    /// Providers' callbacks.
    pub http: SocketAddr,
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
/// A setting is wrong, a port is taken, Postgres or NATS is away, or a migration is missing.
pub async fn start(settings: Settings, ctx: &Context) -> Result<Running, StartError> {
    let benefit_pay = Provider::BenefitPay(BenefitPay {
        base_url: settings.benefit_pay_base()?,
        merchant_id: settings.benefit_pay_merchant_id.clone(),
        app_id: settings.benefit_pay_app_id.clone(),
        secret: settings.benefit_pay_secret()?,
    });
    let payee = payee()?;
    let pg = Pg::connect(&settings.database_url, &ctx.setting("DATABASE_URL"), CONNECTIONS).await?;
    pg.check_migrated(&MIGRATOR).await?;
    pg.watch(ctx);
    let bus = Bus::connect(&settings.nats_url, &ctx.setting("NATS_URL"), ctx).await?;
    bus.relay(pg.clone(), ctx.service);

    // The port is bound first, so that a free one can be part of the address providers are told.
    let (listener, http) = boot::http::bind(ctx, "HTTP_ADDR", settings.http_addr).await?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{http}"));
    let adapter = Adapter {
        pg,
        bus,
        clock: ctx.clock.clone(),
        ids: ctx.ids.clone(),
        tasks: ctx.tasks.clone(),
        http: providers::http::client(settings.timeout())?,
        providers: [benefit_pay].into(),
        room: Arc::new(Semaphore::new(AT_ONCE)),
        payee: Arc::new(payee),
        callback_url: format!("{}{}", public_url.trim_end_matches('/'), http::BENEFIT_PAY).into(),
    };
    for provider in adapter.providers.iter() {
        tracing::info!(provider = provider.name(), can = ?provider.capabilities(), "a provider is set up");
    }
    serve_callbacks(ctx, listener, http::router(adapter.clone()));
    let grpc =
        boot::grpc::serve(ctx, settings.grpc_addr, Routes::new(WalletServiceServer::new(adapter))).await?;
    let health = boot::Health::serve(ctx, settings.health_addr).await?;
    ctx.health.started();
    tracing::info!(%grpc, %http, "wallet-adapter is open");
    Ok(Running { grpc, http, health })
}

fn serve_callbacks(ctx: &Context, listener: tokio::net::TcpListener, router: axum::Router) {
    let app = boot::http::traced(ctx, "callbacks", router);
    let stopping = ctx.tasks.stopping();
    ctx.tasks.spawn("callbacks", async move {
        if let Err(error) =
            axum::serve(listener, app).with_graceful_shutdown(stopping.cancelled_owned()).await
        {
            tracing::error!(%error, "the callback port closed");
        }
    });
}

fn payee() -> Result<Payee, StartError> {
    let texts = Texts::load(&[
        (Lang::En, include_str!("../../../locales/en/wallet-adapter.ftl")),
        (Lang::Ar, include_str!("../../../locales/ar/wallet-adapter.ftl")),
    ])
    .map_err(StartError::bug)?;
    Ok(Payee {
        name: texts.say(Lang::En, "qr-name", &[]),
        city: texts.say(Lang::En, "qr-city", &[]),
        name_ar: texts.say(Lang::Ar, "qr-name", &[]),
        city_ar: texts.say(Lang::Ar, "qr-city", &[]),
    })
}
