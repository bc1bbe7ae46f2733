//! A marked person appears nowhere but sealed.

use std::io::Write;
use std::sync::{Arc, Mutex};

use boot::seal::MasterKey;

use crate::Stack;
use crate::stack::{MASTER, fine};

const NAME: &str = "Canarina";
const CPR: &str = "987650123";
const PHONE: &str = "39876543";
const EMAIL: &str = "canary@example.test";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn assert_silent(text: &[u8], place: &str) {
    for marker in [NAME, CPR, PHONE, EMAIL, "4111 1111"] {
        let found = text.windows(marker.len()).any(|window| window == marker.as_bytes());
        assert!(!found, "{marker} stands in {place}");
    }
}

#[tokio::test]
async fn a_marked_person_appears_in_no_column_event_or_log() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let t = Stack::start().await;
    let file = format!(
        "reference,service,name,cpr,phone,email,due_date,amount,note\n\
         T-1,FINE,{NAME} A,{CPR},{PHONE},{EMAIL},2030-01-31,5.000,car of {NAME}\n\
         T-2,FINE,{NAME} B,{CPR},{PHONE},{EMAIL},2030-01-31,-5.000,\n\
         T-3,FINE,{NAME} C,{CPR},{PHONE},{EMAIL},2030-01-31,5.000,4111 1111 1111 1111\n"
    );
    let upload = t.upload("TRF", "bills.csv", file.as_bytes()).await.unwrap();
    assert_eq!((upload.valid, upload.errors), (1, 2));
    t.issue("TRF", "k", &upload, |_| {}).await.unwrap();
    let mut single = fine("T-4");
    single.payer = Some(proto::invoicing::v1::Payer {
        name: NAME.to_owned(),
        cpr: CPR.to_owned(),
        phone: PHONE.to_owned(),
        email: EMAIL.to_owned(),
        ..proto::invoicing::v1::Payer::default()
    });
    t.issue_invoice("TRF", "k4", single.clone()).await.unwrap();
    single.payer.as_mut().unwrap().cpr = format!("{CPR}9");
    t.issue_invoice("TRF", "k5", single).await.unwrap_err();
    assert_eq!(t.count("party").await, 1, "one person, however many bills");

    t.told_in_time(2).await;

    let mut tx = t.env.pg.begin().await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'",
    )
    .fetch_all(tx.conn())
    .await
    .unwrap();
    assert!(tables.len() >= 8, "{tables:?}");
    let mut rows_seen = 0;
    for table in tables {
        let sql = sqlx::AssertSqlSafe(format!("SELECT row_to_json(t)::text FROM \"{table}\" t"));
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(tx.conn()).await.unwrap();
        for row in rows {
            rows_seen += 1;
            assert_silent(row.as_bytes(), &table);
            // Binary columns are shown in hex.
            for bytes in row.split('"').filter_map(|part| hex::decode(part.strip_prefix("\\\\x")?).ok()) {
                assert_silent(&bytes, &table);
            }
        }
    }
    assert!(rows_seen > 10);

    // Sealed is not enough for card numbers: they are not there at all.
    let (wrapped, sealed): (Vec<u8>, Vec<u8>) =
        sqlx::query_as("SELECT wrapped_key, sealed FROM upload JOIN upload_part USING (upload_id)")
            .fetch_one(tx.conn())
            .await
            .unwrap();
    let key = MasterKey::from_bytes(MASTER).unwrap(&wrapped).unwrap();
    let part = key.open(&sealed, format!("upload_part {} 0", upload.upload_id).as_bytes()).unwrap();
    let part = String::from_utf8(part).unwrap();
    assert!(part.contains(&format!("{NAME} C")) && !part.contains("4111"));
    assert!(!part.contains(&format!("{NAME} A")), "what became a bill is sealed with its person's key alone");

    let log = log.0.lock().unwrap().clone();
    assert!(log.len() > 100, "something was logged");
    assert_silent(&log, "the log");
}
