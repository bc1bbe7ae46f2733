//! A catalogue that prices what the four files need.

use proto::catalogue::v1 as pb;
use proto::catalogue::v1::catalogue_service_server::CatalogueService;
use proto::common::v1::{LocalText, Money};
use rust_decimal::{Decimal, RoundingStrategy};
use tonic::{Request, Response, Status};

pub struct Catalogue;

#[expect(clippy::unnecessary_wraps, reason = "protobuf has no field that must be there")]
fn local(text: &str) -> Option<LocalText> {
    Some(LocalText { en: text.to_owned(), ar: format!("ع {text}") })
}

/// Service, input and its kind, by agency.
fn service(agency: &str) -> (&'static str, &'static str, pb::FeeInputKind) {
    match agency {
        "TRF" => ("FINE", "amount", pb::FeeInputKind::Amount),
        "JUS" => ("COPY", "pages", pb::FeeInputKind::Quantity),
        "MUN" => ("RENT-FEE", "rent", pb::FeeInputKind::Measure),
        "HLT" => ("LIC-DOC", "category", pb::FeeInputKind::Category),
        other => panic!("no agency {other} in this catalogue"),
    }
}

fn decimal(text: &str) -> Result<Decimal, &'static str> {
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err("quantity_invalid");
    }
    text.parse().ok().filter(|number: &Decimal| number.scale() <= 3).ok_or("quantity_invalid")
}

fn fils(dinars: Decimal) -> i64 {
    let fils =
        (dinars * Decimal::ONE_THOUSAND).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    i64::try_from(fils).unwrap()
}

fn fee(service: &str, input: &str) -> Result<i64, &'static str> {
    let number = decimal(input);
    match service {
        "FINE" => Ok(fils(number?)),
        "COPY" => number
            .ok()
            .filter(|pages| pages.is_integer() && *pages > Decimal::ZERO)
            .map(|pages| fils(pages * Decimal::new(250, 3)))
            .ok_or("quantity_invalid"),
        "RENT-FEE" => Ok(fils((number? * Decimal::new(1, 1)).max(Decimal::new(500, 3)))),
        _ => match input {
            "doctor" => Ok(50_000),
            "nurse" => Ok(15_000),
            "technician" => Ok(10_000),
            _ => Err("category_unknown"),
        },
    }
}

/// Half for the retired, nothing for families of martyrs.
fn reduced(fils: i64, reduction: &str) -> Result<pb::Price, &'static str> {
    let taken = match reduction {
        "" => 0,
        "retired" => (fils + 1) / 2,
        "martyr" => fils,
        _ => return Err("reduction_unknown"),
    };
    let money = |minor_units| Some(Money { currency: "BHD".to_owned(), minor_units });
    let mut steps = vec![local("as the schedule says").unwrap()];
    steps.extend(
        Some(reduction).filter(|code| !code.is_empty()).and_then(|code| local(&format!("less for {code}"))),
    );
    Ok(pb::Price {
        fee: money(fils - taken),
        vat: money(0),
        total: money(fils - taken),
        steps,
        schedule_version: 1,
        reduction: reduction.to_owned(),
        reduced: Some(taken).filter(|_| !reduction.is_empty()).and_then(money),
        lines: vec![pb::PriceLine {
            kind: pb::PriceLineKind::Fee.into(),
            net: money(fils - taken),
            tax_category: pb::TaxCategory::Outside.into(),
            vat_percent: "0".to_owned(),
            vat: money(0),
        }],
        ..pb::Price::default()
    })
}

fn quote(agency: &str, quote: &pb::Quote) -> pb::QuoteResult {
    let (code, input, _) = service(agency);
    let priced = match quote.inputs.get(input) {
        _ if quote.service_code != code => Err("service_unknown"),
        None => Err("input_missing"),
        Some(value) => fee(code, value),
    };
    let result = match priced.and_then(|fils| reduced(fils, &quote.reduction)) {
        Ok(price) => pb::quote_result::Result::Price(price),
        Err(problem) => pb::quote_result::Result::Problem(pb::QuoteProblem {
            code: problem.to_owned(),
            input: if problem == "reduction_unknown" { "reduction" } else { input }.to_owned(),
            message: local(problem),
        }),
    };
    pb::QuoteResult { result: Some(result) }
}

#[tonic::async_trait]
impl CatalogueService for Catalogue {
    async fn import_catalogue(
        &self,
        _: Request<pb::ImportCatalogueRequest>,
    ) -> Result<Response<pb::ImportCatalogueResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_agency(
        &self,
        request: Request<pb::GetAgencyRequest>,
    ) -> Result<Response<pb::GetAgencyResponse>, Status> {
        let agency_id = request.into_inner().agency_id;
        let agency = pb::Agency { name: local("Agency"), agency_id, ..Default::default() };
        Ok(Response::new(pb::GetAgencyResponse { agency: Some(agency) }))
    }

    async fn list_agencies(
        &self,
        _: Request<pb::ListAgenciesRequest>,
    ) -> Result<Response<pb::ListAgenciesResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn get_fee_service(
        &self,
        _: Request<pb::GetFeeServiceRequest>,
    ) -> Result<Response<pb::GetFeeServiceResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn list_fee_services(
        &self,
        request: Request<pb::ListFeeServicesRequest>,
    ) -> Result<Response<pb::ListFeeServicesResponse>, Status> {
        let agency_id = request.into_inner().agency_id;
        let (code, input, kind) = service(&agency_id);
        let categories = ["doctor", "nurse", "technician"].map(str::to_owned).to_vec();
        let fee_service = pb::FeeService {
            agency_id,
            service_code: code.to_owned(),
            name: local(code),
            fee_kind: pb::FeeKind::PerUnit.into(),
            inputs: vec![pb::FeeInput { name: input.to_owned(), kind: kind.into(), categories }],
            ..Default::default()
        };
        Ok(Response::new(pb::ListFeeServicesResponse { fee_services: vec![fee_service] }))
    }

    async fn add_agency(
        &self,
        _: Request<pb::AddAgencyRequest>,
    ) -> Result<Response<pb::AddAgencyResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn put_fee_service(
        &self,
        _: Request<pb::PutFeeServiceRequest>,
    ) -> Result<Response<pb::PutFeeServiceResponse>, Status> {
        Err(Status::unimplemented("not here"))
    }

    async fn quote_fees(
        &self,
        request: Request<pb::QuoteFeesRequest>,
    ) -> Result<Response<pb::QuoteFeesResponse>, Status> {
        let request = request.into_inner();
        assert!(request.quotes.len() <= 1_000, "the contract's limit");
        let results = request.quotes.iter().map(|one| quote(&request.agency_id, one)).collect();
        Ok(Response::new(pb::QuoteFeesResponse { results }))
    }
}
