//! Receivables, payments, attempts and the books. Every change of money is one transaction of the posting engine.
//! See `README.md`; what each event posts is in `docs/ledger.md`.

mod app;
mod books;
mod breaker;
mod catalogue;
mod config;
pub mod domain;
mod engine;
mod error;
mod events;
mod grpc;
mod invoicing;
mod merkle;
mod metrics;
mod store;
mod wire;
mod worker;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use boot::{Clock, Context, Health, StartError, Tasks};
use bus::Bus;
use ids::AttemptId;
use pg::Pg;
use proto::payments::v1::{
    exception_service_server::ExceptionServiceServer, ledger_service_server::LedgerServiceServer,
    payment_service_server::PaymentServiceServer, receivable_service_server::ReceivableServiceServer,
    refund_service_server::RefundServiceServer,
};
use sqlx::migrate::Migrator;
use tokio::sync::{Notify, watch};
use tonic::service::Routes;

pub use books::{
    AccountStood, BalanceAt, BooksError, Case, Check, ClosedDay, Collection, Head, LaneEnd, Line, NewKey,
    Period, Proof, Proven, ProvenJournal, Report, Sign, Signed, SignedHeads, Traces, balance_at, cases,
    closed_day, collections, new_key, prove, sign_heads, statement, traces, verify, verify_in, verify_proof,
    verify_with_heads,
};
pub use config::{Engine, Settings, Waits};
pub use domain::graph::states_dot;
pub use error::Error;

/// A transaction whose process says nothing for so long is rolled back.
const HANGS_AFTER: Duration = Duration::from_secs(5);

/// The schema of this service.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// The service, as its RPCs, events and worker see it. Clones share everything.
#[derive(Clone, Debug)]
struct Payments {
    engine: engine::Engine,
    pg: Pg,
    bills: invoicing::Bills,
    /// Which channels may take money, as the catalogue last told.
    policies: watch::Receiver<Arc<domain::channel::Policies>>,
    providers: Arc<[String]>,
    /// Those that can hold money.
    authorising_providers: Arc<[String]>,
    /// Up to this amount one person may refund alone.
    refund_alone: money::Money,
    clock: Clock,
    tasks: Tasks,
    metrics: metrics::Metrics,
    /// Wakes the worker.
    work: Arc<Notify>,
}

/// A started service.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub grpc_addr: SocketAddr,
    pub health_addr: SocketAddr,
}

/// Runs until the service is told to stop.
///
/// # Errors
/// It cannot start: a setting, a dependency, the schema.
pub async fn run(settings: Settings, ctx: Context) -> Result<(), StartError> {
    let stopping = ctx.tasks.stopping();
    start(settings, ctx).await?;
    stopping.cancelled().await;
    Ok(())
}

/// Starts everything and returns where it listens.
///
/// # Errors
/// As [`run`].
pub async fn start(settings: Settings, ctx: Context) -> Result<Running, StartError> {
    let wallets = boot::grpc::channel(&settings.wallet_adapter_url)?;
    let bills = invoicing::Bills::new(boot::grpc::channel(&settings.invoicing_url)?);
    let setting = ctx.setting("DATABASE_URL");
    let options = pg::Options {
        lock_timeout: Duration::from_millis(settings.lock_wait_ms),
        // A replica that hangs in a transaction must not hold its bills from the others.
        idle_in_transaction_timeout: HANGS_AFTER,
        ..pg::Options::new(settings.max_connections)
    };
    let pg = Pg::connect_with(&settings.database_url, &setting, &options).await?;
    pg.check_migrated(&MIGRATOR).await?;
    pg.watch(&ctx);
    let bus = Bus::connect(&settings.nats_url, &ctx.setting("NATS_URL"), &ctx).await?;
    bus.relay(pg.clone(), "payments");

    let (known, policies) = watch::channel(catalogue::kept(&pg).await.map_err(StartError::bug)?);
    let metrics = metrics::Metrics::register(&ctx, &settings.providers);
    let work = Arc::new(Notify::new());
    let parts = engine::Parts {
        pg: pg.clone(),
        bus: bus.clone(),
        rules: settings.rules(),
        policies: policies.clone(),
        settings: settings.engine,
        metrics: metrics.clone(),
        work: work.clone(),
    };
    let payments = Payments {
        engine: engine::Engine::start(&ctx, &parts),
        pg,
        bills,
        policies,
        refund_alone: settings.rules().refund_alone,
        providers: settings.providers.clone().into(),
        authorising_providers: settings.authorising_providers.clone().into(),
        clock: ctx.clock.clone(),
        tasks: ctx.tasks.clone(),
        metrics,
        work: work.clone(),
    };
    let worker = worker::Worker::new(payments.clone(), wallets, work, &settings.waits);
    ctx.tasks.spawn("payments worker", worker.run(ctx.tasks.stopping()));
    ctx.tasks.spawn("payments measures", worker::measure::run(payments.clone(), ctx.tasks.stopping()));
    let following = catalogue::Following {
        catalogue: boot::grpc::channel(&settings.catalogue_url)?,
        pg: payments.pg.clone(),
        clock: ctx.clock.clone(),
        metrics: payments.metrics.clone(),
        known,
    };
    ctx.tasks.spawn("payments channel rules", following.run(ctx.tasks.stopping()));
    ctx.tasks.spawn("payments days", app::day::close_days(payments.clone(), ctx.tasks.stopping()));
    events::consume(&bus, &payments);

    let routes = Routes::new(PaymentServiceServer::new(payments.clone()))
        .add_service(ReceivableServiceServer::new(payments.clone()))
        .add_service(RefundServiceServer::new(payments.clone()))
        .add_service(ExceptionServiceServer::new(payments.clone()))
        .add_service(LedgerServiceServer::new(payments));
    let grpc_addr = boot::grpc::serve(&ctx, settings.grpc_addr, routes).await?;
    let health_addr = Health::serve(&ctx, settings.health_addr).await?;
    ctx.health.started();
    Ok(Running { grpc_addr, health_addr })
}

impl Payments {
    /// Opens the receivable of a bill that invoicing knows. False when there is no such bill.
    async fn pull(&self, bill_reference: &str) -> Result<bool, Error> {
        let Some(open) = self.bills.get(bill_reference).await? else { return Ok(false) };
        self.engine.submit(domain::Command::Open(open), None).await?;
        Ok(true)
    }

    /// Makes an inquiry due at once. False when the attempt is not ours.
    async fn hint(&self, attempt: AttemptId) -> Result<bool, Error> {
        let mut tx = self.pg.begin().await?;
        let ours = store::work::hint(&mut tx, attempt, boot::trace::traceparent(), self.clock.now()).await?;
        tx.commit().await?;
        self.work.notify_one();
        Ok(ours)
    }
}
