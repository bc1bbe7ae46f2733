//! Working days: the holidays of the newest circular, and terms counted by them.

use boot::{Call, Problem, bahrain_date};
use proto::invoicing::v1 as pb;
use time::Date;
use tonic::Code;

use super::Invoicing;
use crate::domain::calendar::{self, Calendar, HolidaysError, MAX_TEXT, Term};
use crate::{Error, store, wire};

/// The calendar as the newest revision has it.
///
/// # Errors
/// As any read.
pub async fn newest(svc: &Invoicing) -> Result<Calendar, Error> {
    let mut tx = svc.pg.read().await?;
    let calendar = store::calendar::newest(&mut tx).await?;
    tx.commit().await?;
    Ok(calendar)
}

/// Makes a revision of `request`, unless the newest has just these holidays.
///
/// # Errors
/// `holidays_invalid`: which one, and what to do.
pub async fn put(
    svc: Invoicing,
    call: Call,
    request: pb::PutHolidaysRequest,
) -> Result<pb::PutHolidaysResponse, Error> {
    if request.source.trim().is_empty() || request.source.chars().count() > MAX_TEXT {
        let detail = format!("Say which circular these holidays are from, in at most {MAX_TEXT} characters.");
        return Err(invalid(detail).field("source").into());
    }
    let list = request.holidays.iter().map(wire::holiday_from_wire).collect::<Result<Vec<_>, _>>()?;
    let holidays = calendar::holidays(list).map_err(|error| refused(&error))?;
    pg::retry(|| async {
        let mut tx = svc.pg.begin().await?;
        let before = store::calendar::lock_newest(&mut tx).await?;
        if before.holidays == holidays && before.revision > 0 {
            return Ok(before);
        }
        let after = Calendar { revision: before.revision + 1, holidays: holidays.clone() };
        let by = (call.actor.as_str(), request.source.trim());
        store::calendar::insert(&mut tx, &after, by, svc.ctx.clock.now()).await?;
        tx.commit().await?;
        Ok::<_, Error>(after)
    })
    .await
    .map(|calendar| pb::PutHolidaysResponse { calendar: Some(wire::calendar(&calendar)) })
}

/// A revision; 0: the newest.
///
/// # Errors
/// `calendar_unknown`.
pub async fn get(svc: &Invoicing, revision: i32) -> Result<pb::GetCalendarResponse, Error> {
    if revision == 0 {
        return Ok(pb::GetCalendarResponse { calendar: Some(wire::calendar(&newest(svc).await?)) });
    }
    let mut tx = svc.pg.read().await?;
    let calendar = store::calendar::of_revision(&mut tx, revision).await?;
    tx.commit().await?;
    let unknown =
        || Problem::new(Code::NotFound, "calendar_unknown", "There is no such revision of the calendar.");
    let calendar = calendar.ok_or_else(unknown)?;
    Ok(pb::GetCalendarResponse { calendar: Some(wire::calendar(&calendar)) })
}

/// The day a term ends on; from today, when no day is named.
///
/// # Errors
/// `due_date_invalid`.
pub async fn count(svc: &Invoicing, from: Option<Date>, term: &str) -> Result<pb::CountTermResponse, Error> {
    let calendar = newest(svc).await?;
    let from = from.unwrap_or_else(|| bahrain_date(svc.ctx.clock.now()));
    let date = Term::read(term).and_then(|term| calendar.end_of(from, term));
    let no_term = || {
        let detail = "Write the term like `30 days` or `10 working days`.";
        Problem::new(Code::InvalidArgument, "due_date_invalid", detail).field("term")
    };
    let date = date.ok_or_else(no_term)?;
    Ok(pb::CountTermResponse { date: date.to_string(), calendar_revision: calendar.revision })
}

fn refused(error: &HolidaysError) -> Problem {
    invalid(error.to_string()).field("holidays")
}

fn invalid(detail: String) -> Problem {
    Problem::new(Code::InvalidArgument, "holidays_invalid", detail)
}
