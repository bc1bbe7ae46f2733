//! Several bills paid at once, and one bill paid bit by bit.
use anyhow::Context as _;
use proto::payments::v1::{AmendReceivableRequest, ReceivableState, Share};

use super::desk::{Desk, dinars, wire};
use super::kiosks::paid;
use super::{Bill, Demo, follow};
use crate::report::Report;

/// A cart of two agencies' bills, then a bill of two receivers in two instalments.
///
/// # Errors
/// The platform or the provider is out of reach.
pub async fn run(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("A cart: the bills of two agencies, paid by one approval");
    cart(demo, desk, report).await?;
    report.chapter("Instalments: a bill of two receivers, paid in two parts");
    instalments(demo, desk, report).await
}

async fn cart(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let bills = vec![demo.purse.take_one("TRF")?, demo.purse.take_one("MUN")?];
    let totals: Vec<_> = bills.iter().map(|bill| bill.total_fils).collect();
    let references: Vec<_> = bills.iter().map(|bill| bill.bill_reference.as_str()).collect();
    let before = desk.owed(["TRF", "MUN"]).await?;
    let started = desk.start(&references, None).await?;
    approved(demo, "TRF", started.first().context("a payment for each bill")?).await?;
    for bill in &bills {
        paid(demo, bill).await?;
    }
    let after = desk.owed(["TRF", "MUN"]).await?;
    let charges = demo.world.charges_of(&references).await?;
    let taken: Vec<_> = charges.iter().map(|charge| charge["amount_fils"].as_i64()).collect();
    report.equal("both bills are paid, each by its own payment", &2, &started.len());
    report.equal("the provider's book has one charge, of the sum", &vec![Some(totals.iter().sum())], &taken);
    let more: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    report.equal("each agency is owed what its own bill asked for", &totals, &more);
    demo.acts.carts.push(bills);
    Ok(())
}

async fn instalments(demo: &mut Demo, desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    let bill = demo.purse.take_one("TRF")?;
    let reference = [bill.bill_reference.as_str()];
    let first = bill.total_fils / 3;
    let plan = [first, bill.total_fils - first];
    let shares = amended(desk, &bill, plan).await?;

    let before = desk.owed(["TRF", "MUN"]).await?;
    let odd = desk.start(&reference, Some(first + 1)).await;
    let code = odd.err().map(|problem| problem.code.to_string());
    report.equal("a part that ends no instalment is refused", &Some("amount_not_allowed".to_owned()), &code);

    let (mut states, mut pages) = (Vec::new(), Vec::new());
    for part in plan {
        let started = desk.start(&reference, Some(part)).await?;
        approved(demo, "TRF", started.first().context("a payment")?).await?;
        states.push(desk.receivable(&bill.bill_reference).await?.state());
        let page = demo.page("en", &bill.bill_reference).await?;
        pages.push(["PARTLY PAID", &dinars(bill.total_fils - first)].map(|word| page.contains(word)));
    }
    let expected = vec![ReceivableState::PartiallyPaid, ReceivableState::Paid];
    report.equal("the bill is paid in part, then paid", &expected, &states);
    let left = pages.first().copied();
    report.equal("between the parts its page says PARTLY PAID, and what is left", &Some([true; 2]), &left);
    let charges = demo.world.charges_of(&reference).await?;
    let mut taken: Vec<_> = charges.iter().filter_map(|charge| charge["amount_fils"].as_i64()).collect();
    taken.sort_unstable();
    report.equal("the provider's book has a charge for each part", &plan.to_vec(), &taken);
    let after = desk.owed(["TRF", "MUN"]).await?;
    let more: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    report.equal("after the last part each receiver has exactly its share", &shares.to_vec(), &more);
    Ok(())
}

/// The agency allows two parts, and gives a tenth of the bill to another agency; what each shall get.
async fn amended(desk: &Desk, bill: &Bill, plan: [i64; 2]) -> anyhow::Result<[i64; 2]> {
    let tenth = bill.total_fils / 10;
    let shares = [bill.total_fils - tenth, tenth];
    let share = |agency: &str, fils| Share {
        beneficiary: agency.to_owned(),
        is_agency: true,
        due: Some(wire(fils)),
        ..Share::default()
    };
    let [own, others] = shares;
    let request = AmendReceivableRequest {
        bill_reference: bill.bill_reference.clone(),
        version: desk.receivable(&bill.bill_reference).await?.version,
        due: Some(wire(bill.total_fils)),
        shares: vec![share("TRF", own), share("MUN", others)],
        instalments: plan.map(wire).to_vec(),
    };
    desk.amend("TRF", request).await?;
    Ok(shares)
}

/// The payer approves, and the payment is captured.
async fn approved(demo: &Demo, agency: &str, payment: &str) -> anyhow::Result<()> {
    let api = demo.apis.get(agency).context("a key of the agency")?;
    let (end, _) = follow(api, &demo.world, payment).await?;
    anyhow::ensure!(end["state"] == "captured", "payment {payment} ends as {}", end["state"]);
    Ok(())
}
