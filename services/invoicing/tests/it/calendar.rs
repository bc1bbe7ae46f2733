//! Working days of a circular, and terms to pay that are counted in them.

use boot::{Call, Problem};
use proto::common::v1::LocalText;
use proto::invoicing::v1 as pb;

use crate::Stack;
use crate::stack::fine;

fn holiday(date: &str) -> pb::Holiday {
    let name = Some(LocalText { en: "Eid".to_owned(), ar: "العيد".to_owned() });
    pb::Holiday { date: date.to_owned(), name, half_day: false }
}

impl Stack {
    async fn put(&self, dates: &[&str]) -> Result<i32, Problem> {
        let holidays = dates.iter().map(|date| holiday(date)).collect();
        let request = pb::PutHolidaysRequest { holidays, source: "Circular 3 of 2026".to_owned() };
        let request = Call::by("staff:treasury").request(request).unwrap();
        let put = self.calendars.clone().put_holidays(request).await;
        let put = put.map_err(|status| Problem::from_status(&status))?.into_inner();
        Ok(put.calendar.unwrap().revision)
    }

    async fn due(&self, reference: &str, term: &str) -> (String, i32) {
        let request = pb::IssueInvoiceRequest { due_date: term.to_owned(), ..fine(reference) };
        let invoice = self.issue_invoice("TRF", reference, request).await.unwrap().invoice.unwrap();
        (invoice.due_date, invoice.calendar_revision)
    }
}

#[tokio::test]
async fn a_term_is_counted_by_the_newest_circular_and_the_bill_says_by_which() {
    let t = Stack::start().await;
    // Today is Thursday, 2026-01-15.
    assert_eq!(t.due("A", "1 working day").await, ("2026-01-18".to_owned(), 0));
    assert_eq!(t.put(&["2026-01-18", "2026-01-19"]).await.unwrap(), 1);
    assert_eq!(t.due("B", "1 working day").await, ("2026-01-20".to_owned(), 1));
    assert_eq!(t.due("C", "3 أيام").await, ("2026-01-20".to_owned(), 1));
}

#[tokio::test]
async fn a_moved_holiday_is_a_new_revision_and_changes_no_bill_there_is() {
    let t = Stack::start().await;
    assert_eq!(t.put(&["2026-01-18"]).await.unwrap(), 1);
    assert_eq!(t.put(&["2026-01-18"]).await.unwrap(), 1, "the same again is none");
    let before = t.due("A", "2 days").await;
    assert_eq!(before, ("2026-01-19".to_owned(), 1));
    assert_eq!(t.put(&["2026-01-19"]).await.unwrap(), 2);
    assert_eq!(t.due("B", "2 days").await, ("2026-01-18".to_owned(), 2));
    let request = pb::ListInvoicesRequest::default();
    assert_eq!(t.list("TRF", request).await.invoices[0].due_date, before.0);

    let count =
        |from: &str| pb::CountTermRequest { from: from.to_owned(), term: "10 أيام عمل".to_owned() };
    let counted = t.calendars.clone().count_term(count("2026-01-15")).await.unwrap().into_inner();
    assert_eq!((counted.date.as_str(), counted.calendar_revision), ("2026-02-01", 2));
    let old = pb::GetCalendarRequest { revision: 1 };
    let old = t.calendars.clone().get_calendar(old).await.unwrap().into_inner().calendar.unwrap();
    assert_eq!(old.holidays, [holiday("2026-01-18")]);
    let none = t.calendars.clone().get_calendar(pb::GetCalendarRequest { revision: 9 }).await.unwrap_err();
    assert_eq!(Problem::from_status(&none).code, "calendar_unknown");
}

#[tokio::test]
async fn wrong_holidays_are_named_and_nothing_is_changed() {
    let t = Stack::start().await;
    for (dates, said) in
        [(["2026-01-18", "2026-01-18"], "twice"), (["2026-01-18", "soon"], "`soon` is no date")]
    {
        let refused = t.put(&dates).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.field.as_deref()), ("holidays_invalid", Some("holidays")));
        assert!(refused.detail.contains(said), "{}", refused.detail);
    }
    let nobody = pb::PutHolidaysRequest { holidays: vec![holiday("2026-01-18")], source: "x".to_owned() };
    let refused = t.calendars.clone().put_holidays(nobody).await.unwrap_err();
    assert_eq!(Problem::from_status(&refused).code, "actor_missing");
    assert_eq!(t.count("calendar").await, 0);
}
