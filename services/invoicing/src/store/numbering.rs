use ids::AgencyId;
use pg::Tx;

use crate::Error;
use crate::domain::numbering::Series;

/// The last number used, locked: whoever needs one of this series next waits, so numbers have no gaps.
///
/// # Errors
/// As any write.
pub async fn lock(tx: &mut Tx, agency: &AgencyId, (series, year): (Series, i32)) -> Result<i64, Error> {
    sqlx::query!(
        "INSERT INTO numbering (agency_id, year, series, last_number) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING",
        agency.as_str(),
        year,
        series.name(),
    )
    .execute(tx.conn())
    .await?;
    let last = sqlx::query_scalar!(
        "SELECT last_number FROM numbering WHERE agency_id = $1 AND year = $2 AND series = $3 FOR UPDATE",
        agency.as_str(),
        year,
        series.name(),
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(last)
}

/// Moves on from `before` to `after`.
///
/// # Errors
/// `Conflict` when `before` was not locked by [`lock`].
pub async fn advance(
    tx: &mut Tx,
    agency: &AgencyId,
    (series, year): (Series, i32),
    (before, after): (i64, i64),
) -> Result<(), Error> {
    let done = sqlx::query!(
        "UPDATE numbering SET last_number = $4 WHERE agency_id = $1 AND year = $2 AND last_number = $3 AND series = $5",
        agency.as_str(),
        year,
        before,
        after,
        series.name(),
    )
    .execute(tx.conn())
    .await?;
    Ok(pg::exactly_one(done, "numbering")?)
}

/// A series as it stands.
#[derive(Debug)]
pub struct Numbers {
    pub count: i64,
    pub first: i64,
    pub last: i64,
    /// The last number that was given out.
    pub given_out: i64,
    /// The first number that nothing has though a later one exists; none in a series without gaps.
    pub first_missing: Option<i64>,
}

/// Reads the whole series. Numbers stand in a unique index, so that no two documents share one.
///
/// # Errors
/// As any read.
pub async fn read(tx: &mut Tx, agency: &AgencyId, (series, year): (Series, i32)) -> Result<Numbers, Error> {
    let numbers = sqlx::query_as!(
        Numbers,
        r#"WITH given AS (
             SELECT number FROM invoice WHERE $3 = 'invoice' AND agency_id = $1 AND year = $2
             UNION ALL
             SELECT number FROM credit_note WHERE $3 = 'credit_note' AND agency_id = $1 AND year = $2
         ), numbered AS (
             SELECT number, lag(number, 1, 0) OVER (ORDER BY number) AS before FROM given
         )
         SELECT count(*) AS "count!", coalesce(min(number), 0) AS "first!", coalesce(max(number), 0) AS "last!",
                min(before + 1) FILTER (WHERE number <> before + 1) AS first_missing,
                coalesce((SELECT last_number FROM numbering WHERE agency_id = $1 AND year = $2 AND series = $3), 0)
                    AS "given_out!"
           FROM numbered"#,
        agency.as_str(),
        year,
        series.name(),
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(numbers)
}
