//! `mizan migrate`: waits for a server that starts, checks without changing, and takes several services.
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use testkit::{Database, Env, FaultProxy};

use crate::platform::{Ended, ended};

/// No tables.
static NOTHING: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;

struct Server {
    env: Env,
    payments: Database,
    catalogue: Database,
}

impl Server {
    async fn start() -> Server {
        let env = Env::without_tables("payments").await;
        let payments = env.database("payments", &NOTHING).await;
        let catalogue = env.database("catalogue", &NOTHING).await;
        Server { env, payments, catalogue }
    }

    fn command(&self, words: &str) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mizan"));
        command
            .args(words.split_whitespace())
            .env("MIZAN_PAYMENTS_DATABASE_URL", &self.payments.url)
            .env("MIZAN_CATALOGUE_DATABASE_URL", &self.catalogue.url);
        command
    }

    fn mizan(&self, words: &str) -> Ended {
        ended(&mut self.command(words))
    }
}

async fn tables(database: &Database) -> i64 {
    let mut conn = PgConnection::connect(&database.url).await.unwrap();
    let count = sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    count.fetch_one(&mut conn).await.unwrap()
}

#[tokio::test]
async fn a_check_changes_nothing_and_says_which_migration_is_missing() {
    let s = Server::start().await;
    let before = tables(&s.payments).await;
    let behind = s.mizan("migrate --check payments");
    assert_eq!(behind.code, Some(69), "{behind:?}");
    assert!(behind.err.contains("0001") && behind.err.contains("mizan migrate payments"), "{behind:?}");
    assert_eq!(behind.err.lines().count(), 1, "{behind:?}");
    assert_eq!(tables(&s.payments).await, before);

    let both = s.mizan("migrate payments catalogue");
    assert_eq!(both.code, Some(0), "{both:?}");
    assert_eq!(both.out, "catalogue: schema is up to date\npayments: schema is up to date");
    assert_eq!(s.mizan("migrate --check payments catalogue").code, Some(0));
    let none = s.mizan("migrate");
    assert_eq!(none.code, Some(64), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_container_waits_for_the_job() {
    let s = Server::start().await;
    let mut waiting = s.command("migrate --check --wait-s 30 payments");
    let waiting = std::thread::spawn(move || ended(&mut waiting));
    assert_eq!(s.mizan("migrate payments").code, Some(0));
    let waited = waiting.join().unwrap();
    assert_eq!(waited.code, Some(0), "{waited:?}");
    assert!(waited.out.ends_with("payments: schema is up to date"), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_is_waited_for_and_a_wrong_password_is_not() {
    let s = Server::start().await;
    let proxy = FaultProxy::start(s.env.addresses.postgres).await;
    let through = proxy.url(&s.payments.url);
    proxy.cut();
    let mut away = s.command("migrate payments");
    let away = ended(away.env("MIZAN_PAYMENTS_DATABASE_URL", &through));
    assert_eq!(away.code, Some(69), "{away:?}");

    let mut waiting = s.command("migrate --wait-s 30 payments");
    waiting.env("MIZAN_PAYMENTS_DATABASE_URL", &through).stdout(Stdio::piped());
    let mut waiting = waiting.spawn().unwrap();
    let mut said = BufReader::new(waiting.stdout.take().unwrap()).lines();
    let line = said.next().unwrap().unwrap();
    assert!(line.starts_with("payments: waiting for up to "), "{line}");
    proxy.heal();
    assert_eq!(said.next().unwrap().unwrap(), "payments: schema is up to date");
    assert!(waiting.wait().unwrap().success());

    let begun = boot::Clock::system();
    let (_, host) = s.payments.url.split_once('@').unwrap();
    let nobody = format!("postgres://nobody-known:wrong@{host}");
    let mut wrong = s.command("migrate --wait-s 30 payments");
    let wrong = ended(wrong.env("MIZAN_PAYMENTS_DATABASE_URL", nobody));
    assert_eq!(wrong.code, Some(69), "{wrong:?}");
    assert!(begun.monotonic() < Duration::from_secs(10), "{wrong:?}");
}
