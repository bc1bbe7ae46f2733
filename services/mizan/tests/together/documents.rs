//! A fee that several receive, from its publication to the receipt on paper.
use std::path::Path;
use std::time::Duration;

use testkit::pdf;

use crate::platform::{AGENCY, Platform, year};

impl Platform {
    /// The sample catalogue, with a VAT account of the agency.
    fn import_with_vat_account(&self) {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../catalogue/data");
        let agencies = std::fs::read_to_string(format!("{data}/agencies.csv")).unwrap();
        let account = |line: &str| match line.split(',').next() {
            Some("code") => "vat_account",
            Some(AGENCY) => "200000123400002",
            _ => "",
        };
        let lines = agencies.lines().map(|line| format!("{line},{}\n", account(line)));
        std::fs::write(self.path("agencies.csv"), lines.collect::<String>()).unwrap();
        let file = self.path("agencies.csv");
        let files = format!("--agencies {} --services {data}/services.csv", file.display());
        self.mizan(&format!("catalogue import {files}")).unwrap();
    }
}

/// Leaves it where PDF/A is judged, under its own name.
fn keep(file: &Path) {
    pdf::keep(file, file.file_stem().unwrap().to_str().unwrap()).unwrap();
}

/// What the agency was owed, and is.
fn statements(p: &Platform, today: &str) {
    for (lang, words) in [
        ("en", ["Statement", "Owed before", "BHD 0.000", "Card", "one entry", "BHD 4.375"]),
        // Letters of Arabic words come out in no order to compare.
        ("ar", ["كشف حساب", "agency_payable:JUS", "0.000", "بطاقة", "قيد واحد", "4.375"]),
    ] {
        let printed = p.path(&format!("statement-{lang}.pdf"));
        let out = printed.display();
        let days = format!("--from {today} --to {today}");
        p.mizan(&format!("statement print --agency JUS {days} --language {lang} --out {out}")).unwrap();
        let said = pdf::text(&printed).unwrap();
        for word in words {
            assert!(said.contains(word), "{word} in {said}");
        }
        keep(&printed);
    }
    let wrong = p.mizan("statement print --agency JUS --from 2026-01-02 --to 2026-01-01").unwrap_err();
    assert!(wrong.contains("period_invalid"), "{wrong}");
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
    let said = pdf::text(&printed).unwrap();
    for words in ["Sara", "Service fee", "VAT 10 %", "BHD 0.020", "BHD 5.220", bill] {
        assert!(said.contains(words), "{words} in {said}");
    }

    let payment = p.card(bill, 5_220, "C-1").await;
    let printed = p.path("receipt.pdf");
    let out = printed.display();
    let id = &payment.payment_id;
    p.mizan(&format!("receipt print --payment {id} --language en --out {out}")).unwrap();
    let said = pdf::text(&printed).unwrap();
    for words in [payment.receipt_number.as_str(), "BHD 5.220", "Card", "S****", number] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!said.contains("Sara"), "a receipt is shown to others: {said}");
    // It carries where its money is sealed in the books; that verifies without anybody's help.
    let seal = p.path("seal.json");
    std::fs::write(&seal, pdf::attached(&printed, "ledger-seal.json").unwrap()).unwrap();
    let verified = p.mizan(&format!("receipt verify {}", seal.display())).unwrap();
    for words in [payment.receipt_number.as_str(), "payment_recorded of BHD 5.220", "agency_payable:JUS"] {
        assert!(verified.contains(words), "{words} in {verified}");
    }
    let hash = verified.split("with the hash ").nth(1).unwrap();
    assert!(said.contains(hash.get(..16).unwrap()), "the printed seal is that of the file: {said}");
    keep(&printed);
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

    statements(&p, &today);

    let nobody = p.mizan("receipt print --payment 00000000-0000-7000-8000-000000000000").unwrap_err();
    assert!(nobody.contains("payment"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_with_a_vat_account_issues_tax_invoices_where_vat_is_due() {
    let p = Platform::start().await;
    p.import();
    let before = p.issue("A").await;
    p.import_with_vat_account();
    p.publish("per_unit:pages*0.250 --service-fee 0.200 --service-fee-tax standard");
    let outside = p.issue("B").await;
    p.pass(Duration::from_mins(3));
    let taxed = p.issue("C").await;
    let print = |number: &str, lang: &str, kind: &str| {
        let printed = p.path(&format!("tax-{kind}-{lang}-{number}.pdf"));
        let (what, out) = (format!("--agency JUS --invoice {number} --kind {kind}"), printed.display());
        p.mizan(&format!("invoice print {what} --language {lang} --out {out}")).unwrap();
        printed
    };
    for number in [&before.invoice_number, &outside.invoice_number] {
        let said = pdf::text(&print(number, "en", "invoice")).unwrap();
        assert!(!said.contains("Tax invoice") && !said.contains("VAT account"), "no VAT is due: {said}");
    }
    for (lang, words) in [
        ("en", ["Tax invoice", "VAT account number", "200000123400002", "Tax invoice code"]),
        ("ar", ["200000123400002", "المضافة", "2.720", &taxed.bill_reference]),
    ] {
        let printed = print(&taxed.invoice_number, lang, "invoice");
        let said = pdf::text(&printed).unwrap();
        for word in words {
            assert!(said.contains(word), "{word} in {said}");
        }
        let ubl = pdf::attached(&printed, "invoice.xml").unwrap();
        assert!(ubl.contains("<cbc:CompanyID>200000123400002</cbc:CompanyID>"), "{ubl}");
        keep(&printed);
    }
    // A notice says the day by the moon as well.
    for (lang, year) in [("en", " AH"), ("ar", "هـ")] {
        let said = pdf::text(&print(&taxed.invoice_number, lang, "notice")).unwrap();
        assert!(said.contains(year) && !said.contains("Tax invoice\n"), "{said}");
    }
    p.cancel(&taxed.invoice_number, "k").await.unwrap();
    let note = p.path("credit-note.pdf");
    let number = format!("JUS-CN-{}-000001", year(&taxed.invoice_number));
    p.mizan(&format!(
        "credit-note print --agency JUS --credit-note {number} --language en --out {}",
        note.display()
    ))
    .unwrap();
    let said = pdf::text(&note).unwrap();
    assert!(said.contains("Tax credit note") && said.contains("200000123400002"), "{said}");
}
