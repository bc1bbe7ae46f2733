//! `mizan refund`.

use crate::outside::reference;
use crate::platform::{Platform, id, refused};

const IBAN: &str = "BH67BMAG00001299123456";

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_once_two_persons_agree() {
    let p = Platform::start().await;
    let payment = p.taken(&reference(1), "10.000");
    let ask = format!(
        "refund request --payment {payment} --amount 4.000 --iban {IBAN} --reason 'wrong tariff' --actor staff:clerk"
    );
    let said = p.mizan(&ask);
    assert!(said.as_ref().unwrap().ends_with(" requested 4.000"), "{said:?}");
    assert_eq!(p.mizan(&ask), said, "the same words are the same request");
    let another = p.mizan(&format!("{ask} --key 2"));
    assert_ne!(id(&another), id(&said));

    let (refund, other) = (id(&said), id(&another));
    let alone = p.mizan(&format!("refund approve --refund {refund} --actor staff:clerk"));
    assert_eq!(refused(alone), "needs_second_person");
    p.mizan(&format!("refund approve --refund {refund} --actor staff:officer")).unwrap();
    p.mizan(&format!("refund reject --refund {other} --actor staff:officer")).unwrap();
    let paid = format!("refund paid --refund {refund} --bank-reference FT-9 --actor staff:officer");
    assert!(p.mizan(&paid).unwrap().ends_with(" succeeded 4.000 FT-9"));
    assert!(p.mizan(&format!("refund show --refund {other}")).unwrap().ends_with(" rejected 4.000"));
    assert_eq!(p.balance("treasury_bank").await, -4_000);
    assert_eq!(p.balance("agency_payable:TRF").await, -6_000);
    p.books_hold().await;
}
