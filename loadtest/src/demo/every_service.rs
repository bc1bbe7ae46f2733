//! Each of the 34 services once: its price, its bill, its money. By the services' own RPCs, as portal and gateway call them.
use anyhow::{Context as _, bail};
use boot::{Call, Clock};
use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::quote_result::Result as Priced;
use proto::catalogue::v1::{
    FeeInput, FeeInputKind, FeeService, ListAgenciesRequest, ListFeeServicesRequest, Price, Quote,
    QuoteFeesRequest,
};
use proto::invoicing::v1::invoice_service_client::InvoiceServiceClient;
use proto::invoicing::v1::{Invoice, IssueInvoiceRequest, Payer};
use proto::payments::v1::ReceivableState;

use super::Demo;
use super::acts::Taking;
use super::desk::{CLERK, Desk, dinars};
use crate::report::Report;
use crate::stack::Layout;

/// The services of the sample data.
const SERVICES: usize = 34;

/// Quotes, bills and pays each service.
///
/// # Errors
/// A service does not answer.
pub async fn run(demo: &mut Demo, layout: &Layout, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Every service: price, bill, money");
    let catalogue = boot::grpc::channel(&layout.url("catalogue", "grpc"))?;
    let invoicing = boot::grpc::channel(&layout.url("invoicing", "grpc"))?;
    let mut catalogue = CatalogueServiceClient::new(catalogue);
    let mut invoices = InvoiceServiceClient::new(invoicing);
    let today = boot::bahrain_date(Clock::system().now());
    let (mut done, mut differ, mut unexplained) = (0, Vec::new(), Vec::new());
    for agency in catalogue.list_agencies(ListAgenciesRequest {}).await?.into_inner().agencies {
        let asked = ListFeeServicesRequest { agency_id: agency.agency_id.clone() };
        for service in catalogue.list_fee_services(asked).await?.into_inner().fee_services {
            let name = format!("{} {}", service.agency_id, service.service_code);
            let price = quote(&mut catalogue, &service, &today.to_string()).await?;
            let explained = |text: fn(&proto::common::v1::LocalText) -> &String| {
                price.steps.iter().all(|step| !text(step).is_empty())
            };
            if price.steps.len() < 2 || !explained(|step| &step.en) || !explained(|step| &step.ar) {
                unexplained.push(name.clone());
            }
            let due = today + std::time::Duration::from_hours(240);
            let invoice = issue(&mut invoices, &service, &due.to_string()).await?;
            let fils = |money: &Option<proto::common::v1::Money>| money.as_ref().map_or(0, |m| m.minor_units);
            if fils(&invoice.total) != fils(&price.total) {
                differ.push(format!("{name}: quoted {:?}, billed {:?}", price.total, invoice.total));
            }
            pay(demo, desk, &invoice).await.with_context(|| name.clone())?;
            done += 1;
        }
    }
    report.equal("each service is billed and paid by transfer", &SERVICES, &done);
    report.nothing_wrong("each bill asks for what was quoted", &differ);
    report.nothing_wrong("each price is explained in both languages", &unexplained);
    Ok(())
}

/// A value of each kind of input.
fn value(input: &FeeInput) -> String {
    match input.kind() {
        FeeInputKind::Quantity => "3".to_owned(),
        FeeInputKind::Measure => "240.500".to_owned(),
        FeeInputKind::Category => input.categories.first().cloned().unwrap_or_default(),
        FeeInputKind::Amount => "17.250".to_owned(),
        FeeInputKind::Unspecified => String::new(),
    }
}

fn inputs(service: &FeeService) -> std::collections::HashMap<String, String> {
    service.inputs.iter().map(|input| (input.name.clone(), value(input))).collect()
}

async fn quote(
    catalogue: &mut CatalogueServiceClient<boot::grpc::Channel>,
    service: &FeeService,
    date: &str,
) -> anyhow::Result<Price> {
    let quote = Quote {
        service_code: service.service_code.clone(),
        inputs: inputs(service),
        reduction: String::new(),
    };
    let asked =
        QuoteFeesRequest { agency_id: service.agency_id.clone(), date: date.to_owned(), quotes: vec![quote] };
    let answer = catalogue.quote_fees(asked).await?.into_inner().results;
    match answer.into_iter().next().and_then(|result| result.result) {
        Some(Priced::Price(price)) => Ok(price),
        other => bail!("{} {}: {other:?}", service.agency_id, service.service_code),
    }
}

async fn issue(
    invoices: &mut InvoiceServiceClient<boot::grpc::Channel>,
    service: &FeeService,
    due_date: &str,
) -> anyhow::Result<Invoice> {
    let reference = format!("EVERY-{}", service.service_code);
    let request = IssueInvoiceRequest {
        service_code: service.service_code.clone(),
        reference: reference.clone(),
        payer: Some(Payer {
            name: "Sara Ali".into(),
            cpr: "880101234".into(),
            phone: String::new(),
            ..Default::default()
        }),
        inputs: inputs(service),
        due_date: due_date.to_owned(),
        ..IssueInvoiceRequest::default()
    };
    let call = Call::by("client:demo").for_agency(service.agency_id.parse()?).with_key(reference);
    let answer = invoices.issue_invoice(call.request(request)?).await?.into_inner();
    answer.invoice.context("an invoice")
}

/// A transfer for the whole bill.
async fn pay(demo: &mut Demo, desk: &Desk, invoice: &Invoice) -> anyhow::Result<()> {
    let total_fils = invoice.total.as_ref().context("a total")?.minor_units;
    let bill = &invoice.bill_reference;
    let how = ["payment", "record", "--channel", "transfer", "--provider", "commercial-bank"];
    let amount = dinars(total_fils);
    let what = ["--provider-reference", bill, "--bill", bill];
    desk.mizan(&[&how[..], &what[..], &["--amount", &amount, "--actor", CLERK]].concat())?;
    let agency = invoice.agency_id.clone();
    demo.acts.takings.push(Taking { agency, channel: "transfer", fils: total_fils });
    let state = desk.receivable(bill).await?.state();
    anyhow::ensure!(state == ReceivableState::Paid, "{bill} is {state:?}");
    Ok(())
}
