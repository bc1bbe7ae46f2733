//! One bill, two payers at the same moment.
use anyhow::Context as _;
use serde_json::json;

use super::Demo;
use super::desk::Desk;
use super::kiosks::{insert, paid, switch};
use super::wallets::follow;
use crate::api::Body;
use crate::report::Report;

const KIOSK: &str = "KSK-0002";

/// Pays one bill by wallet and at an offline kiosk: paid once, the second money is a credit with a case.
///
/// # Errors
/// The API or the kiosk is out of reach.
pub async fn run(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("One bill by wallet and at an offline kiosk at the same time");
    let bill = demo.purse.take_one("TRF")?;
    switch(demo, KIOSK, "snapshot", json!({ "bill_reference": bill.bill_reference })).await?;
    switch(demo, KIOSK, "network", json!({ "online": false })).await?;

    let api = demo.apis.get(&bill.agency).context("a key of the agency")?;
    let request =
        json!({ "bill_reference": bill.bill_reference, "channel": "wallet", "provider": "benefit-pay" });
    let by_wallet = async {
        let started = api.post("/v1/payments", "race", &Body::Json(request)).await?.success()?;
        follow(api, &demo.world, started["payment_id"].as_str().context("a payment_id")?).await
    };
    let by_cash = async {
        insert(demo, KIOSK, &bill, None).await?;
        switch(demo, KIOSK, "network", json!({ "online": true })).await?;
        switch(demo, KIOSK, "sync", json!({})).await
    };
    let (wallet, cash) = tokio::join!(by_wallet, by_cash);
    cash?;
    let (wallet, _) = wallet?;
    let seen = paid(demo, &bill).await?;
    report.equal("the bill is paid, once", &json!(seen["total"]), &seen["paid"]);

    let wallet_won = wallet["state"] == "captured";
    report.equal(
        "the wallet's payment is captured or late, nothing else",
        &true,
        &(wallet_won || wallet["state"] == "late"),
    );
    let cases = desk.cases(&bill.bill_reference).await?;
    report.equal("the second money has one case", &1, &cases.len());
    let kinds: Vec<_> = cases.iter().map(|case| case["kind"].clone()).collect();
    report.equal("and the case says second_payment", &vec![json!("second_payment")], &kinds);
    Ok(())
}
