//! The service itself over gRPC: every call books one payment of another open bill.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use boot::{Call, Clock};
use proto::common::v1::{Channel, Money};
use proto::payments::v1::payment_service_client::PaymentServiceClient;
use proto::payments::v1::{PaymentState, RecordPaymentRequest};
use serde::Serialize;
use sqlx::Connection as _;
use tonic::transport::{Channel as Connection, Endpoint};

use crate::bills::{Agencies, Bills, DUE_FILS, PROVIDER, reference, scatter};
use crate::config::{BUSY, PRIMING, Window};
use crate::level::{self, Worker, measure};
use crate::schema;
use crate::servers::Stage;
use crate::service::Service;
use crate::usage::{Processes, peak_mib, reset_peak};

/// Calls that share one HTTP/2 connection; a server takes 200 at once on one.
const CALLS_A_CONNECTION: u32 = 128;
const CONNECTIONS: u32 = 4;
/// No level is faster, a second: all together, and each slot.
const FASTEST: u64 = 30_000;
const FASTEST_SLOT: u64 = 3_000;
/// Events are published beside the payments; what is left of them may take so long.
const PUBLISHED_WITHIN: Duration = Duration::from_mins(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What the service did with so many payments in flight.
#[derive(Debug, Clone, Serialize)]
pub struct Level {
    #[serde(flatten)]
    pub common: level::Level,
    pub rss_peak_mib: u32,
    /// Events that were not published yet when the last payment was answered.
    pub outbox_backlog: i64,
}

/// Where a service's data is.
#[derive(Debug, Clone, Copy)]
pub struct Home {
    pub database: &'static str,
    /// Its events' place in NATS.
    pub store: u16,
}

/// The service on one database.
pub struct Ours<'a> {
    stage: &'a Stage,
    clock: &'a Clock,
    home: Home,
    service: Service,
    processes: Processes,
}

/// How to start it.
#[derive(Debug, Clone)]
pub struct Start {
    pub mizan: PathBuf,
    pub folder: PathBuf,
    pub processes: Processes,
}

/// Makes a database for it.
pub async fn prepare(stage: &Stage, mizan: &Path, home: Home) -> anyhow::Result<()> {
    schema::make(stage, mizan, home.database).await
}

impl<'a> Ours<'a> {
    /// Starts the service on a database that was prepared, and lets it warm up.
    pub async fn start(
        stage: &'a Stage,
        clock: &'a Clock,
        start: &Start,
        home: Home,
    ) -> anyhow::Result<Self> {
        let place = (home.database, home.store);
        let service = Service::start(stage, clock, &start.mizan, place, &start.folder).await?;
        let processes = start.processes.with_service(service.id());
        let ours = Self { stage, clock, home, service, processes };
        ours.level(BUSY, Agencies::Spread, PRIMING).await?;
        stage.settle(home.database).await?;
        Ok(ours)
    }

    /// Stops the service.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.service.stop(self.clock).await
    }

    /// Measures so many payments in flight, and waits until their events are published.
    pub async fn level(&self, in_flight: u32, agencies: Agencies, window: Window) -> anyhow::Result<Level> {
        let a_second = FASTEST.min(FASTEST_SLOT * u64::from(in_flight));
        let count = a_second * window.length().as_secs();
        let bills = Arc::new(Bills::put(self.stage, self.home.database, agencies, count).await?);
        let slots = self.slots(in_flight, &bills).await?;
        reset_peak(self.service.id())?;
        let common = measure(self.clock, slots, window, self.processes).await;
        let common = common.with_context(|| format!("its log ends: {}", self.service.last_words()))?;
        let rss_peak_mib = peak_mib(self.service.id())?;
        let outbox_backlog = self.unpublished().await?;
        self.published().await?;
        Ok(Level { common, rss_peak_mib, outbox_backlog })
    }

    async fn slots(&self, in_flight: u32, bills: &Arc<Bills>) -> anyhow::Result<Vec<Slot>> {
        let connections = in_flight.div_ceil(CALLS_A_CONNECTION).max(CONNECTIONS).min(in_flight);
        let mut clients = Vec::new();
        for _ in 0..connections {
            let connection = Endpoint::from_shared(self.service.url())?.tcp_nodelay(true).connect().await?;
            clients.push(PaymentServiceClient::new(connection));
        }
        let clients = clients.iter().cycle().take(usize::try_from(in_flight)?);
        Ok(clients.map(|client| Slot { client: client.clone(), bills: bills.clone() }).collect())
    }

    /// The backlog does no harm to the level after this one.
    async fn published(&self) -> anyhow::Result<()> {
        let until = self.clock.monotonic() + PUBLISHED_WITHIN;
        while self.clock.monotonic() < until {
            if self.unpublished().await? == 0 {
                return Ok(());
            }
            self.clock.sleep(LOOK_EVERY).await;
        }
        bail!("{} events are not published after {PUBLISHED_WITHIN:?}", self.unpublished().await?)
    }

    async fn unpublished(&self) -> anyhow::Result<i64> {
        let mut postgres = self.stage.connect(self.home.database).await?;
        let count = sqlx::query_scalar(
            "SELECT coalesce(sum(cardinality(event_ids)), 0)::bigint FROM outbox_envelope WHERE published_at IS NULL",
        )
        .fetch_one(&mut postgres)
        .await?;
        postgres.close().await?;
        Ok(count)
    }
}

/// Is the service's binary there?
pub fn check(mizan: &Path) -> anyhow::Result<()> {
    ensure!(mizan.is_file(), "{} is not built: run `cargo build --release -p mizan`", mizan.display());
    Ok(())
}

/// One payment in flight, always.
struct Slot {
    client: PaymentServiceClient<Connection>,
    bills: Arc<Bills>,
}

impl Worker for Slot {
    async fn once(&mut self) -> anyhow::Result<()> {
        let number = self.bills.take()?;
        // As a client's random key, but another one for every bill for sure.
        let key = format!("{:016x}", scatter(number));
        let request = RecordPaymentRequest {
            bill_reference: reference(number),
            channel: Channel::Pos.into(),
            provider: PROVIDER.to_owned(),
            provider_reference: key.clone(),
            amount: Some(Money { currency: "BHD".to_owned(), minor_units: DUE_FILS }),
            ..RecordPaymentRequest::default()
        };
        let request = Call::by("service:bench").with_key(key).request(request)?;
        let response = self.client.record_payment(request).await?.into_inner();
        let payment = response.payment.context("an answer without a payment")?;
        let state = payment.state();
        ensure!(state == PaymentState::Captured, "{} is {}", payment.bill_reference, state.as_str_name());
        Ok(())
    }
}
