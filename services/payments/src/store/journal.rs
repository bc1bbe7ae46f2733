//! Journals, their entries, and the balances they sum up to. Append-only.

use std::{collections::BTreeMap, fmt::Write as _};

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::journal::{Entry, Journal};

/// Writes the journals of a batch, in their order.
///
/// # Errors
/// As any write of `tx`; the constraint `journal_source_once`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn insert(tx: &mut Tx, journals: &[Journal], batch: Uuid) -> Result<(), pg::Error> {
    if journals.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = journals.iter().map(|j| j.id.0).collect();
    let positions: Vec<i32> = (1..).take(journals.len()).collect();
    let kinds: Vec<String> = journals.iter().map(|j| j.kind.to_owned()).collect();
    let sources: Vec<String> = journals.iter().map(|j| j.source.clone()).collect();
    let agencies: Vec<String> =
        journals.iter().map(|j| j.agency.as_ref().map(ToString::to_string).unwrap_or_default()).collect();
    let channels: Vec<String> = journals.iter().map(|j| j.channel.to_owned()).collect();
    let payments: Vec<Option<Uuid>> = journals.iter().map(|j| j.payment_id.map(|id| id.0)).collect();
    let invoices: Vec<Option<Uuid>> = journals.iter().map(|j| j.invoice_id.map(|id| id.0)).collect();
    let posted: Vec<OffsetDateTime> = journals.iter().map(|j| j.posted_at).collect();
    let (accounts, amounts): (Vec<String>, Vec<String>) = journals.iter().map(lines).unzip();
    sqlx::query!(
        "INSERT INTO journal
             (journal_id, position, kind, source, agency_id, channel, payment_id, invoice_id, posted_at, accounts,
              amounts_fils, batch_id)
         SELECT journal_id, position, kind, source, agency_id, channel, payment_id, invoice_id, posted_at,
                string_to_array(accounts, E'\n'), string_to_array(amounts, ' ')::bigint[], $12
           FROM UNNEST($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[],
                       $9::timestamptz[], $10::text[], $11::text[])
             AS new (journal_id, position, kind, source, agency_id, channel, payment_id, invoice_id, posted_at, accounts,
                     amounts)",
        &ids,
        &positions,
        &kinds,
        &sources,
        &agencies,
        &channels,
        &payments as &[Option<Uuid>],
        &invoices as &[Option<Uuid>],
        &posted,
        &accounts,
        &amounts,
        batch,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The lines of a journal as two texts: an array of arrays is nothing that Postgres can unnest. An account has no line
/// break in its name.
fn lines(journal: &Journal) -> (String, String) {
    let (mut accounts, mut amounts) = (String::new(), String::new());
    for (line, entry) in journal.entries.iter().enumerate() {
        if line > 0 {
            accounts.push('\n');
            amounts.push(' ');
        }
        // Writing to a String cannot fail.
        write!(accounts, "{}", entry.account).ok();
        write!(amounts, "{}", entry.amount.minor_units()).ok();
    }
    (accounts, amounts)
}

/// Adds the journals' entries to the balances of this lane's stripe, one row an account.
///
/// # Errors
/// As any write of `tx`.
pub async fn add_to_balances(tx: &mut Tx, journals: &[Journal], stripe: i32) -> Result<(), pg::Error> {
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for journal in journals {
        for entry in &journal.entries {
            sums.entry(entry.account.to_string()).or_default().add(journal, entry);
        }
    }
    if sums.is_empty() {
        return Ok(());
    }
    let accounts: Vec<String> = sums.keys().cloned().collect();
    let debits: Vec<i64> = sums.values().map(|sums| sums.posted.0).collect();
    let credits: Vec<i64> = sums.values().map(|sums| sums.posted.1).collect();
    let pending_debits: Vec<i64> = sums.values().map(|sums| sums.pending.0).collect();
    let pending_credits: Vec<i64> = sums.values().map(|sums| sums.pending.1).collect();
    sqlx::query!(
        "INSERT INTO balance (account, debit_fils, credit_fils, pending_debit_fils, pending_credit_fils, stripe)
         SELECT *, $6 FROM UNNEST($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
             ON CONFLICT ON CONSTRAINT balance_pkey DO UPDATE
            SET debit_fils = balance.debit_fils + excluded.debit_fils,
                credit_fils = balance.credit_fils + excluded.credit_fils,
                pending_debit_fils = balance.pending_debit_fils + excluded.pending_debit_fils,
                pending_credit_fils = balance.pending_credit_fils + excluded.pending_credit_fils",
        &accounts,
        &debits,
        &credits,
        &pending_debits,
        &pending_credits,
        stripe,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What a batch adds to an account, as (debit, credit) in fils.
#[derive(Default)]
struct Sums {
    posted: (i64, i64),
    pending: (i64, i64),
}

impl Sums {
    fn add(&mut self, journal: &Journal, entry: &Entry) {
        let (debit, credit) = if journal.is_pending() { &mut self.pending } else { &mut self.posted };
        let fils = entry.amount.minor_units();
        // Each is far below the range of 64 bits; Postgres refuses a sum that is not.
        *debit = debit.saturating_add(fils.max(0));
        *credit = credit.saturating_add(fils.min(0).saturating_abs());
    }
}
