//! Who pays less says why: by API, in a file, and in the report.
use proto::invoicing::v1 as pb;

use crate::Stack;
use crate::stack::{bhd, call, fine};

fn less(reference: &str, reduction: &str) -> pb::IssueInvoiceRequest {
    pb::IssueInvoiceRequest { reduction: reduction.to_owned(), ..fine(reference) }
}

#[tokio::test]
async fn a_bill_names_its_reduction_and_what_it_took_off() {
    let t = Stack::start().await;
    let issued = t.issue_invoice("TRF", "k", less("TF-1", "retired")).await.unwrap().invoice.unwrap();
    assert_eq!((issued.fee.clone(), issued.total.clone()), (bhd(6_250), bhd(6_250)));
    assert_eq!((issued.reduction.as_str(), issued.reduced.clone()), ("retired", bhd(6_250)));
    let bill = pb::GetBillRequest { bill_reference: issued.bill_reference.clone() };
    let bill = t.invoices.clone().get_bill(bill).await.unwrap().into_inner().bill.unwrap();
    assert_eq!((bill.invoice.unwrap(), bill.steps[1].en.as_str()), (issued, "less for retired"));

    let whole = t.issue_invoice("TRF", "k2", fine("TF-2")).await.unwrap().invoice.unwrap();
    assert_eq!((whole.reduction.as_str(), whole.reduced), ("", None));
    for (code, said) in [("retird", "reduction_unknown"), ("martyr", "reduction_leaves_nothing")] {
        let refused = t.issue_invoice("TRF", code, less("TF-3", code)).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), (said, Some("reduction")));
    }
    let reused = t.issue_invoice("TRF", "k", less("TF-1", "")).await.unwrap_err();
    assert_eq!(reused.code, "idempotency_key_reused", "the reduction is a part of the request");
}

#[tokio::test]
async fn a_file_has_a_column_for_it_and_the_report_sums_by_reason() {
    let t = Stack::start().await;
    let rows = [
        "المرجع;الخدمة;الاسم;الرقم الشخصي;تاريخ الاستحقاق;المبلغ;التخفيض",
        "R-1;FINE;Sara Ali;880101234;2030-01-31;10.000;Retired",
        "R-2;FINE;Sara Ali;880101234;2030-01-31;20.001;retired",
        "R-3;FINE;Sara Ali;880101234;2030-01-31;30.000;",
        "R-4;FINE;Sara Ali;880101234;2030-01-31;40.000;retird",
        "R-5;FINE;Sara Ali;880101234;2030-01-31;40.000;martyr",
    ];
    let upload = t.upload("TRF", "less.csv", rows.join("\n").as_bytes()).await.unwrap();
    assert_eq!((upload.rows, upload.valid, upload.valid_total.clone()), (5, 3, bhd(5_000 + 10_000 + 30_000)));
    let errors = t.errors("TRF", &upload.upload_id).await;
    let places: Vec<_> = errors.iter().map(|error| (error.row, error.column, error.code.as_str())).collect();
    assert_eq!(places, [(5, 7, "reduction_unknown"), (6, 7, "reduction_leaves_nothing")]);
    assert!(errors.iter().all(|error| error.message.as_ref().is_some_and(|text| !text.ar.is_empty())));
    t.issue("TRF", "confirm", &upload, |_| {}).await.unwrap();

    let report = |from: &str, to: &str| {
        let days = pb::ReportReductionsRequest { from: from.to_owned(), to: to.to_owned() };
        call("TRF", "-").request(days).unwrap()
    };
    let today = t.invoices.clone().report_reductions(report("2026-01-15", "2026-01-15")).await.unwrap();
    let sum = pb::ReductionSum {
        service_code: "FINE".to_owned(),
        reduction: "retired".to_owned(),
        invoices: 2,
        reduced: bhd(5_000 + 10_001),
    };
    assert_eq!(today.into_inner().reductions, [sum]);
    let tomorrow = t.invoices.clone().report_reductions(report("2026-01-16", "2026-02-01")).await.unwrap();
    assert!(tomorrow.into_inner().reductions.is_empty());
    let wrong = t.invoices.clone().report_reductions(report("16.1.2026", "2026-02-01")).await.unwrap_err();
    assert_eq!(boot::Problem::from_status(&wrong).code, "field_invalid");
}
