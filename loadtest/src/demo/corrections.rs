//! What no event brings about: a person asks for it, another does it.
use anyhow::Context as _;
use proto::payments::v1::ReceivableState;

use super::Demo;
use super::desk::{CLERK, Desk, OFFICER, dinars};
use super::wallets::Paid;
use crate::report::Report;

/// A wrong charge left its money in suspense and its bill due. The money goes where it belongs; what is still due is
/// given up.
///
/// # Errors
/// The platform is out of reach.
pub async fn run(demo: &Demo, paid: &[Paid], desk: &Desk, report: &mut Report) -> anyhow::Result<()> {
    report.chapter("A correction and a write-off, by two persons");
    let wrong = paid.iter().find(|one| one.fault == Some("charge_wrong_amount")).context("a wrong charge")?;
    let (bill, agency) = (wrong.bill.bill_reference.as_str(), wrong.bill.agency.as_str());
    let cases = desk.cases(bill).await?;
    let case =
        cases.iter().find(|case| case["kind"] == "amount_mismatch").context("the case of a wrong charge")?;
    let case = case["case_id"].as_str().context("its id")?;
    let (account, amount) = (format!("agency_payable:{agency}"), dinars(wrong.bill.total_fils));

    let before = stands(desk, agency).await?;
    let what = ["adjustment", "move", "--debit", "suspense", "--credit", &account, "--amount", &amount];
    let why = ["--reason", "it is this bill's money", "--case", case, "--actor", CLERK];
    let asked = desk.id(&[&what[..], &why[..]].concat())?;
    let alone = (alone(desk, &asked), stands(desk, agency).await?);
    report.equal("one person alone moves nothing", &(SECOND.to_owned(), before), &alone);
    approve(desk, &asked)?;
    let [owed, suspense] = before;
    let moved = [owed + wrong.bill.total_fils, suspense - wrong.bill.total_fils];
    report.equal("a second one moves it from suspense to the agency", &moved, &stands(desk, agency).await?);

    let what = ["adjustment", "write-off", "--bill", bill, "--reason", "paid by a correction"];
    let asked = desk.id(&[&what[..], &["--case", case, "--actor", CLERK]].concat())?;
    let alone = (self::alone(desk, &asked), desk.receivable(bill).await?.state());
    report.equal("one person alone gives nothing up", &(SECOND.to_owned(), ReceivableState::Open), &alone);
    approve(desk, &asked)?;
    let state = desk.receivable(bill).await?.state();
    report.equal("a second one writes it off", &ReceivableState::WrittenOff, &state);
    let code = desk.start(&[bill], None).await.err().map(|problem| problem.code.to_string());
    let page = demo.page("en", bill).await?;
    report.equal("its page says not to pay it", &true, &page.contains("Do not pay it"));
    report.equal("nobody can pay it any more", &Some("bill_written_off".to_owned()), &code);
    Ok(())
}

const SECOND: &str = "needs_second_person";

/// What the agency is owed, and what is in suspense.
async fn stands(desk: &Desk, agency: &str) -> anyhow::Result<[i64; 2]> {
    let [owed] = desk.owed([agency]).await?;
    Ok([owed, -desk.balance("suspense").await?])
}

/// Who asked tries to agree.
fn alone(desk: &Desk, adjustment: &str) -> String {
    desk.refusal(&["adjustment", "approve", "--adjustment", adjustment, "--actor", CLERK])
}

fn approve(desk: &Desk, adjustment: &str) -> anyhow::Result<()> {
    desk.mizan(&["adjustment", "approve", "--adjustment", adjustment, "--actor", OFFICER]).map(drop)
}
