//! Files of several parts: judged and issued part by part, also by somebody who takes over.
use std::time::Duration;

use proto::invoicing::v1 as pb;
use testkit::wait_for;

use crate::Stack;
use crate::stack::{bhd, fine};

const ROWS: i32 = 9_000;
const HEAD: &str = "reference,service,name,cpr,due_date,amount\n";

/// Bills of one dinar each.
fn file(amount: &str) -> Vec<u8> {
    let row = |n| format!("L-{n},FINE,Noora,{},2030-01-31,{amount}\n", 900_000_000 + n % 100);
    format!("{HEAD}{}", (1..=ROWS).map(row).collect::<String>()).into_bytes()
}

impl Stack {
    pub async fn reaches(&self, upload: &pb::Upload, state: pb::UploadState) -> pb::Upload {
        wait_for("the upload to be worked on", Duration::from_secs(20), async || {
            self.env.clock.advance(Duration::from_secs(10));
            let now = self.get_upload("TRF", &upload.upload_id).await.unwrap();
            (now.state() == state).then_some(now)
        })
        .await
    }
}

#[tokio::test]
async fn a_long_file_is_judged_and_issued_in_parts_in_its_order() {
    let t = Stack::start().await;
    let mut content = file("1.000");
    // The same reference again, many rows later.
    content.extend(b"L-1,FINE,Ali,900000001,2030-01-31,1.000\n");
    let upload = t.upload("TRF", "long.csv", &content).await.unwrap();
    let seen = (upload.state(), upload.rows, upload.judged, upload.valid, upload.errors);
    assert_eq!(seen, (pb::UploadState::Checked, ROWS + 1, ROWS + 1, ROWS, 1));
    assert_eq!((upload.valid_total.clone(), t.count("upload_part").await), (bhd(i64::from(ROWS) * 1_000), 4));
    let errors = t.errors("TRF", &upload.upload_id).await;
    assert_eq!((errors[0].row, errors[0].code.as_str()), (ROWS + 2, "reference_duplicate"));

    let issued = t.issue("TRF", "k", &upload, |_| {}).await.unwrap().upload.unwrap();
    assert_eq!((issued.state(), issued.issued), (pb::UploadState::Issued, ROWS));
    assert_eq!(t.count("party").await, 100);
    t.in_order().await;
}

impl Stack {
    /// Every row is one invoice, numbered in the order of the file.
    async fn in_order(&self) {
        let mut tx = self.env.pg.begin().await.unwrap();
        let bills: Vec<(i64, String)> =
            sqlx::query_as("SELECT number, reference FROM invoice ORDER BY number")
                .fetch_all(tx.conn())
                .await
                .unwrap();
        let wanted: Vec<_> = (1..=i64::from(ROWS)).map(|n| (n, format!("L-{n}"))).collect();
        assert_eq!(bills, wanted);
    }
}

#[tokio::test]
async fn what_a_dead_worker_had_issued_stays_and_the_rest_is_taken_up() {
    let t = Stack::start().await;
    let upload = t.upload("TRF", "long.csv", &file("1.000")).await.unwrap();
    t.sql(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'power cut'; END $$;
         CREATE TRIGGER broken BEFORE INSERT ON invoice FOR EACH ROW WHEN (NEW.number = 5000) EXECUTE FUNCTION broken()",
    )
    .await;
    let begun = t.issue("TRF", "k", &upload, |_| {}).await.unwrap().upload.unwrap();
    assert_eq!((begun.state(), begun.issued), (pb::UploadState::Issuing, 3_000));
    assert_eq!((t.count("invoice").await, t.count("outbox").await), (3_000, 3_000));

    // Meanwhile another bill takes a reference of the rest, and a number between.
    t.issue_invoice("TRF", "api", fine("L-8999")).await.unwrap();
    t.sql("DROP TRIGGER broken ON invoice").await;
    // While another process holds the file, nobody here touches it.
    t.sql("UPDATE upload SET worker = gen_random_uuid(), worker_until = created_at + interval '2 minutes'")
        .await;
    let held = t.issue("TRF", "k", &upload, |_| {}).await.unwrap().upload.unwrap();
    assert_eq!((held.state(), held.issued), (pb::UploadState::Issuing, 3_000));
    let done = t.reaches(&upload, pb::UploadState::Issued).await;
    assert_eq!((done.issued, done.valid, done.errors), (ROWS - 1, ROWS - 1, 1));
    assert_eq!(done.valid_total, bhd(i64::from(ROWS - 1) * 1_000));
    let errors = t.errors("TRF", &upload.upload_id).await;
    assert_eq!((errors[0].row, errors[0].code.as_str()), (9_000, "reference_duplicate"));
    let file = t.corrections("TRF", &upload.upload_id).await.unwrap();
    let text = String::from_utf8(file.content).unwrap();
    assert!(text.lines().count() == 2 && text.contains("L-8999,FINE,Noora"), "the clerk's own row: {text}");
    assert_eq!(t.count("invoice").await, i64::from(ROWS));
    // The same call again tells where it stands.
    assert_eq!(t.issue("TRF", "k", &upload, |_| {}).await.unwrap().upload.unwrap(), done);
}

#[tokio::test]
async fn a_check_that_broke_off_is_begun_anew_and_counts_nothing_twice() {
    let t = Stack::start().await;
    t.sql(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'power cut'; END $$;
         CREATE TRIGGER broken BEFORE INSERT ON upload_part FOR EACH ROW WHEN (NEW.number = 1) EXECUTE FUNCTION broken()",
    )
    .await;
    let begun = t.upload("TRF", "long.csv", &file("1.000")).await.unwrap();
    assert_eq!((begun.state(), begun.judged, begun.valid), (pb::UploadState::Checking, 3_000, 3_000));
    let early = t.issue("TRF", "early", &begun, |_| {}).await.unwrap_err();
    assert_eq!(early.code, "upload_wrong_state");

    t.sql("DROP TRIGGER broken ON upload_part").await;
    let done = t.reaches(&begun, pb::UploadState::Checked).await;
    assert_eq!((done.judged, done.valid, done.errors), (ROWS, ROWS, 0));
    t.issue("TRF", "k", &done, |_| {}).await.unwrap();
    t.in_order().await;
}

#[tokio::test]
async fn a_file_that_is_wrong_in_each_row_ends_with_all_of_them_to_correct() {
    let t = Stack::start().await;
    let upload = t.upload("TRF", "wrong.csv", &file("-1.000")).await.unwrap();
    assert_eq!((upload.state(), upload.valid, upload.errors), (pb::UploadState::Checked, 0, ROWS));
    let file = t.corrections("TRF", &upload.upload_id).await.unwrap();
    let text = String::from_utf8(file.content).unwrap();
    assert_eq!(i32::try_from(text.lines().count()).unwrap(), ROWS + 1);
    assert_eq!(t.issue("TRF", "k", &upload, |_| {}).await.unwrap_err().code, "upload_wrong_state");
}
