//! A file of bills is taken back after it was issued: what nobody has paid is cancelled, and the corrected file follows.

use std::time::Duration;

use boot::Call;
use proto::invoicing::v1 as inv;
use proto::invoicing::v1::create_upload_request::Part;
use proto::invoicing::v1::upload_service_client::UploadServiceClient;
use proto::payments::v1::ReceivableState;
use testkit::wait_for;

use crate::platform::{AGENCY, Platform, SERVICE};

const SOON: Duration = Duration::from_secs(20);

fn clerk(key: &str) -> Call {
    Call::by("staff:clerk").for_agency(AGENCY.parse().unwrap()).with_key(key)
}

struct Files<'a> {
    p: &'a Platform,
    client: UploadServiceClient<boot::grpc::Channel>,
}

impl Files<'_> {
    async fn send(&self, key: &str, pages: u32) -> inv::Upload {
        let due = self.p.today();
        let row = |n: u32| format!("R-{n},{SERVICE},Sara,880101234,{pages},{due}\n");
        let rows: String = (1..=3).map(row).collect();
        let file = format!("reference,service,name,cpr,pages,due_date\n{rows}");
        let parts = [
            Part::Head(inv::UploadHead { file_name: "bills.csv".to_owned() }),
            Part::Chunk(file.into_bytes()),
        ];
        let parts = parts.map(|part| inv::CreateUploadRequest { part: Some(part) });
        let request = clerk(key).request(futures::stream::iter(parts)).unwrap();
        self.client.clone().create_upload(request).await.unwrap().into_inner().upload.unwrap()
    }

    async fn issue(&self, key: &str, upload: &inv::Upload) -> Vec<inv::Invoice> {
        let request = inv::IssueUploadRequest {
            upload_id: upload.upload_id.clone(),
            confirmed_count: upload.valid,
            confirmed_total: upload.valid_total.clone(),
            issue_on: String::new(),
        };
        self.client.clone().issue_upload(clerk(key).request(request).unwrap()).await.unwrap();
        let of = inv::ListInvoicesRequest { upload_id: upload.upload_id.clone(), ..Default::default() };
        let listed = self.p.invoices.clone().list_invoices(clerk("-").request(of).unwrap()).await.unwrap();
        listed.into_inner().invoices
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unpaid_bills_of_a_withdrawn_file_are_cancelled_and_the_corrected_file_follows() {
    let p = Platform::start().await;
    p.import();
    let files = Files { p: &p, client: UploadServiceClient::new(p.channel("MIZAN_INVOICING_URL")) };
    let wrong = files.send("u1", 10).await;
    let bills = files.issue("i1", &wrong).await;
    assert_eq!(bills.len(), 3);
    p.card(&bills[0].bill_reference, 2_500, "C-1").await;
    // Answers of payments are lost: nobody knows what became of those bills until they are asked about again.
    p.line.drop_answers(2);
    let request =
        inv::WithdrawUploadRequest { upload_id: wrong.upload_id.clone(), reason: "wrong pages".to_owned() };
    let answer = files.client.clone().withdraw_upload(clerk("w").request(request).unwrap()).await.unwrap();
    assert!(answer.into_inner().upload.unwrap().withdrawn <= 2);
    p.line.heal();
    let done = wait_for("the file is withdrawn", SOON, async || {
        p.pass(Duration::from_secs(31));
        let request = inv::GetUploadRequest { upload_id: wrong.upload_id.clone() };
        let now = files.client.clone().get_upload(clerk("-").request(request).unwrap()).await.unwrap();
        now.into_inner().upload.filter(|upload| upload.state() == inv::UploadState::Withdrawn)
    })
    .await;
    assert_eq!((done.issued, done.withdrawn), (3, 2));
    assert_eq!(
        p.receivable(&bills[0].bill_reference).await.state(),
        ReceivableState::Paid,
        "what is paid stays"
    );

    for bill in &bills[1..] {
        assert_eq!(p.receivable(&bill.bill_reference).await.state(), ReceivableState::Cancelled);
    }

    let right = files.send("u2", 20).await;
    assert_eq!((right.valid, right.errors), (2, 1), "only the paid one keeps its reference");
    assert_eq!(files.issue("i2", &right).await.len(), 2);
    let notes = p.mizan("invoice numbers --agency JUS --year 2026 --series credit-note").unwrap();
    assert!(notes.contains(" 2 credit notes") && notes.ends_with("no gap, no double"), "{notes}");
    p.books_hold().await;
}
