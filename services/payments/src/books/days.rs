//! Closed business days: shown, and held against the entries.

use std::fmt;

use money::Money;
use pg::Tx;
use serde::Serialize;
use time::{Date, OffsetDateTime};

use super::{BooksError, day, error::refused, snapshot};
use crate::{Error, store};

/// A closed business day.
#[derive(Clone, Debug, Serialize)]
pub struct ClosedDay {
    pub date: String,
    #[serde(with = "time::serde::rfc3339")]
    pub closed_at: OffsetDateTime,
    pub batches: i64,
    pub journals: i64,
    /// Posted on the day.
    pub debit_fils: i64,
    /// What every account stood at when it ended.
    pub balances: Vec<AccountStood>,
}

/// What an account stood at.
#[derive(Clone, Debug, Serialize)]
pub struct AccountStood {
    pub account: String,
    /// Debits less credits of all that was posted.
    pub balance_fils: i64,
    /// The same of what was pending.
    pub pending_fils: i64,
}

impl fmt::Display for ClosedDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ClosedDay { date, batches, journals, .. } = self;
        let (closed_at, debited) = (day::show(self.closed_at), Money::fils(self.debit_fils));
        write!(
            f,
            "{date}: closed at {closed_at}; {batches} batches, {journals} journals, debited {debited}"
        )?;
        for AccountStood { account, balance_fils, pending_fils } in &self.balances {
            write!(f, "\n  {account}: {}", Money::fils(*balance_fils))?;
            if *pending_fils != 0 {
                write!(f, "  (pending {})", Money::fils(*pending_fils))?;
            }
        }
        Ok(())
    }
}

/// A business day as it was closed.
///
/// # Errors
/// `Refused`: it is not closed.
pub async fn closed_day(database_url: &str, date: Date) -> Result<ClosedDay, BooksError> {
    let mut tx = snapshot(database_url).await?;
    let Some(closed) = store::day::get(&mut tx, date).await? else {
        return refused(format!(
            "{date} is not closed: payments closes days one after the other, from midnight on"
        ));
    };
    let balances = store::day::balances(&mut tx, date).await?.into_iter().map(|row| AccountStood {
        account: row.account,
        balance_fils: row.debit_fils.saturating_sub(row.credit_fils),
        pending_fils: row.pending_debit_fils.saturating_sub(row.pending_credit_fils),
    });
    Ok(ClosedDay {
        date: closed.business_date.to_string(),
        closed_at: closed.closed_at,
        batches: closed.batches,
        journals: closed.journals,
        debit_fils: closed.debit_fils,
        balances: balances.collect(),
    })
}

/// The first closed day that does not follow the one before it, or does not hold what was posted on it.
pub(super) async fn wrong(tx: &mut Tx) -> Result<Option<String>, Error> {
    if let Some(bad) = parts(tx).await? {
        return Ok(Some(bad));
    }
    if let Some(bad) = counts(tx).await? {
        return Ok(Some(bad));
    }
    balances(tx).await
}

/// Every day follows the day before, in every lane; no batch of a later day is in it.
async fn parts(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query_scalar!(
        r#"WITH day AS (
               SELECT business_date, lag(business_date) OVER (ORDER BY business_date) AS before FROM day_close),
           part AS (
               SELECT business_date, lane, first_seq, last_seq,
                      lag(last_seq) OVER (PARTITION BY lane ORDER BY business_date) AS before_seq,
                      lag(business_date) OVER (PARTITION BY lane ORDER BY business_date) AS before_day
                 FROM day_close_lane),
           bad AS (
               SELECT business_date, 'the day before it is not closed' AS why FROM day WHERE before <> business_date - 1
                UNION ALL
               SELECT business_date, 'lane ' || lane || ' does not go on where it ended the day before'
                 FROM part WHERE first_seq <> coalesce(before_seq, 0) + 1 OR before_day <> business_date - 1
                UNION ALL
               SELECT part.business_date, 'lane ' || part.lane || ' is missing the day after' FROM part
                WHERE part.business_date < (SELECT max(business_date) FROM day_close)
                  AND NOT EXISTS (SELECT FROM day_close_lane AS next
                                   WHERE next.lane = part.lane AND next.business_date = part.business_date + 1)
                UNION ALL
               SELECT part.business_date, 'lane ' || part.lane || ' has no batch ' || last_seq FROM part
                WHERE last_seq > 0
                  AND NOT EXISTS (SELECT FROM posting_batch WHERE posting_batch.lane = part.lane AND seq = last_seq)
                UNION ALL
               SELECT part.business_date, 'batch ' || seq || ' of lane ' || part.lane || ' is of a later day'
                 FROM part
                 JOIN posting_batch ON posting_batch.lane = part.lane AND seq BETWEEN first_seq AND last_seq
                WHERE sealed_at >= (business_date + 1)::timestamp AT TIME ZONE 'Asia/Bahrain'
                UNION ALL
               SELECT business_date, 'it was closed before it was over' FROM day_close
                WHERE closed_at < (business_date + 1)::timestamp AT TIME ZONE 'Asia/Bahrain')
           SELECT business_date || ': ' || why AS "bad!" FROM bad ORDER BY 1 LIMIT 1"#
    );
    Ok(bad.fetch_optional(tx.conn()).await?)
}

async fn counts(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query_scalar!(
        r#"WITH found AS (
               SELECT business_date, count(DISTINCT batch_id) AS batches, count(journal_id) AS journals,
                      coalesce(sum((SELECT sum(greatest(fils, 0)) FROM UNNEST(amounts_fils) AS line (fils)))
                               FILTER (WHERE NOT pending), 0)::bigint AS debit_fils
                 FROM day_close
                 LEFT JOIN day_close_lane USING (business_date)
                 LEFT JOIN posting_batch ON posting_batch.lane = day_close_lane.lane AND seq BETWEEN first_seq AND last_seq
                 LEFT JOIN journal USING (batch_id)
                GROUP BY business_date)
           SELECT business_date
             FROM day_close JOIN found USING (business_date)
            WHERE (day_close.batches, day_close.journals, day_close.debit_fils)
                  IS DISTINCT FROM (found.batches, found.journals, found.debit_fils)
            ORDER BY 1 LIMIT 1"#
    );
    let bad: Option<Date> = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|date| format!("{date}: its entries give other sums of the day")))
}

async fn balances(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"WITH moved AS (
               SELECT business_date, account,
                      sum(greatest(amount_fils, 0)) FILTER (WHERE NOT any_entry.pending) AS debit,
                      sum(greatest(-amount_fils, 0)) FILTER (WHERE NOT any_entry.pending) AS credit,
                      sum(greatest(amount_fils, 0)) FILTER (WHERE any_entry.pending) AS pending_debit,
                      sum(greatest(-amount_fils, 0)) FILTER (WHERE any_entry.pending) AS pending_credit
                 FROM day_close_lane AS part
                 JOIN posting_batch ON posting_batch.lane = part.lane AND seq BETWEEN first_seq AND last_seq
                 JOIN journal USING (batch_id)
                 JOIN any_entry USING (journal_id)
                GROUP BY business_date, account),
           known AS (
               SELECT business_date, account
                 FROM day_close
                 JOIN (SELECT account, min(business_date) AS since FROM moved GROUP BY account) AS begun
                   ON business_date >= since),
           found AS (
               SELECT business_date, account,
                      (sum(coalesce(debit, 0)) OVER days)::bigint AS debit,
                      (sum(coalesce(credit, 0)) OVER days)::bigint AS credit,
                      (sum(coalesce(pending_debit, 0)) OVER days)::bigint AS pending_debit,
                      (sum(coalesce(pending_credit, 0)) OVER days)::bigint AS pending_credit
                 FROM known LEFT JOIN moved USING (business_date, account)
               WINDOW days AS (PARTITION BY account ORDER BY business_date))
           SELECT business_date AS "business_date!", account AS "account!"
             FROM found FULL JOIN day_close_balance AS stored USING (business_date, account)
            WHERE (found.debit, found.credit, found.pending_debit, found.pending_credit) IS DISTINCT FROM
                  (stored.debit_fils, stored.credit_fils, stored.pending_debit_fils, stored.pending_credit_fils)
            ORDER BY 1, 2 LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| format!("{}: {} stood elsewhere when the day ended", row.business_date, row.account)))
}
