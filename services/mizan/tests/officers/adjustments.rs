//! `mizan adjustment`.

use proto::payments::v1::ReceivableState;

use crate::outside::reference;
use crate::platform::{Platform, id, refused};

const MOVE: &str = "adjustment move --debit over_short --credit treasury_bank --amount 0.500 \
                    --reason 'bank fee' --actor staff:clerk";

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_made_by_two_persons() {
    let p = Platform::start().await;
    let asked = p.mizan(MOVE);
    let words = " requested 0.500 debit over_short credit treasury_bank";
    assert!(asked.as_ref().unwrap().ends_with(words), "{asked:?}");
    let decide = |verb: &str, adjustment: &str, who: &str| {
        p.mizan(&format!("adjustment {verb} --adjustment {adjustment} --actor {who}"))
    };
    assert_eq!(refused(decide("approve", &id(&asked), "staff:clerk")), "needs_second_person");
    assert_eq!(p.balance("over_short").await, 0, "nothing moves before");
    assert!(decide("approve", &id(&asked), "staff:officer").unwrap().contains(" done "));
    assert_eq!(p.balance("over_short").await, 500);
    assert_eq!(p.balance("treasury_bank").await, -500);

    let another = id(&p.mizan(&format!("{MOVE} --key 2")));
    assert!(decide("reject", &another, "staff:officer").unwrap().contains(" rejected "));
    assert_eq!(refused(decide("approve", &another, "staff:officer")), "adjustment_wrong_state");
    let payers_money = MOVE.replace("over_short", "payer_credit");
    assert_eq!(refused(p.mizan(&payers_money)), "accounts_not_allowed");
    assert_eq!(refused(p.mizan(&MOVE.replace("over_short", "a_drawer"))), "account_invalid");
    assert_eq!(p.balance("over_short").await, 500);
    p.books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_given_up_by_two_persons() {
    let p = Platform::start().await;
    let bill = reference(1);
    assert_eq!(p.bill(&bill).await, (10_000, 0, ReceivableState::Open));
    let asked = p.mizan(&format!(
        "adjustment write-off --bill {bill} --reason 'the company is no more' --actor staff:clerk"
    ));
    assert!(asked.as_ref().unwrap().ends_with(&format!(" requested write-off {bill}")), "{asked:?}");
    let approve =
        |who: &str| p.mizan(&format!("adjustment approve --adjustment {} --actor {who}", id(&asked)));
    assert_eq!(refused(approve("staff:clerk")), "needs_second_person");
    assert_eq!(p.bill(&bill).await.2, ReceivableState::Open);
    approve("staff:officer").unwrap();
    assert_eq!(p.bill(&bill).await.2, ReceivableState::WrittenOff);
    p.books_hold().await;
}
