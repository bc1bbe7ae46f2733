//! Prices, from schedules kept in memory.
//!
//! One cheap read tells the catalogue's revision; while it stands still, an agency's parsed schedules are good. Calls at the same
//! time share a read that began after each of them came, so that no replica ever prices by a schedule that another one had
//! replaced before the question.
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ids::AgencyId;
use pg::Seat;
use time::Date;

use crate::domain::fee_service::Schedule;
use crate::domain::price::{Asked, Price, Refusal, price};
use crate::domain::similar;
use crate::{Catalogue, Error, store};

/// Prices given in one call.
pub const MAX_QUOTES: usize = 1_000;

/// One question.
#[derive(Clone, Debug)]
pub struct Quote {
    pub service_code: String,
    pub asked: Asked,
}

/// Every version of every service of one agency, by the service's code.
type Schedules = HashMap<String, Vec<Schedule>>;

/// Parsed schedules by agency, each with the revision it was read at.
#[derive(Default)]
pub struct Cache {
    kept: Mutex<HashMap<AgencyId, (i64, Arc<Schedules>)>>,
    /// Reads of the revision begun so far.
    begun: AtomicU64,
    /// The last read that ended.
    last: tokio::sync::Mutex<Read>,
}

/// A read of the revision.
#[derive(Default)]
struct Read {
    /// Its place among all of them.
    number: u64,
    revision: i64,
    /// The connection for the next one.
    seat: Option<Seat>,
}

impl Cache {
    fn get(&self, agency: &AgencyId, revision: i64) -> Option<Arc<Schedules>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(agency).filter(|(at, _)| *at == revision).map(|(_, schedules)| Arc::clone(schedules))
    }

    fn put(&self, agency: &AgencyId, revision: i64, schedules: &Arc<Schedules>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(agency.clone(), (revision, Arc::clone(schedules)));
    }

    /// The revision, as a read found it that began after this call.
    async fn revision(&self, svc: &Catalogue) -> Result<i64, Error> {
        let before = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.number > before {
            return Ok(last.revision);
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let (seat, revision) = store::revision::now(&svc.pg, last.seat.take()).await?;
        *last = Read { number, revision, seat: Some(seat) };
        Ok(revision)
    }
}

/// A price or a refusal for each of `quotes`, in their order.
///
/// # Errors
/// `TooManyQuotes`, `AgencyUnknown`; the database.
pub async fn quote(
    svc: &Catalogue,
    agency: &AgencyId,
    date: Date,
    quotes: &[Quote],
) -> Result<Vec<Result<Price, Refusal>>, Error> {
    if quotes.len() > MAX_QUOTES {
        return Err(Error::TooManyQuotes(quotes.len()));
    }
    let schedules = schedules(svc, agency).await?;
    Ok(quotes.iter().map(|quote| one(&schedules, quote, date)).collect())
}

fn one(schedules: &Schedules, quote: &Quote, date: Date) -> Result<Price, Refusal> {
    let in_force = schedules.get(&quote.service_code).and_then(|versions| Schedule::on(versions, date));
    let Some(schedule) = in_force else {
        let known = schedules.keys().map(String::as_str);
        let suggestion = similar::nearest(&quote.service_code, known).map(str::to_owned);
        let given = quote.service_code.chars().take(64).collect();
        return Err(Refusal::ServiceUnknown { given, suggestion });
    };
    price(schedule, &quote.asked, date)
}

async fn schedules(svc: &Catalogue, agency: &AgencyId) -> Result<Arc<Schedules>, Error> {
    // The revision first: a change between the two reads only makes the kept schedules look older than they are.
    let revision = svc.cache.revision(svc).await?;
    if let Some(kept) = svc.cache.get(agency, revision) {
        return Ok(kept);
    }
    let mut tx = svc.pg.read().await?;
    // Only agencies that exist are kept, so that nobody fills the memory by asking for others.
    if store::agency::find(&mut tx, agency).await?.is_none() {
        return Err(Error::AgencyUnknown(agency.clone()));
    }
    let mut schedules = Schedules::new();
    for (code, schedule) in store::fee_schedule::all_of(&mut tx, agency, None).await? {
        schedules.entry(code).or_default().push(schedule);
    }
    let schedules = Arc::new(schedules);
    svc.cache.put(agency, revision, &schedules);
    Ok(schedules)
}
