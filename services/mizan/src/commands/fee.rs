//! Fees: drafted by one person, published by another.
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use ids::DraftId;
use prost::Message as _;
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::fee_draft_service_client::FeeDraftServiceClient;
use proto::catalogue::v1::fee_reduction::Takes;
use proto::catalogue::v1::late_penalty::Adds;
use proto::catalogue::v1::price_list_service_client::PriceListServiceClient;
use proto::catalogue::v1::test_fee_draft_response::Result as Tested;
use proto::catalogue::v1::{
    FeeDraft, FeeReduction, FeeSchedule, FeeService, FeeServiceFee, FeeSplit, FeeTerms, LatePenalty,
    ListFeeDraftsRequest, ListFeeSchedulesRequest, ListPricesRequest, PublishFeeDraftRequest,
    PutFeeDraftRequest, PutFeeServiceRequest, ReturnFeeDraftRequest, ServicePrices, SubmitFeeDraftRequest,
    TaxCategory, TestFeeDraftRequest, WithdrawFeeDraftRequest,
};
use proto::common::v1::{LocalText, Money};

use super::end;
use super::officer::{By, Catalogue, amount, answered, call, dinars, fresh_id, pair, word};

/// Fees: one person drafts, tests and submits; another publishes.
#[derive(Debug, Args)]
pub struct Fee {
    #[command(flatten)]
    catalogue: Catalogue,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Adds a service, which costs nothing until a fee of it is published, or gives it another name.
    Service {
        #[arg(long)]
        agency: String,
        /// A-Z, 0-9 and -.
        #[arg(long)]
        service: String,
        #[arg(long)]
        name_en: String,
        #[arg(long)]
        name_ar: String,
        /// Who does it.
        #[arg(long)]
        actor: String,
    },
    /// Begins a draft, or writes on one; nothing changes yet.
    Draft(Box<Draft>),
    /// The price of a bill that nobody gets, each step in both languages.
    Test {
        #[arg(long)]
        draft: String,
        /// What the fee asks for: `--input pages=12`; as often as there are inputs.
        #[arg(long = "input", value_parser = pair)]
        inputs: Vec<(String, String)>,
        /// The code of a reduction.
        #[arg(long, default_value = "")]
        reduction: String,
        /// On this day; the draft's first one if left out.
        #[arg(long, default_value = "")]
        date: String,
    },
    /// Hands it to a second person.
    Submit(Step),
    /// Makes it the fee from its first day on; by nobody who wrote or submitted it.
    Publish(Step),
    /// Gives it back to its authors.
    Return {
        #[command(flatten)]
        step: Step,
        /// Why.
        #[arg(long)]
        remark: String,
    },
    /// Gives it up.
    Withdraw(Step),
    /// The drafts of an agency.
    Drafts {
        #[arg(long)]
        agency: String,
        #[arg(long, default_value = "")]
        service: String,
    },
    /// What the agency's services cost on a day, as the public reads it, in both languages.
    Prices {
        #[arg(long)]
        agency: String,
        /// Today in Bahrain, if left out.
        #[arg(long, default_value = "")]
        date: String,
    },
    /// Every fee of a service that was or will be in force.
    Schedules {
        #[arg(long)]
        agency: String,
        #[arg(long)]
        service: String,
    },
}

#[derive(Debug, Args)]
struct Draft {
    #[arg(long)]
    agency: String,
    #[arg(long)]
    service: String,
    /// The first day, in Bahrain: tomorrow or later.
    #[arg(long)]
    from: String,
    /// As in services.csv: `per_unit:pages*0.250`.
    #[arg(long)]
    fee: String,
    /// Whether VAT is due.
    #[arg(long, value_enum, default_value = "outside")]
    tax: Tax,
    /// The fee is never less, in dinars with three decimals.
    #[arg(long, value_parser = amount)]
    minimum: Option<Money>,
    /// The fee is never more.
    #[arg(long, value_parser = amount)]
    maximum: Option<Money>,
    /// Who pays less: CSV with code, name_en, name_ar, legal_reference and takes (`50%`, `2.500` or `all`).
    #[arg(long)]
    reductions: Option<PathBuf>,
    /// What each bill costs beside the fee, in dinars with three decimals.
    #[arg(long, value_parser = amount)]
    service_fee: Option<Money>,
    /// Whether VAT is due on the service fee.
    #[arg(long, value_enum, default_value = "outside", requires = "service_fee")]
    service_fee_tax: Tax,
    /// Who gets the service fee; the agency, if left out.
    #[arg(long, default_value = "", requires = "service_fee")]
    service_fee_to: String,
    /// Who gets a part of the fee, in percent: `--split FUND=2.5`; as often as there are receivers.
    #[arg(long = "split", value_parser = split)]
    splits: Vec<FeeSplit>,
    #[command(flatten)]
    late: Late,
    /// A bill that nobody has paid ends so many days after its due date, 1 to 3650; 0: it never does.
    #[arg(long, default_value_t = 0)]
    expires_after: i32,
    /// Writes on this draft instead of beginning one; needs --at.
    #[arg(long, requires = "at")]
    draft: Option<String>,
    /// The version of the draft that you have read.
    #[arg(long, default_value_t = 0)]
    at: i64,
    #[command(flatten)]
    by: By,
}

/// What a bill costs more when it is paid late.
#[derive(Debug, Args)]
struct Late {
    /// In percent of the fee, with at most two decimals.
    #[arg(long, value_parser = percent, requires = "late_law", conflicts_with = "late_amount")]
    late_percent: Option<i32>,
    /// In dinars with three decimals.
    #[arg(long, value_parser = amount, requires = "late_law")]
    late_amount: Option<Money>,
    /// Days after the due date in which nothing happens.
    #[arg(long, default_value_t = 0)]
    late_after: i32,
    /// Once more after each so many days; needs --late-maximum.
    #[arg(long, default_value_t = 0, requires = "late_maximum")]
    late_every: i32,
    /// All penalties together are never more.
    #[arg(long, value_parser = amount)]
    late_maximum: Option<Money>,
    /// The article it rests on.
    #[arg(long)]
    late_law: Option<String>,
}

impl Late {
    fn penalty(self) -> Option<LatePenalty> {
        let adds = match (self.late_percent, self.late_amount) {
            (Some(basis_points), _) => Adds::BasisPoints(basis_points),
            (None, Some(amount)) => Adds::Amount(amount),
            (None, None) => return None,
        };
        Some(LatePenalty {
            grace_days: self.late_after,
            adds: Some(adds),
            every_days: self.late_every,
            maximum: self.late_maximum,
            legal_reference: self.late_law.unwrap_or_default(),
        })
    }
}

#[derive(Debug, Args)]
struct Step {
    #[arg(long)]
    draft: String,
    /// The version of the draft that you have read.
    #[arg(long)]
    at: i64,
    /// Who does it.
    #[arg(long)]
    actor: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tax {
    /// A fee of the state.
    Outside,
    /// The standard rate.
    Standard,
}

/// Runs a verb against the service.
pub async fn run(fee: Fee) -> ExitCode {
    end(answer(fee).await)
}

async fn answer(fee: Fee) -> Result<String, String> {
    let channel = fee.catalogue.channel()?;
    let mut drafts = FeeDraftServiceClient::new(channel.clone());
    let draft = match fee.verb {
        Verb::Service { agency, service, name_en, name_ar, actor } => {
            let name = Some(LocalText { en: name_en, ar: name_ar });
            let put = PutFeeServiceRequest { agency_id: agency, service_code: service, name };
            let put =
                answered(CatalogueServiceClient::new(channel).put_fee_service(call(&actor, put)?).await)?;
            return Ok(put.fee_service.as_ref().map(service_line).unwrap_or_default());
        }
        Verb::Draft(draft) => {
            let (by, request) = written(*draft)?;
            answered(drafts.put_fee_draft(by.call(request)?).await)?.fee_draft
        }
        Verb::Test { draft, inputs, reduction, date } => {
            let inputs = inputs.into_iter().collect();
            let test = TestFeeDraftRequest { draft_id: draft, inputs, reduction, date };
            let tested = answered(drafts.test_fee_draft(test).await)?;
            return tested.result.map_or_else(|| Err("no answer".to_owned()), said);
        }
        Verb::Submit(Step { draft, at, actor }) => {
            let request = call(&actor, SubmitFeeDraftRequest { draft_id: draft, version: at })?;
            answered(drafts.submit_fee_draft(request).await)?.fee_draft
        }
        Verb::Publish(Step { draft, at, actor }) => {
            let request = call(&actor, PublishFeeDraftRequest { draft_id: draft, version: at })?;
            answered(drafts.publish_fee_draft(request).await)?.fee_draft
        }
        Verb::Return { step: Step { draft, at, actor }, remark } => {
            let request = call(&actor, ReturnFeeDraftRequest { draft_id: draft, version: at, remark })?;
            answered(drafts.return_fee_draft(request).await)?.fee_draft
        }
        Verb::Withdraw(Step { draft, at, actor }) => {
            let request = call(&actor, WithdrawFeeDraftRequest { draft_id: draft, version: at })?;
            answered(drafts.withdraw_fee_draft(request).await)?.fee_draft
        }
        Verb::Drafts { agency, service } => {
            let request = ListFeeDraftsRequest { agency_id: agency, service_code: service };
            let listed = answered(drafts.list_fee_drafts(request).await)?;
            return Ok(listed.fee_drafts.iter().map(line).collect::<Vec<_>>().join("\n"));
        }
        Verb::Prices { agency, date } => {
            let request = ListPricesRequest { agency_id: agency, date };
            let listed = answered(PriceListServiceClient::new(channel).list_prices(request).await)?;
            let services = listed.agencies.iter().flat_map(|agency| &agency.services);
            return Ok(services.map(prices).collect::<Vec<_>>().join("\n"));
        }
        Verb::Schedules { agency, service } => {
            let request = ListFeeSchedulesRequest { agency_id: agency, service_code: service };
            let listed = answered(drafts.list_fee_schedules(request).await)?;
            return Ok(listed.fee_schedules.iter().map(schedule).collect::<Vec<_>>().join("\n"));
        }
    };
    Ok(draft.as_ref().map(line).unwrap_or_default())
}

/// A service, and below it what it costs.
fn prices(service: &ServicePrices) -> String {
    let name = service.name.clone().unwrap_or_default();
    let mut lines = vec![format!("{} {} / {}", service.service_code, name.en, name.ar)];
    lines.extend(service.lines.iter().map(|line| format!("  {}\n    {}", line.en, line.ar)));
    if !service.next_from.is_empty() {
        lines.push(format!("  until the day before {}", service.next_from));
    }
    lines.join("\n")
}

fn service_line(service: &FeeService) -> String {
    let name = service.name.clone().unwrap_or_default();
    let fee = if service.fee.is_empty() { "no fee yet" } else { &service.fee };
    format!("{} {} {} / {}: {fee}", service.agency_id, service.service_code, name.en, name.ar)
}

fn written(draft: Draft) -> Result<(By, PutFeeDraftRequest), String> {
    let service_fee = draft.service_fee.map(|amount| FeeServiceFee {
        amount: Some(amount),
        tax_category: category(draft.service_fee_tax).into(),
        beneficiary: draft.service_fee_to,
    });
    let terms = FeeTerms {
        fee: draft.fee,
        tax_category: category(draft.tax).into(),
        minimum: draft.minimum,
        maximum: draft.maximum,
        reductions: draft.reductions.as_deref().map(reductions).transpose()?.unwrap_or_default(),
        service_fee,
        splits: draft.splits,
        late: draft.late.penalty(),
        expires_after_days: draft.expires_after,
    };
    let mut request = PutFeeDraftRequest {
        draft_id: String::new(),
        agency_id: draft.agency,
        service_code: draft.service,
        valid_from: draft.from,
        terms: Some(terms),
        version: draft.at,
    };
    let fresh = || DraftId(fresh_id(&draft.by, &request.encode_to_vec())).to_string();
    request.draft_id = draft.draft.unwrap_or_else(fresh);
    Ok((draft.by, request))
}

fn category(tax: Tax) -> TaxCategory {
    match tax {
        Tax::Outside => TaxCategory::Outside,
        Tax::Standard => TaxCategory::Standard,
    }
}

/// `FUND=2.5`: a receiver and its part in percent, of at most two decimals.
fn split(text: &str) -> Result<FeeSplit, String> {
    let wrong = || format!("`{text}` is no receiver with its part; write it like FUND=2.5");
    let (beneficiary, percent) = text.split_once('=').ok_or_else(wrong)?;
    let basis_points = self::percent(percent).map_err(|_no_percent| wrong())?;
    Ok(FeeSplit { beneficiary: beneficiary.to_owned(), basis_points })
}

/// `2.5`: in basis points.
fn percent(text: &str) -> Result<i32, String> {
    let wrong = || format!("`{text}` is no percentage; write it like 2.5, with at most two decimals");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 2 {
        return Err(wrong());
    }
    format!("{whole}{decimals:0<2}").parse().map_err(|_not_whole| wrong())
}

/// The rows of a file of reductions.
fn reductions(file: &Path) -> Result<Vec<FeeReduction>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let mut reductions = Vec::new();
    for (row, read) in rows.deserialize::<Row>().enumerate() {
        let wrong = |what: String| format!("{} row {}: {what}", file.display(), row.saturating_add(2));
        let read = read.map_err(|error| wrong(error.to_string()))?;
        let takes = takes(&read.takes).map_err(wrong)?;
        reductions.push(FeeReduction {
            code: read.code,
            name: Some(LocalText { en: read.name_en, ar: read.name_ar }),
            legal_reference: read.legal_reference,
            takes: Some(takes),
        });
    }
    Ok(reductions)
}

#[derive(serde::Deserialize)]
struct Row {
    code: String,
    name_en: String,
    name_ar: String,
    legal_reference: String,
    takes: String,
}

fn takes(text: &str) -> Result<Takes, String> {
    if text == "all" {
        return Ok(Takes::All(true));
    }
    if let Some(percent) = text.strip_suffix('%') {
        let percent =
            percent.parse().map_err(|_not_whole| format!("`{text}` is no percentage; write it like 50%"))?;
        return Ok(Takes::Percent(percent));
    }
    amount(text).map(Takes::Amount).map_err(|error| format!("takes: {error}; or write 50% or all"))
}

/// Each step in both languages, then the sums.
fn said(tested: Tested) -> Result<String, String> {
    let price = match tested {
        Tested::Price(price) => price,
        Tested::Problem(problem) => {
            let message = problem.message.unwrap_or_default();
            return Err(format!("{}: {}\n{}", problem.code, message.en, message.ar));
        }
    };
    let mut lines: Vec<String> =
        price.steps.iter().map(|step| format!("{}\n  {}", step.en, step.ar)).collect();
    lines.extend(price.late_rule.iter().map(|rule| format!("{}\n  {}", rule.en, rule.ar)));
    if price.expires_after_days > 0 {
        lines.push(format!("a bill ends {} days after its due date", price.expires_after_days));
    }
    let [fee, vat, total] = [&price.fee, &price.vat, &price.total].map(|money| dinars(money.as_ref()));
    lines.push(format!("fee {fee} vat {vat} total {total}"));
    Ok(lines.join("\n"))
}

fn line(draft: &FeeDraft) -> String {
    let state = word(draft.state().as_str_name(), "FEE_DRAFT_STATE_");
    let FeeDraft { draft_id, agency_id, service_code, valid_from, version, .. } = draft;
    let fee = draft.terms.as_ref().map(|terms| terms.fee.as_str()).unwrap_or_default();
    let remark = if draft.remark.is_empty() { String::new() } else { format!(" ({})", draft.remark) };
    format!("{draft_id} {state} at {version} {agency_id} {service_code} from {valid_from}: {fee}{remark}")
}

fn schedule(schedule: &FeeSchedule) -> String {
    let from = match schedule.valid_from.as_str() {
        "" => "since ever".to_owned(),
        day => format!("from {day}"),
    };
    let origin = if schedule.draft_id.is_empty() { "import" } else { &schedule.draft_id };
    let terms = schedule.terms.as_ref();
    let fee = terms.map(|terms| terms.fee.as_str()).unwrap_or_default();
    let reductions: Vec<&str> =
        terms.iter().flat_map(|terms| terms.reductions.iter().map(|of| of.code.as_str())).collect();
    let less =
        if reductions.is_empty() { String::new() } else { format!("; less for {}", reductions.join(" ")) };
    format!("{} {from}: {fee}{less} [{origin}]", schedule.version)
}
