use std::time::Duration;

use mail_parser::MessageParser;
use proto::common::v1::{Language, Money};
use proto::invoicing::v1::{Invoice, InvoiceChanged, NoticeDue, NoticeKind, PersonErased};

use crate::stack::Stack;

const DUE: &str = "mizan.invoicing.notice.due";

fn notice(t: &Stack, contact: &str, kind: NoticeKind, occasion: &str) -> NoticeDue {
    NoticeDue {
        contact_ref: contact.to_owned(),
        kind: kind.into(),
        occasion: occasion.to_owned(),
        invoice_id: t.id().to_string(),
        agency_id: "TRF".to_owned(),
        bill_reference: "TRF-1234-5678".to_owned(),
        due: Some(Money { currency: "BHD".to_owned(), minor_units: 12_500 }),
        due_date: "2026-03-31".to_owned(),
    }
}

#[tokio::test]
async fn a_payer_is_told_of_a_bill_once_in_their_language() {
    let t = Stack::start().await;
    let contact = t.client.register("sara@example.com", Language::Ar, "key-1").await.unwrap();
    let notice = notice(&t, &contact, NoticeKind::Notice, "issued");
    t.tell_of_bill(DUE, &notice).await;
    t.tell_of_bill(DUE, &notice).await; // told twice under two ids
    t.until(2, "SELECT count(*) FROM inbox").await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'delivered'").await;
    let mails = t.mails(1).await;
    assert_eq!(mails.len(), 1);
    let mail = MessageParser::default().parse(mails[0].as_bytes()).unwrap();
    assert_eq!(mail.subject(), Some("فاتورة للدفع: TRF-1234-5678"));
    let text = mail.body_text(0).unwrap();
    for fact in ["TRF-1234-5678", "12.500 د.ب.", "2026-03-31"] {
        assert!(text.contains(fact), "{fact} in {text}");
    }
    let reminder =
        NoticeDue { occasion: "2026-03-31-7".to_owned(), kind: NoticeKind::Reminder.into(), ..notice };
    t.tell_of_bill(DUE, &reminder).await;
    assert!(t.mails(2).await[1].contains("TRF-1234-5678"));
}

#[tokio::test]
async fn at_night_it_waits_for_the_morning_and_is_not_sent_when_the_bill_is_paid_meanwhile() {
    let t = Stack::start().await;
    let contact = t.client.register("sara@example.com", Language::En, "key-1").await.unwrap();
    t.env.clock.advance(Duration::from_hours(13)); // 22:00 in Bahrain
    let (paid, open) =
        (notice(&t, &contact, NoticeKind::Reminder, "a"), notice(&t, &contact, NoticeKind::Reminder, "a"));
    let changed = notice(&t, &contact, NoticeKind::Reminder, "a");
    for notice in [&paid, &open, &changed] {
        t.tell_of_bill(DUE, notice).await;
    }
    t.until(3, "SELECT count(*) FROM message WHERE state = 'pending'").await;
    let mut payment = t.payment("");
    payment.invoice_id = paid.invoice_id.clone();
    t.happens("captured", &payment).await;
    let invoice = Some(Invoice { invoice_id: changed.invoice_id.clone(), ..Invoice::default() });
    t.tell_of_bill("mizan.invoicing.invoice.amended", &InvoiceChanged { invoice }).await;
    t.until(2, "SELECT count(*) FROM message WHERE state = 'withdrawn'").await;
    assert!(t.mail.mails().is_empty(), "nobody is woken");
    t.env.clock.advance(Duration::from_hours(11));
    t.until(1, "SELECT count(*) FROM message WHERE state = 'delivered'").await;
    assert_eq!(t.mails(1).await.len(), 1);
}

#[tokio::test]
async fn an_erased_person_is_told_nothing_more() {
    let t = Stack::start().await;
    let party = t.id();
    let contact =
        t.client.register_as("service:invoicing", "sara@example.com", &format!("party-{party}-1")).await;
    let other = t.client.register("omar@example.com", Language::En, "key-1").await.unwrap();
    t.tell_of_bill("mizan.invoicing.notice.person-erased", &PersonErased { party_ref: party.to_string() })
        .await;
    t.until(1, "SELECT count(*) FROM contact WHERE wrapped_key IS NULL AND email_sealed = ''").await;
    t.tell_of_bill(DUE, &notice(&t, &contact, NoticeKind::Notice, "issued")).await;
    t.tell_of_bill(DUE, &notice(&t, &other, NoticeKind::Notice, "issued")).await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'failed'").await;
    assert!(t.mails(1).await[0].contains("omar@example.com"));
}
