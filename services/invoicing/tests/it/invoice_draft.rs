//! Invoices that a second person approves, on their day, month by month.

use std::time::Duration;

use boot::{Call, Problem};
use proto::invoicing::v1 as pb;
use testkit::wait_for;

use crate::Stack;
use crate::stack::{bhd, call, fine};

const SOON: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_hours(24);

fn by(who: &str, key: &str) -> Call {
    Call::by(who).for_agency("TRF".parse().unwrap()).with_key(key)
}

/// A fine that is due a month after its issue.
fn draft(reference: &str, issue_on: &str, repeat: Option<(i32, &str)>) -> pb::CreateInvoiceDraftRequest {
    let invoice = pb::IssueInvoiceRequest { due_date: "30 days".to_owned(), ..fine(reference) };
    let (every_months, until) = repeat.unwrap_or((0, ""));
    pb::CreateInvoiceDraftRequest {
        invoice: Some(invoice),
        issue_on: issue_on.to_owned(),
        every_months,
        until: until.to_owned(),
    }
}

impl Stack {
    async fn draft(
        &self,
        key: &str,
        request: pb::CreateInvoiceDraftRequest,
    ) -> Result<pb::InvoiceDraft, Problem> {
        let answer =
            self.drafts.clone().create_invoice_draft(by("staff:clerk", key).request(request).unwrap()).await;
        answer
            .map(|answer| answer.into_inner().draft.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    async fn approve(&self, who: &str, draft_id: &str) -> Result<pb::InvoiceDraft, Problem> {
        let request = pb::ApproveInvoiceDraftRequest { draft_id: draft_id.to_owned() };
        let answer =
            self.drafts.clone().approve_invoice_draft(by(who, draft_id).request(request).unwrap()).await;
        answer
            .map(|answer| answer.into_inner().draft.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    async fn discard(&self, draft_id: &str) -> Result<pb::InvoiceDraft, Problem> {
        let request = pb::DiscardInvoiceDraftRequest { draft_id: draft_id.to_owned() };
        let answer = self
            .drafts
            .clone()
            .discard_invoice_draft(by("staff:clerk", draft_id).request(request).unwrap())
            .await;
        answer
            .map(|answer| answer.into_inner().draft.unwrap())
            .map_err(|status| Problem::from_status(&status))
    }

    /// The agency's one draft, once it is `state`.
    async fn drafted(&self, state: pb::InvoiceDraftState) -> pb::InvoiceDraft {
        wait_for("the draft", SOON, async || {
            let request = by("staff:clerk", "-").request(pb::ListInvoiceDraftsRequest {}).unwrap();
            let listed = self.drafts.clone().list_invoice_drafts(request).await.unwrap().into_inner().drafts;
            listed.into_iter().next().filter(|draft| draft.state() == state)
        })
        .await
    }
}

#[tokio::test]
async fn an_invoice_is_issued_once_a_second_person_has_approved_it() {
    let t = Stack::start().await;
    let made = t.draft("k", draft("A", "", None)).await.unwrap();
    assert_eq!((made.state(), made.total.clone()), (pb::InvoiceDraftState::Draft, bhd(12_500)));
    assert_eq!(t.draft("k", draft("A", "", None)).await.unwrap(), made, "the same call again");
    assert_eq!(t.draft("k", draft("B", "", None)).await.unwrap_err().code, "idempotency_key_reused");
    assert_eq!(t.approve("staff:clerk", &made.draft_id).await.unwrap_err().code, "needs_second_person");
    assert_eq!(t.count("invoice").await, 0);
    let approved = t.approve("staff:head", &made.draft_id).await.unwrap();
    let issued = t.drafted(pb::InvoiceDraftState::Issued).await;
    assert_eq!((issued.issued, issued.approved_by.as_str()), (1, "staff:head"));
    let bills = t.list("TRF", pb::ListInvoicesRequest::default()).await.invoices;
    assert_eq!((bills.len(), bills[0].invoice_number.clone()), (1, issued.last_invoice_number));
    assert_eq!(t.approve("staff:head", &made.draft_id).await.unwrap(), approved, "the same call again");
    assert_eq!(t.draft("k", draft("A", "", None)).await.unwrap(), made, "its reference is used, by itself");
    assert_eq!(t.discard(&made.draft_id).await.unwrap_err().code, "invoice_draft_wrong_state");
    let other = "00000000-0000-7000-8000-000000000009";
    assert_eq!(t.approve("staff:head", other).await.unwrap_err().code, "invoice_draft_unknown");
    // Nothing of the person is left in it.
    let mut tx = t.env.pg.read().await.unwrap();
    let left = "SELECT count(*) FROM invoice_draft WHERE request_sealed <> '' OR cpr_index <> ''";
    assert_eq!(sqlx::query_scalar::<_, i64>(left).fetch_one(tx.conn()).await.unwrap(), 0);
}

#[tokio::test]
async fn rent_is_billed_month_by_month_until_its_end() {
    let t = Stack::start().await;
    let made = t.draft("k", draft("RENT", "2026-01-31", Some((1, "2026-03-31")))).await.unwrap();
    t.approve("staff:head", &made.draft_id).await.unwrap();
    for _ in 0..90 {
        t.env.clock.advance(DAY);
        tokio::task::yield_now().await;
    }
    let done = wait_for("the last one", SOON, async || {
        t.env.clock.advance(Duration::from_mins(11));
        let request = by("staff:clerk", "-").request(pb::ListInvoiceDraftsRequest {}).unwrap();
        let listed = t.drafts.clone().list_invoice_drafts(request).await.unwrap().into_inner().drafts;
        listed.into_iter().next().filter(|draft| draft.state() == pb::InvoiceDraftState::Issued)
    })
    .await;
    assert_eq!(done.issued, 3);
    let bills = t.list("TRF", pb::ListInvoicesRequest::default()).await.invoices;
    let references: Vec<&str> = bills.iter().map(|bill| bill.reference.as_str()).collect();
    assert_eq!(references, ["RENT", "RENT/2", "RENT/3"]);
}

#[tokio::test]
async fn what_cannot_be_issued_on_its_day_says_why_and_what_is_given_up_is_not_issued() {
    let t = Stack::start().await;
    let later = t.draft("k", draft("A", "2026-01-20", None)).await.unwrap();
    t.approve("staff:head", &later.draft_id).await.unwrap();
    t.issue_invoice("TRF", "k2", fine("A")).await.unwrap();
    t.env.clock.advance(6 * DAY);
    let failed = t.drafted(pb::InvoiceDraftState::Failed).await;
    assert_eq!((failed.failure.as_str(), failed.issued), ("reference_duplicate", 0));

    let given_up = t.draft("k3", draft("B", "2026-02-01", None)).await.unwrap();
    t.approve("staff:head", &given_up.draft_id).await.unwrap();
    assert_eq!(t.discard(&given_up.draft_id).await.unwrap().state(), pb::InvoiceDraftState::Discarded);
    t.env.clock.advance(30 * DAY);
    assert_eq!(t.count("invoice").await, 1);
}

#[tokio::test]
async fn a_plan_that_cannot_be_is_refused_and_a_person_with_drafts_is_not_erased() {
    let t = Stack::start().await;
    let refused = async |request: pb::CreateInvoiceDraftRequest| {
        let problem = t.draft("k", request).await.unwrap_err();
        (problem.code.to_string(), problem.field.unwrap_or_default())
    };
    let is = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(refused(draft("A", "2026-01-14", None)).await, is("field_invalid", "issue_on"));
    assert_eq!(refused(draft("A", "soon", None)).await, is("field_invalid", "issue_on"));
    assert_eq!(refused(draft("A", "", Some((1, "")))).await, is("field_invalid", "until"));
    assert_eq!(refused(draft("A", "", Some((0, "2026-03-01")))).await, is("field_invalid", "until"));
    assert_eq!(refused(draft("A", "", Some((13, "2027-03-01")))).await, is("field_invalid", "every_months"));
    let mut dated = draft("A", "2026-03-01", None);
    dated.invoice.as_mut().unwrap().due_date = "2026-02-15".to_owned();
    assert_eq!(refused(dated.clone()).await, is("due_date_past", "invoice.due_date"));
    (dated.every_months, dated.until) = (1, "2026-06-01".to_owned());
    assert_eq!(refused(dated).await, is("field_invalid", "invoice.due_date"));
    assert_eq!(refused(draft("", "", None)).await, is("reference_missing", "reference"));

    t.issue_invoice("TRF", "k2", fine("B")).await.unwrap();
    t.sql("UPDATE invoice SET state = 'paid', paid_fils = total_fils").await;
    let waits = t.draft("k3", draft("C", "2026-02-01", None)).await.unwrap();
    let erase = async || {
        let request = pb::ErasePersonRequest { cpr: "900101123".to_owned(), reason: "asked".to_owned() };
        t.privacy.clone().erase_person(call("TRF", "-").request(request).unwrap()).await
    };
    let refused = Problem::from_status(&erase().await.unwrap_err());
    assert_eq!(refused.code, "person_has_open_bills");
    t.discard(&waits.draft_id).await.unwrap();
    erase().await.unwrap();
}
