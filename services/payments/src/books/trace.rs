//! The traces that a payment left: by them, what every service did for it is found where spans are kept.

use super::{BooksError, prove, snapshot};
use crate::Error;

/// The traces of one payment. Each is none when no span was under way, or when the payment is older than this evidence.
#[derive(Clone, Debug)]
pub struct Traces {
    pub payment_id: String,
    /// In which it was started.
    pub started: Option<String>,
    /// In which its money came.
    pub captured: Option<String>,
}

/// The traces of a payment, which is named by its receipt number or its id.
///
/// # Errors
/// `Refused`: there is no such payment, or several; `Unreadable`: the database.
pub async fn traces(database_url: &str, what: &str) -> Result<Traces, BooksError> {
    let mut tx = snapshot(database_url).await?;
    let payment_id = prove::payment(&mut tx, what).await?;
    let row = sqlx::query!(
        "SELECT started_trace_id, captured_trace_id FROM payment WHERE payment_id = $1",
        payment_id
    )
    .fetch_one(tx.conn())
    .await?;
    tx.rollback().await.map_err(Error::from)?;
    Ok(Traces {
        payment_id: payment_id.to_string(),
        started: row.started_trace_id,
        captured: row.captured_trace_id,
    })
}
