//! Objects as they come from git, against a real catalogue; without Kubernetes, which only carries them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use boot::Call;
use clap::Parser;
use operator::{Agency, ChannelPolicy, Error, FeeSchedule, Fence, Kind, Outcome, Verdict, reconcile};
use proto::catalogue::v1 as pb;
use proto::catalogue::v1::fee_draft_service_client::FeeDraftServiceClient;
use serde_json::{Value, json};
use testkit::{Env, FaultProxy};

const WRITER: &str = "mizan/mizan-operator";
const FOREVER: Duration = Duration::from_hours(24 * 365);

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    settings: catalogue::Settings,
}

struct Desk {
    env: Env,
    line: FaultProxy,
    fence: Fence,
    api: operator::Catalogue,
    people: FeeDraftServiceClient<boot::grpc::Channel>,
}

fn fence(number: i64) -> Fence {
    let fence = Fence::new(WRITER);
    fence.hold(number, FOREVER);
    fence
}

fn object<K: Kind>(spec: &Value) -> K {
    let mut spec = spec.clone();
    let persons = json!({ "requestedBy": "fatima", "approvedBy": "yusuf" });
    spec.as_object_mut().unwrap().extend(persons.as_object().unwrap().clone());
    let object = json!({ "apiVersion": "mizan.gov/v1alpha1", "kind": K::NAME, "metadata": { "name": "x" }, "spec": spec });
    serde_json::from_value(object).unwrap()
}

fn agency(name: &str) -> Agency {
    object(&json!({
        "agency": "NEWA", "name": { "en": name, "ar": "جهة" }, "revenueAccount": "1234567",
        "settlementIban": "BH67BMAG00001299123456",
    }))
}

fn fee(service: &str, from: &str, fee: &str) -> FeeSchedule {
    object(&json!({
        "agency": "NEWA", "service": service, "serviceName": { "en": service, "ar": "خدمة" }, "validFrom": from,
        "terms": { "fee": fee, "minimum": "1.000" },
    }))
}

fn said(outcome: &Outcome) -> &str {
    match &outcome.verdict {
        Verdict::InSync => "in_sync",
        Verdict::Published => "published",
        Verdict::Healed { .. } => "healed",
        Verdict::Drifted { .. } => "drifted",
        Verdict::Refused { problem, .. } => problem.code.as_str(),
    }
}

impl Desk {
    async fn open() -> Desk {
        let env = Env::start("catalogue", &catalogue::MIGRATOR).await;
        let any = "127.0.0.1:0";
        let words = ["x", "--catalogue-grpc-addr", any, "--catalogue-health-addr", any];
        let words = words.into_iter().chain(["--catalogue-database-url", &env.database_url]);
        let running = catalogue::start(Typed::parse_from(words).settings, &env.ctx).await.unwrap();
        let line = FaultProxy::start(running.grpc).await;
        let fence = fence(1);
        let api = operator::Catalogue::connect(
            &format!("http://{}", line.addr()),
            env.clock.clone(),
            fence.clone(),
        );
        let people = boot::grpc::channel(&format!("http://{}", running.grpc)).unwrap();
        let people = FeeDraftServiceClient::new(people);
        let desk = Desk { env, line, fence, api: api.unwrap(), people };
        assert_eq!(said(&desk.look(&agency("New")).await), "published");
        desk
    }

    async fn look<K: Kind>(&self, object: &K) -> Outcome {
        reconcile(object, &[Arc::new(object.clone())], &self.api).await.unwrap()
    }

    /// A look, after which the object says how it stands.
    async fn settle(&self, object: &mut FeeSchedule, all: &[&FeeSchedule]) -> Outcome {
        let all: Vec<_> = all.iter().map(|object| Arc::new((*object).clone())).collect();
        let outcome = reconcile(object, &all, &self.api).await.unwrap();
        object.status =
            Some(operator::status_after(object.status.as_ref(), None, &outcome, self.env.clock.now()));
        outcome
    }

    async fn schedules(&mut self, service: &str) -> Vec<(String, String)> {
        let asked =
            pb::ListFeeSchedulesRequest { agency_id: "NEWA".to_owned(), service_code: service.to_owned() };
        let listed = self.people.list_fee_schedules(asked).await.unwrap().into_inner().fee_schedules;
        listed.into_iter().map(|schedule| (schedule.valid_from, schedule.terms.unwrap().fee)).collect()
    }

    async fn drafts(&mut self, service: &str) -> Vec<pb::FeeDraft> {
        let asked =
            pb::ListFeeDraftsRequest { agency_id: "NEWA".to_owned(), service_code: service.to_owned() };
        self.people.list_fee_drafts(asked).await.unwrap().into_inner().fee_drafts
    }

    /// Two persons publish a fee beside git.
    async fn by_hand(&mut self, service: &str, from: &str, fee: &str) {
        let draft_id = "00000000-0000-7000-8000-000000000001".to_owned();
        let by = |who: &str| Call::by(format!("staff:{who}"));
        let terms = pb::FeeTerms {
            fee: fee.to_owned(),
            tax_category: pb::TaxCategory::Outside.into(),
            ..pb::FeeTerms::default()
        };
        let draft = pb::PutFeeDraftRequest {
            draft_id: draft_id.clone(),
            agency_id: "NEWA".to_owned(),
            service_code: service.to_owned(),
            valid_from: from.to_owned(),
            terms: Some(terms),
            version: 0,
        };
        self.people.put_fee_draft(by("a").request(draft).unwrap()).await.unwrap();
        let submit = pb::SubmitFeeDraftRequest { draft_id: draft_id.clone(), version: 1 };
        self.people.submit_fee_draft(by("a").request(submit).unwrap()).await.unwrap();
        let publish = pb::PublishFeeDraftRequest { draft_id, version: 2 };
        self.people.publish_fee_draft(by("b").request(publish).unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn an_object_is_published_once_by_its_two_persons() {
    let mut t = Desk::open().await;
    assert_eq!(said(&t.look(&agency("New")).await), "in_sync");
    assert_eq!(said(&t.look(&agency("Other")).await), "agency_known", "the API's own word");

    let card = fee("CARD", "2026-02-01", "fixed:5.000");
    let first = t.look(&card).await;
    assert_eq!((said(&first), first.version.as_deref()), ("published", Some("1")));
    assert_eq!(said(&t.look(&card).await), "in_sync");
    let drafts = t.drafts("CARD").await;
    let [draft] = drafts.as_slice() else { unreachable!("{drafts:?}") };
    assert_eq!((draft.submitted_by.as_str(), draft.decided_by.as_str()), ("git:fatima", "git:yusuf"));

    let policy = |channels: &Value| -> ChannelPolicy {
        object(&json!({
            "agency": "NEWA", "service": "CARD", "validFrom": "2026-03-01", "reason": "Decision 4", "channels": channels,
        }))
    };
    let electronic = policy(&json!(["wallet", "card", "portal"]));
    assert_eq!(said(&t.look(&electronic).await), "published");
    assert_eq!(said(&t.look(&electronic).await), "in_sync");
    // Changed in git, and changed back: each is announced.
    t.env.clock.advance(Duration::from_secs(1));
    assert_eq!(said(&t.look(&policy(&json!(["wallet", "card", "portal", "pos"]))).await), "published");
    t.env.clock.advance(Duration::from_secs(1));
    assert_eq!(said(&t.look(&electronic).await), "published");
    assert_eq!(said(&t.look(&electronic).await), "in_sync");
}

#[tokio::test]
async fn what_the_platform_refuses_is_refused_in_its_words_and_leaves_nothing() {
    let mut t = Desk::open().await;
    t.look(&fee("CARD", "2026-03-01", "fixed:5.000")).await;
    for (from, terms, code) in [
        ("2026-03-01", "fixed:6.000", "schedule_overlap"),
        ("2026-02-01", "fixed:6.000", "schedule_overlap"),
        ("2026-01-15", "fixed:6.000", "valid_from_past"),
        ("2026-04-01", "fixed:6.0", "terms_invalid"),
    ] {
        assert_eq!(said(&t.look(&fee("CARD", from, terms)).await), code, "{from} {terms}");
    }
    assert_eq!(t.schedules("CARD").await.len(), 1);
    assert_eq!(t.drafts("CARD").await.len(), 1);
}

#[tokio::test]
async fn drift_is_shown_or_healed_from_the_first_day_that_can_be_had() {
    let mut t = Desk::open().await;
    let mut card = fee("CARD", "2026-02-01", "fixed:5.000");
    let all = [card.clone()];
    t.settle(&mut card, &[&all[0]]).await;
    t.by_hand("CARD", "2026-06-01", "fixed:9.000").await;

    let found = t.settle(&mut card, &[&all[0]]).await;
    let Verdict::Drifted { drift } = &found.verdict else { unreachable!("{found:?}") };
    assert!(
        drift.contains(&"terms.fee: \"fixed:5.000\" in the object, \"fixed:9.000\" in force".to_owned()),
        "{drift:?}"
    );
    assert_eq!(drift.last().unwrap(), "by version 2 from 2026-06-01");
    assert_eq!(t.schedules("CARD").await.len(), 2, "flagged, and nothing done");

    card.spec.drift_policy = operator::DriftPolicy::Heal;
    assert_eq!(said(&t.settle(&mut card, &[&all[0]]).await), "healed");
    assert_eq!(said(&t.settle(&mut card, &[&all[0]]).await), "in_sync");
    let last = t.schedules("CARD").await.pop().unwrap();
    assert_eq!(last, ("2026-06-02".to_owned(), "fixed:5.000".to_owned()));
}

#[tokio::test]
async fn an_object_speaks_until_the_next_one_of_its_service_begins() {
    let mut t = Desk::open().await;
    let (mut now, mut next) =
        (fee("CARD", "2026-02-01", "fixed:5.000"), fee("CARD", "2026-06-01", "fixed:6.000"));
    let both = [now.clone(), next.clone()];
    for _ in 0..2 {
        t.settle(&mut now, &[&both[0], &both[1]]).await;
        t.settle(&mut next, &[&both[0], &both[1]]).await;
    }
    assert_eq!(said(&t.settle(&mut now, &[&both[0], &both[1]]).await), "in_sync");
    assert_eq!(t.schedules("CARD").await.len(), 2);
    // The next object is deleted: its schedule stays, nobody in git wants it, and to heal does not mean to change prices.
    now.spec.drift_policy = operator::DriftPolicy::Heal;
    assert_eq!(said(&t.settle(&mut now, &[&both[0]]).await), "drifted");
    assert_eq!(t.schedules("CARD").await.len(), 2);
}

#[tokio::test]
async fn what_a_person_has_taken_back_is_not_published_by_a_machine() {
    let mut t = Desk::open().await;
    let card = fee("CARD", "2026-02-01", "fixed:5.000");
    // It got as far as a draft.
    let mut cut = 1;
    while t.drafts_of_new_service("CARD").await.is_empty() {
        polls(cut, reconcile(&card, &[], &t.api)).await;
        cut += 1;
    }
    let draft = t.drafts("CARD").await.pop().unwrap();
    let withdraw = pb::WithdrawFeeDraftRequest { draft_id: draft.draft_id, version: draft.version };
    t.people.withdraw_fee_draft(Call::by("staff:head").request(withdraw).unwrap()).await.unwrap();
    assert_eq!(said(&t.look(&card).await), "fee_draft_withdrawn");
    assert!(t.schedules("CARD").await.is_empty());
}

impl Desk {
    /// None as well while there is no such service.
    async fn drafts_of_new_service(&mut self, service: &str) -> Vec<pb::FeeDraft> {
        let asked =
            pb::ListFeeDraftsRequest { agency_id: "NEWA".to_owned(), service_code: service.to_owned() };
        let listed = self.people.list_fee_drafts(asked).await;
        listed.map(|listed| listed.into_inner().fee_drafts).unwrap_or_default()
    }
}

#[tokio::test]
async fn ended_between_any_two_steps_it_goes_on_and_publishes_once() {
    let mut t = Desk::open().await;
    let mut cut = 1;
    loop {
        let service = format!("S{cut}");
        let object = fee(&service, "2026-02-01", "fixed:5.000");
        let ended = polls(cut, reconcile(&object, &[], &t.api)).await.is_none();
        let outcome = t.look(&object).await;
        assert!(["published", "in_sync"].contains(&said(&outcome)), "{outcome:?}");
        assert_eq!(
            (t.schedules(&service).await.len(), t.drafts(&service).await.len()),
            (1, 1),
            "cut at {cut}"
        );
        if !ended {
            break;
        }
        cut += 1;
    }
    assert!(cut > 8, "it ended at {cut}: each of its calls is a step at least");
}

#[tokio::test]
async fn a_deposed_leader_writes_nothing_and_a_lease_made_anew_counts_past_it() {
    let mut t = Desk::open().await;
    t.fence.hold(5, FOREVER);
    t.look(&fee("CARD", "2026-02-01", "fixed:5.000")).await;

    t.fence.hold(4, FOREVER);
    let late = fee("CARD", "2026-03-01", "fixed:6.000");
    let refused = reconcile(&late, &[], &t.api).await.unwrap_err();
    assert!(matches!(refused, Error::NotLeading), "{refused:?}");
    assert_eq!((t.schedules("CARD").await.len(), t.fence.seen()), (1, 5));

    t.fence.drop_it();
    assert!(matches!(reconcile(&late, &[], &t.api).await.unwrap_err(), Error::NotLeading), "nothing is sent");
    t.fence.hold(6, FOREVER);
    assert_eq!(said(&t.look(&late).await), "published");
}

#[tokio::test]
async fn a_catalogue_that_is_away_says_nothing_about_the_object() {
    let t = Desk::open().await;
    t.line.cut();
    let card = fee("CARD", "2026-02-01", "fixed:5.000");
    let away = reconcile(&card, &[], &t.api).await.unwrap_err();
    assert!(matches!(away, Error::Away(_)), "{away:?}");
    t.line.heal();
    assert_eq!(said(&t.look(&card).await), "published");
}

/// A future that is dropped when it has been polled so often; none, if that was before its end.
async fn polls<F: Future>(left: usize, future: F) -> Option<F::Output> {
    Polls { left, future: Box::pin(future) }.await
}

struct Polls<F> {
    left: usize,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        match self.future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
