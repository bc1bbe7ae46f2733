//! A fee from its first word to the first bill under it.
use std::time::Duration;

use boot::{Call, Problem};
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::fee_draft_service_client::FeeDraftServiceClient;
use proto::catalogue::v1::fee_reduction::Takes;
use proto::catalogue::v1::late_penalty::Adds;
use proto::catalogue::v1::price_list_service_client::PriceListServiceClient;
use proto::catalogue::v1::quote_result::Result as Answer;
use proto::catalogue::v1::test_fee_draft_response::Result as Tested;
use proto::common::v1::{LocalText, Money};
use tonic::{Request, Status};

use crate::stack::{AGENCIES, SERVICES, Stack, fils, quote};

const AUTHOR: &str = "staff:author";
const HEAD: &str = "staff:head";
const TODAY: &str = "2026-01-15";
const FROM: &str = "2026-02-01";

struct Desk {
    stack: Stack,
    drafts: FeeDraftServiceClient<boot::grpc::Channel>,
}

fn id(n: u8) -> String {
    format!("00000000-0000-7000-8000-0000000000{n:02}")
}

fn money(minor_units: i64) -> Money {
    Money { currency: "BHD".to_owned(), minor_units }
}

fn terms(fee: &str) -> pb::FeeTerms {
    let retired = pb::FeeReduction {
        code: "retired".to_owned(),
        name: Some(LocalText { en: "Retired person".to_owned(), ar: "متقاعد".to_owned() }),
        legal_reference: "Law 3 of 2020, article 5".to_owned(),
        takes: Some(Takes::Percent(50)),
    };
    pb::FeeTerms {
        fee: fee.to_owned(),
        tax_category: pb::TaxCategory::Outside.into(),
        minimum: Some(money(1_000)),
        maximum: None,
        reductions: vec![retired],
        service_fee: None,
        splits: Vec::new(),
        late: None,
        expires_after_days: 0,
    }
}

/// A draft of what a plate costs.
fn plate(n: u8, fee: &str, version: i64) -> pb::PutFeeDraftRequest {
    pb::PutFeeDraftRequest {
        draft_id: id(n),
        agency_id: "TRF".to_owned(),
        service_code: "PLATE".to_owned(),
        valid_from: FROM.to_owned(),
        terms: Some(terms(fee)),
        version,
    }
}

fn by<T>(who: &str, message: T) -> Request<T> {
    Call::by(who).request(message).unwrap()
}

fn said<T>(answer: Result<tonic::Response<T>, Status>) -> Result<T, String> {
    let code = |status: Status| Problem::from_status(&status).code.as_str().to_owned();
    answer.map(tonic::Response::into_inner).map_err(code)
}

impl Desk {
    async fn open() -> Desk {
        let stack = Stack::with_data().await;
        let drafts = FeeDraftServiceClient::new(boot::grpc::channel(&stack.url).unwrap());
        Desk { stack, drafts }
    }

    async fn put(&mut self, who: &str, asked: pb::PutFeeDraftRequest) -> Result<pb::FeeDraft, String> {
        said(self.drafts.put_fee_draft(by(who, asked)).await).map(|answer| answer.fee_draft.unwrap())
    }

    async fn submit(&mut self, who: &str, n: u8, version: i64) -> Result<pb::FeeDraft, String> {
        let asked = pb::SubmitFeeDraftRequest { draft_id: id(n), version };
        said(self.drafts.submit_fee_draft(by(who, asked)).await).map(|answer| answer.fee_draft.unwrap())
    }

    async fn publish(&mut self, who: &str, n: u8, version: i64) -> Result<pb::FeeDraft, String> {
        let asked = pb::PublishFeeDraftRequest { draft_id: id(n), version };
        said(self.drafts.publish_fee_draft(by(who, asked)).await).map(|answer| answer.fee_draft.unwrap())
    }

    async fn published(&mut self, n: u8, fee: &str) {
        self.put(AUTHOR, plate(n, fee, 0)).await.unwrap();
        self.submit(AUTHOR, n, 1).await.unwrap();
        self.publish(HEAD, n, 2).await.unwrap();
    }
}

#[tokio::test]
async fn a_fee_is_tried_submitted_and_published_by_a_second_person_and_holds_from_its_first_day() {
    let mut t = Desk::open().await;
    let draft = t.put(AUTHOR, plate(1, "fixed:12.000", 0)).await.unwrap();
    assert_eq!((draft.state(), draft.version), (pb::FeeDraftState::Draft, 1));

    let test = |reduction: &str| pb::TestFeeDraftRequest {
        draft_id: id(1),
        reduction: reduction.to_owned(),
        ..pb::TestFeeDraftRequest::default()
    };
    let tested = said(t.drafts.test_fee_draft(test("retired")).await).unwrap();
    let Some(Tested::Price(price)) = tested.result else { unreachable!("{tested:?}") };
    assert_eq!((fils(&price), price.reduced.unwrap().minor_units), ((6_000, 0, 6_000), 6_000));
    let (en, ar) = (&price.steps[1].en, &price.steps[1].ar);
    assert_eq!(en, "Retired person (Law 3 of 2020, article 5): less BHD 6.000 = BHD 6.000");
    assert!(ar.starts_with("متقاعد (Law 3 of 2020, article 5): يُخصم 6.000 د.ب."), "{ar}");

    assert_eq!(t.publish(HEAD, 1, 1).await, Err("fee_draft_wrong_state".to_owned()), "not submitted yet");
    let submitted = t.submit(AUTHOR, 1, 1).await.unwrap();
    assert_eq!(submitted.state(), pb::FeeDraftState::Submitted);
    assert_eq!(t.publish(AUTHOR, 1, 2).await, Err("fee_draft_needs_second_person".to_owned()));
    let published = t.publish(HEAD, 1, 2).await.unwrap();
    assert_eq!((published.state(), published.schedule_version), (pb::FeeDraftState::Published, 2));
    assert_eq!(t.publish(HEAD, 1, 2).await, Ok(published), "a lost answer is asked for again");

    for (date, fee, version) in [("2026-01-31", 10_000, 1), (FROM, 12_000, 2)] {
        let price = t.stack.price("TRF", date, quote("PLATE", &[])).await;
        assert_eq!((fils(&price).0, price.schedule_version), (fee, version), "{date}");
    }
    let retired = pb::Quote { reduction: "retired".to_owned(), ..quote("PLATE", &[]) };
    let price = t.stack.price("TRF", FROM, retired.clone()).await;
    assert_eq!((fils(&price).2, price.reduction.as_str()), (6_000, "retired"));
    let unknown = pb::Quote { reduction: "retird".to_owned(), ..quote("PLATE", &[]) };
    let answers = t.stack.quotes("TRF", FROM, vec![unknown, retired]).await.unwrap();
    let Answer::Problem(problem) = &answers[0] else { unreachable!("{answers:?}") };
    assert_eq!((problem.code.as_str(), problem.input.as_str()), ("reduction_unknown", "reduction"));
    assert!(problem.message.as_ref().unwrap().en.ends_with("Did you mean retired?"));
    assert!(matches!(answers[1], Answer::Price(_)), "one bad quote spoils no other");

    // Until its day, clerks see what is in force.
    let one = pb::GetFeeServiceRequest { agency_id: "TRF".to_owned(), service_code: "PLATE".to_owned() };
    let shown = t.stack.client.get_fee_service(one).await.unwrap().into_inner().fee_service.unwrap();
    assert_eq!((shown.fee.as_str(), shown.schedule_version), ("fixed:10.000", 1));
}

#[tokio::test]
async fn files_do_not_change_what_two_persons_published() {
    let mut t = Desk::open().await;
    t.published(1, "fixed:12.000").await;
    let dearer = SERVICES.replace("بدل فاقد لوحة,fixed:10.000", "بدل فاقد لوحة,fixed:99.000");
    assert_eq!(t.stack.import(AGENCIES, &dearer).await.unwrap().changed, 0);
    let price = t.stack.price("TRF", "2030-01-01", quote("PLATE", &[])).await;
    assert_eq!(fils(&price).0, 12_000);
}

#[tokio::test]
async fn past_days_overlaps_stale_readers_and_wrong_terms_are_refused_by_name() {
    let mut t = Desk::open().await;
    let on = |n, day: &str| pb::PutFeeDraftRequest { valid_from: day.to_owned(), ..plate(n, "given", 0) };
    for (asked, code) in [
        (on(1, "2026-01-15"), "valid_from_past"),
        (on(1, "1.2.2026"), "field_invalid"),
        (plate(1, "fixd:5.000", 0), "terms_invalid"),
        (plate(1, "given", 7), "fee_draft_unknown"),
        (pb::PutFeeDraftRequest { terms: None, ..plate(1, "given", 0) }, "field_invalid"),
        (
            pb::PutFeeDraftRequest { service_code: "PLAT".to_owned(), ..plate(1, "given", 0) },
            "service_unknown",
        ),
    ] {
        assert_eq!(t.put(AUTHOR, asked).await.unwrap_err(), code);
    }
    assert_eq!(t.put("anonymous", plate(1, "given", 0)).await, Err("actor_missing".to_owned()));

    t.put(AUTHOR, plate(1, "given", 0)).await.unwrap();
    assert_eq!(t.put(AUTHOR, plate(1, "fixed:1.000", 0)).await, Err("fee_draft_known".to_owned()));
    let second = t.put(HEAD, plate(1, "fixed:2.000", 1)).await.unwrap();
    assert_eq!(second.authors, [AUTHOR, HEAD]);
    assert_eq!(t.put(AUTHOR, plate(1, "fixed:3.000", 1)).await, Err("version_stale".to_owned()));
    assert_eq!(t.submit(AUTHOR, 1, 1).await, Err("version_stale".to_owned()));

    t.published(2, "fixed:12.000").await;
    assert_eq!(t.put(AUTHOR, on(3, "2026-01-20")).await, Err("schedule_overlap".to_owned()));
    assert_eq!(t.submit(AUTHOR, 1, 2).await, Err("schedule_overlap".to_owned()), "written before the other");
    t.put(AUTHOR, on(4, "2026-02-02")).await.unwrap();
}

#[tokio::test]
async fn a_returned_draft_says_why_and_a_late_one_is_not_published() {
    let mut t = Desk::open().await;
    t.put(AUTHOR, plate(1, "fixed:12.000", 0)).await.unwrap();
    t.submit(AUTHOR, 1, 1).await.unwrap();
    let back =
        |remark: &str| pb::ReturnFeeDraftRequest { draft_id: id(1), version: 2, remark: remark.to_owned() };
    let silent = said(t.drafts.return_fee_draft(by(HEAD, back(" "))).await).unwrap_err();
    assert_eq!(silent, "field_invalid");
    let returned = said(t.drafts.return_fee_draft(by(HEAD, back("Too dear"))).await).unwrap();
    let returned = returned.fee_draft.unwrap();
    assert_eq!((returned.state(), returned.remark.as_str()), (pb::FeeDraftState::Draft, "Too dear"));
    t.submit(AUTHOR, 1, 3).await.unwrap();
    t.stack.env.clock.advance(Duration::from_hours(20 * 24));
    assert_eq!(t.publish(HEAD, 1, 4).await, Err("valid_from_past".to_owned()));
    let give_up = pb::WithdrawFeeDraftRequest { draft_id: id(1), version: 4 };
    let withdrawn = said(t.drafts.withdraw_fee_draft(by(AUTHOR, give_up)).await).unwrap();
    assert_eq!(withdrawn.fee_draft.unwrap().state(), pb::FeeDraftState::Withdrawn);
}

#[tokio::test]
async fn of_two_publishers_at_once_one_publishes_and_the_database_refuses_one_person() {
    let mut t = Desk::open().await;
    t.put(AUTHOR, plate(1, "fixed:12.000", 0)).await.unwrap();
    t.submit(AUTHOR, 1, 1).await.unwrap();
    let mut connection = t.stack.env.pg.begin().await.unwrap();
    let alone = "UPDATE fee_draft SET state = 'published', decided_by = authors[1], schedule_version = 2";
    let refused = sqlx::raw_sql(alone).execute(connection.conn()).await.unwrap_err();
    assert!(refused.to_string().contains("fee_draft_by_two_persons"), "{refused}");
    connection.rollback().await.unwrap();

    let mut other = t.drafts.clone();
    let ask = |who: &str| by(who, pb::PublishFeeDraftRequest { draft_id: id(1), version: 2 });
    let (one, two) =
        tokio::join!(t.drafts.publish_fee_draft(ask(HEAD)), other.publish_fee_draft(ask("staff:deputy")));
    let mut ended = [said(one).map(drop), said(two).map(drop)];
    ended.sort();
    assert_eq!(ended, [Ok(()), Err("version_stale".to_owned())]);
    let asked = pb::ListFeeSchedulesRequest { agency_id: "TRF".to_owned(), service_code: "PLATE".to_owned() };
    let versions = said(t.drafts.list_fee_schedules(asked).await).unwrap().fee_schedules;
    let origins: Vec<bool> = versions.iter().map(|schedule| schedule.draft_id.is_empty()).collect();
    assert_eq!(origins, [true, false]);

    // What it does not own does not exist for another agency.
    let foreign = Call::by(HEAD).for_agency("MUN".parse().unwrap());
    let look = foreign.request(pb::GetFeeDraftRequest { draft_id: id(1) }).unwrap();
    assert_eq!(said(t.drafts.get_fee_draft(look).await).unwrap_err(), "fee_draft_unknown");
}

#[tokio::test]
async fn a_published_fee_says_who_gets_what_of_it_and_what_its_handling_costs() {
    let mut t = Desk::open().await;
    let mut drafted = plate(1, "sliced:0-10=1.000;10-=0.500", 0);
    let terms = drafted.terms.as_mut().unwrap();
    terms.splits = vec![pb::FeeSplit { beneficiary: "ROAD-FUND".to_owned(), basis_points: 2_500 }];
    terms.service_fee = Some(pb::FeeServiceFee {
        amount: Some(money(200)),
        tax_category: pb::TaxCategory::Standard.into(),
        beneficiary: "MZN".to_owned(),
    });
    let wrong = pb::FeeSplit { beneficiary: "ROAD-FUND".to_owned(), basis_points: 10_000 };
    let mut greedy = drafted.clone();
    greedy.terms.as_mut().unwrap().splits = vec![wrong];
    assert_eq!(t.put(AUTHOR, greedy).await.unwrap_err(), "terms_invalid");

    let draft = t.put(AUTHOR, drafted.clone()).await.unwrap();
    assert_eq!(draft.terms, drafted.terms, "they come back as they were written");
    t.submit(AUTHOR, 1, 1).await.unwrap();
    t.publish(HEAD, 1, 2).await.unwrap();

    let price = t.stack.price("TRF", FROM, quote("PLATE", &[("units", "13")])).await;
    let fils = |money: &Option<Money>| money.as_ref().unwrap().minor_units;
    let lines: Vec<_> =
        price.lines.iter().map(|line| (line.kind(), fils(&line.net), fils(&line.vat))).collect();
    assert_eq!(lines, [(pb::PriceLineKind::Fee, 11_500, 0), (pb::PriceLineKind::ServiceFee, 200, 20)]);
    let shares: Vec<_> =
        price.shares.iter().map(|share| (share.beneficiary.as_str(), fils(&share.due))).collect();
    assert_eq!(shares, [("TRF", 8_625), ("ROAD-FUND", 2_875), ("MZN", 220)]);
    let steps: Vec<_> = price.steps.iter().map(|step| step.en.as_str()).collect();
    assert_eq!(steps[1], "3 units above 10, at BHD 0.500 each: 1.5");
    assert_eq!(steps.last(), Some(&"To pay: BHD 11.720"));
}

#[tokio::test]
async fn a_service_is_put_by_hand_and_costs_nothing_until_its_first_fee_is_published() {
    let mut t = Desk::open().await;
    let mut catalogue = t.stack.client.clone();
    let put = |code: &str, en: &str| pb::PutFeeServiceRequest {
        agency_id: "TRF".to_owned(),
        service_code: code.to_owned(),
        name: Some(LocalText { en: en.to_owned(), ar: "معرض".to_owned() }),
    };
    let added = catalogue.put_fee_service(by(AUTHOR, put("EXPO", "Exhibition"))).await.unwrap().into_inner();
    let service = added.fee_service.unwrap();
    assert_eq!((service.fee_kind(), service.fee.as_str()), (pb::FeeKind::Unspecified, ""));
    assert_eq!(service.electronic_only(), pb::ElectronicOnly::Unspecified);
    let renamed = catalogue.put_fee_service(by(AUTHOR, put("EXPO", "Car show"))).await.unwrap().into_inner();
    assert_eq!(renamed.fee_service.unwrap().name.unwrap().en, "Car show");
    for (asked, code) in [
        (by(AUTHOR, put("EXPO", " ")), "field_invalid"),
        (by(AUTHOR, put("expo!", "Car show")), "invalid_id"),
        (Request::new(put("EXPO", "Car show")), "actor_missing"),
    ] {
        assert_eq!(said(catalogue.put_fee_service(asked).await).unwrap_err(), code);
    }

    // Nothing was billed before its first fee: that one may begin today.
    let mut first = plate(1, "fixed:3.000", 0);
    first.service_code = "EXPO".to_owned();
    first.valid_from = TODAY.to_owned();
    t.put(AUTHOR, first).await.unwrap();
    t.submit(AUTHOR, 1, 1).await.unwrap();
    let published = t.publish(HEAD, 1, 2).await.unwrap();
    assert_eq!(published.schedule_version, 1);
    let price = t.stack.price("TRF", TODAY, quote("EXPO", &[])).await;
    assert_eq!(fils(&price), (3_000, 0, 3_000));
    // The files of an import do not name it: it stays.
    t.stack.import(AGENCIES, SERVICES).await.unwrap();
    let asked = pb::ListFeeServicesRequest { agency_id: "TRF".to_owned() };
    let listed = catalogue.list_fee_services(asked).await.unwrap().into_inner().fee_services;
    assert!(listed.iter().any(|service| service.service_code == "EXPO" && service.fee == "fixed:3.000"));
}

#[tokio::test]
async fn what_being_late_costs_is_published_with_the_fee_and_said_in_both_languages() {
    let mut t = Desk::open().await;
    let late = pb::LatePenalty {
        grace_days: 30,
        adds: Some(Adds::BasisPoints(250)),
        every_days: 30,
        maximum: Some(money(5_000)),
        legal_reference: "Law 3 of 2020, article 9".to_owned(),
    };
    let with = |late: pb::LatePenalty| {
        let terms = pb::FeeTerms { late: Some(late), ..terms("fixed:12.000") };
        pb::PutFeeDraftRequest { terms: Some(terms), ..plate(1, "fixed:12.000", 0) }
    };
    for wrong in [
        pb::LatePenalty { maximum: None, ..late.clone() },
        pb::LatePenalty { every_days: 0, ..late.clone() },
        pb::LatePenalty { adds: None, ..late.clone() },
        pb::LatePenalty { legal_reference: String::new(), ..late.clone() },
    ] {
        let refused = t.drafts.put_fee_draft(by(AUTHOR, with(wrong))).await.unwrap_err();
        let problem = Problem::from_status(&refused);
        assert_eq!((problem.code.as_str(), problem.field.as_deref()), ("terms_invalid", Some("terms.late")));
    }
    t.put(AUTHOR, with(late.clone())).await.unwrap();
    t.submit(AUTHOR, 1, 1).await.unwrap();
    t.publish(HEAD, 1, 2).await.unwrap();
    let quote = pb::Quote { service_code: "PLATE".to_owned(), ..pb::Quote::default() };
    let request =
        pb::QuoteFeesRequest { agency_id: "TRF".to_owned(), date: FROM.to_owned(), quotes: vec![quote] };
    let priced = t.stack.client.quote_fees(request).await.unwrap().into_inner().results.remove(0);
    let Some(pb::quote_result::Result::Price(price)) = priced.result else { panic!("{priced:?}") };
    assert_eq!(price.late, Some(late));
    assert_eq!(price.total, Some(money(12_000)), "being late is no part of the price");
    let rule = price.late_rule.unwrap();
    for said in ["30 days", "2.5 %", "BHD 5.000", "Law 3 of 2020, article 9"] {
        assert!(rule.en.contains(said), "{said} in {}", rule.en);
    }
    assert!(rule.ar.contains("5.000 د.ب.") && rule.ar.contains("2.5 %"), "{}", rule.ar);
}

#[tokio::test]
async fn bills_of_a_fee_may_end_and_the_public_reads_it_and_when_the_fee_changes() {
    let mut t = Desk::open().await;
    let with = |days: i32, version| {
        let terms = pb::FeeTerms { expires_after_days: days, ..terms("fixed:12.000") };
        pb::PutFeeDraftRequest { terms: Some(terms), ..plate(1, "fixed:12.000", version) }
    };
    for days in [-1, 3_651] {
        let refused = t.drafts.put_fee_draft(by(AUTHOR, with(days, 0))).await.unwrap_err();
        let problem = Problem::from_status(&refused);
        assert_eq!(problem.field.as_deref(), Some("terms.expires_after_days"), "{days}");
    }
    t.put(AUTHOR, with(60, 0)).await.unwrap();
    t.put(AUTHOR, with(30, 1)).await.unwrap();
    t.submit(AUTHOR, 1, 2).await.unwrap();
    t.publish(HEAD, 1, 3).await.unwrap();
    let before = t.stack.price("TRF", "2026-01-31", quote("PLATE", &[])).await;
    let after = t.stack.price("TRF", FROM, quote("PLATE", &[])).await;
    assert_eq!((before.expires_after_days, after.expires_after_days), (0, 30));

    let mut prices = PriceListServiceClient::new(boot::grpc::channel(&t.stack.url).unwrap());
    let mut plate = async |date: &str| {
        let asked = pb::ListPricesRequest { agency_id: "TRF".to_owned(), date: date.to_owned() };
        let agency = said(prices.list_prices(asked).await).unwrap().agencies.remove(0);
        agency.services.into_iter().find(|service| service.service_code == "PLATE").unwrap()
    };
    let (before, after) = (plate("2026-01-31").await, plate(FROM).await);
    assert_eq!((before.valid_from.as_str(), before.next_from.as_str()), ("", FROM));
    assert_eq!((after.valid_from.as_str(), after.next_from.as_str()), (FROM, ""));
    let en: Vec<&str> = after.lines.iter().map(|line| line.en.as_str()).collect();
    assert_eq!(
        en,
        [
            "BHD 12.000",
            "The least this fee may be: BHD 1.000",
            "A fee of the state, outside VAT",
            "Retired person (Law 3 of 2020, article 5): 50 % less",
            "A bill that is not paid ends 30 days after it is due",
        ]
    );
}
