//! Recomputes the books from their entries, and names the first row that is wrong.

use std::fmt;

use boot::StartError;
use pg::Tx;
use serde::Serialize;
use time::{Date, OffsetDateTime};

use super::{
    BooksError, SignedHeads,
    chain::{Chain, Ranges},
    days,
    heads::{self, Found},
    snapshot, states, unreadable,
};
use crate::Error;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub journals: i64,
    pub entries: i64,
    pub batches: i64,
    /// None: heads were not checked, so nothing speaks against who can write the whole database.
    pub heads: Option<CheckedHeads>,
    pub checks: Vec<Check>,
}

/// Signed heads that the books were held against.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedHeads {
    pub count: usize,
    /// The day of the last; later days are not proven by any.
    pub last: Option<String>,
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
        match &self.heads {
            None => f.write_str("signed heads were NOT checked: give --heads-dir and --public-key\n")?,
            Some(CheckedHeads { count, last: Some(last) }) => {
                writeln!(f, "{count} signed heads were checked, the last of {last}")?;
            }
            Some(CheckedHeads { last: None, .. }) => f.write_str("there is no signed head yet\n")?,
        }
        f.write_str(if self.holds() { "the books hold" } else { "the books do NOT hold" })
    }
}

/// Recomputes everything.
///
/// # Errors
/// The database cannot be read. A book that does not hold is no error but a [`Report`].
pub async fn verify(database_url: &str) -> Result<Report, StartError> {
    let mut tx = snapshot(database_url).await?;
    verify_in(&mut tx).await.map_err(unreadable)
}

/// As [`verify`], and holds the books against their signed heads; `now` says which days must have one.
///
/// # Errors
/// As [`verify`]; the folder or a key cannot be read. A head that does not hold is no error.
pub async fn verify_with_heads(
    database_url: &str,
    signed: &SignedHeads,
    now: OffsetDateTime,
) -> Result<Report, BooksError> {
    let keys = heads::public_keys(&signed.public_keys)?;
    let Found { heads, first_bad } = heads::read_all(&signed.dir)?;
    let mut tx = snapshot(database_url).await?;
    let mut report = recompute(&mut tx, &heads).await?;
    let last = heads.last().map(|head| head.date);
    report.heads = Some(CheckedHeads { count: heads.len(), last: last.as_ref().map(Date::to_string) });
    report.checks.push(Check {
        what: "every head is signed and follows the head before it",
        first_bad: first_bad.or_else(|| heads::chain_of(&heads, &keys)),
    });
    report.checks.push(Check {
        what: "every day that is over has its head",
        first_bad: heads::first_missing(&mut tx, &heads, now).await?,
    });
    Ok(report)
}

/// As [`verify`], of what `tx` sees.
///
/// # Errors
/// As any read of `tx`.
pub async fn verify_in(tx: &mut Tx) -> Result<Report, Error> {
    recompute(tx, &[]).await
}

async fn recompute(tx: &mut Tx, heads: &[heads::Head]) -> Result<Report, Error> {
    let count = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM journal) AS "journals!", (SELECT count(*) FROM any_entry) AS "entries!",
                  (SELECT count(*) FROM posting_batch) AS "batches!""#
    )
    .fetch_one(tx.conn())
    .await?;
    let mut chain = Chain::default();
    let mut matches = heads::Matches::of(heads);
    let all = Ranges::all(tx).await?;
    all.walk(tx, |batch| {
        chain.add(&batch);
        matches.add(&batch);
    })
    .await?;
    let mut checks = vec![
        Check { what: "every journal balances", first_bad: unbalanced(tx).await? },
        Check {
            what: "every journal and stored answer is in a batch, and every payment of a bill",
            first_bad: orphans(tx).await?,
        },
        Check { what: "debits equal credits over all accounts", first_bad: trial_balance(tx).await? },
        Check { what: "balances equal the sum of their entries", first_bad: balances(tx).await? },
        Check {
            what: "the chain of sealed batches is intact",
            first_bad: chain.first_bad_to_the_end(tx).await?,
        },
        Check {
            what: "what is paid on a bill is what was applied to it",
            first_bad: states::bills(tx).await?,
        },
        Check { what: "shares of a bill sum to it and are credited", first_bad: states::shares(tx).await? },
        Check {
            what: "every payment with money has its journal, for its amount",
            first_bad: states::payments(tx).await?,
        },
        Check {
            what: "no journal moves money for a payment that has none",
            first_bad: states::strangers(tx).await?,
        },
        Check { what: "every late payment has its case", first_bad: states::late(tx).await? },
        Check {
            what: "refunds and disputes are what their payments say",
            first_bad: states::back(tx).await?,
        },
        Check {
            what: "what providers hold is pending, for each payment",
            first_bad: states::held(tx).await?,
        },
        Check {
            what: "closed days follow each other, and hold what was posted on them",
            first_bad: days::wrong(tx).await?,
        },
        Check { what: "what payers are owed stands in the accounts", first_bad: states::owed(tx).await? },
    ];
    if !heads.is_empty() {
        checks.push(Check { what: "every signed head matches the entries", first_bad: matches.first_bad() });
    }
    let (journals, entries, batches) = (count.journals, count.entries, count.batches);
    Ok(Report { journals, entries, batches, heads: None, checks })
}

async fn orphans(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query_scalar!(
        r#"SELECT what AS "what!"
             FROM (SELECT 'journal ' || journal_id AS what
                     FROM journal LEFT JOIN posting_batch USING (batch_id) WHERE lane IS NULL
                    UNION ALL
                   SELECT 'the stored answer ' || key || ' of ' || scope
                     FROM idempotency LEFT JOIN posting_batch USING (batch_id) WHERE lane IS NULL
                    UNION ALL
                   SELECT 'payment ' || payment_id
                     FROM payment LEFT JOIN receivable USING (invoice_id) WHERE due_fils IS NULL) AS orphan
            ORDER BY 1 LIMIT 1"#
    );
    Ok(bad.fetch_optional(tx.conn()).await?)
}

async fn unbalanced(tx: &mut Tx) -> Result<Option<String>, Error> {
    let bad = sqlx::query!(
        r#"SELECT journal_id, coalesce(sum(amount_fils), 0)::bigint AS "sum!", count(line) AS "lines!"
             FROM journal LEFT JOIN any_entry USING (journal_id)
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
               SELECT account, lane AS stripe, any_entry.pending,
                      sum(greatest(amount_fils, 0))::bigint AS debit_fils,
                      sum(greatest(-amount_fils, 0))::bigint AS credit_fils
                 FROM any_entry JOIN journal USING (journal_id) JOIN posting_batch USING (batch_id)
                GROUP BY account, lane, any_entry.pending),
           stored AS (
               SELECT account, stripe, false AS pending, debit_fils, credit_fils FROM balance
                UNION ALL
               SELECT account, stripe, true, pending_debit_fils, pending_credit_fils FROM balance)
           SELECT account AS "account!", stripe AS "stripe!", pending AS "pending!",
                  coalesce(stored.debit_fils, 0) AS "debit!", coalesce(stored.credit_fils, 0) AS "credit!",
                  coalesce(summed.debit_fils, 0) AS "debits!", coalesce(summed.credit_fils, 0) AS "credits!"
             FROM stored FULL JOIN summed USING (account, stripe, pending)
            WHERE (coalesce(stored.debit_fils, 0), coalesce(stored.credit_fils, 0))
                  IS DISTINCT FROM (coalesce(summed.debit_fils, 0), coalesce(summed.credit_fils, 0))
            ORDER BY 1, 2, 3 LIMIT 1"#
    );
    let bad = bad.fetch_optional(tx.conn()).await?;
    Ok(bad.map(|row| {
        format!(
            "account {} of stripe {}, {}: stored {}/{}, entries {}/{} fils",
            row.account,
            row.stripe,
            if row.pending { "pending" } else { "posted" },
            row.debit,
            row.credit,
            row.debits,
            row.credits
        )
    }))
}
