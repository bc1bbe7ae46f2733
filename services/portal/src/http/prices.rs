//! What the services of agencies cost, for everybody.
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use boot::{Call, Problem};
use proto::catalogue::v1::{AgencyPrices, ListPricesRequest, ListPricesResponse, ServicePrices};
use serde::Deserialize;
use tonic::Status;

use super::page::{InLanguage, message, refused, rendered};
use crate::App;
use crate::view::Reader;

/// Agencies, or one of them with its services.
#[derive(Template)]
#[template(path = "prices.html")]
struct Page {
    reader: Reader,
    here: String,
    title: String,
    date: String,
    /// Code and name; there are none on the page of one agency.
    agencies: Vec<(String, String)>,
    /// The code of the agency whose services these are; empty on the page of all.
    agency: String,
    services: Vec<Service>,
}

struct Service {
    code: String,
    name: String,
    lines: Vec<String>,
    valid_from: String,
    next_from: String,
}

fn service(reader: Reader, priced: ServicePrices) -> Service {
    Service {
        code: priced.service_code,
        name: reader.of(priced.name.as_ref()),
        lines: priced.lines.iter().map(|line| reader.of(Some(line))).collect(),
        valid_from: priced.valid_from,
        next_from: priced.next_from,
    }
}

async fn ask(app: &App, agency_id: String, date: String) -> Result<ListPricesResponse, Status> {
    let request = Call::by("payer").request(ListPricesRequest { agency_id, date })?;
    Ok(app.prices.clone().list_prices(request).await?.into_inner())
}

/// Every agency.
pub(super) async fn agencies(State(app): State<App>, InLanguage(reader): InLanguage) -> Response {
    let listed = match ask(&app, String::new(), String::new()).await {
        Ok(listed) => listed,
        Err(status) => return refused(reader, &status, ""),
    };
    let agency = |agency: AgencyPrices| (agency.agency_id, reader.of(agency.name.as_ref()));
    let page = Page {
        here: "/prices".to_owned(),
        title: reader.say("prices-title"),
        date: listed.date,
        agencies: listed.agencies.into_iter().map(agency).collect(),
        agency: String::new(),
        services: Vec::new(),
        reader,
    };
    rendered(StatusCode::OK, &page)
}

#[derive(Deserialize)]
pub(super) struct Asked {
    /// ISO date; empty: today.
    #[serde(default)]
    date: String,
}

/// An agency that is none, or a day that is none, is the reader's to correct.
fn not_shown(reader: Reader, status: &Status, (agency_id, date): (&str, &str)) -> Response {
    match Problem::from_status(status).code.as_str() {
        "agency_unknown" | "invalid_id" => {
            message(reader, StatusCode::NOT_FOUND, "agency-unknown", agency_id)
        }
        "field_invalid" => message(reader, StatusCode::UNPROCESSABLE_ENTITY, "date-invalid", date),
        _ => refused(reader, status, ""),
    }
}

/// What the services of one agency cost on a day.
pub(super) async fn of_agency(
    State(app): State<App>,
    InLanguage(reader): InLanguage,
    Path((_, agency_id)): Path<(String, String)>,
    Query(Asked { date }): Query<Asked>,
) -> Response {
    let listed = match ask(&app, agency_id.clone(), date.clone()).await {
        Ok(listed) => listed,
        Err(status) => return not_shown(reader, &status, (&agency_id, &date)),
    };
    let found = listed.agencies.into_iter().next().unwrap_or_default();
    let page = Page {
        here: format!("/prices/{agency_id}"),
        title: reader.of(found.name.as_ref()),
        date: listed.date,
        agencies: Vec::new(),
        agency: found.agency_id,
        services: found.services.into_iter().map(|priced| service(reader, priced)).collect(),
        reader,
    };
    rendered(StatusCode::OK, &page)
}
