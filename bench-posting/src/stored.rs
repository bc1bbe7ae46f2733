//! A long past, loaded in bulk: payments with their journals, bills and idempotency rows.

use sqlx::Connection as _;

use crate::bills::{
    AGENCY_FILS, Agencies, DUE_FILS, FEE_FILS, FEE_TO, PROVIDER, agency_sql, invoice_sql, reference_sql,
    shares_sql,
};
use crate::report::say;
use crate::servers::{Stage, run};

/// Payments a statement.
const CHUNK: u32 = 100_000;
/// Payments of one sealed batch.
const BATCH: u32 = 500;
/// A lane of its own, whose lease never runs out: no service takes it.
const LANE: i32 = 1_000;

/// Stores `payments` in a database with our tables that has none yet.
pub async fn load(stage: &Stage, database: &str, payments: u32) -> anyhow::Result<()> {
    let mut postgres = stage.connect(database).await?;
    // No foreign keys and no triggers for this connection: what it writes is right by construction.
    run(&mut postgres, "SET session_replication_role = replica; SET synchronous_commit = off".to_owned())
        .await?;
    let lane = format!(
        "INSERT INTO lane (lane, fence, leased_until, last_seq, last_hash)
         VALUES ({LANE}, 1, 'infinity', {}, sha256('the end'))",
        payments.div_ceil(BATCH)
    );
    run(&mut postgres, lane).await?;
    let mut first = 1;
    while first <= payments {
        let last = (first + CHUNK - 1).min(payments);
        for sql in chunk(first, last, payments) {
            run(&mut postgres, sql).await?;
        }
        if last.is_multiple_of(1_000_000) {
            say(format!("  {last} payments stored"));
        }
        first = last + 1;
    }
    postgres.close().await?;
    stage.settle(database).await
}

/// The statements that store the payments `first` to `last` of so many.
fn chunk(first: u32, last: u32, of: u32) -> [String; 5] {
    let agency = agency_sql(Agencies::Spread);
    let (invoice, reference, shares) = (invoice_sql(), reference_sql(), shares_sql(100));
    let past =
        format!("(SELECT n, {agency} AS agency FROM generate_series({first}::bigint, {last}) AS n) AS past");
    let id = |kind: u32| format!("('0198000{kind}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid");
    let (payment, journal) = (id(1), id(2));
    let batch = format!("('01980003-0000-7000-8000-' || lpad(to_hex((n - 1) / {BATCH} + 1), 12, '0'))::uuid");
    // Over the last weeks: younger than what the service forgets.
    let when = format!("now() - interval '1 day' - interval '20 days' * ({of} - n) / {of}");
    // As keys and references of live payments, in no order.
    let scattered = "substr(md5(n::text), 1, 16)";
    [
        format!(
            "INSERT INTO posting_batch (batch_id, lane, seq, prev_hash, hash, commands, sealed_at)
             SELECT {batch}, {LANE}, (n - 1) / {BATCH} + 1, sha256((n - {BATCH})::text::bytea), sha256(n::text::bytea),
                    {BATCH}, {when}
               FROM {past} WHERE (n - 1) % {BATCH} = 0"
        ),
        format!(
            "INSERT INTO receivable (invoice_id, agency_id, bill_reference, service_code, due_fils, paid_fils, state,
                                     version, shares)
             SELECT {invoice}, agency, {reference}, 'FINE', {DUE_FILS}, {DUE_FILS}, 'paid', 2, {shares} FROM {past}"
        ),
        format!(
            "INSERT INTO payment (payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, amount_fils,
                                  credited_fils, state, captured_at, receipt_number, provider_reference, contact_ref,
                                  return_url, actor, created_at, version)
             SELECT {payment}, agency, {invoice}, {reference}, 'told', 'pos', '{PROVIDER}', {DUE_FILS}, 0, 'captured', {when},
                    'OLD-' || n, {scattered}, '', '', 'service:bench', {when}, 2
               FROM {past}"
        ),
        format!(
            "INSERT INTO journal (journal_id, batch_id, position, kind, source, agency_id, channel, payment_id, invoice_id,
                                  posted_at, accounts, amounts_fils)
             SELECT {journal}, {batch}, (n - 1) % {BATCH} + 1, 'payment_recorded', {payment}::text, agency, 'pos', {payment},
                    {invoice}, {when},
                    ARRAY['provider_clearing:{PROVIDER}', 'agency_payable:' || agency, 'beneficiary_payable:{FEE_TO}'],
                    ARRAY[{DUE_FILS}, -{AGENCY_FILS}, -{FEE_FILS}]
               FROM {past}"
        ),
        format!(
            "INSERT INTO idempotency (scope, key, body_hash, response, batch_id, created_at)
             SELECT 'service:bench', {scattered}, sha256(n::text::bytea), decode(repeat('00', 300), 'hex'), {batch}, {when}
               FROM {past}"
        ),
    ]
}
