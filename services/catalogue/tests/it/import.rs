//! Both files: stored as one change, once; refused with every place.
use std::time::Duration;

use boot::{Call, Problem};
use catalogue::{ImportArgs, import_command};
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::{
    ElectronicOnly, FeeInputKind, GetAgencyRequest, GetFeeServiceRequest, ImportCatalogueRequest,
    ListAgenciesRequest, ListFeeServicesRequest, TaxCategory,
};
use proto::common::v1::LocalText;
use testkit::wait_for;

use crate::stack::{AGENCIES, SERVICES, Stack, fils, quote};

const TODAY: &str = "2026-01-15";

#[tokio::test]
async fn the_same_files_again_change_nothing() {
    let mut stack = Stack::start().await;
    let first = stack.import(AGENCIES, SERVICES).await.unwrap();
    assert_eq!((first.agencies, first.services, first.changed), (12, 34, 46));
    let again = stack.import(AGENCIES, SERVICES).await.unwrap();
    assert_eq!((again.agencies, again.services, again.changed), (12, 34, 0));

    let agencies = stack.client.list_agencies(ListAgenciesRequest {}).await.unwrap().into_inner().agencies;
    assert_eq!(agencies.len(), 12);
    let one = GetAgencyRequest { agency_id: "TRF".to_owned() };
    let traffic = stack.client.get_agency(one).await.unwrap().into_inner().agency.unwrap();
    assert_eq!(traffic.name.unwrap().ar, "الإدارة العامة للمرور");
    assert!(traffic.own_it_system);

    let list = ListFeeServicesRequest { agency_id: "MUN".to_owned() };
    let services = stack.client.list_fee_services(list).await.unwrap().into_inner().fee_services;
    let codes: Vec<&str> = services.iter().map(|service| service.service_code.as_str()).collect();
    assert_eq!(codes, ["ADV", "BLD-PERM", "RENT-FEE", "WASTE"]);

    let one = GetFeeServiceRequest { agency_id: "MUN".to_owned(), service_code: "ADV".to_owned() };
    let sign = stack.client.get_fee_service(one).await.unwrap().into_inner().fee_service.unwrap();
    let input = sign.inputs.first().unwrap();
    assert_eq!((input.name.as_str(), input.kind()), ("category", FeeInputKind::Category));
    assert_eq!(input.categories, ["small", "large"]);
    assert_eq!(
        (sign.tax_category(), sign.electronic_only()),
        (TaxCategory::Standard, ElectronicOnly::Partly)
    );
    assert_eq!((sign.electronic_only_from.as_str(), sign.schedule_version), ("2026-07-01", 1));
}

#[tokio::test]
async fn a_changed_fee_is_a_new_version_and_the_past_keeps_its_price() {
    let mut stack = Stack::with_data().await;
    let dearer = SERVICES.replace("بدل فاقد لوحة,fixed:10.000", "بدل فاقد لوحة,fixed:12.000");
    let plate = || quote("PLATE", &[]);
    // A price is asked before the change, so that what is kept in memory must be noticed to be old.
    assert_eq!(fils(&stack.price("TRF", TODAY, plate()).await).0, 10_000);

    assert_eq!(stack.import(AGENCIES, &dearer).await.unwrap().changed, 1);
    for (date, fee, version) in [("2026-01-14", 10_000, 1), (TODAY, 12_000, 2), ("2030-01-01", 12_000, 2)] {
        let price = stack.price("TRF", date, plate()).await;
        assert_eq!((fils(&price).0, price.schedule_version), (fee, version), "{date}");
    }

    let renamed = dearer.replace("Number plate replacement", "New number plate");
    assert_eq!(stack.import(AGENCIES, &renamed).await.unwrap().changed, 1);
    assert_eq!(stack.price("TRF", TODAY, plate()).await.schedule_version, 2, "a name is no new price");
    // Back again on the same day: the newest version counts.
    assert_eq!(stack.import(AGENCIES, SERVICES).await.unwrap().changed, 1);
    let price = stack.price("TRF", TODAY, plate()).await;
    assert_eq!((fils(&price).0, price.schedule_version), (10_000, 3));

    let mut tx = stack.env.pg.begin().await.unwrap();
    let change: Result<i32, sqlx::Error> =
        sqlx::query_scalar("UPDATE fee_schedule SET fee = 'given' RETURNING version")
            .fetch_one(tx.conn())
            .await;
    assert!(change.unwrap_err().to_string().contains("never changed"));
}

#[tokio::test]
async fn one_bad_cell_keeps_everything_out_and_says_where() {
    let mut stack = Stack::start().await;
    let bad = SERVICES
        .replace("fixed:5.000,O,full,2026-10-01", "fixd:5.000,O,full,2026-10-01")
        .replace("tiered:0-100=10.000;100-500", "tiered:0-100=10.000;90-500");
    let problem = stack.import(AGENCIES, &bad).await.unwrap_err();
    assert_eq!(problem.code, "catalogue_invalid");
    let lines: Vec<&str> = problem.detail.lines().collect();
    assert_eq!(lines.len(), 2, "{}", problem.detail);
    assert!(lines[0].starts_with("services.csv row 9 column fee: two bands price 90 to 100"), "{}", lines[0]);
    assert!(lines[1].starts_with("services.csv row 11 column fee: `fixd` is no kind of fee"), "{}", lines[1]);

    let listed = stack.client.list_agencies(ListAgenciesRequest {}).await.unwrap().into_inner();
    assert_eq!(listed.agencies, [], "nothing of it is stored");
}

#[tokio::test]
async fn two_imports_at_once_make_one_version() {
    let stack = Stack::with_data().await;
    let dearer = SERVICES.replace("بدل فاقد لوحة,fixed:10.000", "بدل فاقد لوحة,fixed:12.000");
    let files = || {
        let (mut client, services) = (stack.client.clone(), dearer.clone());
        async move {
            let files =
                ImportCatalogueRequest { agencies_csv: AGENCIES.into(), services_csv: services.into() };
            client.import_catalogue(files).await.unwrap().into_inner().changed
        }
    };
    let mut gate = stack.env.pg.begin().await.unwrap();
    let held: i64 = sqlx::query_scalar("SELECT revision FROM catalogue_revision FOR UPDATE")
        .fetch_one(gate.conn())
        .await
        .unwrap();
    assert_eq!(held, 1);
    let open_when_both_wait = async {
        wait_for("two imports wait for the first", Duration::from_secs(10), async || {
            let mut tx = stack.env.pg.read().await.unwrap();
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(tx.conn())
            .await
            .unwrap();
            (waiting == 2).then_some(())
        })
        .await;
        gate.rollback().await.unwrap();
    };
    let (one, two, ()) = tokio::join!(files(), files(), open_when_both_wait);
    let mut changed = [one, two];
    changed.sort_unstable();
    assert_eq!(changed, [0, 1]);
}

#[tokio::test]
async fn the_operators_command_imports_and_names_what_is_wrong() {
    let stack = Stack::start().await;
    let data = |file: &str| format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR")).into();
    let args = ImportArgs {
        catalogue_url: stack.url.clone(),
        agencies: data("agencies.csv"),
        services: data("services.csv"),
        actor: "operator".to_owned(),
    };
    let said = import_command(args.clone()).await.unwrap();
    assert_eq!(said, "12 agencies and 34 fee services, 46 changed");

    let swapped = ImportArgs { services: data("agencies.csv"), ..args.clone() };
    let error = import_command(swapped).await.unwrap_err();
    assert_eq!(error.exit_code(), 64);
    assert!(error.to_string().contains("services.csv row 1: the column agency is missing"), "{error}");

    let gone = import_command(ImportArgs { agencies: data("none.csv"), ..args.clone() }).await.unwrap_err();
    assert!(gone.to_string().contains("none.csv"));
    let away = ImportArgs { catalogue_url: "http://127.0.0.1:1".to_owned(), ..args };
    let away = import_command(away).await.unwrap_err();
    assert_eq!(away.exit_code(), 69);
    assert!(away.to_string().contains("http://127.0.0.1:1 does not answer"), "{away}");
}

#[tokio::test]
async fn an_agency_is_added_once_and_nobody_alone_changes_where_its_money_goes() {
    let mut stack = Stack::start().await;
    let agency = |iban: &str, code: &str| pb::AddAgencyRequest {
        agency: Some(pb::Agency {
            agency_id: code.to_owned(),
            name: Some(LocalText {
                en: "Tourism Authority".to_owned(), ar: "هيئة السياحة".to_owned()
            }),
            own_it_system: false,
            revenue_account: "4990".to_owned(),
            settlement_iban: iban.to_owned(),
            vat_account: "200000123400002".to_owned(),
        }),
    };
    let unregistered = |vat_account: &str, code: &str| {
        let mut asked = agency("BH67BMAG00001299123456", code);
        vat_account.clone_into(&mut asked.agency.as_mut().unwrap().vat_account);
        asked
    };
    let by = |asked| Call::by("staff:operator").request(asked).unwrap();
    let (iban, other) = ("BH67BMAG00001299123456", "BH78MZNB00000001000700");
    let added = stack.client.add_agency(by(agency(iban, "TOU"))).await.unwrap().into_inner();
    assert_eq!(added.agency, agency(iban, "TOU").agency);
    stack.client.add_agency(by(agency(iban, "TOU"))).await.unwrap();
    for (asked, code) in [
        (by(agency(other, "TOU")), "agency_known"),
        (by(agency("BH00BMAG00001299123456", "TOX")), "field_invalid"),
        (by(agency(iban, "tourism")), "invalid_id"),
        (by(unregistered("20000012340000", "TOX")), "field_invalid"),
        (by(unregistered("", "TOU")), "agency_known"),
        (tonic::Request::new(agency(iban, "TOX")), "actor_missing"),
    ] {
        let refused = stack.client.add_agency(asked).await.unwrap_err();
        assert_eq!(Problem::from_status(&refused).code, code);
    }
}
