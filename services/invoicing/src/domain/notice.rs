//! When a payer is told of a bill: at its issue, and before and after the days its parts are due.

use money::Money;
use time::{Date, Duration};

use super::instalment::{self, Instalment};
use super::invoice::{Invoice, State};

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// There is a bill.
    Notice,
    /// It is not paid yet.
    Reminder,
}

/// One telling: a bill has each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    pub kind: Kind,
    /// `issued`, `2026-03-31-7`, `2026-03-31+3`.
    pub name: String,
    /// What is to be paid, until when.
    pub due: Instalment,
}

/// What to say on `today` and when to speak next; nothing to say: only the next day. A bill that needs no money has neither.
/// Of several days that passed unseen the last one speaks.
pub fn told(invoice: &Invoice, offsets: &[i16], today: Date) -> (Option<Occasion>, Option<Date>) {
    let Some(due) = next_due(invoice) else { return (None, None) };
    let Some(remind_on) = invoice.remind_on.filter(|day| *day <= today) else {
        return (None, invoice.remind_on);
    };
    let occasion = if invoice.noticed {
        let spoken = |(day, name): (Date, String)| {
            (remind_on <= day && day <= today).then_some(Occasion { kind: Kind::Reminder, name, due })
        };
        days(invoice, offsets).into_iter().rev().find_map(spoken)
    } else {
        Some(Occasion { kind: Kind::Notice, name: "issued".to_owned(), due })
    };
    (occasion, next_day(invoice, offsets, today))
}

/// The first day after `today` to speak on; none: there is no such day.
pub fn next_day(invoice: &Invoice, offsets: &[i16], today: Date) -> Option<Date> {
    days(invoice, offsets).into_iter().map(|(day, _)| day).find(|day| *day > today)
}

/// The days of every part that is not paid, in their order, and what they are called.
fn days(invoice: &Invoice, offsets: &[i16]) -> Vec<(Date, String)> {
    let paid = invoice.paid();
    let mut end = 0_i64;
    let whole = [Instalment { due_date: invoice.due.date, due_fils: invoice.total.minor_units() }];
    let parts = if invoice.instalments.is_empty() { whole.as_slice() } else { &invoice.instalments };
    let unpaid = parts.iter().filter(|part| {
        end = end.saturating_add(part.due_fils);
        end > paid.minor_units()
    });
    let mut days: Vec<(Date, String)> = unpaid
        .flat_map(|part| {
            offsets.iter().filter_map(|offset| {
                let day = part.due_date.checked_add(Duration::days(i64::from(*offset)))?;
                Some((day, format!("{}{offset:+}", part.due_date)))
            })
        })
        .collect();
    days.sort();
    days
}

/// The whole that is left, or the part that is due next.
fn next_due(invoice: &Invoice) -> Option<Instalment> {
    match invoice.state {
        State::Issued | State::PartiallyPaid { .. } => {
            let left = invoice.total.checked_sub(invoice.paid()).ok().filter(|left| left.is_positive())?;
            let whole = Instalment { due_date: invoice.due.date, due_fils: left.minor_units() };
            Some(instalment::next(&invoice.instalments, invoice.paid()).unwrap_or(whole))
        }
        State::Paid | State::Cancelled | State::WrittenOff { .. } | State::Expired => None,
    }
}

impl Occasion {
    pub fn amount(&self) -> Money {
        Money::fils(self.due.due_fils)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;
    use crate::domain::calendar::Due;
    use crate::domain::fee_service::{Breakdown, Reduced};

    const OFFSETS: [i16; 3] = [-7, 0, 3];

    fn invoice() -> Invoice {
        let id = "0190b2c3-d4e5-7f60-8a9b-000000000001";
        Invoice {
            id: id.parse().unwrap(),
            agency: "TRF".parse().unwrap(),
            year: 2026,
            number: 1,
            bill_reference: "TRF-2026-000001-K7QM4".to_owned(),
            service_code: "FINE".to_owned(),
            reference: "A".to_owned(),
            party_ref: id.parse().unwrap(),
            fee: Money::fils(10_000),
            vat: Money::fils(0),
            total: Money::fils(10_000),
            reduced: Reduced::default(),
            breakdown: Breakdown::default(),
            due: Due { date: date!(2026 - 02 - 28), calendar_revision: None },
            instalments: vec![],
            late: None,
            penalty_on: None,
            payable_until: None,
            noticed: false,
            remind_on: Some(date!(2026 - 01 - 15)),
            upload_id: None,
            state: State::Issued,
            receivable_version: 0,
            version: 1,
            issued_at: datetime!(2026-01-15 06:00 UTC),
        }
    }

    /// What was said on which day, looking each day for `days` days.
    fn story(
        mut invoice: Invoice,
        days: i64,
        mut pay: impl FnMut(Date, &mut Invoice),
    ) -> Vec<(Date, String, i64)> {
        let mut said = Vec::new();
        for day in 0..days {
            let today = date!(2026 - 01 - 15) + Duration::days(day);
            pay(today, &mut invoice);
            let (occasion, next) = told(&invoice, &OFFSETS, today);
            if let Some(occasion) = occasion {
                said.push((today, occasion.name, occasion.due.due_fils));
                invoice.noticed = true;
            }
            invoice.remind_on = next;
        }
        said
    }

    #[test]
    fn a_bill_is_told_at_its_issue_and_around_its_day_until_it_is_paid() {
        let of = |day, name: &str, fils| (day, name.to_owned(), fils);
        let all = [
            of(date!(2026 - 01 - 15), "issued", 10_000),
            of(date!(2026 - 02 - 21), "2026-02-28-7", 10_000),
            of(date!(2026 - 02 - 28), "2026-02-28+0", 10_000),
            of(date!(2026 - 03 - 03), "2026-02-28+3", 10_000),
        ];
        assert_eq!(story(invoice(), 100, |_, _| {}), all);
        let paid = story(invoice(), 100, |today, invoice| {
            if today == date!(2026 - 02 - 22) {
                invoice.state = State::Paid;
            }
        });
        assert_eq!(paid, all[..2]);
    }

    #[test]
    fn of_a_plan_the_part_that_is_due_next_is_told() {
        let part = |due_date, due_fils| Instalment { due_date, due_fils };
        let instalments = vec![part(date!(2026 - 02 - 01), 4_000), part(date!(2026 - 02 - 28), 6_000)];
        let said = story(Invoice { instalments, ..invoice() }, 100, |today, invoice| {
            if today == date!(2026 - 01 - 30) {
                invoice.state = State::PartiallyPaid { paid: Money::fils(4_000) };
            }
        });
        let told: Vec<_> = said.iter().map(|(_, name, fils)| (name.as_str(), *fils)).collect();
        // The first part was paid before its day: nothing more is said of it.
        let second = [("2026-02-28-7", 6_000), ("2026-02-28+0", 6_000), ("2026-02-28+3", 6_000)];
        assert_eq!(told[..2], [("issued", 4_000), ("2026-02-01-7", 4_000)]);
        assert_eq!(told[2..], second);
    }

    #[test]
    fn days_that_passed_unseen_speak_once() {
        let late = Invoice { noticed: true, remind_on: Some(date!(2026 - 02 - 21)), ..invoice() };
        let (occasion, next) = told(&late, &OFFSETS, date!(2026 - 03 - 10));
        assert_eq!((occasion.unwrap().name.as_str(), next), ("2026-02-28+3", None));
    }
}
