//! `calendar` and its `holiday`s: revisions, none of which ever changes.
use pg::Tx;
use time::{Date, OffsetDateTime};

use crate::Error;
use crate::domain::calendar::{Calendar, Holiday};
use crate::domain::fee_service::LocalText;

/// The newest revision; one without holidays before any.
///
/// # Errors
/// As any read.
pub async fn newest(tx: &mut Tx) -> Result<Calendar, Error> {
    let newest = sqlx::query_as!(
        Row,
        r#"SELECT revision, date AS "date?", name_en AS "name_en?", name_ar AS "name_ar?", half_day AS "half_day?"
             FROM calendar LEFT JOIN holiday USING (revision)
            WHERE revision = (SELECT max(revision) FROM calendar)"#
    );
    Ok(calendar(newest.fetch_all(tx.conn()).await?).unwrap_or_default())
}

/// The newest revision; nobody else makes one until the transaction ends.
///
/// # Errors
/// As any write.
pub async fn lock_newest(tx: &mut Tx) -> Result<Calendar, Error> {
    sqlx::query!("LOCK TABLE calendar IN SHARE ROW EXCLUSIVE MODE").execute(tx.conn()).await?;
    newest(tx).await
}

/// A revision; none when there is no such one.
///
/// # Errors
/// As any read.
pub async fn of_revision(tx: &mut Tx, revision: i32) -> Result<Option<Calendar>, Error> {
    let known = sqlx::query_as!(
        Row,
        r#"SELECT revision, date AS "date?", name_en AS "name_en?", name_ar AS "name_ar?", half_day AS "half_day?"
             FROM calendar LEFT JOIN holiday USING (revision)
            WHERE revision = $1"#,
        revision,
    );
    Ok(calendar(known.fetch_all(tx.conn()).await?))
}

/// A revision beside one of its holidays, or beside none.
struct Row {
    revision: i32,
    date: Option<Date>,
    name_en: Option<String>,
    name_ar: Option<String>,
    half_day: Option<bool>,
}

/// None without rows: there is no such revision.
fn calendar(rows: Vec<Row>) -> Option<Calendar> {
    let revision = rows.first()?.revision;
    let holiday = |row: Row| {
        let name = LocalText { en: row.name_en?, ar: row.name_ar? };
        Some((row.date?, Holiday { name, half_day: row.half_day? }))
    };
    Some(Calendar { revision, holidays: rows.into_iter().filter_map(holiday).collect() })
}

/// Adds a revision.
///
/// # Errors
/// As any write.
pub async fn insert(
    tx: &mut Tx,
    calendar: &Calendar,
    (actor, source): (&str, &str),
    now: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO calendar (revision, source, put_by, put_at) VALUES ($1, $2, $3, $4)",
        calendar.revision,
        source,
        actor,
        now,
    )
    .execute(tx.conn())
    .await?;
    let dates: Vec<Date> = calendar.holidays.keys().copied().collect();
    let holidays = || calendar.holidays.values();
    sqlx::query!(
        "INSERT INTO holiday (revision, date, name_en, name_ar, half_day)
         SELECT $1, date, name_en, name_ar, half_day
           FROM UNNEST($2::date[], $3::text[], $4::text[], $5::bool[]) AS new (date, name_en, name_ar, half_day)",
        calendar.revision,
        &dates,
        &holidays().map(|holiday| holiday.name.en.clone()).collect::<Vec<_>>(),
        &holidays().map(|holiday| holiday.name.ar.clone()).collect::<Vec<_>>(),
        &holidays().map(|holiday| holiday.half_day).collect::<Vec<_>>(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
