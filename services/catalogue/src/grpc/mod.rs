//! Converts and calls.
mod caller;
mod channel_policy;
mod channel_wire;
mod fee_draft;
mod price_list;

use boot::Call;
use boot::wire::{id_from_wire, money_to_wire};
use ids::AgencyId;
use proto::catalogue::v1::catalogue_service_server::CatalogueService;
use proto::catalogue::v1::{self as pb, quote_result::Result as Answer};
use proto::common::v1::LocalText;
use time::{Date, macros::format_description};
use tonic::{Request, Response, Status};

use crate::app::quote::Quote;
use crate::app::{agency, fee_service, import, quote};
use crate::domain::agency::{Agency, It, Name};
use crate::domain::change::Stored;
use crate::domain::fee::Fee;
use crate::domain::fee_service::{ElectronicOnly, TaxCategory};
use crate::domain::input::{Input, InputKind};
use crate::domain::price::{Asked, Line, LineKind, Price, Share};
use crate::sentences::Sentences;
use crate::{Catalogue, Error};

pub use caller::FENCE;

fn name_message(name: &Name) -> LocalText {
    LocalText { en: name.en.clone(), ar: name.ar.clone() }
}

fn agency_message(agency: &Agency) -> pb::Agency {
    pb::Agency {
        agency_id: agency.id.to_string(),
        name: Some(name_message(&agency.name)),
        own_it_system: agency.it == It::OwnSystem,
        revenue_account: agency.revenue_account.clone(),
        settlement_iban: agency.settlement_iban.clone(),
        vat_account: agency.vat_account.clone().unwrap_or_default(),
    }
}

fn input_message(input: Input) -> pb::FeeInput {
    let (kind, categories) = match input.kind {
        InputKind::Quantity => (pb::FeeInputKind::Quantity, Vec::new()),
        InputKind::Measure => (pb::FeeInputKind::Measure, Vec::new()),
        InputKind::Category(categories) => (pb::FeeInputKind::Category, categories),
        InputKind::Amount => (pb::FeeInputKind::Amount, Vec::new()),
    };
    pb::FeeInput { name: input.name, kind: kind.into(), categories }
}

fn kind_message(fee: &Fee) -> pb::FeeKind {
    match fee {
        Fee::Fixed(_) => pb::FeeKind::Fixed,
        Fee::PerUnit { .. } => pb::FeeKind::PerUnit,
        Fee::Table(_) => pb::FeeKind::Table,
        Fee::Tiered(_) => pb::FeeKind::Tiered,
        Fee::Sliced(_) => pb::FeeKind::Sliced,
        Fee::Formula(_) => pb::FeeKind::Formula,
        Fee::Given => pb::FeeKind::Given,
    }
}

fn service_message(stored: &Stored) -> pb::FeeService {
    let service = &stored.service;
    let mut message = pb::FeeService {
        agency_id: service.agency.to_string(),
        service_code: service.code.to_string(),
        name: Some(name_message(&service.name)),
        ..pb::FeeService::default()
    };
    if let Some((only, from)) = service.electronic_only {
        message.set_electronic_only(match only {
            ElectronicOnly::Full => pb::ElectronicOnly::Full,
            ElectronicOnly::Partly => pb::ElectronicOnly::Partly,
        });
        message.electronic_only_from = from.to_string();
    }
    if let Some(schedule) = &stored.schedule {
        let terms = &schedule.terms;
        message.set_fee_kind(kind_message(&terms.fee));
        message.inputs = terms.fee.inputs().into_iter().map(input_message).collect();
        message.fee.clone_from(&terms.text);
        message.set_tax_category(tax_message(terms.tax));
        message.schedule_version = schedule.version;
    }
    message
}

fn tax_message(tax: TaxCategory) -> pb::TaxCategory {
    match tax {
        TaxCategory::Outside => pb::TaxCategory::Outside,
        TaxCategory::Standard => pb::TaxCategory::Standard,
    }
}

fn line_message(line: &Line) -> pb::PriceLine {
    let kind = match line.kind {
        LineKind::Fee => pb::PriceLineKind::Fee,
        LineKind::ServiceFee => pb::PriceLineKind::ServiceFee,
    };
    pb::PriceLine {
        kind: kind.into(),
        net: Some(money_to_wire(line.net)),
        tax_category: tax_message(line.tax).into(),
        vat_percent: line.vat_percent.normalize().to_string(),
        vat: Some(money_to_wire(line.vat)),
    }
}

fn share_message(agency: &AgencyId, share: &Share) -> pb::PriceShare {
    pb::PriceShare {
        beneficiary: share.beneficiary.clone().unwrap_or_else(|| agency.to_string()),
        due: Some(money_to_wire(share.due)),
    }
}

fn price_message(agency: &AgencyId, price: &Price, sentences: &mut Sentences<'_>) -> pb::Price {
    pb::Price {
        fee: Some(money_to_wire(price.fee)),
        vat: Some(money_to_wire(price.vat)),
        total: Some(money_to_wire(price.total)),
        steps: price.steps.iter().map(|step| sentences.step(step)).collect(),
        schedule_version: price.schedule_version,
        reduction: price.reduced.as_ref().map(|reduced| reduced.code.clone()).unwrap_or_default(),
        reduced: price.reduced.as_ref().map(|reduced| money_to_wire(reduced.amount)),
        lines: price.lines.iter().map(line_message).collect(),
        shares: price.shares.iter().map(|share| share_message(agency, share)).collect(),
        late: price.late.as_ref().map(fee_draft::late_message),
        late_rule: price.late.as_ref().map(|late| sentences.late(late)),
        expires_after_days: price.expires_after_days.unwrap_or_default(),
    }
}

fn date(text: &str) -> Result<Date, Error> {
    let parsed = Date::parse(text, format_description!("[year]-[month]-[day]"));
    parsed.ok().ok_or_else(|| Error::Date(text.chars().take(40).collect()))
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[tonic::async_trait]
impl CatalogueService for Catalogue {
    async fn import_catalogue(
        &self,
        request: Request<pb::ImportCatalogueRequest>,
    ) -> Result<Response<pb::ImportCatalogueResponse>, Status> {
        let call = Call::from_metadata(request.metadata())?;
        let (svc, files) = (self.clone(), request.into_inner());
        let done =
            self.tasks
                .run(async move {
                    import::import(&svc, &call.actor, &files.agencies_csv, &files.services_csv).await
                })
                .await
                .map_err(Error::from)??;
        Ok(Response::new(pb::ImportCatalogueResponse {
            agencies: count(done.agencies),
            services: count(done.services),
            changed: count(done.changed),
        }))
    }

    async fn add_agency(
        &self,
        request: Request<pb::AddAgencyRequest>,
    ) -> Result<Response<pb::AddAgencyResponse>, Status> {
        let call = caller::person(&request)?;
        let asked = request.into_inner().agency.unwrap_or_default();
        let wrong = |(field, detail)| Error::Field { field, detail };
        let name = asked.name.unwrap_or_default();
        let accounts = Agency::checked_accounts(&asked.revenue_account, &asked.settlement_iban);
        let (revenue_account, settlement_iban) = accounts.map_err(wrong)?;
        let agency = Agency {
            id: id_from_wire("agency_id", &asked.agency_id)?,
            name: Name::checked(&name.en, &name.ar).map_err(wrong)?,
            it: if asked.own_it_system { It::OwnSystem } else { It::PortalOnly },
            revenue_account,
            settlement_iban,
            vat_account: Agency::checked_vat_account(&asked.vat_account).map_err(wrong)?,
        };
        let added = self.tasks.run(agency::add(self.clone(), call, agency)).await.map_err(Error::from)??;
        Ok(Response::new(pb::AddAgencyResponse { agency: Some(agency_message(&added)) }))
    }

    async fn get_agency(
        &self,
        request: Request<pb::GetAgencyRequest>,
    ) -> Result<Response<pb::GetAgencyResponse>, Status> {
        let id = id_from_wire("agency_id", &request.get_ref().agency_id)?;
        let agency = agency::get(self, &id).await?;
        Ok(Response::new(pb::GetAgencyResponse { agency: Some(agency_message(&agency)) }))
    }

    async fn list_agencies(
        &self,
        _request: Request<pb::ListAgenciesRequest>,
    ) -> Result<Response<pb::ListAgenciesResponse>, Status> {
        let agencies = agency::list(self).await?.iter().map(agency_message).collect();
        Ok(Response::new(pb::ListAgenciesResponse { agencies }))
    }

    async fn get_fee_service(
        &self,
        request: Request<pb::GetFeeServiceRequest>,
    ) -> Result<Response<pb::GetFeeServiceResponse>, Status> {
        let asked = request.get_ref();
        let agency = id_from_wire("agency_id", &asked.agency_id)?;
        let code = id_from_wire("service_code", &asked.service_code)?;
        let found = fee_service::get(self, &agency, &code).await?;
        Ok(Response::new(pb::GetFeeServiceResponse { fee_service: Some(service_message(&found)) }))
    }

    async fn list_fee_services(
        &self,
        request: Request<pb::ListFeeServicesRequest>,
    ) -> Result<Response<pb::ListFeeServicesResponse>, Status> {
        let agency = id_from_wire("agency_id", &request.get_ref().agency_id)?;
        let found = fee_service::list(self, &agency).await?;
        let fee_services = found.iter().map(service_message).collect();
        Ok(Response::new(pb::ListFeeServicesResponse { fee_services }))
    }

    async fn put_fee_service(
        &self,
        request: Request<pb::PutFeeServiceRequest>,
    ) -> Result<Response<pb::PutFeeServiceResponse>, Status> {
        let call = caller::person(&request)?;
        let asked = request.into_inner();
        let name = asked.name.unwrap_or_default();
        let name =
            Name::checked(&name.en, &name.ar).map_err(|(field, detail)| Error::Field { field, detail })?;
        let (agency, code) = (
            id_from_wire("agency_id", &asked.agency_id)?,
            id_from_wire("service_code", &asked.service_code)?,
        );
        let work = fee_service::put(self.clone(), call, (agency, code), name);
        let stored = self.tasks.run(work).await.map_err(Error::from)??;
        Ok(Response::new(pb::PutFeeServiceResponse { fee_service: Some(service_message(&stored)) }))
    }

    async fn quote_fees(
        &self,
        request: Request<pb::QuoteFeesRequest>,
    ) -> Result<Response<pb::QuoteFeesResponse>, Status> {
        let asked = request.into_inner();
        let agency: AgencyId = id_from_wire("agency_id", &asked.agency_id)?;
        let date = date(&asked.date)?;
        let quotes = asked.quotes.into_iter();
        let quotes = quotes.map(|quote| Quote {
            service_code: quote.service_code,
            asked: Asked { values: quote.inputs, reduction: quote.reduction },
        });
        let quotes: Vec<Quote> = quotes.collect();
        let priced = quote::quote(self, &agency, date, &quotes).await?;
        let mut sentences = Sentences::new(&self.texts);
        let results = priced.iter().map(|priced| match priced {
            Ok(price) => Answer::Price(price_message(&agency, price, &mut sentences)),
            Err(refusal) => Answer::Problem(sentences.refusal(refusal)),
        });
        let results = results.map(|result| pb::QuoteResult { result: Some(result) }).collect();
        Ok(Response::new(pb::QuoteFeesResponse { results }))
    }
}
