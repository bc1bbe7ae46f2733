//! Attempts.

use ids::{AttemptId, InvoiceId, PaymentId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{all_written, corrupt};
use crate::{
    Error,
    domain::attempt::{Attempt, Part, State},
};

struct Row {
    attempt_id: Uuid,
    provider: String,
    amount_fils: i64,
    state: String,
    since_at: Option<OffsetDateTime>,
    provider_reference: Option<String>,
    reason: Option<String>,
    took_fils: Option<i64>,
    submits: i32,
    doubts: i32,
    contradicted_at: Option<OffsetDateTime>,
    doubted_at: Option<OffsetDateTime>,
    cancelling: bool,
    delayed_capture: bool,
    created_at: OffsetDateTime,
    version: i64,
}

impl Row {
    fn state(&self) -> Option<State> {
        match self.state.as_str() {
            "submitting" => Some(State::Submitting),
            "pending" => Some(State::Pending),
            "unknown" => Some(State::Unknown { since: self.since_at? }),
            "authorised" => Some(State::Authorised { provider_reference: self.provider_reference.clone()? }),
            "capturing" => Some(State::Capturing {
                provider_reference: self.provider_reference.clone()?,
                since: self.since_at?,
            }),
            "paid" => Some(State::Paid { provider_reference: self.provider_reference.clone()? }),
            "declined" => Some(State::Declined { reason: self.reason.clone()? }),
            "expired" => Some(State::Expired),
            "cancelled" => Some(State::Cancelled),
            "mismatched" => Some(State::Mismatched {
                provider_reference: self.provider_reference.clone()?,
                took: Money::fils(self.took_fils?),
            }),
            _ => None,
        }
    }
}

impl Row {
    fn with_parts(self, parts: &[PartRow]) -> Result<Attempt, Error> {
        let state = self.state().ok_or_else(|| corrupt("attempt", self.attempt_id))?;
        let own = parts.iter().filter(|part| part.attempt_id == self.attempt_id);
        let parts: Vec<Part> = own.map(PartRow::part).collect();
        if parts.is_empty() {
            return Err(corrupt("attempt", self.attempt_id));
        }
        Ok(Attempt {
            id: AttemptId(self.attempt_id),
            parts,
            provider: self.provider,
            amount: Money::fils(self.amount_fils),
            state,
            submits: self.submits,
            doubts: self.doubts,
            contradicted_at: self.contradicted_at,
            doubted_at: self.doubted_at,
            cancelling: self.cancelling,
            delayed_capture: self.delayed_capture,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

struct PartRow {
    attempt_id: Uuid,
    payment_id: Uuid,
    invoice_id: Uuid,
    amount_fils: i64,
}

impl PartRow {
    fn part(&self) -> Part {
        Part {
            payment_id: PaymentId(self.payment_id),
            invoice_id: InvoiceId(self.invoice_id),
            amount: Money::fils(self.amount_fils),
        }
    }
}

async fn parts(tx: &mut Tx, attempts: &[Uuid]) -> Result<Vec<PartRow>, Error> {
    let rows = sqlx::query_as!(
        PartRow,
        "SELECT attempt_id, payment_id, invoice_id, amount_fils
           FROM attempt_part
          WHERE attempt_id = ANY($1)
          ORDER BY attempt_id, position",
        attempts,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// Locks those of `attempts` that exist, in the order of their ids.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn lock(tx: &mut Tx, attempts: &[Uuid]) -> Result<Vec<Attempt>, Error> {
    if attempts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT attempt_id, provider, amount_fils, state, since_at, provider_reference, reason, took_fils, submits, doubts,
                contradicted_at, doubted_at, cancelling, delayed_capture, created_at, version
           FROM attempt
          WHERE attempt_id = ANY($1)
          ORDER BY attempt_id
            FOR UPDATE",
        attempts,
    )
    .fetch_all(tx.conn())
    .await?;
    let parts = parts(tx, attempts).await?;
    rows.into_iter().map(|row| row.with_parts(&parts)).collect()
}

/// Those of `attempts` that exist.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn read(tx: &mut Tx, attempts: &[Uuid]) -> Result<Vec<Attempt>, Error> {
    if attempts.is_empty() {
        return Ok(Vec::new());
    }
    let rows = rows(tx, attempts).await?;
    let parts = parts(tx, attempts).await?;
    rows.into_iter().map(|row| row.with_parts(&parts)).collect()
}

/// Where an attempt stands, if it exists.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn state(tx: &mut Tx, attempt: AttemptId) -> Result<Option<State>, Error> {
    let row = rows(tx, &[attempt.0]).await?.pop();
    row.map(|row| row.state().ok_or_else(|| corrupt("attempt", row.attempt_id))).transpose()
}

async fn rows(tx: &mut Tx, attempts: &[Uuid]) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT attempt_id, provider, amount_fils, state, since_at, provider_reference, reason, took_fils, submits, doubts,
                contradicted_at, doubted_at, cancelling, delayed_capture, created_at, version
           FROM attempt
          WHERE attempt_id = ANY($1)",
        attempts,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows)
}

/// The attempts of `payments`, newest first.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn of_payments(tx: &mut Tx, payments: &[Uuid]) -> Result<Vec<Attempt>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT attempt_id, provider, amount_fils, state, since_at, provider_reference, reason, took_fils, submits, doubts,
                contradicted_at, doubted_at, cancelling, delayed_capture, created_at, version
           FROM attempt
          WHERE attempt_id IN (SELECT attempt_id FROM attempt_part WHERE payment_id = ANY($1))
          ORDER BY created_at DESC, attempt_id DESC",
        payments,
    )
    .fetch_all(tx.conn())
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.attempt_id).collect();
    let parts = parts(tx, &ids).await?;
    rows.into_iter().map(|row| row.with_parts(&parts)).collect()
}

/// Since when it is not known of some attempt whether its money came: it is unknown, or being captured.
///
/// # Errors
/// As any read of `tx`.
pub async fn oldest_doubt(tx: &mut Tx) -> Result<Option<OffsetDateTime>, Error> {
    let oldest =
        sqlx::query_scalar!("SELECT min(since_at) FROM attempt WHERE state IN ('unknown', 'capturing')");
    Ok(oldest.fetch_one(tx.conn()).await?)
}

/// Writes new attempts; they are all being submitted.
///
/// # Errors
/// As any write of `tx`.
pub async fn insert(tx: &mut Tx, new: &[&Attempt]) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = new.iter().map(|a| a.id.0).collect();
    let providers: Vec<String> = new.iter().map(|a| a.provider.clone()).collect();
    let amounts: Vec<i64> = new.iter().map(|a| a.amount.minor_units()).collect();
    let created: Vec<OffsetDateTime> = new.iter().map(|a| a.created_at).collect();
    let delayed: Vec<bool> = new.iter().map(|a| a.delayed_capture).collect();
    sqlx::query!(
        "INSERT INTO attempt (attempt_id, provider, amount_fils, created_at, delayed_capture, state, submits, doubts, version)
         SELECT *, 'submitting', 1, 0, 1
           FROM UNNEST($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bool[])",
        &ids,
        &providers,
        &amounts,
        &created,
        &delayed,
    )
    .execute(tx.conn())
    .await?;
    insert_parts(tx, new).await
}

async fn insert_parts(tx: &mut Tx, new: &[&Attempt]) -> Result<(), pg::Error> {
    let (mut ids, mut positions, mut of) = (Vec::new(), Vec::new(), Vec::new());
    for attempt in new {
        for (position, part) in (1_i32..).zip(&attempt.parts) {
            ids.push(attempt.id.0);
            positions.push(position);
            of.push(part);
        }
    }
    let payments: Vec<Uuid> = of.iter().map(|part| part.payment_id.0).collect();
    let invoices: Vec<Uuid> = of.iter().map(|part| part.invoice_id.0).collect();
    let amounts: Vec<i64> = of.iter().map(|part| part.amount.minor_units()).collect();
    sqlx::query!(
        "INSERT INTO attempt_part (attempt_id, position, payment_id, invoice_id, amount_fils)
         SELECT * FROM UNNEST($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::bigint[])",
        &ids,
        &positions,
        &payments,
        &invoices,
        &amounts,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The columns of the state.
#[derive(Default)]
struct Columns {
    since_at: Option<OffsetDateTime>,
    provider_reference: Option<String>,
    reason: Option<String>,
    took_fils: Option<i64>,
}

fn columns(state: &State) -> Columns {
    let none = Columns::default();
    match state {
        State::Submitting | State::Pending | State::Expired | State::Cancelled => none,
        State::Unknown { since } => Columns { since_at: Some(*since), ..none },
        State::Capturing { provider_reference, since } => {
            Columns { since_at: Some(*since), provider_reference: Some(provider_reference.clone()), ..none }
        }
        State::Authorised { provider_reference } | State::Paid { provider_reference } => {
            Columns { provider_reference: Some(provider_reference.clone()), ..none }
        }
        State::Declined { reason } => Columns { reason: Some(reason.clone()), ..none },
        State::Mismatched { provider_reference, took } => Columns {
            provider_reference: Some(provider_reference.clone()),
            took_fils: Some(took.minor_units()),
            ..none
        },
    }
}

/// Writes changed attempts over what was read: `before` is the version of each.
///
/// # Errors
/// `Conflict` when one is no longer what was read; as any write of `tx`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn update(tx: &mut Tx, changed: &[(i64, &Attempt)]) -> Result<(), pg::Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let of: Vec<Columns> = changed.iter().map(|(_, a)| columns(&a.state)).collect();
    let ids: Vec<Uuid> = changed.iter().map(|(_, a)| a.id.0).collect();
    let before: Vec<i64> = changed.iter().map(|(version, _)| *version).collect();
    let amounts: Vec<i64> = changed.iter().map(|(_, a)| a.amount.minor_units()).collect();
    let states: Vec<String> = changed.iter().map(|(_, a)| a.state.name().to_owned()).collect();
    let since: Vec<Option<OffsetDateTime>> = of.iter().map(|c| c.since_at).collect();
    let references: Vec<Option<String>> = of.iter().map(|c| c.provider_reference.clone()).collect();
    let reasons: Vec<Option<String>> = of.iter().map(|c| c.reason.clone()).collect();
    let took: Vec<Option<i64>> = of.iter().map(|c| c.took_fils).collect();
    let submits: Vec<i32> = changed.iter().map(|(_, a)| a.submits).collect();
    let doubts: Vec<i32> = changed.iter().map(|(_, a)| a.doubts).collect();
    let contradicted: Vec<Option<OffsetDateTime>> = changed.iter().map(|(_, a)| a.contradicted_at).collect();
    let doubted: Vec<Option<OffsetDateTime>> = changed.iter().map(|(_, a)| a.doubted_at).collect();
    let cancelling: Vec<bool> = changed.iter().map(|(_, a)| a.cancelling).collect();
    let versions: Vec<i64> = changed.iter().map(|(_, a)| a.version).collect();
    let done = sqlx::query!(
        "UPDATE attempt
            SET state = new.state, since_at = new.since_at, provider_reference = new.provider_reference,
                reason = new.reason, took_fils = new.took_fils, submits = new.submits, doubts = new.doubts,
                contradicted_at = new.contradicted_at, doubted_at = new.doubted_at, cancelling = new.cancelling,
                version = new.version, amount_fils = new.amount_fils
           FROM UNNEST($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[],
                       $8::int[], $9::int[], $10::timestamptz[], $11::timestamptz[], $12::bool[], $13::bigint[], $14::bigint[])
             AS new (attempt_id, before, state, since_at, provider_reference, reason, took_fils, submits, doubts,
                     contradicted_at, doubted_at, cancelling, version, amount_fils)
          WHERE attempt.attempt_id = new.attempt_id
            AND attempt.version = new.before",
        &ids,
        &before,
        &states,
        &since as &[Option<OffsetDateTime>],
        &references as &[Option<String>],
        &reasons as &[Option<String>],
        &took as &[Option<i64>],
        &submits,
        &doubts,
        &contradicted as &[Option<OffsetDateTime>],
        &doubted as &[Option<OffsetDateTime>],
        &cancelling,
        &versions,
        &amounts,
    )
    .execute(tx.conn())
    .await?;
    all_written(done.rows_affected(), changed.len(), "attempt")?;
    update_parts(tx, changed).await
}

/// Less may be taken than was held: then the only part has the amount of the attempt.
async fn update_parts(tx: &mut Tx, changed: &[(i64, &Attempt)]) -> Result<(), pg::Error> {
    let capturing = |attempt: &&Attempt| matches!(attempt.state, State::Capturing { .. });
    let capturing: Vec<Uuid> =
        changed.iter().map(|(_, attempt)| *attempt).filter(capturing).map(|attempt| attempt.id.0).collect();
    if capturing.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE attempt_part SET amount_fils = attempt.amount_fils
           FROM attempt
          WHERE attempt.attempt_id = attempt_part.attempt_id
            AND attempt.attempt_id = ANY($1)
            AND NOT EXISTS (SELECT FROM attempt_part AS other
                             WHERE other.attempt_id = attempt.attempt_id AND other.position > 1)",
        &capturing,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
