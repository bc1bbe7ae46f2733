use ids::Uuid;
use time::macros::{date, datetime};

use super::*;
use crate::domain::fee_service::TaxCategory;

const TODAY: Date = date!(2026 - 06 - 01);
const LATER: Date = date!(2026 - 07 - 01);

fn terms(fee: &str) -> Terms {
    Terms::of_fee(fee, TaxCategory::Outside).unwrap()
}

fn draft(state: State) -> Draft {
    Draft {
        id: DraftId(Uuid::nil()),
        agency: "TRF".parse().unwrap(),
        service: "PLATE".parse().unwrap(),
        valid_from: LATER,
        terms: terms("fixed:5.000"),
        authors: BTreeSet::from(["author".to_owned()]),
        state,
        created_at: datetime!(2026-06-01 06:00 UTC),
        version: 3,
    }
}

fn state(name: &str) -> State {
    let by = "submitter".to_owned();
    match name {
        "draft" => State::Draft { remark: None },
        "submitted" => State::Submitted { by },
        "published" => State::Published { submitted_by: by, by: "publisher".to_owned(), schedule_version: 2 },
        "withdrawn" => State::Withdrawn { by },
        other => unreachable!("{other}"),
    }
}

fn command(name: &str) -> Command {
    let by = "publisher".to_owned();
    match name {
        "write" => Command::Write { by, valid_from: LATER, terms: Box::new(terms("fixed:6.000")) },
        "submit" => Command::Submit { by },
        "publish" => Command::Publish { by },
        "return" => Command::Return { remark: "Too dear".to_owned() },
        "withdraw" => Command::Withdraw { by },
        other => unreachable!("{other}"),
    }
}

fn situation(newest: Option<Newest>) -> Situation {
    Situation { today: TODAY, newest }
}

const FIRST: Newest = Newest { version: 1, valid_from: None };

#[test]
fn every_state_knows_every_command() {
    let table = [
        ("draft", ["draft", "submitted", "-", "-", "withdrawn"]),
        ("submitted", ["-", "-", "published", "draft", "withdrawn"]),
        ("published", ["-"; 5]),
        ("withdrawn", ["-"; 5]),
    ];
    for (from, row) in table {
        for (by, to) in ["write", "submit", "publish", "return", "withdraw"].into_iter().zip(row) {
            let before = draft(state(from));
            match before.step(command(by), &situation(Some(FIRST))) {
                Ok(after) => assert_eq!((after.state.name(), after.version), (to, 4), "{from} {by}"),
                Err(refusal) => {
                    assert_eq!(to, "-", "{from} {by}");
                    assert_eq!(refusal, Refusal::WrongState { state: state(from).name(), command: by });
                }
            }
        }
    }
}

#[test]
fn nobody_who_wrote_or_submitted_publishes() {
    let submitted = draft(state("submitted"));
    let publish = |by: &str| submitted.step(Command::Publish { by: by.to_owned() }, &situation(Some(FIRST)));
    for by in ["author", "submitter"] {
        assert_eq!(publish(by), Err(Refusal::NeedsSecondPerson), "{by}");
    }
    // Who has only corrected a word is an author too.
    let write =
        Command::Write { by: "publisher".to_owned(), valid_from: LATER, terms: Box::new(terms("given")) };
    let mut corrected = draft(state("draft")).step(write, &situation(Some(FIRST))).unwrap();
    corrected.state = state("submitted");
    let refused = corrected.step(command("publish"), &situation(Some(FIRST)));
    assert_eq!(refused, Err(Refusal::NeedsSecondPerson));
    let published = publish("publisher").unwrap();
    assert!(matches!(published.state, State::Published { schedule_version: 2, .. }));
}

#[test]
fn no_day_that_has_begun_changes_and_no_two_schedules_overlap() {
    let begins = |from, newest| situation(newest).may_begin(from);
    let tomorrow = date!(2026 - 06 - 02);
    assert_eq!(begins(TODAY, Some(FIRST)), Err(Refusal::ValidFromPast { earliest: tomorrow }));
    // Before the first one nothing was billed.
    assert_eq!(begins(TODAY, None), Ok(()));
    let yesterday = date!(2026 - 05 - 31);
    assert_eq!(begins(yesterday, None), Err(Refusal::ValidFromPast { earliest: TODAY }));
    assert_eq!(begins(tomorrow, Some(FIRST)), Ok(()));
    let second = Newest { version: 2, valid_from: Some(LATER) };
    for from in [tomorrow, LATER] {
        assert_eq!(begins(from, Some(second)), Err(Refusal::Overlap { version: 2, from: LATER }));
    }
    assert_eq!(begins(date!(2026 - 07 - 02), Some(second)), Ok(()));
    // What was in time when it was written may be late when it is published.
    let submitted = draft(state("submitted"));
    let late = Situation { today: LATER, newest: Some(FIRST) };
    let refused = submitted.step(command("publish"), &late);
    assert_eq!(refused, Err(Refusal::ValidFromPast { earliest: date!(2026 - 07 - 02) }));
}
