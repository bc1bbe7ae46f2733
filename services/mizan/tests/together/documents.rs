//! A fee that several receive, from its publication to the receipt on paper.
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::platform::Platform;

/// Words as a person sees them.
fn text(pdf: &Path) -> String {
    let said = Command::new(testkit::tools::poppler("pdftotext")).arg("-layout").arg(pdf).arg("-").output();
    String::from_utf8(said.unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_is_split_from_its_first_day_on_and_its_bill_and_receipt_say_so_on_paper() {
    let p = Platform::start().await;
    p.import();
    p.publish(
        "per_unit:pages*0.250 --service-fee 0.200 --service-fee-tax standard --service-fee-to MZN --split JUDGES-FUND=12.5",
    );
    p.pass(Duration::from_mins(3));
    let invoice = p.issue("A").await;
    let (number, bill) = (invoice.invoice_number.as_str(), invoice.bill_reference.as_str());

    // Ten pages at 0.250, an eighth of it to the fund; 0.200 and its VAT of 10 % to whoever handles the bill.
    let shares = |receivable: &proto::payments::v1::Receivable| {
        let shares = receivable.shares.iter();
        shares
            .map(|share| (share.beneficiary.clone(), share.due.as_ref().unwrap().minor_units))
            .collect::<Vec<_>>()
    };
    let to = |code: &str, fils| (code.to_owned(), fils);
    assert_eq!(shares(&p.receivable(bill).await), [to("JUS", 2_188), to("JUDGES-FUND", 312), to("MZN", 220)]);
    p.amend(number, "k", 20).await.unwrap();
    assert_eq!(shares(&p.receivable(bill).await), [to("JUS", 4_375), to("JUDGES-FUND", 625), to("MZN", 220)]);

    let printed = p.path("invoice.pdf");
    let out = printed.display();
    p.mizan(&format!("invoice print --agency JUS --invoice {number} --language en --out {out}")).unwrap();
    let said = text(&printed);
    for words in ["Sara", "Service fee", "VAT 10 %", "BHD 0.020", "BHD 5.220", bill] {
        assert!(said.contains(words), "{words} in {said}");
    }

    let payment = p.card(bill, 5_220, "C-1").await;
    let printed = p.path("receipt.pdf");
    let out = printed.display();
    let id = &payment.payment_id;
    p.mizan(&format!("receipt print --payment {id} --language en --out {out}")).unwrap();
    let said = text(&printed);
    for words in [payment.receipt_number.as_str(), "BHD 5.220", "Card", "S****", number] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!said.contains("Sara"), "a receipt is shown to others: {said}");
    assert!(p.file(&format!("/ar/payments/{id}/receipt.pdf")).await.starts_with(b"%PDF-"));
    p.books_hold().await;

    // The day ends by itself, and says what each receiver is owed.
    let today = p.today();
    p.pass(Duration::from_hours(24));
    let day = p.closed(&today).await;
    let owed = |account: &str| {
        let balance = day.balances.iter().find(|balance| balance.account == account).unwrap();
        balance.credit.as_ref().unwrap().minor_units
    };
    let accounts = ["agency_payable:JUS", "beneficiary_payable:JUDGES-FUND", "beneficiary_payable:MZN"];
    assert_eq!(accounts.map(owed), [4_375, 625, 220]);

    let nobody = p.mizan("receipt print --payment 00000000-0000-7000-8000-000000000000").unwrap_err();
    assert!(nobody.contains("payment"), "{nobody}");
}
