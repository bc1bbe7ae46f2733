//! The books, read straight from their database.
use std::time::{Duration, Instant};

use anyhow::bail;
use sqlx::PgConnection;

use super::wallet::Wallet;

/// Until nothing is under way any more.
const QUIET_WITHIN: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Money a channel told of.
#[derive(Debug, sqlx::FromRow)]
pub struct Movement {
    pub payment_id: String,
    pub provider: String,
    pub provider_reference: String,
    pub bill_reference: String,
    pub amount_fils: i64,
    pub contact_ref: String,
}

/// A payment through a provider, with its attempt.
#[derive(Debug, sqlx::FromRow)]
pub struct Collected {
    pub payment_id: String,
    pub contact_ref: String,
    pub state: String,
    pub amount_fils: i64,
    pub attempt_id: String,
    pub attempt_state: String,
}

/// Money that goes back.
#[derive(Debug, sqlx::FromRow)]
pub struct Refund {
    pub refund_id: String,
    pub reason: String,
    pub state: String,
    pub amount_fils: i64,
    pub to_provider: bool,
}

/// The first answer to a key.
#[derive(Debug, sqlx::FromRow)]
pub struct Answer {
    pub scope: String,
    pub key: String,
    pub sha256: String,
}

/// Everything the checker compares.
#[derive(Debug)]
pub struct Books {
    pub movements: Vec<Movement>,
    pub collected: Vec<Collected>,
    pub refunds: Vec<Refund>,
    pub answers: Vec<Answer>,
    /// Payments of which more went back than came.
    pub overdrawn: Vec<String>,
    /// Kind of journal, how many, and the debits of providers' clearing in them.
    pub clearing: Vec<(String, i64, i64)>,
    pub stripes: i64,
}

impl Books {
    /// Reads everything.
    ///
    /// # Errors
    /// The database.
    pub async fn read(database: &mut PgConnection) -> anyhow::Result<Books> {
        let movements = sqlx::query_as(
            "SELECT payment_id::text, provider, provider_reference, bill_reference, amount_fils, contact_ref
               FROM payment WHERE kind = 'told'",
        );
        let collected = sqlx::query_as(
            "SELECT payment_id::text, contact_ref, payment.state, payment.amount_fils, attempt_id::text,
                    attempt.state AS attempt_state
               FROM payment JOIN attempt USING (attempt_id) WHERE kind = 'collected'",
        );
        let refunds = sqlx::query_as(
            "SELECT refund_id::text, reason, state, amount_fils, provider IS NOT NULL AS to_provider FROM refund",
        );
        let answers =
            sqlx::query_as("SELECT scope, key, encode(sha256(response), 'hex') AS sha256 FROM idempotency");
        let overdrawn = sqlx::query_scalar(
            "SELECT payment_id::text FROM payment JOIN refund USING (payment_id)
              WHERE refund.state NOT IN ('rejected', 'failed')
              GROUP BY payment_id, payment.amount_fils, payment.credited_fils
             HAVING sum(refund.amount_fils) > payment.amount_fils - payment.credited_fils",
        );
        let clearing = sqlx::query_as(
            "SELECT kind, count(DISTINCT journal_id), coalesce(sum(amount_fils), 0)::bigint
               FROM journal JOIN entry USING (journal_id)
              WHERE account LIKE 'provider_clearing:%' AND amount_fils > 0 GROUP BY kind",
        );
        Ok(Books {
            movements: movements.fetch_all(&mut *database).await?,
            collected: collected.fetch_all(&mut *database).await?,
            refunds: refunds.fetch_all(&mut *database).await?,
            answers: answers.fetch_all(&mut *database).await?,
            overdrawn: overdrawn.fetch_all(&mut *database).await?,
            clearing: clearing.fetch_all(&mut *database).await?,
            stripes: sqlx::query_scalar("SELECT count(*) FROM lane").fetch_one(&mut *database).await?,
        })
    }
}

/// What keeps the system from being quiet.
#[derive(Debug, PartialEq, Eq, sqlx::FromRow)]
struct UnderWay {
    work: i64,
    refunds: i64,
    outbox: i64,
    idle_in_transaction: i64,
    prepared: i64,
}

/// Waits until no work is left but of a provider that never says a definite word, every event is told, and no session
/// sits in a transaction.
///
/// # Errors
/// It takes longer: what is left.
pub async fn quiet(database: &mut PgConnection) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    loop {
        let left: UnderWay = sqlx::query_as(
            "SELECT (SELECT count(*) FROM work WHERE provider <> $1) AS work,
                    (SELECT count(*) FROM refund WHERE provider IS NOT NULL
                        AND state IN ('approved', 'submitted', 'unknown')) AS refunds,
                    (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS outbox,
                    (SELECT count(*) FROM pg_stat_activity
                      WHERE datname = current_database() AND state LIKE 'idle in transaction%'
                        AND state_change < clock_timestamp() - interval '1 s') AS idle_in_transaction,
                    (SELECT count(*) FROM pg_prepared_xacts) AS prepared",
        )
        .bind(Wallet::MUTE)
        .fetch_one(&mut *database)
        .await?;
        let nothing = UnderWay { work: 0, refunds: 0, outbox: 0, idle_in_transaction: 0, prepared: 0 };
        if left == nothing {
            return Ok(begun.elapsed());
        }
        if begun.elapsed() > QUIET_WITHIN {
            bail!("not quiet after {QUIET_WITHIN:?}: {left:?}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
