use std::time::Duration;

use proto::invoicing::v1 as pb;
use testkit::wait_for;

use crate::Stack;
use crate::stack::{bhd, call, fine};

#[tokio::test]
async fn a_bill_is_issued_and_found_by_whoever_holds_its_reference() {
    let t = Stack::start().await;
    let invoice = t.issue_invoice("TRF", "k", fine("TF-1")).await.unwrap().invoice.unwrap();
    assert_eq!((invoice.invoice_number.as_str(), invoice.total.clone()), ("TRF-2026-000001", bhd(12_500)));

    let get = pb::GetInvoiceRequest { invoice_number: invoice.invoice_number.clone() };
    let got = t.invoices.clone().get_invoice(call("TRF", "-").request(get.clone()).unwrap()).await.unwrap();
    assert_eq!(got.into_inner().invoice.unwrap(), invoice);
    let other = t.invoices.clone().get_invoice(call("MUN", "-").request(get).unwrap()).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&other).code, "invoice_unknown");

    let typed = format!(" {} ", invoice.bill_reference.to_lowercase());
    let bill = t.invoices.clone().get_bill(pb::GetBillRequest { bill_reference: typed }).await.unwrap();
    let bill = bill.into_inner().bill.unwrap();
    assert_eq!(bill.invoice.unwrap(), invoice);
    assert_eq!(bill.payer_masked, "ر**** ح**** ا****");
    assert_eq!(bill.service_name.unwrap().en, "FINE");
    assert_eq!(bill.steps.len(), 1);

    let guess = pb::GetBillRequest { bill_reference: invoice.invoice_number };
    let unknown = t.invoices.clone().get_bill(guess).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&unknown).code, "bill_unknown");
}

#[tokio::test]
async fn twins_get_one_invoice_and_one_answer() {
    let t = Stack::start().await;
    let send = |_| t.issue_invoice("TRF", "k", fine("TF-1"));
    let answers = futures::future::join_all((0..8).map(send)).await;
    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first));
    assert_eq!((t.count("invoice").await, t.count("outbox").await), (1, 1));

    let other = t.issue_invoice("TRF", "k", fine("TF-2")).await.unwrap_err();
    assert_eq!(other.code, "idempotency_key_reused");
    let again = t.issue_invoice("TRF", "k2", fine("TF-1")).await.unwrap_err();
    assert_eq!((again.code.as_str(), again.field.as_deref()), ("reference_duplicate", Some("reference")));
}

#[tokio::test]
async fn a_key_is_forgotten_after_thirty_days_and_the_reference_never() {
    let t = Stack::start().await;
    t.issue_invoice("TRF", "k", fine("TF-1")).await.unwrap();
    let day = Duration::from_hours(24);
    t.env.clock.advance(29 * day);
    t.env.clock.advance(2 * day);
    wait_for("the key to be forgotten", Duration::from_secs(10), async || {
        t.env.clock.advance(Duration::from_hours(1));
        (t.count("idempotency").await == 0).then_some(())
    })
    .await;
    let mut later = fine("TF-1");
    later.due_date = "2030-01-31".to_owned();
    assert_eq!(t.issue_invoice("TRF", "k", later).await.unwrap_err().code, "reference_duplicate");
}

#[tokio::test]
async fn one_reference_has_one_winner() {
    let t = Stack::start().await;
    let send = |n: i32| {
        let t = &t;
        async move { t.issue_invoice("TRF", &format!("k-{n}"), fine("TF-1")).await }
    };
    let answers = futures::future::join_all((0..8).map(send)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.into_iter().filter_map(Result::err).all(|error| error.code == "reference_duplicate"));
}

#[tokio::test]
async fn each_wrong_field_is_named() {
    let t = Stack::start().await;
    let refused = async |change: fn(&mut pb::IssueInvoiceRequest)| {
        let mut request = fine("TF-1");
        change(&mut request);
        let problem = t.issue_invoice("TRF", "k", request).await.unwrap_err();
        (problem.code.to_string(), problem.field.unwrap())
    };
    let is = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(refused(|r| r.payer = None).await, is("name_missing", "payer.name"));
    assert_eq!(refused(|r| r.payer.as_mut().unwrap().cpr = "12".into()).await, is("cpr_length", "payer.cpr"));
    assert_eq!(refused(|r| r.service_code = "X".into()).await, is("service_unknown", "service_code"));
    assert_eq!(refused(|r| r.due_date = "soon".into()).await, is("due_date_invalid", "due_date"));
    assert_eq!(refused(|r| r.inputs.clear()).await, is("input_missing", "inputs.amount"));
    let four_decimals = |r: &mut pb::IssueInvoiceRequest| {
        r.inputs.insert("amount".into(), "1.2345".into());
    };
    assert_eq!(refused(four_decimals).await, is("amount_decimals", "inputs.amount"));
    assert_eq!(refused(|r| r.note = "4111 1111 1111 1111".into()).await, is("card_number_in_text", "note"));
    let unknown = |r: &mut pb::IssueInvoiceRequest| {
        r.inputs.insert("colour".into(), "red".into());
    };
    assert_eq!(refused(unknown).await, is("input_unknown", "inputs.colour"));
    assert_eq!(t.count("invoice").await, 0);
}
