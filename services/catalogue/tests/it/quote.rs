//! Prices of the real services, worked out by hand.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proto::catalogue::v1::catalogue_service_client::CatalogueServiceClient;
use proto::catalogue::v1::quote_result::Result as Answer;
use proto::catalogue::v1::{GetAgencyRequest, GetFeeServiceRequest, QuoteFeesRequest};

use crate::stack::{AGENCIES, SERVICES, Stack, fils, quote};

const TODAY: &str = "2026-01-15";

/// Agency, service, its inputs, fee and VAT in fils: every one of the 34 services, by hand.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)], i64, i64);
const BY_HAND: &[Case] = &[
    ("TRF", "VEH-REN", &[("category", "taxi")], 25_000, 0),
    ("TRF", "DRV-REN", &[("years", "5")], 20_000, 0),
    ("TRF", "FINE", &[("amount", "7.250")], 7_250, 0),
    ("TRF", "PLATE", &[], 10_000, 0),
    ("MUN", "RENT-FEE", &[("rent", "333.333")], 33_333, 0),
    ("MUN", "BLD-PERM", &[("area", "215.5")], 89_650, 0),
    ("MUN", "ADV", &[("category", "large")], 120_000, 12_000),
    ("MUN", "WASTE", &[("units", "100")], 35_000, 3_500),
    ("JUS", "CLAIM", &[("claim", "1234.567")], 24_691, 0),
    ("JUS", "NOTARY", &[], 5_000, 0),
    ("JUS", "COPY", &[("pages", "69")], 17_250, 0),
    ("NPR", "PASS-REN", &[("category", "minor")], 8_500, 0),
    ("NPR", "VISA-EXT", &[("months", "3")], 75_000, 0),
    ("NPR", "RES-PERM", &[("years", "2")], 44_000, 0),
    ("COM", "CR-REN", &[], 50_000, 0),
    ("COM", "CR-ACT", &[("activities", "4")], 400_000, 0),
    ("COM", "CR-EXT", &[], 1_000, 0),
    ("EWA", "BILL", &[("amount", "41.005")], 41_005, 0),
    ("EWA", "CONNECT", &[("units", "29.999")], 60_000, 0),
    ("EWA", "DEPOSIT", &[], 100_000, 0),
    ("HLT", "LIC-DOC", &[("category", "nurse")], 15_000, 0),
    ("HLT", "LIC-FAC", &[("category", "hospital")], 3_000_000, 0),
    ("EDU", "EQUIV", &[], 20_000, 0),
    ("EDU", "ATTEST", &[("documents", "7")], 7_000, 0),
    ("SLR", "DEED", &[("value", "87654.321")], 1_753_086, 0),
    ("SLR", "MAP", &[("copies", "3")], 10_500, 1_050),
    ("CIV", "SAFE", &[("units", "1000")], 250_000, 0),
    ("CIV", "PLAN", &[], 75_000, 0),
    ("AGR", "FISH", &[("years", "3")], 22_500, 0),
    ("AGR", "VET", &[], 2_500, 0),
    ("AGR", "IMP", &[], 3_000, 0),
    ("LAB", "PERMIT", &[("years", "2")], 200_000, 0),
    ("LAB", "TRANSFER", &[], 20_000, 0),
    ("LAB", "ABSENT", &[], 5_000, 0),
];

#[tokio::test]
async fn every_service_has_the_price_a_person_works_out() {
    let mut stack = Stack::with_data().await;
    assert_eq!(BY_HAND.len(), 34);
    for (agency, service, inputs, fee, vat) in BY_HAND {
        let price = stack.price(agency, TODAY, quote(service, inputs)).await;
        assert_eq!(fils(&price), (*fee, *vat, fee + vat), "{agency} {service}");
        for step in &price.steps {
            assert!(!step.en.is_empty() && !step.ar.is_empty() && !step.en.contains("step-"), "{step:?}");
        }
    }
}

#[tokio::test]
async fn an_explanation_is_read_in_both_languages() {
    let mut stack = Stack::with_data().await;
    let price = stack.price("MUN", TODAY, quote("RENT-FEE", &[("rent", "123.455")])).await;
    let en: Vec<&str> = price.steps.iter().map(|step| step.en.as_str()).collect();
    assert_eq!(
        en,
        [
            "By the formula: max(0.500, rent*0.10)",
            "rent = 123.455",
            "123.455 * 0.1 = 12.3455",
            "max(0.5, 12.3455) = 12.3455",
            "12.3455 rounded half up to one fils: BHD 12.346",
            "A fee of the state, outside VAT",
            "To pay: BHD 12.346",
        ]
    );
    assert_eq!(price.steps.last().unwrap().ar, "المبلغ المطلوب: 12.346 د.ب.");
}

#[tokio::test]
async fn one_bad_quote_spoils_no_other_and_says_what_to_do() {
    let mut stack = Stack::with_data().await;
    let quotes = vec![
        quote("FINE", &[("amount", "20")]),
        quote("FINE", &[("amount", "99999999999.000")]),
        quote("FIN", &[]),
        quote("VEH-REN", &[("category", "taxy")]),
        quote("DRV-REN", &[]),
        quote("DRV-REN", &[("year", "1")]),
        quote("DRV-REN", &[("years", "0")]),
        quote("PLATE", &[]),
    ];
    let answers = stack.quotes("TRF", TODAY, quotes).await.unwrap();
    let said: Vec<(String, String, String)> = answers
        .iter()
        .map(|answer| match answer {
            Answer::Price(price) => (fils(price).2.to_string(), String::new(), String::new()),
            Answer::Problem(p) => (p.code.clone(), p.input.clone(), p.message.clone().unwrap().en),
        })
        .collect();
    let said: Vec<(&str, &str, &str)> =
        said.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(
        said,
        [
            ("20000", "", ""),
            (
                "amount_over_limit",
                "amount",
                "The price is above BHD 100,000.000, the most one bill may be. Check the decimal point."
            ),
            ("service_unknown", "", "The agency has no service “FIN”. Did you mean FINE?"),
            (
                "category_unknown",
                "category",
                "There is no price for “taxy”. Did you mean taxi? There are: private, taxi, lorry."
            ),
            ("input_missing", "years", "“years” is missing. Fill it in."),
            ("input_unknown", "year", "This fee does not depend on “year”. Did you mean years?"),
            (
                "quantity_invalid",
                "years",
                "“years” must be a whole number from 1 to 1,000,000. Write digits only."
            ),
            ("10000", "", ""),
        ]
    );
}

#[tokio::test]
async fn a_thousand_quotes_are_one_call_and_one_more_is_refused() {
    let mut stack = Stack::with_data().await;
    let quotes = |count: usize| -> Vec<_> {
        (1..=count).map(|rent| quote("RENT-FEE", &[("rent", &format!("{rent}.005"))])).collect()
    };
    let answers = stack.quotes("MUN", TODAY, quotes(1_000)).await.unwrap();
    let total: i64 = answers
        .iter()
        .map(|answer| match answer {
            Answer::Price(price) => fils(price).2,
            Answer::Problem(problem) => unreachable!("{problem:?}"),
        })
        .sum();
    // A tenth of r.005 is r*100 + 0.5 fils: a tie, up. Rents 1 to 4 cost the least fee of 500.
    assert_eq!(total, (5..=1_000).map(|rent| rent * 100 + 1).sum::<i64>() + 4 * 500);

    let problem = stack.quotes("MUN", TODAY, quotes(1_001)).await.unwrap_err();
    assert_eq!(problem.code, "too_many_quotes");
}

#[tokio::test]
async fn what_is_not_there_has_a_code() {
    let mut stack = Stack::with_data().await;
    let problem = stack.quotes("XX", TODAY, Vec::new()).await.unwrap_err();
    assert_eq!((problem.code.as_str(), problem.field.as_deref()), ("agency_unknown", Some("agency_id")));
    let problem = stack.quotes("TRF", "15/01/2026", Vec::new()).await.unwrap_err();
    assert_eq!((problem.code.as_str(), problem.field.as_deref()), ("field_invalid", Some("date")));
    let code = |status: tonic::Status| boot::Problem::from_status(&status).code.to_string();
    let agency = GetAgencyRequest { agency_id: "XX".to_owned() };
    assert_eq!(code(stack.client.get_agency(agency).await.unwrap_err()), "agency_unknown");
    let service = GetFeeServiceRequest { agency_id: "TRF".to_owned(), service_code: "BILL".to_owned() };
    assert_eq!(code(stack.client.get_fee_service(service).await.unwrap_err()), "service_unknown");
}

/// Each price is asked for at the other replica as soon as the change was confirmed, while others ask there all the time.
#[tokio::test(flavor = "multi_thread")]
async fn no_replica_prices_by_what_another_had_replaced_before_the_question() {
    let mut stack = Stack::with_data().await;
    let other = stack.replica().await;
    let copy = |mut client: CatalogueServiceClient<boot::grpc::Channel>| async move {
        let quotes = vec![quote("COPY", &[("pages", "1")])];
        let asked = QuoteFeesRequest { agency_id: "JUS".to_owned(), date: TODAY.to_owned(), quotes };
        let answer = client.quote_fees(asked).await.unwrap().into_inner().results.remove(0).result.unwrap();
        let Answer::Price(price) = answer else { unreachable!("{answer:?}") };
        fils(&price).2
    };
    let stop = Arc::new(AtomicBool::new(false));
    let busy = (0..8).map(|_| {
        let (client, stop) = (other.clone(), Arc::clone(&stop));
        async move {
            while !stop.load(Ordering::Relaxed) {
                copy(client.clone()).await;
            }
        }
    });
    let changes = async {
        for n in 1..=30 {
            let fee = format!("per_unit:pages*0.{:03}", 500 + n);
            stack.import(AGENCIES, &SERVICES.replace("per_unit:pages*0.250", &fee)).await.unwrap();
            assert_eq!(copy(other.clone()).await, 500 + n);
        }
        stop.store(true, Ordering::Relaxed);
    };
    futures::join!(changes, futures::future::join_all(busy));
}
