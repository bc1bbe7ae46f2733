//! A person is shown what is kept, and erased.
use std::time::Duration;

use boot::{Call, Problem};
use proto::invoicing::v1 as pb;
use testkit::wait_for;
use tonic::Status;

use crate::Stack;
use crate::stack::{call, fine};

/// The one of [`fine`]; a spreadsheet would eat nothing of it.
const CPR: &str = "900101123";
/// Another person, whose number begins with a zero.
const OTHER: &str = "070101123";

fn said<T>(answer: Result<tonic::Response<T>, Status>) -> Result<T, String> {
    let code = |status: Status| Problem::from_status(&status).code.as_str().to_owned();
    answer.map(tonic::Response::into_inner).map_err(code)
}

impl Stack {
    async fn export(&self, agency: &str, cpr: &str) -> Result<pb::ExportPersonResponse, String> {
        let asked = pb::ExportPersonRequest { cpr: cpr.to_owned(), reason: "asked by letter 7".to_owned() };
        said(self.privacy.clone().export_person(call(agency, "-").request(asked).unwrap()).await)
    }

    async fn erase(&self, agency: &str, cpr: &str) -> Result<pb::ErasePersonResponse, String> {
        let asked = pb::ErasePersonRequest { cpr: cpr.to_owned(), reason: "asked by letter 8".to_owned() };
        said(self.privacy.clone().erase_person(call(agency, "-").request(asked).unwrap()).await)
    }

    async fn corrected_rows(&self, upload: &str) -> usize {
        let file = self.corrections("TRF", upload).await.unwrap();
        String::from_utf8(file.content).unwrap().lines().count() - 1
    }

    async fn corrections_code(&self, upload: &str) -> String {
        match self.corrections("TRF", upload).await {
            Ok(file) => file.file_name,
            Err(problem) => problem.code.as_str().to_owned(),
        }
    }
}

#[tokio::test]
async fn a_person_sees_all_that_is_kept_and_who_has_looked() {
    let t = Stack::start().await;
    let invoice = t.issue_invoice("TRF", "k", fine("A")).await.unwrap().invoice.unwrap();
    let print = pb::RenderInvoiceRequest {
        invoice_number: invoice.invoice_number.clone(),
        ..pb::RenderInvoiceRequest::default()
    };
    let by = Call::by("staff:clerk").for_agency("TRF".parse().unwrap());
    t.documents.clone().render_invoice(by.request(print).unwrap()).await.unwrap();

    let shown = t.export("TRF", CPR).await.unwrap();
    assert_eq!(shown.cpr, CPR);
    let bill = &shown.bills[0];
    assert_eq!((bill.name.as_str(), bill.phone.as_str()), ("راشد حسن الخليفي", "+97336001234"));
    assert_eq!((bill.note.as_str(), bill.invoice.as_ref().unwrap()), ("plate 7", &invoice));
    let accesses: Vec<_> =
        shown.accesses.iter().map(|a| (a.actor.as_str(), a.what.as_str(), a.reason.as_str())).collect();
    assert_eq!(accesses, [("staff:clerk", "print", ""), ("client:7", "export", "asked by letter 7")]);

    assert_eq!(t.export("MUN", CPR).await.unwrap_err(), "person_unknown", "another agency keeps nothing");
    assert_eq!(t.export("TRF", "12").await.unwrap_err(), "cpr_length");
    let nobody = pb::ExportPersonRequest { cpr: CPR.to_owned(), reason: " ".to_owned() };
    let refused = t.privacy.clone().export_person(call("TRF", "-").request(nobody.clone()).unwrap()).await;
    assert_eq!(said(refused).unwrap_err(), "field_invalid");
    let unnamed = Call::by("anonymous").for_agency("TRF".parse().unwrap()).request(nobody).unwrap();
    assert_eq!(said(t.privacy.clone().export_person(unnamed).await).unwrap_err(), "actor_missing");
}

#[tokio::test]
async fn an_erased_person_is_found_nowhere_and_bills_and_log_stay() {
    let t = Stack::start().await;
    let file = |name: &str, cpr: &str| {
        format!(
            "reference,service,name,cpr,phone,due_date,amount,note\n{name},FINE,Somebody,{cpr},,2030-01-31,-1.000,\n"
        )
    };
    // Neither file becomes a bill: only the cells name them. The second lost its zero.
    let named = t.upload("TRF", "named.csv", file("N", CPR).as_bytes()).await.unwrap();
    let other = t.upload("TRF", "other.csv", file("O", "70101123").as_bytes()).await.unwrap();
    let invoice = t.issue_invoice("TRF", "k", fine("A")).await.unwrap().invoice.unwrap();
    let before = t.export("TRF", CPR).await.unwrap();

    assert_eq!(t.erase("TRF", CPR).await.unwrap_err(), "person_has_open_bills");
    t.sql("UPDATE invoice SET state = 'paid', paid_fils = total_fils").await;
    let erased = t.erase("TRF", CPR).await.unwrap();
    assert_eq!((erased.bills, erased.rows, &erased.party_ref), (1, 1, &before.party_ref));

    assert_eq!(t.erase("TRF", CPR).await.unwrap_err(), "person_unknown");
    assert_eq!(t.export("TRF", CPR).await.unwrap_err(), "person_unknown");
    assert_eq!(t.corrected_rows(&named.upload_id).await, 0);
    assert_eq!(t.corrected_rows(&other.upload_id).await, 1);
    let bill = pb::GetBillRequest { bill_reference: invoice.bill_reference.clone() };
    let bill = t.invoices.clone().get_bill(bill).await.unwrap().into_inner().bill.unwrap();
    assert_eq!((bill.payer_masked.as_str(), bill.invoice.unwrap().party_ref), ("", before.party_ref.clone()));
    let print = pb::RenderBillRequest { bill_reference: invoice.bill_reference, ..Default::default() };
    t.documents.clone().render_bill(print).await.unwrap();
    assert_eq!(t.count("access_log").await, 2, "who has looked stays");
    let mut tx = t.env.pg.begin().await.unwrap();
    let gone = sqlx::raw_sql("DELETE FROM access_log").execute(tx.conn()).await.unwrap_err();
    assert!(gone.to_string().contains("who has looked stays written"), "{gone}");
    tx.rollback().await.unwrap();

    // The same number again is somebody new.
    t.issue_invoice("TRF", "k2", fine("B")).await.unwrap();
    assert_ne!(t.export("TRF", CPR).await.unwrap().party_ref, before.party_ref);

    // Whose number lost its zero in a spreadsheet is erased as well.
    let mut request = fine("C");
    OTHER.clone_into(&mut request.payer.as_mut().unwrap().cpr);
    t.issue_invoice("TRF", "k3", request).await.unwrap();
    t.sql("UPDATE invoice SET state = 'paid', paid_fils = total_fils").await;
    assert_eq!(t.erase("TRF", OTHER).await.unwrap().rows, 1);
    assert_eq!(t.corrected_rows(&other.upload_id).await, 0);
}

#[tokio::test]
async fn the_cells_of_a_file_are_destroyed_after_ninety_days() {
    let t = Stack::start().await;
    let file = "reference,service,name,cpr,phone,due_date,amount,note\nN,FINE,Somebody,900101123,,2030-01-31,-1.000,\n\
                V,FINE,Somebody,900101123,,2030-01-31,1.000,\n";
    let upload = t.upload("TRF", "old.csv", file.as_bytes()).await.unwrap();
    t.env.clock.advance(Duration::from_hours(24 * 89));
    t.env.clock.advance(Duration::from_hours(2));
    assert_eq!(t.corrections_code(&upload.upload_id).await, "old-corrections.csv");
    t.env.clock.advance(Duration::from_hours(24));
    wait_for("the cells to be destroyed", Duration::from_secs(10), async || {
        t.env.clock.advance(Duration::from_hours(1));
        (t.corrections_code(&upload.upload_id).await == "upload_sheet_gone").then_some(())
    })
    .await;
    let late = t.issue("TRF", "k", &upload, |_| {}).await.unwrap_err();
    assert_eq!(late.code, "upload_sheet_gone", "what nobody can read cannot be issued");
}
