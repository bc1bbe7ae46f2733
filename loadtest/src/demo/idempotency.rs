//! The same call again.
use anyhow::Context as _;
use reqwest::StatusCode;
use serde_json::json;

use super::Demo;
use super::wallets::Paid;
use crate::api::Body;
use crate::report::Report;

/// Sends payments again: the first answer comes back to the byte; another body under the same key is refused.
///
/// # Errors
/// The API is out of reach.
pub async fn run(demo: &mut Demo, paid: &[Paid], report: &mut Report) -> anyhow::Result<()> {
    report.chapter("The same API call again");
    let mut wrong = Vec::new();
    for one in paid {
        let api = demo.apis.get(&one.bill.agency).context("a key of the agency")?;
        let again = api.post("/v1/payments", &one.key, &Body::Json(one.request.clone())).await?;
        if again != one.first_answer {
            wrong.push(format!("{}: {again:?}, first {:?}", one.key, one.first_answer));
        }
    }
    report.nothing_wrong("each of 300 payments sent again gives its first answer, byte for byte", &wrong);

    let one = paid.first().context("a payment was made")?;
    let api = demo.apis.get(&one.bill.agency).context("a key of the agency")?;
    let other = demo.purse.take_one(&one.bill.agency)?;
    let mut request = one.request.clone();
    request["bill_reference"] = json!(other.bill_reference);
    let refused = api.post("/v1/payments", &one.key, &Body::Json(request)).await?;
    let code = refused.json()?["code"].clone();
    report.equal(
        "the same key with another body is refused",
        &(StatusCode::UNPROCESSABLE_ENTITY, json!("idempotency_key_reused")),
        &(refused.code, code),
    );
    demo.purse.put(other);
    Ok(())
}
