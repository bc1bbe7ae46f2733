//! Recomputes the books from their entries, and names the first row that is wrong.

use std::fmt;

use boot::StartError;
use pg::Tx;
use serde::Serialize;

use super::{chain, open, unreadable};
use crate::Error;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub journals: i64,
    pub entries: i64,
    pub batches: i64,
    pub checks: Vec<Check>,
}

/// One thing that must hold.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub what: &'static str,
    /// The first row that is wrong; none: it holds.
    pub first_bad: Option<String>,
}

impl Report {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.first_bad.is_none())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { journals, entries, batches, .. } = self;
        writeln!(f, "{journals} journals, {entries} entries, {batches} sealed batches")?;
        for check in &self.checks {
            match &check.first_bad {
                None => writeln!(f, "holds   {}", check.what)?,
                Some(bad) => writeln!(f, "BROKEN  {}: {bad}", check.what)?,
            }
        }
        f.write_str(if self.holds() { "the books hold" } else { "the books do NOT hold" })
    }
}

/// Recomputes everything.
///
/// # Errors
/// The database cannot be read. A book that does not hold is no error but a [`Report`].
pub async fn verify(database_url: &str) -> Result<Report, StartError> {
    let mut tx = open(database_url).await?;
    // One snapshot for all checks: the service may go on posting meanwhile.
    let snapshot = sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    snapshot.execute(tx.conn()).await.map_err(|error| unreadable(error.into()))?;
    verify_in(&mut tx).await.map_err(unreadable)
}

/// As [`verify`], of what `tx` sees.
///
/// # Errors
/// As any read of `tx`.
pub async fn verify_in(tx: &mut Tx) -> Result<Report, Error> {
    let count = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM journal) AS "journals!", (SELECT count(*) FROM entry) AS "entries!",
                  (SELECT count(*) FROM posting_batch) AS "batches!""#
    )
    .fetch_one(tx.conn())
    .await?;
    let checks = vec![
        Check { what: "every journal balances", first_bad: unbalanced(tx).await? },
        Check { what: "debits equal credits over all accounts", first_bad: trial_balance(tx).await? },
        Check { what: "balances equal the sum of their entries", first_bad: balances(tx).await? },
        Check { what: "the chain of sealed batches is intact", first_bad: chain::first_bad(tx).await? },
        Check { what: "what is paid on a bill is what was applied to it", first_bad: paid(tx).await? },
        Check {
            what: "every payment with money has its journal, for its amount",
            first_bad: payments(tx).await?,
        },
        Check { what: "no journal moves money for a payment that has none", first_bad: strangers(tx).await? },
        Check { what: "every late payment has its case", first_bad: late(tx).await? },
    ];
    Ok(Report { journals: count.journals, entries: count.entries, batches: count.batches, checks })
}

async fn unbalanced(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"SELECT journal_id, coalesce(sum(amount_fils), 0)::bigint AS "sum!", count(line) AS "lines!"
             FROM journal LEFT JOIN entry USING (journal_id)
            GROUP BY journal_id
           HAVING coalesce(sum(amount_fils), 0) <> 0 OR count(line) < 2
            ORDER BY journal_id LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| format!("journal {}: {} lines sum to {} fils", row.journal_id, row.lines, row.sum)))
}

async fn trial_balance(tx: &mut Tx) -> Result<Option<String>, Error> {
    let sum = sqlx::query_scalar!(r#"SELECT coalesce(sum(amount_fils), 0)::bigint AS "sum!" FROM entry"#);
    let sum = sum.fetch_one(tx.conn()).await?;
    Ok((sum != 0).then(|| format!("all entries sum to {sum} fils")))
}

async fn balances(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"WITH summed AS (
               SELECT account, lane AS stripe, sum(greatest(amount_fils, 0))::bigint AS debit_fils,
                      sum(greatest(-amount_fils, 0))::bigint AS credit_fils
                 FROM entry JOIN journal USING (journal_id) JOIN posting_batch USING (batch_id)
                GROUP BY account, lane)
           SELECT account AS "account!", stripe AS "stripe!",
                  coalesce(balance.debit_fils, 0) AS "debit!", coalesce(balance.credit_fils, 0) AS "credit!",
                  coalesce(summed.debit_fils, 0) AS "debits!", coalesce(summed.credit_fils, 0) AS "credits!"
             FROM balance FULL JOIN summed USING (account, stripe)
            WHERE (coalesce(balance.debit_fils, 0), coalesce(balance.credit_fils, 0))
                  IS DISTINCT FROM (coalesce(summed.debit_fils, 0), coalesce(summed.credit_fils, 0))
            ORDER BY 1, 2 LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| {
        format!(
            "account {} of stripe {}: stored {}/{}, entries {}/{} fils",
            row.account, row.stripe, row.debit, row.credit, row.debits, row.credits
        )
    }))
}

async fn paid(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"WITH applied AS (
               SELECT invoice_id, -sum(amount_fils)::bigint AS fils
                 FROM entry JOIN journal USING (journal_id)
                WHERE account LIKE 'agency\_payable:%'
                GROUP BY invoice_id)
           SELECT bill_reference AS "bill_reference?", coalesce(paid_fils, 0) AS "paid!", coalesce(fils, 0) AS "applied!"
             FROM receivable FULL JOIN applied USING (invoice_id)
            WHERE coalesce(paid_fils, 0) <> coalesce(fils, 0)
            ORDER BY 1 LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| {
        let bill = row.bill_reference.unwrap_or_else(|| "(no bill)".to_owned());
        format!("bill {bill}: {} fils paid, {} applied", row.paid, row.applied)
    }))
}

async fn payments(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"SELECT payment.payment_id, payment.amount_fils, payment.credited_fils,
                  coalesce(sum(entry.amount_fils) FILTER (WHERE entry.amount_fils > 0), 0)::bigint AS "booked!"
             FROM payment
             LEFT JOIN journal USING (payment_id)
             LEFT JOIN entry USING (journal_id)
            WHERE payment.state IN ('captured', 'late')
            GROUP BY payment.payment_id
           HAVING coalesce(sum(entry.amount_fils) FILTER (WHERE entry.amount_fils > 0), 0) <> payment.amount_fils
               OR coalesce(-sum(entry.amount_fils) FILTER (WHERE account = 'payer_credit'), 0) <> payment.credited_fils
            ORDER BY payment.payment_id LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| {
        format!(
            "payment {}: {} fils ({} credited), {} booked",
            row.payment_id, row.amount_fils, row.credited_fils, row.booked
        )
    }))
}

async fn strangers(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"SELECT journal_id, payment_id AS "payment_id!"
             FROM journal LEFT JOIN payment USING (payment_id)
            WHERE payment_id IS NOT NULL
              AND (state IS NULL
                   OR state NOT IN ('captured', 'late') AND NOT (state = 'failed' AND failure = 'amount_mismatch'))
            ORDER BY journal_id LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| format!("journal {} of payment {}", row.journal_id, row.payment_id)))
}

async fn late(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query_scalar!(
        "SELECT payment.payment_id
           FROM payment LEFT JOIN open_case USING (payment_id)
          WHERE state = 'late'
          GROUP BY payment.payment_id
         HAVING count(open_case.case_id) = 0
          ORDER BY payment.payment_id LIMIT 1"
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|id| format!("payment {id}")))
}
