//! What the books say of the payment: its journals as they are sealed, to the fils.
use boot::{Call, StartError};
use proto::payments::v1::GetPaymentSealRequest;
use proto::payments::v1::ledger_service_client::LedgerServiceClient;

use super::ways::Ways;
use super::{AGENCY, FEE_FILS, broken};

/// Checks the payment's seal and what it moved; a sentence that says it.
pub async fn posted(ways: &Ways, payment: &str, receipt: &str) -> Result<String, StartError> {
    let ledger = LedgerServiceClient::new(ways.payments.channel()?);
    let asked = GetPaymentSealRequest { payment_id: payment.to_owned() };
    let seal = || async {
        ledger.clone().get_payment_seal(Call::by("selftest:auditor").request(asked.clone())?).await
    };
    let seal = ways.call(&ways.payments, seal).await?.seal_json;
    let todo = "`mizan ledger verify` checks all of the books";
    let proven = payments::verify_proof(&seal, &[])
        .map_err(|error| broken(format_args!("the seal of payment {payment}: {error}; {todo}")))?;
    let numbered = proven.receipt_number.as_deref();
    if numbered != Some(receipt) {
        return Err(broken(format_args!(
            "the books number the receipt {numbered:?} and not {receipt}; {todo}"
        )));
    }
    let mut found: Vec<(String, i64)> = proven.journals.into_iter().flat_map(|of| of.entries).collect();
    found.sort();
    let wanted = [
        (format!("agency_payable:{AGENCY}"), -FEE_FILS),
        ("provider_clearing:benefit-pay".to_owned(), FEE_FILS),
    ];
    if found != wanted {
        return Err(broken(format_args!(
            "the postings of {receipt} are {found:?} and not {wanted:?}; {todo}"
        )));
    }
    let [(credited, _), (debited, _)] = wanted;
    Ok(format!("{debited} owes 1.000, {credited} is owed 1.000"))
}
