//! Sums of the books, for people.

use pg::Tx;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::Error;

/// Money that came for one agency by one channel.
#[derive(Clone, Debug)]
pub struct Collection {
    pub agency_id: String,
    pub channel: String,
    pub payments: i64,
    pub collected_fils: i64,
    pub credited_fils: i64,
    pub suspense_fils: i64,
    pub refunded_fils: i64,
}

/// One account over all stripes.
#[derive(Clone, Debug)]
pub struct Balance {
    pub account: String,
    pub debit_fils: i64,
    pub credit_fils: i64,
    pub pending_debit_fils: i64,
    pub pending_credit_fils: i64,
}

/// A case as stored.
#[derive(Clone, Debug)]
pub struct Case {
    pub case_id: Uuid,
    pub kind: String,
    pub agency_id: String,
    pub payment_id: Option<Uuid>,
    pub bill_reference: String,
    pub amount_fils: i64,
    pub detail: String,
    pub opened_at: OffsetDateTime,
}

/// What came in, by agency and channel, summed from the entries; of one agency, or of all.
///
/// # Errors
/// As any read of `tx`.
pub async fn collections(tx: &mut Tx, agency: Option<&str>) -> Result<Vec<Collection>, Error> {
    let rows = sqlx::query_as!(
        Collection,
        r#"SELECT journal.agency_id, journal.channel,
                  count(DISTINCT journal.payment_id) FILTER (WHERE kind <> 'refund_succeeded') AS "payments!",
                  coalesce(-sum(amount_fils) FILTER (WHERE kind <> 'refund_succeeded'
                      AND account ~ '^(agency|beneficiary)_payable:'), 0)::bigint AS "collected_fils!",
                  coalesce(-sum(amount_fils) FILTER (WHERE account = 'payer_credit'), 0)::bigint AS "credited_fils!",
                  coalesce(-sum(amount_fils) FILTER (WHERE account = 'suspense'), 0)::bigint AS "suspense_fils!",
                  coalesce(sum(amount_fils) FILTER (WHERE account = 'refunds_payable'), 0)::bigint AS "refunded_fils!"
             FROM journal
             JOIN entry USING (journal_id)
            WHERE journal.kind IN ('cash_committed', 'cash_uncommitted', 'cash_unknown_bill', 'cash_unknown_session',
                  'wallet_captured', 'wallet_late', 'wallet_mismatched', 'payment_recorded', 'refund_succeeded')
              AND ($1::text IS NULL OR journal.agency_id = $1)
            GROUP BY journal.agency_id, journal.channel
            ORDER BY journal.agency_id, journal.channel"#,
        agency,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// Every account, over all stripes.
///
/// # Errors
/// As any read of `tx`.
pub async fn balances(tx: &mut Tx) -> Result<Vec<Balance>, Error> {
    let rows = sqlx::query_as!(
        Balance,
        r#"SELECT account, sum(debit_fils)::bigint AS "debit_fils!", sum(credit_fils)::bigint AS "credit_fils!",
                  sum(pending_debit_fils)::bigint AS "pending_debit_fils!",
                  sum(pending_credit_fils)::bigint AS "pending_credit_fils!"
             FROM balance
            GROUP BY account
            ORDER BY account"#,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// What an account stood at: everything posted and pending before an instant. It goes on from the last day that was closed
/// by then. None: nothing was ever posted to it.
///
/// # Errors
/// As any read of `tx`.
pub async fn balance_before(
    tx: &mut Tx,
    account: &str,
    before: OffsetDateTime,
) -> Result<Option<Balance>, Error> {
    let row = sqlx::query_as!(
        Balance,
        r#"WITH closed AS (
               SELECT max(business_date) AS business_date FROM day_close
                WHERE (business_date + 1)::timestamp AT TIME ZONE 'Asia/Bahrain' <= $2),
           line AS (
               SELECT debit_fils, credit_fils, pending_debit_fils, pending_credit_fils
                 FROM day_close_balance JOIN closed USING (business_date)
                WHERE account = $1
                UNION ALL
               SELECT CASE WHEN any_entry.pending THEN 0 ELSE greatest(amount_fils, 0) END,
                      CASE WHEN any_entry.pending THEN 0 ELSE greatest(-amount_fils, 0) END,
                      CASE WHEN any_entry.pending THEN greatest(amount_fils, 0) ELSE 0 END,
                      CASE WHEN any_entry.pending THEN greatest(-amount_fils, 0) ELSE 0 END
                 FROM closed CROSS JOIN lane
                 LEFT JOIN day_close_lane USING (business_date, lane)
                 JOIN posting_batch ON posting_batch.lane = lane.lane AND seq > coalesce(day_close_lane.last_seq, 0)
                 JOIN journal USING (batch_id)
                 JOIN any_entry USING (journal_id)
                WHERE account = $1
                  AND posted_at < $2)
           SELECT $1 AS "account!", coalesce(sum(debit_fils), 0)::bigint AS "debit_fils!",
                  coalesce(sum(credit_fils), 0)::bigint AS "credit_fils!",
                  coalesce(sum(pending_debit_fils), 0)::bigint AS "pending_debit_fils!",
                  coalesce(sum(pending_credit_fils), 0)::bigint AS "pending_credit_fils!"
             FROM line
           HAVING EXISTS (SELECT FROM balance WHERE account = $1)"#,
        account,
        before,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row)
}

/// What went over an account on one day by one kind of journal and one channel.
#[derive(Clone, Debug)]
pub struct StatementLine {
    pub business_date: Date,
    pub kind: String,
    pub channel: String,
    pub entries: i64,
    pub debit_fils: i64,
    pub credit_fils: i64,
}

/// What went over an account from one instant until before another, by day in Bahrain, kind and channel.
///
/// # Errors
/// As any read of `tx`.
pub async fn statement(
    tx: &mut Tx,
    account: &str,
    (from, before): (OffsetDateTime, OffsetDateTime),
) -> Result<Vec<StatementLine>, Error> {
    let rows = sqlx::query_as!(
        StatementLine,
        r#"SELECT (posted_at AT TIME ZONE 'Asia/Bahrain')::date AS "business_date!", kind, channel, count(*) AS "entries!",
                  coalesce(sum(amount_fils) FILTER (WHERE amount_fils > 0), 0)::bigint AS "debit_fils!",
                  coalesce(-sum(amount_fils) FILTER (WHERE amount_fils < 0), 0)::bigint AS "credit_fils!"
             FROM journal
             JOIN entry USING (journal_id)
            WHERE account = $1 AND posted_at >= $2 AND posted_at < $3
            GROUP BY 1, kind, channel
            ORDER BY 1, kind, channel"#,
        account,
        from,
        before,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// Open cases of one kind, or (empty) of all, newest first.
///
/// # Errors
/// As any read of `tx`.
pub async fn cases(tx: &mut Tx, kind: &str, agency: Option<&str>) -> Result<Vec<Case>, Error> {
    let rows = sqlx::query_as!(
        Case,
        "SELECT case_id, kind, agency_id, payment_id, bill_reference, amount_fils, detail, opened_at
           FROM open_case
          WHERE ($1 = '' OR kind = $1)
            AND ($2::text IS NULL OR agency_id = $2)
          ORDER BY opened_at DESC, case_id DESC",
        kind,
        agency,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// By how many fils debits and credits of all accounts differ, posted and pending: 0 while the books hold.
///
/// # Errors
/// As any read of `tx`.
pub async fn difference(tx: &mut Tx) -> Result<i64, Error> {
    let fils = sqlx::query_scalar!(
        r#"SELECT (abs(coalesce(sum(debit_fils - credit_fils), 0))
                   + abs(coalesce(sum(pending_debit_fils - pending_credit_fils), 0)))::bigint AS "fils!"
             FROM balance"#
    );
    Ok(fils.fetch_one(tx.conn()).await?)
}
