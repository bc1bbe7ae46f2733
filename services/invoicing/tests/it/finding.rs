//! A person's bills of all agencies, for whoever knows more than the number.
use std::time::Duration;

use boot::Problem;
use proto::invoicing::v1 as pb;

use testkit::wait_for;

use crate::Stack;
use crate::stack::{call, fine};

/// The one of [`fine`].
const CPR: &str = "٠٨٠١٠١٢٣٤";

impl Stack {
    /// Looks; every answer waits for the clock, which we move.
    async fn look(&self, cpr: &str, proof: &str) -> Result<Vec<String>, String> {
        let asked = pb::FindBillsRequest { cpr: cpr.to_owned(), proof: proof.to_owned() };
        let mut finding = self.finding.clone();
        let answer = self.as_time_passes(finding.find_bills(asked)).await;
        let code = |status| Problem::from_status(&status).code.as_str().to_owned();
        let found = answer.map_err(code)?.into_inner().bills;
        Ok(found.into_iter().map(|bill| bill.invoice.unwrap().bill_reference).collect())
    }

    /// Moves the clock a little at a time until the work is done: an hour is far off.
    async fn as_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let time = wait_for("the answers", Duration::from_secs(20), async || {
            self.env.clock.advance(Duration::from_millis(100));
            None::<()>
        });
        tokio::select! {
            done = work => done,
            () = time => unreachable!("it waits for nothing"),
        }
    }

    async fn bill_of(&self, agency: &str, reference: &str, cpr: &str, phone: &str) -> pb::Invoice {
        let mut request = fine(reference);
        let payer = request.payer.as_mut().unwrap();
        (payer.cpr, payer.phone) = (cpr.to_owned(), phone.to_owned());
        if agency == "JUS" {
            "COPY".clone_into(&mut request.service_code);
            request.inputs = [("pages".to_owned(), "4".to_owned())].into();
        }
        self.issue_invoice(agency, reference, request).await.unwrap().invoice.unwrap()
    }
}

#[tokio::test]
async fn whoever_knows_a_bill_or_the_phone_sees_the_persons_open_bills_of_all_agencies() {
    let t = Stack::start().await;
    let traffic = t.bill_of("TRF", "A", "080101234", "17001234").await.bill_reference;
    let court = t.bill_of("JUS", "B", "080101234", "36005678").await.bill_reference;
    let other = t.bill_of("TRF", "C", "900202345", "17001234").await.bill_reference;

    let both = Ok(vec![court.clone(), traffic.clone()]);
    let sorted = |mut found: Vec<String>| {
        found.sort_unstable();
        found
    };
    assert_eq!(t.look(CPR, &court.to_lowercase()).await.map(sorted), both, "any bill proves the person");
    assert_eq!(t.look(CPR, "1234").await, Ok(vec![traffic]), "a phone proves the bills it stands on");
    assert_eq!(t.look(CPR, &other).await, Ok(vec![]), "somebody else's bill proves nothing");
    assert_eq!(t.look("900202346", &other).await, Ok(vec![]), "nor does an unknown person");
    let company = t.bill_of("TRF", "D", "12345-1", "17001234").await.bill_reference;
    assert_eq!(t.look("١٢٣٤٥-١", "1234").await, Ok(vec![company.clone()]), "a company by its registration");
    assert_eq!(t.look("12345-2", &company).await, Ok(vec![]), "another branch is another payer");
    for number in ["12", "12345", "12345-"] {
        assert_eq!(t.look(number, "1234").await, Err("cpr_length".to_owned()), "{number}");
    }
    assert_eq!(t.look(CPR, "12345").await, Err("proof_form".to_owned()));
}

#[tokio::test]
async fn after_five_wrong_proofs_within_the_hour_even_the_right_one_finds_nothing() {
    let t = Stack::start().await;
    let bill = t.bill_of("TRF", "A", "080101234", "17001234").await.bill_reference;
    // All at once, as somebody who guesses would.
    let guesses = (0..8).map(|n| {
        let mut finding = t.finding.clone();
        let asked = pb::FindBillsRequest { cpr: CPR.to_owned(), proof: format!("000{n}") };
        async move { finding.find_bills(asked).await.unwrap().into_inner().bills.len() }
    });
    let found = t.as_time_passes(futures::future::join_all(guesses)).await;
    assert_eq!(found, [0; 8]);
    assert_eq!(t.count("finding_miss").await, 5, "those after the fifth are not even looked at");
    assert_eq!(t.look(CPR, &bill).await, Ok(vec![]));
    t.env.clock.advance(Duration::from_hours(1));
    assert_eq!(t.look(CPR, &bill).await, Ok(vec![bill.clone()]));

    // Once paid or taken back it is not among the open ones.
    let mut tx = t.env.pg.begin().await.unwrap();
    sqlx::raw_sql("UPDATE invoice SET state = 'cancelled'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(t.look(CPR, &bill).await, Ok(vec![]));
    let kept = pb::GetInvoiceRequest { invoice_number: "TRF-2026-000001".to_owned() };
    t.invoices.clone().get_invoice(call("TRF", "-").request(kept).unwrap()).await.unwrap();
}
