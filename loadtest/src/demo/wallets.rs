//! Three hundred bills paid by wallet, thirty of them while the provider misbehaves.
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use super::{Bill, Demo};
use crate::api::{Answer, Api, Body};
use crate::report::Report;
use crate::world::World;

const PAYMENTS: usize = 300;
const AT_ONCE: usize = 24;
const KNOWN_WITHIN: Duration = Duration::from_mins(1);

/// How often each fault happens; thirty in all.
const FAULTS: [(&str, usize); 7] = [
    ("silent_after_applying", 7),
    ("error_then_applied", 4),
    ("callback_before_answer", 4),
    ("callback_twice", 4),
    ("callback_late", 4),
    ("callback_wrong_amount", 4),
    ("charge_wrong_amount", WRONG_CHARGES),
];
/// The provider took another amount than was asked: the bill stays due, the money waits in suspense.
const WRONG_CHARGES: usize = 3;

/// One payment and what was heard of it.
#[derive(Debug, Clone)]
pub struct Paid {
    pub bill: Bill,
    pub fault: Option<&'static str>,
    pub key: String,
    pub request: Value,
    pub first_answer: Answer,
    pub end: Value,
    pub doubted: bool,
}

impl Paid {
    /// Did the money reach the bill?
    pub fn captured(&self) -> bool {
        self.end["state"] == "captured"
    }

    /// Where the receipt goes.
    pub fn email(&self) -> &str {
        self.request["receipt"]["email"].as_str().unwrap_or("")
    }
}

/// Pays, and checks how each ends.
///
/// # Errors
/// The API or the provider is out of reach.
pub async fn run(demo: &mut Demo, report: &mut Report) -> anyhow::Result<Vec<Paid>> {
    report.chapter("300 bills by wallet, 30 of them through provider faults, while services are killed");
    let bills = demo.purse.take(PAYMENTS)?;
    let faults = FAULTS.iter().flat_map(|(fault, times)| std::iter::repeat_n(Some(*fault), *times));
    let plan: Vec<_> = bills.into_iter().zip(faults.chain(std::iter::repeat(None))).enumerate().collect();
    let begun = Instant::now();
    let outcomes: Vec<anyhow::Result<Paid>> = stream::iter(plan)
        .map(|(number, (bill, fault))| pay(demo, number, bill, fault))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let mut paid = Vec::new();
    let mut wrong = Vec::new();
    for outcome in outcomes {
        match outcome {
            Ok(one) => paid.push(one),
            Err(error) => wrong.push(format!("{error:#}")),
        }
    }
    let title = format!("{PAYMENTS} payments end, within {:.1} s", begun.elapsed().as_secs_f32());
    report.nothing_wrong(&title, &wrong);
    judge(&paid, report);
    Ok(paid)
}

fn judge(paid: &[Paid], report: &mut Report) {
    let described = |one: &Paid| format!("{} ({:?}): {}", one.bill.bill_reference, one.fault, one.end);
    let clean = paid.iter().filter(|one| one.fault.is_none());
    let wrong: Vec<_> = clean.filter(|one| !one.captured()).map(described).collect();
    report.nothing_wrong("270 without a fault are captured", &wrong);
    for (fault, times) in FAULTS {
        let those: Vec<_> = paid.iter().filter(|one| one.fault == Some(fault)).collect();
        let refused = fault == "charge_wrong_amount";
        let ended_well = |one: &&&Paid| {
            if refused {
                one.end["state"] == "failed" && one.end["failure"] == "amount_mismatch"
            } else {
                one.captured()
            }
        };
        let expected = if refused { "refused, the money in suspense" } else { "captured once" };
        let found = those.iter().filter(ended_well).count();
        report.equal(&format!("{times} with {fault}: {expected}"), &times, &found);
    }
    let lost =
        paid.iter().filter(|one| matches!(one.fault, Some("silent_after_applying" | "error_then_applied")));
    let doubted = lost.clone().filter(|one| one.doubted).count();
    report.equal("a lost answer is `processing` until an inquiry tells", &lost.count(), &doubted);
}

async fn pay(demo: &Demo, number: usize, bill: Bill, fault: Option<&'static str>) -> anyhow::Result<Paid> {
    let api = demo.apis.get(&bill.agency).context("a key of the agency")?;
    if let Some(fault) = fault {
        demo.world.arm(&bill.bill_reference, fault).await?;
    }
    let language = if number.is_multiple_of(2) { "ar" } else { "en" };
    let request = json!({
        "bill_reference": bill.bill_reference,
        "channel": "wallet",
        "provider": "benefit-pay",
        "receipt": { "email": format!("payer-{number}@example.test"), "language": language },
    });
    let key = format!("pay-{}", bill.bill_reference);
    let first_answer = api.post("/v1/payments", &key, &Body::Json(request.clone())).await?;
    let started = first_answer.success().with_context(|| bill.bill_reference.clone())?;
    let id = started["payment_id"].as_str().context("a payment_id")?.to_owned();
    let (end, doubted) = follow(api, &demo.world, &id).await.with_context(|| format!("{fault:?}"))?;
    Ok(Paid { bill, fault, key, request, first_answer, end, doubted })
}

/// Does what the payment asks for, until it ends. Tells whether it was ever in doubt.
///
/// # Errors
/// It does not end in a minute.
pub async fn follow(api: &Api, world: &World, id: &str) -> anyhow::Result<(Value, bool)> {
    let begun = Instant::now();
    let (mut approved, mut doubted) = (false, false);
    loop {
        let payment = api.get(&format!("/v1/payments/{id}")).await?.success()?;
        match payment["state"].as_str() {
            Some("captured" | "failed" | "expired" | "late") => return Ok((payment, doubted)),
            Some("processing") => doubted = true,
            Some("action_required") if !approved => {
                let url = payment["next_action"]["redirect_url"].as_str().context("where to approve")?;
                world.approve(url).await?;
                approved = true;
            }
            _ => {}
        }
        if begun.elapsed() > KNOWN_WITHIN {
            bail!("payment {id} does not end: {payment}");
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}
