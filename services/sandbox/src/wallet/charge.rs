//! One charge of the provider's book: pure.

use time::{Duration, OffsetDateTime};

use super::fault::{Armed, Fault, WRONG_BY_FILS};

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
    /// What is taken or held, or would be.
    pub amount_fils: i64,
    /// What went back of it.
    pub refunded_fils: i64,
    pub state: State,
    /// What the payer approves is held this long; none: it is taken at once.
    pub hold: Option<Duration>,
    pub fault: Option<Fault>,
    pub delay_ms: i64,
    /// What its capture was told to do wrong.
    pub capture_fault: Option<Armed>,
    pub callback_url: String,
    /// Where the payer's browser goes afterwards; may be empty.
    pub return_url: String,
    pub created_at: OffsetDateTime,
    /// The payer approves before that, and then the merchant captures before that.
    pub expires_at: OffsetDateTime,
}

/// Where a charge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The payer has not decided.
    Created,
    /// The payer's money is held for the merchant; none has moved.
    Authorised,
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
            State::Authorised => "authorised",
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
            State::Created | State::Authorised | State::Declined | State::Expired | State::Reversed => None,
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
    /// The merchant takes money that is held, and what is over is let go. `fault`: what was armed for it.
    Capture { fils: i64, fault: Option<Armed> },
    /// The merchant gives the reference up.
    Reverse,
    /// Somebody looks: time may have passed.
    Look,
}

/// Somebody asked for what the charge does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has gone another way.
    #[error("the charge is {}, which this does not change", .0.name())]
    Gone(State),
    /// More is to be taken than is held.
    #[error("the charge holds no more than {held_fils} fils")]
    ExceedsHeld { held_fils: i64 },
}

impl Charge {
    /// The charge after `command`; the same when nothing changed.
    ///
    /// # Errors
    /// [`Refused`]: nothing has changed.
    pub fn step(&self, command: Command, now: OffsetDateTime) -> Result<Charge, Refused> {
        use {Command as C, State as S};
        let state = match (self.state, command) {
            (S::Created | S::Authorised, C::Approve | C::Decline | C::Capture { .. } | C::Look)
                if now >= self.expires_at =>
            {
                S::Expired
            }
            (S::Created, C::Approve) => return Ok(self.approved(now)),
            (S::Authorised, C::Capture { fils, fault }) => return self.captured(fils, fault, now),
            (S::Created, C::Decline) => S::Declined,
            (S::Created | S::Authorised | S::Declined | S::Expired, C::Reverse) => S::Reversed,
            (S::Paid { .. }, C::Approve | C::Capture { .. } | C::Look)
            | (S::Declined, C::Decline | C::Look)
            | (S::Created, C::Capture { .. } | C::Look)
            | (S::Authorised, C::Approve | C::Look)
            | (S::Expired, C::Look)
            | (S::Reversed, C::Reverse | C::Look) => return Ok(self.clone()),
            (gone @ S::Paid { .. }, C::Decline | C::Reverse)
            | (gone @ S::Authorised, C::Decline)
            | (gone @ S::Declined, C::Approve | C::Capture { .. })
            | (gone @ (S::Expired | S::Reversed), C::Approve | C::Decline | C::Capture { .. }) => {
                return Err(Refused::Gone(gone));
            }
        };
        Ok(Charge { state, ..self.clone() })
    }

    /// The money is taken, or held.
    fn approved(&self, now: OffsetDateTime) -> Charge {
        let wrong = self.fault == Some(Fault::ChargeWrongAmount);
        let amount_fils = self.asked_fils.saturating_add(if wrong { WRONG_BY_FILS } else { 0 });
        let (state, expires_at) = match self.hold {
            None => (State::Paid { applied_at: now }, self.expires_at),
            Some(hold) => (State::Authorised, now.saturating_add(hold)),
        };
        Charge { amount_fils, state, expires_at, ..self.clone() }
    }

    /// Takes of the held money. A wrong amount is a smaller one, so that it never is more than was held.
    fn captured(
        &self,
        fils: i64,
        capture_fault: Option<Armed>,
        now: OffsetDateTime,
    ) -> Result<Charge, Refused> {
        let held_fils = self.held_fils();
        if fils > held_fils {
            return Err(Refused::ExceedsHeld { held_fils });
        }
        let wrong = capture_fault.is_some_and(|armed| armed.fault == Fault::ChargeWrongAmount);
        let amount_fils = if wrong { fils.saturating_sub(WRONG_BY_FILS).max(1) } else { fils };
        Ok(Charge { state: State::Paid { applied_at: now }, amount_fils, capture_fault, ..self.clone() })
    }

    /// What is held of the payer's money.
    pub fn held_fils(&self) -> i64 {
        match self.state {
            State::Authorised => self.amount_fils,
            State::Created | State::Paid { .. } | State::Declined | State::Expired | State::Reversed => 0,
        }
    }

    /// What was taken of the payer's money.
    pub fn taken_fils(&self) -> i64 {
        match self.state {
            State::Paid { .. } => self.amount_fils,
            State::Created | State::Authorised | State::Declined | State::Expired | State::Reversed => 0,
        }
    }

    /// What can still go back of it.
    pub fn refundable_fils(&self) -> i64 {
        self.taken_fils().saturating_sub(self.refunded_fils)
    }

    /// What the operation that brought the charge here was told to do wrong: its capture, else its order.
    pub fn telling(&self) -> Option<Armed> {
        match (self.state, self.hold) {
            (State::Paid { .. }, Some(_held)) => self.capture_fault,
            (State::Paid { .. }, None)
            | (
                State::Created | State::Authorised | State::Declined | State::Expired | State::Reversed,
                Some(_) | None,
            ) => self.fault.map(|fault| Armed { fault, delay_ms: self.delay_ms }),
        }
    }

    /// What the callback claims.
    pub fn told_fils(&self) -> i64 {
        let wrong = self.telling().is_some_and(|armed| armed.fault == Fault::CallbackWrongAmount);
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
            hold: None,
            fault,
            delay_ms: 0,
            capture_fault: None,
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
        assert_eq!(paid.step(Command::Decline, NOW), Err(Refused::Gone(paid.state)));

        let declined = charge(None).step(Command::Decline, NOW).unwrap();
        assert_eq!(declined.step(Command::Approve, NOW), Err(Refused::Gone(State::Declined)));
        assert_eq!(declined.step(Command::Decline, NOW).unwrap(), declined);
    }

    #[test]
    fn a_charge_nobody_approved_in_time_expires() {
        let late = NOW + PAYABLE_FOR;
        for command in [Command::Approve, Command::Decline, Command::Look] {
            let expired = charge(None).step(command, late).unwrap();
            assert_eq!(expired.state, State::Expired);
            assert_eq!(expired.step(Command::Approve, late), Err(Refused::Gone(State::Expired)));
        }
    }

    #[test]
    fn what_is_reversed_is_never_paid_and_what_is_paid_is_never_reversed() {
        let late = NOW + PAYABLE_FOR;
        let declined = charge(None).step(Command::Decline, NOW).unwrap();
        for (unpaid, now) in [(charge(None), NOW), (charge(None), late), (declined, NOW)] {
            let reversed = unpaid.step(Command::Reverse, now).unwrap();
            assert_eq!((reversed.state, reversed.refundable_fils()), (State::Reversed, 0));
            assert_eq!(reversed.step(Command::Approve, NOW), Err(Refused::Gone(State::Reversed)));
            assert_eq!(reversed.step(Command::Decline, NOW), Err(Refused::Gone(State::Reversed)));
            assert_eq!(reversed.step(Command::Reverse, late).unwrap(), reversed);
            assert_eq!(reversed.step(Command::Look, late).unwrap(), reversed);
        }
        let paid = charge(None).step(Command::Approve, NOW).unwrap();
        assert_eq!(paid.step(Command::Reverse, NOW), Err(Refused::Gone(paid.state)));
    }

    const HOLD: Duration = Duration::days(7);

    fn held(fault: Option<Fault>) -> Charge {
        let order = Charge { hold: Some(HOLD), ..charge(fault) };
        order.step(Command::Approve, NOW).unwrap()
    }

    fn take(fils: i64) -> Command {
        Command::Capture { fils, fault: None }
    }

    #[test]
    fn what_is_held_is_taken_once_and_never_more_than_that() {
        let held = held(None);
        assert_eq!((held.state, held.held_fils(), held.taken_fils()), (State::Authorised, 5_250, 0));
        assert_eq!((held.state.applied_at(), held.refundable_fils()), (None, 0));
        for same in [Command::Approve, Command::Look] {
            assert_eq!(held.step(same, NOW).unwrap(), held);
        }
        assert_eq!(held.step(Command::Decline, NOW), Err(Refused::Gone(State::Authorised)));
        assert_eq!(held.step(take(5_251), NOW), Err(Refused::ExceedsHeld { held_fils: 5_250 }));

        let taken = held.step(take(2_000), NOW).unwrap();
        assert_eq!(taken.state, State::Paid { applied_at: NOW });
        assert_eq!((taken.held_fils(), taken.taken_fils(), taken.refundable_fils()), (0, 2_000, 2_000));
        for fils in [1, 2_000, 9_000] {
            assert_eq!(taken.step(take(fils), NOW + HOLD).unwrap(), taken);
        }
        assert_eq!(taken.step(Command::Reverse, NOW), Err(Refused::Gone(taken.state)));
    }

    #[test]
    fn what_is_not_held_cannot_be_taken() {
        let order = Charge { hold: Some(HOLD), ..charge(None) };
        assert_eq!(order.step(take(1), NOW).unwrap(), order, "not yet approved");
        assert_eq!(order.step(take(1), NOW + PAYABLE_FOR).unwrap().state, State::Expired);
        let declined = order.step(Command::Decline, NOW).unwrap();
        let reversed = held(None).step(Command::Reverse, NOW).unwrap();
        for command in [Command::Look, Command::Approve, Command::Decline, take(1)] {
            assert_eq!(held(None).step(command, NOW + HOLD).unwrap().state, State::Expired);
        }
        let expired = held(None).step(Command::Look, NOW + HOLD).unwrap();
        for gone in [declined, reversed, expired] {
            assert_eq!((gone.held_fils(), gone.taken_fils()), (0, 0));
            assert_eq!(gone.step(take(1), NOW), Err(Refused::Gone(gone.state)));
        }
    }

    #[test]
    fn a_fault_of_the_order_is_not_one_of_the_capture() {
        let wrong = held(Some(Fault::ChargeWrongAmount));
        assert_eq!((wrong.held_fils(), wrong.told_fils()), (6_250, 6_250));
        assert_eq!(wrong.step(take(6_250), NOW).unwrap().taken_fils(), 6_250);
        let told = held(Some(Fault::CallbackWrongAmount));
        assert_eq!((told.held_fils(), told.told_fils()), (5_250, 6_250));
        assert_eq!(told.step(take(5_250), NOW).unwrap().told_fils(), 5_250);

        let take = |fils, fault| Command::Capture { fils, fault: Some(Armed { fault, delay_ms: 0 }) };
        let less = held(None).step(take(5_250, Fault::ChargeWrongAmount), NOW).unwrap();
        assert_eq!((less.taken_fils(), less.told_fils()), (4_250, 4_250));
        let least = held(None).step(take(900, Fault::ChargeWrongAmount), NOW).unwrap();
        assert_eq!(least.taken_fils(), 1);
        let told = held(None).step(take(2_000, Fault::CallbackWrongAmount), NOW).unwrap();
        assert_eq!((told.taken_fils(), told.told_fils()), (2_000, 3_000));
    }

    #[test]
    fn each_wrong_amount_is_wrong_where_its_name_says() {
        let taken = charge(Some(Fault::ChargeWrongAmount)).step(Command::Approve, NOW).unwrap();
        assert_eq!((taken.amount_fils, taken.told_fils()), (6_250, 6_250));
        let told = charge(Some(Fault::CallbackWrongAmount)).step(Command::Approve, NOW).unwrap();
        assert_eq!((told.amount_fils, told.told_fils()), (5_250, 6_250));
    }
}
