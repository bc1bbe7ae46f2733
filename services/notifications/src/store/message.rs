//! Messages to people.

use ids::{ContactId, InvoiceId, MessageId, PaymentId};
use money::Money;
use pg::Tx;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::sending::{Columns, Oldest};
use crate::{Error, domain::sending::Sending};

/// A message on its way to one contact. No personal data: the address stands with the contact.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
    pub contact: ContactId,
    pub agency: String,
    pub bill_reference: String,
    /// Paid, or to be paid.
    pub amount: Money,
    pub about: About,
    pub traceparent: Option<String>,
    pub created_at: OffsetDateTime,
    pub sending: Sending,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    Receipt { payment: PaymentId, receipt_number: String, paid_at: OffsetDateTime },
    Bill { kind: Kind, invoice: InvoiceId, due_date: Date, occasion: String },
}

/// Why somebody is told of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There is one.
    Notice,
    /// It is not paid yet.
    Reminder,
}

impl About {
    /// As stored.
    pub fn template(&self) -> &'static str {
        match self {
            About::Receipt { .. } => "receipt",
            About::Bill { kind: Kind::Notice, .. } => "notice",
            About::Bill { kind: Kind::Reminder, .. } => "reminder",
        }
    }
}

/// What only some templates have.
#[derive(Default)]
struct Own<'a> {
    payment: Option<Uuid>,
    receipt_number: &'a str,
    paid_at: Option<OffsetDateTime>,
    invoice: Option<Uuid>,
    due_date: Option<Date>,
    occasion: Option<&'a str>,
}

impl Own<'_> {
    fn of(about: &About) -> Own<'_> {
        match about {
            About::Receipt { payment, receipt_number, paid_at } => {
                Own { payment: Some(payment.0), receipt_number, paid_at: Some(*paid_at), ..Own::default() }
            }
            About::Bill { kind: _, invoice, due_date, occasion } => Own {
                invoice: Some(invoice.0),
                due_date: Some(*due_date),
                occasion: Some(occasion),
                ..Own::default()
            },
        }
    }

    /// What the columns say.
    fn read(self, template: &str) -> Result<About, Error> {
        let kind = match template {
            "receipt" => None,
            "notice" => Some(Kind::Notice),
            "reminder" => Some(Kind::Reminder),
            _ => return Err(Error::Corrupt { table: "message" }),
        };
        let about = match kind {
            None => self.payment.zip(self.paid_at).map(|(payment, paid_at)| About::Receipt {
                payment: PaymentId(payment),
                receipt_number: self.receipt_number.to_owned(),
                paid_at,
            }),
            Some(kind) => {
                self.invoice.zip(self.due_date).zip(self.occasion).map(|((invoice, due_date), occasion)| {
                    About::Bill { kind, invoice: InvoiceId(invoice), due_date, occasion: occasion.to_owned() }
                })
            }
        };
        about.ok_or(Error::Corrupt { table: "message" })
    }
}

/// Keeps a new message, unless the same one is already on its way to this contact.
pub async fn insert(tx: &mut Tx, message: &Message) -> Result<bool, Error> {
    let (columns, own) = (Columns::of(&message.sending), Own::of(&message.about));
    let done = sqlx::query!(
        "INSERT INTO message (message_id, contact_id, template, payment_id, agency_id, receipt_number, bill_reference,
                amount_fils, paid_at, traceparent, state, next_at, ended_at, tries, last_answer, version, created_at,
                invoice_id, due_date, occasion)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
             ON CONFLICT DO NOTHING",
        message.id.0,
        message.contact.0,
        message.about.template(),
        own.payment,
        message.agency,
        own.receipt_number,
        message.bill_reference,
        message.amount.minor_units(),
        own.paid_at,
        message.traceparent,
        columns.state,
        columns.next_at,
        columns.ended_at,
        message.sending.tries,
        message.sending.last_answer,
        message.sending.version,
        message.created_at,
        own.invoice,
        own.due_date,
        own.occasion,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Up to `limit` messages that are due, or whose sender died; locked, oldest first. What others lock is passed over.
pub async fn lock_due(tx: &mut Tx, now: OffsetDateTime, limit: i64) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query!(
        "SELECT message_id, contact_id, template, payment_id, agency_id, receipt_number, bill_reference, amount_fils,
                paid_at, traceparent, state, next_at, ended_at, tries, last_answer, version, created_at, invoice_id,
                due_date, occasion
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
        let own = Own {
            payment: row.payment_id,
            receipt_number: &row.receipt_number,
            paid_at: row.paid_at,
            invoice: row.invoice_id,
            due_date: row.due_date,
            occasion: row.occasion.as_deref(),
        };
        Ok(Message {
            id: MessageId(row.message_id),
            contact: ContactId(row.contact_id),
            about: own.read(&row.template)?,
            agency: row.agency_id,
            bill_reference: row.bill_reference,
            amount: Money::fils(row.amount_fils),
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

/// Messages about a bill that nobody has begun to send; locked.
pub async fn lock_waiting(tx: &mut Tx, invoice: InvoiceId) -> Result<Vec<(MessageId, Sending)>, Error> {
    let rows = sqlx::query!(
        "SELECT message_id, state, next_at, ended_at, tries, last_answer, version
           FROM message WHERE invoice_id = $1 AND state = 'pending' FOR UPDATE",
        invoice.0,
    )
    .fetch_all(tx.conn())
    .await?;
    let read = rows.into_iter().map(|row| {
        let columns = Columns { state: &row.state, next_at: row.next_at, ended_at: row.ended_at };
        let state = columns.read("message")?;
        let sending = Sending { state, tries: row.tries, last_answer: row.last_answer, version: row.version };
        Ok((MessageId(row.message_id), sending))
    });
    read.collect()
}

/// Since when the oldest message is on its way, and since when one is due that nobody has taken.
pub async fn oldest(tx: &mut Tx, now: OffsetDateTime) -> Result<Oldest, Error> {
    let oldest = sqlx::query_as!(
        Oldest,
        "SELECT min(created_at) AS open_since, min(next_at) FILTER (WHERE next_at <= $1) AS due_since
           FROM message
          WHERE next_at IS NOT NULL",
        now,
    );
    Ok(oldest.fetch_one(tx.conn()).await?)
}
