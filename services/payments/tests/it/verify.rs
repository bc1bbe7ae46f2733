//! The verifier finds what an insider edits.

use pg::Tx;
use proto::{kiosk::v1::SessionEnd, payments::v1::PaymentState};

use crate::support::{Stack, wallet::paid};

/// Books with a wallet payment, cash, a credit and a case.
pub async fn books() -> Stack {
    let t = Box::pin(Stack::start()).await;
    let bill = t.bill(1, 5_000);
    t.wallet.on_initiate(&bill, [paid(5_000, "BP-1")]);
    let payment = t.pay(&bill, "k").await.unwrap();
    t.until(&payment.payment_id, PaymentState::Captured).await;
    t.cash(1, &bill, 5_000, SessionEnd::Committed).await;
    t.payments_of(&bill, 2).await;
    t.until_balance("cash_in_device:KSK-0001/CB-1/1", 5_000).await;
    t.books_hold().await;
    t
}

#[tokio::test]
async fn each_edit_of_a_superuser_is_found_and_named() {
    let t = books().await;
    for (edit, check) in [
        ("UPDATE journal SET amounts_fils[1] = amounts_fils[1] + 1", "every journal balances"),
        (
            "UPDATE journal SET amounts_fils = ARRAY(SELECT fils * 2 FROM UNNEST(amounts_fils) AS line (fils))
              WHERE journal_id = (SELECT journal_id FROM journal LIMIT 1)",
            "the chain of sealed batches is intact",
        ),
        (
            "UPDATE journal SET accounts = array_replace(accounts, 'agency_payable:TRF', 'agency_payable:ELC')",
            "is intact",
        ),
        ("UPDATE balance SET debit_fils = debit_fils + 1, credit_fils = credit_fils + 1", "balances equal"),
        ("UPDATE journal SET posted_at = posted_at - interval '1 day'", "is intact"),
        ("UPDATE posting_batch SET sealed_at = sealed_at - interval '1 day'", "is intact"),
        (
            "DELETE FROM posting_batch p WHERE seq = (SELECT max(seq) FROM posting_batch WHERE lane = p.lane)",
            "the chain of sealed batches is intact",
        ),
        ("DELETE FROM posting_batch WHERE seq = 1", "the chain of sealed batches is intact"),
        ("UPDATE balance SET pending_debit_fils = 1, pending_credit_fils = 1", "balances equal"),
        ("UPDATE receivable SET paid_fils = 0, state = 'open'", "what is paid on a bill"),
        ("UPDATE payment SET amount_fils = amount_fils + 1", "every payment with money"),
        ("UPDATE payment SET credited_fils = 1 WHERE state = 'captured'", "every payment with money"),
        (
            "UPDATE payment SET state = 'failed', failure = 'declined', captured_at = NULL WHERE state = 'captured'",
            "no journal moves money",
        ),
        ("DELETE FROM open_case", "every late payment has its case"),
    ] {
        let mut tx = superuser(&t).await;
        sqlx::raw_sql(edit).execute(tx.conn()).await.unwrap();
        let report = payments::verify_in(&mut tx).await.unwrap();
        tx.rollback().await.unwrap();
        assert!(!report.holds(), "{edit}: {report}");
        let broken = report.checks.iter().filter(|check| check.first_bad.is_some());
        let broken: Vec<_> = broken.map(|found| found.what).collect();
        assert!(broken.iter().any(|what| what.contains(check)), "{edit}: {broken:?}");
    }
    t.books_hold().await;
}

/// A transaction that no trigger and no foreign key stops.
pub async fn superuser(t: &Stack) -> Tx {
    let mut tx = t.env.pg.begin().await.unwrap();
    sqlx::raw_sql("SET LOCAL session_replication_role = replica").execute(tx.conn()).await.unwrap();
    tx
}

/// How to change a value of a type, whatever it is.
fn edited(column: &str, data_type: &str) -> String {
    match data_type {
        "uuid" => "gen_random_uuid()".to_owned(),
        "text" => format!("coalesce({column}, '') || 'x'"),
        "integer" | "bigint" => format!("coalesce({column}, 0) + 1000000"),
        "timestamp with time zone" => format!("coalesce({column}, now()) + interval '1 microsecond'"),
        "ARRAY" => format!("{column}[2:] || {column}[:1]"),
        "bytea" => format!("set_byte({column}, 31, 255 - get_byte({column}, 31))"),
        other => unreachable!("say how to change a {other} ({column})"),
    }
}

#[tokio::test]
async fn each_column_of_the_books_is_guarded() {
    let t = books().await;
    let mut tx = t.env.pg.read().await.unwrap();
    let columns: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
          WHERE table_schema = 'public' AND table_name IN ('posting_batch', 'journal', 'balance')
            AND is_generated = 'NEVER'
          ORDER BY table_name, ordinal_position",
    )
    .fetch_all(tx.conn())
    .await
    .unwrap();
    tx.rollback().await.unwrap();
    assert!(columns.len() >= 20, "{columns:?}");
    for (table, column, data_type) in columns {
        for order in ["ASC", "DESC"] {
            let value = edited(&column, &data_type);
            let row = format!("(SELECT ctid FROM {table} ORDER BY ctid {order} LIMIT 1)");
            let edit = format!("UPDATE {table} SET {column} = {value} WHERE ctid = {row}");
            let mut tx = superuser(&t).await;
            let done = sqlx::raw_sql(sqlx::AssertSqlSafe(edit.clone())).execute(tx.conn()).await.unwrap();
            assert_eq!(done.rows_affected(), 1, "{edit}");
            let report = payments::verify_in(&mut tx).await.unwrap();
            tx.rollback().await.unwrap();
            assert!(!report.holds(), "{edit}: {report}");
        }
    }
    t.books_hold().await;
}

#[tokio::test]
async fn rows_that_are_added_or_removed_are_found() {
    let t = books().await;
    for edit in [
        "INSERT INTO journal SELECT gen_random_uuid(), gen_random_uuid(), 1, kind, 'forged', agency_id, channel,
                NULL, NULL, posted_at, accounts, amounts_fils FROM journal LIMIT 1",
        "DELETE FROM balance WHERE ctid = (SELECT ctid FROM balance LIMIT 1)",
        "INSERT INTO balance VALUES ('forged', 0, 1, 1)",
        "DELETE FROM journal WHERE journal_id = (SELECT journal_id FROM journal LIMIT 1)",
    ] {
        let mut tx = superuser(&t).await;
        sqlx::raw_sql(edit).execute(tx.conn()).await.unwrap();
        let report = payments::verify_in(&mut tx).await.unwrap();
        tx.rollback().await.unwrap();
        assert!(!report.holds(), "{edit}: {report}");
    }
}

#[tokio::test]
async fn without_heads_the_report_says_that_none_were_checked() {
    let t = books().await;
    let report = payments::verify(&t.env.database_url).await.unwrap();
    assert!(report.heads.is_none());
    assert!(report.to_string().contains("signed heads were NOT checked"), "{report}");
}

#[tokio::test]
async fn collections_and_cases_read_from_the_books() {
    let t = books().await;
    let rows = payments::collections(&t.env.database_url).await.unwrap();
    let said: Vec<_> = rows
        .iter()
        .map(|row| (row.agency_id.as_str(), row.channel.as_str(), row.collected_fils, row.credited_fils))
        .collect();
    assert_eq!(said, [("TRF", "kiosk_cash", 0, 5_000), ("TRF", "wallet", 5_000, 0)]);
    let cases = payments::cases(&t.env.database_url).await.unwrap();
    assert_eq!(cases.iter().map(|case| case.kind.as_str()).collect::<Vec<_>>(), ["second_payment"]);
}
