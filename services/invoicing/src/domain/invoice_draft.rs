//! An invoice that a second person approves before it is issued, at once, on a later day, or month by month.

use ids::{AgencyId, InvoiceDraftId};
use money::Money;
use time::{Date, Month, OffsetDateTime, util::days_in_month};

/// The longest a draft waits for its day, in days.
pub const MAX_AHEAD_DAYS: i64 = 366;
/// The longest it repeats, in days: five years.
pub const MAX_REPEAT_DAYS: i64 = 1_827;
/// A year: whatever comes more rarely is issued by hand.
pub const MAX_EVERY_MONTHS: u8 = 12;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceDraft {
    pub id: InvoiceDraftId,
    pub agency: AgencyId,
    pub service_code: String,
    /// Of its first invoice.
    pub reference: String,
    /// As priced when it was made.
    pub total: Money,
    pub plan: Plan,
    /// The day of the next invoice.
    pub issue_on: Date,
    /// Invoices made of it.
    pub issued: u16,
    /// Empty before the first.
    pub last_invoice_number: String,
    pub created_by: String,
    pub state: State,
    pub version: i64,
    pub created_at: OffsetDateTime,
}

/// When its invoices are issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub first_on: Date,
    /// None: once.
    pub repeat: Option<Repeat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    pub every_months: u8,
    /// No invoice after this day.
    pub until: Date,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Draft,
    Approved {
        by: String,
    },
    Issued {
        by: String,
    },
    /// By whom it was approved before; empty: by nobody.
    Discarded {
        by: String,
    },
    /// Refused on its day.
    Failed {
        by: String,
        code: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Approve {
        by: String,
    },
    Discard,
    /// An invoice was made of it.
    Issue {
        invoice_number: String,
    },
    Fail {
        code: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a second person must approve it; ask somebody other than {created_by}")]
    NeedsSecondPerson { created_by: String },
    #[error("an invoice draft that is {state} cannot {command}")]
    WrongState { state: &'static str, command: &'static str },
}

impl Plan {
    /// The day of the invoice after `issued` ones; none after the last.
    pub fn day(&self, issued: u16) -> Option<Date> {
        let Some(repeat) = self.repeat else { return (issued == 0).then_some(self.first_on) };
        let months = u32::from(issued).checked_mul(u32::from(repeat.every_months))?;
        plus_months(self.first_on, months).filter(|day| *day <= repeat.until)
    }
}

/// The same day `months` later; the last of the month where it is shorter.
fn plus_months(date: Date, months: u32) -> Option<Date> {
    let from_zero = u32::from(u8::from(date.month())) - 1 + months;
    let year = date.year().checked_add(i32::try_from(from_zero / 12).ok()?)?;
    let month = Month::try_from(u8::try_from(from_zero % 12 + 1).ok()?).ok()?;
    let day = date.day().min(days_in_month(month, year));
    Date::from_calendar_date(year, month, day).ok()
}

impl InvoiceDraft {
    /// The agency's reference of its next invoice: one reference is one bill.
    pub fn next_reference(&self) -> String {
        match self.issued {
            0 => self.reference.clone(),
            before => format!("{}/{}", self.reference, before + 1),
        }
    }

    /// The draft after `command`.
    ///
    /// # Errors
    /// A [`Refusal`]; nothing has changed.
    pub fn step(&self, command: Command) -> Result<InvoiceDraft, Refusal> {
        use {Command as C, State as S};
        let wrong = Refusal::WrongState { state: self.state.name(), command: command.name() };
        let after = |state| InvoiceDraft { state, version: self.version + 1, ..self.clone() };
        match (&self.state, command) {
            (S::Draft, C::Approve { by }) => {
                if by == self.created_by {
                    return Err(Refusal::NeedsSecondPerson { created_by: by });
                }
                Ok(after(S::Approved { by }))
            }
            (S::Draft, C::Discard) => Ok(after(S::Discarded { by: String::new() })),
            (S::Approved { by }, C::Discard) => Ok(after(S::Discarded { by: by.clone() })),
            (S::Approved { by }, C::Issue { invoice_number }) => {
                let issued = self.issued.saturating_add(1);
                let next = self.plan.day(issued);
                let state = match next {
                    Some(_) => S::Approved { by: by.clone() },
                    None => S::Issued { by: by.clone() },
                };
                let issue_on = next.unwrap_or(self.issue_on);
                Ok(InvoiceDraft { issued, issue_on, last_invoice_number: invoice_number, ..after(state) })
            }
            (S::Approved { by }, C::Fail { code }) => Ok(after(S::Failed { by: by.clone(), code })),
            (S::Draft, C::Issue { .. } | C::Fail { .. })
            | (S::Approved { .. }, C::Approve { .. })
            | (
                S::Issued { .. } | S::Discarded { .. } | S::Failed { .. },
                C::Approve { .. } | C::Discard | C::Issue { .. } | C::Fail { .. },
            ) => Err(wrong),
        }
    }
}

impl State {
    /// The word in the database, in graphs and in the contract.
    pub fn name(&self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Approved { .. } => "approved",
            State::Issued { .. } => "issued",
            State::Discarded { .. } => "discarded",
            State::Failed { .. } => "failed",
        }
    }

    /// By whom it was approved, and why it failed; empty where that is not so.
    pub fn facts(&self) -> (&str, &str) {
        match self {
            State::Draft => ("", ""),
            State::Approved { by } | State::Issued { by } | State::Discarded { by } => (by, ""),
            State::Failed { by, code } => (by, code),
        }
    }

    /// Whether what it holds of the person is still needed.
    pub fn is_open(&self) -> bool {
        match self {
            State::Draft | State::Approved { .. } => true,
            State::Issued { .. } | State::Discarded { .. } | State::Failed { .. } => false,
        }
    }
}

impl Command {
    /// The word in graphs, and of the call.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Approve { .. } => "approve",
            Command::Discard => "discard",
            Command::Issue { .. } => "issue",
            Command::Fail { .. } => "fail",
        }
    }
}

/// A draft that is issued twice, for graphs and tests.
fn sample(state: State) -> InvoiceDraft {
    let first_on = time::macros::date!(2026 - 01 - 31);
    let until = time::macros::date!(2026 - 03 - 30);
    InvoiceDraft {
        id: InvoiceDraftId(ids::Uuid::nil()),
        agency: AgencyId("TRF".to_owned()),
        service_code: "FINE".to_owned(),
        reference: "RENT".to_owned(),
        total: Money::fils(1_000),
        plan: Plan { first_on, repeat: Some(Repeat { every_months: 1, until }) },
        issue_on: first_on,
        issued: 0,
        last_invoice_number: String::new(),
        created_by: "staff:clerk".to_owned(),
        state,
        version: 1,
        created_at: OffsetDateTime::UNIX_EPOCH,
    }
}

/// Every step, found by trying all of them.
pub fn arrows() -> Vec<(&'static str, &'static str, &'static str)> {
    let by = || "staff:head".to_owned();
    let states = [
        State::Draft,
        State::Approved { by: by() },
        State::Issued { by: by() },
        State::Discarded { by: by() },
        State::Failed { by: by(), code: "reference_duplicate".to_owned() },
    ];
    let commands = [
        Command::Approve { by: by() },
        Command::Discard,
        Command::Issue { invoice_number: String::new() },
        Command::Fail { code: "reference_duplicate".to_owned() },
    ];
    let mut arrows = vec![("start", State::Draft.name(), "create")];
    for state in states {
        for issued in [0, 1] {
            for command in &commands {
                let before = InvoiceDraft { issued, ..sample(state.clone()) };
                let Ok(after) = before.step(command.clone()) else { continue };
                let arrow = (before.state.name(), after.state.name(), command.name());
                if !arrows.contains(&arrow) {
                    arrows.push(arrow);
                }
            }
        }
    }
    arrows
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn nobody_approves_a_draft_of_their_own() {
        let draft = sample(State::Draft);
        let by = |who: &str| Command::Approve { by: who.to_owned() };
        let alone = draft.step(by("staff:clerk")).unwrap_err();
        assert_eq!(alone, Refusal::NeedsSecondPerson { created_by: "staff:clerk".to_owned() });
        let approved = draft.step(by("staff:head")).unwrap();
        assert_eq!((approved.state.name(), approved.version), ("approved", 2));
        assert!(approved.step(by("staff:other")).is_err());
    }

    #[test]
    fn a_draft_that_repeats_is_issued_on_the_same_day_of_each_month_until_its_end() {
        let mut draft = sample(State::Approved { by: "staff:head".to_owned() });
        let mut days = Vec::new();
        while draft.state.is_open() {
            days.push((draft.issue_on, draft.next_reference()));
            draft = draft.step(Command::Issue { invoice_number: "TRF-2026-000001".to_owned() }).unwrap();
        }
        let of = |day, reference: &str| (day, reference.to_owned());
        assert_eq!(days, [of(date!(2026 - 01 - 31), "RENT"), of(date!(2026 - 02 - 28), "RENT/2")]);
        assert_eq!((draft.state.name(), draft.issued), ("issued", 2));
        let once = Plan { first_on: date!(2026 - 01 - 31), repeat: None };
        assert_eq!((once.day(0), once.day(1)), (Some(date!(2026 - 01 - 31)), None));
        assert_eq!(plus_months(date!(2027 - 11 - 30), 3), Some(date!(2028 - 02 - 29)));
    }

    #[test]
    fn what_has_ended_stays_ended() {
        let by = || "staff:head".to_owned();
        let code = "reference_duplicate".to_owned();
        for state in
            [State::Issued { by: by() }, State::Discarded { by: by() }, State::Failed { by: by(), code }]
        {
            for command in [
                Command::Approve { by: by() },
                Command::Discard,
                Command::Issue { invoice_number: String::new() },
                Command::Fail { code: String::new() },
            ] {
                assert!(sample(state.clone()).step(command).is_err(), "{state:?}");
            }
        }
    }
}
