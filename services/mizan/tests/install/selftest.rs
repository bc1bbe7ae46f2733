//! `mizan selftest`: pays while services still start, twice at once, and only with the simulated wallet.
use proto::payments::v1::GetTrialBalanceRequest;
use proto::payments::v1::ledger_service_client::LedgerServiceClient;
use testkit::free_address;

use crate::platform::{Platform, ended};

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_paid_to_the_fils_also_twice_at_once_and_while_services_still_start() {
    let p = Platform::planned().await;
    let (mut first, mut second) = (p.command(&["selftest"]), p.command(&["selftest"]));
    let early =
        (std::thread::spawn(move || ended(&mut first)), std::thread::spawn(move || ended(&mut second)));
    let _running = (p.runs("sandbox"), p.runs("all"));
    let (first, second) = (early.0.join().unwrap(), early.1.join().unwrap());
    let third = p.mizan(&["selftest"]);
    for run in [&first, &second, &third] {
        assert_eq!(run.code, Some(0), "{run:?}");
        let last = run.out.lines().last().unwrap();
        assert!(last.starts_with("selftest: paid 1.000 BHD in "), "{run:?}");
        assert!(last.contains("receipt W-"), "{run:?}");
        assert!(run.out.contains("provider_clearing:benefit-pay owes 1.000"), "{run:?}");
    }
    let channel = boot::grpc::channel(p.setting("MIZAN_PAYMENTS_URL")).unwrap();
    let sheet = LedgerServiceClient::new(channel).get_trial_balance(GetTrialBalanceRequest {}).await.unwrap();
    let owed = sheet.into_inner().balances;
    let owed = owed.iter().find(|balance| balance.account == "agency_payable:SELFTST").unwrap();
    assert_eq!(owed.credit.as_ref().unwrap().minor_units, 3_000);

    // Twelve other agencies come, and nothing of the self-test's is in their way.
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../catalogue/data");
    let (agencies, services) = (format!("{data}/agencies.csv"), format!("{data}/services.csv"));
    let imported = p.mizan(&["catalogue", "import", "--agencies", &agencies, "--services", &services]);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert_eq!(p.mizan(&["selftest"]).code, Some(0));
}

#[tokio::test]
async fn what_is_away_is_named_and_a_real_wallet_is_left_alone() {
    let p = Platform::planned().await;
    let away = p.mizan(&["selftest", "--wait-s", "1"]);
    assert_eq!(away.code, Some(69), "{away:?}");
    assert!(
        away.err.contains("catalogue at http://") && away.err.contains("MIZAN_CATALOGUE_URL"),
        "{away:?}"
    );
    assert_eq!(away.err.lines().count(), 1, "{away:?}");

    let unset = ended(p.command(&["selftest"]).env_remove("MIZAN_SANDBOX_URL"));
    assert_eq!(unset.code, Some(64), "{unset:?}");
    assert!(unset.err.contains("MIZAN_SANDBOX_URL"), "{unset:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_is_not_the_sandbox_is_not_approved() {
    let p = Platform::planned().await;
    let _running = (p.runs("sandbox"), p.runs("all"));
    p.ready("gateway").await;
    let elsewhere = format!("http://{}", free_address().unwrap());
    let other = ended(p.command(&["selftest", "--wait-s", "2"]).env("MIZAN_SANDBOX_URL", elsewhere));
    assert_eq!(other.code, Some(69), "{other:?}");
    assert!(
        other.err.contains("sandbox at http://") && other.out.contains("waits for its payer"),
        "{other:?}"
    );
}
