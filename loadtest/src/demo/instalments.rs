//! A bill in parts, each due on a working day.
use anyhow::Context as _;
use proto::payments::v1::ReceivableState;
use serde_json::json;

use super::desk::{CLERK, Desk};
use super::setup::data_folder;
use super::{Demo, follow};
use crate::api::Body;
use crate::report::Report;

const AGENCY: &str = "TRF";

/// A circular, a plan that does not sum, one that does, and its first part paid.
///
/// # Errors
/// The platform is out of reach.
pub async fn run(demo: &Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("A bill in instalments, due on working days");
    let file = data_folder()?.join("invoicing/data/holidays.csv").display().to_string();
    let put = ["calendar", "put", "--file", &file, "--source", "Forecast of 2026", "--actor", CLERK];
    report.equal("the holidays are revision 1", &"revision 1: 30 holidays".to_owned(), &desk.mizan(&put)?);
    let count = |from, term| desk.mizan(&["calendar", "count", "--from", from, "--term", term]);
    // Wednesday and Thursday are National Day, Friday and Saturday the weekend.
    let counted = count("2026-12-15", "1 working day")?;
    report.equal("a term passes over them and the weekend", &"2026-12-20 by revision 1".to_owned(), &counted);

    let api = demo.apis.get(AGENCY).context("a key of the agency")?;
    let part = |days: &str, amount: &str| json!({ "due_date": days, "due": { "amount": amount, "currency": "BHD" } });
    let bill = |reference: &str, second: &str| {
        json!({
            "service": "FINE",
            "reference": reference,
            "payer": { "name": "Sara Ali", "cpr": "880101234" },
            "inputs": { "amount": "30.000" },
            "instalments": [part("10 working days", "10.000"), part("90 days", second)],
        })
    };
    let wrong = api.post("/v1/invoices", "plan-1", &Body::Json(bill("PLAN-1", "19.000"))).await?;
    let refusal = (wrong.code.as_u16(), wrong.json()?["code"].clone());
    report.equal("a plan that does not sum is refused", &(422, json!("instalments_sum")), &refusal);
    let issued =
        api.post("/v1/invoices", "plan-2", &Body::Json(bill("PLAN-2", "20.000"))).await?.success()?;
    let reference = issued["bill_reference"].as_str().context("a bill reference")?.to_owned();

    let pay = |amount: &str| {
        json!({
            "bill_reference": reference,
            "channel": "wallet",
            "provider": "benefit-pay",
            "amount": { "amount": amount, "currency": "BHD" },
        })
    };
    let odd = api.post("/v1/payments", "plan-pay-1", &Body::Json(pay("7.000"))).await?;
    report.equal("another amount than a part is refused", &json!("amount_not_allowed"), &odd.json()?["code"]);
    let started = api.post("/v1/payments", "plan-pay-2", &Body::Json(pay("10.000"))).await?.success()?;
    let id = started["payment_id"].as_str().context("a payment_id")?.to_owned();
    let (end, _) = follow(api, &demo.world, &id).await?;
    report.equal("the first part is paid", &json!("captured"), &end["state"]);
    let state = desk.receivable(&reference).await?.state();
    report.equal("the bill is partly paid", &ReceivableState::PartiallyPaid, &state);
    for (language, words) in [("en", "PARTLY PAID"), ("ar", "مدفوع جزء منها")] {
        let page = demo.page(language, &reference).await?;
        report.equal(&format!("its page shows what is left ({language})"), &true, &page.contains(words));
    }
    Ok(())
}
