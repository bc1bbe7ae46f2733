//! Clerks' files in, bills out.
use std::ops::Range;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::setup::data_folder;
use super::{Bill, Demo};
use crate::api::{Api, Body, fils};
use crate::report::{Report, say};

const FILES: [&str; 4] =
    ["traffic-fines.csv", "judgment-copies.csv", "municipal-rents.csv", "health-licences.xlsx"];
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Uploads the four files, compares with what a correct reader finds, and issues every valid row.
///
/// # Errors
/// The API is out of reach.
pub async fn run(demo: &mut Demo, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("Uploads");
    let folder = data_folder()?.join("invoicing/tests/data/uploads");
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json"))?)?;
    for name in FILES {
        let wanted = &expected[name];
        let agency = wanted["agency"].as_str().context("expected.json names the agency")?;
        let api = demo.apis.get(agency).context("a key for the agency")?.clone();
        let content = std::fs::read(folder.join(name))?;
        let upload = send(&api, name, content, &format!("upload-{name}")).await?;
        check(&api, name, wanted, &upload, report).await?;
        for bill in issue(&api, agency, &upload, report).await? {
            demo.purse.put(bill);
        }
    }
    Ok(())
}

/// Issues traffic fines with the given numbers in their references, each of another sum, and gives the bills.
///
/// # Errors
/// A row is refused, or the API is out of reach.
pub async fn issue_fines(demo: &Demo, numbers: Range<u32>, report: &mut Report) -> anyhow::Result<Vec<Bill>> {
    const AGENCY: &str = "TRF";
    let api = demo.apis.get(AGENCY).context("a key for the agency")?;
    let titles = "reference;service;name;cpr;phone;due_date;amount;note\r\n".to_owned();
    let name = format!("fines-{}.csv", numbers.start);
    let content = numbers.clone().fold(titles, |file, n| file + &fine(n));
    let upload = send(api, &name, content.into_bytes(), &format!("upload-{name}")).await?;
    anyhow::ensure!(upload["errors"] == 0, "rows are refused: {upload}");
    issue(api, AGENCY, &upload, report).await
}

fn fine(n: u32) -> String {
    format!(
        "LOAD-{n:07};FINE;Sara Ahmed {n};{};36{n:06};31/12/2030;{}.{:03};\r\n",
        900_000_000 + n,
        1 + n % 40,
        n % 10 * 100
    )
}

/// Sends one file.
///
/// # Errors
/// It is refused as a whole.
pub async fn send(api: &Api, name: &str, content: Vec<u8>, key: &str) -> anyhow::Result<Value> {
    let content_type = if name.ends_with("xlsx") { XLSX } else { "text/csv" };
    let path = format!("/v1/uploads?filename={name}");
    api.post(&path, key, &Body::File { content_type, content }).await?.success()
}

async fn check(
    api: &Api,
    name: &str,
    wanted: &Value,
    upload: &Value,
    report: &mut Report,
) -> anyhow::Result<()> {
    let summary = |value: &Value, total: &Value| {
        format!("{} rows, {} valid, {} in {}", value["rows"], value["valid"], total, value["encoding"])
    };
    let encoding = if name.ends_with("xlsx") { json!("XLSX") } else { wanted["encoding"].clone() };
    let mut expected = wanted.clone();
    expected["encoding"] = encoding;
    report.equal(
        &format!("{name}: rows, valid rows, total and encoding"),
        &summary(&expected, &wanted["valid_total_bhd"]),
        &summary(upload, &upload["valid_total"]["amount"]),
    );
    let id = upload["upload_id"].as_str().context("an upload_id")?;
    let answer = api.get(&format!("/v1/uploads/{id}/errors")).await?.success()?;
    let found = answer["errors"].as_array().context("errors")?;
    let place = |error: &Value| format!("row {} column {} {}", error["row"], error["column"], error["code"]);
    let listed = |errors: &[Value]| errors.iter().map(place).collect::<Vec<_>>();
    let expected = wanted["errors"].as_array().context("expected.json lists errors")?;
    report.equal(
        &format!("{name}: the {} errors, by row, column and code", expected.len()),
        &listed(expected),
        &listed(found),
    );
    let silent: Vec<_> = found
        .iter()
        .filter(|error| {
            ["en", "ar"].iter().any(|lang| error["message"][*lang].as_str().is_none_or(str::is_empty))
        })
        .map(place)
        .collect();
    report.nothing_wrong(&format!("{name}: each error has its sentence in both languages"), &silent);
    Ok(())
}

async fn issue(api: &Api, agency: &str, upload: &Value, report: &mut Report) -> anyhow::Result<Vec<Bill>> {
    let id = upload["upload_id"].as_str().context("an upload_id")?;
    let confirm = json!({ "confirmed_count": upload["valid"], "confirmed_total": upload["valid_total"] });
    let issued =
        api.post(&format!("/v1/uploads/{id}/issue"), &format!("issue-{id}"), &Body::Json(confirm)).await?;
    let issued = issued.success()?;
    let bills = listed(api, agency, id).await?;
    let total: i64 = bills.iter().map(|bill| bill.total_fils).sum();
    report.equal(
        &format!("{agency}: every valid row is a bill, and the bills add up"),
        &(upload["valid"].as_u64(), fils(&upload["valid_total"])?),
        &(u64::try_from(bills.len()).ok(), total),
    );
    say(format!(
        "         {} bills, for example {}",
        issued["issued"],
        bills.first().map_or("", |b| &b.bill_reference)
    ));
    Ok(bills)
}

async fn listed(api: &Api, agency: &str, upload_id: &str) -> anyhow::Result<Vec<Bill>> {
    let mut bills = Vec::new();
    let mut after = String::new();
    loop {
        let page = api
            .get(&format!("/v1/invoices?upload_id={upload_id}&limit=500&after={after}"))
            .await?
            .success()?;
        for invoice in page["invoices"].as_array().context("a page of invoices")? {
            bills.push(Bill {
                agency: agency.to_owned(),
                bill_reference: invoice["bill_reference"].as_str().context("a bill reference")?.to_owned(),
                total_fils: fils(&invoice["total"])?,
            });
        }
        match page["next_after"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut after),
            Some(_) | None => return Ok(bills),
        }
    }
}
