//! Templates to begin with, a look at bills before they are issued, files for a later day, files that are taken back.

use std::time::Duration;

use boot::Problem;
use proto::common::v1::Language;
use proto::invoicing::v1 as pb;

use crate::Stack;
use crate::stack::{bhd, call};

const DAY: Duration = Duration::from_hours(24);

const FILE: &str = "reference,service,name,cpr,phone,due_date,amount\n\
    A,FINE,Sara Ali,880101234,,2026-03-31,5.000\n\
    B,FINE,Nobody,12,,2026-03-31,5.000\n\
    C,FINE,راشد حسن,900202345,,2026-02-28,7.500\n";

impl Stack {
    async fn template(
        &self,
        service: &str,
        language: Language,
        form: pb::TemplateForm,
    ) -> Result<pb::Document, Problem> {
        let request = pb::GetUploadTemplateRequest {
            service_code: service.to_owned(),
            language: language.into(),
            form: form.into(),
        };
        let answer =
            self.uploads.clone().get_upload_template(call("TRF", "-").request(request).unwrap()).await;
        answer
            .map(|answer| answer.into_inner().document.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    async fn preview(
        &self,
        upload: &pb::Upload,
        after_row: i32,
        limit: i32,
    ) -> Result<pb::PreviewUploadResponse, Problem> {
        let request = pb::PreviewUploadRequest { upload_id: upload.upload_id.clone(), after_row, limit };
        let answer = self.uploads.clone().preview_upload(call("TRF", "-").request(request).unwrap()).await;
        answer.map(tonic::Response::into_inner).map_err(|status| Problem::from_status(&status))
    }

    async fn withdraw(&self, upload: &pb::Upload, key: &str) -> Result<pb::Upload, Problem> {
        let request = pb::WithdrawUploadRequest {
            upload_id: upload.upload_id.clone(),
            reason: "wrong month".to_owned(),
        };
        let answer = self.uploads.clone().withdraw_upload(call("TRF", key).request(request).unwrap()).await;
        answer
            .map(|answer| answer.into_inner().upload.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }
}

#[tokio::test]
async fn a_filled_template_is_a_file_of_bills_in_either_language() {
    let t = Stack::start().await;
    for (language, reference) in [(Language::Ar, "T-1"), (Language::En, "T-2")] {
        let template = t.template("FINE", language, pb::TemplateForm::Csv).await.unwrap();
        assert_eq!(template.file_name, "bills-FINE.csv");
        let mut file = template.content;
        // Reference, service, name, CPR, phone, e-mail, language, amount, due date, reduction, note.
        file.extend(format!("{reference},FINE,Sara,880101234,,,,5.000,2026-03-31,,\n").bytes());
        let upload = t.upload("TRF", "filled.csv", &file).await.unwrap();
        assert_eq!((upload.valid, upload.errors), (1, 0));
    }
    let workbook = t.template("FINE", Language::Ar, pb::TemplateForm::Xlsx).await.unwrap();
    assert!(workbook.content.starts_with(b"PK") && workbook.file_name == "bills-FINE.xlsx");
    let unknown = t.template("FINES", Language::Ar, pb::TemplateForm::Xlsx).await.unwrap_err();
    assert_eq!((unknown.code.as_str(), unknown.field.as_deref()), ("service_unknown", Some("service_code")));
}

#[tokio::test]
async fn the_first_bills_are_looked_at_before_anything_is_issued() {
    let t = Stack::start().await;
    let upload = t.upload("TRF", "bills.csv", FILE.as_bytes()).await.unwrap();
    let first = t.preview(&upload, 0, 1).await.unwrap();
    let row = &first.rows[0];
    assert_eq!((row.row, row.reference.as_str(), row.total.clone()), (2, "A", bhd(5_000)));
    assert_eq!((row.payer_masked.as_str(), row.due_date.as_str()), ("S**** A****", "2026-03-31"));
    assert!(!row.steps.is_empty());
    let second = t.preview(&upload, first.next_after_row, 1).await.unwrap();
    assert_eq!((second.rows[0].reference.as_str(), second.rows[0].row), ("C", 4));
    let all = t.preview(&upload, 0, 0).await.unwrap();
    assert_eq!((all.rows.len(), all.next_after_row), (2, 0));
    t.issue("TRF", "k", &upload, |_| {}).await.unwrap();
    assert!(t.preview(&upload, 0, 0).await.unwrap().rows.is_empty(), "they are bills now");
}

#[tokio::test]
async fn a_file_waits_for_its_day_and_no_bill_is_due_before_it() {
    let t = Stack::start().await;
    let upload = t.upload("TRF", "bills.csv", FILE.as_bytes()).await.unwrap();
    let on =
        async |key: &str, day: &str| t.issue("TRF", key, &upload, |ask| ask.issue_on = day.to_owned()).await;
    let late = on("k1", "2026-03-01").await.unwrap_err();
    assert_eq!((late.code.as_str(), late.field.as_deref()), ("due_date_past", Some("issue_on")));
    assert!(late.detail.contains("2026-02-28"), "{}", late.detail);
    assert_eq!(on("k2", "2028-01-01").await.unwrap_err().code, "field_invalid");
    let waits = on("k3", "2026-01-20").await.unwrap().upload.unwrap();
    assert_eq!((waits.state(), waits.issue_on.as_str()), (pb::UploadState::Scheduled, "2026-01-20"));
    t.env.clock.advance(4 * DAY);
    assert_eq!(t.count("invoice").await, 0);
    t.env.clock.advance(DAY);
    let done = t.reaches(&upload, pb::UploadState::Issued).await;
    assert_eq!((done.issued, t.count("invoice").await), (2, 2));
}

#[tokio::test]
async fn a_file_that_is_not_issued_is_simply_gone_and_may_come_again() {
    let t = Stack::start().await;
    let upload = t.upload("TRF", "bills.csv", FILE.as_bytes()).await.unwrap();
    t.issue("TRF", "k", &upload, |ask| ask.issue_on = "2026-02-01".to_owned()).await.unwrap();
    let gone = t.withdraw(&upload, "w").await.unwrap();
    assert_eq!((gone.state(), gone.withdrawn), (pb::UploadState::Withdrawn, 0));
    assert_eq!(t.withdraw(&upload, "w").await.unwrap(), gone, "the same call again");
    assert_eq!(t.withdraw(&upload, "w2").await.unwrap_err().code, "upload_wrong_state");
    assert_eq!((t.count("upload_part").await, t.count("upload_piece").await), (0, 0));
    assert_eq!(t.preview(&upload, 0, 0).await.unwrap_err().code, "upload_sheet_gone");
    let again = t.upload_with_key("TRF", "again", "bills.csv", FILE.as_bytes()).await.unwrap();
    assert_ne!(again.upload_id, upload.upload_id);
    assert_eq!((again.state(), again.valid), (pb::UploadState::Checked, 2));
    t.env.clock.advance(60 * DAY);
    assert_eq!(t.count("invoice").await, 0, "its day comes, and nothing is issued");
}
