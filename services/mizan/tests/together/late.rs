//! A bill that is paid late costs more, by the law of its fee, everywhere and once.

use std::time::Duration;

use proto::invoicing::v1::{Invoice, InvoiceState};
use sqlx::{Connection as _, PgConnection};
use testkit::wait_for;

use crate::platform::Platform;

const SOON: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_hours(24);

fn fils(money: Option<&proto::common::v1::Money>) -> i64 {
    money.map_or(0, |money| money.minor_units)
}

impl Platform {
    /// The invoice, once being late has added so much.
    async fn penalised(&self, number: &str, fils_more: i64) -> Invoice {
        wait_for("the penalty", SOON, async || {
            self.pass(Duration::from_mins(11));
            let known = self.known(number).await;
            (fils(known.penalty.as_ref()) == fils_more).then_some(known)
        })
        .await
    }

    /// Keeps everybody from changing these invoices, for as long as the connection is in its transaction.
    async fn hold(&self, invoices: &[Invoice]) -> PgConnection {
        let mut holder = PgConnection::connect(&self.invoicing.url).await.unwrap();
        sqlx::raw_sql("BEGIN").execute(&mut holder).await.unwrap();
        let bills: Vec<&str> = invoices.iter().map(|invoice| invoice.bill_reference.as_str()).collect();
        let held = sqlx::query_scalar::<_, i64>(
            "WITH held AS (SELECT FROM invoice WHERE bill_reference = ANY($1) FOR UPDATE) SELECT count(*) FROM held",
        );
        assert_eq!(held.bind(bills).fetch_one(&mut holder).await.unwrap(), 5);
        holder
    }

    /// Waits until somebody waits for a row of invoicing.
    async fn somebody_waits(&self) {
        let mut db = PgConnection::connect(&self.invoicing.url).await.unwrap();
        wait_for("somebody who waits", SOON, async || {
            let waiting = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')",
            );
            let waits: bool = waiting.fetch_one(&mut db).await.unwrap();
            waits.then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_bill_costs_more_after_its_grace_and_payments_asks_for_it() {
    let p = Platform::start().await;
    p.import();
    p.publish("per_unit:pages*0.250 --late-percent 10 --late-after 5 --late-every 7 --late-maximum 0.600 --late-law Law-3");
    p.pass(DAY);
    let issued = p.issue("A").await;
    let (number, bill) = (issued.invoice_number.as_str(), issued.bill_reference.as_str());
    assert_eq!((fils(issued.total.as_ref()), issued.penalty.clone()), (2_500, None));
    let page = p.page("en", bill).await;
    assert!(
        page.contains("If it is paid late") && page.contains("10 % of its fee") && page.contains("Law-3"),
        "{page}"
    );

    // Due in ten days; the day its penalty begins says the invoice itself.
    p.pass(10 * DAY);
    assert_eq!(p.known(number).await.version, issued.version, "the grace has not begun");
    p.pass(8 * DAY);
    let once = p.penalised(number, 250).await;
    assert_eq!((fils(once.total.as_ref()), once.state()), (2_750, InvoiceState::Issued));
    assert_eq!(fils(p.receivable(bill).await.due.as_ref()), 2_750);
    let page = p.page("ar", bill).await;
    assert!(page.contains("2.750 د.ب."), "{page}");
    p.card(bill, 1_000, "C-1").await;

    // Amended on the same day it is late all the same: the new fee has its own penalty, and the old one comes back with the old fee.
    let more = p.amend(number, "k1", 12).await.unwrap();
    assert_eq!((fils(more.total.as_ref()), fils(more.penalty.as_ref())), (3_300, 300));
    let back = p.amend(number, "k2", 10).await.unwrap();
    assert_eq!((fils(back.total.as_ref()), fils(back.penalty.as_ref())), (2_750, 250));

    p.pass(7 * DAY);
    let twice = p.penalised(number, 500).await;
    assert_eq!((fils(twice.total.as_ref()), fils(twice.paid.as_ref())), (3_000, 1_000));
    p.pass(7 * DAY);
    let most = p.penalised(number, 600).await;
    assert_eq!(
        (fils(most.total.as_ref()), most.penalty_on.as_str()),
        (3_100, ""),
        "never more than the maximum"
    );
    let out = p.path("late.pdf");
    p.mizan(&format!("invoice print --agency JUS --invoice {number} --language en --out {}", out.display()))
        .unwrap();
    p.card(bill, 2_100, "C-2").await;
    wait_for("paid", SOON, async || (p.known(number).await.state() == InvoiceState::Paid).then_some(()))
        .await;
    let notes = p.mizan("credit-note list --agency JUS").unwrap();
    assert_eq!(
        notes,
        format!("JUS-CN-2026-000001 takes 0.550 off {number}: counted again"),
        "what is more has none"
    );
    p.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_penalty_never_takes_back_what_the_agency_changed_while_it_was_on_its_way() {
    let p = Platform::start().await;
    p.import();
    p.publish("per_unit:pages*0.250 --late-percent 10 --late-law Law-3");
    p.pass(DAY);
    let mut bills = Vec::new();
    for n in 0..5 {
        bills.push(p.issue(&format!("A-{n}")).await);
    }
    // Its penalty comes a day later than theirs, so that it is looked at after them; and one after it.
    p.pass(DAY);
    let changed = p.issue("B").await;
    p.pass(DAY);
    let last = p.issue("C").await;
    for bill in bills.iter().chain([&changed, &last]) {
        p.receivable(&bill.bill_reference).await;
    }
    // The worker has read all of them and waits for the first ones when the agency changes another.
    let mut holder = p.hold(&bills).await;
    p.pass(16 * DAY);
    p.somebody_waits().await;
    let amended = p.amend(&changed.invoice_number, "k", 20).await;
    for bill in &bills {
        let penalty = p.known(&bill.invoice_number).await.penalty;
        assert_eq!(fils(penalty.as_ref()), 0, "the worker is not there yet");
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    p.penalised(&last.invoice_number, 250).await;
    assert_eq!(fils(amended.unwrap().total.as_ref()), 5_500, "twenty pages and their penalty");
    let known = p.known(&changed.invoice_number).await;
    assert_eq!(
        (fils(known.total.as_ref()), known.version),
        (5_500, 2),
        "the worker has been there, and left it"
    );
    assert_eq!(fils(p.receivable(&changed.bill_reference).await.due.as_ref()), 5_500);
    p.books_hold().await;
}
