//! Payments.

use ids::{AgencyId, AttemptId, CaseId, InvoiceId, PaymentId};
use money::Money;
use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{all_written, corrupt};
use crate::{
    Error,
    domain::{
        attempt::NextAction,
        payment::{By, Failure, Payment, Receipt, State},
    },
};

struct Row {
    payment_id: Uuid,
    agency_id: String,
    invoice_id: Uuid,
    bill_reference: String,
    channel: String,
    provider: Option<String>,
    amount_fils: i64,
    credited_fils: i64,
    state: String,
    redirect_url: Option<String>,
    qr_payload: Option<String>,
    failure: Option<String>,
    captured_at: Option<OffsetDateTime>,
    receipt_number: Option<String>,
    provider_reference: Option<String>,
    contact_ref: String,
    return_url: String,
    actor: String,
    case_id: Option<Uuid>,
    attempt_id: Option<Uuid>,
    created_at: OffsetDateTime,
    version: i64,
}

impl Row {
    fn by(&self) -> Option<By> {
        match (self.channel.as_str(), &self.provider, self.attempt_id) {
            ("wallet", Some(provider), Some(attempt)) => Some(By::Wallet {
                provider: provider.clone(),
                attempt_id: AttemptId(attempt),
                provider_reference: self.provider_reference.clone(),
            }),
            ("kiosk_cash", None, None) => Some(By::KioskCash),
            _ => None,
        }
    }

    fn state(&self) -> Option<State> {
        let receipt = || Some(Receipt { at: self.captured_at?, number: self.receipt_number.clone()? });
        match self.state.as_str() {
            "created" => Some(State::Created),
            "action_required" => Some(State::ActionRequired(NextAction {
                redirect_url: self.redirect_url.clone()?,
                qr_payload: self.qr_payload.clone()?,
            })),
            "processing" => Some(State::Processing),
            "captured" => Some(State::Captured(receipt()?)),
            "failed" => {
                let code = self.failure.as_deref()?;
                let failure = Failure::ALL.into_iter().find(|failure| failure.code() == code)?;
                Some(State::Failed { failure })
            }
            "expired" => Some(State::Expired),
            "late" => Some(State::Late(receipt()?)),
            _ => None,
        }
    }
}

impl TryFrom<Row> for Payment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Payment, Error> {
        let (Some(by), Some(state)) = (row.by(), row.state()) else {
            return Err(corrupt("payment", row.payment_id));
        };
        Ok(Payment {
            id: PaymentId(row.payment_id),
            agency: AgencyId(row.agency_id),
            invoice_id: InvoiceId(row.invoice_id),
            bill_reference: row.bill_reference,
            by,
            amount: Money::fils(row.amount_fils),
            credited: Money::fils(row.credited_fils),
            state,
            contact_ref: row.contact_ref,
            return_url: row.return_url,
            actor: row.actor,
            case_id: row.case_id.map(CaseId),
            created_at: row.created_at,
            version: row.version,
        })
    }
}

/// Locks those of `payments` that exist, in the order of their ids.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn lock(tx: &mut Tx, payments: &[Uuid]) -> Result<Vec<Payment>, Error> {
    if payments.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT payment_id, agency_id, invoice_id, bill_reference, channel, provider, amount_fils, credited_fils, state,
                redirect_url, qr_payload, failure, captured_at, receipt_number, provider_reference, contact_ref,
                return_url, actor, case_id, attempt_id, created_at, version
           FROM payment
          WHERE payment_id = ANY($1)
          ORDER BY payment_id
            FOR UPDATE",
        payments,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// One payment.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn by_id(tx: &mut Tx, id: PaymentId) -> Result<Option<Payment>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT payment_id, agency_id, invoice_id, bill_reference, channel, provider, amount_fils, credited_fils, state,
                redirect_url, qr_payload, failure, captured_at, receipt_number, provider_reference, contact_ref,
                return_url, actor, case_id, attempt_id, created_at, version
           FROM payment
          WHERE payment_id = $1",
        id.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    row.map(Payment::try_from).transpose()
}

/// The payments of an invoice, oldest first.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn of_invoice(tx: &mut Tx, invoice: InvoiceId) -> Result<Vec<Payment>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT payment_id, agency_id, invoice_id, bill_reference, channel, provider, amount_fils, credited_fils, state,
                redirect_url, qr_payload, failure, captured_at, receipt_number, provider_reference, contact_ref,
                return_url, actor, case_id, attempt_id, created_at, version
           FROM payment
          WHERE invoice_id = $1
          ORDER BY created_at, payment_id",
        invoice.0,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// The columns of a wallet payment.
fn wallet(by: &By) -> (Option<String>, Option<Uuid>, Option<String>) {
    match by {
        By::Wallet { provider, attempt_id, provider_reference } => {
            (Some(provider.clone()), Some(attempt_id.0), provider_reference.clone())
        }
        By::KioskCash => (None, None, None),
    }
}

/// The columns of the state.
#[derive(Default)]
struct Columns {
    redirect_url: Option<String>,
    qr_payload: Option<String>,
    failure: Option<String>,
    captured_at: Option<OffsetDateTime>,
    receipt_number: Option<String>,
}

fn columns(state: &State) -> Columns {
    match state {
        State::Created | State::Processing | State::Expired => Columns::default(),
        State::ActionRequired(next) => Columns {
            redirect_url: Some(next.redirect_url.clone()),
            qr_payload: Some(next.qr_payload.clone()),
            ..Columns::default()
        },
        State::Failed { failure } => {
            Columns { failure: Some(failure.code().to_owned()), ..Columns::default() }
        }
        State::Captured(receipt) | State::Late(receipt) => Columns {
            captured_at: Some(receipt.at),
            receipt_number: Some(receipt.number.clone()),
            ..Columns::default()
        },
    }
}

/// Writes new payments as they begin: `created`, version 1. [`update`] brings those further that came further at once.
///
/// # Errors
/// As any write of `tx`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn insert(tx: &mut Tx, new: &[&Payment]) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = new.iter().map(|p| p.id.0).collect();
    let agencies: Vec<String> = new.iter().map(|p| p.agency.0.clone()).collect();
    let invoices: Vec<Uuid> = new.iter().map(|p| p.invoice_id.0).collect();
    let bills: Vec<String> = new.iter().map(|p| p.bill_reference.clone()).collect();
    let channels: Vec<String> = new.iter().map(|p| p.by.channel().to_owned()).collect();
    let providers: Vec<Option<String>> = new.iter().map(|p| wallet(&p.by).0).collect();
    let amounts: Vec<i64> = new.iter().map(|p| p.amount.minor_units()).collect();
    let contacts: Vec<String> = new.iter().map(|p| p.contact_ref.clone()).collect();
    let returns: Vec<String> = new.iter().map(|p| p.return_url.clone()).collect();
    let actors: Vec<String> = new.iter().map(|p| p.actor.clone()).collect();
    let attempts: Vec<Option<Uuid>> = new.iter().map(|p| wallet(&p.by).1).collect();
    let created: Vec<OffsetDateTime> = new.iter().map(|p| p.created_at).collect();
    sqlx::query!(
        "INSERT INTO payment
             (payment_id, agency_id, invoice_id, bill_reference, channel, provider, amount_fils, contact_ref, return_url,
              actor, attempt_id, created_at, credited_fils, state, version)
         SELECT *, 0, 'created', 1
           FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                       $9::text[], $10::text[], $11::uuid[], $12::timestamptz[])",
        &ids,
        &agencies,
        &invoices,
        &bills,
        &channels,
        &providers as &[Option<String>],
        &amounts,
        &contacts,
        &returns,
        &actors,
        &attempts as &[Option<Uuid>],
        &created,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes changed payments over what was read: `before` is the version of each.
///
/// # Errors
/// `Conflict` when one is no longer what was read; as any write of `tx`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn update(tx: &mut Tx, changed: &[(i64, &Payment)]) -> Result<(), pg::Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let of: Vec<Columns> = changed.iter().map(|(_, p)| columns(&p.state)).collect();
    let ids: Vec<Uuid> = changed.iter().map(|(_, p)| p.id.0).collect();
    let before: Vec<i64> = changed.iter().map(|(version, _)| *version).collect();
    let credited: Vec<i64> = changed.iter().map(|(_, p)| p.credited.minor_units()).collect();
    let states: Vec<String> = changed.iter().map(|(_, p)| p.state.name().to_owned()).collect();
    let redirects: Vec<Option<String>> = of.iter().map(|c| c.redirect_url.clone()).collect();
    let qrs: Vec<Option<String>> = of.iter().map(|c| c.qr_payload.clone()).collect();
    let failures: Vec<Option<String>> = of.iter().map(|c| c.failure.clone()).collect();
    let captured: Vec<Option<OffsetDateTime>> = of.iter().map(|c| c.captured_at).collect();
    let receipts: Vec<Option<String>> = of.iter().map(|c| c.receipt_number.clone()).collect();
    let references: Vec<Option<String>> = changed.iter().map(|(_, p)| wallet(&p.by).2).collect();
    let cases: Vec<Option<Uuid>> = changed.iter().map(|(_, p)| p.case_id.map(|id| id.0)).collect();
    let versions: Vec<i64> = changed.iter().map(|(_, p)| p.version).collect();
    let done = sqlx::query!(
        "UPDATE payment
            SET credited_fils = new.credited_fils, state = new.state, redirect_url = new.redirect_url,
                qr_payload = new.qr_payload, failure = new.failure, captured_at = new.captured_at,
                receipt_number = new.receipt_number, provider_reference = new.provider_reference,
                case_id = new.case_id, version = new.version
           FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                       $8::timestamptz[], $9::text[], $10::text[], $11::uuid[], $12::bigint[])
             AS new (payment_id, before, credited_fils, state, redirect_url, qr_payload, failure, captured_at,
                     receipt_number, provider_reference, case_id, version)
          WHERE payment.payment_id = new.payment_id
            AND payment.version = new.before",
        &ids,
        &before,
        &credited,
        &states,
        &redirects as &[Option<String>],
        &qrs as &[Option<String>],
        &failures as &[Option<String>],
        &captured as &[Option<OffsetDateTime>],
        &receipts as &[Option<String>],
        &references as &[Option<String>],
        &cases as &[Option<Uuid>],
        &versions,
    )
    .execute(tx.conn())
    .await?;
    all_written(done.rows_affected(), changed.len(), "payment")
}
