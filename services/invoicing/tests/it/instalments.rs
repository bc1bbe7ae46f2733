//! Bills in parts, each with a day of its own.

use proto::invoicing::v1 as pb;

use crate::Stack;
use crate::stack::{bhd, fine};

/// A fine of 12.500 in parts.
fn in_parts(reference: &str, parts: &[(&str, i64)]) -> pb::IssueInvoiceRequest {
    let part =
        |(due_date, fils): &(&str, i64)| pb::Instalment { due_date: (*due_date).to_owned(), due: bhd(*fils) };
    let instalments = parts.iter().map(part).collect();
    pb::IssueInvoiceRequest { due_date: String::new(), instalments, ..fine(reference) }
}

#[tokio::test]
async fn a_plan_that_sums_is_kept_and_the_bill_is_due_with_its_last_part() {
    let t = Stack::start().await;
    let parts = [("2026-02-01", 5_000), ("60 days", 4_000), ("2026-06-01", 3_500)];
    let invoice = t.issue_invoice("TRF", "k", in_parts("A", &parts)).await.unwrap().invoice.unwrap();
    assert_eq!(invoice.due_date, "2026-06-01");
    let kept: Vec<_> =
        invoice.instalments.iter().map(|part| (part.due_date.as_str(), part.due.clone())).collect();
    assert_eq!(kept, [("2026-02-01", bhd(5_000)), ("2026-03-16", bhd(4_000)), ("2026-06-01", bhd(3_500))]);
    let found = t.list("TRF", pb::ListInvoicesRequest::default()).await.invoices;
    assert_eq!(found, [invoice], "as it is stored");

    // The same plan with the day said once more is fine; the same key with another plan is another request.
    let mut said = in_parts("B", &parts);
    said.due_date = "2026-06-01".to_owned();
    t.issue_invoice("TRF", "k2", said).await.unwrap();
    let other = in_parts("A", &[("2026-02-01", 5_001), ("60 days", 3_999), ("2026-06-01", 3_500)]);
    assert_eq!(t.issue_invoice("TRF", "k", other).await.unwrap_err().code, "idempotency_key_reused");
}

#[tokio::test]
async fn a_plan_that_does_not_fit_says_where_and_nothing_is_issued() {
    let t = Stack::start().await;
    let refused = async |request: pb::IssueInvoiceRequest| {
        let problem = t.issue_invoice("TRF", "k", request).await.unwrap_err();
        (problem.code.to_string(), problem.field.unwrap(), problem.detail)
    };
    let (code, field, detail) = refused(in_parts("A", &[("2026-02-01", 5_000), ("2026-03-01", 7_000)])).await;
    assert_eq!((code.as_str(), field.as_str()), ("instalments_sum", "instalments"));
    assert!(detail.contains("12.000") && detail.contains("12.500"), "{detail}");
    let other_day = pb::IssueInvoiceRequest {
        due_date: "2026-02-15".to_owned(),
        ..in_parts("A", &[("2026-02-01", 5_000), ("2026-03-01", 7_500)])
    };
    for (request, code, field) in [
        (in_parts("A", &[("2026-03-01", 12_500)]), "instalments_count", "instalments"),
        (
            in_parts("A", &[("2026-03-01", 5_000), ("2026-03-01", 7_500)]),
            "instalments_order",
            "instalments[1].due_date",
        ),
        (
            in_parts("A", &[("soon", 5_000), ("2026-03-01", 7_500)]),
            "due_date_invalid",
            "instalments[0].due_date",
        ),
        (
            in_parts("A", &[("2025-03-01", 5_000), ("2026-03-01", 7_500)]),
            "due_date_past",
            "instalments[0].due_date",
        ),
        (
            in_parts("A", &[("2026-02-01", 13_000), ("2026-03-01", -500)]),
            "amount_negative",
            "instalments[1].due",
        ),
        (other_day, "instalments_end", "due_date"),
    ] {
        let (found, at, detail) = refused(request).await;
        assert_eq!((found.as_str(), at.as_str()), (code, field), "{detail}");
    }
    assert_eq!(t.count("invoice").await, 0);
}

#[tokio::test]
async fn the_database_keeps_no_plan_that_does_not_sum() {
    let t = Stack::start().await;
    t.issue_invoice("TRF", "k", in_parts("A", &[("2026-02-01", 5_000), ("2026-03-01", 7_500)]))
        .await
        .unwrap();
    let mut tx = t.env.pg.begin().await.unwrap();
    let broken = "UPDATE invoice SET instalments = jsonb_set(instalments, '{0,due_fils}', '5001')";
    let refused = sqlx::raw_sql(broken).execute(tx.conn()).await.unwrap_err();
    let refused = refused.as_database_error().unwrap().constraint();
    assert_eq!(refused, Some("invoice_instalments_sum"));
}
