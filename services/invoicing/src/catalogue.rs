//! What we ask the catalogue: who the agency is, what it charges for, and prices.

use std::collections::HashMap;

use boot::wire::money_from_wire;
use boot::{Call, Problem};
use futures::{StreamExt as _, TryStreamExt as _};
use ids::AgencyId;
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use time::Date;

use crate::domain::fee_service::{
    Breakdown, FeeService, Input, InputKind, Line, LineKind, LocalText, Price, Reduced, Seller, Share,
    TaxCategory,
};
use crate::domain::late::{Adds, Again, Late};
use crate::domain::upload_row::{Code, Quote};

/// Prices the catalogue gives in one call.
const QUOTES_PER_CALL: usize = 1_000;
/// Calls for one file that run at the same time.
const CALLS_AT_ONCE: usize = 4;

/// The catalogue. Clones share the connection.
#[derive(Clone)]
pub struct Catalogue {
    client: CatalogueServiceClient<boot::grpc::Channel>,
}

/// Why there is no price: the code, and the input at fault if it is one.
#[derive(Clone)]
pub struct NoPrice {
    pub code: Code,
    pub input: Option<String>,
}

impl Catalogue {
    pub fn new(channel: boot::grpc::Channel) -> Catalogue {
        Catalogue { client: CatalogueServiceClient::new(channel) }
    }

    /// The agency, as its bills name it.
    ///
    /// # Errors
    /// The catalogue's refusal, or that it did not answer.
    pub async fn seller(&self, agency: &AgencyId) -> Result<Seller, Problem> {
        let request = call(agency, pb::GetAgencyRequest { agency_id: agency.to_string() })?;
        let answer = self.client.clone().get_agency(request).await.map_err(|status| problem(&status))?;
        let agency = answer.into_inner().agency.unwrap_or_default();
        let vat_account = Some(agency.vat_account).filter(|account| !account.is_empty());
        Ok(Seller { name: local(agency.name), vat_account })
    }

    /// The agency's fee services by code: those that have a fee today.
    ///
    /// # Errors
    /// As [`Catalogue::seller`].
    pub async fn fee_services(&self, agency: &AgencyId) -> Result<HashMap<String, FeeService>, Problem> {
        let request = call(agency, pb::ListFeeServicesRequest { agency_id: agency.to_string() })?;
        let answer =
            self.client.clone().list_fee_services(request).await.map_err(|status| problem(&status))?;
        let services = answer.into_inner().fee_services.into_iter();
        let priced = services.filter(|service| service.fee_kind() != pb::FeeKind::Unspecified);
        let services = priced.map(fee_service);
        Ok(services.map(|service| (service.code.clone(), service)).collect())
    }

    /// Prices for `date`, in the order of `quotes`.
    ///
    /// # Errors
    /// As [`Catalogue::seller`].
    pub async fn prices(
        &self,
        agency: &AgencyId,
        date: Date,
        quotes: &[&Quote],
    ) -> Result<Vec<Result<Price, NoPrice>>, Problem> {
        let calls: Vec<_> =
            quotes.chunks(QUOTES_PER_CALL).map(|part| self.part(agency, date, part)).collect();
        let parts: Vec<Vec<_>> = futures::stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(parts.into_iter().flatten().collect())
    }

    async fn part(
        &self,
        agency: &AgencyId,
        date: Date,
        quotes: &[&Quote],
    ) -> Result<Vec<Result<Price, NoPrice>>, Problem> {
        let wire = |quote: &&Quote| pb::Quote {
            service_code: quote.service.clone(),
            inputs: quote.inputs.clone().into_iter().collect(),
            reduction: quote.reduction.clone(),
        };
        let request = pb::QuoteFeesRequest {
            agency_id: agency.to_string(),
            date: date.to_string(),
            quotes: quotes.iter().map(wire).collect(),
        };
        let answer = self.client.clone().quote_fees(call(agency, request)?).await;
        let results = answer.map_err(|status| problem(&status))?.into_inner().results;
        if results.len() != quotes.len() {
            return Err(nonsense());
        }
        results.into_iter().map(price).collect()
    }
}

fn call<T>(agency: &AgencyId, message: T) -> Result<tonic::Request<T>, Problem> {
    Call::by("service:invoicing").for_agency(agency.clone()).request(message)
}

/// A price is a question: nothing has begun, whatever went wrong.
fn problem(status: &tonic::Status) -> Problem {
    let problem = Problem::from_status(status);
    if problem.outcome_unknown() {
        let detail = "Prices cannot be had at the moment; nothing was begun, come back shortly.";
        let retry = std::time::Duration::from_secs(2);
        return Problem::new(tonic::Code::Unavailable, "unavailable", detail)
            .retry_after(retry)
            .caused_by(problem);
    }
    problem
}

fn nonsense() -> Problem {
    Problem::internal(std::io::Error::other("the catalogue's answer does not fit the question"))
}

fn price(result: pb::QuoteResult) -> Result<Result<Price, NoPrice>, Problem> {
    use pb::quote_result::Result as R;
    match result.result {
        Some(R::Price(price)) => {
            let fils = |money| money_from_wire("price", money).map(money::Money::minor_units);
            Ok(Ok(Price {
                fee_fils: fils(&price.fee)?,
                vat_fils: fils(&price.vat)?,
                total_fils: fils(&price.total)?,
                steps: price.steps.into_iter().map(|step| local(Some(step))).collect(),
                schedule_version: price.schedule_version,
                reduced: match &price.reduced {
                    Some(_) => Reduced { code: price.reduction, fils: fils(&price.reduced)? },
                    None => Reduced::default(),
                },
                breakdown: Breakdown {
                    lines: price.lines.iter().map(line).collect::<Result<_, _>>()?,
                    shares: price.shares.iter().map(share).collect::<Result<_, _>>()?,
                },
                late: price.late.map(|penalty| late(penalty, price.late_rule)).transpose()?,
                expires_after_days: match price.expires_after_days {
                    0 => None,
                    days => Some(u16::try_from(days).ok().ok_or_else(nonsense)?),
                },
            }))
        }
        Some(R::Problem(problem)) => {
            let code = Code::from_name(&problem.code).ok_or_else(nonsense)?;
            Ok(Err(NoPrice { code, input: Some(problem.input).filter(|input| !input.is_empty()) }))
        }
        None => Err(nonsense()),
    }
}

fn line(line: &pb::PriceLine) -> Result<Line, Problem> {
    let kind = match line.kind() {
        pb::PriceLineKind::Fee => LineKind::Fee,
        pb::PriceLineKind::ServiceFee => LineKind::ServiceFee,
        pb::PriceLineKind::Unspecified => return Err(nonsense()),
    };
    let tax_category = match line.tax_category() {
        pb::TaxCategory::Outside => TaxCategory::O,
        pb::TaxCategory::Standard => TaxCategory::S,
        pb::TaxCategory::Unspecified => return Err(nonsense()),
    };
    Ok(Line {
        kind,
        net_fils: money_from_wire("price.lines", &line.net)?.minor_units(),
        tax_category,
        vat_percent: line.vat_percent.clone(),
        vat_fils: money_from_wire("price.lines", &line.vat)?.minor_units(),
    })
}

fn late(late: pb::LatePenalty, rule: Option<proto::common::v1::LocalText>) -> Result<Late, Problem> {
    let days = |days: i32| u16::try_from(days).ok().ok_or_else(nonsense);
    let adds = match late.adds.ok_or_else(nonsense)? {
        pb::late_penalty::Adds::BasisPoints(points) => Adds::BasisPoints(points),
        pb::late_penalty::Adds::Amount(amount) => {
            Adds::AmountFils(money_from_wire("price.late.amount", &Some(amount))?.minor_units())
        }
    };
    let again = match late.every_days {
        0 => None,
        every => {
            let maximum_fils = money_from_wire("price.late.maximum", &late.maximum)?.minor_units();
            Some(Again { every_days: days(every)?, maximum_fils })
        }
    };
    let grace_days = days(late.grace_days)?;
    Ok(Late { grace_days, adds, again, legal_reference: late.legal_reference, rule: local(rule) })
}

fn share(share: &pb::PriceShare) -> Result<Share, Problem> {
    let due_fils = money_from_wire("price.shares", &share.due)?.minor_units();
    Ok(Share { beneficiary: share.beneficiary.clone(), due_fils })
}

fn fee_service(service: pb::FeeService) -> FeeService {
    let inputs = service.inputs.into_iter().map(|input| {
        let kind = match input.kind() {
            pb::FeeInputKind::Quantity => InputKind::Quantity,
            pb::FeeInputKind::Measure | pb::FeeInputKind::Unspecified => InputKind::Measure,
            pb::FeeInputKind::Category => InputKind::Category(input.categories),
            pb::FeeInputKind::Amount => InputKind::Amount,
        };
        Input { name: input.name, kind }
    });
    FeeService { inputs: inputs.collect(), code: service.service_code, name: local(service.name) }
}

fn local(text: Option<proto::common::v1::LocalText>) -> LocalText {
    let text = text.unwrap_or_default();
    LocalText { en: text.en, ar: text.ar }
}
