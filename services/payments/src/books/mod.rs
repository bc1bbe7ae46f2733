//! The books for people, straight from their database: an auditor needs no running service.

mod chain;
pub(crate) mod day;
mod days;
mod error;
mod heads;
mod proof;
mod prove;
mod statement;
mod states;
mod text;
mod trace;
mod verify;

use std::{fmt, time::Duration};

use boot::StartError;
use money::Money;
use pg::{Options, Pg, Tx};
use serde::Serialize;
use time::OffsetDateTime;

use crate::{Error, store};

pub use days::{AccountStood, ClosedDay, closed_day};
pub use error::BooksError;
pub use heads::{Head, LaneEnd, NewKey, Sign, Signed, SignedHeads, new_key, sign_heads};
pub(crate) use proof::{Mark, Seal};
pub use proof::{Proof, Proven, ProvenJournal, verify_proof};
pub use prove::prove;
pub(crate) use prove::seal;
pub use statement::{BalanceAt, Line, Period, balance_at, statement};
pub use trace::{Traces, traces};
pub use verify::{Check, Report, verify, verify_in, verify_with_heads};

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
    /// Went back to payers.
    pub refunded_fils: i64,
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
        let [collected, credited, suspense, refunded] =
            [self.collected_fils, self.credited_fils, self.suspense_fils, self.refunded_fils]
                .map(Money::fils);
        let Collection { channel, payments, .. } = self;
        write!(
            f,
            "{agency:<10} {channel:<12} {payments:>7} payments  collected {collected}  credited {credited}  "
        )?;
        write!(f, "suspense {suspense}  refunded {refunded}")
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
        refunded_fils: row.refunded_fils,
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

/// Reading all books may take as long as it takes.
const PATIENCE: Duration = Duration::from_hours(24);

async fn open(database_url: &str) -> Result<Tx, StartError> {
    let options = Options {
        statement_timeout: PATIENCE,
        idle_in_transaction_timeout: PATIENCE,
        application_name: "mizan books".to_owned(),
        ..Options::new(1)
    };
    let pg = Pg::connect_with(database_url, SETTING, &options).await?;
    pg.check_migrated(&crate::MIGRATOR).await?;
    pg.read().await.map_err(|error| unreadable(error.into()))
}

/// One snapshot for all statements: the service may go on posting meanwhile.
async fn snapshot(database_url: &str) -> Result<Tx, StartError> {
    let mut tx = open(database_url).await?;
    let one = sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    one.execute(tx.conn()).await.map_err(|error| unreadable(error.into()))?;
    Ok(tx)
}

fn unreadable(error: Error) -> StartError {
    StartError::dependency("Postgres", SETTING, error)
}
