//! A bill that nobody has paid by its last day ends, everywhere, and its reference is free again.
use std::time::Duration;

use proto::invoicing::v1::{Invoice, InvoiceState};
use proto::payments::v1::ReceivableState;
use testkit::wait_for;

use crate::platform::{Platform, year};

const SOON: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_hours(24);
/// Longer than it takes until bills are looked at again.
const LOOK: Duration = Duration::from_mins(11);

impl Platform {
    async fn becomes(&self, number: &str, state: InvoiceState) -> Invoice {
        wait_for("the invoice's state", SOON, async || {
            self.pass(LOOK);
            let known = self.known(number).await;
            (known.state() == state).then_some(known)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_ends_with_its_last_day_unless_something_of_it_is_paid_or_somebody_pays() {
    let p = Platform::start().await;
    p.import();
    p.publish("per_unit:pages*0.250 --expires-after 5");
    p.pass(DAY);
    let (alone, partly, other) = (p.issue("A").await, p.issue("B").await, p.issue("C").await);
    let paying = p.issue("D").await;
    let last_day = |days: i64| {
        let today: time::Date = boot::bahrain_date(p.now());
        (today + time::Duration::days(days)).to_string()
    };
    assert_eq!(alone.payable_until, last_day(15), "five days after it is due");
    for (lang, words) in [("en", "Can be paid until"), ("ar", "يمكن دفعها حتى")] {
        let page = p.page(lang, &alone.bill_reference).await;
        assert!(page.contains(words) && page.contains(&alone.payable_until), "{page}");
    }
    // Due a day later by amendment, it ends a day later.
    let amend = |due: String| {
        p.mizan(&format!(
            "invoice amend --agency JUS --invoice {} --input pages=10 --due {due} --reason later --actor staff:clerk",
            alone.invoice_number
        ))
    };
    amend(last_day(11)).unwrap();
    assert_eq!(p.known(&alone.invoice_number).await.payable_until, last_day(16));
    p.card(&partly.bill_reference, 1_000, "C-1").await;
    p.becomes(&partly.invoice_number, InvoiceState::PartiallyPaid).await;

    // Two minutes before the end of its last day somebody begins to pay.
    p.pass(15 * DAY);
    p.wallet(&paying.bill_reference).await;
    assert_eq!(p.receivable(&paying.bill_reference).await.state(), ReceivableState::Held);
    p.pass(LOOK);
    assert_eq!(p.becomes(&other.invoice_number, InvoiceState::Expired).await.version, 2);
    // Looked at once more, with time to end it.
    p.pass(LOOK);
    boot::Clock::system().sleep(Duration::from_secs(1)).await;
    assert_eq!(p.known(&alone.invoice_number).await.state(), InvoiceState::Issued, "its last day is today");
    assert_eq!(p.known(&paying.invoice_number).await.state(), InvoiceState::Issued, "somebody pays");
    p.pass(DAY);
    let ended = p.becomes(&alone.invoice_number, InvoiceState::Expired).await;
    assert_eq!(p.receivable(&ended.bill_reference).await.state(), ReceivableState::Cancelled);
    for (lang, words) in
        [("en", "This bill was not paid by its last day"), ("ar", "لم تُدفع هذه الفاتورة حتى آخر يوم لها")]
    {
        let page = p.page(lang, &ended.bill_reference).await;
        assert!(page.contains(words) && !page.contains("method=\"post\""), "{page}");
    }
    assert_eq!(p.known(&partly.invoice_number).await.state(), InvoiceState::PartiallyPaid, "it goes on");
    let notes = p.mizan("credit-note list --agency JUS").unwrap();
    let number = &ended.invoice_number;
    assert!(notes.contains(&format!("takes 2.500 off {number}: not paid by its last day")), "{notes}");
    let again = p.keyed("again", "A", &[]).await;
    assert_ne!(&again.invoice_number, number, "the reference is free again");
    let gapless =
        p.mizan(&format!("invoice numbers --agency JUS --year {}", year(&again.invoice_number))).unwrap();
    assert!(gapless.ends_with("no gap, no double"), "{gapless}");

    // Money that comes all the same is the payer's. Nobody answered whoever began to pay: a person is to look.
    p.card(&ended.bill_reference, 2_500, "C-2").await;
    assert_eq!(p.cases().await, ["second_payment", "unknown_outcome"]);
    p.books_hold().await;
}
