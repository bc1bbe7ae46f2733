//! Payers are told of their bills by outbox, without an address in it.

use std::time::Duration;

use prost::Message as _;
use proto::common::v1::Language;
use proto::invoicing::v1 as pb;
use testkit::wait_for;

use crate::Stack;
use crate::stack::{bhd, call, fine};

const SOON: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_hours(24);

impl Stack {
    /// What was told of bills, oldest first.
    async fn told(&self) -> Vec<pb::NoticeDue> {
        let mut tx = self.env.pg.read().await.unwrap();
        let bodies: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT body FROM outbox WHERE subject = 'mizan.invoicing.notice.due' ORDER BY envelope_id",
        )
        .fetch_all(tx.conn())
        .await
        .unwrap();
        bodies.iter().map(|body| pb::NoticeDue::decode(body.as_slice()).unwrap()).collect()
    }

    /// The same, once there are as many as `count`, while time passes.
    pub async fn told_in_time(&self, count: usize) -> Vec<pb::NoticeDue> {
        wait_for("the payer is told", SOON, async || {
            self.env.clock.advance(Duration::from_mins(11));
            let told = self.told().await;
            (told.len() >= count).then_some(told)
        })
        .await
    }
}

/// A fine of somebody with an address, due in a month.
fn with_address(reference: &str, email: &str, language: Language) -> pb::IssueInvoiceRequest {
    let mut request = fine(reference);
    let payer = request.payer.as_mut().unwrap();
    email.clone_into(&mut payer.email);
    payer.set_language(language);
    request
}

#[tokio::test]
async fn a_payer_is_told_at_once_and_around_the_due_date() {
    let t = Stack::start().await;
    t.issue_invoice("TRF", "k0", fine("NOBODY")).await.unwrap();
    let asked = with_address("A", "sara@example.com", Language::En);
    let invoice = t.issue_invoice("TRF", "k", asked).await.unwrap().invoice.unwrap();
    let first = t.told_in_time(1).await.remove(0);
    assert_eq!((first.kind(), first.occasion.as_str()), (pb::NoticeKind::Notice, "issued"));
    assert_eq!((first.invoice_id, first.due), (invoice.invoice_id.clone(), bhd(12_500)));
    let known = t.letters.0.lock().unwrap().clone();
    let (contact, address) = known.values().next().unwrap();
    assert_eq!((known.len(), address.email.as_str(), contact), (1, "sara@example.com", &first.contact_ref));
    assert_eq!(address.language(), Language::En);
    assert!(known.keys().all(|key| key.starts_with(&format!("party-{}-", invoice.party_ref))));

    // Due on 2026-02-15: a week and a day before, three and fourteen days after.
    for (day, count) in [(24, 2), (6, 3), (4, 4), (11, 5), (60, 5)] {
        t.env.clock.advance(day * DAY);
        t.told_in_time(count).await;
    }
    let told = t.told().await;
    let occasions: Vec<&str> = told.iter().map(|told| told.occasion.as_str()).collect();
    assert_eq!(occasions, ["issued", "2026-02-15-7", "2026-02-15-1", "2026-02-15+3", "2026-02-15+14"]);
    assert!(told.iter().skip(1).all(|told| told.kind() == pb::NoticeKind::Reminder));
}

#[tokio::test]
async fn a_bill_that_needs_no_money_is_told_no_more() {
    let t = Stack::start().await;
    t.issue_invoice("TRF", "k", with_address("A", "sara@example.com", Language::Ar)).await.unwrap();
    t.told_in_time(1).await;
    t.sql("UPDATE invoice SET state = 'paid', paid_fils = total_fils").await;
    let before =
        t.issue_invoice("TRF", "k2", with_address("B", "sara@example.com", Language::Ar)).await.unwrap();
    assert!(before.invoice.is_some());
    t.told_in_time(2).await;
    t.env.clock.advance(24 * DAY);
    let told = t.told_in_time(3).await;
    let bills: Vec<&str> = told.iter().map(|told| told.bill_reference.as_str()).collect();
    assert_eq!(bills[1], bills[2], "only the open one is told again");
    assert_eq!(t.letters.0.lock().unwrap().len(), 1, "one address of one person is one contact");
}

#[tokio::test]
async fn an_erased_person_is_told_nothing_more_and_their_addresses_go() {
    let t = Stack::start().await;
    t.issue_invoice("TRF", "k", with_address("A", "sara@example.com", Language::Ar)).await.unwrap();
    t.told_in_time(1).await;
    t.sql("UPDATE invoice SET state = 'paid', paid_fils = total_fils").await;
    let erase = pb::ErasePersonRequest { cpr: "900101123".to_owned(), reason: "asked".to_owned() };
    let answer = t.privacy.clone().erase_person(call("TRF", "-").request(erase).unwrap()).await.unwrap();
    let mut tx = t.env.pg.read().await.unwrap();
    let told = "SELECT body FROM outbox WHERE subject = 'mizan.invoicing.notice.person-erased'";
    let body: Vec<u8> = sqlx::query_scalar(told).fetch_one(tx.conn()).await.unwrap();
    let erased = pb::PersonErased::decode(body.as_slice()).unwrap();
    assert_eq!(erased.party_ref, answer.into_inner().party_ref);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    let t = Stack::start().await;
    let refused = t.issue_invoice("TRF", "k", with_address("A", "sara", Language::Ar)).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("email_invalid", Some("payer.email")));
}
