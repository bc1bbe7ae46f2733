//! What a receipt carries of the books.

use boot::Problem;
use proto::payments::v1::{self as pb, PaymentState};

use crate::{
    proof::{json, leaves, others, pay},
    support::{Stack, wallet::authorised},
};

#[tokio::test]
async fn a_receipt_carries_where_its_money_is_sealed_and_no_byte_of_it_can_be_changed() {
    let t = Stack::start().await;
    let (id, receipt) = pay(&t, 1, 3_000).await;
    pay(&t, 2, 4_000).await;
    let seal = async |payment_id: &str| {
        let asked = pb::GetPaymentSealRequest { payment_id: payment_id.to_owned() };
        let answer = t.ledger.clone().get_payment_seal(asked).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| Problem::from_status(&status).code.to_string())
    };
    let sealed = seal(&id).await.unwrap();
    assert_eq!(seal(&id).await.unwrap(), sealed, "the same for ever");
    let verified = |text: &str| payments::verify_proof(text, &[]).map_err(|error| error.to_string());
    let said = verified(&sealed.seal_json).unwrap().to_string();
    for word in
        [id.as_str(), &receipt, "wallet_captured of BHD 3.000", &sealed.hash, "once the day is signed"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    let original = json(&sealed.seal_json);
    let mut tried = 0;
    for path in leaves(&original) {
        for other in others(original.pointer(&path).unwrap()) {
            if other == *original.pointer(&path).unwrap() {
                continue;
            }
            let mut changed = original.clone();
            *changed.pointer_mut(&path).unwrap() = other;
            let text = serde_json::to_string_pretty(&changed).unwrap();
            assert!(verified(&text).is_err(), "{path}: {changed}");
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");

    // Money that a provider only holds has not moved.
    let held = t.bill(3, 1_000);
    t.wallet.on_initiate(&held, [authorised(1_000, "BP-3")]);
    let held = pb::StartPaymentRequest { delayed_capture: true, ..Stack::request(&held) };
    let held = t.send(held, "k3").await.unwrap();
    t.until(&held.payment_id, PaymentState::Authorised).await;
    assert_eq!(seal(&held.payment_id).await.unwrap_err(), "payment_not_posted");
    assert_eq!(seal("0190b2c3-d4e5-7f60-8a9b-ffffffffffff").await.unwrap_err(), "payment_unknown");
}
