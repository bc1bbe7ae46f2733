//! Policies and exceptions: two persons, days in Bahrain, and what they come to.
use std::time::Duration;

use boot::{Call, Problem};
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::channel_policy_service_client::ChannelPolicyServiceClient;
use proto::common::v1::{Channel, Money};
use tonic::{Request, Status};

use crate::stack::Stack;

const CLERK: &str = "staff:clerk";
const HEAD: &str = "staff:head";
const DAY: Duration = Duration::from_hours(24);

struct Office {
    stack: Stack,
    policies: ChannelPolicyServiceClient<boot::grpc::Channel>,
}

/// JUS-COPY is electronic only, whole, from 2026-11-01; the clock stands at 2026-01-15, 09:00 in Manama.
const OF: (&str, &str) = ("JUS", "COPY");

fn id(n: u8) -> String {
    format!("00000000-0000-7000-8000-0000000000{n:02}")
}

fn codes(channels: &[Channel]) -> Vec<i32> {
    channels.iter().map(|channel| i32::from(*channel)).collect()
}

fn by<T>(who: &str, message: T) -> Request<T> {
    Call::by(who).request(message).unwrap()
}

fn said<T>(answer: Result<tonic::Response<T>, Status>) -> Result<T, String> {
    answer
        .map(tonic::Response::into_inner)
        .map_err(|status| Problem::from_status(&status).code.as_str().to_owned())
}

fn proposal(n: u8, valid_from: &str, channels: &[Channel]) -> pb::ProposePolicyRequest {
    pb::ProposePolicyRequest {
        policy_id: id(n),
        agency_id: OF.0.to_owned(),
        service_code: OF.1.to_owned(),
        valid_from: valid_from.to_owned(),
        channels: codes(channels),
        reason: "Cabinet decision 7 of 2026".to_owned(),
    }
}

fn exception(n: u8, from: &str, until: &str, fils: i64) -> pb::RequestChannelExceptionRequest {
    pb::RequestChannelExceptionRequest {
        channel_exception_id: id(n),
        agency_id: OF.0.to_owned(),
        service_code: OF.1.to_owned(),
        channel: Channel::CounterCash.into(),
        from: from.to_owned(),
        until: until.to_owned(),
        most: Some(Money { currency: "BHD".to_owned(), minor_units: fils }),
        reason: "The portal is being moved".to_owned(),
    }
}

impl Office {
    async fn open() -> Office {
        let stack = Stack::with_data().await;
        let policies = ChannelPolicyServiceClient::new(boot::grpc::channel(&stack.url).unwrap());
        Office { stack, policies }
    }

    async fn propose(&mut self, who: &str, asked: pb::ProposePolicyRequest) -> Result<pb::Policy, String> {
        said(self.policies.propose_policy(by(who, asked)).await).map(|answer| answer.policy.unwrap())
    }

    async fn announce(&mut self, who: &str, n: u8) -> Result<pb::Policy, String> {
        let asked = pb::AnnouncePolicyRequest { policy_id: id(n) };
        said(self.policies.announce_policy(by(who, asked)).await).map(|answer| answer.policy.unwrap())
    }

    async fn standing(&mut self, on: &str) -> pb::ServiceReport {
        let asked = pb::ReportElectronicOnlyRequest { on: on.to_owned() };
        let report = said(self.policies.report_electronic_only(asked).await).unwrap();
        assert_eq!(report.services.len(), 34);
        let ours =
            |service: &pb::ServiceReport| (service.agency_id.as_str(), service.service_code.as_str()) == OF;
        report.services.into_iter().find(ours).unwrap()
    }
}

#[tokio::test]
async fn the_34_services_follow_their_programme_until_a_policy_is_announced() {
    let mut t = Office::open().await;
    let before = t.standing("2026-10-31").await;
    assert_eq!((before.state(), before.cash()), (pb::ElectronicOnlyState::Announced, pb::CashMode::Taken));
    assert_eq!(before.next_from, "2026-11-01");
    let after = t.standing("2026-11-01").await;
    assert_eq!((after.state(), after.cash()), (pb::ElectronicOnlyState::InForce, pb::CashMode::None));
    assert_eq!(after.since, "2026-11-01");

    // Kiosks go on taking cash for it, from the day on which all cash was to end.
    let kiosks = [Channel::Portal, Channel::Wallet, Channel::KioskCash];
    let planned = t.propose(CLERK, proposal(1, "2026-11-01", &kiosks)).await.unwrap();
    assert_eq!((planned.state(), planned.version), (pb::PolicyState::Planned, 1));
    assert_eq!(t.standing("2026-11-01").await.cash(), pb::CashMode::None, "nobody else has agreed");

    assert_eq!(t.announce(CLERK, 1).await, Err("policy_needs_second_person".to_owned()));
    let announced = t.announce(HEAD, 1).await.unwrap();
    assert_eq!((announced.state(), announced.decided_by.as_str()), (pb::PolicyState::Announced, HEAD));
    assert_eq!(t.standing("2026-11-01").await.cash(), pb::CashMode::KioskOnly);
    assert_eq!(t.standing("2026-10-31").await.cash(), pb::CashMode::Taken);

    let asked = pb::ListChannelChangesRequest { on: "2026-11-01".to_owned() };
    let changes = said(t.policies.list_channel_changes(asked).await).unwrap().changes;
    let ours = changes.iter().find(|change| change.service_code == OF.1).unwrap();
    assert_eq!(ours.closed, codes(&[Channel::Card, Channel::Transfer, Channel::Pos, Channel::CounterCash]));
    assert!(ours.opened.is_empty());
}

#[tokio::test]
async fn a_call_repeated_after_a_lost_answer_changes_nothing() {
    let mut t = Office::open().await;
    let asked = proposal(1, "2026-03-01", &[Channel::Wallet]);
    let first = t.propose(CLERK, asked.clone()).await.unwrap();
    assert_eq!(t.propose(CLERK, asked.clone()).await, Ok(first));
    let other = pb::ProposePolicyRequest { reason: "Another".to_owned(), ..asked };
    assert_eq!(t.propose(CLERK, other).await, Err("policy_known".to_owned()));

    let announced = t.announce(HEAD, 1).await.unwrap();
    assert_eq!(t.announce(HEAD, 1).await, Ok(announced));
    assert_eq!(t.announce("staff:third", 1).await, Err("policy_wrong_state".to_owned()));
    let withdraw = pb::WithdrawPolicyRequest { policy_id: id(1) };
    let withdrawn = said(t.policies.withdraw_policy(by(HEAD, withdraw)).await);
    assert_eq!(withdrawn.unwrap_err(), "policy_wrong_state");
}

#[tokio::test]
async fn what_a_policy_must_not_be_is_refused_by_name() {
    let mut t = Office::open().await;
    let wallet = [Channel::Wallet];
    for (valid_from, channels, code) in [
        ("2026-03-01", &[Channel::Portal][..], "policy_without_channel"),
        ("2026-03-01", &[], "policy_without_channel"),
        ("2026-01-14", &EVERY, "policy_date_past"),
        ("2026-01-28", &wallet, "policy_notice_short"),
        ("28.1.2026", &wallet, "field_invalid"),
        ("2026-03-01", &[Channel::Unspecified], "field_invalid"),
    ] {
        let refused = t.propose(CLERK, proposal(1, valid_from, channels)).await;
        assert_eq!(refused.unwrap_err(), code, "{valid_from}");
    }
    let asked = proposal(1, "2026-03-01", &wallet);
    assert_eq!(t.propose("anonymous", asked.clone()).await, Err("actor_missing".to_owned()));
    let silent = pb::ProposePolicyRequest { reason: "  ".to_owned(), ..asked.clone() };
    assert_eq!(t.propose(CLERK, silent).await, Err("field_invalid".to_owned()));
    let unknown = pb::ProposePolicyRequest { service_code: "COPI".to_owned(), ..asked.clone() };
    assert_eq!(t.propose(CLERK, unknown).await, Err("service_unknown".to_owned()));
    let foreign = Call::by(CLERK).for_agency("TRF".parse().unwrap()).request(asked.clone()).unwrap();
    assert_eq!(said(t.policies.propose_policy(foreign).await).unwrap_err(), "agency_unknown");

    // What was in time when it was proposed may be too late when it is announced.
    t.propose(CLERK, proposal(2, "2026-01-29", &wallet)).await.unwrap();
    t.stack.env.clock.advance(DAY);
    assert_eq!(t.announce(HEAD, 2).await, Err("policy_notice_short".to_owned()));
    assert_eq!(t.announce(HEAD, 9).await, Err("policy_unknown".to_owned()));
}

const EVERY: [Channel; 7] = [
    Channel::Portal,
    Channel::Wallet,
    Channel::Card,
    Channel::Transfer,
    Channel::Pos,
    Channel::KioskCash,
    Channel::CounterCash,
];

#[tokio::test]
async fn an_exception_opens_a_channel_for_its_days_by_two_persons() {
    let mut t = Office::open().await;
    let ask = |n, from, until, fils| by(CLERK, exception(n, from, until, fils));
    for (request, code) in [
        (ask(1, "2026-01-14", "2026-01-20", 5_000), "channel_exception_dates_invalid"),
        (ask(1, "2026-01-20", "2026-01-19", 5_000), "channel_exception_dates_invalid"),
        (ask(1, "2026-01-20", "2026-04-22", 5_000), "channel_exception_dates_invalid"),
        (ask(1, "2026-01-20", "2026-01-20", 0), "channel_exception_limit_invalid"),
        (ask(1, "2026-01-20", "2026-01-20", 100_000_001), "channel_exception_limit_invalid"),
    ] {
        assert_eq!(said(t.policies.request_channel_exception(request).await).unwrap_err(), code);
    }
    let asked = || ask(1, "2026-11-02", "2026-11-03", 5_000);
    let first = said(t.policies.request_channel_exception(asked()).await).unwrap();
    assert_eq!(said(t.policies.request_channel_exception(asked()).await), Ok(first));

    let approve = |who| by(who, pb::ApproveChannelExceptionRequest { channel_exception_id: id(1) });
    let alone = said(t.policies.approve_channel_exception(approve(CLERK)).await).unwrap_err();
    assert_eq!(alone, "channel_exception_needs_second_person");
    said(t.policies.approve_channel_exception(approve(HEAD)).await).unwrap();

    let mut holds = Vec::new();
    for day in ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"] {
        holds.push(t.standing(day).await.exceptions.len());
    }
    assert_eq!(holds, [0, 1, 1, 0]);
    let on = |day: &str| pb::ListChannelChangesRequest { on: day.to_owned() };
    let begins = said(t.policies.list_channel_changes(on("2026-11-02")).await).unwrap();
    let ended = said(t.policies.list_channel_changes(on("2026-11-04")).await).unwrap();
    assert_eq!((begins.begins.len(), begins.ended.len()), (1, 0));
    assert_eq!((ended.begins.len(), ended.ended.len()), (0, 1));

    let end = by(CLERK, pb::EndChannelExceptionRequest { channel_exception_id: id(1) });
    let ended = said(t.policies.end_channel_exception(end).await).unwrap().channel_exception.unwrap();
    assert_eq!((ended.state(), ended.version), (pb::ChannelExceptionState::Ended, 3));
    assert!(t.standing("2026-11-02").await.exceptions.is_empty());
}

#[tokio::test]
async fn those_who_take_money_read_the_rules_only_when_they_have_changed() {
    let mut t = Office::open().await;
    let asked = |known_revision| pb::ListChannelRulesRequest { known_revision };
    let all = said(t.policies.list_channel_rules(asked(0)).await).unwrap();
    assert_eq!((all.services.len(), all.unchanged), (34, false));
    let again = said(t.policies.list_channel_rules(asked(all.revision)).await).unwrap();
    assert!(again.unchanged && again.services.is_empty());

    t.propose(CLERK, proposal(1, "2026-03-01", &[Channel::Wallet])).await.unwrap();
    let planned = said(t.policies.list_channel_rules(asked(all.revision)).await).unwrap();
    assert!(planned.unchanged, "a plan binds nobody");
    t.announce(HEAD, 1).await.unwrap();
    let changed = said(t.policies.list_channel_rules(asked(all.revision)).await).unwrap();
    let ours = changed.services.iter().find(|service| service.service_code == OF.1).unwrap();
    let froms: Vec<&str> = ours.rules.iter().map(|rule| rule.from.as_str()).collect();
    assert_eq!(froms, ["", "2026-03-01", "2026-11-01"]);
}

#[tokio::test]
async fn the_database_itself_refuses_one_person_and_a_changed_announcement() {
    let mut t = Office::open().await;
    t.propose(CLERK, proposal(1, "2026-03-01", &[Channel::Wallet])).await.unwrap();
    let mut connection = t.stack.env.pg.begin().await.unwrap();
    let alone =
        "UPDATE channel_policy SET state = 'announced', decided_by = proposed_by, announced_at = now()";
    let refused = sqlx::raw_sql(alone).execute(connection.conn()).await.unwrap_err();
    assert!(refused.to_string().contains("channel_policy_by_two_persons"), "{refused}");
    connection.rollback().await.unwrap();

    t.announce(HEAD, 1).await.unwrap();
    let mut connection = t.stack.env.pg.begin().await.unwrap();
    let later = "UPDATE channel_policy SET valid_from = valid_from + 30";
    let refused = sqlx::raw_sql(later).execute(connection.conn()).await.unwrap_err();
    assert!(refused.to_string().contains("never changed"), "{refused}");
    connection.rollback().await.unwrap();
}
