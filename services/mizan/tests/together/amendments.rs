//! An invoice is amended, cancelled and paid, in any order and over a line that loses answers: the document and the money agree.

use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proto::invoicing::v1::{Invoice, InvoiceState};
use proto::payments::v1::{Receivable, ReceivableState};
use testkit::wait_for;

use crate::platform::Platform;

const SOON: Duration = Duration::from_secs(20);

fn fils(money: Option<&proto::common::v1::Money>) -> i64 {
    money.map_or(0, |money| money.minor_units)
}

/// Total and paid, and whether both sides say so.
fn agree(invoice: &Invoice, receivable: &Receivable) -> bool {
    let state = match receivable.state() {
        ReceivableState::Open | ReceivableState::Held => InvoiceState::Issued,
        ReceivableState::PartiallyPaid => InvoiceState::PartiallyPaid,
        ReceivableState::Paid => InvoiceState::Paid,
        ReceivableState::Cancelled => InvoiceState::Cancelled,
        ReceivableState::WrittenOff => InvoiceState::WrittenOff,
        ReceivableState::Unspecified => InvoiceState::Unspecified,
    };
    invoice.state() == state
        && fils(invoice.total.as_ref()) == fils(receivable.due.as_ref())
        && fils(invoice.paid.as_ref()) == fils(receivable.paid.as_ref())
}

impl Platform {
    async fn sql(&self, sql: &str) {
        let mut tx = self.invoicing.pg.begin().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The invoice, once it says what the receivable says.
    async fn agreed(&self, number: &str, bill: &str) -> Invoice {
        wait_for("invoice and receivable agree", SOON, async || {
            let (invoice, receivable) = (self.known(number).await, self.receivable(bill).await);
            agree(&invoice, &receivable).then_some(invoice)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amended_bill_asks_for_the_new_sum_everywhere_and_keeps_what_it_said_before() {
    let p = Platform::start().await;
    p.import();
    let issued = p.invoice("A").await;
    let (number, bill) = (issued.invoice_number.as_str(), issued.bill_reference.as_str());
    let amended = p.amend(number, "k", 20).await.unwrap();
    assert_eq!((fils(amended.total.as_ref()), amended.version), (5_000, 2));
    assert_eq!(p.amend(number, "k", 20).await.unwrap(), amended, "a lost answer is asked for again");
    assert_eq!(p.amend(number, "k", 21).await.unwrap_err().code, "idempotency_key_reused");
    assert_eq!(fils(p.receivable(bill).await.due.as_ref()), 5_000);
    let page = p.page("en", bill).await;
    assert!(page.contains("BHD 5.000") && page.contains("pages: 20"), "{page}");

    // Below what is paid nothing goes; down to it, the bill is paid.
    p.card(bill, 3_000, "C-1").await;
    p.agreed(number, bill).await;
    assert_eq!(p.amend(number, "k2", 11).await.unwrap_err().code, "amended_below_paid");
    assert_eq!(p.agreed(number, bill).await.state(), InvoiceState::PartiallyPaid);
    let paid = p.amend(number, "k3", 12).await.unwrap();
    assert_eq!((paid.state(), paid.version), (InvoiceState::Paid, 4));
    assert_eq!(p.cancel(number, "k4").await.unwrap_err().code, "bill_already_paid");
    // Each step down has a credit note, each step up none.
    assert_eq!(
        p.mizan("credit-note list --agency JUS").unwrap(),
        format!("JUS-CN-2026-000001 takes 2.000 off {number}: counted again")
    );
    let owing = p.amend(number, "k5", 40).await.unwrap();
    assert_eq!((owing.state(), fils(owing.paid.as_ref())), (InvoiceState::PartiallyPaid, 3_000));
    let wrong = p.amend(number, "k6", 0).await.unwrap_err();
    assert_eq!((wrong.code.as_str(), wrong.field.as_deref()), ("quantity_invalid", Some("inputs.pages")));
    p.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_bill_takes_no_money_and_one_that_is_being_paid_is_not_cancelled() {
    let p = Platform::start().await;
    p.import();
    let issued = p.invoice("A").await;
    let (number, bill) = (issued.invoice_number.as_str(), issued.bill_reference.as_str());
    let said = p
        .mizan(&format!("invoice cancel --agency JUS --invoice {number} --reason wrong --actor staff:clerk"));
    assert_eq!(said.unwrap(), format!("{number} cancelled total 2.500 paid 0.000 due {}", issued.due_date));
    assert_eq!(p.agreed(number, bill).await.state(), InvoiceState::Cancelled);
    assert_eq!(
        p.mizan("credit-note list --agency JUS").unwrap(),
        format!("JUS-CN-2026-000001 takes 2.500 off {number}: wrong")
    );
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("note.pdf");
    p.mizan(&format!(
        "credit-note print --agency JUS --credit-note JUS-CN-2026-000001 --language en --out {}",
        out.display()
    ))
    .unwrap();
    let read = Command::new(testkit::tools::poppler("pdftotext"))
        .args(["-layout"])
        .arg(&out)
        .arg("-")
        .output()
        .unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    for said in ["Credit note", "JUS-CN-2026-000001", number, "BHD 2.500", "wrong"] {
        assert!(read.contains(said), "{said} in {read}");
    }
    assert!(p.page("ar", bill).await.contains("سحبت الجهة هذه الفاتورة"));
    assert_eq!(p.amend(number, "k", 20).await.unwrap_err().code, "bill_cancelled");

    let paying = p.invoice("B").await;
    p.wallet(&paying.bill_reference).await;
    for refused in
        [p.cancel(&paying.invoice_number, "c").await, p.amend(&paying.invoice_number, "a", 20).await]
    {
        assert_eq!(refused.unwrap_err().code, "payment_in_progress");
    }
    assert_eq!(p.known(&paying.invoice_number).await.version, paying.version, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_whose_asker_died_is_taken_up_and_the_same_call_hears_that_it_is_done() {
    let p = Platform::start().await;
    p.import();
    let issued = p.invoice("A").await;
    let (number, bill) = (issued.invoice_number.as_str(), issued.bill_reference.as_str());
    p.receivable(bill).await;
    // As it stands when the asker dies between noting its wish and asking.
    p.sql(&format!(
        "INSERT INTO amendment (amendment_id, agency_id, invoice_id, kind, claimed_by, reason, requested_by,
                                receivable_version, state, asked_at)
         VALUES (gen_random_uuid(), 'JUS', '{}', 'cancel', 'nobody', 'sent in error', 'staff:clerk', 1, 'asked', now() - interval '2 days')",
        issued.invoice_id
    ))
    .await;
    wait_for("the worker takes it up", SOON, async || {
        p.pass(Duration::from_secs(11));
        (p.known(number).await.state() == InvoiceState::Cancelled).then_some(())
    })
    .await;
    assert_eq!(p.receivable(bill).await.state(), ReceivableState::Cancelled);

    // Its answer was never kept; the wish that was done tells.
    let other = p.invoice("B").await;
    let done = p.cancel(&other.invoice_number, "k").await.unwrap();
    p.sql("DELETE FROM idempotency").await;
    assert_eq!(p.cancel(&other.invoice_number, "k").await.unwrap(), done);
    assert_eq!(p.cancel(&other.invoice_number, "k2").await.unwrap_err().code, "receivable_wrong_state");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_paid_part_by_part_and_keeps_its_proportions_when_the_bill_changes() {
    let p = Platform::start().await;
    p.import();
    let issued = p.in_parts("A", &[(30, 1_000), (60, 1_500)]).await;
    let (number, bill) = (issued.invoice_number.as_str(), issued.bill_reference.as_str());
    let page = p.page("en", bill).await;
    assert!(page.contains("The instalment due on") && page.contains("BHD 1.000"), "{page}");
    p.card(bill, 1_000, "C-1").await;
    assert_eq!(p.agreed(number, bill).await.state(), InvoiceState::PartiallyPaid);

    let amended = p.amend(number, "k", 20).await.unwrap();
    let parts: Vec<i64> = amended.instalments.iter().map(|part| fils(part.due.as_ref())).collect();
    assert_eq!(parts, [2_000, 3_000]);
    assert_eq!(amended.due_date, issued.due_date);
    let kept = p.receivable(bill).await.instalments;
    assert_eq!(
        kept.iter().map(|part| part.minor_units).collect::<Vec<_>>(),
        parts,
        "the money has the same plan"
    );
    // What is left of the first part, or all that is due; the page offers both.
    let page = p.page("ar", bill).await;
    assert!(page.contains("القسط المستحق في") && page.contains("value=\"1000\""), "{page}");
    p.card(bill, 4_000, "C-2").await;
    assert_eq!(p.agreed(number, bill).await.state(), InvoiceState::Paid);
    p.books_hold().await;
}

/// What happens to a bill.
#[derive(Clone, Copy, Debug)]
enum Act {
    Amend {
        pages: u32,
    },
    Pay {
        fils: i64,
    },
    Cancel,
    /// The next answers of payments are lost on their way.
    LoseAnswers {
        count: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1_u32..40).prop_map(|pages| Act::Amend { pages }),
        3 => (1_i64..4_000).prop_map(|fils| Act::Pay { fils }),
        1 => Just(Act::Cancel),
        2 => (1_u64..4).prop_map(|count| Act::LoseAnswers { count }),
    ]
}

/// The same acts in every run.
fn stories() -> Vec<Vec<Act>> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let story = proptest::collection::vec(act(), 3..9);
    (0..16).map(|_| story.new_tree(&mut runner).unwrap().current()).collect()
}

impl Platform {
    async fn perform(&self, invoice: &Invoice, act: Act, name: &str) {
        let number = invoice.invoice_number.as_str();
        match act {
            Act::Amend { pages } => self.insist(async || self.amend(number, name, pages).await).await,
            Act::Cancel => self.insist(async || self.cancel(number, name).await).await,
            Act::Pay { fils } => drop(self.card(&invoice.bill_reference, fils, name).await),
            Act::LoseAnswers { count } => self.line.drop_answers(count),
        }
    }

    /// Repeats a call with its key until it is taken or refused for good.
    async fn insist(&self, mut call: impl AsyncFnMut() -> Result<Invoice, boot::Problem>) {
        wait_for("an answer", SOON, async || match call().await {
            Ok(_) => Some(()),
            Err(problem) if problem.outcome_unknown() || problem.code == "amendment_in_progress" => None,
            Err(_refused) => Some(()),
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn amending_paying_and_cancelling_in_any_order_leaves_invoice_and_receivable_equal() {
    let p = Platform::start().await;
    p.import();
    for (n, story) in stories().into_iter().enumerate() {
        let invoice = p.invoice(&format!("S-{n}")).await;
        // All at the same time: the line and the locks make the order.
        let acts = story.iter().enumerate().map(|(at, act)| {
            let (p, invoice) = (&p, &invoice);
            async move { p.perform(invoice, *act, &format!("S-{n}-{at}")).await }
        });
        futures::future::join_all(acts).await;
        p.line.heal();
        let known = p.agreed(&invoice.invoice_number, &invoice.bill_reference).await;
        let total = fils(known.total.as_ref());
        assert_eq!(total, fils(known.fee.as_ref()) + fils(known.vat.as_ref()), "{story:?}");
        let asked: Vec<i64> = story
            .iter()
            .filter_map(|act| match act {
                Act::Amend { pages } => Some(i64::from(*pages) * 250),
                Act::Pay { .. } | Act::Cancel | Act::LoseAnswers { .. } => None,
            })
            .chain([2_500])
            .collect();
        assert!(asked.contains(&total), "{story:?}: somebody asked for {total}");
    }
    let numbers = p.mizan("invoice numbers --agency JUS --year 2026 --series credit-note").unwrap();
    assert!(numbers.ends_with("no gap, no double") && !numbers.contains(" 0 credit notes"), "{numbers}");
    p.books_hold().await;
}
