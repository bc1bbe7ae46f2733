//! `PriceListService`: converts and calls.
use boot::wire::id_from_wire;
use ids::AgencyId;
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::price_list_service_server::PriceListService;
use time::Date;
use tonic::{Request, Response, Status};

use super::{date, name_message};
use crate::Catalogue;
use crate::app::agency;
use crate::app::price_list::{self, Priced};
use crate::domain::agency::Agency;
use crate::sentences::Sentences;

fn agency_message(agency: &Agency, services: Vec<pb::ServicePrices>) -> pb::AgencyPrices {
    pb::AgencyPrices { agency_id: agency.id.to_string(), name: Some(name_message(&agency.name)), services }
}

fn service_message(priced: Priced, day: Date, sentences: &mut Sentences<'_>) -> pb::ServicePrices {
    let text = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    pb::ServicePrices {
        service_code: priced.code,
        name: Some(name_message(&priced.name)),
        lines: sentences.terms(&priced.schedule.terms, day),
        valid_from: text(priced.schedule.valid_from),
        next_from: text(priced.next_from),
    }
}

#[tonic::async_trait]
impl PriceListService for Catalogue {
    async fn list_prices(
        &self,
        request: Request<pb::ListPricesRequest>,
    ) -> Result<Response<pb::ListPricesResponse>, Status> {
        let asked = request.get_ref();
        let today = boot::bahrain_date(self.clock.now());
        let day = if asked.date.is_empty() { today } else { date(&asked.date)? };
        let agencies = if asked.agency_id.is_empty() {
            let known = agency::list(self).await?;
            known.iter().map(|agency| agency_message(agency, Vec::new())).collect()
        } else {
            let id: AgencyId = id_from_wire("agency_id", &asked.agency_id)?;
            let (agency, priced) = price_list::of(self, &id, day).await?;
            let mut sentences = Sentences::new(&self.texts);
            let services = priced.into_iter().map(|priced| service_message(priced, day, &mut sentences));
            vec![agency_message(&agency, services.collect())]
        };
        Ok(Response::new(pb::ListPricesResponse { date: day.to_string(), agencies }))
    }
}
