use ids::{PolicyId, Uuid};
use proptest::prelude::*;
use time::macros::{date, datetime};
use time::{Duration, OffsetDateTime};

use super::*;
use crate::domain::agency::Name;
use crate::domain::policy::{Command, Situation};
use crate::domain::refusal::{Noun, Refusal};

const NOW: OffsetDateTime = datetime!(2026-06-01 09:00:00 UTC);

fn service(only: ElectronicOnly, from: Date) -> FeeService {
    FeeService {
        agency: "TRF".parse().unwrap(),
        code: "FINE".parse().unwrap(),
        name: Name { en: "Fine".to_owned(), ar: "مخالفة".to_owned() },
        electronic_only: Some((only, from)),
    }
}

fn planned(valid_from: Date, channels: &[Channel]) -> Policy {
    Policy {
        id: PolicyId(Uuid::nil()),
        agency: "TRF".parse().unwrap(),
        service: "FINE".parse().unwrap(),
        valid_from,
        channels: channels.iter().copied().collect(),
        reason: "Decision 12 of 2026".to_owned(),
        proposed_by: "staff:1".to_owned(),
        state: State::Planned,
        created_at: NOW,
        version: 1,
    }
}

fn announced(valid_from: Date, channels: &[Channel], at: OffsetDateTime) -> Policy {
    Policy { state: State::Announced { by: "staff:2".to_owned(), at }, ..planned(valid_from, channels) }
}

fn cash(rules: &Rules, day: Date) -> Cash {
    Cash::of(&rules.on(day).channels)
}

#[test]
fn the_programmes_date_closes_counters_and_with_full_kiosks_too() {
    let from = date!(2026 - 07 - 01);
    for (only, then) in [(ElectronicOnly::Full, Cash::None), (ElectronicOnly::Partly, Cash::KioskOnly)] {
        let rules = Rules::of(&service(only, from), []);
        assert_eq!(cash(&rules, date!(2026 - 06 - 30)), Cash::Taken);
        assert_eq!(cash(&rules, from), then);
        assert_eq!((rules.cash_since(from), rules.cash_since(date!(2026 - 06 - 30))), (Some(from), None));
        assert_eq!(rules.next_after(date!(2026 - 06 - 30)).and_then(|rule| rule.from), Some(from));
        assert_eq!(rules.next_after(from), None);
    }
}

#[test]
fn a_policy_holds_until_the_next_rule_and_the_one_announced_last_wins_its_day() {
    let day = date!(2026 - 07 - 01);
    let kiosk = [Channel::Wallet, Channel::KioskCash];
    let early = announced(day, &[Channel::Card], NOW);
    let late = announced(day, &kiosk, NOW + Duration::minutes(1));
    let never = planned(date!(2026 - 08 - 01), &[Channel::Pos]);
    // The programme's own date comes later, and holds from then on.
    let rules = Rules::of(&service(ElectronicOnly::Full, date!(2026 - 09 - 01)), [&late, &never, &early]);
    assert_eq!(cash(&rules, date!(2026 - 06 - 30)), Cash::Taken);
    assert_eq!(rules.on(date!(2026 - 08 - 31)).channels, kiosk.into_iter().collect());
    assert_eq!(cash(&rules, date!(2026 - 09 - 01)), Cash::None);
    // For the programme's own day, what was announced counts.
    let same_day = Rules::of(&service(ElectronicOnly::Full, day), [&early]);
    assert_eq!(same_day.on(day).channels, [Channel::Card].into_iter().collect());
}

#[test]
fn a_service_is_planned_then_announced_then_in_force() {
    let (day, later) = (date!(2026 - 07 - 01), date!(2030 - 01 - 01));
    let service = service(ElectronicOnly::Full, later);
    let open = announced(later, &Channel::ALL, NOW);
    let plan = planned(day, &[Channel::Wallet]);
    let told = announced(day, &[Channel::Wallet], NOW);
    let before = date!(2026 - 06 - 01);
    let on = |policies: &[&Policy], day| {
        Progress::on(&Rules::of(&service, policies.iter().copied()), policies.iter().copied(), day)
    };
    assert_eq!(on(&[&open], before), Progress::NotPlanned);
    assert_eq!(on(&[&open, &plan], before), Progress::Planned);
    assert_eq!(on(&[&open, &told], before), Progress::Announced);
    assert_eq!(on(&[&open, &told], day), Progress::InForce);
}

#[test]
fn what_closes_a_channel_is_announced_in_time_and_what_opens_one_may_begin_today() {
    let situation = |open: &[Channel]| Situation {
        now: NOW,
        notice_days: 14,
        open_without: open.iter().copied().collect(),
    };
    let (today, in_time) = (date!(2026 - 06 - 01), date!(2026 - 06 - 15));
    let closing =
        |from| planned(from, &[Channel::Wallet]).check(&situation(&[Channel::Wallet, Channel::CounterCash]));
    assert_eq!(closing(in_time), Ok(()));
    let short = Refusal::PolicyNoticeShort { closed: Channel::CounterCash, earliest: in_time };
    assert_eq!(closing(date!(2026 - 06 - 14)), Err(short));
    let opening =
        |from| planned(from, &[Channel::Wallet, Channel::Card]).check(&situation(&[Channel::Wallet]));
    assert_eq!(opening(today), Ok(()));
    assert_eq!(opening(date!(2026 - 05 - 31)), Err(Refusal::PolicyDatePast { today }));
    let none = planned(in_time, &[Channel::Portal]).check(&situation(&[Channel::Wallet]));
    assert_eq!(none, Err(Refusal::PolicyWithoutChannel));
}

#[test]
fn who_proposes_does_not_announce() {
    let situation = Situation { now: NOW, notice_days: 0, open_without: channel::all() };
    let policy = planned(date!(2026 - 07 - 01), &[Channel::Wallet]);
    let by = |who: &str| policy.step(Command::Announce { by: who.to_owned() }, &situation);
    assert_eq!(by("staff:1"), Err(Refusal::NeedsSecondPerson { noun: Noun::Policy }));
    let announced = by("staff:2").unwrap();
    assert_eq!((announced.state.name(), announced.version), ("announced", 2));
}

proptest! {
    #[test]
    fn on_every_day_exactly_one_rule_holds_and_a_past_one_is_changed_by_no_later_policy(
        days in prop::collection::vec(0_i64..400, 0..8),
        programme in 0_i64..400,
        asked in 0_i64..400,
    ) {
        let day = |offset| date!(2026 - 01 - 01) + Duration::days(offset);
        let channels = |n: usize| &Channel::ALL[..=(n % 6)];
        let policies: Vec<Policy> = days
            .iter()
            .enumerate()
            .map(|(n, offset)| announced(day(*offset), channels(n), NOW + Duration::minutes(i64::try_from(n).unwrap())))
            .collect();
        let service = service(ElectronicOnly::Partly, day(programme));
        let rules = Rules::of(&service, &policies);
        let froms: Vec<_> = rules.all().iter().map(|rule| rule.from).collect();
        prop_assert!(froms.is_sorted() && froms.first() == Some(&None));
        prop_assert!(froms.windows(2).all(|pair| pair[0] != pair[1]));
        let begun: Vec<Policy> = policies.iter().filter(|p| p.valid_from <= day(asked)).cloned().collect();
        let without_later = Rules::of(&service, &begun);
        prop_assert_eq!(&rules.on(day(asked)).channels, &without_later.on(day(asked)).channels);
    }
}
