use std::time::Duration;

use bus::Event;
use prost::Message as _;
use proto::invoicing::v1 as pb;
use proto::payments::v1::{PaymentChanged, Receivable, ReceivableChanged};
use testkit::wait_for;

use crate::Stack;
use crate::stack::{bhd, call, fine};

fn receivable(invoice: &pb::Invoice, paid: i64, version: i64) -> Receivable {
    Receivable {
        invoice_id: invoice.invoice_id.clone(),
        agency_id: invoice.agency_id.clone(),
        paid: bhd(paid),
        due: bhd(12_500),
        version,
        ..Default::default()
    }
}

/// What `payments` would tell, through an outbox and a relay.
async fn tell(t: &Stack, invoice: &pb::Invoice, paid: i64, version: i64) {
    let receivable = Some(receivable(invoice, paid, version));
    let body = ReceivableChanged { receivable }.encode_to_vec();
    tell_as(t, "mizan.payments.receivable.partially_paid", body, version).await;
}

async fn tell_as(t: &Stack, subject: &str, body: Vec<u8>, version: i64) {
    let now = t.env.clock.now();
    let event = Event {
        event_id: t.env.ids.uuid(now),
        subject: subject.to_owned(),
        aggregate: "test".to_owned(),
        version,
        body,
    };
    let mut tx = t.env.pg.begin().await.unwrap();
    bus::outbox::push(&mut tx, &[event], now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn heard(t: &Stack, events: i64) {
    wait_for("the news to be heard", Duration::from_secs(20), async || {
        (t.count("inbox").await >= events).then_some(())
    })
    .await;
}

async fn standing(t: &Stack, invoice: &pb::Invoice) -> (pb::InvoiceState, i64) {
    let get = pb::GetInvoiceRequest { invoice_number: invoice.invoice_number.clone() };
    let got = t.invoices.clone().get_invoice(call("TRF", "-").request(get).unwrap()).await.unwrap();
    let got = got.into_inner().invoice.unwrap();
    (got.state(), got.paid.unwrap().minor_units)
}

#[tokio::test]
async fn the_receivable_is_told_with_its_payment_too() {
    let t = Stack::start().await;
    let invoice = t.issue_invoice("TRF", "k", fine("TF-1")).await.unwrap().invoice.unwrap();
    let changed = PaymentChanged { receivable: Some(receivable(&invoice, 12_500, 3)), ..Default::default() };
    tell_as(&t, "mizan.payments.payment.captured", changed.encode_to_vec(), 1).await;
    heard(&t, 1).await;
    assert_eq!(standing(&t, &invoice).await, (pb::InvoiceState::Paid, 12_500));
}

#[tokio::test]
async fn news_of_the_receivable_is_followed_and_old_news_is_not() {
    let t = Stack::start().await;
    let invoice = t.issue_invoice("TRF", "k", fine("TF-1")).await.unwrap().invoice.unwrap();

    tell(&t, &invoice, 5_000, 3).await;
    heard(&t, 1).await;
    assert_eq!(standing(&t, &invoice).await, (pb::InvoiceState::PartiallyPaid, 5_000));

    tell(&t, &invoice, 0, 2).await;
    heard(&t, 2).await;
    assert_eq!(standing(&t, &invoice).await, (pb::InvoiceState::PartiallyPaid, 5_000));

    tell(&t, &invoice, 12_500, 4).await;
    heard(&t, 3).await;
    assert_eq!(standing(&t, &invoice).await, (pb::InvoiceState::Paid, 12_500));

    // News that cannot be true is noted in the log and changes nothing.
    tell(&t, &invoice, 1, 5).await;
    heard(&t, 4).await;
    assert_eq!(standing(&t, &invoice).await, (pb::InvoiceState::Paid, 12_500));

    let paid = pb::ListInvoicesRequest { state: pb::InvoiceState::Paid.into(), ..Default::default() };
    assert_eq!(t.list("TRF", paid).await.invoices.len(), 1);
    let issued = pb::ListInvoicesRequest { state: pb::InvoiceState::Issued.into(), ..Default::default() };
    assert_eq!(t.list("TRF", issued).await.invoices.len(), 0);
}
