//! Messages to people.

use ids::{ContactId, MessageId, PaymentId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;

use super::sending::Columns;
use crate::{Error, domain::sending::Sending};

/// The one template so far.
const RECEIPT: &str = "receipt";

/// A receipt on its way to one contact. No personal data: the address stands with the contact.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
    pub contact: ContactId,
    pub payment: PaymentId,
    pub agency: String,
    pub receipt_number: String,
    pub bill_reference: String,
    pub amount: Money,
    pub paid_at: OffsetDateTime,
    pub traceparent: Option<String>,
    pub created_at: OffsetDateTime,
    pub sending: Sending,
}

/// Keeps a new message, unless this payment's receipt is already on its way to this contact.
pub async fn insert(tx: &mut Tx, message: &Message) -> Result<bool, Error> {
    let columns = Columns::of(&message.sending);
    let done = sqlx::query!(
        "INSERT INTO message (message_id, contact_id, template, payment_id, agency_id, receipt_number, bill_reference,
                amount_fils, paid_at, traceparent, state, next_at, ended_at, tries, last_answer, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             ON CONFLICT ON CONSTRAINT message_once DO NOTHING",
        message.id.0,
        message.contact.0,
        RECEIPT,
        message.payment.0,
        message.agency,
        message.receipt_number,
        message.bill_reference,
        message.amount.minor_units(),
        message.paid_at,
        message.traceparent,
        columns.state,
        columns.next_at,
        columns.ended_at,
        message.sending.tries,
        message.sending.last_answer,
        message.sending.version,
        message.created_at,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Up to `limit` messages that are due, or whose sender died; locked, oldest first. What others lock is passed over.
pub async fn lock_due(tx: &mut Tx, now: OffsetDateTime, limit: i64) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query!(
        "SELECT message_id, contact_id, payment_id, agency_id, receipt_number, bill_reference, amount_fils, paid_at,
                traceparent, state, next_at, ended_at, tries, last_answer, version, created_at
           FROM message
          WHERE next_at <= $1
          ORDER BY next_at
          LIMIT $2
            FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )
    .fetch_all(tx.conn())
    .await?;
    let read = rows.into_iter().map(|row| {
        let columns = Columns { state: &row.state, next_at: row.next_at, ended_at: row.ended_at };
        let state = columns.read("message")?;
        let sending = Sending { state, tries: row.tries, last_answer: row.last_answer, version: row.version };
        Ok(Message {
            id: MessageId(row.message_id),
            contact: ContactId(row.contact_id),
            payment: PaymentId(row.payment_id),
            agency: row.agency_id,
            receipt_number: row.receipt_number,
            bill_reference: row.bill_reference,
            amount: Money::fils(row.amount_fils),
            paid_at: row.paid_at,
            traceparent: row.traceparent,
            created_at: row.created_at,
            sending,
        })
    });
    read.collect()
}

/// Writes `after` over `before`; `Conflict`, and nothing written, if somebody else has it by now.
pub async fn save(tx: &mut Tx, id: MessageId, before: &Sending, after: &Sending) -> Result<(), Error> {
    let columns = Columns::of(after);
    let done = sqlx::query!(
        "UPDATE message
            SET state = $4, next_at = $5, ended_at = $6, tries = $7, last_answer = $8, version = $9
          WHERE message_id = $1
            AND state = $2 AND version = $3",
        id.0,
        before.state.name(),
        before.version,
        columns.state,
        columns.next_at,
        columns.ended_at,
        after.tries,
        after.last_answer,
        after.version,
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "message")?)
}

/// When the oldest message that is still on its way was made.
pub async fn oldest_open(tx: &mut Tx) -> Result<Option<OffsetDateTime>, Error> {
    let oldest = sqlx::query_scalar!("SELECT min(created_at) FROM message WHERE next_at IS NOT NULL")
        .fetch_one(tx.conn())
        .await?;
    Ok(oldest)
}
