//! `mizan payment`.

use proto::payments::v1::ReceivableState;

use crate::outside::reference;
use crate::platform::{Platform, id, refused};

const RECORD: &str = "payment record --channel transfer --provider bank --actor staff:clerk";

#[tokio::test(flavor = "multi_thread")]
async fn money_that_a_channel_took_is_booked_once_and_what_is_too_much_is_owed() {
    let p = Platform::start().await;
    let (bill, other) = (reference(1), reference(2));
    let record = format!("{RECORD} --bill {bill} --provider-reference FT-1 --amount 12.500");
    let said = p.mizan(&record).unwrap();
    for fact in [" captured 12.500 ", &bill, " transfer by bank reference FT-1 ", " credited 2.500"] {
        assert!(said.contains(fact), "`{fact}` in: {said}");
    }
    let by_another = record.replace("staff:clerk", "staff:officer");
    assert_eq!(p.mizan(&by_another).unwrap(), said, "the same movement again is the same payment");
    let elsewhere = format!("{RECORD} --bill {other} --provider-reference FT-1 --amount 10.000");
    assert_eq!(refused(p.mizan(&elsewhere)), "charge_already_recorded");
    assert_eq!(p.balance("provider_clearing:bank").await, 12_500);
    assert_eq!(p.balance("payer_credit").await, -2_500);
    assert_eq!(p.bill(&bill).await, (10_000, 10_000, ReceivableState::Paid));
    assert_eq!(p.cases().await, ["second_payment"]);
    p.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_mistyped_is_named_and_nothing_is_booked() {
    let p = Platform::start().await;
    let bill = reference(1);
    for (wrong, named) in [
        (format!("{RECORD} --bill {bill} --provider-reference FT-1 --amount 2.5"), "three"),
        (
            format!("{RECORD} --bill TRF-2026-000099-K7QM4 --provider-reference FT-1 --amount 2.500"),
            "bill_unknown",
        ),
        (format!("{RECORD} --bill {bill} --provider-reference FT-1 --amount 0.000"), "amount_not_positive"),
        ("payment search --state paid".to_owned(), "captured, failed"),
        ("payment search --channel cash".to_owned(), "kiosk_cash"),
        ("payment show --payment 7".to_owned(), "payment_id"),
    ] {
        let said = p.mizan(&wrong).unwrap_err();
        assert!(said.contains(named), "`{named}` in: {said}");
    }
    assert_eq!(p.balance("provider_clearing:bank").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_found_by_what_is_known_of_them_page_by_page() {
    let p = Platform::start().await;
    let bills = [1, 2, 3].map(reference);
    let taken = bills.each_ref().map(|bill| p.taken(bill, "10.000"));
    let begun = p.begin(&reference(4)).await;
    let found = |words: &str| {
        let said = p.mizan(&format!("payment search {words}")).unwrap();
        said.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&format!("--reference {}", bills[1])), taken[1..2]);
    assert_eq!(found(&format!("--reference POS-{}", bills[2])), taken[2..3]);
    assert_eq!(found("--state action_required"), [begun.as_str()]);
    assert_eq!(found("--channel wallet --agency TRF"), [begun]);
    assert_eq!(found("--agency ELC"), [""; 0]);
    assert_eq!(found("--to 2026-01-01T00:00:00+03:00"), [""; 0]);

    let mut pages = Vec::new();
    let mut more = String::new();
    loop {
        let said = p.mizan(&format!("payment search --channel pos --limit 2 {more}")).unwrap();
        let (rest, lines): (Vec<_>, Vec<_>) = said.lines().partition(|line| line.starts_with("more: "));
        assert!(lines.len() <= 2);
        pages.extend(lines.iter().map(|line| id(&Ok((*line).to_owned()))));
        match rest.first() {
            Some(line) => more = line.trim_start_matches("more: ").to_owned(),
            None => break,
        }
    }
    pages.sort();
    let mut all = taken.to_vec();
    all.sort();
    assert_eq!(pages, all, "each is on one page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_gives_up_and_pays_after_all() {
    let p = Platform::start().await;
    let bill = reference(1);
    let payment = p.begin(&bill).await;
    let show = format!("payment show --payment {payment}");
    assert!(p.mizan(&show).unwrap().contains("approve at https://wallet.example/pay"));
    let retry = format!("payment retry --payment {payment} --actor staff:clerk");
    assert_eq!(refused(p.mizan(&retry)), "payment_wrong_state", "it may still be paid");
    p.mizan(&format!("payment cancel --payment {payment} --actor staff:clerk")).unwrap();
    p.until(&show, " cancelled ").await;
    assert_eq!(p.bill(&bill).await, (10_000, 0, ReceivableState::Open));
    assert_eq!(id(&p.mizan(&retry)), payment, "the same payment");
    p.until(&show, " captured ").await;
    assert_eq!(p.bill(&bill).await, (10_000, 10_000, ReceivableState::Paid));
    let late = format!("payment cancel --payment {payment} --actor staff:clerk --key 2");
    assert_eq!(refused(p.mizan(&late)), "attempt_wrong_state");
    p.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn held_money_is_taken_when_an_officer_says_so() {
    let p = Platform::start().await;
    let bill = reference(1);
    let payment = p.begin(&bill).await;
    let show = format!("payment show --payment {payment}");
    p.mizan(&format!("payment cancel --payment {payment} --actor staff:clerk")).unwrap();
    p.until(&show, " cancelled ").await;
    p.mizan(&format!("payment retry --payment {payment} --delayed-capture --actor staff:clerk")).unwrap();
    p.until(&show, " authorised ").await;
    let capture = format!("payment capture --payment {payment} --actor staff:clerk");
    assert_eq!(refused(p.mizan(&format!("{capture} --amount 10.001"))), "capture_exceeds_authorised");
    assert_eq!(id(&p.mizan(&capture)), payment);
    p.until(&show, " captured ").await;
    assert_eq!(p.bill(&bill).await, (10_000, 10_000, ReceivableState::Paid));
    p.books_hold().await;
}
