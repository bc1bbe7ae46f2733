//! A fee from its first word to its publication, and bills that are changed and taken back.
use anyhow::Context as _;
use serde_json::json;

use super::desk::{CLERK, Desk, OFFICER, day, first_word};
use super::{AGENCIES, Demo};
use crate::api::Body;
use crate::report::Report;

const AGENCY: &str = "TRF";
/// What a plate costs from tomorrow on.
const PLATE: &str = "fixed:12.000";
const LESS: &str =
    "code,name_en,name_ar,legal_reference,takes\nretired,Retired person,متقاعد,Law 3 of 2020 article 5,50%\n";

/// One person drafts and tries a fee, another publishes it; a bill is amended, another cancelled; the numbers are gapless.
///
/// # Errors
/// The platform is out of reach.
pub async fn run(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    fee(desk, report)?;
    report.chapter("Bills that are changed and taken back");
    let (number, bill) = issue(demo, "VR-2").await?;
    let amend = ["invoice", "amend", "--agency", AGENCY, "--invoice", &number, "--input", "category=taxi"];
    let why = ["--reason", "it is a taxi", "--actor", CLERK];
    let amended = desk.mizan(&[&amend[..], &why[..]].concat())?;
    report.equal(
        "an amended bill asks for the fee of its new category",
        &true,
        &amended.starts_with(&format!("{number} issued total 25.000 ")),
    );
    for (language, amount) in [("en", "BHD 25.000"), ("ar", "25.000 د.ب.")] {
        let page = demo.page(language, &bill).await?;
        report.equal(&format!("its page asks for it ({language})"), &true, &page.contains(amount));
    }
    let cancel = ["invoice", "cancel", "--agency", AGENCY, "--invoice", &number];
    let cancelled = desk.mizan(&[&cancel[..], &why[..]].concat())?;
    report.equal("a cancelled bill says so", &true, &cancelled.contains(" cancelled "));
    let page = demo.page("en", &bill).await?;
    report.equal("and nobody is asked to pay it", &false, &page.contains("method=\"post\""));

    let year = day(0).chars().take(4).collect::<String>();
    let mut gaps = Vec::new();
    for agency in AGENCIES {
        if let Err(error) = desk.mizan(&["invoice", "numbers", "--agency", agency, "--year", &year]) {
            gaps.push(error.to_string());
        }
    }
    report.nothing_wrong("the invoice numbers of every agency have neither gap nor double", &gaps);
    Ok(())
}

fn fee(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("A fee, drafted by one person and published by another");
    let reductions = desk.folder().join("reductions.csv");
    std::fs::write(&reductions, LESS)?;
    let reductions = reductions.display().to_string();
    let from = day(1);
    let what = ["fee", "draft", "--agency", AGENCY, "--service", "PLATE", "--from", &from, "--fee", PLATE];
    let who = ["--reductions", &reductions, "--actor", CLERK];
    let draft = first_word(&desk.mizan(&[&what[..], &who[..]].concat())?);
    let tested = desk.mizan(&["fee", "test", "--draft", &draft, "--reduction", "retired"])?;
    let explained = tested.contains("Retired person (Law 3 of 2020 article 5): less BHD 6.000")
        && tested.contains("متقاعد (Law 3 of 2020 article 5): يُخصم 6.000 د.ب.")
        && tested.ends_with("total 6.000");
    report.equal("a test bill explains the reduction and its law in both languages", &true, &explained);
    desk.mizan(&["fee", "submit", "--draft", &draft, "--at", "1", "--actor", CLERK])?;
    let publish = |who| ["fee", "publish", "--draft", &draft, "--at", "2", "--actor", who];
    let alone = desk.refusal(&publish(CLERK));
    report.equal("its author cannot publish it", &"fee_draft_needs_second_person".to_owned(), &alone);
    let published = desk.mizan(&publish(OFFICER))?;
    report.equal("a second person publishes it", &true, &published.contains(" published "));
    let again = [&what[..], &["--actor", OFFICER, "--key", "2"]].concat();
    report.equal("no other may begin on its day", &"schedule_overlap".to_owned(), &desk.refusal(&again));
    let schedules = desk.mizan(&["fee", "schedules", "--agency", AGENCY, "--service", "PLATE"])?;
    let kept = schedules.starts_with("1 since ever: fixed:10.000")
        && schedules.contains(&format!("2 from {from}: {PLATE}"));
    report.equal("until then the old fee holds", &true, &kept);
    Ok(())
}

/// A bill for a private car; its number and reference.
async fn issue(demo: &Demo, reference: &str) -> anyhow::Result<(String, String)> {
    let api = demo.apis.get(AGENCY).context("a key of the agency")?;
    let body = json!({
        "service": "VEH-REN",
        "reference": reference,
        "payer": { "name": "Sara Ali", "cpr": "880101234" },
        "inputs": { "category": "private" },
        "due_date": day(10),
    });
    let issued = api.post("/v1/invoices", reference, &Body::Json(body)).await?.success()?;
    let text = |field: &str| issued[field].as_str().map(str::to_owned).context("a field of the invoice");
    Ok((text("invoice_number")?, text("bill_reference")?))
}
