//! `mizan dispute`.

use crate::outside::reference;
use crate::platform::{Platform, id, refused};

#[tokio::test(flavor = "multi_thread")]
async fn disputed_money_stands_aside_until_it_is_won_or_lost() {
    let p = Platform::start().await;
    let payment = p.taken(&reference(1), "10.000");
    let open = |amount: &str, name: &str| {
        p.mizan(&format!(
            "dispute open --payment {payment} --amount {amount} --provider-reference {name} \
             --reason 'card was stolen' --actor staff:clerk"
        ))
    };
    let won = open("6.000", "CB-1");
    assert!(won.as_ref().unwrap().contains(" opened 6.000 "), "{won:?}");
    assert_eq!(p.balance("disputed").await, -6_000);
    assert_eq!(refused(open("5.000", "CB-2")), "refund_exceeds_captured");
    assert_eq!(refused(open("1.000", "CB-1")), "dispute_known");
    let win = format!("dispute win --dispute {} --actor staff:officer", id(&won));
    assert!(p.mizan(&win).unwrap().contains(" won 6.000 "));
    assert_eq!(p.balance("disputed").await, 0);
    let afterwards = format!("dispute lose --dispute {} --actor staff:officer", id(&won));
    assert_eq!(refused(p.mizan(&afterwards)), "dispute_wrong_state", "it is final");
    assert!(p.cases().await.is_empty());

    let lost = id(&open("10.000", "CB-3"));
    p.mizan(&format!("dispute lose --dispute {lost} --actor staff:officer")).unwrap();
    assert_eq!(p.cases().await, ["chargeback"]);
    assert_eq!(p.balance("provider_clearing:pos-acquirer").await, 0, "the provider has it again");
    let shown = p.mizan(&format!("payment show --payment {payment}")).unwrap();
    assert!(shown.contains("charged back 10.000"), "{shown}");
    p.books_hold().await;
}
