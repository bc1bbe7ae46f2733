//! The bus on a real Postgres and a real NATS.
#![expect(clippy::unwrap_used, reason = "tests")]

mod consumer;
mod crash;
mod outbox;
mod power;
mod trace;

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use async_nats::jetstream;
use bus::{Bus, ConsumerConfig, Event, HandlerError, Received};
use pg::Pg;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use testkit::{Env, wait_for};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);

/// The bus's tables as every service has them, and a table of effects.
static MIGRATOR: LazyLock<Migrator> = LazyLock::new(|| {
    let one = |version: i64, sql: &'static str| {
        let sql = sqlx::SqlSafeStr::into_sql_str(sql);
        Migration::new(version, "bus".into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(vec![
        one(1, include_str!("../../migrations/0001_bus.sql")),
        one(2, include_str!("../../migrations/0002_bus_acked.sql")),
        one(3, include_str!("../../migrations/0003_bus_envelopes.sql")),
        one(4, "CREATE TABLE effect (event_id uuid NOT NULL)"),
    ])
});

/// A service that tells and hears.
struct Stack {
    env: Env,
    bus: Bus,
    heard: Heard,
}

/// What a consumer was given, in its order.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Received>>>);

impl Heard {
    fn note(&self, received: Received) {
        self.0.lock().unwrap().push(received);
    }

    fn of(&self, id: Uuid) -> usize {
        self.0.lock().unwrap().iter().filter(|received| received.event.event_id == id).count()
    }

    async fn at_least(&self, times: usize, id: Uuid) {
        wait_for("the event is heard", SOON, async || (self.of(id) >= times).then_some(())).await;
    }
}

impl Stack {
    async fn start() -> Stack {
        let env = Env::start("payments", &MIGRATOR).await;
        let bus = Bus::connect(&env.nats_url, "MIZAN_PAYMENTS_NATS_URL", &env.ctx).await.unwrap();
        Stack { env, bus, heard: Heard::default() }
    }

    fn with_relay(self) -> Stack {
        self.bus.relay(self.env.pg.clone(), "payments");
        self
    }

    /// A consumer that notes what it is given and, in one transaction with the inbox, has one effect per event.
    fn with_consumer(self) -> Stack {
        let (pg, heard) = (self.env.pg.clone(), self.heard.clone());
        let now = self.env.clock.now();
        self.bus.consume(EAR, move |received| {
            let (pg, heard) = (pg.clone(), heard.clone());
            async move {
                let event_id = received.event.event_id;
                heard.note(received);
                let mut tx = pg.begin().await?;
                if bus::inbox::first_time(&mut tx, EAR.name, event_id, now).await? {
                    take_effect(&mut tx, event_id).await?;
                }
                tx.commit().await?;
                Ok(())
            }
        });
        self
    }

    fn event(&self, version: i64) -> Event {
        Event {
            event_id: self.env.ids.uuid(self.env.clock.now()),
            subject: "mizan.payments.payment.captured".to_owned(),
            aggregate: "p-1".to_owned(),
            version,
            body: vec![1, 2, 3],
        }
    }

    /// Commits one event, and returns it.
    async fn tell(&self, version: i64) -> Event {
        let event = self.event(version);
        let mut tx = self.env.pg.begin().await.unwrap();
        bus::outbox::push(&mut tx, std::slice::from_ref(&event), self.env.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        self.bus.ring();
        event
    }

    async fn jetstream(&self) -> jetstream::Context {
        let url: async_nats::ServerAddr = self.env.nats_url.parse().unwrap();
        let (user, password) = (url.username().unwrap().to_owned(), url.password().unwrap().to_owned());
        let client =
            async_nats::ConnectOptions::with_user_and_password(user, password).connect(url).await.unwrap();
        jetstream::new(client)
    }

    async fn count(&self, what: &'static str) -> i64 {
        let mut tx = self.env.pg.read().await.unwrap();
        sqlx::query_scalar(what).fetch_one(tx.conn()).await.unwrap()
    }

    async fn effects(&self) -> i64 {
        self.count("SELECT count(*) FROM effect").await
    }

    async fn all_published(&self) {
        let waiting = "SELECT count(*) FROM outbox WHERE published_at IS NULL";
        wait_for("all is published", SOON, async || (self.count(waiting).await == 0).then_some(())).await;
    }
}

const EAR: ConsumerConfig<'static> =
    ConsumerConfig { name: "test-ear", subjects: &["mizan.payments.payment.>"], at_once: 4 };

async fn take_effect(tx: &mut pg::Tx, event_id: Uuid) -> Result<(), HandlerError> {
    sqlx::query_scalar::<_, Uuid>("INSERT INTO effect VALUES ($1) RETURNING event_id")
        .bind(event_id)
        .fetch_one(tx.conn())
        .await?;
    Ok(())
}

/// Statements of a test's own, in one transaction.
async fn run(pg: &Pg, sql: &'static str) {
    let mut tx = pg.begin().await.unwrap();
    sqlx::raw_sql(sql).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}
