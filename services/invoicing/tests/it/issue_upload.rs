use proto::invoicing::v1 as pb;

use crate::Stack;
use crate::stack::{bhd, fine, sample};

async fn uploaded(t: &Stack) -> pb::Upload {
    t.upload("JUS", "judgment-copies.csv", &sample("judgment-copies.csv")).await.unwrap()
}

async fn numbers(t: &Stack, agency: &str) -> Vec<i64> {
    let mut tx = t.env.pg.begin().await.unwrap();
    sqlx::query_scalar("SELECT number FROM invoice WHERE agency_id = $1 ORDER BY number")
        .bind(agency)
        .fetch_all(tx.conn())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_valid_row_becomes_an_invoice_in_the_order_of_the_file() {
    let t = Stack::start().await;
    let upload = uploaded(&t).await;
    let issued = t.issue("JUS", "k", &upload, |_| {}).await.unwrap().upload.unwrap();
    assert_eq!((issued.state(), issued.issued), (pb::UploadState::Issued, 294));

    let page = |after: String| pb::ListInvoicesRequest {
        upload_id: upload.upload_id.clone(),
        after,
        limit: 200,
        ..Default::default()
    };
    let first = t.list("JUS", page(String::new())).await;
    let second = t.list("JUS", page(first.next_after.clone())).await;
    assert_eq!((first.invoices.len(), second.invoices.len()), (200, 94));
    assert_eq!(second.next_after, "");
    let all: Vec<_> = first.invoices.into_iter().chain(second.invoices).collect();
    for (number, invoice) in (1..).zip(&all) {
        assert_eq!(invoice.invoice_number, format!("JUS-2026-{number:06}"));
        let secret = invoice.bill_reference.strip_prefix(&format!("{}-", invoice.invoice_number)).unwrap();
        assert_eq!(secret.len(), 5);
        assert_eq!(invoice.state(), pb::InvoiceState::Issued);
    }
    let total: i64 = all.iter().map(|invoice| invoice.total.as_ref().unwrap().minor_units).sum();
    assert_eq!(total, 2_965_000);
    assert!(all.windows(2).all(|two| two[0].reference < two[1].reference), "in the order of the file");
    assert_eq!(t.count("outbox").await, 294);
    assert_eq!(t.count("upload_piece").await, 0);
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_and_no_second_effect() {
    let t = Stack::start().await;
    let upload = uploaded(&t).await;
    let (a, b) = tokio::join!(t.issue("JUS", "k", &upload, |_| {}), t.issue("JUS", "k", &upload, |_| {}));
    let first = a.unwrap();
    assert_eq!(b.unwrap(), first);
    t.env.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(t.issue("JUS", "k", &upload, |_| {}).await.unwrap(), first);
    assert_eq!(t.count("invoice").await, 294);

    let other = t.issue("JUS", "k", &upload, |request| request.confirmed_count -= 1).await.unwrap_err();
    assert_eq!(other.code, "idempotency_key_reused");
    let again = t.issue("JUS", "k2", &upload, |_| {}).await.unwrap_err();
    assert_eq!(again.code, "upload_wrong_state");
    assert_eq!(numbers(&t, "JUS").await.len(), 294);
}

#[tokio::test]
async fn what_the_clerk_confirms_must_be_what_is_there() {
    let t = Stack::start().await;
    let upload = uploaded(&t).await;
    let count = t.issue("JUS", "k", &upload, |request| request.confirmed_count += 1).await.unwrap_err();
    assert_eq!(count.code, "confirmation_differs");
    assert!(count.detail.contains("294") && count.detail.contains("BHD 2,965.000"), "{}", count.detail);
    let total = t.issue("JUS", "k", &upload, |request| request.confirmed_total = bhd(1)).await.unwrap_err();
    assert_eq!(total.code, "confirmation_differs");
    assert_eq!((t.count("invoice").await, t.count("idempotency").await), (0, 1));

    // A refusal takes no key.
    t.issue("JUS", "k", &upload, |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_reference_used_since_the_check_is_not_issued_twice() {
    let t = Stack::start().await;
    let file = "reference;service;name;cpr;due_date;amount\n\
                TF-1;FINE;Noora;900101123;2030-01-31;5.000\nTF-2;FINE;Ali;900101124;2030-01-31;6.000\n";
    let upload = t.upload("TRF", "two.csv", file.as_bytes()).await.unwrap();
    t.issue_invoice("TRF", "api", fine("TF-2")).await.unwrap();

    let refused = t.issue("TRF", "k", &upload, |_| {}).await.unwrap_err();
    assert_eq!(refused.code, "confirmation_differs");
    let upload = t.get_upload("TRF", &upload.upload_id).await.unwrap();
    assert_eq!((upload.valid, upload.errors, upload.valid_total.clone()), (1, 1, bhd(5_000)));
    let errors = t.errors("TRF", &upload.upload_id).await;
    assert_eq!((errors[0].row, errors[0].column, errors[0].code.as_str()), (3, 1, "reference_duplicate"));

    t.issue("TRF", "k", &upload, |_| {}).await.unwrap();
    assert_eq!(numbers(&t, "TRF").await, [1, 2]);
    // And the reader knows it too.
    let again = t.upload("TRF", "again.csv", format!("{file}\n").as_bytes()).await.unwrap();
    assert_eq!((again.valid, again.errors), (0, 2));
    let nothing = t.issue("TRF", "n", &again, |_| {}).await.unwrap_err();
    assert_eq!(nothing.code, "upload_wrong_state");
}

#[tokio::test]
async fn numbers_have_no_gap_under_sixteen_issuers_at_once() {
    let t = Stack::start().await;
    let upload = t.upload("TRF", "traffic-fines.csv", &sample("traffic-fines.csv")).await.unwrap();
    let single = |n: i32| {
        let t = &t;
        // Every fourth is refused by its date, which must not cost a number.
        let due_date = if n % 4 == 0 { "2020-01-01" } else { "2030-01-01" }.to_owned();
        async move {
            let request = pb::IssueInvoiceRequest { due_date, ..fine(&format!("API-{n}")) };
            t.issue_invoice("TRF", &format!("k-{n}"), request).await.is_ok()
        }
    };
    let (bulk, singles) =
        tokio::join!(t.issue("TRF", "bulk", &upload, |_| {}), futures::future::join_all((0..16).map(single)));
    bulk.unwrap();
    assert_eq!(singles.iter().filter(|issued| **issued).count(), 12);
    assert_eq!(numbers(&t, "TRF").await, (1..=500).collect::<Vec<_>>());
}
