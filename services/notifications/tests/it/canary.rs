//! A marked person is paid for and told; the mark is found nowhere in the clear.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use proto::common::v1::Language;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::{
    hooks::Hooks,
    stack::{SOON, Stack},
};

const CANARY: &str = "canary-58231@example.com";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

#[tokio::test]
async fn the_address_stands_in_no_table_no_webhook_and_no_log() {
    let lines = Lines::default();
    let filter = EnvFilter::new("trace");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines.clone()).with_ansi(false).init();

    let t = Stack::start().await;
    let hooks = Hooks::start().await;
    t.client.create("TRF", &hooks.url, "key-1").await.unwrap();
    t.client.register(&format!("{CANARY} x"), Language::En, "key-0").await.unwrap_err();
    let contact = t.client.register(CANARY, Language::En, "key-1").await.unwrap();
    t.mail.refuse(451, 1); // with the address in its words
    t.happens("captured", &t.payment(&contact)).await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'pending' AND last_answer = 451").await;
    t.env.clock.advance(Duration::from_secs(6));
    assert!(t.mails(1).await[0].contains(CANARY), "the person was told");
    t.mail.refuse(550, 1);
    t.happens("captured", &t.payment(&contact)).await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'failed'").await;
    hooks.after(2).await;

    let kept = everything(&t).await;
    assert!(kept.contains(&contact), "the tables were read");
    let hex: Vec<String> = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    assert!(!kept.contains(CANARY) && !kept.contains(&hex), "{kept}");
    assert!(hooks.calls().iter().all(|call| !call.body.contains("canary")));
    let logged = testkit::wait_for("the log tells of the tries", SOON, async || {
        let logged = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
        logged.contains("a letter was tried").then_some(logged)
    })
    .await;
    let leaks: Vec<_> = logged.lines().filter(|line| line.contains("canary-58231")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// Every row of every table, as text.
async fn everything(t: &Stack) -> String {
    let mut tx = t.env.pg.read().await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(tx.conn())
            .await
            .unwrap();
    let mut kept = String::new();
    for table in tables {
        let sql = sqlx::AssertSqlSafe(format!("SELECT t::text FROM \"{table}\" AS t"));
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(tx.conn()).await.unwrap();
        kept.extend(rows);
    }
    kept
}
