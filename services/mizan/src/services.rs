//! Running services: one, or all in one process.
use std::process::ExitCode;
use std::time::Duration;

use boot::{Clock, Context, Ids, StartError};
use clap::Args;

use crate::cli::Common;
use crate::commands::end_with;

/// The settings of every service.
#[derive(Clone, Debug, Args)]
pub struct All {
    #[command(flatten)]
    catalogue: ::catalogue::Settings,
    #[command(flatten)]
    identity: ::identity::Settings,
    #[command(flatten)]
    invoicing: ::invoicing::Settings,
    #[command(flatten)]
    payments: ::payments::Settings,
    #[command(flatten)]
    wallet_adapter: ::wallet_adapter::Settings,
    #[command(flatten)]
    kiosk_relay: ::kiosk_relay::Settings,
    #[command(flatten)]
    notifications: ::notifications::Settings,
    #[command(flatten)]
    gateway: ::gateway::Settings,
    #[command(flatten)]
    portal: ::portal::Settings,
}

/// Runs one service until it is asked to stop.
pub async fn run<F>(name: &'static str, common: &Common, service: impl FnOnce(Context) -> F) -> ExitCode
where
    F: Future<Output = Result<(), StartError>>,
{
    with_telemetry(name, common, async |ctx| {
        // Boxed: a service's whole life is a large future.
        let running = Box::pin(service(ctx.clone()));
        boot::run_service(&ctx, common.drain(), running).await
    })
    .await
}

/// Runs every service until asked to stop; one that cannot start ends all.
pub async fn run_all(all: All, common: &Common) -> ExitCode {
    with_telemetry("all", common, async |ctx| {
        let of = |name| ctx.for_service(name);
        let running = async {
            tokio::try_join!(
                Box::pin(::catalogue::run(all.catalogue, of("catalogue"))),
                Box::pin(::identity::run(all.identity, of("identity"))),
                Box::pin(::invoicing::run(all.invoicing, of("invoicing"))),
                Box::pin(::payments::run(all.payments, of("payments"))),
                Box::pin(::wallet_adapter::run(all.wallet_adapter, of("wallet-adapter"))),
                Box::pin(::kiosk_relay::run(all.kiosk_relay, of("kiosk-relay"))),
                Box::pin(::notifications::run(all.notifications, of("notifications"))),
                Box::pin(::gateway::run(all.gateway, of("gateway"))),
                Box::pin(::portal::run(all.portal, of("portal"))),
            )
            .map(drop)
        };
        boot::run_service(&ctx, common.drain(), running).await
    })
    .await
}

async fn with_telemetry(
    name: &'static str,
    common: &Common,
    work: impl AsyncFnOnce(Context) -> ExitCode,
) -> ExitCode {
    let started = boot::telemetry::init(&boot::Telemetry {
        service: format!("mizan-{name}"),
        otlp_endpoint: common.otlp_endpoint.clone(),
        lines: common.lines.into(),
        filter: common.filter.clone(),
    });
    match started {
        Ok(guard) => {
            if common.clock_ahead_s > 0 {
                tracing::warn!(seconds = common.clock_ahead_s, "this is a rehearsal: the clock is ahead");
            }
            let clock = Clock::system_ahead(Duration::from_secs(common.clock_ahead_s.into()));
            let code = work(Context::new(name, clock, Ids::random())).await;
            guard.shutdown().await;
            code
        }
        Err(error) => end_with(&error),
    }
}
