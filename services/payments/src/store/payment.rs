//! Payments.

use std::collections::HashMap;

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
        payment::{Back, By, Direct, Failure, Payment, Receipt, State},
    },
};

struct Row {
    payment_id: Uuid,
    agency_id: String,
    invoice_id: Uuid,
    bill_reference: String,
    kind: String,
    channel: String,
    provider: Option<String>,
    amount_fils: i64,
    credited_fils: i64,
    refunding_fils: i64,
    refunded_fils: i64,
    disputed_fils: i64,
    charged_back_fils: i64,
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
        match (self.kind.as_str(), &self.provider, self.attempt_id) {
            ("collected", Some(provider), Some(attempt)) => Some(By::Wallet {
                provider: provider.clone(),
                attempt_id: AttemptId(attempt),
                provider_reference: self.provider_reference.clone(),
            }),
            ("told", Some(provider), None) => Some(By::Direct {
                channel: Direct::ALL.into_iter().find(|channel| channel.name() == self.channel)?,
                provider: provider.clone(),
                provider_reference: self.provider_reference.clone()?,
            }),
            ("cash", None, None) => Some(By::KioskCash),
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
            "authorised" => Some(State::Authorised),
            "captured" => Some(State::Captured(receipt()?)),
            "partially_refunded" => Some(State::PartiallyRefunded(receipt()?)),
            "refunded" => Some(State::Refunded(receipt()?)),
            "cancelled" => Some(State::Cancelled),
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
            back: Back {
                refunding: Money::fils(row.refunding_fils),
                refunded: Money::fils(row.refunded_fils),
                disputed: Money::fils(row.disputed_fils),
                charged_back: Money::fils(row.charged_back_fils),
            },
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

/// In which trace each payment took its step, where that is known: it leads to what every service did then.
pub type Traces = HashMap<PaymentId, String>;

/// The trace of a step after which the money is there.
fn captured_in(payment: &Payment, traces: &Traces) -> Option<String> {
    columns(&payment.state).captured_at.and_then(|_at| traces.get(&payment.id).cloned())
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
        "SELECT payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, amount_fils, credited_fils,
                refunding_fils, refunded_fils, disputed_fils, charged_back_fils, state, redirect_url, qr_payload, failure,
                captured_at, receipt_number, provider_reference, contact_ref, return_url, actor, case_id, attempt_id,
                created_at, version
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

/// Those of `payments` that exist.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn read(tx: &mut Tx, payments: &[Uuid]) -> Result<Vec<Payment>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, amount_fils, credited_fils,
                refunding_fils, refunded_fils, disputed_fils, charged_back_fils, state, redirect_url, qr_payload, failure,
                captured_at, receipt_number, provider_reference, contact_ref, return_url, actor, case_id, attempt_id,
                created_at, version
           FROM payment
          WHERE payment_id = ANY($1)",
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
    Ok(read(tx, &[id.0]).await?.pop())
}

/// The payments of an invoice, oldest first.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn of_invoice(tx: &mut Tx, invoice: InvoiceId) -> Result<Vec<Payment>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, amount_fils, credited_fils,
                refunding_fils, refunded_fils, disputed_fils, charged_back_fils, state, redirect_url, qr_payload, failure,
                captured_at, receipt_number, provider_reference, contact_ref, return_url, actor, case_id, attempt_id,
                created_at, version
           FROM payment
          WHERE invoice_id = $1
          ORDER BY created_at, payment_id",
        invoice.0,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// The payments that providers' movements (provider, its reference) are.
///
/// # Errors
/// As any read of `tx`.
pub async fn movements(
    tx: &mut Tx,
    movements: &[(String, String)],
) -> Result<Vec<((String, String), PaymentId)>, Error> {
    if movements.is_empty() {
        return Ok(Vec::new());
    }
    let (providers, references): (Vec<String>, Vec<String>) = movements.iter().cloned().unzip();
    let rows = sqlx::query!(
        r#"WITH asked AS (SELECT * FROM UNNEST($1::text[], $2::text[]) AS asked (provider, provider_reference))
           SELECT payment.provider AS "provider!", payment.provider_reference AS "reference!", payment_id AS "payment_id!"
             FROM payment JOIN asked USING (provider, provider_reference)
            WHERE kind = 'told'
            UNION ALL
           SELECT attempt.provider, attempt.provider_reference, attempt_part.payment_id
             FROM attempt
             JOIN asked USING (provider, provider_reference)
             JOIN attempt_part ON attempt_part.attempt_id = attempt.attempt_id AND attempt_part.position = 1"#,
        &providers,
        &references,
    )
    .fetch_all(tx.conn())
    .await?;
    let known = rows.into_iter().map(|row| ((row.provider, row.reference), PaymentId(row.payment_id)));
    Ok(known.collect())
}

/// What of a payment is known; what is not, does not matter.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A bill, receipt or provider reference, whole.
    pub reference: Option<String>,
    pub agency: Option<String>,
    pub state: Option<String>,
    pub channel: Option<String>,
    pub from: Option<OffsetDateTime>,
    pub to: Option<OffsetDateTime>,
    /// Older than this one: the last of the page before.
    pub before: Option<(OffsetDateTime, Uuid)>,
    pub limit: i64,
}

/// Payments that are as wanted, newest first.
///
/// # Errors
/// As any read of `tx`; a corrupt row.
pub async fn search(tx: &mut Tx, wanted: &Wanted) -> Result<Vec<Payment>, Error> {
    let (before_at, before_id) = wanted.before.unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, amount_fils, credited_fils,
                refunding_fils, refunded_fils, disputed_fils, charged_back_fils, state, redirect_url, qr_payload, failure,
                captured_at, receipt_number, provider_reference, contact_ref, return_url, actor, case_id, attempt_id,
                created_at, version
           FROM payment
          WHERE ($1::text IS NULL OR bill_reference = $1 OR receipt_number = $1 OR provider_reference = $1)
            AND ($2::text IS NULL OR agency_id = $2)
            AND ($3::text IS NULL OR state = $3)
            AND ($4::text IS NULL OR channel = $4)
            AND ($5::timestamptz IS NULL OR created_at >= $5)
            AND ($6::timestamptz IS NULL OR created_at < $6)
            AND ($7::timestamptz IS NULL OR (created_at, payment_id) < ($7, $8::uuid))
          ORDER BY created_at DESC, payment_id DESC
          LIMIT $9",
        wanted.reference,
        wanted.agency,
        wanted.state,
        wanted.channel,
        wanted.from,
        wanted.to,
        before_at,
        before_id,
        wanted.limit,
    )
    .fetch_all(tx.conn())
    .await?;
    rows.into_iter().map(Payment::try_from).collect()
}

/// The columns of the channel.
#[derive(Default)]
struct ByColumns {
    kind: &'static str,
    provider: Option<String>,
    attempt_id: Option<Uuid>,
    provider_reference: Option<String>,
}

fn by_columns(by: &By) -> ByColumns {
    match by {
        By::Wallet { provider, attempt_id, provider_reference } => ByColumns {
            kind: "collected",
            provider: Some(provider.clone()),
            attempt_id: Some(attempt_id.0),
            provider_reference: provider_reference.clone(),
        },
        By::Direct { provider, provider_reference, .. } => ByColumns {
            kind: "told",
            provider: Some(provider.clone()),
            attempt_id: None,
            provider_reference: Some(provider_reference.clone()),
        },
        By::KioskCash => ByColumns { kind: "cash", ..ByColumns::default() },
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
        State::Created | State::Processing | State::Authorised | State::Expired | State::Cancelled => {
            Columns::default()
        }
        State::ActionRequired(next) => Columns {
            redirect_url: Some(next.redirect_url.clone()),
            qr_payload: Some(next.qr_payload.clone()),
            ..Columns::default()
        },
        State::Failed { failure } => {
            Columns { failure: Some(failure.code().to_owned()), ..Columns::default() }
        }
        State::Captured(receipt)
        | State::PartiallyRefunded(receipt)
        | State::Refunded(receipt)
        | State::Late(receipt) => Columns {
            captured_at: Some(receipt.at),
            receipt_number: Some(receipt.number.clone()),
            ..Columns::default()
        },
    }
}

/// Writes new payments. Nobody is sent anywhere yet, nothing has failed and nothing goes back.
///
/// # Errors
/// As any write of `tx`; the constraints `payment_one_live` and `payment_movement_once`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn insert(tx: &mut Tx, new: &[&Payment], traces: &Traces) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let by: Vec<ByColumns> = new.iter().map(|p| by_columns(&p.by)).collect();
    let of: Vec<Columns> = new.iter().map(|p| columns(&p.state)).collect();
    let ids: Vec<Uuid> = new.iter().map(|p| p.id.0).collect();
    let agencies: Vec<String> = new.iter().map(|p| p.agency.0.clone()).collect();
    let invoices: Vec<Uuid> = new.iter().map(|p| p.invoice_id.0).collect();
    let bills: Vec<String> = new.iter().map(|p| p.bill_reference.clone()).collect();
    let kinds: Vec<String> = by.iter().map(|by| by.kind.to_owned()).collect();
    let channels: Vec<String> = new.iter().map(|p| p.by.channel().to_owned()).collect();
    let providers: Vec<Option<String>> = by.iter().map(|by| by.provider.clone()).collect();
    let references: Vec<Option<String>> = by.iter().map(|by| by.provider_reference.clone()).collect();
    let attempts: Vec<Option<Uuid>> = by.iter().map(|by| by.attempt_id).collect();
    let amounts: Vec<i64> = new.iter().map(|p| p.amount.minor_units()).collect();
    let credited: Vec<i64> = new.iter().map(|p| p.credited.minor_units()).collect();
    let states: Vec<String> = new.iter().map(|p| p.state.name().to_owned()).collect();
    let captured: Vec<Option<OffsetDateTime>> = of.iter().map(|c| c.captured_at).collect();
    let receipts: Vec<Option<String>> = of.iter().map(|c| c.receipt_number.clone()).collect();
    let contacts: Vec<String> = new.iter().map(|p| p.contact_ref.clone()).collect();
    let returns: Vec<String> = new.iter().map(|p| p.return_url.clone()).collect();
    let actors: Vec<String> = new.iter().map(|p| p.actor.clone()).collect();
    let cases: Vec<Option<Uuid>> = new.iter().map(|p| p.case_id.map(|id| id.0)).collect();
    let created: Vec<OffsetDateTime> = new.iter().map(|p| p.created_at).collect();
    let started_in: Vec<Option<String>> = new.iter().map(|p| traces.get(&p.id).cloned()).collect();
    let captured_in: Vec<Option<String>> = new.iter().map(|p| captured_in(p, traces)).collect();
    let versions: Vec<i64> = new.iter().map(|p| p.version).collect();
    sqlx::query!(
        "INSERT INTO payment
             (payment_id, agency_id, invoice_id, bill_reference, kind, channel, provider, provider_reference, attempt_id,
              amount_fils, credited_fils, state, captured_at, receipt_number, contact_ref, return_url, actor, case_id,
              created_at, version, started_trace_id, captured_trace_id)
         SELECT *
           FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                       $9::uuid[], $10::bigint[], $11::bigint[], $12::text[], $13::timestamptz[], $14::text[],
                       $15::text[], $16::text[], $17::text[], $18::uuid[], $19::timestamptz[], $20::bigint[],
                       $21::text[], $22::text[])",
        &ids,
        &agencies,
        &invoices,
        &bills,
        &kinds,
        &channels,
        &providers as &[Option<String>],
        &references as &[Option<String>],
        &attempts as &[Option<Uuid>],
        &amounts,
        &credited,
        &states,
        &captured as &[Option<OffsetDateTime>],
        &receipts as &[Option<String>],
        &contacts,
        &returns,
        &actors,
        &cases as &[Option<Uuid>],
        &created,
        &versions,
        &started_in as &[Option<String>],
        &captured_in as &[Option<String>],
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
pub async fn update(tx: &mut Tx, changed: &[(i64, &Payment)], traces: &Traces) -> Result<(), pg::Error> {
    if changed.is_empty() {
        return Ok(());
    }
    let of: Vec<Columns> = changed.iter().map(|(_, p)| columns(&p.state)).collect();
    let by: Vec<ByColumns> = changed.iter().map(|(_, p)| by_columns(&p.by)).collect();
    let ids: Vec<Uuid> = changed.iter().map(|(_, p)| p.id.0).collect();
    let before: Vec<i64> = changed.iter().map(|(version, _)| *version).collect();
    let amounts: Vec<i64> = changed.iter().map(|(_, p)| p.amount.minor_units()).collect();
    let credited: Vec<i64> = changed.iter().map(|(_, p)| p.credited.minor_units()).collect();
    let refunding: Vec<i64> = changed.iter().map(|(_, p)| p.back.refunding.minor_units()).collect();
    let refunded: Vec<i64> = changed.iter().map(|(_, p)| p.back.refunded.minor_units()).collect();
    let disputed: Vec<i64> = changed.iter().map(|(_, p)| p.back.disputed.minor_units()).collect();
    let charged_back: Vec<i64> = changed.iter().map(|(_, p)| p.back.charged_back.minor_units()).collect();
    let states: Vec<String> = changed.iter().map(|(_, p)| p.state.name().to_owned()).collect();
    let redirects: Vec<Option<String>> = of.iter().map(|c| c.redirect_url.clone()).collect();
    let qrs: Vec<Option<String>> = of.iter().map(|c| c.qr_payload.clone()).collect();
    let failures: Vec<Option<String>> = of.iter().map(|c| c.failure.clone()).collect();
    let captured: Vec<Option<OffsetDateTime>> = of.iter().map(|c| c.captured_at).collect();
    let receipts: Vec<Option<String>> = of.iter().map(|c| c.receipt_number.clone()).collect();
    let providers: Vec<Option<String>> = by.iter().map(|by| by.provider.clone()).collect();
    let references: Vec<Option<String>> = by.iter().map(|by| by.provider_reference.clone()).collect();
    let attempts: Vec<Option<Uuid>> = by.iter().map(|by| by.attempt_id).collect();
    let cases: Vec<Option<Uuid>> = changed.iter().map(|(_, p)| p.case_id.map(|id| id.0)).collect();
    let versions: Vec<i64> = changed.iter().map(|(_, p)| p.version).collect();
    let captured_in: Vec<Option<String>> = changed.iter().map(|(_, p)| captured_in(p, traces)).collect();
    let done = sqlx::query!(
        "UPDATE payment
            SET credited_fils = new.credited_fils, refunding_fils = new.refunding_fils,
                refunded_fils = new.refunded_fils, disputed_fils = new.disputed_fils,
                charged_back_fils = new.charged_back_fils, state = new.state, redirect_url = new.redirect_url,
                qr_payload = new.qr_payload, failure = new.failure, captured_at = new.captured_at,
                receipt_number = new.receipt_number, provider = new.provider,
                provider_reference = new.provider_reference, attempt_id = new.attempt_id, case_id = new.case_id,
                version = new.version, amount_fils = new.amount_fils,
                captured_trace_id = CASE WHEN payment.captured_at IS NULL THEN new.captured_trace_id
                                         ELSE payment.captured_trace_id END
           FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                       $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[], $13::text[], $14::text[],
                       $15::text[], $16::uuid[], $17::uuid[], $18::bigint[], $19::bigint[], $20::text[])
             AS new (payment_id, before, credited_fils, refunding_fils, refunded_fils, disputed_fils, charged_back_fils,
                     state, redirect_url, qr_payload, failure, captured_at, receipt_number, provider,
                     provider_reference, attempt_id, case_id, version, amount_fils, captured_trace_id)
          WHERE payment.payment_id = new.payment_id
            AND payment.version = new.before",
        &ids,
        &before,
        &credited,
        &refunding,
        &refunded,
        &disputed,
        &charged_back,
        &states,
        &redirects as &[Option<String>],
        &qrs as &[Option<String>],
        &failures as &[Option<String>],
        &captured as &[Option<OffsetDateTime>],
        &receipts as &[Option<String>],
        &providers as &[Option<String>],
        &references as &[Option<String>],
        &attempts as &[Option<Uuid>],
        &cases as &[Option<Uuid>],
        &versions,
        &amounts,
        &captured_in as &[Option<String>],
    )
    .execute(tx.conn())
    .await?;
    all_written(done.rows_affected(), changed.len(), "payment")
}
