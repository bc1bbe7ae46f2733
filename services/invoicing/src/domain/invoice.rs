//! An invoice after it was issued: how far it is paid, as `payments` tells.

use ids::{AgencyId, InvoiceId, PartyRef, UploadId};
use money::Money;
use time::{Date, OffsetDateTime};

use super::calendar::{Calendar, Due};
use super::fee_service::{Breakdown, Line, LineKind, LocalText, Price, Reduced, TaxCategory};
use super::instalment::Instalment;
use super::late::{self, Late};
use super::numbering;

/// Where the money stands, as events told so far. `payments` knows exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Issued,
    PartiallyPaid {
        paid: Money,
    },
    Paid,
    /// Its agency took it back.
    Cancelled,
    /// What was due was given up.
    WrittenOff {
        paid: Money,
    },
    /// Nobody paid it by its last day.
    Expired,
}

/// What the receivable says now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Unpaid,
    Part { paid: Money },
    Whole,
    Cancelled,
    WrittenOff { paid: Money },
    Expired,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing new about the money.
    Unchanged,
    Advanced,
}

/// News that cannot be true: paid money does not become unpaid without a refund, which leaves the bill paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an invoice that is {state} cannot {command}")]
pub struct Refusal {
    pub state: &'static str,
    pub command: &'static str,
}

/// What an invoice asks for, and how that came about: an amendment replaces it as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub price: Price,
    pub due: Due,
    /// The plan; empty: it is paid at once.
    pub instalments: Vec<Instalment>,
    /// The day that being late makes it cost more; none: no day will.
    pub penalty_on: Option<Date>,
}

/// An issued invoice, without what it says about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    pub id: InvoiceId,
    pub agency: AgencyId,
    pub year: i32,
    pub number: i64,
    pub bill_reference: String,
    pub service_code: String,
    /// The agency's own, used once.
    pub reference: String,
    pub party_ref: PartyRef,
    pub fee: Money,
    pub vat: Money,
    pub total: Money,
    /// What a reduction took off the fee, by its reason code.
    pub reduced: Reduced,
    pub breakdown: Breakdown,
    pub due: Due,
    /// The plan; empty: it is paid at once.
    pub instalments: Vec<Instalment>,
    /// What being late makes it cost more.
    pub late: Option<Late>,
    /// The day it will; none: no day will.
    pub penalty_on: Option<Date>,
    /// The last day it can be paid, unless something of it is; none: there is none.
    pub payable_until: Option<Date>,
    /// The payer was told that there is a bill.
    pub noticed: bool,
    /// The next day to tell the payer something; none: there is nobody to tell, or nothing.
    pub remind_on: Option<Date>,
    pub upload_id: Option<UploadId>,
    pub state: State,
    /// The newest version of the receivable heard of; 0 before any.
    pub receivable_version: i64,
    pub version: i64,
    pub issued_at: OffsetDateTime,
}

impl Terms {
    /// A bill that is paid at once.
    ///
    /// # Errors
    /// Impossible arithmetic.
    pub fn at_once(
        price: &Price,
        due: Due,
        agency: &AgencyId,
        days: (&Calendar, Date),
    ) -> Result<Terms, money::Error> {
        let (price, penalty_on) = late::charged(price, agency.as_str(), due.date, days)?;
        Ok(Terms { price, due, instalments: Vec::new(), penalty_on })
    }
}

impl State {
    /// The word in the database, in graphs and in the contract.
    pub fn name(self) -> &'static str {
        match self {
            State::Issued => "issued",
            State::PartiallyPaid { .. } => "partially_paid",
            State::Paid => "paid",
            State::Cancelled => "cancelled",
            State::WrittenOff { .. } => "written_off",
            State::Expired => "expired",
        }
    }
}

impl Command {
    /// What the receivable's `paid` means for a bill of `total`.
    pub fn from_paid(paid: Money, total: Money) -> Command {
        if !paid.is_positive() {
            Command::Unpaid
        } else if paid.minor_units() < total.minor_units() {
            Command::Part { paid }
        } else {
            Command::Whole
        }
    }

    fn name(self) -> &'static str {
        match self {
            Command::Unpaid => "hear_unpaid",
            Command::Part { .. } => "hear_part",
            Command::Whole => "hear_whole",
            Command::Cancelled => "hear_cancelled",
            Command::WrittenOff { .. } => "hear_written_off",
            Command::Expired => "hear_expired",
        }
    }
}

impl Invoice {
    /// `TRF-2026-000123`.
    pub fn invoice_number(&self) -> String {
        numbering::invoice_number(self.agency.as_str(), self.year, self.number)
    }

    /// The lines of its price; one from before lines were kept is one line.
    pub fn lines(&self) -> Vec<Line> {
        if !self.breakdown.lines.is_empty() {
            return self.breakdown.lines.clone();
        }
        let taxed = self.vat.is_positive();
        vec![Line {
            kind: LineKind::Fee,
            net_fils: self.fee.minor_units(),
            tax_category: if taxed { TaxCategory::S } else { TaxCategory::O },
            vat_percent: if taxed { "10" } else { "0" }.to_owned(),
            vat_fils: self.vat.minor_units(),
        }]
    }

    /// Its price, with what the document says besides.
    pub fn price(&self, steps: Vec<LocalText>, schedule_version: i32) -> Price {
        Price {
            fee_fils: self.fee.minor_units(),
            vat_fils: self.vat.minor_units(),
            total_fils: self.total.minor_units(),
            steps,
            schedule_version,
            reduced: self.reduced.clone(),
            breakdown: self.breakdown.clone(),
            late: self.late.clone(),
            expires_after_days: None,
        }
    }

    /// Whether both ask for the same, in the same parts, on the same days; how much of it is paid does not matter.
    pub fn asks_as(&self, other: &Invoice) -> bool {
        (self.fee, self.vat, self.total) == (other.fee, other.vat, other.total)
            && (&self.reduced, &self.breakdown) == (&other.reduced, &other.breakdown)
            && (self.due, &self.instalments) == (other.due, &other.instalments)
    }

    /// What being late has added so far.
    pub fn penalty(&self) -> Money {
        let penalty = self.breakdown.lines.iter().find(|line| line.kind == LineKind::Penalty);
        penalty.map_or(Money::zero(self.total.currency()), |line| Money::fils(line.net_fils))
    }

    /// What is paid.
    pub fn paid(&self) -> Money {
        match self.state {
            State::Issued | State::Cancelled | State::Expired => Money::zero(self.total.currency()),
            State::PartiallyPaid { paid } | State::WrittenOff { paid } => paid,
            State::Paid => self.total,
        }
    }

    /// The invoice after news of version `receivable_version`; older news than the last changes nothing.
    ///
    /// # Errors
    /// [`Refusal`] when less is paid than was before; nothing has changed.
    pub fn hear(&self, command: Command, receivable_version: i64) -> Result<(Invoice, Effect), Refusal> {
        if receivable_version <= self.receivable_version {
            return Ok((self.clone(), Effect::Unchanged));
        }
        let (state, effect) = step(self.state, command)?;
        let version = match effect {
            Effect::Unchanged => self.version,
            Effect::Advanced => self.version + 1,
        };
        Ok((Invoice { state, receivable_version, version, ..self.clone() }, effect))
    }
}

impl Invoice {
    /// The invoice with other terms, which `payments` has taken for its receivable already.
    #[must_use]
    pub fn amended(&self, terms: &Terms) -> Invoice {
        let price = &terms.price;
        let (total, paid) = (Money::fils(price.total_fils), self.paid());
        let state = match self.state {
            State::Issued | State::PartiallyPaid { .. } | State::Paid => {
                if paid.is_zero() {
                    State::Issued
                } else if paid.minor_units() < total.minor_units() {
                    State::PartiallyPaid { paid }
                } else {
                    State::Paid
                }
            }
            State::Cancelled | State::WrittenOff { .. } | State::Expired => self.state,
        };
        let moved = terms.due.date - self.due.date;
        Invoice {
            fee: Money::fils(price.fee_fils),
            vat: Money::fils(price.vat_fils),
            total,
            reduced: price.reduced.clone(),
            breakdown: price.breakdown.clone(),
            due: terms.due,
            instalments: terms.instalments.clone(),
            late: price.late.clone(),
            penalty_on: terms.penalty_on,
            payable_until: self.payable_until.map(|day| day.checked_add(moved).unwrap_or(day)),
            state,
            version: self.version + 1,
            ..self.clone()
        }
    }
}

/// The state after `command`, when so much was paid before.
///
/// # Errors
/// [`Refusal`]: less paid than before; a bill that has ended comes back.
pub fn step(state: State, command: Command) -> Result<(State, Effect), Refusal> {
    use {Command as C, State as S};
    let refusal = Refusal { state: state.name(), command: command.name() };
    let advanced = |after: State| Ok((after, Effect::Advanced));
    match (state, command) {
        (S::Issued, C::Unpaid)
        | (S::Paid, C::Whole)
        | (S::Cancelled, C::Cancelled)
        | (S::WrittenOff { .. }, C::WrittenOff { .. })
        | (S::Expired, C::Expired) => Ok((state, Effect::Unchanged)),
        (S::Issued, C::Part { paid }) => advanced(S::PartiallyPaid { paid }),
        (S::Issued | S::PartiallyPaid { .. }, C::Whole) => advanced(S::Paid),
        (S::PartiallyPaid { paid: before }, C::Part { paid }) => {
            if paid == before {
                Ok((state, Effect::Unchanged))
            } else if paid.minor_units() > before.minor_units() {
                advanced(S::PartiallyPaid { paid })
            } else {
                Err(refusal)
            }
        }
        (S::Issued, C::Cancelled) => advanced(S::Cancelled),
        (S::Issued, C::Expired) => advanced(S::Expired),
        (S::Issued | S::PartiallyPaid { .. }, C::WrittenOff { paid }) => advanced(S::WrittenOff { paid }),
        (S::PartiallyPaid { .. }, C::Unpaid | C::Cancelled | C::Expired)
        | (S::Paid, C::Unpaid | C::Part { .. } | C::Cancelled | C::WrittenOff { .. } | C::Expired)
        | (S::Cancelled, C::Unpaid | C::Part { .. } | C::Whole | C::WrittenOff { .. } | C::Expired)
        | (S::WrittenOff { .. }, C::Unpaid | C::Part { .. } | C::Whole | C::Cancelled | C::Expired)
        | (S::Expired, C::Unpaid | C::Part { .. } | C::Whole | C::Cancelled | C::WrittenOff { .. }) => {
            Err(refusal)
        }
    }
}

/// Every step that changes the state, found by trying all of them.
pub fn arrows() -> Vec<(&'static str, &'static str, &'static str)> {
    let (part, more) = (Money::fils(1), Money::fils(2));
    let states = [
        State::Issued,
        State::PartiallyPaid { paid: part },
        State::Paid,
        State::Cancelled,
        State::WrittenOff { paid: part },
        State::Expired,
    ];
    let commands = [
        Command::Unpaid,
        Command::Part { paid: more },
        Command::Whole,
        Command::Cancelled,
        Command::WrittenOff { paid: part },
        Command::Expired,
    ];
    let mut arrows = vec![("start", State::Issued.name(), "issue")];
    for state in states {
        for command in commands {
            if let Ok((after, Effect::Advanced)) = step(state, command) {
                arrows.push((state.name(), after.name(), command.name()));
            }
        }
    }
    arrows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_state_and_command_is_decided() {
        let fils = Money::fils;
        let (issued, part, paid) = (State::Issued, State::PartiallyPaid { paid: fils(5) }, State::Paid);
        let (none, less, same, more, whole) = (
            Command::Unpaid,
            Command::Part { paid: fils(4) },
            Command::Part { paid: fils(5) },
            Command::Part { paid: fils(6) },
            Command::Whole,
        );
        let after = |state, command| step(state, command).ok();
        assert_eq!(after(issued, none), Some((issued, Effect::Unchanged)));
        assert_eq!(after(issued, same), Some((part, Effect::Advanced)));
        assert_eq!(after(issued, whole), Some((paid, Effect::Advanced)));
        assert_eq!(after(part, none), None);
        assert_eq!(after(part, less), None);
        assert_eq!(after(part, same), Some((part, Effect::Unchanged)));
        assert_eq!(after(part, more), Some((State::PartiallyPaid { paid: fils(6) }, Effect::Advanced)));
        assert_eq!(after(part, whole), Some((paid, Effect::Advanced)));
        assert_eq!(after(paid, none), None);
        assert_eq!(after(paid, more), None);
        assert_eq!(after(paid, whole), Some((paid, Effect::Unchanged)));

        let (cancelled, written_off) = (State::Cancelled, State::WrittenOff { paid: fils(5) });
        let (cancel, give_up) = (Command::Cancelled, Command::WrittenOff { paid: fils(5) });
        assert_eq!(after(issued, cancel), Some((cancelled, Effect::Advanced)));
        assert_eq!(after(part, cancel), None);
        assert_eq!(after(paid, cancel), None);
        for owing in [issued, part] {
            assert_eq!(after(owing, give_up), Some((written_off, Effect::Advanced)));
        }
        assert_eq!(after(paid, give_up), None);
        assert_eq!(after(cancelled, cancel), Some((cancelled, Effect::Unchanged)));
        assert_eq!(after(written_off, give_up), Some((written_off, Effect::Unchanged)));
        let (expired, expire) = (State::Expired, Command::Expired);
        assert_eq!(after(issued, expire), Some((expired, Effect::Advanced)));
        assert_eq!(after(part, expire), None, "what is paid in part does not end");
        assert_eq!(after(paid, expire), None);
        assert_eq!(after(expired, expire), Some((expired, Effect::Unchanged)));
        for command in [none, more, whole, give_up, expire] {
            assert_eq!(after(cancelled, command), None, "{command:?}");
        }
        for command in [none, more, whole, cancel, expire] {
            assert_eq!(after(written_off, command), None, "{command:?}");
        }
        for command in [none, more, whole, cancel, give_up] {
            assert_eq!(after(expired, command), None, "{command:?}");
        }
    }

    #[test]
    fn what_is_paid_decides_what_is_heard() {
        let heard = |paid| Command::from_paid(Money::fils(paid), Money::fils(10));
        assert_eq!(heard(0), Command::Unpaid);
        assert_eq!(heard(9), Command::Part { paid: Money::fils(9) });
        assert_eq!(heard(10), Command::Whole);
        assert_eq!(heard(12), Command::Whole);
    }
}
