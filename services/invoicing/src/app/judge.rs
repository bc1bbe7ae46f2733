//! Rows judged and priced: cells by the domain, references by the database, prices by the catalogue.

use std::collections::HashMap;

use futures::TryFutureExt as _;
use ids::AgencyId;
use time::Date;

use super::{Invoicing, blocking, calendar};
use crate::Error;
use crate::catalogue::NoPrice;
use crate::domain::calendar::Calendar;
use crate::domain::fee_service::{FeeService, InputKind, LocalText, Price, Seller};
use crate::domain::upload_row::{self, Checked, Code, Draft, Fault, Field, Fields, Others, Quote, Rules};
use crate::store;
use boot::bahrain_date;

/// A row that can be issued.
#[derive(Debug)]
pub struct Billable {
    pub draft: Draft,
    pub price: Price,
    pub service_name: LocalText,
}

/// A row, and everything that is wrong with it.
#[derive(Debug)]
pub struct Judged {
    /// There if and only if there are no faults.
    pub billable: Option<Billable>,
    pub faults: Vec<Fault>,
}

/// All rows, in their order.
#[derive(Debug)]
pub struct Verdict {
    pub seller: Seller,
    /// By which terms were counted.
    pub calendar: Calendar,
    pub rows: Vec<Judged>,
}

/// Judges `rows` of `agency`; no transaction is open while the catalogue is asked.
///
/// # Errors
/// The catalogue refuses or does not answer; the database is away. Nothing has changed.
pub async fn judge(
    svc: &Invoicing,
    agency: &AgencyId,
    rows: Vec<Fields>,
    others: Others,
) -> Result<Verdict, Error> {
    let today = bahrain_date(svc.ctx.clock.now());
    let (seller, services, calendar) = futures::try_join!(
        svc.catalogue.seller(agency).map_err(Error::from),
        svc.catalogue.fee_services(agency).map_err(Error::from),
        calendar::newest(svc),
    )?;
    let (services, calendar, mut checked) = blocking(move || {
        let rules = Rules { services: &services, today, calendar: &calendar, others };
        let checked: Vec<Checked> = rows.iter().map(|row| upload_row::check(row, &rules)).collect();
        (services, calendar, checked)
    })
    .await?;
    refuse_used(svc, agency, &mut checked).await?;
    let rows = price(svc, agency, (today, &services), checked).await?;
    Ok(Verdict { seller, calendar, rows })
}

/// Refuses each row whose reference a bill of the agency has.
///
/// # Errors
/// The database is away.
pub(super) async fn refuse_used(
    svc: &Invoicing,
    agency: &AgencyId,
    rows: &mut [Checked],
) -> Result<(), Error> {
    let references: Vec<String> = rows.iter().filter_map(|row| row.reference.clone()).collect();
    let mut tx = svc.pg.read().await?;
    let used = store::invoice::used_references(&mut tx, agency, &references).await?;
    tx.commit().await?;
    for row in rows.iter_mut().filter(|row| row.reference.as_ref().is_some_and(|own| used.contains(own))) {
        row.refuse_reference();
    }
    Ok(())
}

/// Prices rows; rows that ask the same question share its answer.
///
/// # Errors
/// The catalogue refuses or does not answer.
pub(super) async fn price(
    svc: &Invoicing,
    agency: &AgencyId,
    (today, services): (Date, &HashMap<String, FeeService>),
    rows: Vec<Checked>,
) -> Result<Vec<Judged>, Error> {
    let mut places: HashMap<&Quote, usize> = HashMap::new();
    let mut quotes: Vec<&Quote> = Vec::new();
    let places: Vec<Option<usize>> = rows
        .iter()
        .map(|row| {
            let quote = row.quote.as_ref()?;
            Some(*places.entry(quote).or_insert_with(|| {
                quotes.push(quote);
                quotes.len() - 1
            }))
        })
        .collect();
    let prices = svc.catalogue.prices(agency, today, &quotes).await?;
    let rows = rows.into_iter().zip(places);
    let judged = rows.map(|(mut row, place)| {
        let price = row.quote.as_ref().and_then(|quote| {
            let service = services.get(&quote.service)?;
            let answer = prices.get(place?)?.clone();
            let price = answer.map_err(|problem| fault(problem, service));
            let price = price.and_then(|price| upload_row::check_price(&price, quote).map(|()| price));
            price.map_err(|fault| row.faults.push(fault)).ok().map(|price| (price, service))
        });
        let billable = row.draft.zip(price).filter(|_| row.faults.is_empty());
        let billable = billable.map(|(draft, (price, service))| Billable {
            draft,
            price,
            service_name: service.name.clone(),
        });
        Judged { billable, faults: row.faults }
    });
    Ok(judged.collect())
}

/// The catalogue's refusal as the fault of a cell, with what its sentence names.
pub(super) fn fault(problem: NoPrice, service: &FeeService) -> Fault {
    let Some(input) = problem.input else { return with_limit(Fault::new(Field::Service, problem.code)) };
    if problem.code == Code::ReductionUnknown {
        return Fault::new(Field::Reduction, problem.code);
    }
    let known = service.inputs.iter().find(|known| known.name == input);
    let allowed = known.and_then(|known| match &known.kind {
        InputKind::Category(categories) => Some(categories.join(", ")),
        InputKind::Quantity | InputKind::Measure | InputKind::Amount => None,
    });
    let fault = Fault::new(Field::Input(input.clone()), problem.code).with("input", input);
    with_limit(fault).with("allowed", allowed.unwrap_or_default())
}

fn with_limit(fault: Fault) -> Fault {
    if fault.code == Code::AmountOverLimit {
        let limit = money::Money::fils(upload_row::MAX_BILL_FILS).to_json_amount();
        return fault.with("limit", limit);
    }
    fault
}
