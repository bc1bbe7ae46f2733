//! The same payment over the same tables as one would write it first: a transaction each, a statement after the other.

use std::path::Path;
use std::sync::Arc;

use boot::{Clock, Ids};
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, PgConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::bills::{
    AGENCY_FILS, Agencies, Bills, DUE_FILS, FEE_FILS, FEE_TO, PROVIDER, agency, reference, scatter,
};
use crate::config::{PRIMING, WORKERS, Window};
use crate::level::{Level, Worker, measure};
use crate::schema;
use crate::servers::{Stage, run};
use crate::usage::Processes;

const DATABASE: &str = "plain";
/// No level is faster, a second.
const FASTEST: u64 = 12_000;

/// Makes its database.
pub async fn prepare(stage: &Stage, clock: &Clock, mizan: &Path, processes: Processes) -> anyhow::Result<()> {
    schema::make(stage, mizan, DATABASE).await?;
    let mut postgres = stage.connect(DATABASE).await?;
    let lane = "INSERT INTO lane (lane, fence, leased_until, last_seq, last_hash)
                VALUES (0, 1, 'infinity', 0, sha256('begin'))";
    run(&mut postgres, lane.to_owned()).await?;
    postgres.close().await?;
    level(stage, clock, WORKERS.into_iter().max().unwrap_or(1), PRIMING, processes).await?;
    stage.settle(DATABASE).await
}

/// Measures so many workers.
pub async fn level(
    stage: &Stage,
    clock: &Clock,
    workers: u32,
    window: Window,
    processes: Processes,
) -> anyhow::Result<Level> {
    let bills = Bills::put(stage, DATABASE, Agencies::Spread, FASTEST * window.length().as_secs()).await?;
    let bills = Arc::new(bills);
    let mut payers = Vec::new();
    for _ in 0..workers {
        let connection = stage.connect(DATABASE).await?;
        payers.push(Payer { connection, bills: bills.clone(), clock: clock.clone(), ids: Ids::random() });
    }
    measure(clock, payers, window, processes).await
}

struct Payer {
    connection: PgConnection,
    bills: Arc<Bills>,
    clock: Clock,
    ids: Ids,
}

/// A payment in the making.
struct Payment {
    id: Uuid,
    journal: Uuid,
    batch: Uuid,
    key: String,
    agency: String,
    reference: String,
    now: OffsetDateTime,
}

impl Worker for Payer {
    async fn once(&mut self) -> anyhow::Result<()> {
        let number = self.bills.take()?;
        let now = self.clock.now();
        let payment = Payment {
            id: self.ids.uuid(now),
            journal: self.ids.uuid(now),
            batch: self.ids.uuid(now),
            key: format!("{:016x}", scatter(number)),
            agency: agency(number, self.bills.agencies),
            reference: reference(number),
            now,
        };
        let mut tx = self.connection.begin().await?;
        payment.take_bill(&mut tx).await?;
        payment.post(&mut tx).await?;
        payment.tell(&mut tx, self.ids.uuid(now)).await?;
        Ok(tx.commit().await?)
    }
}

impl Payment {
    /// The key is new, the bill is open, and then it is paid.
    async fn take_bill(&self, tx: &mut PgConnection) -> anyhow::Result<()> {
        let first: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT response FROM idempotency WHERE scope = 'service:bench' AND key = $1")
                .bind(&self.key)
                .fetch_optional(&mut *tx)
                .await?;
        anyhow::ensure!(first.is_none(), "{} was used before", self.key);
        let (invoice, due, paid): (Uuid, i64, i64) = sqlx::query_as(
            "SELECT invoice_id, due_fils, paid_fils FROM receivable WHERE bill_reference = $1 FOR UPDATE",
        )
        .bind(&self.reference)
        .fetch_one(&mut *tx)
        .await?;
        anyhow::ensure!((due, paid) == (DUE_FILS, 0), "{} is not open", self.reference);
        sqlx::query(
            "UPDATE receivable SET paid_fils = due_fils, state = 'paid', version = version + 1 WHERE invoice_id = $1",
        )
        .bind(invoice)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO payment (payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, amount_fils,
                                  credited_fils, state, captured_at, receipt_number, provider_reference, contact_ref,
                                  return_url, actor, created_at, version)
             VALUES ($1, $2, $3, $4, 'told', 'pos', $5, $6, 0, 'captured', $7, $8, $9, '', '', 'service:bench', $7, 1)",
        )
        .bind(self.id)
        .bind(&self.agency)
        .bind(invoice)
        .bind(&self.reference)
        .bind(PROVIDER)
        .bind(DUE_FILS)
        .bind(self.now)
        .bind(format!("R-{}", self.key))
        .bind(&self.key)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// The link of the chain, the journal with its entries, the balances. All wait here for each other, so it comes late.
    async fn post(&self, tx: &mut PgConnection) -> anyhow::Result<()> {
        let (seq, before): (i64, Vec<u8>) =
            sqlx::query_as("SELECT last_seq, last_hash FROM lane WHERE lane = 0 FOR UPDATE")
                .fetch_one(&mut *tx)
                .await?;
        let hash = Sha256::new().chain_update(&before).chain_update(self.journal).finalize().to_vec();
        sqlx::query("UPDATE lane SET last_seq = $1, last_hash = $2 WHERE lane = 0")
            .bind(seq + 1)
            .bind(&hash)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO posting_batch (batch_id, lane, seq, prev_hash, hash, commands, sealed_at)
             VALUES ($1, 0, $2, $3, $4, 1, $5)",
        )
        .bind(self.batch)
        .bind(seq + 1)
        .bind(&before)
        .bind(&hash)
        .bind(self.now)
        .execute(&mut *tx)
        .await?;
        let accounts = [
            format!("provider_clearing:{PROVIDER}"),
            format!("agency_payable:{}", self.agency),
            format!("beneficiary_payable:{FEE_TO}"),
        ];
        let amounts = [DUE_FILS, -AGENCY_FILS, -FEE_FILS];
        self.post_journal(tx, &accounts, &amounts).await
    }

    async fn post_journal(
        &self,
        tx: &mut PgConnection,
        accounts: &[String],
        amounts: &[i64],
    ) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO journal (journal_id, batch_id, position, kind, source, agency_id, channel, payment_id, posted_at,
                                  accounts, amounts_fils)
             VALUES ($1, $2, 1, 'payment_recorded', $3, $4, 'pos', $5, $6, $7, $8)",
        )
        .bind(self.journal)
        .bind(self.batch)
        .bind(self.id.to_string())
        .bind(&self.agency)
        .bind(self.id)
        .bind(self.now)
        .bind(accounts)
        .bind(amounts)
        .execute(&mut *tx)
        .await?;
        // In the order of accounts, so that two never wait for each other.
        sqlx::query(
            "INSERT INTO balance (account, stripe, debit_fils, credit_fils)
             SELECT account, 0, greatest(fils, 0), greatest(-fils, 0)
               FROM UNNEST($1::text[], $2::bigint[]) AS entry (account, fils)
              ORDER BY account
                 ON CONFLICT ON CONSTRAINT balance_pkey DO UPDATE
                SET debit_fils = balance.debit_fils + excluded.debit_fils,
                    credit_fils = balance.credit_fils + excluded.credit_fils",
        )
        .bind(accounts)
        .bind(amounts)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// The event in the outbox, the answer beside its key. Both as long as ours are.
    async fn tell(&self, tx: &mut PgConnection, event: Uuid) -> anyhow::Result<()> {
        sqlx::query(
            "INSERT INTO outbox_envelope
                 (event_ids, subjects, aggregates, versions, bodies, traceparents, created_at)
             VALUES (ARRAY[$1::uuid], ARRAY['mizan.payments.payment.captured'], ARRAY[$2::text], ARRAY[1::bigint],
                     ARRAY[$3::bytea], ARRAY[''], $4)",
        )
        .bind(event)
        .bind(self.id.to_string())
        .bind([0_u8; 400].as_slice())
        .bind(self.now)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO idempotency (scope, key, body_hash, response, batch_id, created_at)
             VALUES ('service:bench', $1, $2, $3, $4, $5)",
        )
        .bind(&self.key)
        .bind(Sha256::digest(&self.key).as_slice())
        .bind([0_u8; 300].as_slice())
        .bind(self.batch)
        .bind(self.now)
        .execute(tx)
        .await?;
        Ok(())
    }
}
