//! What payers are owed.

use ids::{AgencyId, CreditId, PaymentId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::all_written;
use crate::{Error, domain::credit::Credit};

struct Row {
    credit_id: Uuid,
    agency_id: String,
    payment_id: Option<Uuid>,
    bill_reference: String,
    source: String,
    amount_fils: i64,
    reserved_fils: i64,
    used_fils: i64,
    created_at: OffsetDateTime,
    version: i64,
}

impl From<Row> for Credit {
    fn from(row: Row) -> Credit {
        Credit {
            id: CreditId(row.credit_id),
            agency: AgencyId(row.agency_id),
            payment_id: row.payment_id.map(PaymentId),
            bill_reference: row.bill_reference,
            source: row.source,
            amount: Money::fils(row.amount_fils),
            reserved: Money::fils(row.reserved_fils),
            used: Money::fils(row.used_fils),
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// Locks those of `credits` that exist, in the order of their ids.
///
/// # Errors
/// As any read of `tx`.
pub async fn lock(tx: &mut Tx, credits: &[Uuid]) -> Result<Vec<Credit>, Error> {
    if credits.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT credit_id, agency_id, payment_id, bill_reference, source, amount_fils, reserved_fils, used_fils,
                created_at, version
           FROM payer_credit
          WHERE credit_id = ANY($1)
          ORDER BY credit_id
            FOR UPDATE",
        credits,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Credit::from).collect())
}

/// One credit.
///
/// # Errors
/// As any read of `tx`.
pub async fn by_id(tx: &mut Tx, id: CreditId) -> Result<Option<Credit>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT credit_id, agency_id, payment_id, bill_reference, source, amount_fils, reserved_fils, used_fils,
                created_at, version
           FROM payer_credit
          WHERE credit_id = $1",
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(Credit::from))
}

/// At most so many are listed.
const LISTED: i64 = 1_000;

/// Credits of a bill, or (empty) of all, newest first.
///
/// # Errors
/// As any read of `tx`.
pub async fn list(tx: &mut Tx, bill_reference: &str, agency: Option<&str>) -> Result<Vec<Credit>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT credit_id, agency_id, payment_id, bill_reference, source, amount_fils, reserved_fils, used_fils,
                created_at, version
           FROM payer_credit
          WHERE ($1 = '' OR bill_reference = $1)
            AND ($2::text IS NULL OR agency_id = $2)
          ORDER BY created_at DESC, credit_id DESC
          LIMIT $3",
        bill_reference,
        agency,
        LISTED,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(Credit::from).collect())
}

/// Writes new credits.
///
/// # Errors
/// As any write of `tx`; the constraint `payer_credit_source_once`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn insert(tx: &mut Tx, new: &[&Credit]) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = new.iter().map(|c| c.id.0).collect();
    let agencies: Vec<String> = new.iter().map(|c| c.agency.0.clone()).collect();
    let payments: Vec<Option<Uuid>> = new.iter().map(|c| c.payment_id.map(|id| id.0)).collect();
    let bills: Vec<String> = new.iter().map(|c| c.bill_reference.clone()).collect();
    let sources: Vec<String> = new.iter().map(|c| c.source.clone()).collect();
    let amounts: Vec<i64> = new.iter().map(|c| c.amount.minor_units()).collect();
    let reserved: Vec<i64> = new.iter().map(|c| c.reserved.minor_units()).collect();
    let used: Vec<i64> = new.iter().map(|c| c.used.minor_units()).collect();
    let created: Vec<OffsetDateTime> = new.iter().map(|c| c.created_at).collect();
    let versions: Vec<i64> = new.iter().map(|c| c.version).collect();
    sqlx::query!(
        "INSERT INTO payer_credit
             (credit_id, agency_id, payment_id, bill_reference, source, amount_fils, reserved_fils, used_fils, created_at,
              version)
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                              $8::bigint[], $9::timestamptz[], $10::bigint[])",
        &ids,
        &agencies,
        &payments as &[Option<Uuid>],
        &bills,
        &sources,
        &amounts,
        &reserved,
        &used,
        &created,
        &versions,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes changed credits over what was read: `before` is the version of each.
///
/// # Errors
/// `Conflict` when one is no longer what was read; as any write of `tx`.
pub async fn update(tx: &mut Tx, changed: &[(i64, &Credit)]) -> Result<(), pg::Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = changed.iter().map(|(_, c)| c.id.0).collect();
    let before: Vec<i64> = changed.iter().map(|(version, _)| *version).collect();
    let reserved: Vec<i64> = changed.iter().map(|(_, c)| c.reserved.minor_units()).collect();
    let used: Vec<i64> = changed.iter().map(|(_, c)| c.used.minor_units()).collect();
    let versions: Vec<i64> = changed.iter().map(|(_, c)| c.version).collect();
    let done = sqlx::query!(
        "UPDATE payer_credit
            SET reserved_fils = new.reserved_fils, used_fils = new.used_fils, version = new.version
           FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
             AS new (credit_id, before, reserved_fils, used_fils, version)
          WHERE payer_credit.credit_id = new.credit_id
            AND payer_credit.version = new.before",
        &ids,
        &before,
        &reserved,
        &used,
        &versions,
    )
    .execute(tx.conn())
    .await?;
    all_written(done.rows_affected(), changed.len(), "payer_credit")
}
