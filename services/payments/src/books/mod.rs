//! The books for people, straight from their database: an auditor needs no running service.

mod chain;
mod verify;

use std::fmt;

use boot::StartError;
use money::Money;
use pg::{Pg, Tx};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{Error, store};

pub use verify::{Check, Report, verify, verify_in};

/// Money that came for one agency by one channel.
#[derive(Clone, Debug, Serialize)]
pub struct Collection {
    /// Empty when the agency is not known.
    pub agency_id: String,
    /// `wallet` or `kiosk_cash`.
    pub channel: String,
    pub payments: i64,
    /// Applied to bills.
    pub collected_fils: i64,
    /// Became payer credit.
    pub credited_fils: i64,
    pub suspense_fils: i64,
}

/// An open question that a person must decide.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    pub case_id: String,
    pub kind: String,
    pub agency_id: String,
    pub payment_id: Option<String>,
    pub bill_reference: String,
    pub amount_fils: i64,
    pub detail: String,
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agency = if self.agency_id.is_empty() { "(unknown)" } else { &self.agency_id };
        let [collected, credited, suspense] =
            [self.collected_fils, self.credited_fils, self.suspense_fils].map(Money::fils);
        let Collection { channel, payments, .. } = self;
        write!(
            f,
            "{agency:<10} {channel:<12} {payments:>7} payments  collected {collected}  credited {credited}  "
        )?;
        write!(f, "suspense {suspense}")
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Case { case_id, kind, bill_reference, detail, .. } = self;
        let amount = Money::fils(self.amount_fils);
        write!(f, "{case_id}  {kind:<20} {bill_reference:<26} {amount}  {detail}")
    }
}

/// What was collected, by agency and channel, summed from the entries.
///
/// # Errors
/// The database cannot be read.
pub async fn collections(database_url: &str) -> Result<Vec<Collection>, StartError> {
    let mut tx = open(database_url).await?;
    let rows = store::ledger::collections(&mut tx, None).await.map_err(unreadable)?;
    let rows = rows.into_iter().map(|row| Collection {
        agency_id: row.agency_id,
        channel: row.channel,
        payments: row.payments,
        collected_fils: row.collected_fils,
        credited_fils: row.credited_fils,
        suspense_fils: row.suspense_fils,
    });
    Ok(rows.collect())
}

/// Open cases, newest first.
///
/// # Errors
/// The database cannot be read.
pub async fn cases(database_url: &str) -> Result<Vec<Case>, StartError> {
    let mut tx = open(database_url).await?;
    let rows = store::ledger::cases(&mut tx, "", None).await.map_err(unreadable)?;
    let rows = rows.into_iter().map(|row| Case {
        case_id: row.case_id.to_string(),
        kind: row.kind,
        agency_id: row.agency_id,
        payment_id: row.payment_id.map(|id| id.to_string()),
        bill_reference: row.bill_reference,
        amount_fils: row.amount_fils,
        detail: row.detail,
        opened_at: row.opened_at,
    });
    Ok(rows.collect())
}

/// The setting its messages name.
const SETTING: &str = "MIZAN_PAYMENTS_DATABASE_URL";

async fn open(database_url: &str) -> Result<Tx, StartError> {
    let pg = Pg::connect(database_url, SETTING, 1).await?;
    pg.check_migrated(&crate::MIGRATOR).await?;
    pg.read().await.map_err(|error| unreadable(error.into()))
}

fn unreadable(error: Error) -> StartError {
    StartError::dependency("Postgres", SETTING, error)
}
