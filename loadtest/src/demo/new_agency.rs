//! An agency without an IT department, from nothing to its statement: set up, priced by two persons, billed by file, paid, accounted for.
use anyhow::Context as _;
use serde_json::{Value, json};

use super::Demo;
use super::acts::Taking;
use super::desk::{CLERK, Desk, IBAN, OFFICER, day, first_word};
use super::messages::eventually;
use super::night;
use super::uploads::send;
use crate::api::{Api, Body};
use crate::report::Report;
use crate::stack::Layout;

const AGENCY: &str = "TOU";
const SERVICE: &str = "GUIDE";
/// The third tour guide is a mistake.
const GUIDES: &str = "reference,service,name,cpr,phone,email,language,units,due_date,note\n\
    G-1,GUIDE,Sara Ali,880101234,,guide-1@example.test,en,12,DUE,\n\
    G-2,GUIDE,راشد حسن,900202345,17001234,guide-2@example.test,ar,3,DUE,\n\
    G-3,GUIDE,Nobody,12,,,,1,DUE,\n";

/// The whole way of a new agency.
///
/// # Errors
/// The platform is out of reach.
pub async fn run(demo: &mut Demo, layout: &Layout, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("A new agency, from nothing to its statement");
    set_up(desk, report)?;
    let key = desk.mizan(&["identity", "create-key", "--agency", AGENCY, "--name", "demo"])?;
    let key = key.split_whitespace().find(|word| word.starts_with("mzn_")).context("an API key")?;
    let api = Api::new(layout.url("gateway", "http"), key.to_owned());

    let guides = GUIDES.replace("DUE", &day(10));
    let upload = send(&api, "guides.csv", guides.into_bytes(), "guides").await?;
    let seen = (upload["valid"].clone(), upload["valid_total"]["amount"].clone(), upload["errors"].clone());
    report.equal(
        "its clerk's file has two bills and a mistake",
        &(json!(2), json!("7.940"), json!(1)),
        &seen,
    );
    let id = upload["upload_id"].as_str().context("an upload_id")?;
    let confirm = json!({ "confirmed_count": upload["valid"], "confirmed_total": upload["valid_total"] });
    api.post(&format!("/v1/uploads/{id}/issue"), "guides-issue", &Body::Json(confirm)).await?.success()?;
    let listed = api.get(&format!("/v1/invoices?upload_id={id}")).await?.success()?;
    let invoices = listed["invoices"].as_array().context("invoices")?.clone();
    report.equal("both become invoices", &2, &invoices.len());

    told(demo, report).await?;
    for invoice in &invoices {
        on_paper(demo, desk, invoice, report)?;
    }
    accounted_for(desk, report)?;
    taken_back(&api, report).await?;
    demo.plans = Some(night::plan((AGENCY, SERVICE), &api, desk, report).await?);
    Ok(())
}

/// A file that was a mistake: none of its bills is left, and its references are free again.
async fn taken_back(api: &Api, report: &mut Report) -> anyhow::Result<()> {
    let wrong = GUIDES.replace("DUE", &day(10)).replace("G-", "W-").replace("@example.test", "@wrong.test");
    let upload = send(api, "wrong.csv", wrong.into_bytes(), "wrong").await?;
    let id = upload["upload_id"].as_str().context("an upload_id")?;
    let confirm = json!({ "confirmed_count": upload["valid"], "confirmed_total": upload["valid_total"] });
    api.post(&format!("/v1/uploads/{id}/issue"), "wrong-issue", &Body::Json(confirm)).await?.success()?;
    let why = Body::Json(json!({ "reason": "the wrong year" }));
    api.post(&format!("/v1/uploads/{id}/withdrawal"), "wrong-back", &why).await?.success()?;
    let state = eventually(async || {
        let upload = api.get(&format!("/v1/uploads/{id}")).await?.success()?;
        anyhow::ensure!(upload["state"] == "withdrawn", "{upload}");
        Ok(upload["withdrawn"].clone())
    });
    report.equal("a file that was a mistake is taken back, bill by bill", &json!(2), &state.await?);
    Ok(())
}

/// Agency and service, and a fee that one person writes and another publishes.
fn set_up(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let names = ["--name-en", "Tourism Authority", "--name-ar", "هيئة السياحة", "--actor", CLERK];
    let account = ["--agency", AGENCY, "--revenue-account", "4990", "--settlement-iban", IBAN];
    let vat = ["--vat-account", "200000123400002"];
    desk.mizan(&[&["catalogue", "add-agency"][..], &names, &account, &vat].concat())?;
    let of = ["--agency", AGENCY, "--service", SERVICE];
    let names = ["--name-en", "Tour guide licence", "--name-ar", "ترخيص مرشد سياحي", "--actor", CLERK];
    let put = desk.mizan(&[&["fee", "service"][..], &of, &names].concat())?;
    report.equal("the service is there and has no fee yet", &true, &put.ends_with("no fee yet"));
    let (from, fee) = (day(0), "sliced:0-10=0.500;10-=0.250");
    let what = [
        "--from",
        &from,
        "--fee",
        fee,
        "--minimum",
        "2.000",
        "--split",
        "GUIDE-FUND=10",
        "--expires-after",
        "1",
    ];
    let beside = ["--service-fee", "0.200", "--service-fee-tax", "standard", "--service-fee-to", "MIZAN"];
    let draft = [&["fee", "draft"][..], &of, &what, &beside, &["--actor", CLERK]].concat();
    let draft = first_word(&desk.mizan(&draft)?);
    let tested = desk.mizan(&["fee", "test", "--draft", &draft, "--input", "units=12"])?;
    report.equal("a test bill comes to its total", &true, &tested.ends_with("total 5.720"));
    desk.mizan(&["fee", "submit", "--draft", &draft, "--at", "1", "--actor", CLERK])?;
    let published = desk.mizan(&["fee", "publish", "--draft", &draft, "--at", "2", "--actor", OFFICER])?;
    report.equal("a second person publishes it", &true, &published.contains(" published "));
    let prices = desk.mizan(&["fee", "prices", "--agency", AGENCY])?;
    let said =
        prices.contains("Each unit from 0 to 10: BHD 0.500") && prices.contains("كل وحدة فوق 10: 0.250 د.ب.");
    report.equal("the public reads what it costs, in both languages", &true, &said);
    Ok(())
}

/// Each payer gets a notice by e-mail, in the language of the file.
async fn told(demo: &Demo, report: &mut Report) -> anyhow::Result<()> {
    for (address, subject) in
        [("guide-1@example.test", "A bill to pay: TOU-"), ("guide-2@example.test", "فاتورة للدفع: TOU-")]
    {
        let told = eventually(async || {
            let mailbox = demo.world.get("/control/mailbox").await?;
            let mails = mailbox["messages"].as_array().context("messages")?;
            let ours: Vec<&Value> = mails.iter().filter(|mail| mail["to"] == *address).collect();
            anyhow::ensure!(ours.len() == 1, "{} mails for {address}", ours.len());
            Ok(ours.iter().filter_map(|mail| mail["subject"].as_str()).any(|said| said.starts_with(subject)))
        })
        .await?;
        report.equal(&format!("{address} is told by e-mail that there is a bill"), &true, &told);
    }
    Ok(())
}

/// The notice on paper, the money that comes in, the receipt.
fn on_paper(demo: &mut Demo, desk: &Desk, invoice: &Value, report: &mut Report) -> anyhow::Result<()> {
    let text = |name: &str| invoice[name].as_str().map(str::to_owned).with_context(|| name.to_owned());
    let (number, bill) = (text("invoice_number")?, text("bill_reference")?);
    let amount = invoice["total"]["amount"].as_str().context("a total")?;
    let print = |what: &[&str], name: &str| -> anyhow::Result<bool> {
        let out = desk.folder().join(name).display().to_string();
        desk.mizan(&[what, &["--language", "ar", "--out", &out]].concat())?;
        Ok(std::fs::read(&out)?.starts_with(b"%PDF-"))
    };
    let notice = ["invoice", "print", "--agency", AGENCY, "--invoice", &number, "--kind", "notice"];
    let notified = print(&notice, &format!("{number}-notice.pdf"))?;
    let how = ["payment", "record", "--channel", "card", "--provider", "card-acquirer"];
    let what = ["--provider-reference", &bill, "--bill", &bill, "--amount", amount, "--actor", CLERK];
    let payment = first_word(&desk.mizan(&[&how[..], &what[..]].concat())?);
    let fils = crate::api::fils(&invoice["total"])?;
    demo.acts.takings.push(Taking { agency: AGENCY.to_owned(), channel: "card", fils });
    let receipted = print(&["receipt", "print", "--payment", &payment], &format!("{number}-receipt.pdf"))?;
    report.equal(&format!("{number}: notice, money and receipt"), &(true, true), &(notified, receipted));
    Ok(())
}

/// What each receiver is owed, and the agency's own statement.
fn accounted_for(desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let today = day(0);
    let closing = |account: &str| -> anyhow::Result<i64> {
        let of = ["--account", account, "--from", &today, "--to", &today, "--json"];
        let said = desk.mizan(&[&["ledger", "statement"][..], &of].concat())?;
        let last: Value = serde_json::from_str(said.lines().last().context("a closing line")?)?;
        last["closing_fils"].as_i64().with_context(|| said.clone())
    };
    // 5.500 and 2.000 for 12 and 3 units, of which a tenth is the fund's; 0.220 a bill for whoever handles it.
    let owed = ["agency_payable:TOU", "beneficiary_payable:GUIDE-FUND", "beneficiary_payable:MIZAN"];
    let owed = owed.map(closing).into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    report.equal("its statement, and what each receiver is owed", &vec![-6_750, -750, -440], &owed);
    let out = desk.folder().join("statement.pdf").display().to_string();
    let of = ["--agency", AGENCY, "--from", &today, "--to", &today, "--language", "ar", "--out", &out];
    desk.mizan(&[&["statement", "print"][..], &of].concat())?;
    let printed = std::fs::read(&out)?.starts_with(b"%PDF-");
    report.equal("and as a document for its files", &true, &printed);
    let year = today.split('-').next().unwrap_or_default();
    let numbers = desk.mizan(&["invoice", "numbers", "--agency", AGENCY, "--year", year])?;
    report.equal("its invoice numbers are gapless", &true, &numbers.ends_with("no gap, no double"));
    Ok(())
}
