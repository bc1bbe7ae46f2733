//! The bill and its payment, as an agency's program and a payer do it.
use std::time::Duration;

use boot::{StartError, bahrain_date};
use serde_json::{Value, json};

use super::ways::Ways;
use super::{FEE_FILS, PAID_WITHIN, SERVICE, broken};

/// States that nothing follows without somebody.
const ENDS: [&str; 5] = ["captured", "failed", "expired", "cancelled", "late"];
const BETWEEN_PAYMENTS: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Where the simulated wallet's payers approve.
const PAGES: &str = "/wallet/pay/";
/// Of no living person.
const PAYER_CPR: &str = "000000001";

/// Issues a bill; its reference for payers.
pub async fn issue(ways: &Ways, key: &str, reference: &str) -> Result<String, StartError> {
    let invoice = json!({
        "service": SERVICE,
        "reference": reference,
        "payer": { "name": "Self-test", "cpr": PAYER_CPR },
        "due_date": bahrain_date(ways.clock.now() + Duration::from_hours(24)).to_string(),
    });
    let issued = post(ways, key, ("/v1/invoices", reference), &invoice).await?;
    costs_the_fee("the bill's total", field(&issued, "/total"))?;
    text(&issued, "/bill_reference")
}

/// Starts paying it by wallet; the payment's id, and the page where its payer approves.
pub async fn start(ways: &Ways, key: &str, bill: &str) -> Result<(String, String), StartError> {
    let new = json!({ "bill_reference": bill, "channel": "wallet", "provider": "benefit-pay" });
    let mut tries = 0_u32;
    loop {
        tries = tries.saturating_add(1);
        let started = post(ways, key, ("/v1/payments", &format!("{bill}-{tries}")), &new).await?;
        let payment = text(&started, "/payment_id")?;
        let waiting = ended_or(ways, key, (&payment, "action_required")).await?;
        if is(&waiting, "action_required") {
            return Ok((payment, text(&waiting, "/next_action/redirect_url")?));
        }
        // The way to the wallet still starts: it never heard of this payment.
        if field(&waiting, "/failure") != "not_sent" {
            return Err(otherwise(&waiting, "action_required"));
        }
        if ways.is_over() {
            return Err(StartError::dependency(
                "the wallet",
                "whether wallet-adapter is ready, and its MIZAN_WALLET_ADAPTER_BENEFIT_PAY_URL",
                format!("{tries} payments of bill {bill} could not be sent to it"),
            ));
        }
        ways.clock.sleep(BETWEEN_PAYMENTS).await;
    }
}

/// The payer says yes.
pub async fn approve(ways: &Ways, page: &str) -> Result<(), StartError> {
    // The page's own address is for browsers: from here the sandbox may have another.
    let Some((_, reference)) = page.split_once(PAGES) else {
        return Err(StartError::setting(
            "MIZAN_SANDBOX_URL",
            format!("payers are sent to {page}, which is no page of the simulated wallet"),
            "run the self-test only where the wallet provider is `mizan sandbox`",
        ));
    };
    let url = ways.sandbox.at(&format!("{PAGES}{reference}/approve"));
    ways.ask(&ways.sandbox, || ways.http.post(&url)).await.map(drop)
}

/// The number of its receipt, once it is paid.
pub async fn receipt(ways: &Ways, key: &str, payment: &str) -> Result<String, StartError> {
    let paid = ended_or(ways, key, (payment, "captured")).await?;
    if !is(&paid, "captured") {
        return Err(otherwise(&paid, "captured"));
    }
    costs_the_fee("the payment's amount", field(&paid, "/amount"))?;
    text(&paid, "/receipt_number")
}

/// The payment, once it is in that state or has ended.
async fn ended_or(ways: &Ways, key: &str, (payment, state): (&str, &str)) -> Result<Value, StartError> {
    let url = ways.gateway.at(&format!("/v1/payments/{payment}"));
    let until = ways.clock.monotonic().saturating_add(PAID_WITHIN);
    loop {
        let found = ways.ask(&ways.gateway, || ways.http.get(&url).bearer_auth(key)).await?;
        if is(&found, state) || ENDS.iter().any(|end| is(&found, end)) {
            return Ok(found);
        }
        if ways.clock.monotonic() >= until {
            return Err(StartError::dependency(
                "the wallet",
                "the readiness of wallet-adapter and payments: `mizan doctor`",
                format!("after {} s {}", PAID_WITHIN.as_secs(), stands(&found, state)),
            ));
        }
        ways.clock.sleep(LOOK_EVERY).await;
    }
}

fn is(payment: &Value, state: &str) -> bool {
    field(payment, "/state") == state
}

fn stands(payment: &Value, wanted: &str) -> String {
    let word = |pointer| field(payment, pointer).as_str().unwrap_or("unknown");
    format!("payment {} is {} and not {wanted}", word("/payment_id"), word("/state"))
}

fn otherwise(payment: &Value, wanted: &str) -> StartError {
    let failure = field(payment, "/failure").as_str().unwrap_or("no failure is told");
    let todo = "`mizan payment show` and the log of wallet-adapter have more";
    broken(format_args!("{} ({failure}); {todo}", stands(payment, wanted)))
}

async fn post(
    ways: &Ways,
    key: &str,
    (path, idempotency_key): (&str, &str),
    body: &Value,
) -> Result<Value, StartError> {
    let url = ways.gateway.at(path);
    let request =
        || ways.http.post(&url).bearer_auth(key).header("idempotency-key", idempotency_key).json(body);
    ways.ask(&ways.gateway, request).await
}

/// What stands at `pointer`, or null.
fn field<'v>(of: &'v Value, pointer: &str) -> &'v Value {
    of.pointer(pointer).unwrap_or(&Value::Null)
}

fn text(of: &Value, pointer: &str) -> Result<String, StartError> {
    let text = field(of, pointer).as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| broken(format_args!("the API's answer has no {pointer}: {of}")))
}

fn costs_the_fee(what: &str, money: &Value) -> Result<(), StartError> {
    let wanted = json!({ "amount": money::Money::fils(FEE_FILS).to_json_amount(), "currency": "BHD" });
    if *money == wanted {
        return Ok(());
    }
    Err(broken(format_args!(
        "{what} is {money} and not {wanted}; `mizan fee prices --agency SELFTST` shows the fee"
    )))
}
