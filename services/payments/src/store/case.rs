//! Open questions.

use pg::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Error, domain::case::Case};

/// Writes new cases.
///
/// # Errors
/// As any write of `tx`; the constraint `open_case_once`.
#[expect(clippy::as_conversions, reason = "to sqlx's macro it is a type and no conversion")]
pub async fn insert(tx: &mut Tx, cases: &[Case]) -> Result<(), pg::Error> {
    if cases.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = cases.iter().map(|case| case.id.0).collect();
    let kinds: Vec<String> = cases.iter().map(|case| case.kind.name().to_owned()).collect();
    let sources: Vec<String> = cases.iter().map(|case| case.source.clone()).collect();
    let agencies: Vec<String> =
        cases.iter().map(|case| case.agency.as_ref().map(ToString::to_string).unwrap_or_default()).collect();
    let payments: Vec<Option<Uuid>> = cases.iter().map(|case| case.payment_id.map(|id| id.0)).collect();
    let bills: Vec<String> = cases.iter().map(|case| case.bill_reference.clone()).collect();
    let amounts: Vec<i64> = cases.iter().map(|case| case.amount.minor_units()).collect();
    let details: Vec<String> = cases.iter().map(|case| case.detail.clone()).collect();
    let opened: Vec<OffsetDateTime> = cases.iter().map(|case| case.opened_at).collect();
    sqlx::query!(
        "INSERT INTO open_case
             (case_id, kind, source, agency_id, payment_id, bill_reference, amount_fils, detail, opened_at)
         SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::bigint[],
                              $8::text[], $9::timestamptz[])",
        &ids,
        &kinds,
        &sources,
        &agencies,
        &payments as &[Option<Uuid>],
        &bills,
        &amounts,
        &details,
        &opened,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The open cases of a kind.
#[derive(Clone, Debug)]
pub struct Open {
    pub kind: String,
    pub cases: i64,
    pub oldest_at: OffsetDateTime,
}

/// How many cases of each kind are open, and since when. One whose correction is done is decided.
///
/// # Errors
/// As any read of `tx`.
pub async fn open_by_kind(tx: &mut Tx) -> Result<Vec<Open>, Error> {
    let open = sqlx::query_as!(
        Open,
        r#"SELECT kind, count(*) AS "cases!", min(opened_at) AS "oldest_at!"
             FROM open_case
            WHERE NOT EXISTS (SELECT 1 FROM adjustment
                               WHERE adjustment.case_id = open_case.case_id AND adjustment.state = 'done')
            GROUP BY kind"#,
    );
    Ok(open.fetch_all(tx.conn()).await?)
}
