//! One charge of the provider's book: pure.

use time::{Duration, OffsetDateTime};

use super::fault::{Fault, WRONG_BY_FILS};

/// A payer has this long to approve.
pub const PAYABLE_FOR: Duration = Duration::minutes(15);

/// One charge of the provider's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The merchant's reference: one charge each, for ever.
    pub reference: String,
    /// The provider's own reference.
    pub payment_id: String,
    pub bill_reference: String,
    /// What the merchant asked.
    pub asked_fils: i64,
    /// What is taken, or would be.
    pub amount_fils: i64,
    /// What went back of it.
    pub refunded_fils: i64,
    pub state: State,
    pub fault: Option<Fault>,
    pub delay_ms: i64,
    pub callback_url: String,
    /// Where the payer's browser goes afterwards; may be empty.
    pub return_url: String,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// Where a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The payer has not decided.
    Created,
    /// The money moved then.
    Paid {
        applied_at: OffsetDateTime,
    },
    Declined,
    Expired,
    /// The merchant gave the reference up: nothing can come of it any more.
    Reversed,
}

impl State {
    /// As the book spells it.
    pub fn name(self) -> &'static str {
        match self {
            State::Created => "created",
            State::Paid { .. } => "paid",
            State::Declined => "declined",
            State::Expired => "expired",
            State::Reversed => "reversed",
        }
    }

    /// When the money moved.
    pub fn applied_at(self) -> Option<OffsetDateTime> {
        match self {
            State::Paid { applied_at } => Some(applied_at),
            State::Created | State::Declined | State::Expired | State::Reversed => None,
        }
    }
}

/// What happens to a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The payer says yes.
    Approve,
    /// The payer says no.
    Decline,
    /// The merchant gives the reference up.
    Reverse,
    /// Somebody looks: time may have passed.
    Look,
}

/// Somebody asked for what the charge no longer allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the charge is {}, which is final", .0.name())]
pub struct Final(pub State);

impl Charge {
    /// The charge after `command`; the same when nothing changed.
    ///
    /// # Errors
    /// [`Final`] when it has ended in another way.
    pub fn step(&self, command: Command, now: OffsetDateTime) -> Result<Charge, Final> {
        let state = match (self.state, command) {
            (State::Created, Command::Approve | Command::Decline | Command::Look)
                if now >= self.expires_at =>
            {
                State::Expired
            }
            (State::Created, Command::Approve) => return Ok(self.paid(now)),
            (State::Created, Command::Decline) => State::Declined,
            (State::Created | State::Declined | State::Expired, Command::Reverse) => State::Reversed,
            (State::Paid { .. }, Command::Approve | Command::Look)
            | (State::Declined, Command::Decline | Command::Look)
            | (State::Created | State::Expired, Command::Look)
            | (State::Reversed, Command::Reverse | Command::Look) => return Ok(self.clone()),
            (end @ State::Paid { .. }, Command::Decline | Command::Reverse)
            | (end @ State::Declined, Command::Approve)
            | (end @ (State::Expired | State::Reversed), Command::Approve | Command::Decline) => {
                return Err(Final(end));
            }
        };
        Ok(Charge { state, ..self.clone() })
    }

    fn paid(&self, now: OffsetDateTime) -> Charge {
        let wrong = self.fault == Some(Fault::ChargeWrongAmount);
        let amount_fils = self.asked_fils.saturating_add(if wrong { WRONG_BY_FILS } else { 0 });
        Charge { state: State::Paid { applied_at: now }, amount_fils, ..self.clone() }
    }

    /// What can still go back of it.
    pub fn refundable_fils(&self) -> i64 {
        match self.state {
            State::Paid { .. } => self.amount_fils.saturating_sub(self.refunded_fils),
            State::Created | State::Declined | State::Expired | State::Reversed => 0,
        }
    }

    /// What the callback claims.
    pub fn told_fils(&self) -> i64 {
        let wrong = self.fault == Some(Fault::CallbackWrongAmount);
        self.amount_fils.saturating_add(if wrong { WRONG_BY_FILS } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-15 06:00:00 UTC);

    fn charge(fault: Option<Fault>) -> Charge {
        Charge {
            reference: "PI-1".into(),
            payment_id: "BP1".into(),
            bill_reference: "TRF-1".into(),
            asked_fils: 5_250,
            amount_fils: 5_250,
            refunded_fils: 0,
            state: State::Created,
            fault,
            delay_ms: 0,
            callback_url: String::new(),
            return_url: String::new(),
            created_at: NOW,
            expires_at: NOW + PAYABLE_FOR,
        }
    }

    #[test]
    fn a_charge_ends_once_and_a_repeat_changes_nothing() {
        let paid = charge(None).step(Command::Approve, NOW).unwrap();
        assert_eq!((paid.state, paid.amount_fils), (State::Paid { applied_at: NOW }, 5_250));
        let later = NOW + PAYABLE_FOR * 2;
        assert_eq!(paid.step(Command::Approve, later).unwrap(), paid);
        assert_eq!(paid.step(Command::Look, later).unwrap(), paid);
        assert_eq!(paid.step(Command::Decline, NOW), Err(Final(paid.state)));

        let declined = charge(None).step(Command::Decline, NOW).unwrap();
        assert_eq!(declined.step(Command::Approve, NOW), Err(Final(State::Declined)));
        assert_eq!(declined.step(Command::Decline, NOW).unwrap(), declined);
    }

    #[test]
    fn a_charge_nobody_approved_in_time_expires() {
        let late = NOW + PAYABLE_FOR;
        for command in [Command::Approve, Command::Decline, Command::Look] {
            let expired = charge(None).step(command, late).unwrap();
            assert_eq!(expired.state, State::Expired);
            assert_eq!(expired.step(Command::Approve, late), Err(Final(State::Expired)));
        }
    }

    #[test]
    fn what_is_reversed_is_never_paid_and_what_is_paid_is_never_reversed() {
        let late = NOW + PAYABLE_FOR;
        let declined = charge(None).step(Command::Decline, NOW).unwrap();
        for (unpaid, now) in [(charge(None), NOW), (charge(None), late), (declined, NOW)] {
            let reversed = unpaid.step(Command::Reverse, now).unwrap();
            assert_eq!((reversed.state, reversed.refundable_fils()), (State::Reversed, 0));
            assert_eq!(reversed.step(Command::Approve, NOW), Err(Final(State::Reversed)));
            assert_eq!(reversed.step(Command::Decline, NOW), Err(Final(State::Reversed)));
            assert_eq!(reversed.step(Command::Reverse, late).unwrap(), reversed);
            assert_eq!(reversed.step(Command::Look, late).unwrap(), reversed);
        }
        let paid = charge(None).step(Command::Approve, NOW).unwrap();
        assert_eq!(paid.step(Command::Reverse, NOW), Err(Final(paid.state)));
    }

    #[test]
    fn each_wrong_amount_is_wrong_where_its_name_says() {
        let taken = charge(Some(Fault::ChargeWrongAmount)).step(Command::Approve, NOW).unwrap();
        assert_eq!((taken.amount_fils, taken.told_fils()), (6_250, 6_250));
        let told = charge(Some(Fault::CallbackWrongAmount)).step(Command::Approve, NOW).unwrap();
        assert_eq!((told.amount_fils, told.told_fils()), (5_250, 6_250));
    }
}
