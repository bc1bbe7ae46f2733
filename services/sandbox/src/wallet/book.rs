//! The provider's book: SQL only.

use pg::Tx;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    charge::{Charge, State},
    fault::{Armed, Fault, Operation},
};
use crate::Error;

/// A row of `charge`.
struct Row {
    reference: String,
    payment_id: String,
    bill_reference: String,
    asked_fils: i64,
    amount_fils: i64,
    refunded_fils: i64,
    state: String,
    hold_ms: Option<i64>,
    fault: Option<String>,
    delay_ms: i64,
    capture_fault: Option<String>,
    capture_delay_ms: i64,
    callback_url: String,
    return_url: String,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    applied_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Charge {
    type Error = Error;

    fn try_from(row: Row) -> Result<Charge, Error> {
        let state = match (row.state.as_str(), row.applied_at) {
            ("created", None) => State::Created,
            ("authorised", None) => State::Authorised,
            ("paid", Some(applied_at)) => State::Paid { applied_at },
            ("declined", None) => State::Declined,
            ("expired", None) => State::Expired,
            ("reversed", None) => State::Reversed,
            _ => return Err(Error::Conflict(format!("the charge {} is corrupt", row.reference))),
        };
        let armed = |fault: String| Ok(Armed { fault: fault.parse()?, delay_ms: row.capture_delay_ms });
        let capture_fault: Option<Result<Armed, Error>> = row.capture_fault.map(armed);
        Ok(Charge {
            reference: row.reference,
            payment_id: row.payment_id,
            bill_reference: row.bill_reference,
            asked_fils: row.asked_fils,
            amount_fils: row.amount_fils,
            refunded_fils: row.refunded_fils,
            state,
            hold: row.hold_ms.map(Duration::milliseconds),
            fault: row.fault.map(|fault| fault.parse()).transpose()?,
            delay_ms: row.delay_ms,
            capture_fault: capture_fault.transpose()?,
            callback_url: row.callback_url,
            return_url: row.return_url,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

/// Writes a new charge; false when its reference is known already.
///
/// # Errors
/// Postgres.
pub async fn insert(tx: &mut Tx, charge: &Charge) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO charge (reference, payment_id, bill_reference, asked_fils, amount_fils, state, hold_ms,
                             fault, delay_ms, callback_url, return_url, created_at, expires_at, applied_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
             ON CONFLICT (reference) DO NOTHING",
        charge.reference,
        charge.payment_id,
        charge.bill_reference,
        charge.asked_fils,
        charge.amount_fils,
        charge.state.name(),
        charge.hold.map(|hold| i64::try_from(hold.whole_milliseconds()).unwrap_or(i64::MAX)),
        charge.fault.map(Fault::name),
        charge.delay_ms,
        charge.callback_url,
        charge.return_url,
        charge.created_at,
        charge.expires_at,
        charge.state.applied_at(),
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The charge of `reference`, locked.
///
/// # Errors
/// Postgres.
pub async fn lock(tx: &mut Tx, reference: &str) -> Result<Option<Charge>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT reference, payment_id, bill_reference, asked_fils, amount_fils, refunded_fils, state, hold_ms,
                fault, delay_ms, capture_fault, capture_delay_ms, callback_url, return_url, created_at,
                expires_at, applied_at
           FROM charge
          WHERE reference = $1
            FOR UPDATE",
        reference,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Charge::try_from).transpose()
}

/// Writes `after` over `before`.
///
/// # Errors
/// Postgres; `Conflict` if the row is no longer `before`.
pub async fn save(tx: &mut Tx, before: &Charge, after: &Charge) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE charge
            SET state = $3, amount_fils = $4, applied_at = $5, expires_at = $6, capture_fault = $7,
                capture_delay_ms = $8
          WHERE reference = $1
            AND state = $2",
        before.reference,
        before.state.name(),
        after.state.name(),
        after.amount_fils,
        after.state.applied_at(),
        after.expires_at,
        after.capture_fault.map(|armed| armed.fault.name()),
        after.capture_fault.map_or(0, |armed| armed.delay_ms),
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "charge")?)
}

/// Writes down that money of a charge goes back.
///
/// # Errors
/// Postgres; `Conflict` if the charge is not paid or has not so much left.
pub async fn give_back(tx: &mut Tx, reference: &str, fils: i64) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE charge
            SET refunded_fils = refunded_fils + $2
          WHERE reference = $1
            AND state = 'paid'
            AND amount_fils - refunded_fils >= $2",
        reference,
        fils,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "charge")?)
}

/// Every charge, oldest first.
///
/// # Errors
/// Postgres.
pub async fn charges(tx: &mut Tx) -> Result<Vec<Charge>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT reference, payment_id, bill_reference, asked_fils, amount_fils, refunded_fils, state, hold_ms,
                fault, delay_ms, capture_fault, capture_delay_ms, callback_url, return_url, created_at,
                expires_at, applied_at
           FROM charge
          ORDER BY created_at, reference",
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Charge::try_from).collect()
}

/// Arms a fault for the next `operation` of a bill, in place of one armed before.
///
/// # Errors
/// Postgres.
pub async fn arm(
    tx: &mut Tx,
    bill_reference: &str,
    operation: Operation,
    armed: Armed,
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO armed_fault (bill_reference, operation, fault, delay_ms, armed_at)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (bill_reference, operation) DO UPDATE
            SET fault = excluded.fault, delay_ms = excluded.delay_ms, armed_at = excluded.armed_at",
        bill_reference,
        operation.name(),
        armed.fault.name(),
        armed.delay_ms,
        now,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes the fault armed for an `operation` of a bill.
///
/// # Errors
/// Postgres.
pub async fn disarm(tx: &mut Tx, bill_reference: &str, operation: Operation) -> Result<Option<Armed>, Error> {
    let armed = sqlx::query!(
        "DELETE FROM armed_fault WHERE bill_reference = $1 AND operation = $2 RETURNING fault, delay_ms",
        bill_reference,
        operation.name(),
    )
    .fetch_optional(tx.conn())
    .await?;
    armed.map(|row| Ok(Armed { fault: row.fault.parse()?, delay_ms: row.delay_ms })).transpose()
}

/// The provider's troubles of the moment.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// 503 for everything.
    pub outage: bool,
    /// Each answer waits this long.
    pub slow_ms: i64,
}

/// The provider's troubles of the moment.
///
/// # Errors
/// Postgres.
pub async fn weather(tx: &mut Tx) -> Result<Weather, Error> {
    Ok(sqlx::query_as!(Weather, "SELECT outage, slow_ms FROM wallet_weather").fetch_one(tx.conn()).await?)
}

/// Changes the provider's troubles; `None` leaves one as it is.
///
/// # Errors
/// Postgres.
pub async fn set_weather(tx: &mut Tx, outage: Option<bool>, slow_ms: Option<i64>) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE wallet_weather SET outage = coalesce($1, outage), slow_ms = coalesce($2, slow_ms)",
        outage,
        slow_ms,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Something the provider still has to tell.
#[derive(Clone, Debug)]
pub struct Callback {
    pub callback_id: Uuid,
    pub reference: String,
    pub url: String,
    pub body: String,
    pub signature: String,
    pub due_at: OffsetDateTime,
    pub tries: i32,
}

/// Writes down what must be told.
///
/// # Errors
/// Postgres.
pub async fn insert_callback(tx: &mut Tx, callback: &Callback) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO wallet_callback (callback_id, reference, url, body, signature, due_at, tries)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        callback.callback_id,
        callback.reference,
        callback.url,
        callback.body,
        callback.signature,
        callback.due_at,
        callback.tries,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What is due now, oldest first.
///
/// # Errors
/// Postgres.
pub async fn due_callbacks(tx: &mut Tx, now: OffsetDateTime, most: i64) -> Result<Vec<Callback>, Error> {
    Ok(sqlx::query_as!(
        Callback,
        "SELECT callback_id, reference, url, body, signature, due_at, tries
           FROM wallet_callback
          WHERE delivered_at IS NULL
            AND given_up_at IS NULL
            AND due_at <= $1
          ORDER BY due_at
          LIMIT $2",
        now,
        most,
    )
    .fetch_all(tx.conn())
    .await?)
}

/// How a try to tell ended.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    Delivered { at: OffsetDateTime },
    Again { due_at: OffsetDateTime },
    GivenUp { at: OffsetDateTime },
}

/// Writes down a try.
///
/// # Errors
/// Postgres.
pub async fn save_try(tx: &mut Tx, callback_id: Uuid, told: Told, answer: &str) -> Result<(), Error> {
    let (delivered_at, due_at, given_up_at) = match told {
        Told::Delivered { at } => (Some(at), None, None),
        Told::Again { due_at } => (None, Some(due_at), None),
        Told::GivenUp { at } => (None, None, Some(at)),
    };
    sqlx::query!(
        "UPDATE wallet_callback
            SET tries = tries + 1, last_answer = $2, delivered_at = $3, due_at = coalesce($4, due_at),
                given_up_at = $5
          WHERE callback_id = $1
            AND delivered_at IS NULL",
        callback_id,
        answer,
        delivered_at,
        due_at,
        given_up_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
