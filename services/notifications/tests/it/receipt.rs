use std::time::Duration;

use boot::Redacted;
use mail_parser::MessageParser;
use proto::{common::v1::Language, payments::v1::PaymentState};

use crate::{catalogue, stack::Stack};

#[tokio::test]
async fn a_payer_gets_one_receipt_in_their_language_however_often_the_event_comes() {
    let t = Stack::start().await;
    let contact = t.client.register("sara@example.com", Language::Ar, "key-1").await.unwrap();
    let (payment, event) = (t.payment(&contact), t.id());
    t.tell(event, "captured", &payment).await;
    t.tell(event, "captured", &payment).await; // redelivered
    t.tell(t.id(), "captured", &payment).await; // told twice under two ids
    t.until(2, "SELECT count(*) FROM inbox").await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'delivered' AND last_answer = 250").await;

    let mails = t.mails(1).await;
    assert_eq!(mails.len(), 1);
    let mail = MessageParser::default().parse(mails[0].as_bytes()).unwrap();
    assert_eq!(mail.subject(), Some("إيصال RCP-2026-000001"));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("sara@example.com"));
    let text = mail.body_text(0).unwrap();
    for fact in ["RCP-2026-000001", "12.500 د.ب.", "TRF-1234-5678", "2026-01-15 09:00", "تم استلام الدفعة"]
    {
        assert!(text.contains(fact), "{fact} in {text}");
    }
    let html = mail.body_html(0).unwrap();
    assert!(html.contains("lang=\"ar\" dir=\"rtl\"") && html.contains("<bdi dir=\"ltr\">12.500 د.ب.</bdi>"));
}

#[tokio::test]
async fn the_agency_is_named_in_the_payers_language_and_by_its_code_while_the_catalogue_is_away() {
    let mut t = Stack::stopped("").await;
    t.settings.catalogue_url = catalogue::serve(&t.env.ctx).await;
    t.open().await;
    let contact = t.client.register("sara@example.com", Language::Ar, "key-1").await.unwrap();
    t.happens("captured", &t.payment(&contact)).await;
    assert!(text_of(&t.mails(1).await[0]).contains("الإدارة العامة للمرور"));

    let mut unknown = t.payment(&contact);
    unknown.agency_id = "JUS".to_owned();
    t.happens("captured", &unknown).await;
    assert!(text_of(&t.mails(2).await[1]).contains(": JUS"));
}

fn text_of(mail: &str) -> String {
    MessageParser::default().parse(mail.as_bytes()).unwrap().body_text(0).unwrap().into_owned()
}

#[tokio::test]
async fn no_receipt_without_a_contact_or_for_money_that_did_not_pay_the_bill() {
    let t = Stack::start().await;
    let contact = t.client.register("sara@example.com", Language::En, "key-1").await.unwrap();
    t.happens("captured", &t.payment("")).await;
    t.happens("captured", &t.payment(&t.id().to_string())).await; // a contact we do not have
    let mut late = t.payment(&contact);
    late.set_state(PaymentState::Late);
    t.happens("late", &late).await;
    t.until(3, "SELECT count(*) FROM inbox").await;
    assert_eq!(t.count("SELECT count(*) FROM message").await, 0);
}

#[tokio::test]
async fn a_mail_server_that_is_busy_gets_it_later_and_one_that_refuses_never() {
    let t = Stack::start().await;
    let contact = t.client.register("sara@example.com", Language::En, "key-1").await.unwrap();
    t.mail.refuse(451, 1);
    t.happens("captured", &t.payment(&contact)).await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'pending' AND last_answer = 451").await;
    assert!(t.mail.mails().is_empty());
    t.env.clock.advance(Duration::from_secs(6));
    t.mails(1).await;

    t.mail.refuse(550, 1);
    t.happens("captured", &t.payment(&contact)).await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'failed' AND last_answer = 550").await;
}

#[tokio::test]
async fn what_a_killed_sender_held_arrives_once() {
    let mut t = Stack::stopped("").await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = t.settings.clone();
    settings.smtp_url = Redacted::new(format!("smtp://{}", silent.local_addr().unwrap()));
    t.short_life(settings, async |client| {
        let contact = client.register("sara@example.com", Language::En, "key-1").await.unwrap();
        t.happens("captured", &t.payment(&contact)).await;
        let (_held, _peer) = silent.accept().await.unwrap(); // claimed, and not sent
    })
    .await;
    assert_eq!(t.count("SELECT count(*) FROM message WHERE state = 'sending'").await, 1);

    t.open().await;
    t.env.clock.advance(Duration::from_secs(21)); // the lease
    t.mails(1).await;
    t.until(1, "SELECT count(*) FROM message WHERE state = 'delivered'").await;
    let id: uuid::Uuid = {
        let mut tx = t.env.pg.read().await.unwrap();
        sqlx::query_scalar("SELECT message_id FROM message").fetch_one(tx.conn()).await.unwrap()
    };
    let mails = t.mail.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains(&format!("Message-ID: <{id}@mizan.example>")), "{}", mails[0]);
}
