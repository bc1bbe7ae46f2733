//! `mizan credit`.

use proto::payments::v1::ReceivableState;

use crate::outside::reference;
use crate::platform::{Platform, id, refused};

const IBAN: &str = "BH67BMAG00001299123456";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_payer_is_owed_pays_another_bill_and_the_rest_is_paid_out() {
    let p = Platform::start().await;
    let (overpaid, other) = (reference(1), reference(2));
    assert_eq!(p.mizan("credit list").unwrap(), "");
    p.taken(&overpaid, "13.000");
    let listed = p.mizan(&format!("credit list --bill {overpaid}"));
    let free = format!(" open 3.000 free of 3.000 from {overpaid}");
    assert!(listed.as_ref().unwrap().ends_with(&free), "{listed:?}");
    let credit = id(&listed);

    let apply = |amount: &str| {
        p.mizan(&format!("credit apply --credit {credit} --bill {other} {amount} --actor staff:clerk"))
    };
    assert_eq!(refused(apply("--amount 3.001")), "credit_exceeded");
    assert!(apply("--amount 2.000").unwrap().contains(" partially_used 1.000 free of 3.000 "));
    assert!(apply("--amount 2.000").unwrap().contains(" 1.000 free of "), "the same words again do nothing");
    assert_eq!(p.bill(&other).await, (10_000, 2_000, ReceivableState::PartiallyPaid));

    let refund = id(&p.mizan(&format!(
        "refund request --credit {credit} --iban {IBAN} --reason overpaid --actor staff:clerk"
    )));
    p.mizan(&format!("refund approve --refund {refund} --actor staff:officer")).unwrap();
    let paid = format!("refund paid --refund {refund} --bank-reference FT-1 --actor staff:officer");
    assert!(p.mizan(&paid).unwrap().ends_with(" succeeded 1.000 FT-1"));
    assert!(p.mizan("credit list").unwrap().contains(" used 0.000 free of 3.000 "));
    assert_eq!(p.balance("payer_credit").await, 0);
    p.books_hold().await;
}
